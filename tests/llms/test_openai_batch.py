from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from served import PRICE, Server
from test_openai import ask, requests, texts

from alpaca.errors import Stopped, UserError
from alpaca.llms.ledger import Book


def test_a_batch_says_what_single_requests_say_at_half_the_price(server: Server, tmp_path: Path) -> None:
    single = ask(server.door(), tmp_path / "single", 50)
    batched = ask(server.batch_door(), tmp_path / "batched", 50)
    assert texts(batched) == texts(single)
    assert sum(reply.usd for reply in batched) == pytest.approx(0.5 * sum(reply.usd for reply in single))
    assert (server.stats()["batches"], server.stats()["uploads"]) == (3, 3)
    assert ask(server.door(), tmp_path / "batched", 50) == batched  # the same ledger serves both


def test_lines_that_fail_or_expire_are_asked_again(server: Server, tmp_path: Path) -> None:
    server.behave(batch_failed=0.2, batch_expired=0.2)
    with Book(tmp_path / "ledger.jsonl", None) as book:
        replies = list(server.batch_door().replies(requests(40), book))
        assert len(replies) == 40
        assert book.held_usd == 0
    stats = server.stats()
    assert stats["batches"] > 2
    assert stats["billed"] == 40


def test_a_server_that_fails_each_line_ends_it(server: Server, tmp_path: Path) -> None:
    server.behave(batch_failed=1.0)
    with pytest.raises(Stopped, match="failed in 2 batches in a row"):
        ask(server.batch_door(attempts=2), tmp_path, 5)


class Killed(Exception):
    """The process's end at some moment."""


class DyingBook(Book):
    """A ledger whose process ends before the given store."""

    def store(self, replies: Any) -> None:
        raise Killed


def test_a_killed_run_goes_on_without_uploading_twice(server: Server, tmp_path: Path) -> None:
    with DyingBook(tmp_path / "ledger.jsonl", None) as book, pytest.raises(Killed):
        list(server.batch_door().replies(requests(15), book))
    with Book(tmp_path / "ledger.jsonl", None) as book:
        assert book.held_usd > 0
        assert len(list(server.batch_door().replies(requests(15), book))) == 15
        assert book.held_usd == 0
    stats = server.stats()
    assert (stats["uploads"], stats["batches"], stats["billed"]) == (1, 1, 15)


def test_another_runs_batches_are_left_to_it(server: Server, tmp_path: Path) -> None:
    with DyingBook(tmp_path / "one.jsonl", None) as one, pytest.raises(Killed):
        list(server.batch_door().replies(requests(15), one))
    for name in ("two", "one"):
        with Book(tmp_path / f"{name}.jsonl", None) as book:
            assert len(list(server.batch_door().replies(requests(15), book))) == 15
            assert book.spent_usd == pytest.approx(0.5 * server.usd(PRICE.less(0.5)))
    assert server.stats()["batches"] == 2


def test_a_file_without_its_batch_is_not_uploaded_again(server: Server, tmp_path: Path) -> None:
    server.behave(quota=0)
    with pytest.raises(Stopped, match="no quota"):
        ask(server.batch_door(), tmp_path, 5)
    assert server.stats()["uploads"] == 1
    server.behave(seed=-1)
    assert len(ask(server.batch_door(), tmp_path, 5)) == 5
    assert "uploads" not in server.stats()


def test_the_budget_holds_and_a_larger_one_goes_on(server: Server, tmp_path: Path) -> None:
    budget = 0.002
    with pytest.raises(Stopped, match="budget"):
        ask(server.batch_door(), tmp_path, 60, budget)
    spent = server.usd(PRICE.less(0.5))
    assert 0.5 * budget < spent <= budget
    assert len(ask(server.batch_door(), tmp_path, 60, 1.0)) == 60
    assert server.stats()["billed_twice"] == 0


def test_a_bad_key_is_one_line(server: Server, tmp_path: Path) -> None:
    server.behave(key="another")
    with pytest.raises(UserError, match=r"refuses the key in \$TEST_KEY"):
        ask(server.batch_door(), tmp_path, 5)
