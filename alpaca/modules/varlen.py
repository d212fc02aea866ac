"""Causal attention within each document by torch's kernel for variable lengths (CUDA, bf16), without any padding.

Shapes: `T` tokens of the row, `S` keys (a shared prefix counted for each that continues it), `N` documents, `H` heads, `D`
head width.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from alpaca.modules.attention import refuse

if TYPE_CHECKING:
    from alpaca.datamodules.tokens import MicroBatch

CAUSAL = (-1, 0)  # a window; where there are more keys than queries, the last of each stand beside each other
ROUNDED = 512  # to which the longest is rounded up: what is compiled sees few values

Kernel = Callable[..., Tensor]
"""`torch.nn.attention.varlen.varlen_attn`: (T, H, D), (S, H, D) twice, their ends, the longest, scale, and a window."""


@dataclass(frozen=True)
class Varlen:
    """Where the documents' queries and keys end; all of it is made once a micro-batch."""

    queries_end: Tensor  # (N + 1,) int32
    keys_end: Tensor  # (N + 1,) int32
    most_queries: int
    most_keys: int
    keys: Tensor | None  # (S,) of the row; None where each token is a key once
    kernel: Kernel

    @classmethod
    def of(cls, batch: MicroBatch, kernel: Kernel) -> Varlen:
        """Lay out a packed micro-batch."""
        sizes, device = batch["document_lengths"].tolist(), batch["input_ids"].device
        behind = batch["prefixes"].tolist() if "prefixes" in batch else []
        shared = [sizes[prefix] if prefix >= 0 else 0 for prefix in behind] or [0] * len(sizes)
        seen = [own + before for own, before in zip(sizes, shared, strict=True)]
        return cls(
            queries_end=_ends(sizes, device),
            keys_end=_ends(seen, device),
            most_queries=-(-max(sizes) // ROUNDED) * ROUNDED,
            most_keys=-(-max(seen) // ROUNDED) * ROUNDED,
            keys=_of_any_number(_keys(sizes, behind).to(device)) if behind else None,
            kernel=kernel,
        )

    def attend(self, query: Tensor, key: Tensor, value: Tensor, scaling: float, dropout: float) -> Tensor:
        """Attend in the dtype of the values: under autocast the positions make queries and keys fp32."""
        refuse(dropout, "varlen")
        q, k, v = (x[0].transpose(0, 1).to(value.dtype) for x in (query, key, value))  # (T, H, D)
        if self.keys is not None:
            k, v = k.index_select(0, self.keys), v.index_select(0, self.keys)  # (S, H, D)
        attended = self.kernel(
            q,
            k,
            v,
            self.queries_end,
            self.keys_end,
            self.most_queries,
            self.most_keys,
            scale=scaling,
            window_size=CAUSAL,
        )
        return attended[None]


def _ends(sizes: list[int], device: torch.device) -> Tensor:
    return _of_any_number(torch.tensor([0, *accumulate(sizes)], dtype=torch.int32, device=device))


def _of_any_number(x: Tensor) -> Tensor:
    """Return a tensor of which what is compiled is not compiled for its length alone, as that is another in each row."""
    torch._dynamo.maybe_mark_dynamic(x, 0)
    return x


def _keys(sizes: list[int], behind: list[int]) -> Tensor:
    """Return the place in the row of each document's keys, those of its prefix before its own."""
    begins = [0, *accumulate(sizes)]
    parts = [n for number, prefix in enumerate(behind) for n in ((prefix, number) if prefix >= 0 else (number,))]
    return torch.cat([torch.arange(begins[part], begins[part + 1]) for part in parts])


@functools.cache
def varlen_kernel() -> Kernel:
    """Return torch's kernel; it takes fewer heads of keys than of queries from torch 2.12 on, and before them repeated."""
    from torch.nn.attention.varlen import varlen_attn

    attend = cast(Kernel, varlen_attn)
    if "enable_gqa" in inspect.signature(varlen_attn).parameters:
        return functools.partial(attend, enable_gqa=True)
    return repeating(attend)


def repeating(attend: Kernel) -> Kernel:
    """Make a kernel that asks for as many heads of keys and values as of queries take fewer."""

    def attend_repeated(
        query: Tensor, key: Tensor, value: Tensor, *lengths: Tensor | int, **settings: object
    ) -> Tensor:
        times = query.shape[1] // key.shape[1]
        if times > 1:
            key, value = key.repeat_interleave(times, dim=1), value.repeat_interleave(times, dim=1)
        return attend(query, key, value, *lengths, **settings)

    return attend_repeated
