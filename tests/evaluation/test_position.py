from __future__ import annotations

import pytest
from judged import biased

from alpaca.evaluation.judgments import Judgment, Shown
from alpaca.evaluation.position import PositionBias


def both_orders(pairs: list[tuple[float, float]]) -> list[Judgment]:
    """Return judgments of tasks, each with the candidate first and then with it second."""
    shown: tuple[Shown, Shown] = ("candidate", "reference")
    return [
        Judgment(str(n), value, first=f) for n, pair in enumerate(pairs) for f, value in zip(shown, pair, strict=True)
    ]


def test_a_judge_who_takes_the_first_is_unmasked_and_the_rate_mended() -> None:
    pairs = [(1.0, 0.0)] * 20 + [(1.0, 1.0)] * 30 + [(0.0, 0.0)] * 10 + [(0.0, 1.0)] * 2
    found = PositionBias.of(both_orders(pairs))
    assert found is not None
    assert (found.swapped, found.consistent, found.for_first, found.for_second) == (62, 40, 20, 2)
    assert found.bias == pytest.approx((50 - 32) / 62 / 2)
    assert found.win_rate == pytest.approx((50 + 32) / 62 / 2)
    assert found.interval[0] > 0
    assert found.p_value < 0.001
    assert found.flips_p_value == pytest.approx(0.000121, abs=1e-6)


def test_a_fair_judge_is_not_accused() -> None:
    found = PositionBias.of(both_orders([(1.0, 1.0)] * 30 + [(0.0, 0.0)] * 20 + [(1.0, 0.0)] * 3 + [(0.0, 1.0)] * 3))
    assert found is not None
    assert found.bias == 0
    assert found.p_value == 1
    assert found.win_rate == pytest.approx(33 / 56)


def test_one_order_a_task_is_enough_where_chance_chose_it() -> None:
    """The candidate was first in most tasks, so the plain rate leans its way; the mean of the orders does not."""
    first = [Judgment(str(n), float(n % 10 < 7), first="candidate") for n in range(300)]
    second = [Judgment(str(n), float(n % 10 < 3), first="reference") for n in range(300, 400)]
    found = PositionBias.of(first + second)
    assert found is not None
    assert (found.swapped, found.shown_first, found.shown_second) == (0, 300, 100)
    assert (found.bias, found.win_rate) == pytest.approx((0.2, 0.5))
    assert found.standard_error == pytest.approx((0.21 / 299 + 0.21 / 99) ** 0.5 / 2)
    assert found.interval[0] > 0


def test_missing_and_unknown_orders_are_in_no_measure() -> None:
    missing = [Judgment("0", None, "failed", first="reference"), Judgment("9", 1.0)]
    assert PositionBias.of([*both_orders([(1.0, 1.0)])[:1], *missing]) is None
    tasks = both_orders([(1.0, 0.0), (1.0, 1.0), (0.0, 0.0)])
    assert PositionBias.of(tasks + missing) == PositionBias.of(tasks)


def test_some_tasks_in_both_orders_and_some_in_one() -> None:
    found = PositionBias.of(
        [*both_orders([(1.0, 0.0)] * 5 + [(1.0, 1.0)] * 5), Judgment("once", 1.0, first="candidate")]
    )
    assert found is not None
    assert (found.shown_first, found.shown_second, found.swapped) == (11, 10, 10)
    assert (found.bias, found.win_rate) == pytest.approx((0.25, 0.75))


@pytest.mark.parametrize("both", [True, False])
def test_biased_judges_are_found_and_fair_ones_seldom_accused(both: bool) -> None:
    fair = [PositionBias.of(biased(252, 0.0, both, seed)) for seed in range(100)]
    unfair = [PositionBias.of(biased(252, 0.3, both, seed)) for seed in range(100)]
    assert sum(each is not None and each.p_value < 0.05 for each in fair) <= 11
    assert sum(each is not None and each.p_value < 0.05 for each in unfair) >= 95
    rates = [each.win_rate for each in unfair if each is not None]
    assert sum(rates) / len(rates) == pytest.approx(0.5, abs=0.015)
