"""Requests taken so that neither they nor what is made of their replies depends on timing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from time import monotonic
from typing import Any

from alpaca.errors import Stopped
from alpaca.llms.request import Ledger, Reply, Request

Named = tuple[Request, str]  # with its identity


def take(source: Iterator[Request | None], room: int) -> list[Request]:
    """Take up to `room` requests, fewer where the source ends or says None."""
    taken: list[Request] = []
    for request in islice(source, max(0, room)):
        if request is None:
            break
        taken.append(request)
    return taken


def in_batches(
    requests: Iterable[Request | None],
    settings: Mapping[str, Any],
    size: int,
    ledger: Ledger,
    complete: Callable[[Sequence[Named]], Sequence[Reply]],
    most_usd: Callable[[Request], float] = lambda request: 0.0,
    at_once: int | None = None,
) -> Iterator[Reply]:
    """Yield replies in order, having them made for `size` requests at a time, of which each costs `most_usd` at most,
    and `at_once` are under way at the same time (None for all).

    A batch of which a kill left some is made again whole, and the rest of it stored: what a local model samples may depend on
    what else is in the batch. Raises Stopped where the budget is spent.
    """
    source = iter(requests)
    while batch := [(request, request.identity(settings)) for request in take(source, size)]:
        missing = {name: most_usd(request) for request, name in batch if ledger.stored(name) is None}
        paid = {name for name, usd in missing.items() if ledger.reserve(name, usd, 0)}
        if paid:
            start = monotonic()
            replies = complete(batch)
            each = (monotonic() - start) * min(at_once or size, len(batch)) / len(batch)
            ledger.store([replace(reply, seconds=each) for reply in replies if reply.identity in paid])
        for _, name in batch:
            if name in missing.keys() - paid:
                raise spent(ledger, missing[name])
            yield known(ledger, name)


def spent(ledger: Ledger, usd: float) -> Stopped:
    """Say that the next request does not fit into the budget."""
    lost = f", perhaps {ledger.held_usd:.4f} more for replies that were lost" if ledger.held_usd else ""
    reason = f"{ledger.spent_usd:.4f} USD of the budget are spent{lost}, and the next request may cost {usd:.4f}"
    return Stopped(reason, "with a larger budget_usd")


def stored(requests: Iterable[Request], settings: Mapping[str, Any], ledger: Ledger) -> list[Reply | None]:
    """Return the reply to each request, None where the ledger has none."""
    return [ledger.stored(request.identity(settings)) for request in requests]


def known(ledger: Ledger, identity: str) -> Reply:
    """Return a reply that is stored for certain."""
    reply = ledger.stored(identity)
    assert reply is not None
    return reply
