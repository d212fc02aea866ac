"""Real tokens per second of the processor: this project, a padded Hugging Face loop, and TRL, a step each in turn.

    python -m benchmarks.training                            # a procedural stand-in for data
    python -m benchmarks.training ../shared/data/alpaca_en_demo.json

One thread, no GPU. `bare` is our step in a plain loop, so it shows what Lightning, meters and files cost.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import os
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported; threads that torch starts later obey it too

import datasets
import torch

from alpaca.datamodules.encoding import encode
from alpaca.files import write_json
from alpaca.generators.procedural import Procedural
from alpaca.log import quieten_libraries
from alpaca.models.scratch import Scratch
from alpaca.modules.attention import packed
from alpaca.modules.loss import target_loss
from alpaca.records import read
from benchmarks import contestants
from benchmarks.contestants import Base, Task
from benchmarks.turns import Ran, race

MODEL = Scratch(
    vocab_size=16_000,  # of the tokenizer, as much as a thousand examples teach it
    hidden_size=128,
    intermediate_size=344,
    num_hidden_layers=4,
    num_attention_heads=4,
    head_dim=32,
    max_position_embeddings=2048,
    initializer_range=0.02,
    rope_theta=10000.0,
    tie_word_embeddings=False,
)
PEERS = {
    "ours": contestants.ours,
    "bare loop of our step": contestants.bare,
    "padded Hugging Face loop": contestants.plain,
    "TRL, its defaults": contestants.trl_default,
    "TRL, tuned": contestants.trl_tuned,
    "TRL, its defaults, bf16": contestants.trl_bf16,
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="an Alpaca-format file")
    parser.add_argument("--epochs", type=int, default=1, help="passes over the data")
    parser.add_argument("--steps-per-epoch", type=int, default=8, help="the data are the first so many global batches")
    parser.add_argument("--global-batch-size", type=int, default=32)
    parser.add_argument("--max-length", type=int, default=512)
    parser.add_argument("--tokens-per-micro-batch", type=int, default=1024, help="ours")
    parser.add_argument("--loss", choices=("plain", "fused"), default="fused", help="our loss kernel")
    parser.add_argument("--vocabulary", type=int, default=32000, help="of the network; LLaMA's")
    parser.add_argument("--micro-batch-size", type=int, default=8, help="examples, of those who pad")
    parser.add_argument(
        "--only", nargs="+", choices=PEERS, default=list(PEERS)[:5], metavar="NAME", help=", ".join(PEERS)
    )
    return parser.parse_args()


def prepared(asked: argparse.Namespace, folder: Path, model: Scratch = MODEL) -> Task:
    """Write the examples that all take: whole steps of examples that can be used."""
    count = asked.global_batch_size * asked.steps_per_epoch
    examples = read(asked.data)[0] if asked.data else Procedural().held_out(2 * count, seed=0)
    base = Base(replace(model, vocab_size=min(model.vocab_size, asked.vocabulary)), folder / "base")
    tokenizer = base.tokenizer(folder / "tokenizer", [text for example in examples for text in example.texts()])
    usable = (e for e in examples if len(encode(tokenizer, [e], asked.max_length, "truncate").tokens.ends))
    chosen = list(itertools.islice(usable, count))
    base.make(tokenizer, max(asked.vocabulary, len(tokenizer)), seed=0)
    write_json(folder / "data.json", [example.alpaca() for example in chosen])
    return Task(
        data=folder / "data.json",
        folder=folder,
        model=base,
        kernel=asked.loss,
        epochs=asked.epochs,
        global_batch_size=asked.global_batch_size,
        max_length=asked.max_length,
        tokens_per_micro_batch=asked.tokens_per_micro_batch,
        micro_batch_size=asked.micro_batch_size,
        seed=0,
        learning_rate=1e-3,
        gradient_clip=1.0,
    )


def loss_on_all(task: Task, network: torch.nn.Module) -> float:
    """Return the mean over all target tokens of the data."""
    total, targets = 0.0, 0
    with packed(network), torch.no_grad():
        for step in itertools.islice(task.packed.steps(), task.packed.total_steps // task.epochs):
            total += sum(float(target_loss(network, batch)) for batch in step["micro_batches"])
            targets += step["target_tokens"]
    return total / targets


def table(task: Task, ran: dict[str, Ran]) -> str:
    """Lay out medians over the counted steps; the ratio is the median over rounds of the first's rate over this one's."""
    lines = [f"{'':26}{'tok/CPU s':>10}{'CPU ms':>9}{'wall ms':>9}{'1st is':>9}{'mean loss':>11}{'at the end':>11}"]
    first = next(iter(ran.values()))
    for name, run in ran.items():
        network, mean = run.result
        cpu, wall = (1e3 * statistics.median(getattr(step, kind) for step in run.steps) for kind in ("cpu", "wall"))
        costs = f"{run.rate:10,.0f}{cpu:9,.1f}{wall:9,.1f}{first.times(run):8.3f}x"
        lines.append(f"{name:26}{costs}{mean:11.5f}{loss_on_all(task, network):11.5f}")
    return "\n".join(lines)


def setting(task: Task) -> str:
    tokens, steps = task.packed.tokens, task.packed.total_steps
    lengths = tokens.lengths
    network, share = task.network(), tokens.target_counts.sum() / lengths.sum()
    return (
        f"{type(network).__name__}, {network.num_parameters():,} parameters, vocabulary {network.config.vocab_size}, fp32, "
        f"one thread\n{len(lengths)} examples, {lengths.mean():.0f} tokens in the mean (median {statistics.median(lengths):.0f}, "
        f"longest {lengths.max()}), {share:.0%} of them targets\n{steps} steps of {task.global_batch_size}, of which the first does "
        "not count"
    )


def main() -> None:
    asked = arguments()
    torch.set_num_threads(1)
    quieten_libraries()
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        task = prepared(asked, Path(folder))
        print(setting(task))
        entered = {name: functools.partial(PEERS[name], task) for name in asked.only}
        print(table(task, race(entered, warm_up=1, rounds=task.packed.total_steps - 1)))


if __name__ == "__main__":
    main()
