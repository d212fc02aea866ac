"""Which documents share a micro-batch, and which of these an attention grid: functions of nothing but their lengths."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

import numpy as np

from alpaca.errors import UserError

Rows = list[np.ndarray]
"""The documents' indices of each row; row i is for rank i modulo the number of ranks, of which it is a multiple."""

MOST_UNLIKE = 2  # the longest document of a grid may be that many times as long as the shortest


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


def alike(lengths: Sequence[int]) -> list[list[int]]:
    """Group neighbouring documents of like lengths, each group to be laid out as one grid."""
    groups: list[list[int]] = []
    for length in lengths:
        if groups and length <= MOST_UNLIKE * min(groups[-1]) and max(groups[-1]) <= MOST_UNLIKE * length:
            groups[-1].append(length)
        else:
            groups.append([length])
    return groups
