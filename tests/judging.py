"""A judge that is none, and a ledger in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from alpaca.errors import Stopped
from alpaca.llms.request import Forecast, Ledger, Reply, Request


class Memory:
    """A ledger that forgets when the test ends."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.held_usd = 0.0
        self.budget_usd: float | None = None

    @property
    def spent_usd(self) -> float:
        return sum(reply.usd for reply in self.replies.values())

    def stored(self, identity: str) -> Reply | None:
        return self.replies.get(identity)

    def reserve(self, identity: str, usd: float, room: int) -> bool:
        return True

    def release(self, identity: str) -> None: ...

    def store(self, replies: Sequence[Reply]) -> None:
        self.replies |= {reply.identity: reply for reply in replies}


class FakeJudge:
    """Gives the scores that a task's text holds, a few requests ahead of the replies; stops after so many."""

    settings: Mapping[str, Any] = {"model": "fake"}

    def __init__(self, ahead: int = 3, replies: int | None = None) -> None:
        self.ahead, self.most, self.asked = ahead, replies, 0

    def replies(self, requests: Iterable[Request | None], ledger: Ledger) -> Iterator[Reply]:
        source = iter(requests)
        while some := list(islice(source, self.ahead)):
            for request in some:
                assert request is not None
                identity = request.identity(self.settings)
                if ledger.stored(identity) is None:
                    if self.asked == self.most:
                        raise Stopped("the budget is spent")
                    self.asked += 1
                    ledger.store([self._reply(request, identity)])
                reply = ledger.stored(identity)
                assert reply is not None
                yield reply

    def forecast(self, like: Sequence[Request], count: int, ledger: Ledger) -> Forecast:
        return Forecast(count, 10 * count, count, 0.0, 1.0, 0)

    def _reply(self, request: Request, identity: str) -> Reply:
        assert isinstance(request.prompt, tuple)
        task = request.prompt[-1].content.split("\n")[1]
        text = f'{{"helpful": {task}, "correct": 5, "well_posed": 3}}' if task.isdigit() else "No."
        return Reply(identity, text, "stop", "fake", 1, 1, 0.5)
