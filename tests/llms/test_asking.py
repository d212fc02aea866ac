from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaca.errors import Stopped
from alpaca.llms.asking import Asked, Asking, in_order
from alpaca.llms.ledger import Book
from alpaca.llms.pace import Pace
from alpaca.llms.price import Price
from alpaca.llms.request import Reply, Request
from alpaca.llms.wire import Answer, Passing

PRICE = Price(2.0, 6.0)
LIMIT = 100


@dataclass
class Provider:
    """Answers with some tokens, fails in every way there is, and bills what it wrote even where nobody gets it."""

    seed: int
    faults: float
    billed: list[float] = field(default_factory=list)
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    async def send(self, asked: Asked) -> Answer | Passing:
        await asyncio.sleep(self.rng.random() * 0.001)
        if self.rng.random() < self.faults / 2:
            return Passing("HTTP 429", 0.001, crowded=True)
        tokens = self.rng.randint(1, asked.most[0]), self.rng.randint(0, LIMIT)
        self.billed.append(PRICE.of(*tokens))
        if self.rng.random() < self.faults:
            return Passing("reset", dark=True)
        return Answer("text", "stop", "m", *tokens)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        yield self.send


def prepare(request: Request, identity: str) -> Asked:
    most = (50 + request.number % 7, LIMIT)
    return Asked(request.number, identity, b"", most, PRICE.of(*most))


@contextmanager
def asked(provider: Provider, book: Book, count: int, concurrency: int, attempts: int) -> Iterator[Iterator[Reply]]:
    asking = Asking(provider.open, Pace(concurrency, None, None), PRICE, book, attempts, first_delay=0.0005)
    requests = (Request(number, "x") for number in range(count))
    replies = in_order(requests, {"model": "m"}, 2 * concurrency, book, asking, prepare)
    yield replies
    replies.close()  # type: ignore[attr-defined]


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 10**6),
    st.floats(0.0, 0.3),
    st.integers(1, 20),
    st.lists(st.floats(0.0, 0.012), min_size=1, max_size=3),
    st.integers(0, 30),
)
def test_never_a_cent_over_the_budget(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    faults: float,
    concurrency: int,
    budgets: list[float],
    left_after: int,
) -> None:
    """Runs that fail in all ways, are left in the middle, and go on under other budgets."""
    path = tmp_path_factory.mktemp("money") / "ledger.jsonl"
    provider = Provider(seed, faults)
    for budget in sorted(budgets):
        with Book(path, budget) as book, asked(provider, book, 40, concurrency, 20) as replies:
            try:
                for number, _ in enumerate(replies):
                    if number == left_after:
                        break
            except Stopped:
                assert book.spent_usd + book.held_usd + PRICE.of(57, LIMIT) > budget
            assert sum(provider.billed) <= book.spent_usd + book.held_usd + 1e-12
            assert sum(provider.billed) <= budget + 1e-12


def test_the_same_ledger_gives_the_same_replies(tmp_path: Path) -> None:
    provider = Provider(1, 0.2)
    with Book(tmp_path / "ledger.jsonl", None) as book:
        with asked(provider, book, 50, 8, 20) as replies:
            first = list(replies)
        billed = len(provider.billed)
        with asked(provider, book, 50, 3, 20) as replies:
            assert list(replies) == first
    assert len(provider.billed) == billed


def test_a_bug_in_a_request_is_raised_where_its_reply_is_awaited(tmp_path: Path) -> None:
    class Broken(Provider):
        async def send(self, asked: Asked) -> Answer | Passing:
            raise ZeroDivisionError

    with (
        Book(tmp_path / "ledger.jsonl", None) as book,
        asked(Broken(0, 0), book, 3, 2, 2) as replies,
        pytest.raises(ZeroDivisionError),
    ):
        next(replies)


def test_the_first_failure_is_told_and_silence_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Silent(Provider):
        async def send(self, asked: Asked) -> Answer | Passing:
            if len(self.billed) < 6:
                self.billed.append(0.0)
                return Passing("HTTP 500: overloaded")
            while not any("no reply for" in line for line in caplog.messages):
                await asyncio.sleep(0.001)
            return Answer("text", "stop", "m", 1, 1)

    caplog.set_level(logging.INFO, "alpaca")
    provider = Silent(0, 0)
    with Book(tmp_path / "ledger.jsonl", None) as book:
        asking = Asking(provider.open, Pace(3, None, None), PRICE, book, 3, first_delay=0.0001, quiet=0.3)
        requests = (Request(number, "x") for number in range(3))
        assert len(list(in_order(requests, {"model": "m"}, 3, book, asking, prepare))) == 3
    assert caplog.messages.count("HTTP 500: overloaded; attempt 2 of 3 follows") == 1
    assert "no reply for 0.3 s; requests on their way: 3, to be sent: 0" in caplog.messages
