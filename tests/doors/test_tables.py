from __future__ import annotations

import datetime
import json
import math
import os
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from alpaca.doors.rows import rows
from alpaca.errors import UserError
from alpaca.records import BadRow, Conversation, Example, read, read_with_chats, stream

ROWS = [
    {"instruction": "Say hi", "input": None, "output": "hi", "score": math.nan, "on": datetime.date(2024, 1, 2)},
    {"instruction": "Add", "input": "1 2", "output": None, "score": 2.0, "on": None},
    {"instruction": "Sing", "input": "", "output": "la", "score": 3.0, "on": None},
]


def test_parquet_is_read_with_null_for_what_json_has_not(tmp_path: Path) -> None:
    parquet.write_table(pyarrow.Table.from_pylist(ROWS), tmp_path / "data")
    examples, (bad,) = read(tmp_path / "data")
    assert examples == [Example("Say hi", "", "hi"), Example("Sing", "", "la")]
    assert json.dumps(examples[0].about) == '{"score": null, "on": "2024-01-02"}'
    assert (bad.where, bad.reason) == (f"{tmp_path}/data[1]", "`output` is missing")


def test_chats_in_parquet_are_chats(tmp_path: Path) -> None:
    chat = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}
    parquet.write_table(pyarrow.Table.from_pylist([chat]), tmp_path / "data")
    assert read(tmp_path / "data")[0] == [Example("Hi", "", "Ho")]
    assert isinstance(read_with_chats(tmp_path / "data")[0][0], Conversation)


def test_a_text_that_is_not_utf8_is_one_bad_row(tmp_path: Path) -> None:
    texts = pyarrow.array([b"a", b"\xff", b"c"]).view(pyarrow.string())
    parquet.write_table(pyarrow.table({"instruction": texts, "output": ["x", "y", "z"]}), tmp_path / "data")
    found = list(stream(tmp_path / "data"))
    assert [isinstance(each, BadRow) for each in found] == [False, True, False]


def test_a_damaged_row_group_is_passed_over(tmp_path: Path) -> None:
    table = pyarrow.table({"instruction": [f"Task {n}" for n in range(30)], "output": ["x"] * 30})
    parquet.write_table(table, tmp_path / "data", row_group_size=10, compression="gzip", use_dictionary=False)
    content = bytearray((tmp_path / "data").read_bytes())
    start = parquet.ParquetFile(tmp_path / "data").metadata.row_group(1).column(0).data_page_offset
    content[start + 30 : start + 60] = b"\xa5" * 30
    (tmp_path / "data").write_bytes(content)
    found = list(stream(tmp_path / "data"))
    assert len([each for each in found if isinstance(each, Example)]) == 20
    (bad,) = (each for each in found if isinstance(each, BadRow))
    assert bad.where == f"{tmp_path}/data[10]"


def test_parquet_cut_off_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(UserError, match="not a whole Parquet file"):
        list(rows(tmp_path / "data"))


def test_a_folder_is_its_files_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text('[{"n": 2}]')
    (tmp_path / "a.jsonl").write_text('{"n": 1}')
    (tmp_path / "README.md").write_text("nothing")
    parquet.write_table(pyarrow.Table.from_pylist([{"n": 3}]), tmp_path / "c.parquet")
    assert [row.value for row in rows(tmp_path)] == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_what_is_hidden_in_a_folder_is_no_data(tmp_path: Path) -> None:
    for name in (".git/a.json", "b/.cache/c.jsonl", ".d.jsonl", "e.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('{"instruction": "x", "output": "y"}\n', "utf-8")
    assert [row.where for row in rows(tmp_path)] == [f"{tmp_path / 'e.jsonl'}:1"]


def test_a_pipe_is_refused_with_a_reason() -> None:
    read_end, write_end = os.pipe()
    os.close(write_end)
    with pytest.raises(UserError, match=r"cannot read /dev/fd/.*not seekable"):
        list(rows(Path(f"/dev/fd/{read_end}")))
    os.close(read_end)


def test_a_folder_without_data_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no data"):
        list(rows(tmp_path))


def test_a_folder_of_several_splits_names_one(tmp_path: Path) -> None:
    import datasets

    split = datasets.Dataset.from_list([{"instruction": "a", "output": "b"}])
    datasets.DatasetDict({"train": split, "test": split}).save_to_disk(str(tmp_path / "data"))
    with pytest.raises(UserError, match=r"several splits; give one, such as .*/train"):
        list(rows(tmp_path / "data"))
    assert read(tmp_path / "data" / "test")[0] == [Example("a", "", "b")]
