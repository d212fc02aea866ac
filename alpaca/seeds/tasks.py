"""The seed tasks that generation starts from: the project's own 175, or Self-Instruct's."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Protocol

from alpaca.errors import UserError
from alpaca.files import sha256, write_whole
from alpaca.records import Example, read
from alpaca.schema import InputPath

ADDRESS = "https://raw.githubusercontent.com/yizhongw/self-instruct/main/data/seed_tasks.jsonl"
SHA256 = "7779004fa198fdf27cf70a159363879d8a26c53329e11b436af17b3941875f48"


class Seeds(Protocol):
    """Tasks to start from, or to compare with."""

    def read(self) -> list[Example]: ...


class Bundled:
    """The project's own seed tasks, each with a category."""

    def read(self) -> list[Example]:
        with as_file(files("alpaca.assets").joinpath("seed_tasks.jsonl")) as path:
            return read(path)[0]


@dataclass(frozen=True)
class SelfInstruct:
    """The 175 seed tasks of Self-Instruct (Wang et al. 2022; Apache-2.0), from a file or their public address.

    Raises UserError where the file is not theirs to the byte, or cannot be had.
    """

    path: InputPath | None

    def __post_init__(self) -> None:
        if self.path is not None and sha256(Path(self.path)) != SHA256:
            raise UserError(f"seeds.path: {self.path} is not Self-Instruct's seed_tasks.jsonl (its sha256 differs)")

    def read(self) -> list[Example]:
        return read(Path(self.path) if self.path else fetched())[0]


def fetched() -> Path:
    """Return the file from the user's cache, fetched and checked the first time."""
    path = Path.home() / ".cache" / "alpaca" / "self_instruct_seed_tasks.jsonl"
    if path.is_file() and sha256(path) == SHA256:
        return path
    try:
        with urllib.request.urlopen(ADDRESS, timeout=30) as reply:
            content: bytes = reply.read()
    except (urllib.error.URLError, TimeoutError) as problem:
        raise UserError(
            f"cannot fetch {ADDRESS} ({problem}); give seeds.path=seed_tasks.jsonl, or seeds=bundled"
        ) from None
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise UserError(f"{ADDRESS} is not the file it was (its sha256 differs); give seeds.path=seed_tasks.jsonl")
    write_whole(path, lambda temporary: _store(temporary, content))
    return path


def _store(path: Path, content: bytes) -> None:
    path.write_bytes(content)
