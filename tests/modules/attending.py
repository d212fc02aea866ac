"""Packed rows, attention in its plainest form, and torch's kernel for variable lengths in plain torch."""

from __future__ import annotations

from itertools import accumulate

import torch
from torch import Tensor

from alpaca.datamodules.tokens import MicroBatch


def row(lengths: list[int], prefixes: list[int] | None = None) -> MicroBatch:
    """Return what of a micro-batch says how its documents lie."""
    shared = {"prefixes": torch.tensor(prefixes)} if prefixes else {}
    return {
        "input_ids": torch.zeros(1, sum(lengths), dtype=torch.long),
        "document_lengths": torch.tensor(lengths),
    } | shared


def projections(tokens: int, heads: int, heads_of_keys: int, width: int = 8) -> list[Tensor]:
    """Return queries, keys and values, (1, H, T, D) each."""
    torch.manual_seed(0)
    return [torch.randn(1, h, tokens, width, requires_grad=True) for h in (heads, heads_of_keys, heads_of_keys)]


def alone(query: Tensor, key: Tensor, value: Tensor, batch: MicroBatch, scale: float) -> Tensor:
    """Attend a document at a time, with a softmax; returns (1, T, H, D)."""
    sizes = batch["document_lengths"].tolist()
    behind = batch["prefixes"].tolist() if "prefixes" in batch else [-1] * len(sizes)
    spans = [range(end - size, end) for size, end in zip(sizes, accumulate(sizes), strict=True)]
    times = query.shape[1] // key.shape[1]
    found = []
    for span, prefix in zip(spans, behind, strict=True):
        seen = [*(spans[prefix] if prefix >= 0 else ()), *span]
        q, k, v = query[0][:, list(span)], *(x[0][:, seen].repeat_interleave(times, 0) for x in (key, value))
        hidden = torch.ones(len(span), len(seen), dtype=torch.bool).triu(len(seen) - len(span) + 1)
        found.append(((q @ k.mT * scale).masked_fill(hidden, -torch.inf).softmax(-1) @ v).transpose(0, 1))
    return torch.cat(found)[None]


def emulated(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    cu_seq_q: Tensor,
    cu_seq_k: Tensor,
    max_q: int,
    max_k: int,
    *,
    scale: float,
    window_size: tuple[int, int],
) -> Tensor:
    """Do what torch.nn.attention.varlen.varlen_attn does of torch 2.11, causal to the lower right, with all pairs held."""
    assert window_size == (-1, 0)
    assert cu_seq_q.dtype == cu_seq_k.dtype == torch.int32
    assert query.shape[1] == key.shape[1]
    of_query, of_key = (
        torch.searchsorted(ends, torch.arange(len(x), dtype=torch.int32), right=True)
        for ends, x in ((cu_seq_q, query), (cu_seq_k, key))
    )
    from_end_q, from_end_k = (
        ends[of] - torch.arange(len(of)) for ends, of in ((cu_seq_q, of_query), (cu_seq_k, of_key))
    )
    sees = (of_query[:, None] == of_key) & (from_end_k <= max_k) & (from_end_q <= max_q)[:, None]
    sees = sees & (from_end_k >= from_end_q[:, None])
    scores = torch.einsum("qhd,khd->hqk", query, key) * scale
    return torch.einsum("hqk,khd->qhd", scores.masked_fill(~sees, -torch.inf).softmax(-1), value)
