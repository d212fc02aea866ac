"""A file of events that something other than a kill has been at."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from alpaca.errors import UserError
from alpaca.events import Events

TOLD = [{"said": number} for number in range(10)]


def write(path: Path) -> list[bytes]:
    """Write some events; return the lines."""
    events = Events(path)
    events.append(TOLD)
    events.close()
    return path.read_bytes().splitlines(keepends=True)


def read(path: Path, *more: dict[str, Any]) -> list[dict[str, Any]]:
    events = Events(path)
    try:
        found = [event for event, _ in events.events()]
        events.append(more)
        return found
    finally:
        events.close()


@pytest.mark.parametrize("torn", [b"", b"\0" * 99, b"0123", b"01234567", b"01234567 ", b'01234567 {"a": ', b"1\0\0"])
def test_a_last_line_that_a_kill_has_torn_is_nothing_to_tell(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, torn: bytes
) -> None:
    for whole in ([], TOLD):
        path = tmp_path / f"{len(whole)}.jsonl"
        path.write_bytes((b"".join(write(path)) if whole else b"") + torn)
        assert read(path) == whole
    assert not caplog.text
    assert len(list(tmp_path.iterdir())) == 2


def test_damaged_lines_are_told_of_once_and_copied(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "ledger.jsonl"
    lines = write(path)
    for number in (2, 3, 9):
        lines[number] = lines[number].replace(b"said", b"sa\xffd")
    path.write_bytes(b"".join(lines))
    whole = [event for number, event in enumerate(TOLD) if number not in (2, 3, 9)]
    assert read(path, {"said": "more"}) == whole
    assert [(record.levelno, record.getMessage().count("3 of its lines")) for record in caplog.records] == [
        (logging.WARNING, 1)
    ]
    assert (tmp_path / "ledger.jsonl.damaged").read_bytes() == b"".join(lines)
    caplog.clear()
    assert read(path) == [*whole, {"said": "more"}]
    assert not caplog.text
    path.write_bytes(b"foreign\n" + path.read_bytes())
    assert read(path) == [*whole, {"said": "more"}]
    assert sorted(file.name for file in tmp_path.glob("*.damaged*")) == [
        "ledger.jsonl.damaged",
        "ledger.jsonl.damaged.2",
    ]


@pytest.mark.parametrize("content", [b"not mine", b"not mine\n", b"\x00\xff\n\x01", b'{"reply": 1}\n'])
def test_a_file_without_a_whole_line_is_refused_and_left(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(content)
    for _ in range(2):  # the file is not held
        with pytest.raises(UserError, match="has no whole line"):
            list(Events(path).events())
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]
