"""Tell what a training will take, from its configuration alone: `alpaca plan experiment=alpaca_7b trainer.devices=8`.

1. The network's shape gives its parameters, and the data's characters (or assumptions) the steps.
2. What autograd, optimizer, sharding and checkpoints hold gives the peak of memory.
3. Floating-point operations give time and cost, and other settings are tried where it does not fit.
4. With generator= and llm= the tokens, price and time of having the data written are told too.
"""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Interval
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from alpaca.files import write_json
from alpaca.llms.request import LLM
from alpaca.manifest import Outcome, stage_folder
from alpaca.models.limits import check_positions
from alpaca.planning.changes import fitting
from alpaca.planning.choice import fastest
from alpaca.planning.cost import Work, flops, hours
from alpaca.planning.generation import Generator, expected
from alpaca.planning.gpu import GPU
from alpaca.planning.memory import host_bytes, moments, peak
from alpaca.planning.recipe import Batching, Callback, Machine, Model, Module, Optimizer, Part, Recipe, Strategy
from alpaca.planning.workload import assumed, measured
from alpaca.schema import Described, MaybePath, Seed
from alpaca.seeds.tasks import Seeds
from alpaca.stage import launch

GIB = 2**30
Share = Annotated[float, Interval(gt=0, le=1)]


def plan(
    name: str,
    root: Path,
    seed: Seed,
    data: Annotated[Path, MaybePath()],
    epochs: PositiveInt,
    max_steps: PositiveInt | None,
    export: Literal["last", "best"],
    model: Annotated[Model, Described()],
    datamodule: Annotated[Batching, Described()],
    module: Annotated[Module, Described()],
    optimizer: Annotated[Optimizer, Described()],
    scheduler: Annotated[Part, Described()],
    strategy: Annotated[Strategy, Described()],
    trainer: Annotated[Machine, Described()],
    callbacks: dict[str, Annotated[Callback, Described()]],
    logger: dict[str, Annotated[Part, Described()]],
    gpu: GPU | None,
    seeds: Seeds,
    generator: Generator | None,
    llm: LLM | None,
    budget_usd: NonNegativeFloat | None,
    num_examples: PositiveInt,
    mean_tokens: PositiveFloat,
    supervised_share: Share,
    characters_per_token: PositiveFloat,
    utilisation: Share,
    cpu_process_gib: PositiveFloat,
    gpu_process_gib: PositiveFloat,
) -> Outcome:
    """Write plan.json; of the results, time and cost are none where no GPU is named."""
    check_positions(model.settings(), datamodule.max_length)
    documents = (
        measured(data, model.folder, characters_per_token, datamodule.max_length, own_pieces=model.path is None)
        if data.is_file()
        else assumed(num_examples, min(mean_tokens, datamodule.max_length), supervised_share)
    )
    on_gpu = gpu is not None or trainer.on_gpu
    recipe = Recipe(
        shape=model.known_shape(),
        documents=documents,
        epochs=epochs,
        max_steps=max_steps,
        seed=seed,
        batching=datamodule,
        module=module,
        optimizer=optimizer,
        strategy=strategy,
        machine=trainer,
        callbacks=tuple(callbacks.values()),
        on_gpu=on_gpu,
        process=(gpu_process_gib if on_gpu else cpu_process_gib) * GIB,
    )
    if gpu and gpu.measured:
        recipe = replace(recipe, process=gpu.measured.process_gib * GIB, factors=gpu.measured.factors)
    written = expected(generator, llm, seeds, num_examples, seed, budget_usd)
    planned = told(recipe, gpu, utilisation) | {"generation": written}
    file = stage_folder(root, name, "plan") / "plan.json"
    write_json(file, planned)
    return Outcome({key: planned[key] for key in RESULTS}, [file])


RESULTS = ("parameters", "steps", "tokens", "peak_memory_gib", "fits", "seconds", "usd")


def told(recipe: Recipe, gpu: GPU | None, utilisation: float) -> dict[str, Any]:
    """Return what there is to tell of a training; sizes are of one device, in GiB."""
    there = available(recipe, gpu)
    recipe = recipe.fitting(there)
    moment, parts = peak(recipe.setup)
    total = sum(parts.values())
    seconds = hours(recipe, gpu, utilisation) * 3600 if gpu else None
    best = fastest(recipe, gpu, there, utilisation) if gpu and there else None
    return {
        "parameters": recipe.shape.parameters,
        "devices": recipe.world,
        "examples": len(recipe.documents.lengths),
        "steps": recipe.work.steps,
        "tokens": recipe.work.tokens,
        "largest_micro_batch": recipe.work.largest,
        "micro_batches": recipe.work.micro_batches,
        "data": recipe.documents.source,
        "memory_gib": {part: size / GIB for part, size in parts.items() if size},
        "activation_checkpointing": recipe.strategy.activation_checkpointing,
        "peak_at": moment,
        "peak_memory_gib": total / GIB,
        "moments_gib": {name: sum(sizes.values()) / GIB for name, sizes in moments(recipe.setup).items()},
        "host_gib": host_bytes(recipe.setup) * recipe.machine.devices / GIB if recipe.on_gpu else None,
        "available_gib": there / GIB if there else None,
        "fits": total <= there if there else None,
        "changes": [] if not there or total <= there else fitting(recipe, there),
        "seconds": seconds,
        "usd": seconds / 3600 * recipe.world * gpu.usd_per_hour if gpu and seconds else None,
        "utilisation": utilisation if not gpu or not seconds else reached(recipe, gpu, seconds),
        "measured": bool(gpu and gpu.measured),
        "work": asdict(Work.of(recipe)),
        "fastest": asdict(best) if best else None,
    }


def reached(recipe: Recipe, gpu: GPU, seconds: float) -> float:
    """Return the share of the peak that a training of so many seconds reaches."""
    return flops(recipe) / (gpu.flops(recipe.machine.precision) * seconds * recipe.world)


def available(recipe: Recipe, gpu: GPU | None) -> float | None:
    """Return the bytes that a device has: the GPU's, or its share of this machine's; None where no one can know."""
    if gpu:
        return gpu.memory_gib * GIB
    if recipe.on_gpu or sys.platform != "linux":
        return None
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / recipe.machine.devices


if __name__ == "__main__":
    launch("plan")
