"""What is asked of a language model, and what it replies: the one door of every stage to `llm=`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from alpaca.records import Turn


@dataclass(frozen=True)
class Request:
    """One prompt; `number` is its place among the run's requests, so that equal prompts are asked for apart.

    `prompt` is a text to be continued or the turns of a chat. With `schema`, a JSON schema, the reply is to be an object of it.
    """

    number: int
    prompt: str | tuple[Turn, ...]
    schema: Mapping[str, Any] | None = None

    def identity(self, settings: Mapping[str, Any]) -> str:
        """Return a hash of the request and of the model and sampling parameters that it is sent with.

        It is the reply's key in the ledger, and the idempotency key on the wire.
        """
        content = [self.number, self.prompt, self.schema, settings]
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Reply:
    """A model's reply, and what it took. `model` is the version as the reply names it."""

    text: str
    finish: Literal["stop", "length", "refused"]
    model: str
    prompt_tokens: int
    completion_tokens: int


class Ledger(Protocol):
    """The replies that are on disk, each written before anything is done with it, and what they cost."""

    def stored(self, identity: str) -> Reply | None: ...

    def store(self, identity: str, reply: Reply, usd: float) -> None: ...


class LLM(Protocol):
    """Completes prompts."""

    def replies(self, requests: Iterable[Request], ledger: Ledger) -> Iterator[Reply]:
        """Yield the reply to each request, in their order, asking for none that the ledger holds.

        Requests are taken as they can be sent, so they may be without end, and may be made from replies yielded before.
        """
        ...
