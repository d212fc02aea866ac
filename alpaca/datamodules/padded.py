"""Documents below each other, each padded to the longest of its micro-batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import PositiveInt

from alpaca.datamodules.packing import Rows, pad
from alpaca.datamodules.steps import Steps
from alpaca.datamodules.tokens import Indices, MicroBatch, collate_padded


@dataclass(eq=False, repr=False)
class Padded(Steps):
    """Divides a step's examples, sorted by length, among micro-batches of `examples_per_micro_batch`."""

    examples_per_micro_batch: PositiveInt

    @property
    def capacity(self) -> int:
        return self.examples_per_micro_batch * self.max_length

    def divide(self, members: np.ndarray, ranks: int) -> Rows:
        return [members[row] for row in pad(self.tokens.lengths[members], self.examples_per_micro_batch, ranks)]

    def collate(self, members: Indices) -> MicroBatch:
        return collate_padded(self.tokens, members)

    def places(self, members: np.ndarray) -> int:
        return int(self.tokens.lengths[members].max()) * len(members)
