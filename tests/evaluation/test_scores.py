from __future__ import annotations

import pytest

from alpaca.evaluation.scores import Reference, WinRate, exact, wilson
from alpaca.records import Example


def test_exact_leaves_white_space_around_aside() -> None:
    assert exact(" four\n", "four")
    assert not exact("Four", "four")


@pytest.mark.parametrize(
    ("candidate", "reference", "verdict"), [("4", "5", "win"), ("5", "4", "loss"), ("4", "4", "tie"), ("6", "5", "tie")]
)
def test_who_has_the_reference_answer_wins(candidate: str, reference: str, verdict: str) -> None:
    assert Reference().judge(Example("Add the numbers", "2 2", "4"), candidate, reference) == verdict


def test_alpacas_own_count() -> None:
    """90 wins against 89: the interval is wide and holds one half."""
    rate = WinRate.of(["win"] * 90 + ["loss"] * 89)
    assert rate.win_rate == pytest.approx(0.5028, abs=1e-4)
    assert rate.interval == pytest.approx((0.4302, 0.5752), abs=1e-4)
    assert rate.standard_error == pytest.approx(0.0375, abs=1e-4)


def test_a_tie_is_half_a_win() -> None:
    rate = WinRate.of(["win", "tie", "tie", "loss"])
    assert (rate.win_rate, rate.wins, rate.ties, rate.losses, rate.tasks) == (0.5, 1, 2, 1, 4)


def test_an_interval_never_leaves_zero_to_one_nor_closes_up() -> None:
    assert wilson(1.0, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert wilson(0.0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
