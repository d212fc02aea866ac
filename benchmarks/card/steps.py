"""The steps of `python -m benchmarks.gpu`, in the order in which the time of a card is best spent: correctness, then speed."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from alpaca.composition import compose
from alpaca.errors import UserError
from alpaca.files import read_json
from benchmarks.card import calibration, certificates, others
from benchmarks.card.place import SHAPES, Place, slug
from benchmarks.card.profile import Profiled
from benchmarks.card.trainings import known, limit_memory, measure, planned

STRATEGIES = ("single", "ddp", "fsdp", "deepspeed_zero3")
EAGER = ("experiment=alpaca_7b_one_gpu",)
FAST = (*EAGER, "module.attention=auto", "module.compile=true")
LORA = ("experiment=alpaca_7b", "module=lora", "module.loss=fused", "datamodule.tokens_per_micro_batch=4096")
FP8 = "module.fp8=true"
SMALL_CARD = {"full": "alpaca_7b_24gb", "LoRA": "alpaca_7b_24gb_lora", "QLoRA": "alpaca_7b_24gb_qlora"}
TRAININGS = ("speed", "plan", "24 GB")  # groups whose results are those of trainings of ours
SMALL_GIB = 24.0
STEPS, SHORT = 10, 6  # optimizer steps of a training; the first third is not counted
WARM_UP = 3  # of a profile
PACKAGES = ("torch", "transformers", "lightning", "torchao", "trl", "liger-kernel", "bitsandbytes", "deepspeed")
IN_A_REHEARSAL = ("datamodule.global_batch_size=8", "datamodule.max_length=256", "trainer.precision=32-true")
SIZES = ("model=", "datamodule.", "strategy.activation_checkpointing=", "trainer.precision=")  # not a way, but how much
TIMES_SMALLER = 8  # a micro-batch of a rehearsal


@dataclass(frozen=True)
class Step:
    """A piece of work in a process of its own, with the most seconds that it may take."""

    name: str
    group: str
    run: Callable[[Place], dict[str, Any]]
    seconds: float = 150.0

    @property
    def file(self) -> str:
        """Return the name of its row among those of all steps."""
        return f"steps/{slug(self.name)}.json"


@dataclass(frozen=True)
class Training:
    """Some steps of a shape with random weights, under a limit of memory where there is one."""

    name: str
    shape: str
    overrides: tuple[str, ...]
    steps: int = STEPS
    limit_gib: float | None = None

    def __call__(self, place: Place) -> dict[str, Any]:
        if self.limit_gib:
            limit_memory(place, self.limit_gib)
        given, steps = self.given(place), 4 if place.small else self.steps
        plan = planned(place, self.name, self.shape, given, steps, known(place, None))
        return measure(place, self.name, self.shape, given, steps, steps // 3 + 1) | {"plan": plan}

    def given(self, place: Place) -> list[str]:
        """Return the overrides, made small for a rehearsal; raises UserError for options that this build has not."""
        given = [f"model={self.shape.partition('/')[0]}", *self.overrides]
        try:
            composed = compose("train", [*given, "model.path=org/name"])
        except UserError as problem:
            raise UserError(f"not of this build: {problem}") from problem
        if not place.small:
            return given
        tokens = composed["datamodule"]["tokens_per_micro_batch"] // TIMES_SMALLER
        kept = (text for text in given if text != "module.compile=true" and "tokens_per_micro_batch" not in text)
        return [*kept, *IN_A_REHEARSAL, f"datamodule.tokens_per_micro_batch={tokens}"]


def steps(place: Place, data: Path | None) -> Iterator[Step]:
    """Yield all steps; later ones read what the first ones leave."""
    yield Step("device", "facts", facts, 180.0)
    count = 8 * STEPS if place.small else 128 * STEPS
    yield Step("data", "facts", functools.partial(Place.prepare, data=data, count=count), 120.0)
    yield Step("noise of bf16", "facts", certificates.references, 120.0)
    for strategy in STRATEGIES:
        yield Step(f"certificate, {strategy}", "correctness", functools.partial(certificate, strategy=strategy), 240.0)
    yield Step("paths", "correctness", functools.partial(certificate, strategy=None), 240.0)
    yield from (_of(training, "speed") for training in first_speeds())
    for name in others.CONTESTANTS:
        yield Step(name, "speed", functools.partial(other, name=name), 150.0)
    yield Step("profile", "profile", profiled)
    yield from (_of(training, "speed") for training in more_speeds())
    yield from (_of(training, "24 GB") for training in small_cards())
    yield from (_of(training, "calibration") for training in calibrations(place))
    yield from (_of(training, "plan") for training in more_plans(place))
    yield from (_of(training, "speed") for training in further_speeds())
    yield Step("plan", "beside", plans)


def _of(training: Training, group: str) -> Step:
    return Step(training.name, group, training)


def first_speeds() -> Iterator[Training]:
    yield Training("llama_7b full", "llama_7b", FAST)
    yield Training("llama_7b full, eager", "llama_7b", EAGER)
    yield Training("llama3_8b LoRA", "llama3_8b", (*LORA, *FAST[1:]))
    yield Training("llama3_8b LoRA, eager", "llama3_8b", LORA)


def more_speeds() -> Iterator[Training]:
    for shape in SHAPES:
        if shape != "llama_7b":
            yield Training(f"{shape} full", shape, FAST)
        if shape != "llama3_8b":
            yield Training(f"{shape} LoRA", shape, (*LORA, *FAST[1:]))


def further_speeds() -> Iterator[Training]:
    """Yield what may be faster, and what does without a package, all of it beside the first."""
    for shape in SHAPES:
        yield Training(f"{shape} full, fp8", shape, (*FAST, FP8))
        yield Training(f"{shape} LoRA, fp8", shape, (*LORA, *FAST[1:], FP8))
    yield Training("llama_7b full, shared prefix", "llama_7b", (*FAST, "datamodule.shared_prefix=true"))
    torchs = ("experiment=alpaca_7b", "datamodule.tokens_per_micro_batch=2048")
    yield Training("llama_7b full, torch's AdamW in bf16", "llama_7b", torchs)
    again = ("experiment=alpaca_7b", "optimizer=adamw_bf16_sr", "strategy.activation_checkpointing=full")
    fp32 = (*again, "module.loss=fused", "datamodule.tokens_per_micro_batch=2048")
    yield Training("llama_7b full, states in fp32", "llama_7b", fp32)


def small_cards() -> Iterator[Training]:
    for tuning, experiment in SMALL_CARD.items():
        yield Training(f"24 GB, {tuning}", "llama_7b", (f"experiment={experiment}",), limit_gib=SMALL_GIB)


def calibrations(place: Place) -> Iterator[Training]:
    """Yield small trainings that differ in what takes time: layers, width, tokens, vocabulary, computing again."""
    few, many = (2, 6) if place.small else (1, 4)
    for shape, layers, size, how in (
        ("llama_7b", few, 4096, "none"),
        ("llama_7b", many, 2048, "none"),
        ("llama_7b", many, 8192, "none"),
        ("llama_7b", many, 4096, "full"),
        ("llama3_8b", few, 8192, "none"),
        ("llama3_8b", many, 4096, "none"),
        ("qwen2_5_7b", few, 2048, "full"),
        ("qwen2_5_7b", many, 4096, "none"),
    ):
        given = (*path_of(place), *_sizes(size, how))
        name = f"calibration, {shape} of {layers} layers, {size} tokens, {how}"
        yield Training(name, f"{shape}/{layers}", given, SHORT)


def _sizes(tokens: int, checkpointing: str) -> tuple[str, str]:
    return f"datamodule.tokens_per_micro_batch={tokens}", f"strategy.activation_checkpointing={checkpointing}"


def more_plans(place: Place) -> Iterator[Training]:
    """Yield what, with LLaMA-7B as it comes, makes eight configurations to hold plans against; three in a rehearsal."""
    different = (
        ("llama_7b", 2048, "none"),
        ("llama_7b", 4096, "selective"),
        ("llama3_8b", 8192, "full"),
        ("llama_7b", 8192, "full"),
        ("llama3_8b", 4096, "none"),
        ("qwen2_5_7b", 2048, "selective"),
        ("qwen2_5_7b", 4096, "none"),
    )
    for shape, size, how in different[: 3 if place.small else None]:
        given = (*path_of(place), *_sizes(size, how))
        yield Training(f"{shape}, {size} tokens, checkpointing {how}", shape, given, SHORT)


def path_of(place: Place) -> tuple[str, ...]:
    """Return the way whose rates are measured, which is that of the plans that are held against trainings.

    On a processor torchao's optimizer is a loop in Python over tensors, which tells nothing of a rate.
    """
    return ("experiment=alpaca_7b",) if place.small else EAGER


def facts(place: Place) -> dict[str, Any]:
    """Tell the device, what it costs, and the versions of what it runs."""
    versions = {name: _version(name) for name in PACKAGES}
    gpu = place.gpu()
    about: dict[str, Any] = {"device": platform.processor() or platform.machine(), "python": platform.python_version()}
    if place.device == "cuda":
        there = torch.cuda.get_device_properties(0)
        about |= {"device": there.name, "gib": there.total_memory / 2**30, "cuda": torch.version.cuda}
    return about | {"versions": versions, "option": place.card(), "usd_per_hour": gpu.usd_per_hour if gpu else None}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def certificate(place: Place, strategy: str | None) -> dict[str, Any]:
    """Certify a strategy; without one, the ways of attending."""
    noise = result(place, "noise of bf16")["noise"]
    chosen = list(certificates.cases(place, strategy) if strategy else certificates.paths(place))
    return certificates.certified(place, chosen, noise)


def other(place: Place, name: str) -> dict[str, Any]:
    """Take the steps of the first training as another trainer does."""
    given = Training(name, "llama_7b", EAGER).given(place)
    return others.measure(place, name, "llama_7b", given, SHORT, SHORT // 3 + 1)


def profiled(place: Place) -> dict[str, Any]:
    """Profile two steps of the fastest way that this build has."""
    for overrides in (FAST, EAGER):
        training = Training("profile", "llama_7b", overrides)
        try:
            given = training.given(place)
        except UserError:
            continue
        profile = Profiled(WARM_UP, 2, place.device == "cuda")
        row = measure(place, "profile", "llama_7b", given, WARM_UP + 2, WARM_UP, {"profile": profile})
        return {"overrides": row["overrides"]} | profile.told()
    raise UserError("no way to train could be composed")


def plans(place: Place) -> dict[str, Any]:
    """Fit the rates to the small trainings, write them, and hold the plans of the others against what these took."""
    rows = dict(_finished(place, ("calibration",)))
    if len(rows) < len(calibration.UNITS):
        raise UserError(f"{len(rows)} of the small trainings are there, of which {len(calibration.UNITS)} are needed")
    fitted = known(place, calibration.fit([row for _, row in rows.values()]))
    name = str(result(place, "device")["device"])
    file = calibration.write(fitted, name, [row for _, row in rows.values()], calibration.folder(place))
    beside = {}
    for training, row in (rows | dict(_finished(place, TRAININGS))).values():
        if set(path_of(place)) == {text for text in row["overrides"] if not text.startswith(SIZES)}:
            plan = planned(place, training.name, training.shape, row["overrides"], len(row["losses"]), fitted)
            beside[training.name] = calibration.beside(row, plan) | {"fitted": training.name in rows}
    return {"file": str(file), "beside": beside}


def _finished(place: Place, groups: Sequence[str]) -> Iterator[tuple[str, tuple[Training, dict[str, Any]]]]:
    for step in steps(place, None):
        if step.group in groups and isinstance(step.run, Training) and (row := stored(place, step)) and "result" in row:
            yield step.name, (step.run, row["result"])


def stored(place: Place, step: Step) -> dict[str, Any] | None:
    """Return what a step left, or None where it has not been done."""
    file = place.folder / step.file
    return read_json(file) if file.is_file() else None


def result(place: Place, name: str) -> dict[str, Any]:
    """Return what an earlier step found; raises UserError where it found nothing."""
    row = stored(place, next(step for step in steps(place, None) if step.name == name))
    if row is None or "result" not in row:
        raise UserError(f"the step `{name}`, which this needs, has no result")
    found: dict[str, Any] = row["result"]
    return found
