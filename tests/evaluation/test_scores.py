from __future__ import annotations

import pytest

from alpaca.evaluation.scores import Reference, exact
from alpaca.records import Example


def test_exact_leaves_white_space_around_aside() -> None:
    assert exact(" four\n", "four")
    assert not exact("Four", "four")


@pytest.mark.parametrize(
    ("candidate", "reference", "verdict"), [("4", "5", "win"), ("5", "4", "loss"), ("4", "4", "tie"), ("6", "5", "tie")]
)
def test_who_has_the_reference_answer_wins(candidate: str, reference: str, verdict: str) -> None:
    assert Reference().judge(Example("Add the numbers", "2 2", "4"), candidate, reference) == verdict
