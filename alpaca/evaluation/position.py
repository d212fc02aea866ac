"""Position bias: what a judge gives an answer for being shown first, and the win rate without it.

Wang et al. (2023, "Large language models are not fair evaluators", section 3) ask in both orders and average. Where each task
was asked in one order, drawn at random, the mean of the two orders' rates is free of the bias too, and less precise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from alpaca.evaluation.intervals import NORMAL, Z_95, Interval, sign_test
from alpaca.evaluation.judgments import Floats, Judgment, by_task, verdict
from alpaca.evaluation.rates import mean_and_error


@dataclass(frozen=True)
class PositionBias:
    """Of one set of judgments.

    `bias` is what the win rate gains where the candidate is first, against the middle of both orders, with its interval and
    the p-value of there being none. `swapped` tasks were judged in both orders: of these `consistent` came out the same way,
    `for_first` went to whichever was first and `for_second` to whichever was second, with the p-value of their being even.
    `win_rate` is what remains without the bias.
    """

    shown_first: int
    shown_second: int
    bias: float
    interval: Interval
    p_value: float
    swapped: int
    consistent: int
    for_first: int
    for_second: int
    flips_p_value: float
    win_rate: float
    standard_error: float

    @classmethod
    def of(cls, judgments: Sequence[Judgment]) -> PositionBias | None:
        """Measure the bias; None unless both orders occur, in two tasks each."""
        first, second = _orders(judgments)
        if min((~np.isnan(first)).sum(), (~np.isnan(second)).sum()) < 2:
            return None
        bias, bias_error, rate, rate_error = _estimates(first, second)
        consistent, for_first, for_second = _flips(first, second)
        return cls(
            shown_first=int((~np.isnan(first)).sum()),
            shown_second=int((~np.isnan(second)).sum()),
            bias=bias,
            interval=(bias - Z_95 * bias_error, bias + Z_95 * bias_error),
            p_value=_p_value(bias, bias_error),
            swapped=consistent + for_first + for_second,
            consistent=consistent,
            for_first=for_first,
            for_second=for_second,
            flips_p_value=sign_test(for_first, for_second),
            win_rate=rate,
            standard_error=rate_error,
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def _orders(judgments: Sequence[Judgment]) -> tuple[Floats, Floats]:
    """Return each task's mean preference with the candidate first and with it second, nan where it was not asked so."""
    tasks = by_task(judgment for judgment in judgments if judgment.first != "unknown").values()
    both = [[_mean(members, shown) for members in tasks] for shown in ("candidate", "reference")]
    return np.array(both[0]), np.array(both[1])


def _mean(members: Sequence[Judgment], shown: str) -> float:
    values = [each.preference for each in members if each.first == shown and each.preference is not None]
    return sum(values) / len(values) if values else math.nan


def _estimates(first: Floats, second: Floats) -> tuple[float, float, float, float]:
    """Return the bias and its standard error, the rate without it and its own: paired wherever every task is."""
    if not np.isnan(first + second).any():
        return *mean_and_error((first - second) / 2), *mean_and_error((first + second) / 2)
    one, one_error = mean_and_error(first[~np.isnan(first)])
    other, other_error = mean_and_error(second[~np.isnan(second)])
    apart = math.hypot(one_error, other_error) / 2
    paired = ~np.isnan(first + second)
    shared = _covariance(first, second, paired)
    bias_error = math.sqrt(max(0.0, apart**2 - shared / 2))
    return (one - other) / 2, bias_error, (one + other) / 2, math.sqrt(max(0.0, apart**2 + shared / 2))


def _covariance(first: Floats, second: Floats, paired: np.typing.NDArray[np.bool_]) -> float:
    """Return the covariance of the two orders' means, which share the tasks that were asked both ways."""
    if paired.sum() < 2:
        return 0.0
    both = np.cov(first[paired], second[paired])[0, 1] * paired.sum()
    return float(both / (~np.isnan(first)).sum() / (~np.isnan(second)).sum())


def _flips(first: Floats, second: Floats) -> tuple[int, int, int]:
    """Count the tasks asked both ways that came out the same, for the first answer, and for the second one."""
    pairs = [(a, b) for a, b in zip(first.tolist(), second.tolist(), strict=True) if not math.isnan(a + b)]
    consistent = sum(verdict(a) == verdict(b) for a, b in pairs)
    for_first = sum(verdict(a) != verdict(b) and a > b for a, b in pairs)
    return consistent, for_first, len(pairs) - consistent - for_first


def _p_value(effect: float, error: float) -> float:
    return 2 * NORMAL.cdf(-abs(effect) / error) if error > 0 else float(effect == 0)
