"""Instructions in any number with the lengths, words and near-duplicates of real ones, for benchmarks of deduplication.

Each is a real instruction in which content words are replaced: half of the new words are drawn from the words of
real instructions, half from those of all real texts, each as often as it occurs there, so that frequencies stay
Zipf's. A stated share repeats an earlier one with one to three words replaced, left out or doubled.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path

from alpaca.records import Example, read

COMMONEST = 100  # words that stay where they are: the, a, of, write, list, sentence
REPLACED = 0.85  # of the other words
REPEATS = 0.15  # of all instructions


def real_examples(paths: Sequence[Path]) -> list[Example]:
    return [example for path in paths for example in read(path)[0]]


def instructions(examples: Sequence[Example], count: int, seed: int) -> list[str]:
    """Return `count` instructions: the real ones first, then variations of them, shuffled."""
    rng = random.Random(seed)
    real = [example.instruction for example in examples]
    own, every = _words(real), _words(text for example in examples for text in example.texts())
    common = {word for word, _ in own.most_common(COMMONEST)}
    draws = [_Draws({w: n for w, n in counts.items() if w not in common}, rng) for counts in (own, every)]
    made = real[:count]
    while len(made) < count:
        if rng.random() < REPEATS:
            made.append(_repeated(rng.choice(made), draws, rng))
        else:
            made.append(_varied(rng.choice(real), common, draws, rng))
    rng.shuffle(made)
    return made


class _Draws:
    """Draws words as often as they occur."""

    def __init__(self, counts: dict[str, int], rng: random.Random) -> None:
        self.words, self.cumulated, self.rng = list(counts), list(accumulate(counts.values())), rng

    def draw(self) -> str:
        return self.rng.choices(self.words, cum_weights=self.cumulated)[0]


def _words(texts: Iterable[str]) -> Counter[str]:
    return Counter(word for text in texts for word in re.findall(r"[a-z0-9]+", text.lower()))


def _varied(text: str, common: set[str], draws: list[_Draws], rng: random.Random) -> str:
    def replaced(word: re.Match[str]) -> str:
        return word[0] if word[0].lower() in common or rng.random() >= REPLACED else rng.choice(draws).draw()

    return re.sub(r"[^\W_]+", replaced, text)


def _repeated(text: str, draws: list[_Draws], rng: random.Random) -> str:
    words = text.split()
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(words))
        words[place] = rng.choice([rng.choice(draws).draw(), "", f"{words[place]} {rng.choice(draws).draw()}"])
        words = " ".join(words).split() or ["again"]
    return " ".join(words)
