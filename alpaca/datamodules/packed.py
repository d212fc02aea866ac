"""Documents end to end in rows, none seeing another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import PositiveInt

from alpaca.datamodules.packing import Rows, pack
from alpaca.datamodules.steps import Steps
from alpaca.datamodules.tokens import Indices, MicroBatch, Tokens, collate
from alpaca.errors import UserError


@dataclass(eq=False, repr=False)
class Packed(Steps):
    """Packs a step's examples into as few rows of `tokens_per_micro_batch` as fit; raises UserError if the longest does not."""

    tokens_per_micro_batch: PositiveInt

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tokens_per_micro_batch < self.max_length:
            raise UserError(
                f"tokens_per_micro_batch={self.tokens_per_micro_batch} cannot hold max_length={self.max_length} tokens"
            )

    def divide(self, lengths: np.ndarray, ranks: int) -> Rows:
        return pack(lengths, self.tokens_per_micro_batch, ranks)

    def collate(self, tokens: Tokens, members: Indices) -> MicroBatch:
        return collate(tokens, members)

    def places(self, lengths: np.ndarray) -> int:
        return int(lengths.sum())
