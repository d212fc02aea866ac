"""Causal attention within each document of a packed row, exact on any device.

Shapes: `T` tokens of the row, `N` documents, `L` the longest document, `H` heads, `D` head width.

Documents of like lengths are laid out as a grid of N lines by L places and attended to as a causal batch. A document's
tokens come first in its line, so no token sees the padding behind them, and none sees another document.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AttentionInterface

from alpaca.datamodules.packing import alike

if TYPE_CHECKING:
    from transformers import PreTrainedModel

NAME = "alpaca_packed"


@dataclass(frozen=True)
class Grid:
    """Neighbouring documents of a row, of like lengths, laid out as N lines of L places."""

    tokens: slice  # of the row
    count: int
    longest: int
    places: Tensor  # (tokens of the grid,) in 0 .. N*L-1

    def spread(self, x: Tensor) -> Tensor:
        """Turn (1, H, T, D) into (N, H, L, D), zeros where there is no token."""
        _, heads, _, width = x.shape
        grid = x.new_zeros(self.count * self.longest, heads, width)
        grid = grid.index_copy(0, self.places, x[0, :, self.tokens].transpose(0, 1))
        return grid.view(self.count, self.longest, heads, width).transpose(1, 2)

    def gather(self, x: Tensor) -> Tensor:
        """Turn (N, H, L, D) back into (tokens of the grid, H, D)."""
        return x.transpose(1, 2).flatten(0, 1).index_select(0, self.places)


@dataclass(frozen=True)
class Documents:
    """The grids of a packed row, which together hold each of its tokens once."""

    grids: tuple[Grid, ...]

    @classmethod
    def of(cls, lengths: Tensor) -> Documents:
        """Lay out documents of these lengths (N,), in their order in the row."""
        groups = alike(lengths.tolist())
        ends = list(accumulate(map(sum, groups)))
        return cls(tuple(_grid(group, end, lengths.device) for group, end in zip(groups, ends, strict=True)))


def _grid(lengths: list[int], end: int, device: torch.device) -> Grid:
    longest = max(lengths)
    places = torch.cat([torch.arange(line * longest, line * longest + n) for line, n in enumerate(lengths)])
    return Grid(slice(end - sum(lengths), end), len(lengths), longest, places.to(device))


def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    documents: Documents,
    scaling: float,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attend within documents; query is (1, H, T, D), key and value may have fewer heads (grouped-query attention)."""
    grouped = query.shape[1] != key.shape[1]
    parts = [
        grid.gather(
            F.scaled_dot_product_attention(
                grid.spread(query),
                grid.spread(key),
                grid.spread(value),
                dropout_p=dropout,
                is_causal=True,
                scale=scaling,
                enable_gqa=grouped,
            )
        )
        for grid in documents.grids
    ]
    return torch.cat(parts)[None], None  # (1, T, H, D)


def use_packed_attention(network: PreTrainedModel) -> None:
    """Make a Hugging Face network attend within documents; its forward then needs `documents=`."""
    if network.config._attn_implementation != NAME:
        AttentionInterface.register(NAME, packed_attention)
        network.set_attn_implementation(NAME)


@contextmanager
def packed(network: PreTrainedModel) -> Iterator[None]:
    """Attend within documents for a while, and then as before."""
    before = network.config._attn_implementation
    use_packed_attention(network)
    try:
        yield
    finally:
        network.set_attn_implementation(before)
