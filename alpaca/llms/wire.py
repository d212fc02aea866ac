"""OpenAI's protocol as pure functions: a request's body, a reply out of what came back, and what an error means."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from alpaca.errors import Stopped, UserError
from alpaca.llms.price import Price
from alpaca.llms.request import Reply, Request

API = Literal["chat", "completions"]

PATHS: Final[Mapping[API, str]] = {"chat": "chat/completions", "completions": "completions"}
FINISHES: Final[Mapping[str, Literal["length", "refused"]]] = {"length": "length", "content_filter": "refused"}
PASSING: Final = (408, 409, 425, 429)  # and all from 500
NO_MONEY: Final = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
REFUSALS: Final = ("content_filter", "content_policy_violation")
TOO_LONG_CODES: Final = ("context_length_exceeded", "exceed_context_size_error")
TOO_LONG: Final = re.compile(
    r"\b(?:maximum|exceed\w*) (?:the )?(?:available |model['’]?s? )?context (?:length|size|window)", re.IGNORECASE
)
LONGEST_WAIT: Final = 3600.0  # seconds that a server may ask for before the run ends instead
MOST_LIKELY: Final = 5  # tokens that completions tell at each place
COMPLETES_TOKENS: Final = (
    "api.openai.com",
    ".openai.azure.com",
)  # where the limit's new name is the only one for chats


@dataclass(frozen=True)
class Sampling:
    """What a completion depends on beside its prompt; None is left to the server."""

    model: str
    api: API
    max_tokens: int
    temperature: float | None
    top_p: float | None
    stop: tuple[str, ...]
    likely: int = 0  # how many of the likeliest tokens are told at each place

    def adjusted(self, temperature: float | None, max_tokens: int, likely: int) -> Sampling:
        """Return it with this temperature, unless that or its own is None, and with at most so many tokens."""
        kept = self.temperature is None or temperature is None
        temperature = self.temperature if kept else temperature
        return replace(self, temperature=temperature, max_tokens=min(max_tokens, self.max_tokens), likely=likely)

    def settings(self) -> dict[str, Any]:
        return {"model": self.model, "api": self.api} | self.parameters()

    def parameters(self) -> dict[str, Any]:
        given: dict[str, Any] = {"temperature": self.temperature, "top_p": self.top_p, "stop": list(self.stop) or None}
        given |= self._logprobs() if self.likely else {}
        return {"max_tokens": self.max_tokens} | {key: value for key, value in given.items() if value is not None}

    def _logprobs(self) -> dict[str, Any]:
        return (
            {"logprobs": True, "top_logprobs": self.likely}
            if self.api == "chat"
            else {"logprobs": min(self.likely, MOST_LIKELY)}
        )

    def body(self, request: Request, base_url: str) -> dict[str, Any]:
        """Return what is sent. Raises UserError for turns, or a schema, where only text is taken."""
        parameters = self.parameters()
        if self.api == "completions":
            if not isinstance(request.prompt, str) or request.schema:
                raise UserError(
                    "api=completions of an llm continues texts; for turns or a JSON schema (generator.format=json), it must be api=chat"
                )
            return {"model": self.model, "prompt": request.prompt} | parameters
        if (urlsplit(base_url).hostname or "").endswith(COMPLETES_TOKENS):
            parameters["max_completion_tokens"] = parameters.pop("max_tokens")
        body = {"model": self.model, "messages": messages(request)} | parameters
        return body | ({"response_format": _format(request.schema)} if request.schema else {})


def messages(request: Request) -> list[dict[str, str]]:
    """Return the turns of a chat; a text is what the user says."""
    if isinstance(request.prompt, str):
        return [{"role": "user", "content": request.prompt}]
    return [{"role": turn.role, "content": turn.content} for turn in request.prompt]


def _format(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema, "strict": True}}


@dataclass(frozen=True)
class Answer:
    """What came back, before it has a price; None where the server does not tell the tokens."""

    text: str
    finish: Literal["stop", "length", "refused"]
    model: str
    prompt_tokens: int | None
    completion_tokens: int | None
    likely: list[dict[str, float]] | None = None

    def priced(self, identity: str, price: Price, most: tuple[int, int]) -> Reply:
        """Make a reply of it; tokens that are not told are taken to be the `most` that they can be."""
        told = (self.prompt_tokens, self.completion_tokens)
        prompt, completion = (limit if count is None else count for count, limit in zip(told, most, strict=True))
        usd = price.of(prompt, completion)
        return Reply(identity, self.text, self.finish, self.model, prompt, completion, usd, self.likely)


REFUSED: Final = Answer("", "refused", "", 0, 0)


def read(content: bytes) -> Answer:
    """Read a whole reply; raises ValueError where it is none, such as one cut short."""
    body = json.loads(content)
    try:
        choice = body["choices"][0]
        message = choice.get("message") or choice
        text = message.get("content") if "content" in message else message.get("text")
        refusal = bool(message.get("refusal"))
        return _answer(body, text or "", choice["finish_reason"], refusal, body.get("usage"), _likely(choice))
    except (KeyError, IndexError, TypeError, AttributeError) as problem:
        raise ValueError("the reply is not one of OpenAI's protocol") from problem


def read_events(lines: Iterable[bytes]) -> Answer:
    """Read the server-sent events of a reply; raises ValueError where they end too early."""
    parts: list[str] = []
    likely: list[dict[str, float]] = []
    last: dict[str, Any] = {}
    finish, usage, done, refusal = None, None, False, False
    for line in lines:
        done = done or line.strip() == b"data: [DONE]"
        if done or not line.startswith(b"data:"):
            continue
        last = json.loads(line[5:])
        usage = last.get("usage") or usage
        for choice in last.get("choices") or ():
            delta = choice.get("delta") or choice
            parts.append(delta.get("content") or delta.get("text") or "")
            likely += _likely(choice)
            finish, refusal = choice.get("finish_reason") or finish, refusal or bool(delta.get("refusal"))
    if not done or finish is None:
        raise ValueError("the events of the reply end too early")
    return _answer(last, "".join(parts), finish, refusal, usage, likely)


def _likely(choice: Mapping[str, Any]) -> list[dict[str, float]]:
    """Return the likeliest tokens at each place, as chats or as completions tell them; none where they are not told."""
    told = choice.get("logprobs") or {}
    try:
        if "content" not in told:
            return [dict(place) for place in told.get("top_logprobs") or () if place]
        places = [place.get("top_logprobs") or [place] for place in told["content"] or ()]
        return [{token["token"]: token["logprob"] for token in tokens} for tokens in places]
    except (KeyError, TypeError, ValueError, AttributeError):
        return []  # of a form of the server's own


def _answer(
    body: Mapping[str, Any],
    text: str,
    finish: str,
    refusal: bool,
    usage: Mapping[str, Any] | None,
    likely: list[dict[str, float]],
) -> Answer:
    usage = usage or {}
    ended: Literal["stop", "length", "refused"] = "refused" if refusal else FINISHES.get(finish, "stop")
    counts = (usage.get("prompt_tokens"), usage.get("completion_tokens"))
    return Answer(text, ended, str(body.get("model", "")), *counts, likely or None)


@dataclass(frozen=True)
class Passing:
    """A failure that may be gone the next time, and the seconds that the server asks to wait.

    It is `crowded` where the server wants fewer requests, and `dark` where it may have been billed.
    """

    told: str
    wait: float = 0.0
    crowded: bool = False
    dark: bool = False


def failure(status: int, headers: Mapping[str, str], content: bytes, secret: str, key_name: str) -> Passing | Answer:
    """Tell what an error status means. Raises UserError or Stopped, a line without the key, where asking again is no use."""
    message, code = _message(content)
    told = f"HTTP {status}{': ' if message else ''}{_line(message, secret)}"
    if code in NO_MONEY:
        raise Stopped(f"the account has no quota left: {told}", "with more of it")
    if status in (401, 403):
        raise UserError(f"the server refuses the key in ${key_name} (HTTP {status}); see that it is set and valid")
    if status in PASSING or status >= 500:
        return Passing(told, _wait(headers), status == 429)
    if code in REFUSALS or (status in (400, 413) and (code in TOO_LONG_CODES or TOO_LONG.search(message))):
        return REFUSED
    if status == 404:
        raise UserError(f"the server knows no such model or address ({told}); see `model` and `base_url` of that llm")
    raise UserError(f"the server refuses the request ({told})")


def _message(content: bytes) -> tuple[str, str]:
    """Return what an error's body says, and its code."""
    try:
        error = json.loads(content)["error"]
        return (
            (error, "")
            if isinstance(error, str)
            else (str(error["message"]), str(error.get("code") or error.get("type")))
        )
    except (ValueError, KeyError, TypeError):
        return content.decode("utf-8", "replace"), ""


def _line(message: str, secret: str) -> str:
    """Return a message as one short line without the key, or any part of one that is shown in stars."""
    message = message.replace(secret, "***") if secret else message
    message = re.sub(r"\b(sk|key)-[\w*-]+", "***", message)
    return " ".join(message.split())[:300]


def _wait(headers: Mapping[str, str]) -> float:
    """Return the seconds that Retry-After asks for; raises Stopped where they are too many to wait for."""
    text = headers.get("Retry-After", "").strip()
    try:
        wait = float(headers["retry-after-ms"]) / 1000 if "retry-after-ms" in headers else float(text or 0)
    except ValueError:
        try:
            wait = parsedate_to_datetime(text).timestamp() - time()
        except ValueError:
            return 0.0
    if wait > LONGEST_WAIT:
        raise Stopped(f"the server wants no request for {wait / 3600:.1f} hours")
    return max(0.0, wait)
