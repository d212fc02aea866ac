"""Intervals and tests of a share, exact where that is possible: pure functions of counts and scores.

Binomial tails are summed from logarithms, which is exact to rounding for any number of tasks that can be judged.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from statistics import NormalDist
from typing import Final

import numpy as np

from alpaca.evaluation.judgments import Floats

NORMAL: Final = NormalDist()
Interval = tuple[float, float]
Z_95: Final = NORMAL.inv_cdf(0.975)  # two-sided 95 % of the normal distribution


def wilson(share: float, n: float, z: float = Z_95) -> Interval:
    """Return the interval of a share seen in `n` trials (Wilson 1927); sound at 0 and 1 too."""
    spread = z**2 / n
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def score_interval(scores: Floats) -> Interval:
    """Return Wilson's 95 % interval of the mean of scores from 0 to 1, ties and weighted preferences among them.

    Scores that are not all 0 or 1 vary less than wins and losses do, so they count for as many trials as give their variance.
    """
    n, mean = len(scores), float(scores.mean())
    bound, variance = mean * (1 - mean), float(scores.var()) * n / max(n - 1, 1)
    varies = variance > 1e-12 * bound  # else all are the same, and the mean tells most about how they would vary
    return wilson(mean, max(n, n * bound / variance if varies else n))


def clopper_pearson(successes: int, n: int, level: float = 0.95) -> Interval:
    """Return the exact interval of a share (Clopper and Pearson 1934), which covers at least `level` for every true share."""
    tail = (1 - level) / 2
    low = root(lambda p: at_least(successes, n, p) - tail) if successes else 0.0
    high = root(lambda p: tail - at_least(n - successes, n, 1 - p)) if successes < n else 1.0
    return low, high


def at_least(successes: int, n: int, p: float) -> float:
    """Return the chance of this many successes or more in `n` trials of chance `p`."""
    if successes <= 0:
        return 1.0
    if not 0 < p < 1:
        return float(p >= 1)
    counts = np.arange(successes, n + 1)
    logs = _log_choose(n)[successes:] + counts * math.log(p) + (n - counts) * math.log1p(-p)
    return min(1.0, float(np.exp(logs).sum()))


def sign_test(wins: int, losses: int) -> float:
    """Return the exact two-sided p-value of as uneven a count as this between equals (ties say nothing and are left out)."""
    return min(1.0, 2 * at_least(max(wins, losses), wins + losses, 0.5))


def bootstrap(scores: Floats, seed: int, draws: int = 4999, level: float = 0.95) -> Interval:
    """Return the Bayesian bootstrap's interval of the mean over tasks, each weighed whole (clustered by instruction).

    Rubin 1981. Weights drawn at random instead of tasks leave no gaps between outcomes, and one win and one loss are added
    beforehand (a uniform prior, were there wins and losses only), since percentiles of 20 tasks alone cover too little.
    """
    values, counts = np.unique(np.concatenate([scores, [0.0, 1.0]]), return_counts=True)
    means = np.random.default_rng(seed).dirichlet(counts.astype(np.float64), size=draws) @ values
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@cache
def _log_choose(n: int) -> Floats:
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    return np.asarray(logs[n] - logs - logs[::-1])


def root(rising: Callable[[float], float]) -> float:
    """Return where a rising function of a share is zero, by halving until two floats meet."""
    low, high = 0.0, 1.0
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2
