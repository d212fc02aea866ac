"""What a stage did, kept beside its files: the proof that it is finished, and what a report is made of."""

from __future__ import annotations

import fcntl
import importlib.metadata
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alpaca import __version__
from alpaca.errors import UserError
from alpaca.files import files_in, read_json, remove, sha256, write_json

PACKAGES = ("torch", "lightning", "transformers", "hydra-core", "sentencepiece", "rapidfuzz")


@dataclass(frozen=True)
class Outcome:
    """What a stage gives back: its headline numbers under stable names, and the files (or folders) it made."""

    results: dict[str, Any]
    outputs: Sequence[Path] = field(default_factory=tuple)


def stage_folder(root: Path | str, name: str, stage: str) -> Path:
    """Return `root/name/<stage>`; raises UserError where that is not inside `root`."""
    if not all(isinstance(part, str | Path) and str(part) for part in (root, name)):
        raise UserError(f"name={name} and root={root} must be texts")
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise UserError(f"name={name} must be a path inside root={root}")
    return Path(root) / name / stage


def finished(folder: Path, config: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the manifest in `folder` if it is of this configuration, these inputs, and its outputs are there."""
    path = folder / "manifest.json"
    if not path.is_file():
        return None
    manifest: dict[str, Any] = read_json(path)
    inputs = all(Path(file).exists() and sha256(Path(file)) == digest for file, digest in manifest["inputs"].items())
    outputs = all(
        (folder / file).is_file() and (folder / file).stat().st_size == known["bytes"]
        for file, known in manifest["outputs"].items()
    )
    return manifest if manifest["config"] == config and inputs and outputs else None


@contextmanager
def begin(folder: Path, config: Mapping[str, Any], inputs: Sequence[Path]) -> Iterator[None]:
    """Hold `folder` for this process, and see that what lies in it is of this configuration and these inputs.

    What another configuration left there is moved to `<stage>.previous`, so that nothing of it is continued by mistake
    and nothing is lost by a slip. Raises UserError where another process works in the folder.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            raise UserError(
                f"another process is at work in {folder}; wait for it, or give this run a name="
            ) from problem
        started = {"config": config, "inputs": _hashes(inputs)}
        previous = folder.with_name(f"{folder.name}.previous")
        other = folder.exists() and _started(folder) != started
        if other:
            remove(previous)
            folder.rename(previous)
        write_json(folder / "started.json", started)
        try:
            yield
        except UserError:
            if [file.name for file in folder.iterdir()] == ["started.json"]:  # refused before it began
                remove(folder)
                if other:
                    previous.rename(folder)
            raise


def end(folder: Path, config: Mapping[str, Any], inputs: Sequence[Path], outcome: Outcome, seconds: float) -> None:
    """Write `manifest.json`; from here on the stage is finished."""
    outputs = [file for made in outcome.outputs for file in files_in(made)]
    write_json(
        folder / "manifest.json",
        {
            "stage": folder.name,
            "config": config,
            "inputs": _hashes(inputs),
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


def versions() -> dict[str, str]:
    """Return the versions of what can change a result, for those that are installed."""
    found = {"alpaca": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _started(folder: Path) -> Any:
    path = folder / "started.json"
    return read_json(path) if path.is_file() else None


def _hashes(paths: Sequence[Path]) -> dict[str, str]:
    return {str(path): sha256(path) for path in paths}
