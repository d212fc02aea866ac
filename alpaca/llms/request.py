"""What is asked of a language model, and what it replies: the one door of every stage to `llm=`.

A stage opens one ledger, and gives it to each model that it asks. The ledger lies beside the stage's folder, not in it, so
that replies that are paid for outlive a changed configuration: `opened(folder, budget_usd)`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, Protocol, runtime_checkable

from alpaca.records import Example, Turn


@dataclass(frozen=True)
class Request:
    """One prompt; `number` is its place among the run's requests, so that equal prompts are asked for apart.

    `prompt` is a text to be continued or the turns of a chat. With `schema`, a JSON schema, the reply is to be an object of it.
    `task` is what the prompt was made of, where it asks for the answer to one.
    """

    number: int
    prompt: str | tuple[Turn, ...]
    schema: Mapping[str, Any] | None = None
    task: Example | None = field(default=None, compare=False)

    def identity(self, settings: Mapping[str, Any]) -> str:
        """Return a hash of the request and of the model and sampling parameters that it is sent with.

        It is the reply's key in the ledger, and the idempotency key on the wire.
        """
        content = [self.number, self.prompt, self.schema, settings]
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Reply:
    """A model's reply to the request of that identity, and what it took. `model` is the version as the reply names it.

    `likely` holds, for each token of it, the likeliest ones with the logarithms of their probabilities, where these were asked
    for and the server tells them. `seconds` is how long it took one of the places of what is answered at the same time.
    """

    identity: str
    text: str
    finish: Literal["stop", "length", "refused"]
    model: str
    prompt_tokens: int
    completion_tokens: int
    usd: float
    likely: list[dict[str, float]] | None = None
    seconds: float | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Forecast:
    """What requests are expected to take; `learned_from` is the number of replies that it rests on, 0 for assumptions.

    `speed` says what the seconds rest on, `rate` the price of tokens and where it is from, for models that have one.
    """

    requests: int
    prompt_tokens: int
    completion_tokens: int
    usd: float
    seconds: float
    learned_from: int
    speed: str = "assumed"
    rate: str = ""

    def told(self) -> str:
        """Return it as the end of a line."""
        basis = f"by the {self.learned_from:,} replies so far" if self.learned_from else "assumed"
        tokens = f"{self.prompt_tokens:,} tokens of prompts, {self.completion_tokens:,} of replies ({basis})"
        time = f"{timedelta(seconds=round(self.seconds))} ({self.speed})"
        usd = f"${self.usd:,.2f}{f' ({self.rate})' if self.rate else ''}"
        return f"{self.requests:,} requests, {tokens}, {usd} and {time}"

    def shortage(
        self, budget_usd: float | None, wanted: int, what: str = "examples", spent_usd: float = 0.0
    ) -> str | None:
        """Return how far what is left of a budget for so many is expected to go, None where it is enough."""
        if budget_usd is None or self.usd <= budget_usd - spent_usd:
            return None
        enough = int(wanted * max(0.0, budget_usd - spent_usd) / self.usd)
        return f"budget_usd={budget_usd:g} is expected to be enough for about {enough:,} of {wanted:,} {what}; there it stops"


class Ledger(Protocol):
    """The replies that are on disk, each written before anything is done with it, and the money.

    What is reserved counts as spent until the reply is stored or the attempt released. An attempt that ended in the dark
    (a kill, a reset, a cut body) may have been billed, and so stays reserved.
    """

    budget_usd: float | None
    """The limit of what is spent and held, None where there is none."""

    @property
    def spent_usd(self) -> float:
        """What the stored replies cost, those of earlier processes too."""
        ...

    @property
    def held_usd(self) -> float:
        """The most that attempts may cost whose reply is not stored."""
        ...

    def paid(self) -> dict[str, int]:
        """Count what the stored replies took, those of earlier processes and those that were not needed too."""
        ...

    def stored(self, identity: str) -> Reply | None: ...

    def reserve(self, identity: str, usd: float, room: int) -> bool:
        """Hold what an attempt costs at most; False, and nothing is held, where that might exceed the budget.

        On the disk, `room` bytes are kept for its reply; raises OSError where there are none.
        """
        ...

    def holds(self, identity: str) -> bool:
        """Tell whether money is held for an attempt of this request, by an earlier process too."""
        ...

    def release(self, identity: str) -> None:
        """Give back what an attempt held that costs nothing."""
        ...

    def store(self, replies: Sequence[Reply]) -> None:
        """Return when all are on disk; each takes the place of what its attempt held."""
        ...


class LLM(Protocol):
    """Completes prompts."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The model and the sampling parameters: all that a reply depends on beside its request, and nothing secret."""
        ...

    def replies(self, requests: Iterable[Request | None], ledger: Ledger) -> Iterator[Reply]:
        """Yield the reply to each request, in their order, asking for none that the ledger holds.

        A fixed number of requests is taken ahead of the reply that is given out next, however fast replies come, so that
        requests that are made from replies given out before are the same in every run. `None` among the requests says: no
        more until another reply has been given out; where none is left to give out, that is the end. Raises Stopped where
        the budget is spent or a server keeps failing (all is stored, and the same call goes on), UserError where asking
        again is no use. Closing the iterator waits for what is in flight, and stores it.
        """
        ...

    def forecast(self, like: Sequence[Request], count: int, ledger: Ledger) -> Forecast:
        """Tell what `count` requests like these would take: from their replies in the ledger, else from assumptions."""
        ...


@runtime_checkable
class Adjustable(Protocol):
    """A model that may be asked in another way than it is configured."""

    def adjusted(self, temperature: float | None, max_tokens: int, likely: int) -> LLM:
        """Return it with this temperature, unless that or its own is None, with replies of at most so many tokens.

        `likely` is how many of the likeliest tokens are told at each place. Raises UserError where they cannot be.
        """
        ...
