"""Deduplication by ROUGE-L, each decision the same as rouge_score's.

An example is a duplicate where the ROUGE-L F of its text with that of an example kept earlier is above the threshold, as in
Self-Instruct (Wang et al. 2022, section 2.2) and Alpaca. `curation/postings.py` sifts out what cannot be near; of what is
left rapidfuzz finds the longest common subsequence, bit-parallel, and F has rouge_score's own float operations.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Interval, MinLen
from rapidfuzz import process
from rapidfuzz.distance import LCSseq

from alpaca.curation.postings import Floats, Ints, Postings, Texts, blocks, differing, f_measure, strings
from alpaca.records import Example

Threshold = Annotated[float, Interval(gt=0, le=1)]
Fields = Annotated[Sequence[Literal["instruction", "input", "output"]], MinLen(1)]
Repeated = tuple[int, float]  # which of the examples kept, counted from 0, and F

WORDS = {"instruction": 3, "input": 4, "output": 10}  # of 64 bits in a bitmap, by the fields that are compared
BLOCK = 4096  # examples that are decided on together
FIRST_BLOCK = 128  # fewer, so that what is repeated most is known early
MANY = 1 << 18  # pairs in a block, which 700 examples that are all alike do not have
LARGEST = 1 << 22  # tokens of a part that takes no more, so that sorting them takes bounded memory
RECENT = 512  # examples that are not yet in a part
LOOKS = [64, 1024]  # where the most promising are cut: those after are scored only where the first leave a doubt
TOKEN = re.compile("[a-z0-9]+")
ROUNDING = 1e-6  # far above that of a bound


class Rouge:
    """An index of the examples kept so far: frozen parts, mostly each larger than those after it, and what is recent.

    One example costs a look at all bitmaps; a block of them goes through the inverted indexes of the parts.
    """

    def __init__(self, threshold: Threshold, fields: Fields) -> None:
        self.threshold, self.fields = threshold, fields
        self.numbers: dict[str, int] = {}  # of tokens
        self.parts: list[Postings] = []
        self.recent = self._texts([])
        self.last: tuple[str | None, Texts] = None, self.recent

    @property
    def size(self) -> int:
        """How many examples were added."""
        return sum(len(part.texts) for part in self.parts) + len(self.recent)

    def duplicate_of(self, example: Example) -> Repeated | None:
        """Return which of the examples added so far is nearest, the first of several, and its F, if that is above the threshold."""
        found = self._nearest(self._text(example), self.threshold)
        return found if found and found[1] > self.threshold else None

    def nearest(self, example: Example) -> Repeated | None:
        """Return which of the examples added so far is nearest, the first of several, and its F; None where there is none."""
        return self._nearest(self._text(example), 0.0)

    def add(self, example: Example) -> None:
        """Hold an example, whatever it repeats."""
        self.recent += self._text(example)
        if len(self.recent) >= RECENT:
            self._settle(in_one=True)

    def decide(self, examples: Iterable[Example]) -> Iterator[Repeated | None]:
        """Yield for each example what `duplicate_of` would return, and add those that repeat none, a block at a time."""
        rest, size = iter(examples), FIRST_BLOCK
        while block := list(islice(rest, size)):
            self._settle()
            yield from self._decide(self._texts(block))
            size = min(2 * size, BLOCK)

    def _decide(self, texts: Texts) -> Iterator[Repeated | None]:
        """Decide on a block: against what was kept before; then what is left, within the block.

        Where the block is so full of repetitions that it has too many pairs, its halves are decided one after the other.
        """
        best: dict[int, Repeated] = {}
        for row, number, score in self._pairs_with_parts(texts):
            _improve(best, row, number, score)
        rows = np.arange(len(texts))
        new = rows[[row not in best for row in rows.tolist()]]
        pairs = list(islice(self._pairs(texts, Postings(texts.take(new), self.threshold), new), MANY))
        if len(pairs) == MANY:
            return chain(*[self._decide(texts.take(half)) for half in np.array_split(rows, 2)])
        repeats = _greedy(pairs)
        kept = new[[row not in repeats for row in new.tolist()]]
        for row, (other, score) in repeats.items():
            _improve(best, row, self.size + int(np.searchsorted(kept, other)), score)
        self.recent = texts.take(kept)
        self._settle()
        return map(best.get, rows.tolist())

    def _pairs_with_parts(self, texts: Texts) -> Iterator[tuple[int, int, float]]:
        base = 0
        for part in self.parts:
            yield from ((row, base + number, score) for row, number, score in self._pairs(texts, part))
            base += len(part.texts)

    def _pairs(self, texts: Texts, part: Postings, rows: Ints | None = None) -> Iterator[tuple[int, int, float]]:
        """Yield (number of a text, number in the part, F) of each pair whose F is above the threshold.

        Where the part is made of these `rows` of the texts, the second number is of the row too, and is the smaller.
        """
        for one, two in part.pairs(texts):
            number = two if rows is None else rows[two]
            if rows is not None:
                one, two, number = (values[number < one] for values in (one, two, number))
            score = scores(texts, one, part.texts, two)
            above = score > self.threshold
            yield from zip(one[above].tolist(), number[above].tolist(), score[above].tolist(), strict=True)

    def _nearest(self, text: Texts, floor: float) -> Repeated | None:
        """Return what is nearest and its F, unless no F can be above the floor."""
        best: Repeated | None = None
        base = 0
        for texts in (*(part.texts for part in self.parts), self.recent):
            found = _nearest_of(text, texts, best[1] if best else floor)
            if found and (best is None or found[1] > best[1]):
                best = base + found[0], found[1]
            base += len(texts)
        return best

    def _settle(self, in_one: bool = False) -> None:
        """Make a part of what is recent, together with the last parts as long as they are hardly larger than it.

        `in_one` takes all parts together: of one that is never asked for pairs no index is made, and one is faster to look at.
        """
        texts = self.recent
        while self.parts and (in_one or len(self.parts[-1].texts) <= 2 * len(texts)) and len(texts.tokens) < LARGEST:
            texts = self.parts.pop().texts + texts
        if len(texts):
            self.parts.append(Postings(texts, self.threshold))
        self.recent = self._texts([])

    def _text(self, example: Example) -> Texts:
        """Tokenize one; what an index was asked about is mostly added to it next."""
        joined = self._joined(example)
        if self.last[0] != joined:
            self.last = joined, self._texts([example])
        return self.last[1]

    def _joined(self, example: Example) -> str:
        return " ".join(getattr(example, field) for field in self.fields).lower()

    def _texts(self, examples: Sequence[Example]) -> Texts:
        """Tokenize as rouge_score does without stemming: lower case, runs of a-z and 0-9."""
        numbers = self.numbers
        joined = map(self._joined, examples)
        tokens = [[numbers.setdefault(token, len(numbers)) for token in TOKEN.findall(text)] for text in joined]
        return Texts.of(tokens, sum(WORDS[field] for field in self.fields))


def scores(texts: Texts, one: Ints, others: Texts, two: Ints) -> Floats:
    """Return the F of each text `one` with the other text `two`."""
    first, second = texts.lengths[one], others.lengths[two]
    common = [_common(texts.take(one[block]), others.take(two[block])) for block in blocks(first + second)]
    return f_measure(np.concatenate([np.empty(0, np.int64), *common]), first, second)


def _common(first: Texts, second: Texts) -> Ints:
    """Return how many tokens each pair of texts has in common in order; a text becomes a string of a character a token."""
    tokens = np.concatenate([first.tokens, second.tokens])
    if tokens.max(initial=0) > sys.maxunicode:
        tokens = np.unique(tokens, return_inverse=True)[1]
    both = strings(tokens, np.concatenate([first.lengths, second.lengths]))
    common: Ints = process.cpdist(both[: len(first)], both[len(first) :], scorer=LCSseq.similarity, dtype=np.int64)
    return common


def _nearest_of(text: Texts, texts: Texts, floor: float) -> Repeated | None:
    """Score what may be the nearest, the most promising first, as long as one may be above the floor or nearer than the best."""
    bounds = _bounds(text, texts)
    best = None
    if not floor and len(texts):  # some guesses spare sorting them all
        best = _best_of(text, texts, _guesses(bounds))
    for most in (*LOOKS, len(bounds)):
        rows = np.flatnonzero(bounds >= (best[1] if best else floor) - ROUNDING)
        look = rows[np.argpartition(-bounds[rows], most)[:most]] if len(rows) > most else rows
        found = _best_of(text, texts, look) if len(look) else None
        if found and (best is None or (found[1], -found[0]) > (best[1], -best[0])):
            best = found
        if len(look) == len(rows):
            break
    return best


def _guesses(bounds: npt.NDArray[np.float32]) -> Ints:
    """Return the most promising of each stretch of texts."""
    width = -(-len(bounds) // LOOKS[0])
    whole = bounds[: len(bounds) // width * width].reshape(-1, width)
    rows: Ints = np.arange(len(whole)) * width + whole.argmax(axis=1)
    return rows


def _best_of(text: Texts, texts: Texts, rows: Ints) -> Repeated:
    """Return which of these rows, of which there is one, is nearest, the first of several, and its F."""
    if texts.strings is None or text.strings is None:
        score = scores(text, np.zeros(len(rows), np.int64), texts, rows)
    else:
        choices = [texts.strings[row] for row in rows.tolist()]
        common = process.cdist(text.strings, choices, scorer=LCSseq.similarity, dtype=np.int64)[0]
        score = f_measure(common, text.lengths[0], texts.lengths[rows])
    nearest = int(np.lexsort((rows, -score))[0])
    return int(rows[nearest]), float(score[nearest])


def _bounds(text: Texts, texts: Texts) -> npt.NDArray[np.float32]:
    """Return for each text an F that its own with the first of `text` cannot pass, but for rounding."""
    size, sizes = text.sizes[:1], texts.sizes
    both = sizes + size
    twice_shared = np.minimum(2 * np.minimum(sizes, size), both - differing(texts.bits, text.bits))
    bounds: npt.NDArray[np.float32] = twice_shared / np.maximum(both, 1)
    return bounds


def _greedy(pairs: Sequence[tuple[int, int, float]]) -> dict[int, Repeated]:
    """Go through (row, other row, F) in order of rows; return of each row that repeats an earlier one that is kept, the nearest."""
    repeats: dict[int, Repeated] = {}
    for row, other, score in sorted(pairs):
        if other not in repeats:
            _improve(repeats, row, other, score)
    return repeats


def _improve(best: dict[int, Repeated], row: int, number: int, score: float) -> None:
    """Note what is nearer than what is known, or as near and earlier."""
    if row not in best or (score, -number) > (best[row][1], -best[row][0]):
        best[row] = number, score


class Everything:
    """`dedup=none`: every example is new."""

    threshold = 1.0

    def duplicate_of(self, example: Example) -> None:
        return None

    def nearest(self, example: Example) -> None:
        return None

    def add(self, example: Example) -> None:
        return None

    def decide(self, examples: Iterable[Example]) -> Iterator[None]:
        return (None for _ in examples)
