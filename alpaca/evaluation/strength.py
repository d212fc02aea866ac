"""More than two models: strengths from pairwise results, by Bradley and Terry's model with Davidson's ties.

Bradley and Terry 1952; Davidson 1970, "On extending the Bradley-Terry model to accommodate ties". With strengths s and the
tendency to tie t, a win, a loss and a tie of i against j are as exp(s_i), exp(s_j) and exp(t + (s_i + s_j) / 2): a concave
likelihood, which Newton's method maximizes and whose curvature gives the intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from alpaca.errors import UserError
from alpaca.evaluation.intervals import Z_95, Interval
from alpaca.evaluation.judgments import Floats, verdict

STEPS: Final = 100
Result = tuple[str, str, float]  # one model, another, the preference for the first (0 to 1; a half is a tie)


@dataclass(frozen=True)
class Strength:
    """Of one model: the logarithm of its odds, with mean 0 over all models, and the rate at which it beats the average one."""

    model: str
    comparisons: int
    strength: float
    standard_error: float
    interval: Interval
    win_rate: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def bradley_terry(results: Sequence[Result]) -> list[Strength]:
    """Return the models, strongest first; raises UserError where results do not order all models on one scale."""
    models = sorted({model for one, other, _ in results for model in (one, other)})
    counts = _counts(results, models)  # (M, M, 2): wins of the first over the second, and ties
    _check(counts, models)
    strengths, covariance = _maximize(counts)
    errors = np.sqrt(np.diag(covariance))
    compared = (counts[..., 0] + counts[..., 0].T + counts[..., 1]).sum(axis=1)
    found = [
        Strength(
            model, int(n), float(s), float(e), (float(s - Z_95 * e), float(s + Z_95 * e)), float(1 / (1 + np.exp(-s)))
        )
        for model, n, s, e in zip(models, compared, strengths, errors, strict=True)
    ]
    return sorted(found, key=lambda each: -each.strength)


def _counts(results: Sequence[Result], models: Sequence[str]) -> Floats:
    place = {model: number for number, model in enumerate(models)}
    counts = np.zeros((len(models), len(models), 2))
    for one, other, preference in results:
        i, j = place[one], place[other]
        if i == j:
            raise UserError(f"{one} is compared with itself")
        kind = verdict(preference)
        if kind == "tie":
            counts[i, j, 1] += 1
            counts[j, i, 1] += 1
        else:
            counts[(i, j, 0) if kind == "win" else (j, i, 0)] += 1
    return counts


def _check(counts: Floats, models: Sequence[str]) -> None:
    """Refuse groups that never lost to, or never met, the others: their distance would be infinite (Ford 1957)."""
    reaches = (counts.sum(axis=2) > 0) | np.eye(len(models), dtype=bool)
    for _ in models:
        reaches = (reaches.astype(int) @ reaches.astype(int)) > 0
    if not reaches.all():
        i, j = map(int, np.argwhere(~reaches)[0])
        raise UserError(
            f"{models[i]} never beat {models[j]}, directly or through others, so no scale holds both; compare more"
        )


def _maximize(counts: Floats) -> tuple[Floats, Floats]:
    """Return the strengths (M,) and their covariance (M, M)."""
    models = len(counts)
    one, other = np.triu_indices(models, 1)
    seen = np.stack([counts[one, other, 0], counts[other, one, 0], counts[one, other, 1]], axis=1)  # (P, 3)
    features = _features(one, other, models, bool(seen[:, 2].any()))
    weights: Floats = np.zeros(features.shape[2])
    possible = seen if seen[:, 2].any() else seen[:, :2]
    for _ in range(STEPS):
        gradient, information = _slope(weights, features, possible)
        step: Floats = np.linalg.pinv(information, hermitian=True) @ gradient
        weights = weights + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-10:
            break
    covariance = np.asarray(np.linalg.pinv(_slope(weights, features, possible)[1], hermitian=True), dtype=np.float64)
    return weights[:models], covariance[:models, :models]


def _features(one: np.typing.NDArray[np.intp], other: np.typing.NDArray[np.intp], models: int, ties: bool) -> Floats:
    """Return what the logarithm of each outcome's odds is made of: (P, 3, M + 1), or (P, 2, M) where nothing was a tie."""
    pairs = np.arange(len(one))
    features = np.zeros((len(one), 3, models + 1))
    features[pairs, 0, one] = features[pairs, 1, other] = 1
    features[pairs, 2, one] = features[pairs, 2, other] = 0.5
    features[:, 2, models] = 1
    return features if ties else features[:, :2, :models]


def _slope(weights: Floats, features: Floats, seen: Floats) -> tuple[Floats, Floats]:
    """Return the gradient and the information of the likelihood."""
    odds = np.exp(features @ weights)  # (P, outcomes)
    chances = odds / odds.sum(axis=1, keepdims=True)
    games = seen.sum(axis=1)
    mean = np.einsum("po,pof->pf", chances, features)
    gradient = np.einsum("po,pof->f", seen - games[:, None] * chances, features)
    squares = np.einsum("p,po,pof,pog->fg", games, chances, features, features)
    return gradient, squares - np.einsum("p,pf,pg->fg", games, mean, mean)
