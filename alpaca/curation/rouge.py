"""Deduplication by ROUGE-L, each decision the same as rouge_score's.

An example is a duplicate where the ROUGE-L F of its text with that of an example kept earlier is above the threshold, as in
Self-Instruct (Wang et al. 2022, section 2.2) and Alpaca. Texts are compared as strings of one character a token, so that
rapidfuzz's bit-parallel LCS does the work; lengths that cannot reach the threshold are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from annotated_types import Interval, MinLen
from rapidfuzz import process
from rapidfuzz.distance import LCSseq

from alpaca.records import Example

Threshold = Annotated[float, Interval(gt=0, le=1)]
Fields = Annotated[Sequence[Literal["instruction", "input", "output"]], MinLen(1)]
SURROGATES = range(0xD800, 0xE000)  # code points that no string may hold


def f_measure(common: int, first: int, second: int) -> float:
    """Return ROUGE-L's F for a common subsequence of that many tokens, with rouge_score's own float operations."""
    if not (common and first and second):
        return 0.0
    precision, recall = common / first, common / second
    return 2 * precision * recall / (precision + recall)


class Rouge:
    """An index of the examples kept so far."""

    def __init__(self, threshold: Threshold, fields: Fields) -> None:
        self.threshold, self.fields = threshold, fields
        self.characters: dict[str, str] = {}
        self.by_length: dict[int, tuple[list[str], list[int]]] = {}
        self.size = 0

    def duplicate_of(self, example: Example) -> tuple[int, float] | None:
        """Return which of the examples added so far (counted from 0) is nearest, and its F, if that is above the threshold."""
        text = self._encode(example)
        best: tuple[int, float] | None = None
        for length, (texts, numbers) in self.by_length.items():
            least = self._least_common(len(text), length)
            found = least and process.extractOne(text, texts, scorer=LCSseq.similarity, score_cutoff=least)
            if found:
                score = f_measure(int(found[1]), len(text), length)
                if best is None or (-score, numbers[found[2]]) < (-best[1], best[0]):
                    best = numbers[found[2]], score
        return best

    def add(self, example: Example) -> None:
        text = self._encode(example)
        texts, numbers = self.by_length.setdefault(len(text), ([], []))
        texts.append(text)
        numbers.append(self.size)
        self.size += 1

    def _encode(self, example: Example) -> str:
        """Tokenize as rouge_score does without stemming (lower case, runs of a-z and 0-9), a character for each token."""
        text = " ".join(getattr(example, field) for field in self.fields).lower()
        return "".join(self._character(token) for token in re.findall(r"[a-z0-9]+", text))

    def _character(self, token: str) -> str:
        code = len(self.characters) + 1
        return self.characters.setdefault(token, chr(code if code < SURROGATES.start else code + len(SURROGATES)))

    def _least_common(self, first: int, second: int) -> int | None:
        """Return the shortest common subsequence with an F above the threshold, or None where there is none."""
        most = min(first, second)
        if f_measure(most, first, second) <= self.threshold:
            return None
        least = int(self.threshold * (first + second) / 2)  # F is 2 * common / (first + second), but for its rounding
        while f_measure(least, first, second) > self.threshold:
            least -= 1
        while f_measure(least, first, second) <= self.threshold:
            least += 1
        return least


class Everything:
    """`dedup=none`: every example is new."""

    def duplicate_of(self, example: Example) -> None:
        return None

    def add(self, example: Example) -> None:
        return None
