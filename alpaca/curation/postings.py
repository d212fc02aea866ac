"""Which texts can be near to which: the filters of an exact similarity join, over whole blocks at a time.

Two texts of a and b tokens whose ROUGE-L F is above t have more than t(a + b)/2 tokens in common, order aside. So:

- **Length.** The shorter has at least t/(2 - t) times the tokens of the longer.
- **Prefix** (Chaudhuri et al. 2006, Bayardo et al. 2007). Sort the tokens of both by the same order, rarest first. The first
  token that they share stands at most a - t(a + b)/2 places from the front of the one and b - t(a + b)/2 of the other, so
  an inverted index of those places finds all pairs.
- **Bitmap** (Sandes et al. 2020). Let each text be a set of bits, one flipped for each token. Bits that differ are at
  most the tokens that are not in common, at most (1 - t)(a + b).

The order of tokens, the number of bits and the size of blocks change how much is sifted out, and never what is found.
Letters: N texts, T tokens of all, P postings, C candidates, W words of 64 bits.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bits = npt.NDArray[np.uint64]

AT_ONCE = 1 << 18  # candidates that are looked at together
SLACK = 1e-6  # far above any rounding, far below a token
MIXERS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], np.uint64)  # odd, of golden ratio and xxHash


def f_measure(common: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """Return ROUGE-L's F for common subsequences of that many tokens, with rouge_score's own float operations."""
    common = np.asarray(common)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = common / np.asarray(first), common / np.asarray(second)
        return np.where(common > 0, 2 * precision * recall / (precision + recall), 0.0)


@dataclass(frozen=True)
class Texts:
    """Texts as numbers of tokens, all in one row, with their bitmaps."""

    tokens: npt.NDArray[np.int32]  # (T,)
    lengths: Ints  # (N,)
    bits: Bits  # (W, N)

    @classmethod
    def of(cls, texts: Sequence[Sequence[int]], words: int) -> Texts:
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        tokens = np.fromiter(chain.from_iterable(texts), np.int32, int(lengths.sum()))
        return cls(tokens, lengths, bitmaps(tokens, lengths, words))

    def __len__(self) -> int:
        return len(self.lengths)

    @cached_property
    def starts(self) -> Ints:
        return np.cumsum(self.lengths) - self.lengths  # (N,)

    @cached_property
    def strings(self) -> list[str] | None:
        """The texts as strings of a character a token; none where there are more tokens than characters."""
        if self.tokens.max(initial=0) > sys.maxunicode:
            return None
        return strings(self.tokens, self.lengths)

    @cached_property
    def sizes(self) -> npt.NDArray[np.float32]:
        return self.lengths.astype(np.float32)  # (N,), half as long to look through

    def take(self, rows: Ints) -> Texts:
        """Return some of the texts, in the order of `rows`."""
        lengths = self.lengths[rows]
        return Texts(self.tokens[spans(self.starts[rows], lengths)], lengths, self.bits[:, rows])

    def __add__(self, other: Texts) -> Texts:
        both = Texts(
            np.concatenate([self.tokens, other.tokens]),
            np.concatenate([self.lengths, other.lengths]),
            np.concatenate([self.bits, other.bits], axis=1),
        )
        if (mine := self.__dict__.get("strings")) and other.strings:
            both.__dict__["strings"] = mine + other.strings  # made already
        return both


def strings(tokens: Ints | npt.NDArray[np.int32], lengths: Ints) -> list[str]:
    """Return texts as strings of a character a token; no token is above `sys.maxunicode`."""
    characters = tokens.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    return [characters[start:end] for start, end in pairwise([0, *np.cumsum(lengths).tolist()])]


def bitmaps(tokens: npt.NDArray[np.int32], lengths: Ints, words: int) -> Bits:
    """Flip one bit for each token, chosen by its number: (W, N)."""
    hashes = tokens.astype(np.uint64) * MIXERS[0]
    hashes = (hashes ^ (hashes >> np.uint64(29))) * MIXERS[1]
    bit = np.uint64(1) << (hashes >> np.uint64(58))  # (T,)
    word = ((hashes >> np.uint64(32)) % np.uint64(words)).astype(np.int64)
    found = np.zeros(words * len(lengths), np.uint64)
    np.bitwise_xor.at(found, word * len(lengths) + np.repeat(np.arange(len(lengths)), lengths), bit)
    return found.reshape(words, -1)


def spans(starts: Ints, lengths: Ints) -> Ints:
    """Return start, start + 1, ..., start + length - 1 for each start, end to end."""
    ends = np.cumsum(lengths)
    return np.repeat(starts - ends + lengths, lengths) + np.arange(ends[-1] if len(ends) else 0)


class Places(NamedTuple):
    """Places in texts, each text's tokens sorted by rank: (P,) each."""

    text: Ints
    rank: Ints
    place: Ints


class Postings:
    """An inverted index of some texts, frozen, and made when pairs are first asked for."""

    def __init__(self, texts: Texts, threshold: float) -> None:
        self.texts, self.threshold = texts, threshold

    def pairs(self, others: Texts) -> Iterator[tuple[Ints, Ints]]:
        """Yield (numbers of other texts, numbers of texts of this index) that may be near, a block at a time.

        A pair may come once more in the next block.
        """
        found = places(others, self._ranks, self.threshold)
        length = others.lengths[found.text]
        shortest, longest = reach(length, length - found.place, self.threshold)
        base = found.rank * (self._longest + 1)
        low = np.searchsorted(self._postings.rank, base + shortest)
        high = np.searchsorted(self._postings.rank, base + np.minimum(longest, self._longest), side="right")
        counts = np.where(found.rank > 0, np.maximum(high - low, 0), 0)
        for block in blocks(counts):
            yield self._near(others, np.repeat(found.text[block], counts[block]), spans(low[block], counts[block]))

    def _near(self, others: Texts, one: Ints, posting: Ints) -> tuple[Ints, Ints]:
        """Sift candidates by the places of their postings, by their bitmaps, and by the best F that both allow."""
        two = self._postings.text[posting]
        left = self.texts.lengths[two] - self._postings.place[posting]
        both = others.lengths[one] + self.texts.lengths[two]
        near = left >= both * (self.threshold / 2) - SLACK
        one, two, left, both = one[near], two[near], left[near], both[near]
        shared = (both - differing(others.bits[:, one], self.texts.bits[:, two])) >> 1
        near = shared >= both * (self.threshold / 2) - SLACK
        one, two, shared = one[near], two[near], np.minimum(left[near], shared[near])
        near = f_measure(shared, others.lengths[one], self.texts.lengths[two]) > self.threshold
        pair = np.unique(one[near] * len(self.texts) + two[near])
        return pair // len(self.texts), pair % len(self.texts)

    @cached_property
    def _longest(self) -> int:
        return int(self.texts.lengths.max(initial=0))

    @cached_property
    def _ranks(self) -> Ints:
        """Rank the tokens by number, from 1 for the rarest; 0 is for those that are in no text."""
        counts = np.bincount(self.texts.tokens)
        held = np.flatnonzero(counts)
        ranks = np.zeros(len(counts) + 1, np.int64)
        ranks[held[np.argsort(counts[held], kind="stable")]] = np.arange(len(held)) + 1
        return ranks

    @cached_property
    def _postings(self) -> Places:
        """Sort the places by rank and length, which are both in the `rank` of what is returned."""
        found = places(self.texts, self._ranks, self.threshold)
        keys = found.rank * (self._longest + 1) + self.texts.lengths[found.text]
        order = np.argsort(keys)
        return Places(found.text[order], keys[order], found.place[order])


def places(texts: Texts, ranks: Ints, threshold: float) -> Places:
    """Sort each text's tokens by rank, and give the first place of each within the longest prefix that can matter."""
    width = len(ranks) + 1
    rank = ranks[np.minimum(texts.tokens, len(ranks) - 1)]  # (T,)
    keys = np.sort(np.repeat(np.arange(len(texts)), texts.lengths) * width + rank)
    text, rank = keys // width, keys % width
    place = np.arange(len(keys)) - texts.starts[text]
    length = texts.lengths[text]
    kept = length - place >= reach(length, length, threshold)[0]
    kept[1:] &= keys[1:] != keys[:-1]
    return Places(text[kept], rank[kept], place[kept])


def reach(length: Ints, shared: Ints, threshold: float) -> tuple[Ints, Ints]:
    """Return how short and how long a text may be to be near one of that length with so many tokens in common, all those of a shorter one."""
    shortest = np.ceil(length * threshold / (2 - threshold) - SLACK).astype(np.int64)
    shortest += f_measure(shortest, length, shortest) <= threshold
    longest = np.floor(2 * shared / threshold - length + SLACK).astype(np.int64)
    longest -= f_measure(np.minimum(shared, longest), length, longest) <= threshold
    return shortest, longest


def differing(one: Bits, two: Bits) -> npt.NDArray[np.uint16]:
    """Count the bits in which bitmaps differ: (W, N) to (N,)."""
    kind = np.uint8 if len(one) < 4 else np.uint16  # the smallest that holds the sum
    counts: npt.NDArray[np.uint16] = np.bitwise_count(one[0] ^ two[0]).astype(kind, copy=False)
    for word in range(1, len(one)):
        counts += np.bitwise_count(one[word] ^ two[word])
    return counts


def blocks(counts: Ints) -> Iterator[slice]:
    """Cut a row of counts into blocks of a sum that is looked at together, or of one count where that is more."""
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        done = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + AT_ONCE, side="right")))
        yield slice(start, stop)
        start = stop
