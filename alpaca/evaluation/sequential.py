"""A test that may be looked at after every judgment, and so may stop as soon as the answer is settled.

Of the decided tasks, in an order that has nothing to do with their answers, a bettor stakes on wins and losses at even odds.
Between equals no strategy gains on average, so the capital exceeds 1 / alpha with a chance of at most alpha, ever (Ville 1939;
Ramdas et al. 2023, "Game-theoretic statistics and safe anytime-valid inference", sections 2 and 3). The strategy here is the
mixture of all constant stakes under Jeffreys' prior (Robbins 1970; Krichevsky and Trofimov 1981), which needs no guess of how
large the difference is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from alpaca.evaluation.intervals import Interval, root
from alpaca.evaluation.judgments import Floats, Ints

ALPHA = 0.05
PRIOR = 0.5  # of the beta distribution over the share of wins: Jeffreys'


@dataclass(frozen=True)
class Sequential:
    """Where the test stopped (`used` of `available` tasks, in the order given), and what could be said there.

    `settled` tells who is better, or None if the tasks ran out first. `interval` holds the share of wins among the decided with
    a chance of 95 %, whenever it is looked at. `p_value` is valid at any time too.
    """

    settled: str | None
    used: int
    available: int
    saved: int
    p_value: float
    interval: Interval

    def among(self, more: int) -> Sequential:
        """Return it for a set that has so many tasks more, which were not asked."""
        return replace(self, available=self.available + more, saved=self.saved + more)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def run(scores: Sequence[float] | Floats, alpha: float = ALPHA) -> Sequential:
    """Look after every task's preference (0 to 1; a half is undecided) and stop when the answer is settled."""
    signs = np.sign(np.asarray(scores, dtype=np.float64) - 0.5)
    wins, losses = (np.cumsum(signs == side, dtype=np.int64) for side in (1, -1))
    capital = log_capital(wins, losses)
    over = np.flatnonzero(capital >= -math.log(alpha))
    used = int(over[0]) + 1 if len(over) else len(signs)
    won, lost = (int(wins[used - 1]), int(losses[used - 1])) if used else (0, 0)
    settled = ("candidate" if won > lost else "reference") if len(over) else None
    p_value = min(1.0, math.exp(-max(0.0, float(capital[:used].max(initial=0)))))
    return Sequential(settled, used, len(signs), len(signs) - used, p_value, confidence(won, lost, alpha))


def shuffled(scores: Floats, seed: int) -> Floats:
    """Return tasks in an order drawn at random, as the test asks for."""
    return np.random.default_rng(seed).permutation(scores)


def log_capital(wins: Ints, losses: Ints, share: float = 0.5) -> Floats:
    """Return the logarithm of the capital after so many wins and losses, against a true share of wins `share`."""
    most = int((wins + losses).max(initial=0))
    gammas, totals = _log_gammas(PRIOR, most), _log_gammas(2 * PRIOR, most)
    mixed = gammas[wins] + gammas[losses] - totals[wins + losses] - (2 * gammas[0] - totals[0])
    return np.asarray(mixed - wins * math.log(share) - losses * math.log1p(-share))


def confidence(wins: int, losses: int, alpha: float = ALPHA) -> Interval:
    """Return the shares of wins that the bettor has not refuted: an interval that holds at all times at once."""
    if not wins + losses:
        return 0.0, 1.0
    best = wins / (wins + losses)

    def refuted(share: float) -> float:
        if not 0 < share < 1:
            return math.inf
        return float(log_capital(np.array([wins]), np.array([losses]), share)[0]) + math.log(alpha)

    low = root(lambda part: -refuted(part * best)) * best if wins else 0.0
    high = best + (1 - best) * root(lambda part: refuted(best + part * (1 - best))) if losses else 1.0
    return low, high


@cache
def _log_gammas(start: float, most: int) -> Floats:
    return np.array([math.lgamma(start + count) for count in range(most + 1)])
