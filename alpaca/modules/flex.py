"""Causal attention within each document by FlexAttention: a mask of blocks, made once a micro-batch (CUDA for training).

The paper: Dong et al. 2024, FlexAttention, a programming model for optimized attention kernels. Shapes as in `attention`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

from alpaca.modules.attention import refuse

if TYPE_CHECKING:
    from alpaca.datamodules.tokens import MicroBatch

Attend = Callable[..., Tensor]
Mask = Callable[..., BlockMask]


@dataclass(frozen=True)
class Flex:
    """Which blocks of a row see which."""

    mask: BlockMask
    kernel: Attend

    @classmethod
    def of(cls, batch: MicroBatch, kernel: Attend = flex_attention, make: Mask = create_block_mask) -> Flex:
        """Lay out a packed micro-batch: a token sees those before it of its document and of that which it continues."""
        lengths, device = batch["document_lengths"].cpu(), batch["input_ids"].device
        numbers = torch.arange(len(lengths))
        prefixes = batch["prefixes"].cpu() if "prefixes" in batch else torch.full_like(numbers, -1)
        own = numbers.repeat_interleave(lengths).to(device)  # (T,)
        continued = torch.where(prefixes < 0, numbers, prefixes).repeat_interleave(lengths).to(device)  # (T,)

        def sees(_: Tensor, __: Tensor, query: Tensor, key: Tensor) -> Tensor:
            return (key <= query) & ((own[key] == own[query]) | (own[key] == continued[query]))

        return cls(make(sees, None, None, len(own), len(own), device=device), kernel)

    def attend(self, query: Tensor, key: Tensor, value: Tensor, scaling: float, dropout: float) -> Tensor:
        """Attend in the dtype of the values: under autocast the positions make queries and keys fp32."""
        refuse(dropout, "flex")
        attended = self.kernel(
            query.to(value.dtype),
            key.to(value.dtype),
            value,
            block_mask=self.mask,
            scale=scaling,
            enable_gqa=query.shape[1] != key.shape[1],
        )
        return attended.transpose(1, 2)  # (1, T, H, D)


@cache
def compiled() -> tuple[Attend, Mask]:
    """Return the kernel and the maker of masks as they are fast: without compiling, both hold all pairs of tokens."""
    return torch.compile(flex_attention), torch.compile(create_block_mask)
