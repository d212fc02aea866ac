"""What a stage did, kept beside its files: the proof that it is finished, and what a report is made of."""

from __future__ import annotations

import importlib.metadata
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alpaca import __version__, folders
from alpaca.errors import UserError
from alpaca.files import files_in, read_json, sha256, write_json
from alpaca.processes import SECONDS_BETWEEN_LOOKS

PACKAGES = ("torch", "lightning", "transformers", "hydra-core", "deepspeed", "peft", "sentencepiece", "rapidfuzz")
Hashes = dict[str, str | None]  # by path; None for what is not there

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
    "callbacks.validation",
    "callbacks.checkpoint",
    "callbacks.progress",
    "logger",
    "datamodule.cache",
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
    with folders.held(folder) as lock_path:
        moved = _make_way(folder, {"config": config, "inputs": hashes})
        try:
            yield hashes
        except UserError:
            if moved is not None and not (folder / "checkpoints").is_dir():
                folders.put_back(folder, moved)
                lock_path.unlink()
                for parent in new_parents:
                    folders.remove_if_empty(parent)
                moved = None
            raise
        finally:
            folders.tell(folder, moved or [])


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
    previous = folders.previous(folder)
    found = finished(previous, config, folder.name)
    if found is not None and moves and finished(folder, config) is None:
        with folders.held(folder):
            folders.tell(folder, folders.move(folder, previous))
    return found


def _make_way(folder: Path, started: dict[str, Any]) -> folders.Moves | None:
    """Make `folder` ready for what is started; return what was moved, or None where it goes on with what was begun."""
    if _continues(folder, folder.name, started):
        return None
    stopped = folders.stopped(folder)
    if _continues(stopped, folder.name, started):
        folders.tell(folder, folders.move(folder, stopped))
        return None
    moved = folders.move(folder, None)
    write_json(folder / "started.json", started)
    return moved


def _continues(folder: Path, stage: str, now: dict[str, Any]) -> bool:
    marker = folder / "started.json"
    if not marker.is_file():
        return False
    before = read_json(marker)
    return same_result(stage, before["config"], now["config"]) and bool(before["inputs"] == now["inputs"])


def end(folder: Path, config: Mapping[str, Any], hashes: Hashes, outcome: Outcome, seconds: float) -> None:
    """Write `manifest.json` with the hashes of the inputs as they were read; from here on the stage is finished."""
    folders.older(folder)
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
    places = (folder, folders.previous(folder), folders.stopped(folder), folder.with_name(f".{folder.name}.older"))
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
