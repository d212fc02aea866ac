"""Which examples an epoch takes, in which order: several data sets mixed by weight, without what is held out.

Everything follows from the seed and the number of the epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

HELD_OUT, PART = 1, 2  # to tell the random streams from each other and from that of the epochs


@dataclass(frozen=True)
class Mixture:
    """The examples of each data set, and how many of each an epoch takes."""

    sets: list[np.ndarray]
    sizes: list[int]
    seed: int

    @classmethod
    def of(cls, counts: Sequence[int], weights: Sequence[float] | None, held_out: np.ndarray, seed: int) -> Mixture:
        """Mix data sets of `counts` examples, numbered on from each to the next; weight 1 takes each once an epoch."""
        sets = [
            np.setdiff1d(np.arange(begin, end), held_out) for begin, end in pairwise([0, *np.cumsum(counts).tolist()])
        ]
        sizes = [round(len(each) * weight) for each, weight in zip(sets, weights or [1.0] * len(sets), strict=True)]
        return cls(sets, sizes, seed)

    def __len__(self) -> int:
        return sum(self.sizes)

    def order(self, epoch: int) -> np.ndarray:
        """Return the examples of an epoch (its length is the same for all) in the order in which they are trained on."""
        members = np.concatenate([self._members(number, epoch) for number in range(len(self.sets))])
        return members[np.random.default_rng([self.seed, epoch]).permutation(len(members))]

    def _members(self, number: int, epoch: int) -> np.ndarray:
        """Return a data set as often as it fits, and a random part of it that goes on from the last epoch's.

        So over the epochs each example is taken as often as any other, or once more.
        """
        examples = self.sets[number]
        if not len(examples):
            return examples
        times, rest = divmod(self.sizes[number], len(examples))
        shuffled = np.random.default_rng([self.seed, number, PART]).permutation(examples)
        part = shuffled[np.arange(epoch * rest, (epoch + 1) * rest) % len(examples)]
        return np.concatenate([np.tile(examples, times), part])


def hold_out(examples: int, share: float, seed: int) -> np.ndarray:
    """Choose the share of the examples that is only validated on, sorted; at least one where the share is not 0."""
    count = max(1, round(examples * share)) if share else 0
    return np.sort(np.random.default_rng([seed, 0, HELD_OUT]).permutation(examples)[:count])
