from __future__ import annotations

import numpy as np
import pytest

from alpaca.evaluation.judgments import Judgment
from alpaca.evaluation.length import LengthEffect, length_controlled
from tests.judged import SHAPES, shape

# win rate, standard error, wins, ties, losses, length-controlled win rate, by alpaca_eval 0.6.6 with scikit-learn 1.9.1:
#   python -m benchmarks.evaluation golden
GOLDEN = {
    "coins": (47.0, 5.016135580465917, 47, 0, 53, 50.0),
    "ties": (55.833333333333336, 3.704005200924812, 47, 40, 33, 51.169968828644144),
    "old ties": (50.83333333333333, 5.37987286235148, 21, 19, 20, 68.36783842057493),
    "weighted": (22.756444024663054, 1.9345175282381908, 52, 0, 200, 23.860682619254455),
    "strong": (94.43790889889065, 0.766453074583388, 198, 0, 2, 94.25821270110629),
    "longer wins": (39.130434782608695, 1.7211923698734386, 315, 0, 490, 46.6469549531996),
    "longer loses": (76.75, 2.1147752684600376, 307, 0, 93, 75.77615433123553),
    "sure of length": (44.44444444444444, 5.2671718126664135, 40, 0, 50, 100.0),
    "gently": (52.91746440275955, 0.3535540899091792, 887, 0, 613, 56.88535495010411),
    "five": (55.36984564916526, 12.999193199116602, 3, 0, 2, 50.0),
    "seven": (78.57142857142857, 14.869042853329518, 5, 1, 1, 99.9999141545449),
}


@pytest.mark.parametrize("name", [name for name in SHAPES if name != "seven"])
def test_the_rate_at_equal_length_is_alpaca_evals(name: str) -> None:
    preferences, reference, candidate = shape(name)
    controlled = length_controlled(np.where(preferences == 0, 1.5, preferences) - 1, candidate, reference)
    assert controlled is not None
    assert 100 * controlled[0] == pytest.approx(GOLDEN[name][5], abs=1e-9)
    assert controlled[1][0] <= controlled[0] <= controlled[1][1]


def test_length_alone_does_not_win_at_equal_length() -> None:
    """A judge who takes the longer answer nine times in ten makes a verbose model of an equal one win, until length counts."""
    rng = np.random.default_rng(3)
    reference = rng.integers(200, 2000, 2000).astype(float)
    candidate = reference + rng.integers(-500, 1500, 2000)
    odds = 2 * np.tanh((candidate - reference) / (candidate - reference).std())
    wins = (rng.random(2000) < 1 / (1 + np.exp(-odds))).astype(float)
    controlled = length_controlled(wins, candidate, reference)
    assert wins.mean() > 0.65
    assert controlled is not None
    assert controlled[1][0] < 0.5 < controlled[1][1]


def test_lengths_that_do_not_differ_or_are_few_control_nothing() -> None:
    ones = np.ones(10)
    assert length_controlled(ones, 5 * ones, 7 * ones) is None
    assert length_controlled(ones[:4], np.arange(4.0), ones[:4]) is None


def test_strata_go_by_the_ratio_of_lengths_and_missing_ones_are_in_none() -> None:
    lengths = [(10, 100), (70, 100), (100, 100), (150, 100), (300, 100), (300, 100)]
    judged = [
        Judgment(str(n), float(n >= 3), candidate_length=ours, reference_length=theirs)
        for n, (ours, theirs) in enumerate(lengths)
    ]
    missing = Judgment("gone", None, "failed", candidate_length=1, reference_length=1)
    effect = LengthEffect.of([*judged, missing, Judgment("lengths unknown", 1.0)])
    assert effect is not None
    assert effect.tasks == 6
    found = [(stratum.name, stratum.tasks, stratum.win_rate) for stratum in effect.strata]
    assert found == [
        ("much shorter", 1, 0.0),
        ("shorter", 1, 0.0),
        ("about as long", 1, 0.0),
        ("longer", 1, 1.0),
        ("much longer", 2, 1.0),
    ]


def test_no_lengths_no_effect() -> None:
    assert LengthEffect.of([Judgment("one", 1.0)]) is None
