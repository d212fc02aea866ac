"""Activation checkpointing: what the backward pass computes again instead of keeping."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from torch.utils.checkpoint import checkpoint

from alpaca.planning.memory import again
from alpaca.strategies.exact import layers

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from alpaca.strategies.exact import ActivationCheckpointing


def checkpoint_activations(network: PreTrainedModel, how: ActivationCheckpointing) -> None:
    """Keep all activations (none), only what goes from decoder layer to layer (full, auto), or that of a share of the layers.

    Selectively, every second layer is computed again. A compiled layer is recomputed as compiled.
    """
    every = list(layers(network))
    for number, layer in enumerate(every):
        if again(how, number, len(every)):
            layer.forward = functools.partial(checkpoint, layer.forward, use_reentrant=False)
