"""The seed tasks that generation starts from: the project's own 175, Self-Instruct's, or those of a file."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Protocol

from alpaca.doors.address import here
from alpaca.errors import UserError
from alpaca.files import sha256
from alpaca.log import logger
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
        return read(self.path or here(ADDRESS, SHA256, "give seeds.path=seed_tasks.jsonl, or seeds=bundled"))[0]


@dataclass(frozen=True)
class File:
    """The tasks of a file of one's own, those with an answer, each once; raises UserError where there are none."""

    path: InputPath

    def read(self) -> list[Example]:
        examples, bad = read(self.path)
        tasks = list({(task.instruction, task.input): task for task in examples if task.output.strip()}.values())
        left = len(examples) + len(bad) - len(tasks)
        if not tasks:
            raise UserError(f"seeds.path: no task of {self.path} has an output")
        if left:
            first = f"; the first bad row ({bad[0].where}): {bad[0].reason}" if bad else ""
            logger.warning("seeds: %d of %s left out: bad, repeated or without an output%s", left, self.path, first)
        return tasks
