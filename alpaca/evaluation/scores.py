"""Scores of answers, and what a comparison of two models on the same tasks says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from alpaca.records import Example

Verdict = Literal["win", "tie", "loss"]
Z_95 = 1.959963984540054  # two-sided 95 % of the normal distribution


def exact(answer: str, reference: str) -> bool:
    """Tell whether an answer is the reference, white space around it aside."""
    return answer.strip() == reference.strip()


@dataclass(frozen=True)
class Reference:
    """Judge by the reference answer: a model that has it beats one that has not."""

    def judge(self, example: Example, candidate: str, reference: str) -> Verdict:
        right = exact(candidate, example.output), exact(reference, example.output)
        return "tie" if right[0] == right[1] else "win" if right[0] else "loss"


@dataclass(frozen=True)
class WinRate:
    """Of the candidate, over all tasks; a tie is half a win. The interval is Wilson's (1927), at 95 %."""

    tasks: int
    wins: int
    ties: int
    losses: int
    win_rate: float
    standard_error: float
    interval: tuple[float, float]

    @classmethod
    def of(cls, verdicts: Sequence[Verdict]) -> WinRate:
        """Count verdicts; there must be at least one."""
        n = len(verdicts)
        wins, ties, losses = (verdicts.count(kind) for kind in ("win", "tie", "loss"))
        rate = (wins + ties / 2) / n
        squares = wins * (1 - rate) ** 2 + ties * (0.5 - rate) ** 2 + losses * rate**2
        return cls(n, wins, ties, losses, rate, math.sqrt(squares / max(n - 1, 1) / n), wilson(rate, n))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share seen in `n` trials; sound at 0 and 1 too."""
    spread = Z_95**2 / n
    middle = (share + spread / 2) / (1 + spread)
    half = Z_95 * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
