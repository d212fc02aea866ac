from __future__ import annotations

import pytest
from judged import GOLDEN, SHAPES, judgments

from alpaca.evaluation.judgments import Judgment
from alpaca.evaluation.rates import WinRate


def verdicts(wins: int, ties: int, losses: int) -> list[Judgment]:
    values = [1.0] * wins + [0.5] * ties + [0.0] * losses
    return [Judgment(str(number), value) for number, value in enumerate(values)]


def test_alpacas_own_count() -> None:
    """90 wins against 89: the interval is wide and holds one half."""
    rate = WinRate.of(verdicts(90, 0, 89))
    assert rate.win_rate == pytest.approx(0.5028, abs=1e-4)
    assert rate.interval == pytest.approx((0.4302, 0.5752), abs=1e-4)
    assert rate.decided_interval == pytest.approx((0.4272, 0.5783), abs=1e-4)
    assert rate.bootstrap_interval == pytest.approx(rate.interval, abs=0.01)
    assert rate.standard_error == pytest.approx(0.0375, abs=1e-4)
    assert rate.sign_test == pytest.approx(1.0)


def test_a_tie_is_half_a_win() -> None:
    rate = WinRate.of(verdicts(1, 2, 1))
    assert (rate.win_rate, rate.wins, rate.ties, rate.losses, rate.tasks) == (0.5, 1, 2, 1, 4)


def test_missing_judgments_are_counted_and_in_no_rate() -> None:
    rate = WinRate.of([*verdicts(3, 0, 1), Judgment("gone", None, "cut off")])
    assert (rate.tasks, rate.missing, rate.win_rate) == (4, 1, 0.75)


def test_judgments_of_one_task_are_one() -> None:
    """Asking every task ten times makes no more tasks: the interval stays as wide."""
    once = WinRate.of(verdicts(6, 2, 12))
    often = WinRate.of([Judgment(j.task, j.preference, repeat=n) for j in verdicts(6, 2, 12) for n in range(10)])
    assert often == once


def test_no_judgment_at_all_has_no_rate() -> None:
    rate = WinRate.of([Judgment("one", None, "failed")])
    assert (rate.tasks, rate.missing, rate.win_rate, rate.interval, rate.sign_test) == (0, 1, None, None, 1.0)


def test_a_judgment_is_there_or_missing_for_a_reason() -> None:
    with pytest.raises(ValueError, match="without a reason"):
        Judgment("one", None)
    with pytest.raises(ValueError, match="not in 0 to 1"):
        Judgment("one", 1.5)


@pytest.mark.parametrize("name", SHAPES)
def test_rates_are_alpaca_evals(name: str) -> None:
    rate = WinRate.of(judgments(name))
    assert rate.win_rate is not None
    assert rate.standard_error is not None
    found = (100 * rate.win_rate, 100 * rate.standard_error, rate.wins, rate.ties, rate.losses)
    assert found == pytest.approx(GOLDEN[name][:5], abs=1e-9)
