"""Scores of examples by a language model as judge: helpful, correct, well-posed, each from 1 to 5.

A judge's scores as a filter of instruction data are AlpaGasus' idea (Chen et al. 2023); the prompt is our own.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from alpaca.llms.request import LLM, Ledger, Request
from alpaca.log import logger
from alpaca.prechecks import precheck
from alpaca.prompts.scores import INSTRUCTIONS, SCHEMA, parse, render
from alpaca.records import Example, Turn

LOOKED_AT: Final = 100  # examples that the forecast of the cost is made from
MANY: Final = 0.05  # share of the replies that cannot be read, from which on it is told


class Judge:
    """Asks a model for each example, once: replies that the ledger holds are not asked for again.

    An example gets `about["scores"]`, the three numbers and their mean; one whose reply cannot be read gets null there, and is
    counted.
    """

    def __init__(self, llm: LLM) -> None:
        self.llm = llm
        self.total, self.read, self.unread = 0.0, 0, 0

    def precheck(self) -> None:
        precheck({"llm": self.llm})

    def forecast(self, examples: Iterable[Example], count: int, ledger: Ledger) -> None:
        """Say what judging `count` examples is expected to take, judged by the first of them."""
        expected = self.llm.forecast(list(_requests(islice(examples, LOOKED_AT))), count, ledger)
        logger.info("curate: judging %s examples expects %s", f"{count:,}", expected.told())

    def scored(self, examples: Iterable[Example], ledger: Ledger) -> Iterator[Example]:
        """Yield the examples in their order, each with its scores; raises Stopped where the budget is spent."""
        waiting: deque[Example] = deque()
        for reply in self.llm.replies(_requests(_noted(examples, waiting)), ledger):
            yield self._with_scores(waiting.popleft(), reply.text)

    def doubt(self) -> str | None:
        """Say so where many replies could not be read as scores."""
        replies = self.read + self.unread
        if self.unread <= MANY * replies:
            return None
        return f"{self.unread:,} of {replies:,} replies of the judge cannot be read as scores"

    def results(self) -> dict[str, Any]:
        return {
            "examples_scored": self.read,
            "examples_without_score": self.unread,
            "mean_score": self.total / self.read if self.read else None,
        }

    def _with_scores(self, example: Example, reply: str) -> Example:
        scores = parse(reply)
        if scores is None:
            self.unread += 1
            return replace(example, about=example.about | {"scores": None})
        mean = sum(scores.values()) / len(scores)
        self.total, self.read = self.total + mean, self.read + 1
        return replace(example, about=example.about | {"scores": scores | {"mean": mean}})


def _noted(examples: Iterable[Example], waiting: deque[Example]) -> Iterator[Example]:
    for example in examples:
        waiting.append(example)
        yield example


def _requests(examples: Iterable[Example]) -> Iterator[Request]:
    """Make the request for each example, numbered among equal ones, so that a filter more or less asks for none again."""
    before: Counter[int] = Counter()
    for example in examples:
        shown = render(example.alpaca())
        key = hash(shown)
        yield Request(before[key], (Turn("system", INSTRUCTIONS), Turn("user", shown)), SCHEMA)
        before[key] += 1
