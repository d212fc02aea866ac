from __future__ import annotations

import json
from pathlib import Path

import pytest

from alpaca.errors import UserError
from alpaca.records import Conversation, Example, Turn, read, read_with_chats


def written(folder: Path, text: str) -> Path:
    path = folder / "data"
    path.write_text(text, "utf-8")
    return path


def test_reads_a_json_list_and_jsonl_alike(tmp_path: Path) -> None:
    rows = [
        {"instruction": "Say hi", "input": "", "output": "hi"},
        {"instruction": "Add", "input": "1 2", "output": "3"},
    ]
    from_json, _ = read(written(tmp_path, json.dumps(rows, indent=4)))
    from_jsonl, _ = read(written(tmp_path, "\n".join(map(json.dumps, rows)) + "\n"))
    assert from_json == from_jsonl == [Example("Say hi", "", "hi"), Example("Add", "1 2", "3")]


def test_each_instance_of_a_seed_task_is_an_example(tmp_path: Path) -> None:
    row = {
        "id": "s1",
        "instruction": "Add",
        "instances": [{"input": "1 2", "output": "3"}, {"input": "2 2", "output": "4"}],
    }
    examples, bad = read(written(tmp_path, json.dumps(row)))
    assert [(e.input, e.output, e.about) for e in examples] == [("1 2", "3", {"id": "s1"}), ("2 2", "4", {"id": "s1"})]
    assert not bad


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("{", "Expecting"),
        ("[1]", "object"),
        ('{"input": "x", "output": "y"}', "`instruction` is missing"),
        ('{"instruction": " ", "output": "y"}', "`instruction` is empty"),
        ('{"instruction": "a"}', "`output` is missing"),
        ('{"instruction": "a", "output": 3}', "`output` is not a text but int"),
        ('{"instruction": "a", "instances": []}', "`instances`"),
        ('{"instruction": "a", "output": "\\ud83d"}', "surrogate"),
        ('{"instruction": "a", "output": "\\u0000"}', "null character"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_place_and_reason(tmp_path: Path, row: str, reason: str) -> None:
    good = '{"instruction": "Say hi", "output": "hi"}'
    path = written(tmp_path, f"{good}\n{row}\n")
    examples, (bad,) = read(path)
    assert examples == [Example("Say hi", "", "hi")]
    assert bad.where == f"{path}:2"
    assert reason in bad.reason


@pytest.mark.parametrize("text", ["", "[]", "[{]", '{"instruction": "a"}\n'])
def test_a_file_without_a_usable_example_is_the_users_mistake(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match="data"):
        read(written(tmp_path, text))


def test_a_file_that_is_no_text_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not UTF-8"):
        read(tmp_path / "data")
    with pytest.raises(UserError, match="cannot read"):
        read(tmp_path / "nothing")


CHAT = '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}], "id": 1}'


def test_chats_and_examples_are_read_from_one_file(tmp_path: Path) -> None:
    path = written(tmp_path, f'{CHAT}\n{{"instruction": "Say hi", "output": "hi"}}\n')
    (chat, example), bad = read_with_chats(path)
    assert chat == Conversation((Turn("user", "Hi"), Turn("assistant", "Ho")))
    assert isinstance(chat, Conversation)
    assert (chat.about, chat.where) == ({"id": 1}, f"{path}:1")
    assert chat.messages() == json.loads(CHAT)["messages"]
    assert example == Example("Say hi", "", "hi")
    assert not bad


def test_a_question_and_its_answer_are_an_example_where_examples_are_wanted(tmp_path: Path) -> None:
    system = '{"messages": [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}'
    examples, _ = read(written(tmp_path, f"{CHAT}\n{system}\n"))
    assert examples == [Example("Hi", "", "Ho"), Example("Hi", "", "Ho")]
    assert [example.about for example in examples] == [{"id": 1}, {"system": "Be brief"}]


@pytest.mark.parametrize(
    ("roles", "reason"),
    [
        (["user", "assistant", "user", "assistant"], "a chat of 4 turns"),
        (["assistant"], "a chat of 1 turns"),
        (["user", "assistant", "user"], "a chat of 3 turns"),
    ],
)
def test_any_other_chat_is_a_bad_row_there(tmp_path: Path, roles: list[str], reason: str) -> None:
    row = json.dumps({"messages": [{"role": role, "content": "x"} for role in roles]})
    examples, (bad,) = read(written(tmp_path, f'{row}\n{{"instruction": "a", "output": "b", "messages": 3}}\n'))
    assert examples == [Example("a", "", "b")]
    assert reason in bad.reason


def test_an_input_of_null_is_none(tmp_path: Path) -> None:
    examples, _ = read(written(tmp_path, '{"instruction": "a", "input": null, "output": "b"}'))
    assert examples == [Example("a", "", "b")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"messages": "Hi"}, "`messages` is not a list"),
        ({"messages": [{"role": "user", "content": "Hi"}]}, "no turn of the assistant"),
        ({"messages": []}, "no turn of the assistant"),
        ({"messages": [{"role": "tool", "content": "Hi"}]}, "`role` is 'tool'; known are system, user, assistant"),
        ({"messages": [{"content": "Hi"}]}, "`role` is missing"),
        ({"messages": [{"role": "assistant"}]}, "`content` is missing"),
        ({"messages": [{"role": "assistant", "content": " "}]}, "`content` of a turn of the assistant is empty"),
        ([1], "must be an object"),
    ],
)
def test_a_bad_chat_is_set_aside_with_its_reason(tmp_path: Path, row: object, reason: str) -> None:
    records, (bad,) = read_with_chats(written(tmp_path, f"{CHAT}\n{json.dumps(row)}\n"))
    assert len(records) == 1
    assert reason in bad.reason
