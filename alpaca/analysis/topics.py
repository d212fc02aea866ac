"""Group examples by what they are about: spherical k-means on TF-IDF (Dhillon and Modha 2001), each group named by its words.

N examples, V words, K topics. The topics are learned on at most `SAMPLE` examples; the rest are assigned to the nearest one,
a chunk at a time. The same texts give the same topics: similarities are rounded before they are compared.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alpaca.analysis.phrases import known, singular
from alpaca.analysis.sample import chunks

Matrix = NDArray[np.float32]

SAMPLE: Final = 4000
WORDS: Final = 600  # V
ROUNDS: Final = 25
CHUNK: Final = 2000
MOST_COMMON: Final = 0.15  # a word in more than this share of the examples says nothing about a topic
LEAST: Final = 3  # examples that a word must occur in
OTHER: Final = -1  # the topic of an example without any of the words
CHARACTERS: Final = 1500  # of a text that tell its topic
NO_TOPIC: Final = ("topicless", "verbs", "stops", "determiners", "pronouns", "particles")


@dataclass(frozen=True)
class Topics:
    """Topics by their words, the heaviest first, and what is needed to assign a text to one."""

    names: list[list[str]]
    places: dict[str, int]  # of a word in V
    weights: Matrix  # (V,)
    centres: Matrix  # (K, V)

    def of(self, texts: Iterable[str]) -> list[int]:
        """Return the topic of each text, from 0, or OTHER."""
        found: list[int] = []
        for chunk in chunks(texts, CHUNK):
            if not len(self.centres):
                found += [OTHER] * len(chunk)
                continue
            rows = vectors([content(text) for text in chunk], self.places, self.weights)  # (N, V)
            nearest = similarity(rows, self.centres).argmax(axis=1)
            found += np.where(rows.any(axis=1), nearest, OTHER).tolist()
        return found


def learned(texts: Sequence[str], count: int, seed: int = 0) -> Topics:
    """Learn at most `count` topics; fewer where the texts are few, none where they share no words."""
    sample = [content(text) for text in texts[:: -(-len(texts) // SAMPLE) or 1]]
    frequency = Counter(word for words in sample for word in words)
    most = max(MOST_COMMON * len(sample), LEAST)
    common = [(-n, word) for word, n in frequency.items() if LEAST <= n <= most]
    places = {word: place for place, (_, word) in enumerate(sorted(common)[:WORDS])}
    weights = np.array([np.log(len(sample) / frequency[word]) for word in places], np.float32)
    rows = vectors(sample, places, weights)
    rows = rows[rows.any(axis=1)]
    centres = k_means(rows, min(count, len(rows) // LEAST), np.random.default_rng(seed))
    return Topics(named(centres, list(places)), places, weights, centres)


def content(text: str) -> set[str]:
    """Return the words of a text that may tell its topic, plurals as the singular."""
    words = set(re.findall(r"[^\W\d_]{3,}", text[:CHARACTERS].lower()))
    return {topical for word in words if (topical := of_topic(word))}


@cache
def of_topic(word: str) -> str | None:
    """Return the singular of a word that may tell a topic; None for one that is in texts of any, or asks for something."""
    noun = singular(word)
    return None if known(word, *NO_TOPIC) or known(noun, *NO_TOPIC) else noun


def vectors(texts: Sequence[Iterable[str]], places: dict[str, int], weights: Matrix) -> Matrix:
    """Return a row of unit length for each text, or of zeros where it has none of the words."""
    rows = np.zeros((len(texts), len(places)), np.float32)  # (N, V)
    for row, words in zip(rows, texts, strict=True):
        columns = [places[word] for word in words if word in places]
        row[columns] = weights[columns]
    return normalized(rows)


def normalized(rows: Matrix) -> Matrix:
    lengths: Matrix = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Matrix = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return scaled


def k_means(rows: Matrix, count: int, rng: np.random.Generator) -> Matrix:
    """Return the centres (K, V) of the rows (N, V), all of unit length; begun as k-means++ begins."""
    if not count:
        return np.zeros((0, rows.shape[1]), np.float32)
    centres = rows[[int(rng.integers(len(rows)))]]
    while len(centres) < count:
        far = 1 - similarity(rows, centres).max(axis=1)
        chances = np.cumsum(far.clip(1e-6) ** 2)
        centres = np.vstack([centres, rows[[int(np.searchsorted(chances, rng.random() * chances[-1]))]]])
    for _ in range(ROUNDS):
        nearest = similarity(rows, centres).argmax(axis=1)
        sums = np.stack([rows[nearest == topic].sum(axis=0) for topic in range(count)])  # (K, V)
        centres = normalized(np.where(sums.any(axis=1, keepdims=True), sums, centres))
    return centres


def similarity(rows: Matrix, centres: Matrix) -> Matrix:
    """Return the cosines (N, K), rounded, so that the order of a processor's sums decides nothing."""
    rounded: Matrix = np.round(rows @ centres.T, 4)
    return rounded


def named(centres: Matrix, words: Sequence[str], most: int = 4) -> list[list[str]]:
    order = np.argsort(-np.round(centres, 4), axis=1, kind="stable")[:, :most]
    return [[words[place] for place in row if centre[place] > 0] for row, centre in zip(order, centres, strict=True)]
