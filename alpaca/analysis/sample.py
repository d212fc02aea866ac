"""Go through many rows in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Sample(Generic[T]):
    """Every `step`-th of `total` items, from the first on."""

    items: list[T]
    total: int
    step: int


def sample(items: Iterable[T], most: int) -> Sample[T]:
    """Take all items, or evenly spread ones where there are more than `most`; no more than that are held at any time."""
    held: list[T] = []
    total, step = 0, 1
    for item in items:
        if total % step == 0:
            held.append(item)
        total += 1
        if len(held) > most:
            held, step = held[::2], 2 * step
    return Sample(held, total, step)


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of `size` items, the last one shorter."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
