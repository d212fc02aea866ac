from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served import KEY, Server

from alpaca.errors import Stopped, UserError
from alpaca.llms.ledger import Book
from alpaca.llms.price import Price
from alpaca.llms.request import Reply, Request
from alpaca.records import Turn

FAULTS = {"refused": 0.05, "failed": 0.05, "truncated": 0.02, "reset": 0.01, "retry_after": 0.05}


def requests(count: int) -> list[Request]:
    return [Request(number, f"Prompt {number}: tell something about it.") for number in range(count)]


def ask(llm: Any, path: Path, count: int, budget_usd: float | None = None) -> list[Reply]:
    with Book(path / "ledger.jsonl", budget_usd) as book:
        return list(llm.replies(requests(count), book))


def texts(replies: list[Reply]) -> list[str]:
    return [reply.text for reply in replies]


def test_replies_come_in_order_whatever_the_server_does(server: Server, tmp_path: Path) -> None:
    calm = ask(server.door(), tmp_path / "calm", 150)
    server.behave(**FAULTS, latency=0.002)
    rough = ask(server.door(), tmp_path / "rough", 150)
    assert calm == rough
    assert len(set(texts(calm))) == 150
    assert all(reply.model == "m-2026-01-01" and reply.usd > 0 for reply in calm)
    assert {"failed", "refused"} <= server.stats().keys()


@pytest.mark.parametrize("api", ["chat", "completions"])
def test_streams_say_the_same_as_whole_replies(server: Server, tmp_path: Path, api: str) -> None:
    whole = ask(server.door(api=api), tmp_path / "whole", 20)
    server.behave(truncated=0.4, reset=0.1)
    streamed = ask(server.door(api=api, stream=True), tmp_path / "streamed", 20)
    assert whole == streamed
    assert server.stats()["truncated"] > 0


def test_nothing_that_is_stored_is_asked_again(server: Server, tmp_path: Path) -> None:
    first = ask(server.door(), tmp_path, 30)
    server.behave()
    assert ask(server.door(concurrency=3, ahead=5), tmp_path, 30) == first
    assert "requests" not in server.stats()
    assert ask(server.door(temperature=0.5), tmp_path, 2) != first[:2]
    assert server.stats()["requests"] == 2


def test_never_more_in_flight_than_allowed(server: Server, tmp_path: Path) -> None:
    server.behave(latency=0.01)
    ask(server.door(concurrency=7), tmp_path, 60)
    assert server.stats()["most_in_flight"] == 7


def test_a_full_server_is_asked_less(server: Server, tmp_path: Path) -> None:
    server.behave(latency=0.01, concurrency=6, retry_after=0.02)
    assert len(ask(server.door(concurrency=64, ahead=400), tmp_path, 400)) == 400
    stats = server.stats()
    assert stats["http_429"] < 200  # where a client that learns nothing has some thousands


def test_requests_are_taken_the_same_way_whatever_comes_first(server: Server, tmp_path: Path) -> None:
    def dependent(told: list[str]) -> Iterator[Request | None]:
        """Ask about the last reply that was given out, and pause now and then."""
        for number in range(40):
            if number % 7 == 3:
                yield None
            yield Request(number, f"{number} after {told[-1:]}")

    def run(path: Path) -> list[str]:
        told: list[str] = []
        with Book(path / "ledger.jsonl", None) as book:
            for reply in server.door(ahead=16).replies(dependent(told), book):
                told.append(reply.text)
        return told

    calm = run(tmp_path / "calm")
    server.behave(**FAULTS, latency=0.002, seed=3)
    assert run(tmp_path / "rough") == calm
    assert len(calm) == 40


def test_none_pauses_and_ends_what_has_nothing_more_to_give_out(server: Server, tmp_path: Path) -> None:
    first, second, third = requests(3)
    with Book(tmp_path / "ledger.jsonl", None) as book:
        assert len(list(server.door().replies([first, None, second, None, None, third], book))) == 2
    assert server.stats()["requests"] == 2


def test_closing_waits_for_what_is_paid(server: Server, tmp_path: Path) -> None:
    server.behave(latency=0.05)
    with Book(tmp_path / "ledger.jsonl", None) as book:
        replies = server.door().replies((Request(n, f"{n}") for n in itertools.count()), book)
        next(replies)
        replies.close()  # type: ignore[attr-defined]
        assert len(book) == server.stats()["billed"] > 1
        assert book.held_usd == 0


def test_the_budget_holds_and_a_larger_one_goes_on(server: Server, tmp_path: Path) -> None:
    server.behave(**FAULTS)
    budget = 0.02
    with Book(tmp_path / "ledger.jsonl", budget) as book, pytest.raises(Stopped, match="budget"):
        list(server.door().replies(requests(200), book))
    assert 0.5 * budget < server.usd() <= budget
    done = server.stats()["requests"]
    assert len(ask(server.door(), tmp_path, 200, budget_usd=10)) == 200
    assert server.stats()["requests"] > done
    assert server.usd() < 10


def test_tokens_that_the_server_does_not_tell_are_counted_at_their_most(server: Server, tmp_path: Path) -> None:
    server.behave(usage=False)
    reply = ask(server.door(), tmp_path, 1)[0]
    assert reply.completion_tokens == 256
    assert reply.prompt_tokens >= len(requests(1)[0].prompt)


@pytest.mark.parametrize(
    ("behaviour", "changes", "error", "line"),
    [
        ({"key": "another"}, {}, UserError, r"the server refuses the key in \$TEST_KEY \(HTTP 401\)"),
        ({"model": "another"}, {}, UserError, "no such model.*`m` does not exist"),
        ({"quota": 3}, {}, Stopped, "no quota left"),
        ({}, {"base_url": "http://127.0.0.1:9/v1"}, Stopped, "cannot reach http://127.0.0.1:9/v1"),
        ({"failed": 1.0}, {"attempts": 2}, Stopped, "HTTP 500: the server had an error, 2 times"),
        ({"hang": 1.0}, {"attempts": 1, "timeout": 0.2}, Stopped, "no reply of .* in 0.2 s"),
        ({"refused": 1.0, "retry_after": 7200}, {}, Stopped, "2.0 hours"),
    ],
)
def test_what_does_not_pass_ends_at_once_in_one_line(
    server: Server, tmp_path: Path, behaviour: dict[str, Any], changes: dict[str, Any], error: type, line: str
) -> None:
    server.behave(**behaviour)
    with pytest.raises(error, match=line) as told:
        ask(server.door(concurrency=1, **changes), tmp_path, 10)
    assert "\n" not in str(told.value)
    assert KEY not in str(told.value)
    assert server.stats().get("requests", 0) <= 12


def test_the_key_is_written_nowhere(
    server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ask(server.door(), tmp_path, 3)
    for behaviour in ({"key": "another"}, {"quota": 0}, {"failed": 1.0}):
        server.behave(**behaviour)
        for llm in (server.door(attempts=1, temperature=0.1), server.batch_door(attempts=1, temperature=0.1)):
            with pytest.raises((UserError, Stopped)) as told:
                ask(llm, tmp_path, 3)
            assert KEY not in repr(told.value)
    assert all(KEY.encode() not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert KEY not in "".join(capfd.readouterr()) + caplog.text


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("base_url", "http://me:s3cret@localhost:8000/v1", "holds a user, a password or a query"),
        ("base_url", "https://s3cret@host/v1", "holds a user, a password or a query"),
        ("base_url", "me:s3cret@localhost:8000/v1", "holds a user, a password or a query"),
        ("base_url", "http://localhost:8000/v1?api_key=s3cret", "holds a user, a password or a query"),
        ("base_url", "localhost:9/v1", "base_url=localhost:9/v1 is no address"),
        ("base_url", "http:/localhost/v1", "is no address"),
        ("base_url", "http://localhost:80a0/v1", "is no address"),
        ("base_url", "ftp://localhost/v1", "is no address"),
        ("base_url", "", "is no address"),
        ("key_name", "sk-s3cret", "must be the name of the environment variable"),
        ("key_name", "gsk_s3cret0123456789abcdefghij", "must be the name of the environment variable"),
        ("key_name", "MY KEY", "must be the name of the environment variable"),
    ],
)
def test_a_server_or_a_key_that_is_none_is_refused_untold_when_the_door_is_made(
    server: Server, key: str, value: str, line: str
) -> None:
    for door in (server.door, server.batch_door):
        with pytest.raises(UserError, match=line) as told:
            door(**{key: value})
        assert "s3cret" not in str(told.value)
    assert (
        server.door(base_url="https://host.example/a/@b/v1/", key_name="_a1").base_url == "https://host.example/a/@b/v1"
    )


def test_openai_is_not_asked_without_a_key_nor_a_price_made_up(server: Server, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"set NO_SUCH_KEY, or .* `key_name` of the llm at https://api\.openai\.com"):
        ask(server.door(base_url="https://api.openai.com/v1", key_name="NO_SUCH_KEY"), tmp_path, 1)
    with pytest.raises(UserError, match=r"add price\.input=0 price\.output=0"):
        ask(server.door(price=Price(1.0, None)), tmp_path, 1)
    with pytest.raises(UserError, match="ahead=3"):
        server.door(ahead=3)


def test_a_schema_and_turns_go_to_chats_only(server: Server, tmp_path: Path) -> None:
    request = Request(0, (Turn("system", "Be brief."), Turn("user", "Hi")), {"type": "object"})
    with Book(tmp_path / "ledger.jsonl", None) as book:
        assert next(iter(server.door().replies([request], book))).finish == "stop"
        with pytest.raises(UserError, match="api=chat"):
            list(server.door(api="completions").replies([request], book))


def test_what_is_cut_or_refused_is_told(server: Server, tmp_path: Path) -> None:
    server.behave(length_share=0.5, refusals=0.4)
    finishes = {reply.finish for reply in ask(server.door(), tmp_path, 60)}
    assert finishes == {"stop", "length", "refused"}


def test_the_forecast_learns_and_is_near_the_bill(server: Server, tmp_path: Path) -> None:
    with Book(tmp_path / "ledger.jsonl", None) as book:
        llm = server.door()
        assert llm.forecast(requests(20), 600, book).learned_from == 0
        list(llm.replies(requests(100), book))
        forecast = llm.forecast(requests(100), 600, book)
        list(llm.replies(requests(600), book))
        assert forecast.learned_from == 100
        assert forecast.speed == "at the speed so far"
        assert forecast.usd == pytest.approx(book.spent_usd, rel=0.05)
        assert book.spent_usd == pytest.approx(server.usd())


def test_limits_of_a_minute_are_in_the_time_and_have_room_for_a_request(server: Server, tmp_path: Path) -> None:
    with Book(tmp_path / "ledger.jsonl", None) as book:
        slow = server.door(tokens_per_minute=1000).forecast(requests(20), 60, book)
        assert slow.speed == "as tokens_per_minute=1000 allows"
        assert slow.seconds == pytest.approx(60 * 60 * 340 / 1000, rel=0.1)  # what the pace counts for each
        for asks in (lambda llm: llm.forecast(requests(1), 60, book), lambda llm: list(llm.replies(requests(1), book))):
            with pytest.raises(UserError, match=r"tokens_per_minute=100 .* max_tokens=256"):
                asks(server.door(tokens_per_minute=100))
    assert "requests" not in server.stats()
