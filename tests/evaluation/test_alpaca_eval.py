from __future__ import annotations

import json
from pathlib import Path

from judging import Memory

from alpaca.evaluation.alpaca_eval import write_alpaca_eval
from alpaca.evaluation.answering import Side
from alpaca.evaluation.comparison import compare
from alpaca.evaluation.judgments import Judgment, Shown
from alpaca.evaluation.pairs import Answer, Pair, task_names
from alpaca.evaluation.stored import Stored
from alpaca.llms.answers import Answers
from alpaca.records import Example

TASKS = [Example(f"Say {n}", "aloud" if n % 2 else "", "", {"dataset": "koala"}) for n in range(8)] + [
    Example("Say 0", "", "")
]
ORDERS: tuple[Shown, ...] = ("candidate", "reference")


def pairs() -> list[Pair]:
    named = zip(task_names(TASKS), TASKS, strict=True)
    return [Pair(name, task, Answer("c" * n), Answer("r" * (9 - n))) for n, (name, task) in enumerate(named)]


def judgments() -> list[Judgment]:
    """Both orders of two judges, asked twice; some fail."""
    told = []
    for n, pair in enumerate(pairs()):
        for judge in ("one", "two"):
            for first in ORDERS:
                for repeat in range(2):
                    preference = None if (n + repeat) % 5 == 0 else [0.0, 0.25, 0.5, 1.0][(n + len(judge + first)) % 4]
                    known = {"missing": "" if preference is not None else "cut", "first": first, "repeat": repeat}
                    told.append(pair.judged(preference, judge=judge, **known))
    return told


def test_a_comparison_goes_out_and_comes_in_the_same(tmp_path: Path) -> None:
    files = write_alpaca_eval(tmp_path, pairs(), judgments(), "mine", "theirs")
    assert Stored(files[2]).judgments() == {("theirs", "mine"): judgments()}
    (again,) = Stored(files[2]).judgments().values()
    assert compare(again, 0) == compare(judgments(), 0)


def test_the_fields_are_alpaca_evals(tmp_path: Path) -> None:
    outputs, references, annotations = (
        json.loads(file.read_text("utf-8"))
        for file in write_alpaca_eval(tmp_path, pairs(), judgments(), "mine", "theirs")
    )
    assert outputs[1] == {"instruction": "Say 1\n\naloud", "dataset": "koala", "output": "c", "generator": "mine"}
    assert (references[1]["output"], references[1]["generator"]) == ("r" * 8, "theirs")
    row = annotations[8]
    assert (row["output_1"], row["generator_1"], row["output_2"], row["generator_2"]) == (
        "r" * 8,
        "theirs",
        "c",
        "mine",
    )
    assert all(each["preference"] is None or 1 <= each["preference"] <= 2 for each in annotations)
    assert row["is_switched_output_1_output_2"] is True  # the candidate's answer, output_2, was shown first


def test_outputs_come_in_as_answers(tmp_path: Path) -> None:
    path = write_alpaca_eval(tmp_path, pairs(), [], "mine", "theirs")[0]
    found = Side("candidate", Answers(path), "auto").answers(TASKS, Memory())
    assert found == [pair.candidate for pair in pairs()]


def test_two_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    file = write_alpaca_eval(tmp_path, pairs(), judgments(), "same", "same")[2]
    assert list(Stored(file).judgments()) == [("same-reference", "same-candidate")]
