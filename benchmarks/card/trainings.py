"""One training as `alpaca train` does it, timed: from overrides to a row of numbers."""

from __future__ import annotations

import csv
import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import lightning
import torch

from alpaca.composition import checked, compose, instantiated
from alpaca.files import read_json, remove
from alpaca.manifest import stage_folder
from alpaca.modules.sft import SFT
from alpaca.planning.gpu import GPU
from alpaca.stage import function
from benchmarks.card.place import Learned, Place, slug, untrained

GIB = 2**30
WITHOUT_FILES = ("~callbacks.checkpoint", "~callbacks.validation", "~callbacks.progress")


class ProcessorTime(lightning.Callback):
    """Counts each step's seconds of a processor, which other work beside a rehearsal changes less than a clock's."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self.ends.append(time.process_time())

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        self.ends.append(time.process_time())

    def replace(self, rows: Sequence[dict[str, float]]) -> list[dict[str, float]]:
        """Return the steps' numbers with these seconds instead of their own."""
        seconds = (after - before for before, after in itertools.pairwise(self.ends))
        return [row | {"seconds": each, "data_wait_seconds": 0.0} for row, each in zip(rows, seconds, strict=True)]


Kind = Callable[[type[SFT]], type[SFT]]


def train(overrides: Sequence[str], kind: Kind, callbacks: dict[str, lightning.Callback], **others: Any) -> SFT:
    """Run the stage of an overridden configuration with a module made into another kind; return the module.

    `others` take the place of parts of the configuration.
    """
    config = compose("train", list(overrides))
    parts = instantiated(checked(function("train"), config).values)
    module, made = parts["module"], []

    def build(**given: Any) -> SFT:
        made.append(kind(module.func)(*module.args, **module.keywords, **given))
        return made[0]

    remove(stage_folder(config["root"], config["name"], "train"))
    function("train")(**parts | {"module": build, "callbacks": parts["callbacks"] | callbacks} | others)
    return made[0]


def common(place: Place, name: str, shape: str, examples: int) -> list[str]:
    """Return the overrides that all timed trainings have."""
    return [
        *place.overrides,
        *WITHOUT_FILES,
        f"root={place.folder / 'runs'}",
        f"name={slug(name)}",
        f"model.path={place.model(shape)}",
        f"data={place.data(examples)}",
        "epochs=1",
    ]


def measure(
    place: Place,
    name: str,
    shape: str,
    overrides: Sequence[str],
    steps: int,
    warm_up: int,
    callbacks: dict[str, lightning.Callback] | None = None,
) -> dict[str, Any]:
    """Train `steps` steps of a network with random weights; the numbers are of those after the first `warm_up`."""
    size = compose("train", [*overrides, "model.path=org/name"])["datamodule"]["global_batch_size"]
    given = [*overrides, *common(place, name, shape, steps * size)]
    clock = {"processor": ProcessorTime()} if place.small else {}
    tuned = train(given, untrained, clock | (callbacks or {}), model=Learned(str(place.model(shape))))
    with (place.folder / "runs" / slug(name) / "train" / "metrics.csv").open(encoding="utf-8", newline="") as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    for counted in clock.values():
        rows = counted.replace(rows)
    about = {"overrides": list(overrides), "parameters": tuned.size, "examples": size}
    return timed(rows, warm_up) | memory(place) | about


def timed(rows: Sequence[dict[str, float]], warm_up: int) -> dict[str, Any]:
    """Make the numbers of a run out of those of its steps; the time that a step waits for its data is its own."""
    counted = rows[warm_up:]
    seconds = [row["seconds"] + row["data_wait_seconds"] for row in counted]
    ordered = sorted(seconds)
    return {
        "steps": len(counted),
        "tokens_per_step": statistics.mean(row["tokens"] for row in counted),
        "tokens_per_second": sum(row["tokens"] for row in counted) / sum(seconds),
        "target_tokens_per_second": sum(row["target_tokens"] for row in counted) / sum(seconds),
        "seconds_a_step": statistics.median(seconds),
        "spread": (ordered[-1] - ordered[0]) / statistics.median(seconds),
        "mfu": statistics.mean(row["mfu"] for row in counted) if "mfu" in counted[0] else None,
        "losses": [row["loss"] for row in rows],
        "peak_memory_gib": max(row["peak_memory_gib"] for row in rows),
    }


def memory(place: Place) -> dict[str, float]:
    """Return what the allocator has reserved, and what the process takes beside that, in GiB."""
    if place.device != "cuda":
        return {}
    free, total = torch.cuda.mem_get_info()
    reserved = torch.cuda.memory_reserved()
    return {"reserved_gib": torch.cuda.max_memory_reserved() / GIB, "context_gib": (total - free - reserved) / GIB}


def planned(place: Place, name: str, shape: str, overrides: Sequence[str], steps: int, gpu: GPU | None) -> Any:
    """Return what `alpaca plan` tells of the same training; seconds are of a step."""
    size = compose("train", [*overrides, "model.path=org/name"])["datamodule"]["global_batch_size"]
    given = [*overrides, *common(place, name, shape, steps * size)]
    config = compose("plan", given)
    parts = instantiated(checked(function("plan"), config).values)
    function("plan")(**parts | {"gpu": gpu})
    plan = read_json(stage_folder(config["root"], config["name"], "plan") / "plan.json")
    return plan | {"seconds_a_step": plan["seconds"] / plan["steps"] if plan["seconds"] else None}


def known(place: Place, measured: Any) -> GPU:
    """Return the device with what was measured of it; one that conf/gpu does not have gets peaks that are not used."""
    there = place.gpu() or GPU(memory_gib=1.0, bf16_tflops=1.0, fp32_tflops=1.0, usd_per_hour=0.0)
    return replace(there, measured=measured)


def limit_memory(place: Place, gib: float) -> None:
    """Let this process have only so much of the device's memory, as a smaller card would."""
    if place.device == "cuda":
        torch.cuda.set_per_process_memory_fraction(min(1.0, gib * GIB / torch.cuda.mem_get_info()[1]))
