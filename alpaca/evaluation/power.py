"""What difference a set of tasks can detect, before or after it is judged."""

from __future__ import annotations

import math

from alpaca.evaluation.intervals import NORMAL, Z_95, at_least, root, sign_test

ALPHA = 0.05  # two-sided


def detectable_rate(tasks: int, deviation: float = 0.5, power: float = 0.8) -> float:
    """Return the win rate nearest above one half that a two-sided test at 5 % finds with this power.

    `deviation` is the standard deviation of a task's preference: at most 0.5, less with ties (0.5 * sqrt(1 - share of ties)).
    """
    return min(1.0, 0.5 + (Z_95 + NORMAL.inv_cdf(power)) * deviation / math.sqrt(tasks))


def tasks_needed(rate: float, deviation: float = 0.5, power: float = 0.8) -> int:
    """Return how many tasks it takes to tell a win rate from one half with this power; it must not be one half."""
    return math.ceil(((Z_95 + NORMAL.inv_cdf(power)) * deviation / (rate - 0.5)) ** 2)


def detectable_share(decided: int, power: float = 0.8) -> float | None:
    """Return the share of wins among this many decided tasks that the exact sign test finds with this power.

    None where no outcome would be significant (fewer than six decided tasks).
    """
    critical = next((wins for wins in range(decided // 2, decided + 1) if sign_test(wins, decided - wins) <= ALPHA), 0)
    if not critical:
        return None
    return root(lambda share: at_least(critical, decided, share) - power)
