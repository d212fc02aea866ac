"""What a plan reads of a training's configuration, and the memory that follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import PositiveInt

from alpaca.errors import UserError
from alpaca.files import read_json
from alpaca.models.shape import Shape
from alpaca.planning.adapters import Adapters
from alpaca.planning.memory import ALONE, FP32, Checkpointing, Setup, Sharding, least_recomputed
from alpaca.planning.workload import Documents, Workload, workload
from alpaca.schema import Described, unknown

BLOCKS = {4: 128, 8: 256}  # numbers that share a scale: torchao's, by bits
Place = Literal["device", "host"]
SHARDINGS: dict[str, Sharding] = {
    "alpaca.strategies.single.Single": "none",
    "alpaca.strategies.layerwise.Layerwise": "layerwise",
    "alpaca.strategies.ddp.DDP": "ddp",
    "alpaca.strategies.fsdp.FSDP": "fsdp",
    "alpaca.strategies.deepspeed.DeepSpeed": "zero3",
}


@dataclass(frozen=True)
class Part:
    """A part of which nothing but its being there matters."""

    target: str


@dataclass(frozen=True)
class Model:
    """Either a path, with or without a shape, or the sizes of a network that is made from nothing."""

    target: str
    path: str | None = None
    shape: Annotated[Shape, Described()] | None = None
    vocab_size: PositiveInt | None = None
    hidden_size: PositiveInt | None = None
    intermediate_size: PositiveInt | None = None
    num_hidden_layers: PositiveInt | None = None
    num_attention_heads: PositiveInt | None = None
    head_dim: PositiveInt | None = None
    tie_word_embeddings: bool | None = None
    max_position_embeddings: PositiveInt | None = None

    @property
    def folder(self) -> Path | None:
        return Path(self.path) if self.path and Path(self.path).is_dir() else None

    def settings(self) -> Mapping[str, Any]:
        """Return what config.json tells of the network, or else the configuration."""
        file = self.folder / "config.json" if self.folder else None
        return read_json(file) if file and file.is_file() else vars(self)

    def known_shape(self) -> Shape:
        """Return the shape that config.json, or else the configuration, tells; raises UserError where neither does."""
        if self.path is None and self.hidden_size:
            return Shape.of(self.settings(), "model")
        if self.folder and (self.folder / "config.json").is_file():
            return Shape.of(self.settings(), f"{self.folder}/config.json")
        if self.shape is None:
            raise UserError("the sizes of the model are not known; give model.path=FOLDER with a config.json in it")
        return self.shape


@dataclass(frozen=True)
class Batching:
    """How a step is divided; padded rows are counted as if each were as long as can be."""

    global_batch_size: PositiveInt
    max_length: PositiveInt
    tokens_per_micro_batch: PositiveInt | None = None
    examples_per_micro_batch: PositiveInt | None = None

    @property
    def capacity(self) -> int:
        """Tokens that a micro-batch may hold."""
        return self.tokens_per_micro_batch or (self.examples_per_micro_batch or 1) * self.max_length


@dataclass(frozen=True)
class Module:
    """What is trained, and with which loss; those without a rank train all."""

    target: str
    loss: Literal["plain", "fused", "liger"] = "plain"
    r: PositiveInt | None = None
    targets: list[str] = field(default_factory=list)

    def adapters(self, shape: Shape) -> Adapters | None:
        """Return the adapters, None where there are none; raises UserError where the network has no such layers."""
        if self.r is None:
            return None
        for target in self.targets:
            if target not in shape.matrices:
                raise unknown("layer", target, "module.targets", shape.matrices)
        kind = self.target.rpartition(".")[2].lower()
        return Adapters(self.r, tuple(self.targets), magnitudes=kind == "dora", quantized=kind == "qlora")


@dataclass(frozen=True)
class Optimizer:
    target: str
    momentum: float = 0.0
    bits: Literal[4, 8, 32] | None = None  # None: as many as the weights have

    def bytes_of_states(self, stored: int) -> float:
        """Return the bytes of the states of a parameter whose own size is `stored`: two numbers, as Adam has.

        Those of few bits have a scale in fp32 for each block.
        """
        name = self.target.rpartition(".")[2].lower()
        if name == "sgd":
            return float(stored if self.momentum else 0)
        if bits := self.few_bits:
            return 2 * (bits / 8 + FP32 / BLOCKS[bits])
        return 2.0 * (FP32 if self.bits else stored)

    @property
    def few_bits(self) -> int | None:
        """Return the bits of a number of a state, as the settings or the name tell; None where they are those of a float."""
        return next((bits for bits in BLOCKS if self.bits == bits or f"{bits}bit" in self.target.lower()), None)


@dataclass(frozen=True)
class Strategy:
    target: str
    activation_checkpointing: Checkpointing = "full"  # as layerwise has it
    gradients: Literal["host", "again"] | None = None
    inputs: Place = "device"
    states: Place = "device"
    stage: Literal[2, 3] = 3
    offload_to_cpu: bool = False
    reshard_after_forward: bool = True

    @property
    def sharding(self) -> Sharding:
        """Return how the training is spread; raises UserError for a strategy that is none of the packaged ones."""
        if self.target not in SHARDINGS:
            raise UserError(f"nothing is known of the memory of {self.target}; plan with strategy=fsdp or ddp")
        return "zero2" if self.stage == 2 else SHARDINGS[self.target]


@dataclass(frozen=True)
class Machine:
    accelerator: Literal["auto", "cpu", "cuda", "mps"]
    devices: PositiveInt
    num_nodes: PositiveInt
    precision: Literal["32-true", "bf16-true", "bf16-mixed"]

    @property
    def on_gpu(self) -> bool:
        """Tell whether the training would take a GPU; the driver's file spares asking torch."""
        return self.accelerator == "cuda" or (self.accelerator == "auto" and Path("/dev/nvidia0").exists())


@dataclass(frozen=True)
class Callback:
    """A checkpoint has the two keys; others have neither."""

    every_n_steps: PositiveInt | None = None
    asynchronous: bool = False


@dataclass(frozen=True)
class Recipe:
    """All of a training that its memory, time and cost depend on. Raises UserError where it does not go together."""

    shape: Shape
    documents: Documents
    epochs: int
    seed: int
    batching: Batching
    module: Module
    optimizer: Optimizer
    strategy: Strategy
    machine: Machine
    callbacks: tuple[Callback, ...]
    on_gpu: bool
    process: float  # bytes
    max_steps: int | None = None
    factors: Mapping[str, float] = field(default_factory=dict)  # of parts of the memory, where they have been measured

    def __post_init__(self) -> None:
        capacity, longest = self.batching.capacity, self.batching.max_length
        if capacity < longest:
            raise UserError(f"tokens_per_micro_batch={capacity} cannot hold max_length={longest} tokens")
        if self.strategy.sharding in ALONE and self.world > 1:
            name = "single" if self.strategy.sharding == "none" else "layerwise"
            raise UserError(f"strategy={name} trains on one device, not {self.world}; give strategy=fsdp or ddp")

    @property
    def world(self) -> int:
        return self.machine.devices * self.machine.num_nodes

    @cached_property
    def work(self) -> Workload:
        size, capacity = self.batching.global_batch_size, self.batching.capacity
        return workload(self.documents, self.epochs, size, capacity, self.world, self.seed, self.max_steps)

    def fitting(self, available: float | None) -> Recipe:
        """Return this with as many layers computed again as `available` bytes ask for, where that is left to be found."""
        if self.strategy.activation_checkpointing != "auto" or available is None:
            return self
        share = least_recomputed(self.setup, available)
        return replace(self, strategy=replace(self.strategy, activation_checkpointing=share))

    @cached_property
    def setup(self) -> Setup:
        adapters = self.module.adapters(self.shape)  # which are in fp32
        by_layer = self.strategy.sharding == "layerwise"
        in_bf16 = self.machine.precision == "bf16-true" and self.strategy.sharding not in ("zero2", "zero3")
        return Setup(
            shape=self.shape,
            work=self.work,
            precision=self.machine.precision,
            optimizer_bytes=self.optimizer.bytes_of_states(2 if in_bf16 and not adapters else 4),
            sharding=self.strategy.sharding,
            world=self.world,
            checkpointing=self.strategy.activation_checkpointing,
            fused_loss=self.module.loss != "plain",
            offload=self.strategy.offload_to_cpu,
            reshard=self.strategy.reshard_after_forward,
            saves_meanwhile=_saves_meanwhile(self.callbacks, self.work.steps),
            on_gpu=self.on_gpu,
            process=self.process,
            gradients_on_host=by_layer and self.strategy.gradients == "host",
            inputs_on_host=by_layer and self.strategy.inputs == "host",
            states_on_host=by_layer and self.strategy.states == "host",
            adapters=adapters,
            factors=self.factors,
        )


def _saves_meanwhile(callbacks: Iterable[Callback], steps: int) -> bool:
    """Tell whether a checkpoint is written while training goes on, which the last one is not."""
    return any(c.asynchronous and c.every_n_steps is not None and c.every_n_steps < steps for c in callbacks)
