"""Malformed rows of every kind are set aside with file and line, and what is around them is read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from alpaca.doors import text
from alpaca.doors.rows import rows
from alpaca.doors.text import CHUNK, LONGEST, JSONList, Row
from alpaca.records import BadRow, Example, read, stream

GOOD = {"instruction": "Say hi", "input": "é", "output": 'hi, {"a": [1]}, {'}
DEEP = '{"instruction": "a", "output": "b", "tree": ' + "[" * 200 + "]" * 200 + "}"
DEEPER = '{"instruction": "a", "output": "b", "tree": ' + "[" * 100_000 + "]" * 100_000 + "}"
MALFORMED = {
    "not UTF-8": b'{"instruction": "\xff\xfe", "output": "b"}',
    "Latin-1": '{"instruction": "é", "output": "b"}'.encode("latin-1"),
    "cut off": b'{"instruction": "a", "outp',
    "a quote lost": b'{"instruction": "a, "output": "b"}',
    "NaN": b'{"instruction": "a", "output": "b", "score": NaN}',
    "infinity": b'{"instruction": "a", "output": "b", "score": -Infinity}',
    "deep": DEEP.encode(),
    "deeper": DEEPER.encode(),
    "a wrong type": b'{"instruction": "a", "output": ["b"]}',
    "a missing field": b'{"instruction": "a"}',
    "a key twice": b'{"instruction": "a", "instruction": "b", "output": "c"}',
    "a null byte": b'{"instruction": "a\x00", "output": "b"}',
    "null bytes": b"\x00" * 40,
    "an escaped null": b'{"instruction": "a\\u0000", "output": "b"}',
    "half a surrogate pair": b'{"instruction": "a", "output": "\\ud83d"}',
    "a text": b'"text"',
    "a number": b"17",
    "null": b"null",
    "single quotes": b"{'instruction': 'a', 'output': 'b'}",
    "a comma too many": b'{"instruction": "a", "output": "b",}',
    "a huge number": b'{"instruction": "a", "output": "b", "id": ' + b"1" * 5000 + b"}",
    "a raw line break": b'{"instruction": "a\tb", "output": "b"}',
    "a huge row": b'{"instruction": "a", "output": "' + b"x" * LONGEST + b'"}',
    "a huge row cut off": b'{"instruction": "a", "output": "' + b"x" * LONGEST,
}


def lists(row: bytes, good: bytes) -> bytes:
    return b"[\r\n  " + good + b",\r\n  " + row + b",\r\n  " + good + b"\r\n]\r\n"


@pytest.mark.parametrize("kind", MALFORMED)
@pytest.mark.parametrize("door", ["json", "jsonl", "gz"])
def test_a_malformed_row_is_set_aside_with_its_line(tmp_path: Path, kind: str, door: str) -> None:
    path, row, good = tmp_path / "data", MALFORMED[kind], json.dumps(GOOD, ensure_ascii=False).encode()
    content = lists(row, good) if door == "json" else b"\xef\xbb\xbf" + b"\r\n".join([good, row, good, b""])
    path.write_bytes(gzip.compress(content, 1) if door == "gz" else content)
    first, bad, last = stream(path)
    assert first == last == Example("Say hi", "é", GOOD["output"])
    assert isinstance(bad, BadRow)
    assert bad.where == (f"{path}:3[1]" if door == "json" else f"{path}:2")
    assert json.dumps(bad.rejected())


@pytest.mark.parametrize("kind", sorted(set(MALFORMED) - {"a text", "a number", "null"}))
def test_a_list_that_ends_with_a_malformed_row(tmp_path: Path, kind: str) -> None:
    path, good = tmp_path / "data", json.dumps(GOOD, ensure_ascii=False).encode()
    path.write_bytes(b"[" + good + b",\n" + MALFORMED[kind] + b"]")
    first, bad = stream(path)
    assert isinstance(first, Example)
    assert isinstance(bad, BadRow)


@pytest.mark.parametrize("cut", range(1, 70, 6))
def test_a_list_that_breaks_off_gives_what_is_whole(tmp_path: Path, cut: int) -> None:
    content = json.dumps([GOOD, GOOD], ensure_ascii=False).encode()
    (tmp_path / "data").write_bytes(content[:-cut])
    first, *others = stream(tmp_path / "data")
    assert isinstance(first, Example)
    assert len([each for each in others if isinstance(each, BadRow)]) == 1


def test_a_compressed_file_that_breaks_off_gives_what_is_whole(tmp_path: Path) -> None:
    lines = [json.dumps(GOOD | {"id": number}) for number in range(20_000)]
    content = gzip.compress("\n".join(lines).encode())
    (tmp_path / "data.gz").write_bytes(content[: len(content) // 2])
    *examples, cut, bad = stream(tmp_path / "data.gz")
    assert len(examples) > 5000
    assert isinstance(cut, BadRow)
    assert isinstance(bad, BadRow)
    assert "breaks off" in bad.reason


def test_text_behind_a_list_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "data").write_text(json.dumps([GOOD]) + "\n[3]\n")
    _, bad = stream(tmp_path / "data")
    assert isinstance(bad, BadRow)
    assert bad.where.endswith(":2")


def test_a_list_longer_than_the_window_is_read_whole(tmp_path: Path) -> None:
    given = [GOOD | {"id": number, "pad": 'ü{"[' * (number % 977)} for number in range(4000)]
    path = tmp_path / "data"
    path.write_text(json.dumps(given, ensure_ascii=False, indent=1), "utf-8")
    assert path.stat().st_size > 3 * CHUNK
    read_back = list(rows(path))
    assert [row.value for row in read_back] == given
    assert [row.where for row in read_back[:2]] == [f"{path}:2[0]", f"{path}:9[1]"]
    assert all(row.problem is None for row in read_back)


def test_the_window_holds_little_of_a_long_list(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text(json.dumps([GOOD] * 200_000), "utf-8")
    with path.open("rb") as handle:
        window = JSONList(handle, path)
        longest = max(len(window.window) for _ in window.rows())
    assert longest <= 3 * CHUNK < path.stat().st_size


def test_nesting_that_is_read_can_be_written(tmp_path: Path) -> None:
    tree = '{"instruction": "a", "output": "b", "t": ' + "[" * (text.DEEPEST - 1) + "]" * (text.DEEPEST - 1) + "}"
    (tmp_path / "data").write_text(tree)
    (example,), _ = read(tmp_path / "data")
    assert json.dumps(example.row())


def test_rows_come_before_the_file_is_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b'{"instruction": "a", "output": "b"}\n' * 3)
    assert next(iter(rows(tmp_path / "data"))) == Row(f"{tmp_path}/data:1", {"instruction": "a", "output": "b"})
