from __future__ import annotations

from pathlib import Path

import pytest
from judging import Memory

from alpaca.evaluation.judgments import Judgment
from alpaca.evaluation.pairs import Answer, Desk, Pair
from alpaca.evaluation.scores import Reference, exact
from alpaca.records import Example


def test_exact_leaves_white_space_around_aside() -> None:
    assert exact(" four\n", "four")
    assert not exact("Four", "four")


@pytest.mark.parametrize(
    ("candidate", "reference", "preference"), [("4", "5", 1), ("5", "4", 0), ("4", "4", 0.5), ("6", "5", 0.5)]
)
def test_who_has_the_reference_answer_wins(candidate: str, reference: str, preference: float, tmp_path: Path) -> None:
    pair = Pair("a", Example("Add the numbers", "2 2", "4"), Answer(candidate), Answer(reference))
    judgments = Reference().judgments([pair], Desk(tmp_path, Memory(), seed=0))
    assert judgments == [Judgment("a", preference, candidate_length=1, reference_length=1, judge="reference")]
