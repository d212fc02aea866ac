from __future__ import annotations

import numpy as np
import pytest
from judged import MIXTURES, reordered, stopped

from alpaca.evaluation.intervals import clopper_pearson
from alpaca.evaluation.sequential import confidence, log_capital, run, shuffled


def test_it_stops_when_the_capital_is_twenty_and_says_what_was_saved() -> None:
    """Seven losses in a row multiply the stake by 2^7 * B(7.5, 0.5) / B(0.5, 0.5) = 26.8, six by 14.4."""
    found = run(np.array([0.5, *[0.0] * 50]))
    assert (found.settled, found.used, found.available, found.saved) == ("reference", 8, 51, 43)
    assert found.p_value == pytest.approx(1 / 26.8125)
    assert found.interval[1] < 0.5


def test_it_does_not_settle_what_is_even() -> None:
    found = run(np.array([0.0, 1.0] * 100))
    assert (found.settled, found.used, found.saved, found.p_value) == (None, 200, 0, 1.0)
    assert found.interval[0] < 0.5 < found.interval[1]


def test_nothing_judged_settles_nothing() -> None:
    found = run([])
    assert (found.settled, found.used, found.interval) == (None, 0, (0.0, 1.0))


def test_no_bet_between_equals_gains_on_average() -> None:
    """The capital is a martingale: its mean over all 2^10 outcomes is 1 to rounding."""
    wins = np.array([bin(outcome).count("1") for outcome in range(2**10)])
    assert np.exp(log_capital(wins, 10 - wins)).mean() == pytest.approx(1, rel=1e-12)


def test_the_interval_is_wider_than_one_that_is_looked_at_once() -> None:
    low, high = confidence(63, 181)
    exact = clopper_pearson(63, 244)
    assert low < exact[0]
    assert high > exact[1]
    for end in (low, high):
        capital = log_capital(np.array([63]), np.array([181]), end)[0]
        assert np.exp(capital) == pytest.approx(20, rel=1e-9)


def test_a_quarter_of_the_judgments_is_enough_for_63_against_181() -> None:
    used = [found.used for found in reordered(400)]
    assert np.mean(used) < 252 / 4
    assert all(found.settled == "reference" for found in reordered(50))


def test_looking_always_errs_seldom() -> None:
    errors = [found.settled is not None for found in stopped(MIXTURES["even, no ties"], 252, 400)]
    assert np.mean(errors) < 0.07


def test_the_order_is_drawn_from_the_seed() -> None:
    scores = np.arange(30.0)
    assert (shuffled(scores, 1) == shuffled(scores, 1)).all()
    assert (shuffled(scores, 1) != shuffled(scores, 2)).any()
    assert sorted(shuffled(scores, 1)) == sorted(scores)


@pytest.mark.slow
def test_looking_always_errs_at_most_5_percent() -> None:
    errors = [found.settled is not None for found in stopped(MIXTURES["even, no ties"], 805, 10_000)]
    assert np.mean(errors) <= 0.05


@pytest.mark.slow
def test_its_interval_holds_at_every_look() -> None:
    rng = np.random.default_rng(11)
    outside = 0
    for _ in range(4000):
        wins = np.cumsum(rng.random(500) < 0.3)
        capital = log_capital(wins, np.arange(1, 501) - wins, 0.3)
        outside += bool((capital >= np.log(20)).any())
    assert outside / 4000 <= 0.05
