"""Token ids of examples with a loss mask, and how documents are laid out as micro-batches.

Shapes: `T` tokens of a packed micro-batch, `N` documents in it, `B` lines of a padded one, `L` its longest line, `K` target
tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

MicroBatch = dict[str, torch.Tensor]
Indices = Sequence[int] | np.ndarray
LAYOUT = ("document_lengths", "prefixes")  # parts of a packed micro-batch that say where its documents lie
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


@dataclass(frozen=True)
class Piece:
    """A document of a packed row, or what is left of one that continues an earlier piece."""

    ids: np.ndarray  # (tokens,)
    targets: np.ndarray  # (tokens,) bool
    prefix: int = -1  # the number of the piece that it continues
    begin: int = 0  # position of its first token


def collate(tokens: Tokens, members: Indices) -> MicroBatch:
    """Lay documents end to end; positions restart with each, and nothing is padded."""
    return row(documents(tokens, members))


def documents(tokens: Tokens, members: Indices) -> list[Piece]:
    """Return examples as documents of a row."""
    return [Piece(tokens.example(index), tokens.mask(index)) for index in members]


def filler(places: int, longest: int) -> list[Piece]:
    """Return documents of at most `longest` tokens, none of them a target, that together fill so many places."""
    sizes = [min(longest, places - begin) for begin in range(0, places, longest)]
    return [Piece(np.zeros(size, np.int64), np.zeros(size, bool)) for size in sizes]


def row(pieces: Sequence[Piece]) -> MicroBatch:
    """Lay documents end to end; which of them continue others is told only where some do."""
    ids = np.concatenate([piece.ids for piece in pieces]).astype(np.int64)
    lengths = np.array([len(piece.ids) for piece in pieces])
    predicted = np.flatnonzero(np.concatenate([piece.targets for piece in pieces]))
    positions = np.concatenate([np.arange(p.begin, p.begin + len(p.ids)) for p in pieces])
    prefixes = torch.tensor([piece.prefix for piece in pieces])  # (N,)
    return ({"prefixes": prefixes} if (prefixes >= 0).any() else {}) | {
        "input_ids": torch.from_numpy(ids)[None],  # (1, T)
        "position_ids": torch.from_numpy(positions)[None],  # (1, T)
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
