"""SIGKILL at random moments, and disks that are full."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import Server
from test_openai import ask, requests, texts

from alpaca.llms.ledger import Book

KILLS = 20


def start(door: str, server: Server, folder: Path, count: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(Path(__file__).parent / "asks.py"), door, server.url, str(folder), str(count)]
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))})


def kill_at_random(door: str, server: Server, folder: Path, count: int) -> int:
    """Kill and start until `KILLS` have come while it was asking, or it is done; return how many have."""
    rng, kills = random.Random(0), 0
    for _ in range(3 * KILLS):
        before = server.stats()
        running = start(door, server, folder, count)
        while server.stats() == before and running.poll() is None:
            time.sleep(0.005)  # until it asks
        time.sleep(rng.uniform(0, 0.25))
        kills += running.poll() is None
        running.kill()
        if running.wait() == 0 or kills == KILLS:
            break
    assert start(door, server, folder, count).wait() == 0
    return kills


@pytest.mark.slow
@pytest.mark.parametrize("honours_keys", [False, True])
@pytest.mark.parametrize("door", ["openai", "openai_batch"])
def test_killed_at_random_moments(server: Server, tmp_path: Path, door: str, honours_keys: bool) -> None:
    count = 1200
    undisturbed = ask(server.door() if door == "openai" else server.batch_door(), tmp_path / "undisturbed", count)
    server.behave(latency=0.05, batch_seconds=0.2, honours_keys=honours_keys)
    kills = kill_at_random(door, server, tmp_path, count)
    assert kills == KILLS
    assert (tmp_path / "done.txt").read_text() == "\n".join(texts(undisturbed))
    given_out = dict(
        line.split(" ", 1) for line in (tmp_path / "given_out.txt").read_text().splitlines() if " " in line
    )
    with Book(tmp_path / "ledger.jsonl", None) as book:
        for identity, text in given_out.items():
            reply = book.stored(identity)
            assert reply is not None
            assert reply.text.startswith(text)  # the last line of a killed process may be cut
        assert server.usd(book_price(door)) <= book.spent_usd + book.held_usd + 1e-12
    twice = server.stats()["billed_twice"]
    print(f"{door}, honours_keys={honours_keys}: {kills} kills at work, {twice} billed twice")
    assert twice <= (0 if honours_keys or door == "openai_batch" else 8 * KILLS)


def book_price(door: str):  # type: ignore[no-untyped-def]
    from served import PRICE

    return PRICE if door == "openai" else PRICE.less(0.5)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB, where one may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", folder], capture_output=True).returncode:
        pytest.skip("no file system may be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
def test_a_full_disk_loses_no_reply_that_is_paid(server: Server, small_disk: Path) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (900 << 10))
    server.behave(latency=0.005)
    with Book(small_disk / "ledger.jsonl", None) as book, pytest.raises(OSError, match="No space left") as full:
        list(server.door().replies(requests(3000), book))
    assert full.value.errno == errno.ENOSPC
    filler.unlink()
    with Book(small_disk / "ledger.jsonl", None) as book:
        assert len(book) == server.stats()["billed"] > 10
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    assert len(ask(server.door(), small_disk, 3000)) == 3000
    assert server.stats()["billed_twice"] == 0
