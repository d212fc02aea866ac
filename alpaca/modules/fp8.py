"""Matrix products of the decoder layers in fp8 (torchao, scaled by row), as long as that is faster and computes the same loss.

Micikevicius et al. 2022, FP8 formats for deep learning. A run tries it on its first step, without taking it, and otherwise goes
on as it would have gone on without.
"""

from __future__ import annotations

import importlib.util
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import nn

from alpaca.errors import UserError
from alpaca.strategies.exact import layers

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from alpaca.planning.memory import Sharding

HOPPER = (9, 0)  # the oldest compute capability with products in fp8 that are scaled by row
MULTIPLE = 16  # of which the sizes of a product in fp8 must be
DEPARTS = 0.01  # of the loss; more than fp8 takes from it in trainings that converge as those in bf16 do
ROUNDS = 3
Step = Callable[[], float]  # forward and backward pass of a step; returns its loss


def refuse(capability: tuple[int, int] | None, halved: bool, compiled: bool, sharding: Sharding) -> None:
    """Raise UserError where there can be no fp8: it is for one CUDA device or copies, and without compiling it is slow."""
    if capability is None or capability < HOPPER:
        raise UserError("module.fp8=true needs a CUDA device from Hopper on; give module.fp8=false")
    if not halved or not compiled:
        raise UserError("module.fp8=true needs trainer.precision=bf16-true (or bf16-mixed) and module.compile=true")
    if sharding not in ("none", "ddp"):
        raise UserError("module.fp8=true needs whole weights on a device; give strategy=single or ddp")
    if importlib.util.find_spec("torchao") is None:
        raise UserError(
            "module.fp8=true needs torchao: pip install 'alpaca-framework[lowbit]'; or give module.fp8=false"
        )


class Products:
    """The linear layers of a network's decoder layers, each in two kinds that share their weights."""

    def __init__(self, network: PreTrainedModel, config: Any = None) -> None:
        """Make the layers in fp8; `config` is torchao's Float8LinearConfig, by row without it. Nothing changes yet."""
        from torchao.float8 import Float8LinearConfig
        from torchao.float8.float8_linear import Float8Linear

        config = config or Float8LinearConfig.from_recipe_name("rowwise")
        self.places = [
            (parent, name, linear, Float8Linear.from_float(linear, config))
            for layer in layers(network)
            for parent in layer.modules()
            for name, linear in parent.named_children()
            if type(linear) is nn.Linear and fits(linear)
        ]

    def use(self, fp8: bool) -> None:
        """Compute with the one kind or the other from now on."""
        for parent, name, plain, lowered in self.places:
            setattr(parent, name, lowered if fp8 else plain)


def fits(linear: nn.Linear) -> bool:
    """Tell whether a layer can be computed in fp8 and is no adapter, which are small and held in fp32."""
    sizes = linear.in_features, linear.out_features
    return min(sizes) > 8 * MULTIPLE and not any(size % MULTIPLE for size in sizes)


@dataclass(frozen=True)
class Verdict:
    """What a step takes in seconds, and its loss, in bf16 and in fp8."""

    seconds: tuple[float, float]
    losses: tuple[float, float]

    @property
    def departs(self) -> bool:
        plain, lowered = self.losses
        return not abs(lowered - plain) <= DEPARTS * abs(plain)  # a loss that is none departs too

    @property
    def keeps(self) -> bool:
        return self.seconds[1] < self.seconds[0] and not self.departs

    def __str__(self) -> str:
        plain, lowered = self.seconds
        took = f"fp8 takes {lowered:.3g} s a step and bf16 {plain:.3g} s, with losses of {self.losses[1]:.5g} and {self.losses[0]:.5g}"
        return f"{took}: going on in {'fp8' if self.keeps else 'bf16'}"


def trial(plain: Step, lowered: Step, clock: Callable[[], float]) -> Verdict:
    """Let both compute the same step, in turn; the first time, in which they compile, does not count."""
    seconds: tuple[list[float], list[float]] = ([], [])
    losses = [plain(), lowered()]
    for _ in range(ROUNDS):
        for kind, step in enumerate((plain, lowered)):
            began = clock()
            losses[kind] = step()
            seconds[kind].append(clock() - began)
    return Verdict((statistics.median(seconds[0]), statistics.median(seconds[1])), (losses[0], losses[1]))
