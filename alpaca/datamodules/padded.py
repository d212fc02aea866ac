"""Documents below each other, each padded to the longest of its micro-batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import PositiveInt

from alpaca.datamodules.packing import Rows, pad
from alpaca.datamodules.steps import Steps
from alpaca.datamodules.tokens import Indices, MicroBatch, Tokens, collate_padded


@dataclass(eq=False, repr=False)
class Padded(Steps):
    """Divides a step's examples, sorted by length, among micro-batches of `examples_per_micro_batch`."""

    examples_per_micro_batch: PositiveInt

    @property
    def capacity(self) -> int:
        return self.examples_per_micro_batch * self.max_length

    def divide(self, lengths: np.ndarray, ranks: int) -> Rows:
        return pad(lengths, self.examples_per_micro_batch, ranks)

    def collate(self, tokens: Tokens, members: Indices) -> MicroBatch:
        return collate_padded(tokens, members)

    def places(self, lengths: np.ndarray) -> int:
        return int(lengths.max()) * len(lengths)
