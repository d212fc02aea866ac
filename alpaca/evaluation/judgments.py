"""The one record of a judgment, and tasks as columns of numbers that statistics are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Verdict = Literal["win", "tie", "loss"]
Shown = Literal["candidate", "reference", "unknown"]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PREFERENCES: dict[Verdict, float] = {"win": 1.0, "tie": 0.5, "loss": 0.0}


@dataclass(frozen=True)
class Judgment:
    """One judgment of the two answers to one task.

    `preference` is for the candidate, from 0 (the reference is better) to 1; one half is a tie, and None a judgment that is
    missing, with the reason in `missing`. `first` is whose answer was shown first. Lengths are in characters. Judgments of the
    same task by the same judge in the same order differ in `repeat`. A tie may be of two answers that are `both_bad`, and a judge
    may leave a `comment`.
    """

    task: str
    preference: float | None
    missing: str = ""
    first: Shown = "unknown"
    candidate_length: int | None = None
    reference_length: int | None = None
    judge: str = ""
    repeat: int = 0
    both_bad: bool = False
    comment: str = ""

    def __post_init__(self) -> None:
        if self.preference is None and not self.missing:
            raise ValueError(f"the judgment of {self.task!r} is missing without a reason")
        if self.preference is not None and not 0 <= self.preference <= 1:
            raise ValueError(f"the preference for {self.task!r} is {self.preference}, which is not in 0 to 1")

    @property
    def verdict(self) -> Verdict | None:
        return None if self.preference is None else verdict(self.preference)

    def row(self) -> dict[str, Any]:
        return asdict(self)


def verdict(preference: float) -> Verdict:
    """Tell what a preference comes to."""
    return "tie" if preference == 0.5 else "win" if preference > 0.5 else "loss"


def by_task(judgments: Iterable[Judgment]) -> dict[str, list[Judgment]]:
    """Group the judgments that are there by task, in the order of first sight."""
    tasks: dict[str, list[Judgment]] = {}
    for judgment in judgments:
        if judgment.preference is not None:
            tasks.setdefault(judgment.task, []).append(judgment)
    return tasks


def preferences(judgments: Iterable[Judgment]) -> Floats:
    """Return each task's mean preference: the instruction is the unit of chance, however often it was judged."""
    return task_means(judgments, lambda _: True)


def task_means(judgments: Iterable[Judgment], wanted: Callable[[Judgment], bool]) -> Floats:
    """Return the mean preference of each task over its judgments that are wanted; tasks without one are left out."""
    tasks = by_task(judgment for judgment in judgments if wanted(judgment))
    return np.array([_mean(members) for members in tasks.values()])


def _mean(members: Sequence[Judgment]) -> float:
    values = [judgment.preference for judgment in members if judgment.preference is not None]
    return values[0] if len(values) == 1 else sum(values) / len(values)
