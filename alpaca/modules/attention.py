"""Causal attention within each document of a packed row, exact on any device.

Shapes: `T` tokens of the row, `N` documents, `L` the longest document, `H` heads, `D` head width, `P` tokens of a prefix.

Here, documents of like lengths are laid out as a grid of N lines by L places and attended to as a causal batch. A document's
tokens come first in its line, so no token sees the padding behind them, and none sees another document. A document may also
continue an earlier one of the row, its prefix, whose tokens it sees before its own; so several can share one prefix.
Other ways to the same result are in `varlen` and `flex`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention.bias import causal_lower_right
from transformers import AttentionInterface

from alpaca.datamodules.packing import alike
from alpaca.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from alpaca.datamodules.tokens import MicroBatch

NAME = "alpaca_packed"


class Layout(Protocol):
    """The documents of a packed row, laid out for one way of attending within them."""

    def attend(self, query: Tensor, key: Tensor, value: Tensor, scaling: float, dropout: float) -> Tensor:
        """Attend within documents; query is (1, H, T, D), key and value may have fewer heads; returns (1, T, H, D)."""


LayOut = Callable[["MicroBatch"], Layout]


@dataclass(frozen=True)
class Grid:
    """Neighbouring documents of a row, of like lengths and behind the same prefix, laid out as N lines of L places."""

    tokens: slice  # of the row
    prefix: slice  # of the row; empty where there is none
    count: int
    longest: int
    places: Tensor  # (tokens of the grid,) in 0 .. N*L-1

    def spread(self, x: Tensor) -> Tensor:
        """Turn (1, H, T, D) into (N, H, L, D), zeros where there is no token."""
        _, heads, _, width = x.shape
        grid = x.new_zeros(self.count * self.longest, heads, width)
        grid = grid.index_copy(0, self.places, x[0, :, self.tokens].transpose(0, 1))
        return grid.view(self.count, self.longest, heads, width).transpose(1, 2)

    def spread_behind(self, x: Tensor) -> Tensor:
        """Turn (1, H, T, D) into (N, H, P + L, D), the prefix before each line."""
        if not self.shared:
            return self.spread(x)
        return torch.cat([x[:, :, self.prefix].expand(self.count, -1, -1, -1), self.spread(x)], dim=2)

    def gather(self, x: Tensor) -> Tensor:
        """Turn (N, H, L, D) back into (tokens of the grid, H, D)."""
        return x.transpose(1, 2).flatten(0, 1).index_select(0, self.places)

    @property
    def shared(self) -> int:
        """How many tokens the prefix has."""
        return int(self.prefix.stop - self.prefix.start)

    def attend(self, query: Tensor, key: Tensor, value: Tensor, scaling: float, dropout: float) -> Tensor:
        """Return (tokens of the grid, H, D)."""
        lines = self.spread(query), self.spread_behind(key), self.spread_behind(value)
        mask = causal_lower_right(self.longest, self.shared + self.longest) if self.shared else None
        return self.gather(
            F.scaled_dot_product_attention(
                *lines,
                attn_mask=mask,
                dropout_p=dropout,
                is_causal=mask is None,
                scale=scaling,
                enable_gqa=query.shape[1] != key.shape[1],
            )
        )


@dataclass(frozen=True)
class Documents:
    """The grids of a packed row, which together hold each of its tokens once."""

    grids: tuple[Grid, ...]

    @classmethod
    def of(cls, lengths: Tensor, prefixes: Tensor | None = None, device: torch.device | str | None = None) -> Documents:
        """Lay out documents of these lengths (N,), in their order in the row, for a device.

        `prefixes` (N,) tells of each the number of the document that it continues, -1 for none.
        """
        sizes = lengths.tolist()
        ends = [0, *accumulate(sizes)]
        behind = prefixes.tolist() if prefixes is not None else [-1] * len(sizes)
        found, first = [], 0
        for prefix, neighbours in groupby(behind):
            whole = sizes[first : first + len(list(neighbours))]
            span = slice(ends[prefix], ends[prefix + 1]) if prefix >= 0 else slice(0, 0)
            for group in alike(whole):
                found.append(_grid(group, ends[first], span, device or lengths.device))
                first += len(group)
        return cls(tuple(found))

    @torch.compiler.disable  # type: ignore[untyped-decorator]  # its shapes are others in each row, so a compiled layer leaves it out
    def attend(self, query: Tensor, key: Tensor, value: Tensor, scaling: float, dropout: float) -> Tensor:
        return torch.cat([grid.attend(query, key, value, scaling, dropout) for grid in self.grids])[None]


def _grid(lengths: list[int], begin: int, prefix: slice, device: torch.device | str) -> Grid:
    longest = max(lengths)
    places = torch.cat([torch.arange(line * longest, line * longest + n) for line, n in enumerate(lengths)])
    return Grid(slice(begin, begin + sum(lengths)), prefix, len(lengths), longest, places.to(device))


def grids(batch: MicroBatch) -> Documents:
    """Lay out a packed micro-batch as grids."""
    return Documents.of(batch["document_lengths"], batch.get("prefixes"), batch["input_ids"].device)


def refuse(dropout: float, path: str) -> None:
    """Raise UserError where a kernel without dropout is asked for some."""
    if dropout:
        raise UserError(
            f"module.attention={path} has no dropout, which this network asks for; give module.attention=grids"
        )


def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    documents: Layout,
    scaling: float,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attend within documents, however they are laid out."""
    return documents.attend(query, key, value, scaling, dropout), None  # (1, T, H, D)


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
