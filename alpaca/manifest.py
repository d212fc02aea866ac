"""What a stage did, kept beside its files: the proof that it is finished, and what a report is made of."""

from __future__ import annotations

import fcntl
import importlib.metadata
import os
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from alpaca import __version__
from alpaca.errors import UserError
from alpaca.files import files_in, read_json, remove, sha256, write_json
from alpaca.log import logger
from alpaca.processes import SECONDS_BETWEEN_LOOKS

PACKAGES = ("torch", "lightning", "transformers", "hydra-core", "deepspeed", "peft", "sentencepiece", "rapidfuzz")
Hashes = dict[str, str | None]  # by path; None for what is not there
Moves = list[tuple[Path, Path]]  # from where to where

LLM_PLACES = ("llm", "candidate", "reference", "judge.llm", "scores.llm")
LLM_SPEED = (
    "base_url",
    "key_name",
    "stream",
    "concurrency",
    "ahead",
    "requests_per_minute",
    "tokens_per_minute",
    "timeout",
    "attempts",
    "requests_per_batch",
    "seconds_between_looks",
)
SPEED_ONLY = (  # what changes how a stage computes, and not what
    "budget_usd",
    "strategy",
    "trainer.accelerator",
    "trainer.devices",
    "trainer.num_nodes",
    "trainer.threads",
    "callbacks",
    "logger",
    "datamodule.tokens_per_micro_batch",
    "datamodule.examples_per_micro_batch",
    "module.loss",
    "judge.host",
    "judge.port",
    "judge.grace",
    *(f"{place}.{key}" for place in LLM_PLACES for key in LLM_SPEED),
)


@dataclass(frozen=True)
class Outcome:
    """What a stage gives back: its headline numbers under stable names, and the files (or folders) it made."""

    results: dict[str, Any]
    outputs: Sequence[Path] = field(default_factory=tuple)


def stage_folder(root: Path | str, name: str, stage: str) -> Path:
    """Return `root/name/<stage>`; raises UserError where that is not inside `root`."""
    for key, part in (("name", name), ("root", root)):
        if part is None or not str(part):
            raise UserError(f"`{key}` must be a text, not {part!r}")
    relative = Path(str(name))
    if relative.is_absolute() or ".." in relative.parts:
        raise UserError(f"name={name} must be a path inside root={root}")
    return Path(str(root)) / relative / stage


def finished(folder: Path, config: Mapping[str, Any], stage: str = "") -> dict[str, Any] | None:
    """Return the manifest in `folder` if it is of this configuration and these inputs, and its outputs are there (by size)."""
    try:
        manifest: dict[str, Any] = read_json(folder / "manifest.json")
        fits = (
            same_result(stage or folder.name, manifest["config"], config)
            and _hashes([Path(file) for file in manifest["inputs"]]) == manifest["inputs"]
            and all(
                (folder / file).is_file() and (folder / file).stat().st_size == known["bytes"]
                for file, known in manifest["outputs"].items()
            )
        )
    except (OSError, ValueError, KeyError):  # there is none, or not a whole one
        return None
    return manifest if fits else None


def same_result(stage: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two configurations of a stage differ in nothing but speed, which is what a plan tells."""
    speed = () if stage == "plan" else SPEED_ONLY
    return _without(one, speed) == _without(other, speed)


def _without(config: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """Leave out keys, given with dots."""
    inner = {key: [k.partition(".")[2] for k in keys if k.startswith(f"{key}.")] for key in config}
    return {
        key: _without(value, inner[key]) if isinstance(value, Mapping) else value
        for key, value in config.items()
        if key not in keys
    }


@contextmanager
def begin(folder: Path, config: Mapping[str, Any], inputs: Sequence[Path]) -> Iterator[Hashes]:
    """Hold `folder` for this process, and see that what lies in it is of this configuration; yield the inputs' hashes.

    What another configuration left there is moved to `<stage>.previous` where it is finished and to `<stage>.stopped` where
    it has checkpoints, so that nothing of it is continued by mistake and nothing is lost by a slip: the command that made it
    takes it back. If the stage refuses its input, all is put back. Raises UserError where an input cannot be read, another
    process works in the folder, or it cannot be made.
    """
    hashes = _readable_hashes(inputs)
    new_parents = [parent for parent in (folder.parent, *folder.parent.parents) if not parent.exists()]
    with _held(folder) as lock_path:
        moved = _make_way(folder, {"config": config, "inputs": hashes})
        try:
            yield hashes
        except UserError:
            if moved is not None and not (folder / "checkpoints").is_dir():
                _put_back(folder, moved)
                lock_path.unlink()
                for parent in new_parents:
                    _remove_if_empty(parent)
                moved = None
            raise
        finally:
            _tell(folder, moved or [])


@contextmanager
def _held(folder: Path) -> Iterator[Path]:
    """Hold a stage's folder for this process; yield the file that tells others."""
    lock_path = folder.parent / f".{folder.name}.lock"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = lock_path.open("w")
    except OSError as problem:
        raise UserError(f"cannot write in {folder.parent}: {problem.strerror}") from problem
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            raise UserError(
                f"another process is at work in {folder}; wait for it, or give this run a name="
            ) from problem
        aside = _aside(folder)
        if aside.exists():  # a process was killed while two changed places
            aside.rename((_kept(aside, folder) or _older(folder)) if folder.exists() else folder)
        yield lock_path


def await_begin(folder: Path, config: Mapping[str, Any], inputs: Sequence[Path]) -> None:
    """Wait until the first of several processes has begun with this configuration and these files."""
    files = _readable_hashes([path for path in inputs if path.is_file()])
    while True:
        try:
            started = read_json(folder / "started.json")
            if same_result(folder.name, started["config"], config) and files.items() <= started["inputs"].items():
                return
        except (OSError, ValueError, KeyError):
            pass  # there is none yet, or of another time
        time.sleep(SECONDS_BETWEEN_LOOKS)


def taken_back(folder: Path, config: Mapping[str, Any], moves: bool) -> dict[str, Any] | None:
    """Return the manifest of what is finished of this configuration but was moved to `<stage>.previous`.

    The one of several processes that `moves` puts it back in its place.
    """
    previous = _previous(folder)
    found = finished(previous, config, folder.name)
    if found is not None and moves and finished(folder, config) is None:
        with _held(folder):
            _tell(folder, _move(folder, previous))
    return found


def _make_way(folder: Path, started: dict[str, Any]) -> Moves | None:
    """Make `folder` ready for what is started; return what was moved, or None where it goes on with what was begun."""
    if _continues(folder, folder.name, started):
        return None
    stopped = _stopped(folder)
    if _continues(stopped, folder.name, started):
        _tell(folder, _move(folder, stopped))
        return None
    moved = _move(folder, None)
    write_json(folder / "started.json", started)
    return moved


def _put_back(folder: Path, moved: Moves) -> None:
    remove(folder)
    for here, there in reversed(moved):
        there.rename(here)


def _tell(folder: Path, moved: Moves) -> None:
    """Say where lies now what another configuration had made, and what came back."""
    for here, there in moved:
        if there == folder:
            logger.info("%s: what is of this configuration is back from %s", folder.name, here)
        elif not there.name.startswith("."):
            logger.info("%s: what another configuration had made is in %s", folder.name, there)


def _move(folder: Path, back: Path | None) -> Moves:
    """Move what lies in a stage's folder out of the way, and `back` into it; return what was renamed, in order.

    What is finished goes to `<stage>.previous`, a training with checkpoints to `<stage>.stopped`; each takes the place of the
    one before, which is removed once the stage is done. Of anything else nothing is kept.
    """
    aside, older, kept = _aside(folder), _older(folder), _kept(folder, folder)
    if kept is None:
        moved = _rename([(folder, older)])
    elif kept == back:
        moved = _rename([(folder, aside)])
    else:
        moved = _rename([(kept, older), (folder, kept)])
    return moved + (_rename([(back, folder), (aside, back)]) if back is not None else [])


def _rename(moves: Moves) -> Moves:
    return [(here, there) for here, there in moves if here.exists() and here.rename(there)]


def _older(folder: Path) -> Path:
    """Remove what was left from before the previous time, as far as that can be; return a free name for it."""
    names = (folder.with_name(f".{folder.name}.older{number or ''}") for number in count())
    return next(name for name in names if _is_gone(name))


def _is_gone(path: Path) -> bool:
    """Remove a file or folder if that can be; it is in nobody's way."""
    with suppress(OSError):
        remove(path)
    return not os.path.lexists(path)


def _continues(folder: Path, stage: str, now: dict[str, Any]) -> bool:
    marker = folder / "started.json"
    if not marker.is_file():
        return False
    before = read_json(marker)
    return same_result(stage, before["config"], now["config"]) and bool(before["inputs"] == now["inputs"])


def _previous(folder: Path) -> Path:
    """Return where what a stage had finished before lies."""
    return folder.with_name(f"{folder.name}.previous")


def _stopped(folder: Path) -> Path:
    """Return where a training lies that was stopped before another configuration came."""
    return folder.with_name(f"{folder.name}.stopped")


def _aside(folder: Path) -> Path:
    """Return where one of two lies while they change places."""
    return folder.with_name(f".{folder.name}.aside")


def _kept(made: Path, folder: Path) -> Path | None:
    """Return where that what was made in a stage's folder is kept, None where it is not worth it."""
    if (made / "manifest.json").is_file():
        return _previous(folder)
    return _stopped(folder) if any((made / "checkpoints").glob("step-*")) else None


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return


def end(folder: Path, config: Mapping[str, Any], hashes: Hashes, outcome: Outcome, seconds: float) -> None:
    """Write `manifest.json` with the hashes of the inputs as they were read; from here on the stage is finished."""
    _older(folder)
    outputs = [file for made in outcome.outputs for file in files_in(made)]
    write_json(
        folder / "manifest.json",
        {
            "stage": folder.name,
            "config": config,
            "inputs": hashes,
            "outputs": {
                file.relative_to(folder).as_posix(): {"sha256": sha256(file), "bytes": file.stat().st_size}
                for file in outputs
            },
            "versions": versions(),
            "finished_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "seconds": round(seconds, 3),
            "results": outcome.results,
        },
    )


def note_usd(folder: Path, usd: float) -> None:
    """Write down what was paid so far, so that a ledger that is gone can be told from one that never was."""
    marker = folder / "started.json"
    if usd and marker.is_file():
        write_json(marker, read_json(marker) | {"usd": usd})


def noted_usd(folder: Path) -> tuple[float, Path]:
    """Return the most dollars that this stage, now or before, has written down as paid, and the file."""
    places = (folder, _previous(folder), _stopped(folder), folder.with_name(f".{folder.name}.older"))
    file = max((place / name for place in places for name in ("manifest.json", "started.json")), key=_usd)
    return _usd(file), file


def _usd(file: Path) -> float:
    try:
        told = read_json(file)
        return float(told.get("results", told).get("usd", 0.0))
    except (OSError, ValueError):  # there is none, or not a whole one
        return 0.0


def versions() -> dict[str, str]:
    """Return the versions of what can change a result, for those that are installed."""
    found = {"alpaca": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _hashes(paths: Sequence[Path]) -> Hashes:
    return {str(path): sha256(path) if path.exists() else None for path in paths}


def _readable_hashes(paths: Sequence[Path]) -> Hashes:
    try:
        return _hashes(paths)
    except OSError as problem:
        raise UserError(
            f"cannot read {problem.filename or ', '.join(map(str, paths))}: {problem.strerror}"
        ) from problem
