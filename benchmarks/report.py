"""What the page of a large evaluation costs: `python -m benchmarks.report CANDIDATE REFERENCE [--rows 10000]`.

The tasks and answers are those of two files in AlpacaEval's format, their words drawn anew as in `benchmarks.analysis`; two judges
that are drawn by chance judge each in both orders, with a comment. It prints seconds, and the size of the page.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from alpaca.evaluate import answer_rows
from alpaca.evaluation import metrics
from alpaca.evaluation.comparison import compare
from alpaca.evaluation.pairs import Answer, Pair
from alpaca.files import write_json, write_jsonl
from alpaca.records import Example, read
from alpaca.reporting.evaluation import report
from benchmarks.analysis import varied


def pairs(files: list[Path], count: int, rng: random.Random) -> list[Pair]:
    both = list(zip(*(read(file)[0] for file in files), strict=True))
    words = [word for one, _ in both for word in one.output.split()]
    drawn = enumerate(rng.choices(both, k=count))
    return [
        Pair(
            f"t{number}",
            Example(varied(one.instruction, words, 0.4, rng), "", "", {"category": f"category {number % 20}"}),
            Answer(varied(one.output, words, 0.4, rng)),
            Answer(varied(other.output, words, 0.4, rng)),
        )
        for number, (one, other) in drawn
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs=2)
    parser.add_argument("--rows", type=int, default=10_000)
    options = parser.parse_args()
    rng = random.Random(0)
    judged = pairs(options.files, options.rows, rng)
    judgments = [
        pair.judged(rng.choice([0.0, 0.5, 1.0]), judge=judge, first=first)
        for pair in judged
        for judge in ("one", "two")
        for first in ("candidate", "reference")
    ]
    rows = answer_rows(judged, judgments)
    modules = metrics.modules(["exact_match", "rouge_l", "diversity"])
    start = time.perf_counter()
    scores = metrics.scores(modules, rows, {"candidate": None, "reference": None})
    print(f"metrics of {options.rows:,} pairs: {time.perf_counter() - start:.1f} s")
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_jsonl(folder / "answers.jsonl", rows)
        write_jsonl(folder / "judgments.jsonl", (each.row() | {"comment": each.task * 20} for each in judgments))
        write_json(folder / "scores.json", scores)
        write_json(folder / "win_rate.json", compare(judgments))
        start = time.perf_counter()
        size = report(folder, {}).stat().st_size
        print(f"page: {time.perf_counter() - start:.1f} s, {size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
