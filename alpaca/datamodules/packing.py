"""Which documents share a micro-batch, and which of these an attention grid: pure functions of their lengths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alpaca.errors import UserError

MOST_UNLIKE = 2  # the longest document of a grid may be that many times as long as the shortest


def pack(lengths: np.ndarray, capacity: int, world: int = 1) -> list[np.ndarray]:
    """Divide documents among few micro-batches of at most `capacity` tokens, balanced and alike in length.

    Returns the indices of each; every document is in exactly one. A document longer than `capacity` raises UserError.
    """
    if lengths.max() > capacity:
        raise UserError(f"an example of {lengths.max()} tokens does not fit tokens_per_micro_batch={capacity}")
    order = np.argsort(lengths, kind="stable")
    before = np.cumsum(lengths[order]) - lengths[order]
    count = -(-int(lengths.sum()) // capacity)
    count = -(-count // world) * world
    while True:
        bins = before * count // int(lengths.sum())
        micro_batches = [order[bins == number] for number in range(count) if (bins == number).any()]
        if max(int(lengths[members].sum()) for members in micro_batches) <= capacity:
            return micro_batches
        count += world


def alike(lengths: Sequence[int]) -> list[list[int]]:
    """Group neighbouring documents of like lengths, each group to be laid out as one grid."""
    groups: list[list[int]] = []
    for length in lengths:
        if groups and length <= MOST_UNLIKE * min(groups[-1]) and max(groups[-1]) <= MOST_UNLIKE * length:
            groups[-1].append(length)
        else:
            groups.append([length])
    return groups
