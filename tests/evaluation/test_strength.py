from __future__ import annotations

import math

import numpy as np
import pytest

from alpaca.errors import UserError
from alpaca.evaluation.strength import Result, bradley_terry


def results(one: str, other: str, wins: int, ties: int, losses: int) -> list[Result]:
    return [(one, other, value) for value, n in ((1.0, wins), (0.5, ties), (0.0, losses)) for _ in range(n)]


def test_two_models_are_as_far_apart_as_their_odds() -> None:
    strong, weak = bradley_terry(results("a", "b", 30, 0, 10))
    assert (strong.model, weak.model) == ("a", "b")
    assert strong.strength - weak.strength == pytest.approx(math.log(3))
    assert strong.strength + weak.strength == pytest.approx(0)
    assert strong.standard_error == pytest.approx(math.sqrt(1 / 30 + 1 / 10) / 2)
    assert strong.comparisons == 40


def test_ties_pull_models_together() -> None:
    without = bradley_terry(results("a", "b", 30, 0, 10))[0]
    strong, _ = bradley_terry(results("a", "b", 30, 60, 10))
    assert 2 * strong.strength == pytest.approx(math.log(3))  # the odds of a win to a loss
    assert strong.standard_error == pytest.approx(without.standard_error)


def test_who_is_named_first_changes_nothing() -> None:
    forth = results("a", "b", 12, 3, 7) + results("b", "c", 9, 2, 8)
    back = [(other, one, 1 - value) for one, other, value in forth]
    for one, other in zip(bradley_terry(forth), bradley_terry(back), strict=True):
        assert (one.model, one.comparisons) == (other.model, other.comparisons)
        assert one.strength == pytest.approx(other.strength)


# choix.ilsr_pairwise(4, [(0, 1)] * 7 + [(1, 0)] * 3 + [(1, 2)] * 6 + [(2, 1)] * 5 + [(2, 3)] * 8 + [(3, 2)] * 2
#                        + [(3, 0)] * 1 + [(0, 3)] * 9), choix 0.4.1
CHOIX = (1.015263651, 0.207567604, 0.055938378, -1.278769634)


def test_strengths_are_those_of_choix() -> None:
    played = results("a", "b", 7, 0, 3) + results("b", "c", 6, 0, 5) + results("c", "d", 8, 0, 2)
    found = {each.model: each.strength for each in bradley_terry(played + results("d", "a", 1, 0, 9))}
    assert [found[model] for model in "abcd"] == pytest.approx(CHOIX, abs=1e-6)


def test_intervals_hold_the_true_strengths() -> None:
    rng = np.random.default_rng(2)
    true, held = np.array([1.0, 0.3, -0.3, -1.0]), []
    for _ in range(200):
        played: list[Result] = []
        for i, j in ((0, 1), (0, 2), (1, 2), (1, 3), (2, 3)):
            odds = np.exp([true[i], 0.2 + (true[i] + true[j]) / 2, true[j]])
            drawn = rng.choice([1.0, 0.5, 0.0], 60, p=odds / odds.sum())
            played += [("abcd"[i], "abcd"[j], float(value)) for value in drawn]
        held += [
            each.interval[0] <= true["abcd".index(each.model)] <= each.interval[1] for each in bradley_terry(played)
        ]
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)


def test_models_on_no_common_scale_are_refused() -> None:
    with pytest.raises(UserError, match="b never beat a"):
        bradley_terry(results("a", "b", 5, 0, 0))
    with pytest.raises(UserError, match="never beat"):
        bradley_terry(results("a", "b", 5, 0, 5) + results("c", "d", 5, 0, 5))
    with pytest.raises(UserError, match="compared with itself"):
        bradley_terry([("a", "a", 1.0)])
    assert len(bradley_terry(results("a", "b", 5, 1, 0))) == 2
