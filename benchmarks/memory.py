"""What each rank holds while a training loads, trains, saves and exports.

    python -m benchmarks.memory                          # 2 ranks, FSDP and ZeRO-3, a network of 110 million parameters
    python -m benchmarks.memory --ranks 1 --strategies "single strategy.activation_checkpointing=full" \\
        "layerwise strategy.gradients=again"             # one rank, with and without all gradients

A whole copy of the weights would show as that many MiB more than what the rank's share of the training state takes.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from alpaca.generators.procedural import tasks
from alpaca.models.scratch import Scratch
from alpaca.models.weights import export
from alpaca.records import Example

NETWORK = Scratch(
    vocab_size=512,
    hidden_size=1024,
    intermediate_size=2816,
    num_hidden_layers=8,
    num_attention_heads=16,
    head_dim=64,
    max_position_embeddings=512,
    initializer_range=0.02,
    rope_theta=10000.0,
    tie_word_embeddings=False,
)
PHASES = ("start", "loading", "training", "saving", "exporting")


def base(folder: Path) -> int:
    """Write data and a network to start from; return the bytes of its weights."""
    rows = list(itertools.islice(tasks(0, "train"), 24))
    (folder / "data.json").write_text(json.dumps(rows), "utf-8")
    texts = [
        text for row in rows for text in Example(row["instruction"], row["input"], row["output"]).alpaca().values()
    ]
    tokenizer = NETWORK.tokenizer(folder / "tokenizer", filter(None, texts))
    network = NETWORK.network(tokenizer, seed=0)
    export(network, tokenizer, folder / "model")
    return sum(parameter.nbytes for parameter in network.parameters())


def phase(run: Path) -> str:
    """Tell what a training is doing by what lies in its folder."""
    if list(run.glob(".model.partial")):
        return "exporting"
    if list((run / "checkpoints").glob(".step-*")):
        return "saving"
    if (run / "metrics.csv").exists():
        return "training"
    return "loading" if (run / "data_report.json").exists() else "start"


def resident(process: int) -> int:
    """Return a process's own resident memory in bytes, without what it shares through mapped files."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text("utf-8").splitlines())
    return int(fields["RssAnon"].split()[0]) * 1024


def watch(command: list[str], run: Path, ranks: int) -> dict[str, list[int]]:
    """Run a training; return the most memory of each rank in each phase."""
    most: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    process = subprocess.Popen(command, cwd=run.parent.parent.parent, env=os.environ | {"OMP_NUM_THREADS": "1"})
    while process.poll() is None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("utf-8").split()
        for child in children[:ranks] if ranks > 1 else [str(process.pid)]:
            try:
                most[phase(run)][int(child)] = max(most[phase(run)][int(child)], resident(int(child)))
            except (OSError, KeyError):
                continue  # it has ended
        time.sleep(0.01)
    if process.returncode:
        sys.exit(process.returncode)
    return {name: list(most[name].values()) for name in PHASES}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "--strategies", nargs="*", default=["fsdp", "deepspeed_zero3"], help="each with overrides, if any"
    )
    parser.add_argument("--ranks", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = base(folder)
        made = Table("strategy", "rank", *(f"{phase}, MiB" for phase in PHASES), title=f"whole copy: {whole >> 20} MiB")
        for strategy in given.strategies:
            recipe = (
                f"model=hub model.path={folder}/model data={folder}/data.json datamodule.global_batch_size=8 epochs=1"
            )
            hardware = f"strategy={strategy} trainer.devices={given.ranks} trainer.threads=1 datamodule.tokens_per_micro_batch=512"
            run = strategy.replace(" ", "_").replace("=", "_")
            command = [sys.executable, "-m", "alpaca.train", *recipe.split(), *hardware.split(), f"name={run}"]
            most = watch(command, folder / "outputs" / run / "train", given.ranks)
            for rank in range(given.ranks):
                made.add_row(
                    strategy, str(rank), *(str(most[p][rank] >> 20) if most[p][rank:] else "-" for p in PHASES)
                )
    Console().print(made)


if __name__ == "__main__":
    main()
