"""Token ids of examples with a loss mask, and how documents are laid out as micro-batches.

Shapes: `T` tokens of a packed micro-batch, `N` documents in it, `B` lines of a padded one, `L` its longest line, `K` target
tokens.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from alpaca.errors import UserError

MicroBatch = dict[str, torch.Tensor]
Indices = Sequence[int] | np.ndarray
Rows = list[np.ndarray]
"""The documents' indices of each row; row i is for rank i modulo the number of ranks, of which it is a multiple."""

IGNORED = -100  # a target that cross-entropy passes over


@dataclass(frozen=True)
class Tokens:
    """Token ids of all examples end to end, which of them the loss is on, and where each example ends."""

    ids: np.ndarray  # (sum of lengths,) int32
    targets: np.ndarray  # (sum of lengths,) bool; an example's first token is never one, as nothing predicts it
    ends: np.ndarray  # (examples,) int64

    @cached_property
    def lengths(self) -> np.ndarray:
        return np.diff(self.ends, prepend=0)

    @cached_property
    def target_counts(self) -> np.ndarray:
        """Count the target tokens of each example, (examples,)."""
        return np.diff(np.concatenate([[0], np.cumsum(self.targets)])[self.ends], prepend=0)

    def example(self, index: int) -> np.ndarray:
        """Return the ids of one example."""
        return self.ids[self._place(index)]

    def mask(self, index: int) -> np.ndarray:
        """Tell of each token of one example whether the loss is on it."""
        return self.targets[self._place(index)]

    def _place(self, index: int) -> slice:
        return slice(int(self.ends[index - 1]) if index else 0, int(self.ends[index]))


def pack(lengths: np.ndarray, capacity: int, ranks: int = 1) -> Rows:
    """Divide documents among few rows of at most `capacity` tokens; as many rows for each rank.

    Every document is in exactly one row. The rows that run at the same time are balanced in tokens, and so are the ranks'
    totals; the documents of a row come sorted, and are alike in length where room allows. A rank for which there is no
    document gets an empty row. A document longer than `capacity` raises UserError.
    """
    if lengths.max() > capacity:
        raise UserError(f"an example of {lengths.max()} tokens does not fit tokens_per_micro_batch={capacity}")
    times = -(-int(lengths.sum()) // (capacity * ranks))
    while True:
        for rows in _divisions(lengths, capacity, times, ranks):
            if max(lengths[row].sum() for row in rows) <= capacity:
                return _balanced(rows, lengths, ranks)
        times += 1


def pad(lengths: np.ndarray, examples: int, ranks: int = 1) -> Rows:
    """Divide documents among rows of at most `examples`, alike in length; as many rows for each rank, as in `pack`."""
    order = np.argsort(lengths, kind="stable")
    times = -(-len(order) // (examples * ranks))
    rows = [part[rank::ranks] for part in np.array_split(order, times) for rank in range(ranks)]
    return _balanced(rows, lengths, ranks)


def _divisions(lengths: np.ndarray, capacity: int, times: int, ranks: int) -> Iterator[Rows]:
    """Yield ways to divide documents among `times` rows a rank, some of which may not fit.

    First cut by length, and each cut dealt among the ranks; then balanced without regard to likeness; then, where room is
    short, as tight as can be.
    """
    order = np.argsort(lengths, kind="stable")
    before = np.cumsum(lengths[order]) - lengths[order]
    cut = before * times // lengths.sum()
    yield [row for time in range(times) for row in _deal(lengths, order[cut == time], ranks)]
    for rows in (_deal(lengths, order, times * ranks), _first_fit(lengths, order, capacity)):
        if len(rows) <= times * ranks:
            empty = [order[:0]] * (times * ranks - len(rows))
            yield sorted([*empty, *rows], key=lambda row: int(lengths[row].sum()))


def _deal(lengths: np.ndarray, documents: np.ndarray, count: int) -> Rows:
    """Give each document, the longest first, to the row that has the fewest tokens; the rows come shortest document first."""
    rows: list[list[int]] = [[] for _ in range(count)]
    totals = [(0, row) for row in range(count)]
    for document in documents[::-1].tolist():
        total, row = heapq.heappop(totals)
        rows[row].append(document)
        heapq.heappush(totals, (total + int(lengths[document]), row))
    return [np.array(row[::-1], np.int64) for row in rows]


def _first_fit(lengths: np.ndarray, documents: np.ndarray, capacity: int) -> Rows:
    """Give each document, the longest first, to the first row that has room; the rows come shortest document first."""
    rows: list[list[int]] = []
    totals: list[int] = []
    for document in documents[::-1].tolist():
        length = int(lengths[document])
        row = next((row for row, total in enumerate(totals) if total + length <= capacity), len(rows))
        if row == len(rows):
            rows.append([])
            totals.append(0)
        rows[row].append(document)
        totals[row] += length
    return [np.array(row[::-1], np.int64) for row in rows]


def _balanced(rows: Rows, lengths: np.ndarray, ranks: int) -> Rows:
    """Give, of the rows of each time, the longest to the rank that has the fewest tokens so far."""
    totals = [0] * ranks
    balanced: Rows = []
    for first in range(0, len(rows), ranks):
        longest_first = sorted(rows[first : first + ranks], key=lambda row: -int(lengths[row].sum()))
        if not len(longest_first[0]):
            continue  # no rank has a document
        least_first = sorted(range(ranks), key=totals.__getitem__)
        given = dict(zip(least_first, longest_first, strict=True))
        totals = [total + int(lengths[given[rank]].sum()) for rank, total in enumerate(totals)]
        balanced += [given[rank] for rank in range(ranks)]
    return balanced


def collate(tokens: Tokens, members: Indices) -> MicroBatch:
    """Lay documents end to end; positions restart with each, and nothing is padded."""
    ids = np.concatenate([tokens.example(index) for index in members]).astype(np.int64)
    lengths = np.array([len(tokens.example(index)) for index in members])
    predicted = np.flatnonzero(np.concatenate([tokens.mask(index) for index in members]))
    return {
        "input_ids": torch.from_numpy(ids)[None],  # (1, T)
        "position_ids": torch.from_numpy(np.concatenate([np.arange(n) for n in lengths]))[None],  # (1, T)
        "document_lengths": torch.from_numpy(lengths),  # (N,)
        "predicting": torch.from_numpy(predicted - 1),  # (K,) the positions whose next token is a target
        "targets": torch.from_numpy(ids[predicted]),  # (K,)
    }


def collate_padded(tokens: Tokens, members: Indices) -> MicroBatch:
    """Lay documents below each other, each padded at its end to the longest."""
    longest = max(len(tokens.example(index)) for index in members)
    ids = np.zeros((len(members), longest), np.int64)
    present, targets = np.zeros_like(ids), np.zeros(ids.shape, bool)
    for line, index in enumerate(members):
        document = tokens.example(index)
        ids[line, : len(document)], present[line, : len(document)] = document, 1
        targets[line, : len(document)] = tokens.mask(index)
    predicted = np.flatnonzero(targets)
    return {
        "input_ids": torch.from_numpy(ids),  # (B, L)
        "position_ids": torch.arange(longest).repeat(len(members), 1),  # (B, L)
        "attention_mask": torch.from_numpy(present),  # (B, L)
        "predicting": torch.from_numpy(predicted - 1),  # (K,) in B*L, the positions whose next token is a target
        "targets": torch.from_numpy(ids.ravel()[predicted]),  # (K,)
    }


def without_targets(batch: MicroBatch) -> MicroBatch:
    """Return a micro-batch that costs what it did and adds nothing to the loss, for a rank that has no document."""
    return batch | {"predicting": torch.tensor([0]), "targets": torch.tensor([IGNORED])}
