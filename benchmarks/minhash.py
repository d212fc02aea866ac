"""MinHash through datatrove beside the exact join: `python -m benchmarks.minhash FILE ... [--count 500000]`.

As many instructions are made of those in the files (benchmarks/corpus.py); `dedup=minhash` and `dedup=rouge` decide on them.
Recall is the share of the exact method's repetitions that MinHash rejects too, precision the share of its rejections that are
repetitions. Peaks of resident memory are those of this process and of the largest of the engine's. Needs the extra `minhash`.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.table import Table

from alpaca.curation.minhash import MinHash
from alpaca.curation.rouge import Rouge
from alpaca.records import Example
from benchmarks.corpus import instructions, real_examples

FIELDS = ["instruction"]


class Decides(Protocol):
    def decide(self, examples: Iterable[Example]) -> Iterator[object | None]: ...


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=500_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--shape", type=int, nargs=3, default=(1, 14, 8), help="n-grams, buckets, hashes in a bucket")
    arguments = parser.parse_args()
    texts = instructions(real_examples(arguments.files), arguments.count, seed=1)
    table = Table("method", "seconds", "rejected", "recall", "precision", "peak MiB here", "peak MiB of the engine")
    with tempfile.TemporaryDirectory() as folder:
        minhash = MinHash(FIELDS, *arguments.shape, Path(folder) / "engine", "local", arguments.workers, {})
        seconds, found, peaks = measure(minhash, texts)
    exact_seconds, exact, exact_peaks = measure(Rouge(0.7, FIELDS), texts)
    both = len(found & exact)
    name = "minhash {} x {} of {} words".format(*(arguments.shape[place] for place in (1, 2, 0)))
    shares = f"{both / len(exact):.3f}", f"{both / len(found):.3f}"
    table.add_row(name, f"{seconds:.0f}", f"{len(found):,}", *shares, *peaks)
    table.add_row("rouge", f"{exact_seconds:.0f}", f"{len(exact):,}", "1.000", "1.000", exact_peaks[0], "")
    print(f"{len(texts):,} instructions, {arguments.workers} workers")
    Console(width=120).print(table)


def measure(dedup: Decides, texts: Sequence[str]) -> tuple[float, set[int], tuple[str, str]]:
    """Return the seconds, the rows that were rejected, and the peaks of memory."""
    start = time.perf_counter()
    decisions = dedup.decide(Example(text, "", "") for text in texts)
    found = {row for row, decision in enumerate(decisions) if decision is not None}
    seconds = time.perf_counter() - start
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    here, engine = (f"{resource.getrusage(one).ru_maxrss / 1024:,.0f}" for one in who)
    return seconds, found, (here, engine)


if __name__ == "__main__":
    main()
