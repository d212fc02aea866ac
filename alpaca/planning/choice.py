"""The micro-batch and the activation checkpointing with which a training that fits is fastest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

from alpaca.planning.cost import hours
from alpaca.planning.gpu import GPU
from alpaca.planning.memory import peak
from alpaca.planning.recipe import Recipe

CHECKPOINTING: tuple[Literal["none", "selective", "full"], ...] = ("none", "selective", "full")
TOKENS = (32768, 16384, 8192, 4096, 2048, 1024)  # of a micro-batch
EXAMPLES = (32, 16, 8, 4, 2, 1)


@dataclass(frozen=True)
class Choice:
    """Overrides, with what they lead to."""

    overrides: list[str]
    peak_gib: float
    hours: float


def fastest(recipe: Recipe, gpu: GPU, available: float, utilisation: float) -> Choice | None:
    """Return what is fastest within `available` bytes; of what is equally fast, the largest micro-batch; None where none fits."""
    fit = (choice for choice in _choices(recipe, gpu, utilisation) if choice.peak_gib <= available / 2**30)
    return min(fit, key=lambda choice: choice.hours, default=None)


def _choices(recipe: Recipe, gpu: GPU, utilisation: float) -> Iterator[Choice]:
    """Yield every choice that the longest example and the step leave, the largest micro-batch first."""
    packed = recipe.batching.tokens_per_micro_batch is not None
    key = "tokens_per_micro_batch" if packed else "examples_per_micro_batch"
    most = recipe.batching.global_batch_size * recipe.batching.max_length
    for size, how in product(TOKENS if packed else EXAMPLES, CHECKPOINTING):
        capacity = size if packed else size * recipe.batching.max_length
        if recipe.batching.max_length <= capacity <= most:
            batching, strategy = replace(recipe.batching, **{key: size}), recipe.strategy
            other = replace(recipe, batching=batching, strategy=replace(strategy, activation_checkpointing=how))
            texts = [f"datamodule.{key}={size}", f"strategy.activation_checkpointing={how}"]
            total = sum(peak(other.setup)[1].values()) / 2**30
            yield Choice(texts, total, hours(other, gpu, utilisation))
