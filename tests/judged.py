"""Judgments of various shapes, made up from a seed, in AlpacaEval's terms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Shape = tuple[
    Floats, Floats, Floats
]  # preferences from 1 to 2 (N,), lengths of the reference's and the candidate's answers
SHAPES: dict[str, tuple[int, Callable[[np.random.Generator, Floats], Floats]]] = {
    "coins": (100, lambda rng, apart: rng.integers(0, 2, len(apart)) + 1.0),
    "ties": (120, lambda rng, apart: rng.choice([1, 1.5, 2], len(apart))),
    "old ties": (60, lambda rng, apart: np.where(apart > 1, 1.0, rng.choice([0.0, 2.0], len(apart)))),
    "weighted": (252, lambda rng, apart: 1 + rng.beta(0.2, 0.6, len(apart))),
    "strong": (200, lambda rng, apart: 1 + rng.beta(3, 0.2, len(apart))),
    "longer wins": (805, lambda rng, apart: 1 + (rng.random(len(apart)) < _chance(-apart))),
    "longer loses": (400, lambda rng, apart: 1 + (rng.random(len(apart)) < _chance(1 + 2 * apart))),
    "sure of length": (90, lambda rng, apart: 1 + (apart < 0.4)),
    "gently": (1500, lambda rng, apart: 1 + np.clip(_chance(0.3 - 0.4 * apart) + rng.normal(0, 0.1, len(apart)), 0, 1)),
    "five": (5, lambda rng, apart: 1 + rng.random(len(apart))),
    "seven": (7, lambda rng, apart: np.array([2.0, 2, 2, 1, 2, 2, 1.5])),
}


def shape(name: str) -> Shape:
    """Draw the judgments of that name."""
    size, draw = SHAPES[name]
    rng = np.random.default_rng(len(name))
    lengths = rng.integers(1, 3000, size).astype(float), rng.integers(1, 2000, size).astype(float)
    return draw(rng, (lengths[0] - lengths[1]) / 1000), *lengths


def _chance(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)))
