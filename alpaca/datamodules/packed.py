"""Documents end to end in rows, none seeing another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import PositiveInt

from alpaca.datamodules.packing import Rows, pack
from alpaca.datamodules.prefixes import behind_prefixes, shared_tokens
from alpaca.datamodules.steps import Steps
from alpaca.datamodules.tokens import Indices, MicroBatch, filler, row
from alpaca.errors import UserError


@dataclass(eq=False, repr=False)
class Packed(Steps):
    """Packs a step's examples into as few rows of `tokens_per_micro_batch` as fit; raises UserError if the longest does not.

    `fill_rows` fills each row up to that with documents without targets, so that all have one shape. `shared_prefix` computes
    what documents of a row begin with in common, a template's preamble, once.
    """

    tokens_per_micro_batch: PositiveInt
    fill_rows: bool
    shared_prefix: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tokens_per_micro_batch < self.max_length:
            raise UserError(
                f"tokens_per_micro_batch={self.tokens_per_micro_batch} cannot hold max_length={self.max_length} tokens"
            )

    @property
    def capacity(self) -> int:
        return self.tokens_per_micro_batch

    def setup(self, stage: str) -> None:
        super().setup(stage)
        rows = -(-int(self.tokens.lengths.sum()) // self.capacity)
        self.shared = shared_tokens(self.tokens, rows) if self.shared_prefix else np.zeros_like(self.tokens.lengths)

    def divide(self, members: np.ndarray, ranks: int) -> Rows:
        """Leave room in each row for a copy of each beginning that may be shared in it."""
        own, beginnings = self.tokens.lengths[members] - self.shared[members], self._beginnings(members)
        room = self.capacity - sum(beginnings.values())
        if room < self.max_length:  # too many kinds
            own, room = self.tokens.lengths[members], self.capacity
        return [members[row] for row in pack(own, room, ranks)]

    def collate(self, members: Indices) -> MicroBatch:
        pieces = behind_prefixes(self.tokens, members, self.shared)
        free = self.capacity - sum(len(piece.ids) for piece in pieces)
        return row([*pieces, *filler(free, self.max_length)] if self.fill_rows else pieces)

    def places(self, members: np.ndarray) -> int:
        if self.fill_rows:
            return self.capacity
        return sum(len(piece.ids) for piece in behind_prefixes(self.tokens, members, self.shared))

    def _beginnings(self, members: np.ndarray) -> dict[bytes, int]:
        """Return the first tokens that examples may share, with their number."""
        return {self.tokens.example(i)[: self.shared[i]].tobytes(): int(self.shared[i]) for i in members}
