from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from judging import Memory

from alpaca.errors import UserError
from alpaca.evaluation.answering import Side
from alpaca.llms.answers import Answers
from alpaca.llms.request import Request
from alpaca.records import Example, read

TASK = Example("Add the numbers.", "2 and 3", "")


def answers(folder: Path, rows: list[Any]) -> Answers:
    path = folder / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return Answers(path)


def given(folder: Path, rows: list[Any], tasks: list[Example]) -> list[str]:
    return [answer.text for answer in Side("candidate", answers(folder, rows), "auto").answers(tasks, Memory())]


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "Add the numbers.", "input": "2 and 3", "output": "5"},
        {"instruction": "Add the numbers.\n", "input": " 2 and 3", "response": " 5", "target": "6"},
        {"instruction": "Add the numbers.", "input": "2 and 3", "response": {"choices": [{"text": "\n5"}]}},
        {"instruction": "Add the numbers.\n\n2 and 3", "output": "5", "generator": "some-model"},
        {"instruction": "Add the numbers.", "instances": [{"input": "2 and 3", "output": "5"}]},
        {
            "messages": [
                {"role": "user", "content": "Add the numbers.\n\n2 and 3"},
                {"role": "assistant", "content": "5"},
            ]
        },
    ],
)
def test_every_known_form_of_an_answer_is_found(row: dict[str, Any], tmp_path: Path) -> None:
    assert given(tmp_path, [{"instruction": "Add", "output": "9"}, row], [TASK]) == ["5"]


def test_tasks_that_differ_in_white_space_have_their_own_answers(tmp_path: Path) -> None:
    tasks = [Example("Format", text, "") for text in ("if a:\n  b", "if a: b")]
    rows = [{"instruction": "Format", "input": task.input, "output": str(n)} for n, task in enumerate(tasks)]
    assert given(tmp_path, rows[::-1], tasks) == ["0", "1"]


def test_a_task_that_is_there_twice_has_its_answers_in_turn(tmp_path: Path) -> None:
    rows = [{"instruction": "Say hello", "output": text} for text in ("a", "b")]
    assert given(tmp_path, rows, [Example("Say hello", "", "")] * 3) == ["a", "b", "b"]


@pytest.mark.parametrize("output", [None, 5])
def test_what_has_no_answer_is_told_before_anything_is_asked(output: Any, tmp_path: Path) -> None:
    llm = answers(
        tmp_path, [{"instruction": "Say hello", "output": ""}, {"instruction": TASK.instruction, "output": output}]
    )
    tasks = [Example("Say hello", "", ""), TASK, Example("Sing", "", "")]
    with pytest.raises(
        UserError, match=r"no answer to 2 of 3 tasks \(1 of its rows cannot be read\), first to `Add the"
    ) as told:
        Side("candidate", llm, "auto").foretell(tasks, Memory())
    assert "\n" not in str(told.value)
    Side("candidate", llm, "auto").foretell(tasks[:1], Memory())  # an empty answer is one


def test_a_prompt_that_is_no_task_is_refused(tmp_path: Path) -> None:
    llm = answers(tmp_path, [{"instruction": "Say hello", "output": "Hi"}])
    with pytest.raises(UserError, match="completes no other text"):
        list(llm.replies([Request(0, "Say hello")], Memory()))


def test_the_files_model_names_it_and_two_are_refused(tmp_path: Path) -> None:
    rows = [{"instruction": str(n), "output": "x", "generator": f"model-{n}"} for n in range(2)]
    assert answers(tmp_path, rows[:1]).settings["model"] == "model-0"
    assert answers(tmp_path, [{"instruction": "a", "output": "b"}]).settings["model"] == "mine"
    with pytest.raises(UserError, match="the answers of 2 models"):
        _ = answers(tmp_path, rows).settings


@pytest.mark.real_data
@pytest.mark.parametrize(
    "name",
    ["user_oriented_text_davinci_003.jsonl", "user_oriented_davinci_self_instruct.jsonl", "alpaca_eval_alpaca_7b.json"],
)
def test_the_published_answers_to_the_252_are_found(name: str, real_data: Path) -> None:
    tasks, _ = read(real_data / "self_instruct_user_oriented.jsonl")
    found = Side("candidate", Answers(real_data / name), "auto").answers(tasks, Memory())
    assert len(found) == 252
    assert all(answer.text for answer in found)
