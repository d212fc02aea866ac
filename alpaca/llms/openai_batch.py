"""OpenAI's Batch API: half the price for replies within a day. It continues after a kill, and uploads nothing twice.

1. Batches of an earlier process that hold a request without a stored reply are taken up again; those of other runs, for
   which this run's ledger holds no money, are not.
2. What is in none, and fits into the budget, is uploaded and begun as one.
3. What comes back is stored; lines that failed or expired are asked again in the next.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from functools import cached_property
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Annotated, Any, Final

from annotated_types import Interval
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from alpaca.errors import Stopped, UserError
from alpaca.llms.openai import address, secret, variable
from alpaca.llms.order import Named, known, spent, stored, take
from alpaca.llms.price import Price, forecast, most_prompt_tokens
from alpaca.llms.request import Forecast, Ledger, Reply, Request
from alpaca.llms.wire import API, PATHS, Answer, Passing, Sampling, failure, read
from alpaca.log import logger

if TYPE_CHECKING:
    from openai import OpenAI as Client
    from openai.types import Batch

SECONDS_A_BATCH: Final = 3600.0  # ASSUMED; the API promises a day
MOST_LISTED: Final = 1000  # batches and files of the account that are looked through
MARK: Final = "alpaca"
RETRIES: Final = 2  # of a call, by the `openai` package
RUNNING: Final = ("validating", "in_progress", "finalizing", "cancelling")
ENDED: Final = ("completed", "expired", "cancelled")


class OpenAIBatch:
    """The model `model` behind the Batch API of `base_url`; the key is in the environment variable `key_name`."""

    def __init__(
        self,
        model: str,
        base_url: str,
        key_name: str,
        api: API,
        max_tokens: PositiveInt,
        temperature: NonNegativeFloat | None,
        top_p: PositiveFloat | None,
        stop: list[str],
        requests_per_batch: Annotated[int, Interval(ge=1, le=50_000)],
        seconds_between_looks: PositiveFloat,
        attempts: PositiveInt,
        discount: Annotated[float, Interval(ge=0, le=1)],
        price: Price,
    ) -> None:
        self.sampling = Sampling(model, api, max_tokens, temperature, top_p, tuple(stop))
        self.base_url, self.key_name = address(base_url), variable(key_name)
        self.requests_per_batch, self.seconds_between_looks = requests_per_batch, seconds_between_looks
        self.attempts, self.discount, self.price = attempts, discount, price

    @property
    def settings(self) -> Mapping[str, Any]:
        """The same as of `llm=openai`, which may go on with these replies, and the other way round."""
        return self.sampling.settings()

    def adjusted(self, temperature: float | None, max_tokens: int, likely: int) -> OpenAIBatch:
        other = copy(self)
        other.sampling = self.sampling.adjusted(temperature, max_tokens, likely)
        return other

    def precheck(self) -> None:
        self.reduced()
        secret(self.key_name, self.base_url)

    def replies(self, requests: Iterable[Request | None], ledger: Ledger) -> Iterator[Reply]:
        run = _Run(self, ledger)
        source = iter(requests)
        while batch := [
            (request, request.identity(self.settings)) for request in take(source, self.requests_per_batch)
        ]:
            run.complete(batch)
            for request, name in batch:
                if ledger.stored(name) is None:
                    raise spent(ledger, run.most(request)[1])
                yield known(ledger, name)

    def forecast(self, like: Sequence[Request], count: int, ledger: Ledger) -> Forecast:
        replies = stored(like, self.settings, ledger)
        made = forecast(like, replies, count, self.reduced(), self.sampling.max_tokens, 1)
        seconds = SECONDS_A_BATCH * -(-count // self.requests_per_batch)
        return replace(made, seconds=seconds, rate=self.price.told(self.sampling.model, self.base_url, self.discount))

    def reduced(self) -> Price:
        """Return the price of a token of a batch."""
        return self.price.known(self.sampling.model, self.base_url).less(self.discount)

    @cached_property
    def client(self) -> Client:
        from openai import OpenAI as Client

        key = secret(self.key_name, self.base_url)
        return Client(api_key=key or "none", base_url=self.base_url, max_retries=RETRIES)


class _Run:
    """One run: the batches that were looked at, and what the account has of earlier ones."""

    def __init__(self, llm: OpenAIBatch, ledger: Ledger) -> None:
        self.llm, self.ledger, self.price = llm, ledger, llm.reduced()
        self.seen: set[str] = set()

    def most(self, request: Request) -> tuple[tuple[int, int], float]:
        """Return the most tokens of a request and its reply, and the most that they cost."""
        tokens = (most_prompt_tokens(request), self.llm.sampling.max_tokens)
        return tokens, self.price.of(*tokens)

    def complete(self, batch: Sequence[Named]) -> None:
        """Store the replies to a batch, or to as much of it as the budget is enough for. Raises Stopped where some keep failing."""
        requests, vain = {name: request for request, name in batch}, 0
        while vain < self.llm.attempts:
            missing = [name for name in requests if self.ledger.stored(name) is None]
            if not missing:
                return
            with _told(self.llm):
                begun = self.taken_up(set(missing)) or self.begin([(requests[name], name) for name in missing])
                for each in begun:
                    self.collect(self.finished(each), requests)
            if not begun:
                return
            vain = vain + 1 if all(self.ledger.stored(name) is None for name in missing) else 0
        raise Stopped(f"some requests failed in {vain} batches in a row")

    def taken_up(self, missing: set[str]) -> list[Batch]:
        """Return the batches of this run, in this or an earlier process, that have a request of these, each once."""
        own = {name for name in missing if self.ledger.holds(name)} if self.price.of(1, 1) else missing
        listed = islice(self.llm.client.batches.list(limit=100), MOST_LISTED)
        fresh = [batch for batch in listed if batch.id not in self.seen and MARK in (batch.metadata or {})]
        self.seen.update(batch.id for batch in fresh)
        found = [batch for batch in fresh if batch.status in RUNNING + ENDED and own & self.names(batch)]
        if found:
            logger.info("going on with %d batches that were begun before", len(found))
        return found

    def names(self, batch: Batch) -> set[str]:
        """Return the identities of the requests that were uploaded for a batch."""
        return {row["custom_id"] for row in self.rows(batch.input_file_id)}

    def rows(self, file: str | None) -> Iterator[dict[str, Any]]:
        if file is not None:
            yield from (json.loads(line) for line in self.llm.client.files.content(file).content.split(b"\n") if line)

    def begin(self, missing: Sequence[Named]) -> list[Batch]:
        """Upload requests and begin their batch; those that the budget is not enough for are left."""
        affordable = list(takewhile(lambda named: self.ledger.reserve(named[1], self.most(named[0])[1], 0), missing))
        if not affordable:
            return []
        path = f"/v1/{PATHS[self.llm.sampling.api]}"
        body = self.llm.sampling.body
        rows = [
            {"custom_id": name, "method": "POST", "url": path, "body": body(request, self.llm.base_url)}
            for request, name in affordable
        ]
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        digest = hashlib.sha256(content).hexdigest()[:32]
        begun = self.created(digest, content, [name for _, name in affordable])
        self.seen.add(begun.id)
        logger.info("a batch of %d requests has begun: %s", len(rows), begun.id)
        return [begun]

    def created(self, digest: str, content: bytes, names: Sequence[str]) -> Batch:
        """Begin the batch of a file; what it would cost is given back where the server refuses it, and so has not begun it."""
        import openai

        try:
            return self.llm.client.batches.create(
                input_file_id=self.uploaded(f"{MARK}-{digest}.jsonl", content),
                endpoint="/v1/chat/completions" if self.llm.sampling.api == "chat" else "/v1/completions",
                completion_window="24h",
                metadata={MARK: digest},
                extra_headers={"Idempotency-Key": f"{digest}-{len(self.seen)}"},
            )
        except openai.APIStatusError as problem:
            for name in names if problem.status_code < 500 else ():
                self.ledger.release(name)
            raise

    def uploaded(self, name: str, content: bytes) -> str:
        """Return the id of the file, which a killed process may have uploaded before."""
        files = islice(self.llm.client.files.list(purpose="batch", limit=1000), MOST_LISTED)
        there = next((file.id for file in files if file.filename == name), None)
        return there or self.llm.client.files.create(file=(name, content), purpose="batch").id

    def finished(self, batch: Batch) -> Batch:
        """Wait for a batch. Raises Stopped where the server gives it up."""
        while batch.status in RUNNING:
            time.sleep(self.llm.seconds_between_looks)
            batch = self.llm.client.with_options(max_retries=self.llm.attempts).batches.retrieve(batch.id)
        if batch.status == "failed":
            errors = (batch.errors.data if batch.errors else None) or []
            raise Stopped(
                f"the server gave up the batch {batch.id}: {errors[0].message if errors else 'it says no reason'}"
            )
        return batch

    def collect(self, batch: Batch, requests: Mapping[str, Request]) -> None:
        """Store the replies of a batch, and give back what its failed lines held. Raises UserError where one is hopeless."""
        replies: list[Reply] = []
        hopeless: UserError | None = None
        for row in (*self.rows(batch.output_file_id), *self.rows(batch.error_file_id)):
            name, answer = row["custom_id"], None
            if name not in requests or self.ledger.stored(name) is not None:
                continue
            try:
                answer = self.answer(row)
            except UserError as problem:
                hopeless = problem
            if isinstance(answer, Answer):
                replies.append(answer.priced(name, self.price, self.most(requests[name])[0]))
            else:
                self.ledger.release(name)
        self.ledger.store(replies)
        if hopeless is not None:
            raise hopeless

    def answer(self, row: Mapping[str, Any]) -> Answer | Passing:
        """Read a line of a batch's output. Raises UserError where it is one that no other attempt helps."""
        response = row.get("response")
        if not response:
            return Passing(str(row.get("error")))
        content = json.dumps(response["body"]).encode()
        if response["status_code"] >= 300:
            return failure(response["status_code"], {}, content, "", self.llm.key_name)
        return read(content)


@contextmanager
def _told(llm: OpenAIBatch) -> Iterator[None]:
    """Turn an error of the `openai` package into one line without the key."""
    import openai

    try:
        yield
    except openai.APIStatusError as problem:
        key = secret(llm.key_name, llm.base_url)
        response = problem.response
        answer = failure(response.status_code, response.headers, response.content, key, llm.key_name)
        raise Stopped(answer.told if isinstance(answer, Passing) else "the server refuses the batch") from None
    except openai.APIConnectionError:
        raise Stopped(f"cannot reach {llm.base_url}") from None
