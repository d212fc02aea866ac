"""The gradient certificate: that what the optimizer sees depends on nothing but the examples.

    python -m benchmarks.certificate                    # every case, a table, exit code 1 if one is off by more than 1e-5
    python -m benchmarks.certificate --only fsdp --data alpaca_data.json

The reference takes one example at a time through plain PyTorch and transformers, in fp32. Beside it every combination of
layout, micro-batch, strategy (two ranks), activation checkpointing, loss kernel and tuning trains the same ten steps; the
table gives the largest relative difference of a parameter's gradient in the first step, and of the loss in any step.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from alpaca.datamodules.packed import Packed
from alpaca.datamodules.padded import Padded
from alpaca.datamodules.steps import Steps
from alpaca.generators.procedural import tasks
from alpaca.models.scratch import Scratch
from alpaca.modules.sft import SFT
from alpaca.processes import free_port, rank
from alpaca.schedulers.cosine import cosine
from alpaca.strategies.ddp import DDP
from alpaca.strategies.deepspeed import DeepSpeed
from alpaca.strategies.exact import trainable
from alpaca.strategies.fsdp import FSDP
from alpaca.strategies.layerwise import Layerwise
from alpaca.strategies.single import Single
from alpaca.trainers.lightning import configure
from benchmarks import peers

LIMIT = 1e-5
TUNINGS = ("full", "lora")
EXAMPLES, GLOBAL_BATCH, EPOCHS, MAX_LENGTH = 57, 12, 2, 160  # five steps an epoch, the last of nine examples
STRATEGIES = {
    "single": functools.partial(Single),
    "layerwise": functools.partial(Layerwise, gradients="host", inputs="device", states="device"),
    "layerwise, again": functools.partial(Layerwise, gradients="again", inputs="host", states="host"),
    "ddp": functools.partial(DDP),
    "fsdp": functools.partial(FSDP, offload_to_cpu=False, reshard_after_forward=True),
    "zero2": functools.partial(DeepSpeed, 2, offload_to_cpu=False),
    "zero3": functools.partial(DeepSpeed, 3, offload_to_cpu=False),
}
MICRO_BATCHES = {"padded": (1, 4, 12), "packed": (160, 500, 4096)}  # examples, tokens
CHECKPOINTING = ("none", "full", "selective")
BY_LAYER = ("layerwise", "layerwise, again")  # on one rank, as single, and checkpointed of their own accord
LAYOUTS = {"prefix": {"shared_prefix": True}, "compiled": {"fill_rows": True}}  # of packed rows, what each switches on
NETWORK = Scratch(
    vocab_size=512,
    hidden_size=48,
    intermediate_size=96,
    num_hidden_layers=3,
    num_attention_heads=4,
    head_dim=16,  # kernels of attention on a GPU want a multiple of 8
    max_position_embeddings=512,
    initializer_range=0.05,
    rope_theta=10000.0,
    tie_word_embeddings=False,
)


@dataclass(frozen=True)
class Case:
    """One way of computing the same ten steps."""

    tuning: str
    strategy: str
    layout: str
    micro_batch: int
    checkpointing: str
    kernel: str

    @property
    def ranks(self) -> int:
        return 1 if self.strategy in ("single", *BY_LAYER) else 2


def cases() -> Iterator[Case]:
    """Yield every combination; of the low-rank ones, the middle micro-batch alone."""
    for tuning, strategy, layout in itertools.product(TUNINGS, STRATEGIES, MICRO_BATCHES):
        sizes = MICRO_BATCHES[layout] if tuning == "full" else MICRO_BATCHES[layout][1:2]
        again = ("full",) if strategy in BY_LAYER else CHECKPOINTING
        for size, checkpointing, kernel in itertools.product(sizes, again, ("plain", "fused")):
            yield Case(tuning, strategy, layout, size, checkpointing, kernel)
    yield from faster(STRATEGIES)


def faster(strategies: Iterable[str]) -> Iterator[Case]:
    """Yield cases that compute a shared prefix once, and that are compiled, where layers can be."""
    for tuning, strategy in itertools.product(TUNINGS, strategies):
        yield Case(tuning, strategy, "prefix", 4096, "selective", "fused")
        if strategy in ("single", "ddp", "fsdp"):
            yield Case(tuning, strategy, "compiled", 500, "full", "plain")


def few() -> Iterator[Case]:
    """Yield one case for each tuning, strategy and layout, with every micro-batch, checkpointing and kernel among them."""
    turns = itertools.count()
    for tuning, strategy, layout in itertools.product(TUNINGS, STRATEGIES, MICRO_BATCHES):
        turn = next(turns)
        checkpointing = "full" if strategy in BY_LAYER else CHECKPOINTING[turn % 3]
        kernel = ("plain", "fused")[turn // 2 % 2]
        yield Case(tuning, strategy, layout, MICRO_BATCHES[layout][turn % 3], checkpointing, kernel)
    yield from (
        case for case in faster(["single"]) if case.layout == "prefix"
    )  # to compile takes longer than all others


def steps_of(layout: str, micro_batch: int, folder: Path) -> Steps:
    """Return the ten steps in a layout; the examples of each are the same in all."""
    switched = {"fill_rows": False, "shared_prefix": False} | LAYOUTS.get(layout, {})
    kind = Padded if layout == "padded" else functools.partial(Packed, **switched)
    return kind(
        GLOBAL_BATCH,
        MAX_LENGTH,
        "truncate",
        None,
        0.0,
        folder / "cache",
        micro_batch,
        data=folder / "data.json",
        folder=folder / layout,
        tokenizer=NETWORK.tokenizer,
        epochs=EPOCHS,
        seed=0,
    )


def recorded(kind: type[SFT]) -> type[SFT]:
    """Make a module note its losses, and the gradients of its first step."""

    class Recorded(kind):  # type: ignore[misc, valid-type]
        losses: list[float]
        first: dict[str, Tensor]

        def gradients(self, step: dict[str, Any]) -> Tensor:
            loss = super().gradients(step)
            if self.steps_done == 0:
                self.losses = []
                self.first = {n: self.strategy.gradient(p).detach().clone() for n, p in trainable(self).items()}
            self.losses.append(float(loss))
            return loss

    return Recorded


def module_of(case: Case, folder: Path, total_steps: int) -> SFT:
    arguments: dict[str, Any] = {
        "gradient_clip": 1.0,
        "loss": case.kernel,
        "attention": "auto",
        "compile": case.layout == "compiled",
        "fp8": False,
        "folder": folder / "packed" / "base",
        "optimizer": functools.partial(torch.optim.AdamW, lr=2e-3),
        "scheduler": functools.partial(cosine, 0.03),
        "total_steps": total_steps,
        "seed": 0,
    }
    if case.tuning == "full":
        return recorded(SFT)(**arguments)
    from alpaca.modules.lora import LoRA

    return recorded(LoRA)(
        **arguments, r=4, alpha=8, dropout=0.0, targets=["q_proj", "v_proj", "down_proj"], export="merge"
    )


def run(case: Case, folder: Path) -> tuple[list[float], dict[str, Tensor]]:
    """Train ten steps as the product does; return their losses and the gradients of the first, before clipping."""
    steps = steps_of(case.layout, case.micro_batch, folder)
    steps.prepare_data()
    steps.setup("fit")
    module = module_of(case, folder, steps.total_steps)
    chosen = {} if case.strategy in BY_LAYER else {"activation_checkpointing": case.checkpointing}
    trainer = configure("cpu", case.ranks, 1, "32-true", 1)(
        strategy=functools.partial(STRATEGIES[case.strategy], **chosen),
        callbacks=[],
        logger=[],
        default_root_dir=folder,
    )
    trainer.fit(module, datamodule=steps)
    return module.losses, module.first


def reference(
    tuning: str, folder: Path, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> tuple[list[float], dict[str, Tensor]]:
    """Take the same steps one example at a time: transformers, cross-entropy, AdamW."""
    steps = steps_of("packed", 4096, folder)
    steps.prepare_data()
    steps.setup("fit")
    module = module_of(Case(tuning, "single", "packed", 4096, "none", "plain"), folder, steps.total_steps)
    network = plain_network(module).to(device)
    for parameter in network.parameters():  # but adapters stay in fp32, as the product holds them
        parameter.data = parameter.data.to(dtype if tuning == "full" or not parameter.requires_grad else torch.float32)
    parameters = {f"network.{name}": p for name, p in network.named_parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW(parameters.values(), lr=2e-3)
    schedule = cosine(0.03, optimizer=optimizer, total_steps=steps.total_steps)
    losses, first = [], {}
    for number, step in enumerate(steps.steps()):
        documents = [document for batch in step["micro_batches"] for document in documents_of(batch)]
        loss = 0.0
        for ids, labels in ((ids.to(device), labels.to(device)) for ids, labels in documents):
            logits = network(input_ids=ids[None], use_cache=False).logits[0, :-1]
            share = (
                torch.nn.functional.cross_entropy(logits.float(), labels[1:], reduction="sum") / step["target_tokens"]
            )
            share.backward()
            loss += share.item()
        if number == 0:
            first = {name: parameter.grad.clone() for name, parameter in parameters.items()}
        losses.append(loss)
        torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
    return losses, first


def plain_network(module: SFT) -> Any:
    """Build the network as transformers does, with the module's adapters where it has some."""
    from transformers import AutoModelForCausalLM

    from alpaca.strategies.exact import fill_rest

    network = AutoModelForCausalLM.from_pretrained(module.folder)
    if hasattr(module, "adapter"):
        from alpaca.modules.lora import inject

        inject(network, module.adapter())
        fill_rest(network, module.source())
    return network.train()


def documents_of(batch: dict[str, Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    """Take a packed row apart into ids and labels, which are -100 where there is no loss."""
    labels = torch.full_like(batch["input_ids"][0], -100)
    labels[batch["predicting"] + 1] = batch["targets"]
    lengths = batch["document_lengths"].tolist()
    yield from zip(batch["input_ids"][0].split(lengths), labels.split(lengths), strict=True)


def differences(
    got: tuple[list[float], dict[str, Tensor]], wanted: tuple[list[float], dict[str, Tensor]]
) -> dict[str, float]:
    """Return the largest relative difference of a parameter's gradient, and of a step's loss."""
    losses, gradients = got
    assert len(losses) == len(wanted[0])
    assert gradients.keys() == wanted[1].keys()
    norm = max(float(gradient.norm()) for gradient in wanted[1].values())
    return {
        "gradient": max(
            float((gradients[name] - gradient).norm() / max(float(gradient.norm()), 1e-6 * norm))
            for name, gradient in wanted[1].items()
        ),
        "loss": max(abs(one - other) / other for one, other in zip(losses, wanted[0], strict=True)),
    }


def work(folder: Path, chosen: list[Case]) -> None:
    """Run cases on this rank; the first writes the differences, a line each."""
    for case in chosen:
        wanted = torch.load(folder / f"reference_{case.tuning}.pt")
        off = differences(run(case, folder), wanted)
        if rank() == 0:
            with (folder / "cases.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(case) | off) + "\n")
            print(f"{case.tuning} {case.strategy} {case.layout} {case.micro_batch}", file=sys.stderr, flush=True)


def in_ranks(folder: Path, ranks: int, flags: list[str]) -> None:
    """Start this file again in as many processes as the cases of so many ranks need."""
    shared = os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    shared |= {"WORLD_SIZE": str(ranks), "NODE_RANK": "0"}
    command = [sys.executable, "-m", "benchmarks.certificate", "--work", str(folder), "--ranks", str(ranks), *flags]
    started = [
        subprocess.Popen(command, env=shared | {"RANK": str(r), "LOCAL_RANK": str(r), "OMP_NUM_THREADS": "1"})
        for r in range(ranks)
    ]
    codes = [process.wait() for process in started]
    if any(codes):
        sys.exit("a case ended with an error")


def table(rows: list[dict[str, Any]]) -> Table:
    """Lay out one line for each tuning, strategy and layout, with the worst of its cases."""
    made = Table("tuning", "strategy", "layout", "cases", "worst gradient", "worst loss, ten steps")
    key = lambda row: (row["tuning"], list(STRATEGIES).index(row["strategy"]), row["layout"])  # noqa: E731
    for (tuning, _, layout), group in itertools.groupby(sorted(rows, key=key), key):
        members = list(group)
        worst = [max(row[what] for row in members) for what in ("gradient", "loss")]
        made.add_row(tuning, members[0]["strategy"], layout, str(len(members)), *(f"{each:.1e}" for each in worst))
    return made


def peers_of(folder: Path) -> Table:
    """Take the first step through other trainers, in micro-batches of four examples."""
    steps = steps_of("packed", 4096, folder)
    steps.prepare_data()
    steps.setup("fit")
    step = next(steps.steps())
    documents = [
        (ids.tolist(), labels.tolist()) for batch in step["micro_batches"] for ids, labels in documents_of(batch)
    ]
    order = torch.randperm(len(documents), generator=torch.Generator().manual_seed(0)).tolist()  # not by length
    network = plain_network(module_of(next(cases()), folder, steps.total_steps))
    return peers.compare(network, [documents[index] for index in order], 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, help="an Alpaca-format file; without it, procedural tasks")
    parser.add_argument("--only", help="one strategy")
    parser.add_argument("--few", action="store_true", help="one case of each tuning, strategy and layout")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--ranks", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        chosen = few() if given.few else cases()
        return work(given.work, [c for c in chosen if c.ranks == given.ranks and given.only in (None, c.strategy)])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, given.data)
        for ranks in (1, 2):
            in_ranks(
                folder, ranks, [*(["--only", given.only] if given.only else []), *(["--few"] if given.few else [])]
            )
        rows = [json.loads(line) for line in (folder / "cases.jsonl").read_text("utf-8").splitlines()]
        Console(width=120).print(table(rows))
        if not given.few:
            Console(width=120).print(peers_of(folder))
    failed = [row for row in rows if max(row["gradient"], row["loss"]) > LIMIT]
    print(f"{len(rows)} cases, {len(failed)} off by more than {LIMIT:g} of the reference")
    for row in failed:
        print(row)
    sys.exit(bool(failed))


def prepare(folder: Path, data: Path | None) -> None:
    """Write the examples, the network that all start from, and the references."""
    rows = json.loads(data.read_text("utf-8")) if data else list(itertools.islice(tasks(0, "train"), EXAMPLES))
    (folder / "data.json").write_text(json.dumps(rows[:EXAMPLES]), "utf-8")
    steps = steps_of("packed", 4096, folder)
    steps.prepare_data()
    NETWORK.weights(folder / "packed", steps.load_tokenizer(), 0)
    for tuning in TUNINGS:
        torch.save(reference(tuning, folder), folder / f"reference_{tuning}.pt")


if __name__ == "__main__":
    main()
