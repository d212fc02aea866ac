from __future__ import annotations

import numpy as np
import pytest
from judged import GOLDEN, SHAPES, judgments

from alpaca.evaluation.judgments import Judgment
from alpaca.evaluation.length import LengthEffect, length_controlled


@pytest.mark.parametrize("name", SHAPES)
def test_the_rate_at_equal_length_is_alpaca_evals(name: str) -> None:
    effect = LengthEffect.of(judgments(name))
    assert effect is not None
    assert effect.win_rate is not None
    assert effect.interval is not None
    assert 100 * effect.win_rate == pytest.approx(GOLDEN[name][5], abs=1e-9)
    assert effect.interval[0] <= effect.win_rate <= effect.interval[1]


def test_length_alone_does_not_win_at_equal_length() -> None:
    """A judge who takes the longer answer nine times in ten makes a verbose model of an equal one win, until length counts."""
    rng = np.random.default_rng(3)
    reference = rng.integers(200, 2000, 2000).astype(float)
    candidate = reference + rng.integers(-500, 1500, 2000)
    odds = 2 * np.tanh((candidate - reference) / (candidate - reference).std())
    wins = (rng.random(2000) < 1 / (1 + np.exp(-odds))).astype(float)
    controlled = length_controlled(wins, candidate, reference, float((candidate - reference).std()))
    assert wins.mean() > 0.65
    assert controlled is not None
    assert controlled[1][0] < 0.5 < controlled[1][1]


def test_lengths_that_do_not_differ_or_are_few_control_nothing() -> None:
    ones = np.ones(10)
    assert length_controlled(ones, 5 * ones, 7 * ones, 0.0) is None
    assert length_controlled(ones[:4], np.arange(4.0), ones[:4], 1.0) is None


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
