"""Wins, ties, losses, and the win rate with its intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from alpaca.evaluation.intervals import Interval, bootstrap, clopper_pearson, score_interval, sign_test
from alpaca.evaluation.judgments import Floats, Judgment, preferences, verdict


@dataclass(frozen=True)
class WinRate:
    """Of the candidate, over all tasks that have a judgment: the mean of each task's preference; a tie is half a win.

    Intervals are at 95 %. `interval` is Wilson's; `bootstrap_interval` weighs whole tasks at random; `decided_interval`, the exact one,
    is of the share of wins in wins and losses. `sign_test` is the exact two-sided p-value of these. `missing` counts judgments
    that are not there, which are in no rate.
    """

    tasks: int
    wins: int
    ties: int
    losses: int
    missing: int
    win_rate: float | None
    standard_error: float | None
    interval: Interval | None
    bootstrap_interval: Interval | None
    decided_interval: Interval | None
    sign_test: float

    @classmethod
    def of(cls, judgments: Sequence[Judgment], seed: int = 0) -> WinRate:
        """Count judgments; several of one task are one, with their mean preference. Rates of no task are None."""
        missing = sum(judgment.preference is None for judgment in judgments)
        return cls.of_scores(preferences(judgments), missing, seed)

    @classmethod
    def of_scores(cls, scores: Floats, missing: int = 0, seed: int = 0) -> WinRate:
        """Count tasks' preferences from 0 to 1."""
        wins, ties, losses = counts(scores)
        some = len(scores) > 0
        return cls(
            tasks=len(scores),
            wins=wins,
            ties=ties,
            losses=losses,
            missing=missing,
            win_rate=float(scores.mean()) if some else None,
            standard_error=standard_error(scores),
            interval=score_interval(scores) if some else None,
            bootstrap_interval=bootstrap(scores, seed) if some else None,
            decided_interval=clopper_pearson(wins, wins + losses) if wins + losses else None,
            sign_test=sign_test(wins, losses),
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def counts(scores: Iterable[float]) -> tuple[int, int, int]:
    """Count wins, ties and losses."""
    verdicts = [verdict(score) for score in scores]
    return verdicts.count("win"), verdicts.count("tie"), verdicts.count("loss")


def standard_error(scores: Floats) -> float | None:
    """Return the standard error of the mean, from the sample's own variance; None of no task, 0 of one."""
    n = len(scores)
    return float(scores.std(ddof=1)) / math.sqrt(n) if n > 1 else (0.0 if n else None)


def mean_and_error(scores: Floats) -> tuple[float, float]:
    """Return the mean of at least one score, and its standard error."""
    return float(scores.mean()), standard_error(scores) or 0.0
