from __future__ import annotations

import numpy as np
import pytest
from judged import MIXTURES, SIZES, clustered_coverage, coverage

from alpaca.evaluation.intervals import (
    at_least,
    bootstrap,
    clopper_pearson,
    score_interval,
    sign_test,
    wilson,
)


def test_an_interval_never_leaves_zero_to_one_nor_closes_up() -> None:
    assert wilson(1.0, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert wilson(0.0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert score_interval(np.ones(10)) == wilson(1.0, 10)


def test_wins_and_losses_alone_make_wilsons_interval() -> None:
    assert score_interval(np.repeat([1.0, 0.0], (17, 785))) == pytest.approx(wilson(17 / 802, 802), rel=1e-12)


def test_ties_vary_less_and_narrow_the_interval() -> None:
    low, high = score_interval(np.repeat([1.0, 0.5, 0.0], (50, 100, 50)))
    plain = wilson(0.5, 200)
    assert plain[0] < low < 0.5 < high < plain[1]


# from scipy.stats import binomtest; binomtest(k, n).proportion_ci(method="exact"), scipy 1.17.1
@pytest.mark.parametrize(
    ("wins", "n", "interval"),
    [
        (90, 179, (0.4272447159538573, 0.5782478472926184)),
        (0, 20, (0.0, 0.16843347098308548)),
        (20, 20, (0.8315665290169145, 1.0)),
        (63, 244, (0.20447552946173075, 0.3178962199704053)),
        (17, 802, (0.012395356297400286, 0.03372209137575391)),
        (1, 5, (0.005050763379468115, 0.7164179361180895)),
        (700, 805, (0.8443214538317484, 0.8920637951132799)),
        (2500, 5000, (0.4860443740009038, 0.5139556259990962)),
    ],
)
def test_the_exact_interval_is_scipys(wins: int, n: int, interval: tuple[float, float]) -> None:
    assert clopper_pearson(wins, n) == pytest.approx(interval, abs=1e-12)


# from scipy.stats import binomtest; binomtest(wins, wins + losses).pvalue, scipy 1.17.1
@pytest.mark.parametrize(
    ("wins", "losses", "p_value"),
    [
        (63, 181, 2.099242500737819e-14),
        (90, 89, 1.0),
        (5, 0, 0.0625),
        (17, 785, 4.267725383010635e-207),
        (10, 10, 1.0),
        (40, 60, 0.05688793364098089),
    ],
)
def test_the_sign_test_is_scipys(wins: int, losses: int, p_value: float) -> None:
    assert sign_test(wins, losses) == pytest.approx(p_value, rel=1e-10)
    assert sign_test(losses, wins) == sign_test(wins, losses)


def test_certain_and_impossible_chances_have_tails_too() -> None:
    assert (at_least(0, 5, 0.0), at_least(1, 5, 0.0), at_least(5, 5, 1.0)) == (1.0, 0.0, 1.0)


def test_the_bootstrap_is_the_same_for_a_seed_and_near_for_another() -> None:
    scores = np.random.default_rng(0).random(300)
    assert bootstrap(scores, 1) == bootstrap(scores, 1)
    assert bootstrap(scores, 1) != bootstrap(scores, 2)
    assert bootstrap(scores, 1) == pytest.approx(bootstrap(scores, 2), abs=0.005)
    half = 1.96 * scores.std(ddof=1) / 300**0.5
    assert bootstrap(scores, 1) == pytest.approx((scores.mean() - half, scores.mean() + half), abs=0.003)


def test_one_task_bounds_little() -> None:
    """Its weight and the prior's leave the interval of Beta(2, 1): the roots of 0.025 and 0.975."""
    assert bootstrap(np.ones(1), 0) == pytest.approx((0.158, 0.987), abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mixture", MIXTURES)
def test_intervals_cover_95_percent(size: int, mixture: str) -> None:
    """The exact one is of the decided tasks and covers at least that, as it must; the others within one percent."""
    held = coverage(size, MIXTURES[mixture], draws=10_000)
    assert held["interval"] == pytest.approx(0.95, abs=0.01)
    assert held["bootstrap"] == pytest.approx(0.95, abs=0.01)
    assert held["exact"] >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_intervals_cover_95_percent_with_several_judgments_a_task(size: int) -> None:
    assert clustered_coverage(size, draws=10_000) == pytest.approx(0.95, abs=0.01)
