"""What it will take to have a language model write the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Protocol

from alpaca.errors import UserError, at_key
from alpaca.generators.batch import Writer
from alpaca.llms.request import LLM, Forecast, Reply
from alpaca.records import Example
from alpaca.seeds.tasks import Seeds


class Generator(Protocol):
    def forecast(self, seeds: list[Example], count: int, seed: int, writer: Writer | None) -> Forecast | None: ...


class Nothing:
    """A ledger without replies, which takes none."""

    budget_usd: float | None = None
    spent_usd = held_usd = 0.0

    def paid(self) -> dict[str, int]:
        return {}

    def stored(self, identity: str) -> Reply | None:
        return None

    def reserve(self, identity: str, usd: float, room: int) -> bool:
        return False

    def holds(self, identity: str) -> bool:
        return False

    def release(self, identity: str) -> None: ...

    def store(self, replies: Sequence[Reply]) -> None: ...


def expected(
    generator: Generator | None, llm: LLM | None, seeds: Seeds, count: int, seed: int, budget_usd: float | None
) -> dict[str, Any] | None:
    """Return the forecast of a generation, and what a budget is too small for; None where none is asked for.

    Raises UserError where half of it is.
    """
    if (generator is None) != (llm is None):
        raise UserError("to plan a generation, give both generator=self_instruct and llm=, such as llm=openai")
    if generator is None or llm is None:
        return None
    with at_key("llm"):
        forecast = generator.forecast(seeds.read(), count, seed, Writer(llm, Nothing()))
    return asdict(forecast) | {"shortage": forecast.shortage(budget_usd, count)} if forecast else None
