from __future__ import annotations

import json

from alpaca.evaluation.comparison import compare
from alpaca.evaluation.judgments import Judgment


def test_what_cannot_be_measured_is_null() -> None:
    found = compare(
        [Judgment("one", None, "cut off"), Judgment("two", None, "cut off"), Judgment("three", None, "refused")]
    )
    assert found["missing_reasons"] == {"cut off": 2, "refused": 1}
    unmeasured = ("win_rate", "interval", "position", "length", "noise", "agreement")
    assert [found[key] for key in unmeasured] == [None] * 6
    assert (found["judgments"], found["tasks"], found["missing"]) == (3, 0, 3)


def test_everything_that_can_be_measured_is_there_and_is_json() -> None:
    judged = [
        Judgment(str(task), float((task + order) % 3 > 0), "", first, 100 + task, 90, judge, repeat)
        for task in range(20)
        for order, first in enumerate(("candidate", "reference"))
        for judge in ("anna", "bert")
        for repeat in range(2)
    ]
    found = compare(judged)
    assert (found["tasks"], found["judgments"]) == (20, 160)
    for key in ("position", "length", "noise", "agreement", "detectable", "sequential"):
        assert found[key], key
    json.dumps(found, allow_nan=False)
    assert found == compare(judged, seed=0)


def test_one_judgment_is_enough_to_say_something() -> None:
    json.dumps(compare([Judgment("one", 1.0, candidate_length=3, reference_length=2)]), allow_nan=False)
