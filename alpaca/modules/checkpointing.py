"""Activation checkpointing: what the backward pass computes again instead of keeping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alpaca.strategies.exact import layers

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from alpaca.strategies.exact import ActivationCheckpointing


def checkpoint_activations(network: PreTrainedModel, how: ActivationCheckpointing) -> None:
    """Keep all activations (none), only what goes from decoder layer to layer (full), or all of every second (selective)."""
    if how == "none":
        return
    network.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    if how == "selective":
        for layer in list(layers(network))[1::2]:
            layer.gradient_checkpointing = False  # type: ignore[assignment]
