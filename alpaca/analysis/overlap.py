"""How near instructions are to the seeds and to each other, by ROUGE-L.

As in Self-Instruct (Wang et al. 2022, section 3.2, figure 4): for each instruction the highest ROUGE-L with any seed task.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from alpaca.curation.rouge import Rouge
from alpaca.records import Example

ANY = 1e-9  # a threshold that every common word passes
FLOOR = 0.4  # pairs below it are no news
MOST_COMPARED = 10_000  # instructions among which the nearest pairs are looked for


class Pair(NamedTuple):
    """Two texts, as places in a list, and the ROUGE-L F of the two."""

    first: int
    second: int
    score: float


def nearest_seeds(texts: Iterable[str], seeds: Iterable[str]) -> list[tuple[int, float]]:
    """Return for each text which seed is nearest, and its F; a text that shares no word with any has (-1, 0.0)."""
    index = Rouge(ANY, ["instruction"])
    for seed in seeds:
        index.add(Example(seed, "", ""))
    return [index.duplicate_of(Example(text, "", "")) or (-1, 0.0) for text in texts]


def nearest_pairs(texts: Sequence[str], most: int) -> list[Pair]:
    """Return the most similar pairs of the texts, each text with its nearest before it, the nearest first.

    With more than `MOST_COMPARED` texts, every n-th is looked at.
    """
    index = Rouge(FLOOR, ["instruction"])
    places = range(0, len(texts), -(-len(texts) // MOST_COMPARED) or 1)
    best: list[tuple[float, int, int]] = []
    for place in places:
        example = Example(texts[place], "", "")
        if found := index.duplicate_of(example):
            heapq.heappush(best, (found[1], -place, -places[found[0]]))
        if len(best) > most:
            heapq.heappop(best)
            index.threshold = best[0][0]  # only what is nearer counts from here on
        index.add(example)
    return [Pair(-second, -first, score) for score, first, second in sorted(best, reverse=True)]
