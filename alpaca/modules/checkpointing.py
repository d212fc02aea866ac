"""Activation checkpointing: what the backward pass computes again instead of keeping."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from torch.utils.checkpoint import checkpoint

from alpaca.strategies.exact import layers

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from alpaca.strategies.exact import ActivationCheckpointing


def checkpoint_activations(network: PreTrainedModel, how: ActivationCheckpointing) -> None:
    """Keep all activations (none), only what goes from decoder layer to layer (full), or all of every second (selective)."""
    for number, layer in enumerate(layers(network)):
        if how == "full" or (how == "selective" and number % 2 == 0):
            layer.forward = functools.partial(checkpoint, layer.forward, use_reentrant=False)
