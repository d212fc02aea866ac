"""Decoder layers compiled one by one (torch.compile): all are the same code, so a graph is made once and serves each.

A row's shape should stay the same (`datamodule.fill_rows`), or a second graph is made for any number of tokens. Attention by
`varlen` or `flex` is part of the graph; `grids`, whose shapes are others in each row, breaks it in two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from alpaca.strategies.exact import layers

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def compile_layers(network: PreTrainedModel, backend: str = "inductor") -> None:
    """Compile what each decoder layer computes; hooks, such as those that gather shards, stay outside of it."""
    for layer in layers(network):
        layer.forward = torch.compile(layer.forward, backend=backend)
