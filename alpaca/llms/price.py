"""What tokens cost: prices, the most that a request can cost, and what a number of requests will."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

import yaml
from pydantic import NonNegativeFloat

from alpaca.errors import KeyNeeded
from alpaca.llms.request import Forecast, Reply, Request

MILLION: Final = 1_000_000
TOKENS_A_TURN: Final = 16  # more than any chat template is known to put around a turn
BYTES_A_TOKEN: Final = 4.0  # ASSUMED of English, until replies tell
SHARE_OF_LIMIT: Final = 0.5  # ASSUMED of the allowed tokens that a completion takes, until replies tell
TOKENS_A_SECOND: Final = 50.0  # ASSUMED of one completion


@dataclass(frozen=True)
class Price:
    """USD for a million tokens of prompts (`input`) and completions (`output`); None is what nobody has told yet."""

    input: NonNegativeFloat | None
    output: NonNegativeFloat | None

    def of(self, prompt_tokens: float, completion_tokens: float) -> float:
        """Return what so many tokens cost, in USD."""
        return ((self.input or 0.0) * prompt_tokens + (self.output or 0.0) * completion_tokens) / MILLION

    def less(self, discount: float) -> Price:
        """Return the price of where a share of it is taken off."""
        return Price(*(side and side * (1 - discount) for side in (self.input, self.output)))

    def known(self, model: str, base_url: str) -> Price:
        """Return this price, completed from the table; raises UserError where it is in neither."""
        row = _entry(base_url)["models"].get(model, {})
        full = Price(*(row.get(side) if mine is None else mine for side, mine in vars(self).items()))
        if full.input is None or full.output is None:
            raise KeyNeeded(
                lambda place: (
                    f"no price is known for the model {model} at {base_url}; add {place}price.input=0 {place}price.output=0 "
                    "where it is your own, else there what a million tokens cost in USD"
                )
            )
        return full

    def told(self, model: str, base_url: str, discount: float = 0.0) -> str:
        """Return what is reckoned with, after the discount, and from when it is where nobody has given it."""
        asked = self.known(model, base_url).less(discount)
        rate = f"at {_usd(asked.input)} and {_usd(asked.output)} a million tokens"
        if None not in (self.input, self.output):
            return rate
        entry = _entry(base_url)
        return f"{rate}, prices.yaml of {entry['date']}{'' if entry['checked'] else ', unchecked'}"


FREE: Final = Price(0.0, 0.0)


@cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    """The prices by server, with their date."""
    table: dict[str, Any] = yaml.safe_load(files("alpaca.assets").joinpath("prices.yaml").read_text("utf-8"))
    return table


def _entry(base_url: str) -> Mapping[str, Any]:
    return _table().get(urlsplit(base_url).hostname or "", {"models": {}})


def _usd(price: float | None) -> str:
    """Write a price with cents, and with what is smaller where there is some."""
    return f"${price:.2f}" if price == round(price or 0.0, 2) else f"${price:g}"


def most_prompt_tokens(request: Request) -> int:
    """Return how many tokens a prompt has at most: no tokenizer of bytes makes more of them than there are bytes."""
    return sum(map(len, _texts(request))) + TOKENS_A_TURN * (1 + len(_texts(request)))


def forecast(
    like: Sequence[Request],
    replies: Sequence[Reply | None],
    count: int,
    price: Price,
    limit: int,
    at_once: int,
    rates: Mapping[str, float] = MappingProxyType({}),
) -> Forecast:
    """Tell what `count` requests like these take: as many tokens as their replies on average, those that are there.

    A prompt without a reply has tokens by its bytes, at the rate of those with one. `limit` is the most tokens of a
    completion, and `at_once` how many requests are answered at the same time. `rates` are the seconds between two requests
    that each of the named limits demands; the slowest tells the time.
    """
    sizes = [sum(map(len, _texts(request))) for request in like]
    known = [(size, reply) for size, reply in zip(sizes, replies, strict=True) if reply is not None]
    bytes_known, prompts_known = sum(size for size, _ in known), sum(reply.prompt_tokens for _, reply in known)
    a_byte = prompts_known / bytes_known if bytes_known else 1 / BYTES_A_TOKEN
    completions = sum(reply.completion_tokens for _, reply in known)
    prompt = a_byte * sum(sizes) / max(1, len(sizes))
    completion = completions / len(known) if known else SHARE_OF_LIMIT * limit
    usd = price.of(prompt, completion) * count
    timed = [reply.seconds for _, reply in known if reply.seconds is not None]
    each = sum(timed) / len(timed) if timed else completion / TOKENS_A_SECOND
    paces = {"at the speed so far" if timed else "assumed": each / max(1, min(count, at_once))} | dict(rates)
    speed = max(paces, key=lambda name: paces[name])
    tokens = round(prompt * count), round(completion * count)
    return Forecast(count, *tokens, usd, count * paces[speed], len(known), speed)


def _texts(request: Request) -> list[bytes]:
    prompt = request.prompt
    texts = [prompt] if isinstance(prompt, str) else [turn.content for turn in prompt]
    return [text.encode("utf-8", "surrogatepass") for text in texts + ([str(request.schema)] if request.schema else [])]
