"""The loop of `generator=self_instruct` with a model that answers at once: `python -m benchmarks.generation_loop FILE ...`.

Replies are lists of 17 tasks: instructions made of those in the files (benchmarks/corpus.py), inputs and outputs as they are
there. Each is parsed, filtered and compared with the seeds and all kept before, and the ledger is written. Beside it stands
the decision procedure of stanford_alpaca's generate_instruction.py, on one process, for the same replies; it is timed until it
has kept some hundreds, and must have kept the same. Needs `pip install rouge_score`.
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import resource
import string
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from alpaca.composition import compose, instantiated
from alpaca.generators.batch import Batch, Writer
from alpaca.generators.self_instruct import SelfInstruct
from alpaca.llms.ledger import Book
from alpaca.llms.order import Named, in_batches
from alpaca.llms.price import Price, forecast
from alpaca.llms.request import Forecast, Ledger, Reply, Request
from alpaca.prompts.self_instruct import block
from alpaca.records import Example
from alpaca.seeds.tasks import Bundled
from benchmarks.corpus import instructions, real_examples

FIRST, LAST = 4, 20  # numbers of the tasks in a reply
CUT = 0.05  # of replies
SIZES = (2_000, 52_000)
UNFIT = "image images graph graphs picture pictures file files map maps draw plot video audio music flowchart diagram"


def written(real: Sequence[Example], count: int, seed: int) -> list[tuple[str, bool]]:
    """Return replies with `count` tasks in all, and whether each was cut for length."""
    rng = random.Random(seed)
    texts = iter(instructions(real, count, seed))
    replies = []
    while numbered := list(zip(range(FIRST, LAST + 1), texts, strict=False)):
        tasks = [(number, text, rng.choice(real)) for number, text in numbered]
        blocks = [block(number, Example(text, source.input, source.output)) for number, text, source in tasks]
        text = "\n".join(blocks).removeprefix(f"###\n{FIRST}. Instruction:")
        cut = rng.random() < CUT
        replies.append((text[: -rng.randint(1, 20)] if cut else text, cut))
    return replies


class Instant:
    """Answers requests with the replies that it is given, in order."""

    settings: Mapping[str, Any] = {"model": "instant"}

    def __init__(self, written: Sequence[tuple[str, bool]]) -> None:
        self.written = written

    def replies(self, requests: Iterable[Request | None], ledger: Ledger) -> Iterator[Reply]:
        there = itertools.takewhile(lambda request: request is None or request.number < len(self.written), requests)
        return in_batches(there, self.settings, 256, ledger, lambda batch: [self._reply(named) for named in batch])

    def forecast(self, like: Sequence[Request], count: int, ledger: Ledger) -> Forecast:
        return forecast(like, [None] * len(like), count, Price(0, 0), 1000, 1)

    def _reply(self, named: Named) -> Reply:
        text, cut = self.written[named[0].number]
        return Reply(named[1], text, "length" if cut else "stop", "instant", 700, len(text) // 4, 0.0)


def ours(replies: Sequence[tuple[str, bool]], seeds: list[Example], wanted: int) -> list[Example]:
    """Return what `generator=self_instruct` keeps of replies."""
    config = compose("generate", ["generator=self_instruct", "generator.format=text"])
    generator: SelfInstruct = instantiated({"generator": config["generator"]})["generator"]
    with tempfile.TemporaryDirectory() as folder, Book(Path(folder) / "ledger.jsonl", None) as ledger:
        batches: Iterator[Batch] = generator.batches(seeds, wanted, 0, Writer(Instant(replies), ledger))
        return [example for batch in batches for example in batch.kept]


def original(replies: Sequence[tuple[str, bool]], seeds: Sequence[Example], wanted: int) -> list[Example]:
    """Return what stanford_alpaca's script keeps, its truncation mended.

    It has no stop string, and a reply is parted where "###" stands alone before a numbered instruction, not wherever it
    occurs. All else is decided as there: labels by number, its filters, rouge_score with each seed and each one kept before.
    """
    from rouge_score import rouge_scorer
    from rouge_score.tokenizers import DefaultTokenizer

    tokenizer = DefaultTokenizer(False)
    known = [tokenizer.tokenize(seed.instruction) for seed in seeds]
    kept: list[Example] = []
    for task in itertools.chain.from_iterable(_parsed(text, cut) for text, cut in replies):
        tokens = tokenizer.tokenize(task.instruction)
        if _unfit(task.instruction) or any(rouge_scorer._score_lcs(o, tokens).fmeasure > 0.7 for o in known):
            continue
        known.append(tokens)
        kept.append(task)
        if len(kept) == wanted:
            break
    return kept


def _parsed(text: str, cut: bool) -> Iterator[Example]:
    pieces = re.split(r"\n###\n(?=\d+\. Instruction:)", f"{FIRST}. Instruction:{text}")
    for number, piece in enumerate(pieces[:-1] if cut else pieces, FIRST):
        parts = re.split(rf"{number}\.\s+(?:Instruction|Input|Output):", piece)
        if len(parts) == 4:
            instruction, given, output = (part.strip() for part in parts[1:])
            yield Example(instruction, "" if given.lower() == "<noinput>" else given, output)


def _unfit(instruction: str) -> bool:
    if not 3 < len(instruction.split()) <= 150:
        return True
    words = ["go to", *UNFIT.split()]
    if any(re.search(rf"\b({word})\b", instruction, re.IGNORECASE) for word in words):
        return True
    return (
        instruction.startswith("Write a program")
        or instruction[0] in string.punctuation
        or not instruction[0].isascii()
    )


def timed(what: str, replies: Sequence[tuple[str, bool]], seeds: list[Example], wanted: int) -> list[Example]:
    """Run one of the two and print how long it took."""
    start, cpu = time.perf_counter(), time.process_time()
    kept = {"ours": ours, "stanford_alpaca": original}[what](replies, seeds, wanted)
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{what}: {len(kept):,} kept in {wall:.1f} s, {cpu:.1f} s of the processor; {memory:.2f} GiB at most",
        flush=True,
    )
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--original", type=int, default=500, help="how many stanford_alpaca's procedure is to keep")
    arguments = parser.parse_args()
    real = [example for example in real_examples(arguments.files) if example.output.strip()]
    replies = written(real, 2 * max(arguments.sizes), seed=0)
    seeds = Bundled().read()
    theirs = timed("stanford_alpaca", replies, seeds, arguments.original)
    for size in arguments.sizes:
        kept = timed("ours", replies, seeds, size)
        same = kept[: len(theirs)] == theirs[: len(kept)]
        print(f"the same {min(len(kept), len(theirs)):,} were kept: {same}")


if __name__ == "__main__":
    main()
