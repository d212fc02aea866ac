"""Let a language model write new tasks from some that are there, as Self-Instruct and Alpaca do.

1. Each request shows a few tasks, drawn by the run's seed and the request's number, and asks for more.
2. Replies are taken in the order of requests, and every whole task of each is looked at as it comes: first by the filters,
   then beside the seeds and all that was kept before.
3. It ends when enough are kept, or when so many replies in a row gave nothing that more would be a waste. Until one has a
   whole task in it, only some are asked for.

With `written_in_context` above 0 some of the tasks that are shown were written before (Wang et al. 2022, section 2.2): they
are drawn from what was kept of the replies up to `lag` requests earlier, so the prompts do not depend on timing either.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Annotated, Any, Protocol, runtime_checkable

from annotated_types import Interval
from pydantic import NonNegativeInt, PositiveInt

from alpaca.curation.filters import Filter, objection
from alpaca.curation.kept import repetition
from alpaca.errors import UserError
from alpaca.generators.batch import LIMIT, Batch, Writer
from alpaca.llms.request import Forecast, Reply, Request
from alpaca.log import logger
from alpaca.prompts.parsing import Parsed, Unusable, parse
from alpaca.prompts.self_instruct import SCHEMA, Format, as_chat, as_text, brief, version
from alpaca.records import Example
from alpaca.schema import InputPath

MARGIN = 1.05  # of requests that may prove one too many, so that the last examples take few rounds
REQUESTS_LIKE = 20  # that a forecast is made from
FIRST_REQUESTS = 16  # that are sent, and paid, while no reply has had a whole task in it
LEAST_TOKENS = 30  # of a task with its answer


@runtime_checkable
class Earlier(Protocol):
    """An index of the seeds and of all that is kept, numbered from 0 in the order in which they were added."""

    threshold: float  # a nearest with a score above it makes a duplicate

    def nearest(self, example: Example) -> tuple[int, float] | None: ...

    def add(self, example: Example) -> None: ...


class SelfInstruct:
    """Tasks that a language model writes; `dedup` is filled by one run."""

    asks_llm = True

    def __init__(
        self,
        prompt: InputPath | None,
        format: Format,
        tasks_per_request: PositiveInt,
        seeds_in_context: PositiveInt,
        written_in_context: NonNegativeInt,
        lag: PositiveInt,
        barren_requests: PositiveInt,
        assumed_share_kept: Annotated[float, Interval(gt=0, le=1)],
        filters: Mapping[str, Filter],
        dedup: Earlier,
    ) -> None:
        self.in_context = seeds_in_context + written_in_context
        if self.in_context >= tasks_per_request:
            raise UserError(
                f"generator.tasks_per_request={tasks_per_request} leaves nothing to write after {self.in_context} in context"
            )
        if not isinstance(dedup, Earlier):
            raise UserError("generator.dedup must decide as replies come; give dedup@generator.dedup=rouge or none")
        self.brief, self.format, self.total = brief(prompt), format, tasks_per_request
        self.written_in_context, self.lag = written_in_context, lag
        self.barren_requests, self.assumed_share_kept = barren_requests, assumed_share_kept
        self.filters, self.dedup = filters, dedup
        self.version = version(self.brief, format)

    @property
    def new(self) -> int:
        """How many tasks a request asks for."""
        return self.total - self.in_context

    def batches(self, seeds: list[Example], count: int, seed: int, writer: Writer | None) -> Iterator[Batch]:
        """Yield what came of each reply until `count` examples are kept, or `barren_requests` replies gave none."""
        run = _Run(self, seeds, count, seed, writer)
        for task in seeds:
            self.dedup.add(task)
        barren = 0
        with closing(run.writer.llm.replies(run.requests(), run.writer.ledger)) as replies:  # type: ignore[type-var]
            for reply in replies:
                batch = run.take(reply)
                yield batch
                barren = 0 if batch.kept else barren + 1
                if run.missing == 0 or barren == self.barren_requests or run.hopeless:
                    return

    def forecast(self, seeds: list[Example], count: int, seed: int, writer: Writer | None) -> Forecast:
        """Tell what it takes to write `count` examples, before any request is sent."""
        run = _Run(self, seeds, count, seed, writer)
        for doubt in self.doubts(run.sampling):
            logger.warning("generate: %s", doubt)
        like = [run.request(number) for number in range(REQUESTS_LIKE)]
        return run.writer.llm.forecast(like, math.ceil(count / (self.new * self.assumed_share_kept)), run.writer.ledger)

    def doubts(self, sampling: Mapping[str, Any]) -> Iterator[str]:
        """Yield what speaks against asking a model so."""
        limit = sampling.get("max_tokens")
        if limit is not None and limit < LEAST_TOKENS * self.new:
            yield (
                f"{limit} tokens of a reply are few for {self.new} tasks; raise {LIMIT}, or lower generator.tasks_per_request"
            )
        if sampling.get("temperature") == 0:
            yield "at llm.temperature=0 replies are much alike; llm.temperature=1 is Alpaca's"

    def held_out(self, count: int, seed: int) -> list[Example]:
        """Return none: nobody knows whether a written answer is right."""
        return []

    def render(self, number: int, given: Sequence[Example]) -> Request:
        """Make a request that shows these tasks."""
        if self.format == "text":
            return Request(number, as_text(self.brief, given, self.total))
        return Request(number, as_chat(self.brief, given, self.total), SCHEMA)

    def read(self, reply: Reply) -> Parsed:
        """Return the tasks of a reply."""
        if reply.finish == "refused":
            return [Unusable("refused", reply.text)]
        return parse(reply.text, self.format, self.in_context + 1, cut=reply.finish == "length")


class _Run:
    """One run: what was asked, what is kept and how far it is."""

    def __init__(
        self, settings: SelfInstruct, seeds: list[Example], count: int, seed: int, writer: Writer | None
    ) -> None:
        assert writer is not None
        if len(seeds) < settings.in_context:
            raise UserError(
                f"{len(seeds)} seed tasks are too few to show {settings.in_context} in each request; see generator.seeds_in_context"
            )
        self.settings, self.seeds, self.seed, self.writer = settings, seeds, seed, writer
        self.count = self.missing = count
        self.sampling = dict(writer.llm.settings)
        self.earlier = list(seeds)  # and then what is kept, as numbered by the index
        self.sizes = [0]  # how many were kept of so many replies
        self.usable = False  # whether any reply had a whole task in it
        self.asked: deque[tuple[Request, list[str]]] = deque()  # with the names of the tasks that each shows

    @property
    def hopeless(self) -> bool:
        """Whether the first replies had no whole task in them, so that more would cost as much for as little."""
        return not self.usable and len(self.sizes) > self._first

    @property
    def _first(self) -> int:
        return min(FIRST_REQUESTS, self.settings.barren_requests)

    def requests(self) -> Iterator[Request | None]:
        """Yield requests without end, None where another would be one too many or needs a reply that is not taken yet."""
        number = 0
        while True:
            if len(self.asked) < self._ahead():
                given, names = self.context(number)
                request = self.settings.render(number, given)
                self.asked.append((request, names))
                number += 1
                yield request
            else:
                yield None

    def request(self, number: int) -> Request:
        return self.settings.render(number, self.context(number)[0])

    def context(self, number: int) -> tuple[list[Example], list[str]]:
        """Draw what a request shows, in an order of its own, and name it."""
        rng = random.Random(f"{self.seed}-{number}")
        replies = min(max(0, number - self.settings.lag), len(self.sizes) - 1)  # fewer are there before a forecast
        known = self.sizes[replies] if self.settings.written_in_context else 0
        written = min(self.settings.written_in_context, known)
        places = rng.sample(range(len(self.seeds)), self.settings.in_context - written)
        places += [len(self.seeds) + place for place in rng.sample(range(known), written)]
        rng.shuffle(places)
        return [self.earlier[place] for place in places], [self._name(place) for place in places]

    def take(self, reply: Reply) -> Batch:
        """Decide on each task of the next reply."""
        request, names = self.asked.popleft()
        parsed = self.settings.read(reply)
        self.usable = self.usable or any(isinstance(part, Example) for part in parsed)
        about = self._about(request, names, reply)
        kept: list[Example] = []
        rejected: list[dict[str, Any]] = []
        for part in parsed:
            found = part.row() if isinstance(part, Unusable) else self._decide(part, about)
            if isinstance(found, Example):
                kept.append(found)
            else:
                rejected.append(found | {"request": request.number})
        self.sizes.append(self.count - self.missing)
        return Batch(kept, rejected, reply)

    def _decide(self, example: Example, about: dict[str, Any]) -> Example | dict[str, Any]:
        """Return the example as it is kept, or the row that is rejected."""
        if self.missing == 0:
            return example.row() | {"reason": "more than asked for"}
        if reason := objection(example, self.settings.filters):
            return example.row() | reason
        index = self.settings.dedup
        nearest = index.nearest(example)
        if nearest and nearest[1] > index.threshold:
            return example.row() | repetition(nearest[1], self.earlier[nearest[0]].alpaca())
        told = nearest and {"instruction": self.earlier[nearest[0]].instruction, "score": nearest[1]}
        kept = replace(example, about=about | {"nearest": told})
        index.add(kept)
        self.earlier.append(kept)
        self.missing -= 1
        return kept

    def _about(self, request: Request, names: list[str], reply: Reply) -> dict[str, Any]:
        """Return where the examples of a reply came from."""
        return {
            "generator": "self_instruct",
            "model": reply.model,
            "prompt": self.settings.version,
            "shown": names,
            "request": request.number,
            "request_id": request.identity(self.sampling),
            "sampling": self.sampling,
        }

    def _name(self, place: int) -> str:
        """Name a task: a seed by its id, if it has one, what was written by its place among all that is kept."""
        if place >= len(self.seeds):
            return f"written:{place - len(self.seeds)}"
        return str(self.seeds[place].about.get("id", f"seed:{place}"))

    def _ahead(self) -> int:
        """Return how many requests may be open: those expected to be needed, and no more than the lag."""
        taken = len(self.sizes) - 1
        each = (self.count - self.missing + self.settings.new) / (taken + 1)  # as if one reply had been kept whole
        needed = max(1, math.ceil(MARGIN * self.missing / each))
        if not self.usable:
            needed = min(needed, self._first - taken)
        return min(needed, self.settings.lag) if self.settings.written_in_context else needed
