"""The micro-batch and the activation checkpointing with which a training that fits is fastest."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from alpaca.planning.cost import hours
from alpaca.planning.gpu import GPU
from alpaca.planning.memory import least_recomputed, peak
from alpaca.planning.recipe import Recipe

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
    fit = (choice for choice in _choices(recipe, gpu, available, utilisation) if choice.peak_gib <= available / 2**30)
    return min(fit, key=lambda choice: choice.hours, default=None)


def _choices(recipe: Recipe, gpu: GPU, available: float, utilisation: float) -> Iterator[Choice]:
    """Yield every micro-batch that the longest example and the step leave, the largest first, recomputing what it must."""
    packed = recipe.batching.tokens_per_micro_batch is not None
    key = "tokens_per_micro_batch" if packed else "examples_per_micro_batch"
    most = recipe.batching.global_batch_size * recipe.batching.max_length
    for size in TOKENS if packed else EXAMPLES:
        capacity = size if packed else size * recipe.batching.max_length
        if recipe.batching.max_length <= capacity <= most:
            other, texts = (
                replace(recipe, batching=replace(recipe.batching, **{key: size})),
                [f"datamodule.{key}={size}"],
            )
            if recipe.strategy.sharding != "layerwise":  # which recomputes all of its own accord
                share = least_recomputed(other.setup, available)
                other = replace(other, strategy=replace(other.strategy, activation_checkpointing=share))
                texts.append(f"strategy.activation_checkpointing={_told(share)}")
            total = sum(peak(other.setup)[1].values()) / 2**30
            yield Choice(texts, total, hours(other, gpu, utilisation))


def _told(share: float) -> str:
    """Write a share of the layers so that it means as many of them; cut to four digits, the last counts as whole."""
    return {0.0: "none", 1.0: "full"}.get(share, f"{math.floor(share * 1e4) / 1e4:g}")
