"""Which examples are taken where only so many are wanted: the best by a number, or the most diverse by their texts."""

from __future__ import annotations

import heapq
import re
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from pydantic import PositiveInt

from alpaca.curation.rouge import Fields
from alpaca.errors import UserError
from alpaca.records import Example

NOT_SELECTED: Final = "not selected"
SCORES: Final = "scores"  # the field that scoring adds
WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True)
class Best:
    """The `count` examples with the highest number in the field `by`, the earlier where numbers are equal.

    As in AlpaGasus (Chen et al. 2023, section 3), which trains on the 9,229 examples that a judge scored 4.5 or more of 5.
    `by` names a field that came with the rows, or that scoring added; a dot leads into an object (`scores.mean`). Rows without
    a number there come last. Raises UserError where no row has one.
    """

    count: PositiveInt
    by: str

    def selected(self, examples: Iterable[Example]) -> set[int]:
        judged, numbers = False, list[float | None]()
        for example in examples:
            judged = judged or SCORES in example.about
            numbers.append(self._number(example))
        if not any(number is not None for number in numbers):
            raise UserError(f"selection.by={self.by}: {self._nowhere(len(numbers), judged)}")
        ranks = [(-number, place) for place, number in enumerate(numbers) if number is not None]
        missing = [place for place, number in enumerate(numbers) if number is None]
        best = [place for _, place in heapq.nsmallest(self.count, ranks)]
        return {*best, *missing[: self.count - len(best)]}

    def reason(self, example: Example) -> str:
        return NOT_SELECTED if self._number(example) is not None else f"{NOT_SELECTED}: no number in {self.by}"

    def _nowhere(self, count: int, judged: bool) -> str:
        """Say what to do where no example has a number."""
        if self.by.split(".")[0] == SCORES and judged:
            return f"the judge scored none of {count:,} examples; see its replies in curate.ledger.jsonl"
        return "no example has a number there; name another field, or scores=judge"

    def _number(self, example: Example) -> float | None:
        value: Any = example.about
        for part in self.by.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


class Embedding(Protocol):
    """Turns texts into vectors, (texts, width) float32, of which the cosine tells how alike two texts are."""

    def embed(self, texts: Iterable[str]) -> np.ndarray: ...


@dataclass(frozen=True)
class HashedTfidf:
    """TF-IDF with words hashed to signed places (Weinberger et al. 2009), so that the width is fixed and memory known.

    A text of n words has their 1 + log(count), times log(texts / texts with the word).
    """

    width: PositiveInt

    def embed(self, texts: Iterable[str]) -> np.ndarray:
        known: dict[str, int] = {}
        counts = [Counter(WORD.findall(text.lower())) for text in texts]
        lengths = np.array([len(words) for words in counts], int)
        words = np.array([known.setdefault(word, len(known)) for each in counts for word in each], int)
        times = np.array([number for each in counts for number in each.values()], np.float32)
        rarity = np.log(len(counts) / np.maximum(np.bincount(words, minlength=len(known)), 1))
        hashes = np.array([zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in known], int)
        weights = (1 + np.log(times)) * rarity[words] * (1 - 2 * (hashes[words] & 1))
        vectors = np.zeros((len(counts), self.width), np.float32)
        np.add.at(vectors, (np.repeat(np.arange(len(counts)), lengths), (hashes[words] >> 1) % self.width), weights)
        return vectors


@dataclass(frozen=True)
class Diverse:
    """`count` examples of which each was the farthest from those before it (Gonzalez 1985; k-center greedy, Sener 2018).

    The first is the nearest to the mean of all. What is far is told by the cosine of the fields' embeddings; of equally
    far ones the earliest is taken. Takes texts * width * 4 bytes, and count * texts * width steps.
    """

    count: PositiveInt
    fields: Fields
    embedding: Embedding

    def selected(self, examples: Iterable[Example]) -> set[int]:
        texts = ("\n".join(getattr(example, field) for field in self.fields) for example in examples)
        vectors = self.embedding.embed(texts)
        return set(farthest(vectors, self.count))

    def reason(self, example: Example) -> str:
        return NOT_SELECTED


def farthest(vectors: np.ndarray, count: int) -> list[int]:
    """Return the rows of (N, width) that farthest-point selection takes, in its order; all where there are fewer."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = vectors / np.maximum(lengths, np.finfo(vectors.dtype).tiny)
    taken = [int((vectors @ vectors.mean(axis=0)).argmax())] if len(vectors) else []
    nearest = np.full(len(vectors), -np.inf, vectors.dtype)  # the cosine with the nearest of those taken
    while len(taken) < min(count, len(vectors)):
        np.maximum(nearest, vectors @ vectors[taken[-1]], out=nearest)
        nearest[taken[-1]] = np.inf
        taken.append(int(nearest.argmin()))
    return taken
