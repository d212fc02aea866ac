from __future__ import annotations

import numpy as np
import pytest

from alpaca.evaluation.intervals import sign_test
from alpaca.evaluation.power import detectable_rate, detectable_share, tasks_needed


def test_alpacas_252_tasks_could_not_tell_less_than_nine_points() -> None:
    assert detectable_rate(252) == pytest.approx(0.5882, abs=1e-4)
    assert detectable_rate(252, deviation=0.25) == pytest.approx(0.5441, abs=1e-4)


def test_tasks_needed_is_the_other_way_around() -> None:
    assert tasks_needed(detectable_rate(252)) in (252, 253)
    assert tasks_needed(0.51) == 19623
    assert tasks_needed(0.4) == tasks_needed(0.6)


def test_the_share_that_the_sign_test_finds_is_found_four_times_in_five() -> None:
    share = detectable_share(179)
    assert share is not None
    wins = np.random.default_rng(0).binomial(179, share, 4000)
    assert np.mean([sign_test(int(w), 179 - int(w)) <= 0.05 for w in wins]) == pytest.approx(0.8, abs=0.03)


def test_few_decided_tasks_can_show_nothing() -> None:
    assert detectable_share(5) is None
    assert detectable_share(0) is None
    assert detectable_share(6) == pytest.approx(0.8 ** (1 / 6))
