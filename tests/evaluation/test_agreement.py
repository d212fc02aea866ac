from __future__ import annotations

import numpy as np
import pytest

from alpaca.evaluation.agreement import JudgeNoise, cohen_kappa, judges_agreement, krippendorff_alpha
from alpaca.evaluation.judgments import Judgment


def test_kappa_of_the_textbook() -> None:
    """20 times both yes, 15 both no, 5 and 10 apart: 0.4 (Wikipedia's worked example of Cohen's kappa)."""
    one = ["y"] * 25 + ["n"] * 25
    other = ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15
    assert cohen_kappa(one, other) == pytest.approx(0.4)


def test_kappa_where_nobody_could_differ_is_none() -> None:
    assert cohen_kappa(["y", "y"], ["y", "y"]) is None
    assert cohen_kappa(["y", "n"], ["n", "y"]) == pytest.approx(-1)


def test_alpha_of_krippendorffs_own_example() -> None:
    """Four observers, twelve units, missing ones: nominal alpha 0.743 (Krippendorff 2011, part C)."""
    observers = (
        (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
        (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
        (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
        (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
    )
    assert krippendorff_alpha(list(zip(*observers, strict=True))) == pytest.approx(0.743, abs=5e-4)


def test_alpha_of_nothing_to_compare_is_none() -> None:
    assert krippendorff_alpha([["a", None], [None, "b"]]) is None
    assert krippendorff_alpha([["a", "a"], ["a", "a"]]) is None


def test_judges_are_compared_on_the_tasks_they_share() -> None:
    anna = [Judgment(str(n), float(n % 2), judge="anna") for n in range(10)]
    bert = [Judgment(str(n), float(n % 2), judge="bert") for n in range(4)]
    carl = [Judgment(str(n), 1.0 - n % 2, judge="carl") for n in range(4)]
    found = judges_agreement([*anna, *bert, *carl, Judgment("9", None, "asleep", judge="bert")])
    pairs = {tuple(pair["judges"]): (pair["tasks"], pair["cohen_kappa"]) for pair in found["pairs"]}
    assert pairs == {("anna", "bert"): (4, 1.0), ("anna", "carl"): (4, -1.0), ("bert", "carl"): (4, -1.0)}
    assert found["krippendorff_alpha"] == pytest.approx(1 - 11 * 8 / 72)
    assert judges_agreement(anna) == {}


def test_a_judges_two_orders_are_one_opinion() -> None:
    swapped = [Judgment("0", value, first=f, judge="a") for value, f in ((1.0, "candidate"), (0.0, "reference"))]  # type: ignore[arg-type]
    found = judges_agreement(
        [*swapped, Judgment("0", 0.5, judge="b"), Judgment("1", 1.0, judge="a"), Judgment("1", 1.0, judge="b")]
    )
    assert found["pairs"][0]["agreement"] == 1


def test_noise_is_what_repeats_differ_by() -> None:
    repeats = [(1.0, 1.0), (0.0, 0.0), (1.0, 0.0), (1.0, 1.0)]
    found = JudgeNoise.of([Judgment(str(n), v, repeat=r) for n, pair in enumerate(repeats) for r, v in enumerate(pair)])
    assert found is not None
    assert (found.repeated, found.agreement, found.noise) == (4, 0.75, 0.125)
    assert JudgeNoise.of([Judgment("0", 1.0, first="candidate"), Judgment("0", 0.0, first="reference")]) is None


def test_noise_and_spread_are_told_apart() -> None:
    """Tasks whose chance of a win is 0.2 or 0.8: the variance between them is 0.09, and of one judgment 0.16."""
    rng = np.random.default_rng(5)
    chances = rng.choice([0.2, 0.8], 4000)
    judged = [Judgment(str(n), float(rng.random() < p), repeat=r) for n, p in enumerate(chances) for r in range(3)]
    found = JudgeNoise.of(judged)
    assert found is not None
    assert (found.noise, found.between) == pytest.approx((0.16, 0.09), abs=0.006)
    assert found.share == pytest.approx(0.16 / 3 / (0.16 / 3 + 0.09), abs=0.02)
    assert found.agreement == pytest.approx(0.68, abs=0.02)
