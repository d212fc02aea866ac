"""Answers of a local model through `evaluate`'s path beside a loop of `generate`, a prompt at a time, in turn.

    python -m benchmarks.answering TASKS TEXTS... [--threads 2] [--vocabulary 32000] [--layers 4]

TASKS are given in Alpaca's template; TEXTS are files of examples that the tokenizer is learned from. The network is random, of
realistic shape, in fp32, and one token in forty ends an answer, so that some are short and some reach the limit. Both take the
likeliest token, and the answers are compared.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from alpaca.evaluation.answering import Side
from alpaca.llms.huggingface import HuggingFace
from alpaca.models.scratch import Scratch
from alpaca.models.weights import export
from alpaca.prompts.alpaca import prompt
from alpaca.records import Example, read
from tests.judging import Memory

ENDS = 40  # one token in so many ends an answer


def model(folder: Path, texts: Sequence[Path], vocabulary: int, width: int, layers: int) -> Path:
    """Write a random network with its tokenizer."""
    shape = Scratch(vocabulary, width, width * 8 // 3, layers, width // 64, 64, 2048, 0.08, 10000.0, False)
    words = shape.tokenizer(folder / "tokenizer", [text for path in texts for e in read(path)[0] for text in e.texts()])
    export(shape.network(words, 0), words, folder / "model")
    settings = folder / "model" / "generation_config.json"
    ends = random.Random(0).sample(range(300, len(words)), len(words) // ENDS)
    config = json.loads(settings.read_text("utf-8")) | {"eos_token_id": [words.eos_token_id, *ends]}
    settings.write_text(json.dumps(config), "utf-8")
    return folder / "model"


def ours(path: Path, tasks: Sequence[Example], tokens: int) -> Callable[[], list[str]]:
    llm = HuggingFace(path, batch_size=64, max_new_tokens=tokens, temperature=0, top_p=1)
    Side("candidate", llm, "auto").answers(tasks[:2], Memory())  # loads what is loaded once
    return lambda: [answer.text for answer in Side("candidate", llm, "auto").answers(tasks, Memory())]


def one_by_one(path: Path, tasks: Sequence[Example], tokens: int) -> Callable[[], list[str]]:
    """Return what a loop of `generate` gives, as its documentation shows it."""
    words = AutoTokenizer.from_pretrained(path)
    network = AutoModelForCausalLM.from_pretrained(path).eval()

    def answer(task: Example) -> str:
        given = words(prompt(task.instruction, task.input), return_tensors="pt")
        with torch.inference_mode():
            ids = network.generate(**given, max_new_tokens=tokens, do_sample=False, pad_token_id=words.eos_token_id)
        return str(words.decode(ids[0, given["input_ids"].shape[1] :], skip_special_tokens=True))

    answer(tasks[0])
    return lambda: [answer(task) for task in tasks]


def timed(call: Callable[[], list[str]]) -> tuple[float, float, list[str]]:
    """Return seconds, those of the processor, and the answers."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = call()
    return time.perf_counter() - wall, time.process_time() - cpu, found


def race(path: Path, tasks: Sequence[Example], tokens: int, rounds: int) -> None:
    """Print how many times as fast ours is, in rounds that each begin with another, and answers that differ."""
    contestants = {"ours": ours(path, tasks, tokens), "one by one": one_by_one(path, tasks, tokens)}
    ratios: list[tuple[float, float]] = []
    for number in range(rounds):
        order = list(contestants) if number % 2 else list(contestants)[::-1]
        results = {name: timed(contestants[name]) for name in order}
        fast, slow = results["ours"], results["one by one"]
        ratios.append((slow[0] / fast[0], slow[1] / fast[1]))
        differing = sum(one != other for one, other in zip(fast[2], slow[2], strict=True))
        lengths = [len(text) for text in slow[2]]
        print(
            f"round {number + 1}: ours {fast[0]:.1f} s ({fast[1]:.1f} of the processor), one by one {slow[0]:.1f} s ({slow[1]:.1f}), "
            f"{ratios[-1][0]:.2f} times ({ratios[-1][1]:.2f}), {differing} of {len(tasks)} answers differ, "
            f"{statistics.mean(lengths):.0f} characters in the mean",
            flush=True,
        )
    for what, column in (("a clock", 0), ("the processor", 1)):
        found = [ratio[column] for ratio in ratios]
        print(f"times as fast by {what}: median {statistics.median(found):.2f}, lowest {min(found):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", type=Path)
    parser.add_argument("texts", type=Path, nargs="+")
    for name, value in (
        ("threads", 1),
        ("vocabulary", 8192),
        ("width", 256),
        ("layers", 6),
        ("tokens", 64),
        ("rounds", 5),
    ):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--count", type=int, default=None, help="of tasks, all without it")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    tasks = read(given.tasks)[0][: given.count]
    with tempfile.TemporaryDirectory() as folder:
        path = model(Path(folder), given.texts, given.vocabulary, given.width, given.layers)
        race(path, tasks, given.tokens, given.rounds)


if __name__ == "__main__":
    main()
