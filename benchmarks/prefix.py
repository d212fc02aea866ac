"""What it saves to compute a template's preamble once a row: the same steps with and without, one each in turn.

    python -m benchmarks.prefix                              # a procedural stand-in for data
    python -m benchmarks.prefix ../shared/data/alpaca_en_demo.json

A bare loop on one thread, no GPU. The network is wider than that of `benchmarks.training`, and its vocabulary smaller, so that
its layers count and not its head. Told are tokens per second, losses, and how far the gradients of the first step are apart.
"""

from __future__ import annotations

import argparse
import functools
import os
import tempfile
from dataclasses import replace
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported

import torch

from alpaca.log import quieten_libraries
from alpaca.modules.attention import packed
from alpaca.modules.loss import target_loss
from benchmarks import training
from benchmarks.contestants import Task, bare
from benchmarks.turns import race

MODEL = replace(
    training.MODEL, vocab_size=2048, hidden_size=384, intermediate_size=1024, num_attention_heads=6, head_dim=64
)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="an Alpaca-format file")
    parser.add_argument("--steps-per-epoch", type=int, default=5, help="the data are the first so many global batches")
    parser.add_argument("--global-batch-size", type=int, default=16)
    parser.add_argument("--tokens-per-micro-batch", type=int, default=2048)
    usual = {"epochs": 1, "max_length": 512, "loss": "plain", "vocabulary": 2048, "micro_batch_size": 8}
    return argparse.Namespace(**usual | vars(parser.parse_args()))


def first_gradients(task: Task) -> torch.Tensor:
    """Return all gradients of the first step, end to end."""
    network = task.network()
    step = next(task.packed.steps())
    with packed(network):
        for batch in step["micro_batches"]:
            (target_loss(network, batch) / step["target_tokens"]).backward()
    return torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None])


def main() -> None:
    asked = arguments()
    torch.set_num_threads(1)
    quieten_libraries()
    with tempfile.TemporaryDirectory() as folder:
        apart = training.prepared(asked, Path(folder), MODEL)
        together = replace(apart, shared_prefix=True)
        print(training.setting(apart))
        places = [sum(step["padded_tokens"] for step in task.packed.steps()) for task in (together, apart)]
        print(f"{places[0]:,} of {places[1]:,} tokens are computed")
        gradients = [first_gradients(task) for task in (together, apart)]
        print(
            f"gradients differ by {float((gradients[0] - gradients[1]).norm() / gradients[1].norm()):.1e} of their norm"
        )
        entered = {"shared prefix": functools.partial(bare, together), "without": functools.partial(bare, apart)}
        print(training.table(apart, race(entered, warm_up=1, rounds=apart.packed.total_steps - 1)))


if __name__ == "__main__":
    main()
