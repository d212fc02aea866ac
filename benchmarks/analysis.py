"""What the analysis of a large set costs: `python -m benchmarks.analysis FILE [--rows 52002]`.

The rows are variations of those of FILE: 4 in 10 words of an instruction and 2 in 10 of its input and output are drawn anew.
It prints seconds, the peak of resident memory and the size of the page.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from pathlib import Path

from alpaca.analysis.page import Page
from alpaca.records import Example, read
from alpaca.seeds.tasks import Bundled

REJECTED = 2000


def varied(text: str, words: list[str], share: float, rng: random.Random) -> str:
    return " ".join(rng.choice(words) if rng.random() < share else word for word in text.split())


def variations(examples: list[Example], count: int, rng: random.Random) -> list[dict[str, str]]:
    words = [word for example in examples for word in example.instruction.split()]
    return [
        {
            "instruction": varied(example.instruction, words, 0.4, rng),
            "input": varied(example.input, words, 0.2, rng),
            "output": varied(example.output, words, 0.2, rng),
        }
        for example in rng.choices(examples, k=count)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int, default=52_002)
    arguments = parser.parse_args()
    rows = variations(read(arguments.file)[0], arguments.rows, random.Random(0))
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "varied" / "curate"
        folder.mkdir(parents=True)
        (folder / "alpaca_data.json").write_text(json.dumps(rows), "utf-8")
        rejected = "".join(
            json.dumps({**row, "reason": f"reason {i % 7}"}) + "\n" for i, row in enumerate(rows[:REJECTED])
        )
        (folder / "rejected.jsonl").write_text(rejected, "utf-8")
        start, processor = time.perf_counter(), time.process_time()
        Page("heuristic", None, None, topics=16, most_rows=100_000)(folder, Bundled())
        seconds, busy = time.perf_counter() - start, time.process_time() - processor
        page, data = (folder / name for name in ("analysis.html", "alpaca_data.json"))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{arguments.rows:,} rows, {data.stat().st_size / 1e6:.1f} MB: {seconds:.1f} s, {busy:.1f} s of the processor"
        )
        print(f"peak of memory {peak:,.0f} MiB, page {page.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
