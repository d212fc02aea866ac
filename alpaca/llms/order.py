"""Requests taken so that neither they nor what is made of their replies depends on timing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

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
) -> Iterator[Reply]:
    """Yield replies in order, having them made for `size` requests at a time.

    A batch of which a kill left some is made again whole, and the rest of it stored: what a local model samples may depend on
    what else is in the batch.
    """
    source = iter(requests)
    while batch := [(request, request.identity(settings)) for request in take(source, size)]:
        missing = {name for _, name in batch if ledger.stored(name) is None}
        if missing:
            ledger.store([reply for reply in complete(batch) if reply.identity in missing])
        yield from (known(ledger, name) for _, name in batch)


def known(ledger: Ledger, identity: str) -> Reply:
    """Return a reply that is stored for certain."""
    reply = ledger.stored(identity)
    assert reply is not None
    return reply
