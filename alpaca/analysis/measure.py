"""Measure a set of examples: lengths, verbs, nearness to the seeds, topics, and what it shares with another set.

The measures are those of Self-Instruct (Wang et al. 2022, section 3.2) and of Alpaca's README (`parse_analysis`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from alpaca.analysis.lengths import Count, Lengths, lengths, words
from alpaca.analysis.overlap import Pair, nearest_pairs, nearest_seeds
from alpaca.analysis.parsers import Parser
from alpaca.analysis.sample import Sample
from alpaca.analysis.topics import OTHER, Topics
from alpaca.records import Example

VERBS = 20  # of the wheel
OBJECTS = 4  # of each verb
PAIRS = 12  # nearest pairs that are shown


class Noun(TypedDict):
    noun: str
    count: int


class Verb(TypedDict):
    verb: str
    count: int
    objects: list[Noun]


class Overlap(TypedDict):
    """ROUGE-L with the nearest seed; `counts` by whole hundredths, rounded down."""

    seeds: int
    mean: float
    median: float
    same: int
    counts: dict[str, int]


class Topic(TypedDict):
    words: list[str]
    count: int


class Neighbours(TypedDict):
    score: float
    first: str
    second: str


class Measured(TypedDict):
    """One data set. All but `rows` is of the rows looked at: every `step`-th."""

    name: str
    rows: int
    step: int
    looked_at: int
    with_input: int
    instructions: int
    words: dict[str, Lengths]
    tokens: dict[str, Lengths]
    with_pair: int
    verbs: list[Verb]
    verb_counts: dict[str, int]
    overlap: Overlap
    topics: list[Topic]
    nearest: list[Neighbours]


class Shared(TypedDict):
    """How many rows of the first set occur in the second, whole or by their instruction."""

    rows: int
    instructions: int


class Reason(TypedDict):
    """Why rows were rejected, with the first of them: the exact reason and the three fields."""

    reason: str
    count: int
    examples: list[dict[str, str]]


class Analysis(TypedDict):
    """`analysis.json`: a data set, what was rejected on the way to it, and what it is compared with.

    `compared_bad_rows` is how many of the other file's rows make no example.
    """

    parser: str
    tokenizer: str | None
    data: Measured
    rejected: int
    reasons: list[Reason]
    compared: Measured | None
    compared_bad_rows: int
    shared: Shared | None


@dataclass(frozen=True)
class Ruler:
    """What data sets are measured with, the same for all that are compared."""

    parser: Parser
    tokens: Count | None
    seeds: Sequence[str]
    topics: Topics

    def measure(self, name: str, examples: Sample[Example], topics: Sequence[int]) -> Measured:
        """Measure one data set; `topics` are those of its examples."""
        rows = examples.items
        instructions = Counter(example.instruction for example in rows)
        distinct = list(instructions)
        pairs = dict(zip(distinct, self.parser.find(distinct), strict=True))
        verbs = count_pairs((pairs[text], count) for text, count in instructions.items())
        return {
            "name": name,
            "rows": examples.total,
            "step": examples.step,
            "looked_at": len(rows),
            "with_input": sum(bool(example.input.strip()) for example in rows),
            "instructions": len(distinct),
            "words": {field: lengths(words(texts)) for field, texts in fields(rows).items()},
            "tokens": {field: lengths(self.tokens(texts)) for field, texts in fields(rows).items()}
            if self.tokens
            else {},
            "with_pair": verbs.total(),
            "verbs": wheel(verbs),
            "verb_counts": verb_counts(verbs),
            "overlap": self.overlap(instructions),
            "topics": self.topic_counts(topics),
            "nearest": [neighbours(distinct, pair) for pair in nearest_pairs(distinct, PAIRS)],
        }

    def overlap(self, instructions: Mapping[str, int]) -> Overlap:
        """Sum up how near each row's instruction is to its nearest seed."""
        nearest = nearest_seeds(instructions, self.seeds)
        scores = sorted(score for (_, score), n in zip(nearest, instructions.values(), strict=True) for _ in range(n))
        hundredths = Counter(int(100 * score + 1e-9) for score in scores)
        return {
            "seeds": len(self.seeds),
            "mean": round(sum(scores) / max(len(scores), 1), 4),
            "median": round(scores[len(scores) // 2], 4) if scores else 0.0,
            "same": hundredths[100],
            "counts": {str(hundredth): count for hundredth, count in sorted(hundredths.items())},
        }

    def topic_counts(self, topics: Sequence[int]) -> list[Topic]:
        counts = Counter(topics)
        named: list[Topic] = [{"words": name, "count": counts[place]} for place, name in enumerate(self.topics.names)]
        return [*named, {"words": [], "count": counts[OTHER]}]


def fields(examples: Sequence[Example]) -> dict[str, list[str]]:
    """Collect the instructions, the inputs that are not empty, and the outputs."""
    return {
        "instruction": [example.instruction for example in examples],
        "input": [example.input for example in examples if example.input.strip()],
        "output": [example.output for example in examples],
    }


def count_pairs(found: Iterable[tuple[tuple[str, str] | None, int]]) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for pair, count in found:
        if pair:
            counts[pair] += count
    return counts


def wheel(pairs: Mapping[tuple[str, str], int]) -> list[Verb]:
    """Return the most common verbs with the most common objects of each; the alphabet decides between equals."""
    objects: dict[str, Counter[str]] = defaultdict(Counter)
    for (verb, noun), count in pairs.items():
        objects[verb][noun] += count
    verbs = sorted(objects.items(), key=lambda item: (-item[1].total(), item[0]))[:VERBS]
    return [{"verb": verb, "count": nouns.total(), "objects": most_common(nouns)} for verb, nouns in verbs]


def verb_counts(pairs: Mapping[tuple[str, str], int]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for (verb, _), count in pairs.items():
        counts[verb] += count
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def most_common(nouns: Mapping[str, int]) -> list[Noun]:
    ordered = sorted(nouns.items(), key=lambda item: (-item[1], item[0]))[:OBJECTS]
    return [{"noun": noun, "count": count} for noun, count in ordered]


def neighbours(texts: Sequence[str], pair: Pair) -> Neighbours:
    return {"score": round(pair.score, 4), "first": texts[pair.first], "second": texts[pair.second]}


def shared(first: Iterable[Example], second: Iterable[Example]) -> Shared:
    """Count the examples of the first set that are in the second too, letter for letter."""
    second = list(second)
    rows, instructions = set(second), {example.instruction for example in second}
    first = list(first)
    return {
        "rows": sum(example in rows for example in first),
        "instructions": sum(example.instruction in instructions for example in first),
    }
