"""What the length of answers has to do with who wins: win rate by stratum, and the win rate at equal length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from alpaca.evaluation.intervals import Z_95, Interval, score_interval
from alpaca.evaluation.judgments import Floats, Judgment, by_task
from alpaca.evaluation.logistic import FOLDS, Pair, Problem, fit

STRATA: Final = (  # of the candidate's length over the reference's
    ("much shorter", 0.0, 0.5),
    ("shorter", 0.5, 0.9),
    ("about as long", 0.9, 1 / 0.9),
    ("longer", 1 / 0.9, 2.0),
    ("much longer", 2.0, math.inf),
)


@dataclass(frozen=True)
class Stratum:
    name: str
    tasks: int
    win_rate: float
    interval: Interval


@dataclass(frozen=True)
class LengthEffect:
    """Of the tasks whose two lengths are known.

    `win_rate` is the length-controlled one, with its 95 % interval: what a logistic regression on the difference of lengths
    expects where there is none. It is AlpacaEval's model `length_controlled_minimal` (Dubois et al. 2024, arXiv 2404.04475;
    alpaca_eval/metrics/glm_winrate.py), None for fewer than five tasks or where the difference is the same in all.
    """

    tasks: int
    candidate_length: float
    reference_length: float
    win_rate: float | None
    interval: Interval | None
    strata: list[Stratum]

    @classmethod
    def of(cls, judgments: Sequence[Judgment]) -> LengthEffect | None:
        """Measure it; None where no lengths are known."""
        scores, candidate, reference = _columns(judgments)
        if not len(scores):
            return None
        rate, interval = length_controlled(scores, candidate, reference, _spread(judgments)) or (None, None)
        means = float(candidate.mean()), float(reference.mean())
        return cls(len(scores), *means, rate, interval, strata(scores, candidate, reference))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def length_controlled(
    scores: Floats, candidate: Floats, reference: Floats, spread: float
) -> tuple[float, Interval] | None:
    """Return the win rate at equal length and its interval; `scores` are preferences and lengths are characters, all (N,).

    `spread` is the standard deviation of the differences of lengths over all tasks, those whose judgment is missing too.
    """
    apart = reference - candidate
    if len(scores) < FOLDS or not spread:
        return None
    x = np.stack([np.tanh(apart / spread), np.ones_like(apart)], axis=1)  # (N, 2)
    weights = fit(Problem.of(x, scores))
    error = _error(x, scores, weights)
    return _logistic(weights[1]), (_logistic(weights[1] - Z_95 * error), _logistic(weights[1] + Z_95 * error))


def strata(scores: Floats, candidate: Floats, reference: Floats) -> list[Stratum]:
    """Return the win rate by how long the candidate's answer is beside the reference's; strata without a task are left out."""
    ratio = (candidate + 1) / (reference + 1)  # an empty answer has a length too
    found = [(name, scores[(low <= ratio) & (ratio < high)]) for name, low, high in STRATA]
    return [Stratum(name, len(some), float(some.mean()), score_interval(some)) for name, some in found if len(some)]


def _columns(judgments: Sequence[Judgment]) -> tuple[Floats, Floats, Floats]:
    """Return preference and both lengths of each task; answers drawn anew for a repeat count with their mean length."""
    known = [j for j in judgments if j.candidate_length is not None and j.reference_length is not None]
    rows = [
        [(j.preference, j.candidate_length, j.reference_length) for j in group] for group in by_task(known).values()
    ]
    means = np.array([np.mean(np.array(row, dtype=np.float64), axis=0) for row in rows]).reshape(-1, 3)
    return means[:, 0], means[:, 1], means[:, 2]


def _spread(judgments: Sequence[Judgment]) -> float:
    """Return the standard deviation of the differences of lengths over tasks, judged or not."""
    apart = {
        each.task: each.reference_length - each.candidate_length
        for each in judgments
        if each.candidate_length is not None and each.reference_length is not None
    }
    return float(np.std(list(apart.values()), ddof=1)) if len(apart) > 1 else 0.0


def _error(x: Floats, scores: Floats, weights: Pair) -> float:
    """Return the standard error of the constant, by the sandwich, which lets scores be weighted preferences."""
    chances = 1 / (1 + np.exp(-(x @ np.array(weights))))
    bread = np.linalg.pinv((x * (chances * (1 - chances))[:, None]).T @ x)
    filling = (x * ((scores - chances) ** 2)[:, None]).T @ x
    return math.sqrt(max(0.0, float((bread @ filling @ bread)[1, 1])))


def _logistic(value: float) -> float:
    return 0.5 * (1 + math.tanh(value / 2))
