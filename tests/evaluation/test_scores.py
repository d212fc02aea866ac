from __future__ import annotations

from pathlib import Path

import pytest
from judging import Memory
from rouge_score import rouge_scorer

from alpaca.evaluation.judgments import Judgment
from alpaca.evaluation.pairs import Answer, Desk, Pair
from alpaca.evaluation.scores import Reference, Score, computed, exact, rouge_l
from alpaca.records import Example


def test_exact_leaves_white_space_around_aside() -> None:
    assert exact(" four\n", "four")
    assert not exact("Four", "four")


@pytest.mark.parametrize(
    ("answer", "reference", "same"),
    [
        ("12 and 5 is 17, so the answer is 17.", "17", True),
        ("The total is $1,234.50", "1234.5", True),
        ("It is 17, or 18", "17", False),
        ("seventeen", "17", False),
        ("-3", "3", False),
        ("It is about 40 %", "40%", True),
        ("Red, green; blue.", "red green blue", True),
        ("Red and green", "red green", False),
        ("", "", True),
    ],
)
def test_computed_answers_are_compared_by_value(answer: str, reference: str, same: bool) -> None:
    assert computed(answer, reference) is same


@pytest.mark.parametrize(
    ("answer", "reference"),
    [("the cat sat on a mat", "The cat, sat: on the mat!"), ("", "a b"), ("b a", "a b"), ("Zoë 12", "zo 12 x")],
)
def test_rouge_l_is_rouge_scores(answer: str, reference: str) -> None:
    theirs = rouge_scorer.RougeScorer(["rougeL"]).score(reference, answer)["rougeL"].fmeasure
    assert rouge_l(answer, reference) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize(
    ("score", "candidate", "reference", "preference"),
    [
        ("exact", "4", "5", 1),
        ("exact", "5", "4", 0),
        ("exact", "4", "4", 0.5),
        ("exact", "6", "5", 0.5),
        ("computed", "It is 4.", "4 or 5", 1),
        ("rouge_l", "about 4 of them", "4 of", 0),
        ("rouge_l", "4 4", "4 5", 0.5),
    ],
)
def test_who_is_nearer_to_the_reference_answer_wins(
    score: Score, candidate: str, reference: str, preference: float, tmp_path: Path
) -> None:
    pair = Pair("a", Example("Add the numbers", "2 2", "4"), Answer(candidate), Answer(reference))
    judgments = Reference(score).judgments([pair], Desk(tmp_path, Memory(), seed=0))
    lengths = {"candidate_length": len(candidate), "reference_length": len(reference)}
    judge = "reference" if score == "exact" else f"reference, {score}"
    assert judgments == [Judgment("a", preference, judge=judge, **lengths)]
