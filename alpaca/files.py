"""Files that are whole or absent, and their hashes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

ENCODER: Final = json.JSONEncoder(ensure_ascii=False)


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Call `write` on a temporary name beside `path`, then give the file or folder its name in one step.

    A file that was there before is replaced at once; a folder is removed first, so after a kill in between there is none,
    and the stage, which has no manifest yet, writes it again. Lone surrogates in a text are written as escapes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = partial(path)
    remove(temporary)
    write(temporary)
    complete(path)


def partial(path: Path) -> Path:
    """Return the name that `path` has while it is being written."""
    return path.with_name(f".{path.name}.partial")


def complete(path: Path) -> None:
    """Give what has been written under the partial name its own, once it is on the disk."""
    for file in files_in(partial(path)):
        with file.open("rb") as handle:
            os.fsync(handle.fileno())
    if path.is_dir():
        shutil.rmtree(path)
    partial(path).replace(path)


def write_text(path: Path, text: str) -> None:
    write_whole(path, lambda temporary: _write_bytes(temporary, text.encode("utf-8", "backslashreplace")))


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as they come, without holding them."""
    with writing(path) as handle:
        for row in rows:
            handle.write(line_of(row))


def line_of(row: Mapping[str, Any]) -> bytes:
    """Return a row as a line of JSONL."""
    return (ENCODER.encode(row) + "\n").encode("utf-8", "backslashreplace")


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that has its final name only once the block ends without an error; after one there is nothing of it.

    What was written can be read back from the handle.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with partial(path).open("w+b") as handle:
            yield handle
    except BaseException:
        partial(path).unlink(missing_ok=True)
        raise
    complete(path)


@contextmanager
def writing_jsonl(path: Path) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Yield a function that writes one more row; otherwise as `writing`."""
    with writing(path) as handle:

        def write(row: Mapping[str, Any]) -> None:
            handle.write(line_of(row))

        yield write


def read_json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def files_in(path: Path) -> list[Path]:
    """List the files at or below `path`, sorted."""
    return [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())


def sha256(path: Path) -> str:
    """Hash a file's bytes, or a folder's relative names and bytes."""
    if path.is_file():
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    lines = (f"{file.relative_to(path).as_posix()} {sha256(file)}\n" for file in files_in(path))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)
