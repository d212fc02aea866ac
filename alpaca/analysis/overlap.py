"""How near instructions are to the seeds and to each other, by ROUGE-L.

As in Self-Instruct (Wang et al. 2022, section 3.2, figure 4): for each instruction the highest ROUGE-L with any seed task.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import LCSseq

from alpaca.analysis.sample import chunks
from alpaca.curation.postings import f_measure
from alpaca.curation.rouge import TOKEN, Rouge
from alpaca.records import Example

CHUNK = 2000  # texts that are compared with the seeds together
FLOOR = 0.4  # pairs below it are no news
MOST_COMPARED = 10_000  # instructions among which the nearest pairs are looked for


class Pair(NamedTuple):
    """Two texts, as places in a list, and the ROUGE-L F of the two."""

    first: int
    second: int
    score: float


def nearest_seeds(texts: Iterable[str], seeds: Sequence[str]) -> list[tuple[int, float]]:
    """Return for each text which seed is nearest, and its F; a text that shares no word with any has (-1, 0.0).

    All pairs are scored, a block of texts at a time: with so few seeds that costs less than an index.
    """
    if not seeds:
        return [(-1, 0.0) for _ in texts]
    found: list[tuple[int, float]] = []
    numbers: dict[str, int] = {}
    seed_tokens = [[numbers.setdefault(token, len(numbers)) for token in TOKEN.findall(seed.lower())] for seed in seeds]
    seed_lengths = np.array([len(some) for some in seed_tokens], np.int64)  # (S,)
    for chunk in chunks(texts, CHUNK):
        text_tokens = [[numbers.get(token, -1) for token in TOKEN.findall(text.lower())] for text in chunk]
        lengths = np.array([len(some) for some in text_tokens], np.int64)  # (N,)
        common = process.cdist(text_tokens, seed_tokens, scorer=LCSseq.similarity, dtype=np.int64)  # (N, S)
        best = (common / np.maximum(lengths[:, None] + seed_lengths, 1)).argmax(axis=1)  # half of F
        for row, place in enumerate(best.tolist()):
            score = float(f_measure(int(common[row, place]), int(lengths[row]), int(seed_lengths[place])))
            found.append((place, score) if score else (-1, 0.0))
    return found


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
