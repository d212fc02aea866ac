from __future__ import annotations

import json
from email.utils import formatdate
from time import time
from typing import Any

import pytest

from alpaca.errors import Stopped, UserError
from alpaca.llms.price import Price
from alpaca.llms.request import Request
from alpaca.llms.wire import REFUSED, Answer, Passing, Sampling, failure, read, read_events
from alpaca.records import Turn

CHAT: dict[str, Any] = {
    "model": "m-1",
    "choices": [{"message": {"content": "Hi", "refusal": None}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1},
}
KEY = "sk-123"


def sampling(**changes: Any) -> Sampling:
    return Sampling(
        **{"model": "m", "api": "chat", "max_tokens": 9, "temperature": 0.7, "top_p": None, "stop": ()} | changes
    )


def events(*chunks: Any) -> list[bytes]:
    return [line for chunk in chunks for line in (f"data: {json.dumps(chunk)}\n".encode(), b"\n")] + [b"data: [DONE]\n"]


def test_bodies() -> None:
    text, turns = Request(0, "Go"), Request(1, (Turn("system", "Be"), Turn("user", "Go")), {"type": "object"})
    local = "http://localhost:8000/v1"
    assert sampling(api="completions", stop=("x",)).body(text, local) == {
        "model": "m", "prompt": "Go", "max_tokens": 9, "temperature": 0.7, "stop": ["x"],
    }  # fmt: skip
    body = sampling().body(turns, local)
    assert body["messages"] == [{"role": "system", "content": "Be"}, {"role": "user", "content": "Go"}]
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert "max_completion_tokens" in sampling().body(text, "https://api.openai.com/v1")
    assert "max_tokens" not in sampling().body(text, "https://api.openai.com/v1")
    with pytest.raises(UserError, match="api=chat"):
        sampling(api="completions").body(turns, local)


def test_the_identity_is_of_all_that_the_reply_depends_on() -> None:
    request = Request(0, "Go")
    others = [
        (Request(1, "Go"), sampling()),
        (Request(0, "Go!"), sampling()),
        (Request(0, "Go", {"type": "object"}), sampling()),
        *((request, sampling(**change)) for change in ({"model": "n"}, {"max_tokens": 8}, {"temperature": 0.8})),
    ]
    names = {asked.identity(how.settings()) for asked, how in [(request, sampling()), *others]}
    assert len(names) == 1 + len(others)


def test_a_reply_is_read_and_priced() -> None:
    answer = read(json.dumps(CHAT).encode())
    assert answer == Answer("Hi", "stop", "m-1", 3, 1)
    assert answer.priced("id", Price(2.0, 10.0), (99, 99)).usd == pytest.approx(16e-6)
    untold = read(json.dumps(CHAT | {"usage": None}).encode()).priced("id", Price(2.0, 10.0), (50, 40))
    assert (untold.prompt_tokens, untold.completion_tokens, untold.usd) == (50, 40, pytest.approx(500e-6))


def test_probabilities_are_asked_for_and_read() -> None:
    text, local = Request(0, "Go"), "http://localhost:8000/v1"
    chat, plain = sampling().adjusted(0.0, 4, 20), sampling(api="completions", temperature=None).adjusted(0.0, 99, 20)
    assert {"logprobs": True, "top_logprobs": 20, "max_tokens": 4, "temperature": 0.0}.items() <= chat.body(
        text, local
    ).items()
    assert {"logprobs": 5, "max_tokens": 9}.items() <= plain.body(text, local).items()
    assert "temperature" not in plain.body(text, local)
    assert sampling().adjusted(None, 9, 0) == sampling()
    places = {
        "content": [
            {
                "token": "A",
                "logprob": -0.1,
                "top_logprobs": [{"token": "A", "logprob": -0.1}, {"token": "B", "logprob": -2}],
            }
        ]
    }
    told = {**CHAT, "choices": [CHAT["choices"][0] | {"logprobs": places}]}
    answer = read(json.dumps(told).encode())
    assert answer.likely == [{"A": -0.1, "B": -2}]
    assert answer.priced("id", Price(0, 0), (1, 1)).likely == answer.likely
    assert read(
        json.dumps(
            {
                **CHAT,
                "choices": [{"text": "A", "finish_reason": "length", "logprobs": {"top_logprobs": [{" A": -0.1}]}}],
            }
        ).encode()
    ).likely == [{" A": -0.1}]
    chunk = {"choices": [{"delta": {"content": "A"}, "finish_reason": "stop", "logprobs": places}]}
    assert read_events(events(chunk)).likely == [{"A": -0.1, "B": -2}]
    odd = {**CHAT, "choices": [CHAT["choices"][0] | {"logprobs": {"content": [3]}}]}
    assert read(json.dumps(odd).encode()).likely is None


@pytest.mark.parametrize("cut", range(1, 80, 7))
def test_a_reply_cut_anywhere_is_none(cut: int) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        read(json.dumps(CHAT).encode()[:-cut])


@pytest.mark.parametrize("body", [{}, [], {"choices": []}, {"choices": [{}]}, 3, {"error": "x"}])
def test_what_is_no_reply_is_told(body: Any) -> None:
    with pytest.raises(ValueError, match="not one of OpenAI's"):
        read(json.dumps(body).encode())


def test_events_make_a_reply_unless_they_end_too_early() -> None:
    chunks = [
        {"model": "m-1", "choices": [{"delta": {"content": "H"}, "finish_reason": None}]},
        {"model": "m-1", "choices": [{"delta": {"content": "i"}, "finish_reason": "length"}]},
        {"model": "m-1", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
    ]
    lines = events(*chunks)
    assert read_events(lines) == Answer("Hi", "length", "m-1", 3, 2)
    for end in range(len(lines)):
        with pytest.raises(ValueError, match="too early"):
            read_events(lines[:end])


@pytest.mark.parametrize(
    ("status", "headers", "code", "expected"),
    [
        (429, {"Retry-After": "7"}, "rate_limit_exceeded", Passing("HTTP 429: No.", 7.0, crowded=True)),
        (429, {"retry-after-ms": "250"}, None, Passing("HTTP 429: No.", 0.25, crowded=True)),
        (503, {"Retry-After": "soon"}, None, Passing("HTTP 503: No.")),
        (408, {}, None, Passing("HTTP 408: No.")),
        (400, {}, "content_filter", REFUSED),
        (400, {}, "context_length_exceeded", REFUSED),
    ],
)
def test_what_passes(status: int, headers: dict[str, str], code: str | None, expected: Any) -> None:
    content = json.dumps({"error": {"message": "No.", "code": code}}).encode()
    assert failure(status, headers, content, KEY, "K") == expected


def test_a_date_to_wait_for() -> None:
    passing = failure(503, {"Retry-After": formatdate(time() + 100, usegmt=True)}, b"", KEY, "K")
    assert isinstance(passing, Passing)
    assert 90 < passing.wait <= 100


@pytest.mark.parametrize(
    ("status", "code", "error", "line"),
    [
        (401, "invalid_api_key", UserError, r"refuses the key in \$K"),
        (403, None, UserError, r"refuses the key in \$K"),
        (404, "model_not_found", UserError, "no such model"),
        (400, "unsupported_parameter", UserError, "refuses the request"),
        (429, "insufficient_quota", Stopped, "no quota left"),
    ],
)
def test_what_does_not_pass_is_one_line_without_the_key(status: int, code: str, error: type, line: str) -> None:
    content = json.dumps({"error": {"message": f"No:\n{KEY} and sk-pro**cret", "code": code}}).encode()
    with pytest.raises(error, match=line) as told:
        failure(status, {}, content, KEY, "K")
    assert not {"\n", KEY, "cret"} & {part for part in ("\n", KEY, "cret") if part in str(told.value)}
