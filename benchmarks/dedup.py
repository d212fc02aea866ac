"""Deduplication beside its peers: `python -m benchmarks.dedup FILE ... [--rounds 5] [--sizes 5000 52000 500000]`.

52,000 instructions made of those in the files (benchmarks/corpus.py) are deduplicated at an F of 0.7 by `dedup=rouge`, by
rapidfuzz comparing each with all kept before, by rouge_score likewise and by datasketch's MinHash. The contestants take turns,
each on one thread, and what counts is the median of the rounds, in seconds of the processor. rapidfuzz decides on every
twentieth block of 500 and rouge_score compares a sample of pairs; both are extrapolated to all. Needs
`pip install rouge_score datasketch`; without datasketch it is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import LCSseq
from rich.console import Console
from rich.table import Table

from alpaca.curation.postings import f_measure
from alpaca.curation.rouge import TOKEN, Rouge
from alpaca.records import Example
from benchmarks.corpus import instructions, real_examples

COUNT, THRESHOLD = 52_000, 0.7
BLOCK, ONE_IN = 500, 20  # of rapidfuzz's rows
PAIRS = 2000  # of rouge_score
QUERIES = 1000
Decisions = Sequence[tuple[int, float] | None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=[5_000, 16_000, 52_000, 160_000, 500_000])
    arguments = parser.parse_args()
    real = real_examples(arguments.files)
    texts = instructions(real, COUNT + QUERIES, seed=0)
    race(texts[:COUNT], arguments.rounds)
    stream(texts[:COUNT], texts[COUNT:])
    grow(real, arguments.sizes)


def ours(texts: Sequence[str]) -> Decisions:
    return list(Rouge(THRESHOLD, ["instruction"]).decide(Example(text, "", "") for text in texts))


class Brute:
    """Compares each text with all that the exact method kept before it."""

    def __init__(self, texts: Sequence[str], decisions: Decisions) -> None:
        numbers: dict[str, int] = {}
        self.tokens = [TOKEN.findall(text.lower()) for text in texts]
        self.strings = ["".join(chr(numbers.setdefault(t, len(numbers)) + 1) for t in row) for row in self.tokens]
        self.kept = [row for row, decision in enumerate(decisions) if decision is None]
        self.before = np.searchsorted(self.kept, np.arange(len(texts)))  # kept ones before each row
        self.decisions = decisions

    def rapidfuzz(self, turn: int) -> float:
        """Return for how many comparisons of all this stands; one turn takes other blocks than the next."""
        done = 0
        for start in range(turn % ONE_IN * BLOCK, len(self.strings), ONE_IN * BLOCK):
            rows = range(start, min(start + BLOCK, len(self.strings)))
            others = [self.strings[row] for row in self.kept[: self.before[rows[-1]] + 1]]
            block = [self.strings[row] for row in rows]
            common = process.cdist(block, others, scorer=LCSseq.similarity, dtype=np.uint16)
            lengths = [np.array([len(string) for string in strings], float) for strings in (block, others)]
            repeats = f_measure(common, lengths[0][:, None], lengths[1][None]) > THRESHOLD
            for row, above in zip(rows, repeats, strict=True):
                assert bool(above[: self.before[row]].any()) == (self.decisions[row] is not None), row
            done += int(self.before[rows].sum())
        return done / int(self.before.sum())

    def rouge_score(self, turn: int) -> float:
        """Compare tokens with rouge_score's LCS, as stanford_alpaca does."""
        from rouge_score.rouge_scorer import _score_lcs

        rng = random.Random(turn)
        for _ in range(PAIRS):
            row = rng.randrange(len(self.tokens) // 2, len(self.tokens))
            _score_lcs(self.tokens[row], self.tokens[self.kept[rng.randrange(self.before[row])]])
        return PAIRS / int(self.before.sum())


def datasketch(texts: Sequence[str]) -> set[int]:
    """Return the rows that MinHash with a Jaccard similarity of 0.7 takes for repetitions of earlier ones."""
    from datasketch import MinHash, MinHashLSH

    index, found = MinHashLSH(threshold=THRESHOLD, num_perm=128), set()
    sets = ([token.encode() for token in set(TOKEN.findall(text.lower()))] for text in texts)
    for row, signature in enumerate(MinHash.generator(sets, num_perm=128)):
        if index.query(signature):
            found.add(row)
        else:
            index.insert(row, signature)
    return found


def race(texts: Sequence[str], rounds: int) -> None:
    decisions = ours(texts)
    check(texts, decisions)
    repeats = {row for row, decision in enumerate(decisions) if decision}
    brute = Brute(texts, decisions)
    contestants: dict[str, Callable[[int], float]] = {"ours": lambda turn: float(bool(ours(texts)))}
    contestants |= {"rapidfuzz, all pairs": brute.rapidfuzz, "rouge_score, all pairs": brute.rouge_score}
    recall = {"ours": 1.0, "rapidfuzz, all pairs": 1.0, "rouge_score, all pairs": 1.0}
    if importlib.util.find_spec("datasketch"):
        found: set[int] = set()
        contestants["datasketch MinHash 0.7"] = lambda turn: float(bool(found.update(datasketch(texts)) or 1))
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds):
        for name, contestant in contestants.items():
            start = time.process_time()
            share = contestant(turn)
            seconds[name].append((time.process_time() - start) / share)
    if "datasketch MinHash 0.7" in contestants:
        recall["datasketch MinHash 0.7"] = len(found & repeats) / len(repeats)
    print(f"{len(texts)} instructions, {len(repeats)} repetitions, {rounds} rounds in turn")
    table = Table("contestant", "seconds", "of ours", "lowest ratio of a round", "recall")
    for name, all_seconds in seconds.items():
        ratios = [theirs / mine for theirs, mine in zip(all_seconds, seconds["ours"], strict=True)]
        median = statistics.median(all_seconds)
        table.add_row(
            name, f"{median:,.2f}", f"{statistics.median(ratios):,.1f}", f"{min(ratios):,.1f}", f"{recall[name]:.3f}"
        )
    Console(width=120).print(table)


def check(texts: Sequence[str], decisions: Decisions) -> None:
    """See that each F that was reported is that of rouge_score, and above the threshold."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"])
    kept = [text for text, decision in zip(texts, decisions, strict=True) if decision is None]
    for text, decision in zip(texts, decisions, strict=True):
        if decision:
            assert scorer.score(kept[decision[0]], text)["rougeL"].fmeasure == decision[1] > THRESHOLD


def stream(texts: Sequence[str], queries: Sequence[str]) -> None:
    index = Rouge(THRESHOLD, ["instruction"])
    start = time.perf_counter()
    for text in texts:
        index.add(Example(text, "", ""))
    print(f"one added to a stream: {(time.perf_counter() - start) / len(texts) * 1e6:.0f} microseconds")
    for name, ask in (("duplicate_of", index.duplicate_of), ("nearest", index.nearest)):
        waits, works = [], []
        for text in queries:
            work, start = time.process_time(), time.perf_counter()
            ask(Example(text, "", ""))
            waits.append(1000 * (time.perf_counter() - start))
            works.append(1000 * (time.process_time() - work))
        median, high = statistics.median(waits), statistics.quantiles(waits, n=100)[98]
        work = statistics.median(works)
        print(
            f"one {name} against {index.size}: median {median:.2f} ms ({work:.2f} of the processor), 99 % below {high:.2f} ms"
        )


def grow(real: Sequence[Example], sizes: Sequence[int]) -> None:
    table = Table("instructions", "kept", "seconds of the processor", "seconds", "microseconds each", "peak MiB so far")
    for size in sizes:
        texts = instructions(real, size, seed=1)
        cpu, wall = time.process_time(), time.perf_counter()
        kept = ours(texts).count(None)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        table.add_row(f"{size:,}", f"{kept:,}", f"{cpu:.2f}", f"{wall:.2f}", f"{cpu / size * 1e6:.0f}", f"{peak:,.0f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
