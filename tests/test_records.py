from __future__ import annotations

import json
from pathlib import Path

import pytest

from alpaca.errors import UserError
from alpaca.records import Example, read


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
