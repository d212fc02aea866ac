from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import zlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaca.errors import UserError
from alpaca.llms.ledger import Book, ledger_path, opened
from alpaca.llms.request import Reply
from alpaca.manifest import Outcome, begin, end


def reply(name: str, text: str = "text", usd: float = 0.5) -> Reply:
    return Reply(name, text, "stop", "m-1", 3, 4, usd)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(st.characters()), min_size=1, max_size=8), st.data())
def test_what_is_torn_anywhere_is_left_out_and_the_rest_kept(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    replies = [reply(str(number), text) for number, text in enumerate(texts)]
    ends = []
    with Book(path, None) as book:
        for each in replies:
            book.store([each])
            ends.append(book._log.end)
    cut = data.draw(st.integers(0, ends[-1]))
    path.write_bytes(path.read_bytes()[:cut] + data.draw(st.sampled_from([b"", b"\0" * 99])))
    whole = sum(end <= cut for end in ends)
    with Book(path, None) as book:
        assert [book.stored(each.identity) for each in replies] == replies[:whole] + [None] * (len(texts) - whole)
        book.store([reply("new")])
    with Book(path, None) as book:
        assert len(book) == whole + 1
        assert book.spent_usd == 0.5 * (whole + 1)


def test_what_is_held_outlives_the_process_until_it_is_stored_or_released(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with Book(path, 10) as book:
        assert book.reserve("a", 4, 0)
        assert book.reserve("b", 5, 0)
        assert not book.reserve("c", 2, 0)
        book.release("b")
        assert book.reserve("c", 2, 0)
        book.store([reply("c", usd=1)])
    with Book(path, 10) as book:
        assert (book.spent_usd, book.held_usd) == (1, 4)
        assert not book.reserve("a", 6, 0)
        assert book.reserve("a", 4, 0)  # asked again, and perhaps paid twice
        book.store([reply("a", usd=3)])
        assert (book.spent_usd, book.held_usd) == (4, 4)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with Book(path, None), pytest.raises(UserError, match="another process writes"):
        Book(path, None)
    with Book(path, None):
        pass


def test_it_lies_beside_the_stage(tmp_path: Path) -> None:
    assert ledger_path(tmp_path / "run" / "generate") == tmp_path / "run" / "generate.ledger.jsonl"
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        Book(tmp_path / "file" / "ledger.jsonl", None)


FULL = """
import resource, sys, errno
from alpaca.llms.ledger import Book
from alpaca.llms.request import Reply
from alpaca.manifest import Outcome, begin, end
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, 3 << 20))
with Book(__import__("pathlib").Path(sys.argv[1]), None) as book:
    number = 0
    while True:
        try:
            book.reserve(str(number), 0.0, 1 << 18)
        except OSError as problem:
            print(number, errno.errorcode[problem.errno])
            break
        book.store([Reply(str(number), "x" * 100_000, "stop", "m", 1, 1, 0.0)])
        number += 1
"""


def test_a_full_disk_is_found_out_before_a_reply_could_be_lost(tmp_path: Path) -> None:
    """A limit on the file's size stands for the end of the disk."""
    path = tmp_path / "ledger.jsonl"
    done = subprocess.run([sys.executable, "-c", FULL, path], capture_output=True, text=True, check=True)
    stored, problem = done.stdout.split()
    assert problem == errno.errorcode[errno.EFBIG]
    with Book(path, None) as book:
        assert len(book) == int(stored) > 10
    assert path.stat().st_size < 3 << 20
    assert os.access(path, os.R_OK)


def test_replies_of_before_probabilities_were_kept_are_read(tmp_path: Path) -> None:
    path, old = tmp_path / "ledger.jsonl", vars(reply("a"))
    content = json.dumps({"reply": {key: value for key, value in old.items() if key != "likely"}}).encode()
    path.write_bytes(b"%08x %s\n" % (zlib.crc32(content), content))
    told = replace(reply("b"), likely=[{"A": -0.1}])
    with Book(path, None) as book:
        assert book.stored("a") == reply("a")
        book.store([told])
    with Book(path, None) as book:
        assert book.stored("b") == told


def test_a_ledger_that_is_gone_is_missed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "run" / "generate"

    def pay(config: dict[str, int], paid: list[Reply], finishes: bool) -> str:
        """Run a stage; return what it said."""
        caplog.clear()
        with begin(folder, config, []) as hashes, opened(folder, None) as book:
            book.store(paid)
        if finishes:
            end(folder, config, hashes, Outcome({"usd": book.spent_usd}), 0.0)
        return caplog.text

    assert not pay({"a": 1}, [reply("a", usd=0.75)], finishes=False)
    assert not pay({"a": 1}, [], finishes=False)
    ledger_path(folder).unlink()
    assert "tells of $0.0000, and " in (told := pay({"a": 1}, [], finishes=False))
    assert "run/generate/started.json of $0.7500" in told
    pay({"a": 1}, [reply("a", usd=0.75)], finishes=True)
    assert not pay({"a": 2}, [], finishes=False)
    ledger_path(folder).write_bytes(b"")
    assert "run/generate.previous/manifest.json of $0.7500" in pay({"a": 3}, [], finishes=False)


@pytest.mark.parametrize(("ends", "left"), [("release", False), ("hold", True), ("store", True)])
def test_a_mistake_leaves_no_empty_ledger(tmp_path: Path, ends: str, left: bool) -> None:
    folder = tmp_path / "run" / "generate"
    with suppress(UserError), opened(folder, None) as book:
        book.reserve("a", 1.0, 0)
        if ends == "release":
            book.release("a")
        if ends == "store":
            book.store([reply("a")])
        raise UserError
    assert ledger_path(folder).exists() == left
