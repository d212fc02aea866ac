from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from alpaca.curation.scores import Judge
from alpaca.llms.request import Forecast, Ledger, Reply, Request
from alpaca.records import Example


class Memory:
    """A ledger that forgets when the test ends."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.held_usd = 0.0

    @property
    def spent_usd(self) -> float:
        return sum(reply.usd for reply in self.replies.values())

    def stored(self, identity: str) -> Reply | None:
        return self.replies.get(identity)

    def reserve(self, identity: str, usd: float) -> bool:
        return True

    def release(self, identity: str) -> None: ...

    def store(self, replies: Sequence[Reply]) -> None:
        self.replies |= {reply.identity: reply for reply in replies}


class Fake:
    """Gives the scores that a task's text holds, a few requests ahead of the replies."""

    settings: Mapping[str, Any] = {"model": "fake"}

    def __init__(self, ahead: int = 3) -> None:
        self.ahead, self.asked = ahead, 0

    def replies(self, requests: Iterable[Request | None], ledger: Ledger) -> Iterator[Reply]:
        source = iter(requests)
        while some := list(islice(source, self.ahead)):
            for request in some:
                assert request is not None
                identity = request.identity(self.settings)
                if ledger.stored(identity) is None:
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


def examples(*tasks: str) -> list[Example]:
    return [Example(task, "", "x", {"id": number}) for number, task in enumerate(tasks)]


def test_each_example_gets_its_own_scores_in_its_place() -> None:
    judge = Judge(Fake())
    scored = list(judge.scored(examples("1", "2", "why", "4", "1"), Memory()))
    assert [example.instruction for example in scored] == ["1", "2", "why", "4", "1"]
    assert [example.about["id"] for example in scored] == [0, 1, 2, 3, 4]
    means = [example.about["scores"] and example.about["scores"]["mean"] for example in scored]
    assert means == [3, 10 / 3, None, 4, 3]
    assert judge.results() == {"examples_scored": 4, "examples_without_score": 1, "mean_score": 40 / 12}


def test_nothing_is_asked_for_twice_though_others_are_left_out() -> None:
    ledger = Memory()
    list(Judge(Fake()).scored(examples("1", "2", "3", "2"), ledger))
    again = Fake()
    assert len(list(Judge(again).scored(examples("3", "2", "2"), ledger))) == 3
    assert again.asked == 0
    assert ledger.spent_usd == 2.0


def test_examples_are_taken_as_they_are_asked_for() -> None:
    taken = []

    def endless() -> Iterator[Example]:
        for number in range(10**9):
            taken.append(number)
            yield Example(str(number % 5 + 1), "", "x")

    next(Judge(Fake(ahead=4)).scored(endless(), Memory()))
    assert len(taken) == 4
