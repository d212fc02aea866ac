"""Documents end to end in rows, none seeing another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import PositiveInt

from alpaca.datamodules.packing import Rows, pack
from alpaca.datamodules.steps import Steps
from alpaca.datamodules.tokens import Indices, MicroBatch, Tokens, documents, filler, row
from alpaca.errors import UserError


@dataclass(eq=False, repr=False)
class Packed(Steps):
    """Packs a step's examples into as few rows of `tokens_per_micro_batch` as fit; raises UserError if the longest does not.

    `fill_rows` fills each row up to that with documents without targets, so that all have one shape.
    """

    tokens_per_micro_batch: PositiveInt
    fill_rows: bool

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tokens_per_micro_batch < self.max_length:
            raise UserError(
                f"tokens_per_micro_batch={self.tokens_per_micro_batch} cannot hold max_length={self.max_length} tokens"
            )

    @property
    def capacity(self) -> int:
        return self.tokens_per_micro_batch

    def divide(self, lengths: np.ndarray, ranks: int) -> Rows:
        return pack(lengths, self.tokens_per_micro_batch, ranks)

    def collate(self, tokens: Tokens, members: Indices) -> MicroBatch:
        pieces = documents(tokens, members)
        free = self.tokens_per_micro_batch - sum(len(piece.ids) for piece in pieces)
        return row([*pieces, *filler(free, self.max_length)] if self.fill_rows else pieces)

    def places(self, lengths: np.ndarray) -> int:
        return self.tokens_per_micro_batch if self.fill_rows else int(lengths.sum())
