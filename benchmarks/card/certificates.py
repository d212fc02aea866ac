"""Correctness on the device: the cases of `benchmarks.certificate`, in fp32 and in bf16, on one rank.

The reference takes one example at a time in fp32 on a processor. The same procedure in bf16 on the device is off by bf16's own
noise; a case in bf16 may be off by WITHIN times that, one in fp32 by the certificate's limit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from alpaca.errors import UserError
from alpaca.trainers.lightning import has_bf16
from benchmarks import certificate
from benchmarks.card.place import Place, unexported
from benchmarks.card.trainings import WITHOUT_FILES, train

WITHIN = 1.5  # times the noise of bf16
WORST, WHOLE, LOSS = "worst parameter", "whole gradient", "loss, ten steps"
Losses = list[float]
Gradients = dict[str, Tensor]
LAYOUTS = {
    "packed": ["datamodule=packed", "datamodule.tokens_per_micro_batch=500"],
    "padded": ["datamodule=padded", "datamodule.examples_per_micro_batch=4"],
}
LORA = ["module=lora", "module.r=4", "module.alpha=8", "module.targets=[q_proj,v_proj,down_proj]"]


@dataclass(frozen=True)
class Case:
    """One way of computing the ten steps, as overrides."""

    name: str
    tuning: str
    precision: str
    overrides: tuple[str, ...]


def cases(place: Place, strategy: str) -> Iterator[Case]:
    """Yield the cases of a strategy: layouts, checkpointing, kernels; LoRA with one device's alone."""
    ways = (("packed", "none", "plain"), ("packed", "full", "fused"), ("padded", "none", "plain"))
    for precision in precisions(place):
        for layout, how, kernel in ways[: 1 if place.small and strategy != "single" else None]:
            again = [] if strategy == "layerwise" else [f"strategy.activation_checkpointing={how}"]
            given = (*LAYOUTS[layout], f"strategy={strategy}", *again, f"module.loss={kernel}")
            yield Case(f"{strategy}, {layout}, checkpointing {how}, {kernel} loss", "full", precision, given)
        if strategy == "single":
            yield Case("single, packed, LoRA", "lora", precision, (*LORA, *LAYOUTS["packed"]))


def paths(place: Place) -> Iterator[Case]:
    """Yield the ways of attending, and the other ways to the same steps that a build may have."""
    ways = [f"module.attention={path}" for path in ("grids", "varlen", "flex")]
    for way in (*ways, "datamodule.shared_prefix=true", *(() if place.small else ("module.compile=true",))):
        for precision in precisions(place):
            yield Case(way, "full", precision, (*LAYOUTS["packed"], way))


def precisions(place: Place) -> tuple[str, ...]:
    return ("32-true", "bf16-true") if has_bf16(place.device) else ("32-true",)


def references(place: Place) -> dict[str, Any]:
    """Write the references, and return how far one in bf16 on the device is from them: its noise."""
    folder = place.folder / "certificate"
    folder.mkdir(parents=True, exist_ok=True)
    certificate.prepare(folder, None)
    noise = {}
    for tuning in certificate.TUNINGS:
        exact = torch.load(folder / f"reference_{tuning}.pt")
        noise[tuning] = off(certificate.reference(tuning, folder, place.device, torch.bfloat16), exact)
    return {"noise": noise}


def certified(place: Place, chosen: Sequence[Case], noise: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Run cases; each row is how far it is off, and the most that it may be."""
    rows: list[dict[str, Any]] = []
    for case in chosen:
        row: dict[str, Any] = asdict(case) | {"overrides": " ".join(case.overrides)}
        try:
            found = _run(place, case)
        except UserError as problem:
            rows.append(row | {"problem": f"not of this build: {problem}"})
            continue
        exact = torch.load(place.folder / "certificate" / f"reference_{case.tuning}.pt")
        rows.append(row | judged(off(found, exact), case.precision, noise[case.tuning]))
    return {"rows": rows}


def judged(distance: dict[str, float], precision: str, noise: dict[str, float]) -> dict[str, Any]:
    """Compare how far a case is off with what it may be; in bf16 the losses are told and not judged, each being one number."""
    if precision == "32-true":
        return {"off": distance, "most": certificate.LIMIT, "good": max(distance.values()) <= certificate.LIMIT}
    times = {name: distance[name] / noise[name] for name in distance}
    return {"off": distance, "times_noise": times, "good": max(times[WORST], times[WHOLE]) <= WITHIN}


def off(found: tuple[Losses, Gradients], exact: tuple[Losses, Gradients]) -> dict[str, float]:
    """Return relative differences: of the worst parameter's gradient, of the whole gradient, and of the worst step's loss."""
    gradients = {name: gradient.detach().cpu().float() for name, gradient in found[1].items()}
    worst = certificate.differences((found[0], gradients), exact)
    wrong = sum(float((gradients[name] - right).pow(2).sum()) for name, right in exact[1].items())
    whole = math.sqrt(wrong / sum(float(right.pow(2).sum()) for right in exact[1].values()))
    return {WORST: worst["gradient"], WHOLE: whole, LOSS: worst["loss"]}


def _run(place: Place, case: Case) -> tuple[Losses, Gradients]:
    folder = place.folder / "certificate"
    module = train(
        [
            *case.overrides,
            "model=hub",
            f"model.path={folder / 'packed' / 'base'}",
            f"data={folder / 'data.json'}",
            f"root={folder}",
            "name=case",
            f"epochs={certificate.EPOCHS}",
            f"datamodule.global_batch_size={certificate.GLOBAL_BATCH}",
            f"datamodule.max_length={certificate.MAX_LENGTH}",
            "optimizer.lr=2e-3",
            "optimizer.weight_decay=0.01",
            f"trainer.precision={case.precision}",
            *place.overrides,
            *WITHOUT_FILES,
        ],
        lambda kind: unexported(certificate.recorded(kind)),
        {},
    )
    return module.losses, module.first  # type: ignore[attr-defined]
