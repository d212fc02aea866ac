from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alpaca.errors import UserError
from alpaca.evaluation.comparison import compare
from alpaca.evaluation.judgments import Judgment
from alpaca.evaluation.stored import Stored, annotation, judgment


def row(**other: Any) -> dict[str, Any]:
    names = {"generator_1": "reference", "generator_2": "candidate", "annotator": "gpt"}
    return {"instruction": "Say hello", "output_1": "Good day", "output_2": "Hi"} | names | other


def stored(tmp_path: Path, rows: Any) -> list[Judgment]:
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps(rows), "utf-8")
    return pooled(Stored(path))


def pooled(judge: Stored) -> list[Judgment]:
    """Return the judgments of a file that compares two models."""
    (told,) = judge.judgments().values()
    return told


@pytest.mark.parametrize(("given", "preference"), [(1, 0.0), (2, 1.0), (1.5, 0.5), (0, 0.5), (1.25, 0.25), (2.0, 1.0)])
def test_preferences_are_read_as_alpaca_eval_means_them(given: float, preference: float) -> None:
    found = judgment(row(preference=given))
    assert (found.preference, found.candidate_length, found.reference_length, found.judge) == (preference, 2, 8, "gpt")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (None, "no preference"),
        (float("nan"), "no preference"),
        (-1, "the preference is not in 1 to 2"),
        (2.1, "the preference is not in 1 to 2"),
        ("2", "the preference is not a number"),
        (True, "the preference is not a number"),
    ],
)
def test_what_is_no_preference_is_missing_with_its_reason(given: Any, reason: str) -> None:
    assert (judgment(row(preference=given)).preference, judgment(row(preference=given)).missing) == (None, reason)


def test_lengths_stand_in_for_outputs(tmp_path: Path) -> None:
    rows = [{"instruction": "Say hello", "preference": 1.1, "length_1": 30, "length_2": 20}]
    assert stored(tmp_path, rows)[0].candidate_length == 20


def test_the_same_task_again_is_a_repeat(tmp_path: Path) -> None:
    found = stored(tmp_path, [row(preference=1), row(preference=2), row(preference=2, annotator="other")])
    assert [(each.judge, each.repeat) for each in found] == [("gpt", 0), ("gpt", 1), ("other", 0)]


def test_one_instruction_with_two_inputs_is_two_tasks(tmp_path: Path) -> None:
    found = stored(tmp_path, [row(preference=1, input="a"), row(preference=2, input="b"), row(preference=2, input="")])
    assert [each.task for each in found] == ["Say hello\n\na", "Say hello\n\nb", "Say hello"]
    assert [each.repeat for each in found] == [0, 0, 0]


def test_what_goes_out_comes_in_the_same(tmp_path: Path) -> None:
    told = [judgment(row(preference=value, instruction=str(value))) for value in (1, 2, 1.5, None, 1.75)]
    told += [replace(told[3], missing="no verdict", first="candidate"), replace(told[0], first="reference")]
    found = stored(tmp_path, [annotation(each) for each in told])
    assert found == told


def test_both_orders_of_a_judge_are_no_repeats(tmp_path: Path) -> None:
    rows = [row(preference=1, is_switched_output_1_output_2=switched) for switched in (True, False)]
    assert [(each.first, each.repeat) for each in stored(tmp_path, rows)] == [("candidate", 0), ("reference", 0)]


def test_several_pairs_in_several_files_are_told_apart_and_turned(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one.json", "two.json")]
    turned = row(generator_1="candidate", generator_2="reference", preference=1.75, instruction="b")
    paths[0].write_text(json.dumps([row(preference=1, instruction="a"), turned]), "utf-8")
    paths[1].write_text(json.dumps([row(preference=2, generator_2="third")]), "utf-8")
    found = Stored(paths).judgments()
    assert {models: [each.preference for each in told] for models, told in found.items()} == {
        ("reference", "candidate"): [0.0, 0.25],
        ("reference", "third"): [1.0],
    }
    assert [each.candidate_length for each in found["reference", "candidate"]] == [2, 8]


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ([], "holds no"),
        ([{"instruction": "Say hello"}], "`preference`"),
        ([["no object"]], "`preference`"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, rows: Any, line: str) -> None:
    with pytest.raises(UserError, match=line) as refusal:
        stored(tmp_path, rows)
    assert "\n" not in str(refusal.value)


@pytest.mark.real_data
def test_alpaca_evals_row_of_alpaca_7b(real_data: Path) -> None:
    """The leaderboard's own numbers; at equal length, alpaca_eval 0.6.6's `length_controlled_minimal` on the same file."""
    found = compare(pooled(Stored(real_data / "alpaca_eval_alpaca_7b_preferences.json")))
    assert 100 * found["win_rate"] == pytest.approx(2.591450540223603, abs=1e-9)
    assert 100 * found["standard_error"] == pytest.approx(0.4870855382635108, abs=1e-9)
    assert (found["wins"], found["losses"], found["ties"], found["missing"]) == (17, 785, 3, 0)
    assert 100 * found["length"]["win_rate"] == pytest.approx(19.549396078011164, abs=1e-9)
    assert found["sequential"]["settled"] == "reference"
