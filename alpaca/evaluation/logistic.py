"""Logistic regression on two features as scikit-learn's `LogisticRegressionCV(penalty="l1", solver="liblinear")` does it.

The solver is newGLMNET (Yuan, Ho and Lin 2012, "An improved GLMNET for L1-regularized logistic regression", algorithm 3): a
quadratic model of the loss, minimized by coordinate descent in random order, then a line search. It stops early, and where it
stops is visible in the third digit of a win rate, so the order of coordinates is drawn as liblinear draws it. Two features
make the quadratic model two by two, and rows enter it as sums only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Final

import numpy as np

from alpaca.evaluation.judgments import Floats

FOLDS: Final = 5
STRENGTHS: Final = np.logspace(-4, 4, 10)  # C, the weight of the loss against the penalty
TOLERANCE: Final = 1e-4
SEED: Final = 123
NEWTON_STEPS, DESCENTS, HALVINGS = 100, 1000, 20
BITS = 1000  # drawn at a time
RIDGE, DECREASE = 1e-12, 0.01  # nu and sigma of the paper
Pair = tuple[float, float]


@dataclass(frozen=True)
class Problem:
    """Rows of two features `x` (N, 2), their products `xx` (N, 3), and the share `p` (N,) in which each is a success."""

    x: Floats
    xx: Floats
    p: Floats

    @classmethod
    def of(cls, x: Floats, p: Floats) -> Problem:
        return cls(x, np.stack([x[:, 0] ** 2, x[:, 0] * x[:, 1], x[:, 1] ** 2], axis=1), p)

    def rows(self, chosen: np.typing.NDArray[np.bool_]) -> Problem:
        return Problem(self.x[chosen], self.xx[chosen], self.p[chosen])


def fit(problem: Problem) -> Pair:
    """Return the two weights at the strength that predicts held-out folds best; raises ValueError for fewer rows than folds."""
    n = len(problem.p)
    if n < FOLDS:
        raise ValueError(f"{n} rows are fewer than {FOLDS} folds")
    fold = np.arange(n)[::-1] % FOLDS
    scores = np.mean([_scores(problem.rows(fold != k), problem.rows(fold == k)) for k in range(FOLDS)], axis=0)
    return solve(problem, float(STRENGTHS[int(np.argmax(scores))]), 0)


def _scores(train: Problem, test: Problem) -> list[float]:
    """Return the mean log likelihood of held-out rows, for each strength."""
    weights = np.array([solve(train, float(strength), number) for number, strength in enumerate(STRENGTHS)])
    chances = np.clip(1 / (1 + np.exp(-(test.x @ weights.T))), 1e-15, 1 - 1e-15)  # (N, strengths)
    shares = test.p[:, None]
    return list(np.mean(shares * np.log(chances) + (1 - shares) * np.log(1 - chances), axis=0))


def solve(problem: Problem, strength: float, number: int, tolerance: float = TOLERANCE) -> Pair:
    """Return the weights; `number` counts the solutions that drew from the same source of chance before."""
    w: Pair = (0.0, 0.0)
    target = _pair(strength * (problem.p @ problem.x))
    loss, sigma = _loss(problem, w, strength, target)
    stop, rows = tolerance * _smaller_class(problem.p), 2 * len(problem.p)
    descent, first, enough, worst = Descent(_bits(number), rows), 0.0, 1.0, math.inf
    for step in range(NEWTON_STEPS):
        gradient = _pair(strength * (sigma @ problem.x) - target)
        violations = violation(gradient[0], w[0]), violation(gradient[1], w[1])
        first = sum(violations) if step == 0 else first
        if sum(violations) <= stop * first:
            break
        descent.shrink(w, gradient, worst)
        curvature = strength * ((sigma * (1 - sigma)) @ problem.xx)
        direction, rounds = descent.run(w, gradient, curvature, enough * first)
        w, loss, sigma = _search(problem, w, direction, strength, target, gradient, loss, sigma)
        worst = max(violations)
        enough *= 0.25 if rounds == 1 else 1.0
    return w


def _pair(values: Floats) -> Pair:
    first, second = values.tolist()
    return first, second


def violation(gradient: float, weight: float) -> float:
    """Tell how far a weight is from where the loss and the penalty balance."""
    if weight == 0:
        return max(0.0, abs(gradient) - 1)
    return abs(gradient + math.copysign(1, weight))


class Descent:
    """Coordinate descent on the quadratic model, which leaves out weights that are zero and will stay so."""

    def __init__(self, bits: Iterator[bool], rows: int) -> None:
        self.bits, self.rows = bits, rows
        self.order, self.active = [0, 1], 2

    def shrink(self, w: Pair, gradient: Pair, worst: float) -> None:
        """Choose the coordinates of one model, `worst` being the largest violation before the last one."""
        self.active = self._kept(2, [self._idle(w[j], gradient[j], worst) for j in (0, 1)])

    def run(self, w: Pair, gradient: Pair, curvature: Floats, enough: float) -> tuple[Pair, int]:
        """Minimize the model until violations sum to `enough`; return where it leads, and after how many rounds."""
        a, b, c = curvature.tolist()
        matrix, to = ((a, b), (b, c)), list(w)
        active, worst = self.active, math.inf
        rounds = 0
        while rounds < DESCENTS:
            rounds += 1
            self._shuffle(active)
            active, left, most = self._round(active, w, to, gradient, matrix, worst)
            if left <= enough and active == self.active:
                break
            active, worst = (self.active, math.inf) if left <= enough else (active, most)
        return (to[0], to[1]), rounds

    def _round(
        self, active: int, w: Pair, to: list[float], gradient: Pair, matrix: tuple[Pair, Pair], worst: float
    ) -> tuple[int, float, float]:
        """Move along each active coordinate; return how many remain active, the sum of violations and the largest."""
        left, most, at = 0.0, 0.0, 0
        while at < active:
            j = self.order[at]
            moved = to[0] - w[0], to[1] - w[1]
            slope = gradient[j] + moved[j] * RIDGE + matrix[j][0] * moved[0] + matrix[j][1] * moved[1]
            if self._idle(to[j], slope, worst):
                active -= 1
                self.order[at], self.order[active] = self.order[active], self.order[at]
                continue
            off = violation(slope, to[j])
            left, most, at = left + off, max(most, off), at + 1
            to[j] += _coordinate(slope, matrix[j][j] + RIDGE, to[j])
        return active, left, most

    def _kept(self, active: int, idle: list[bool]) -> int:
        at = 0
        while at < active:
            if not idle[self.order[at]]:
                at += 1
                continue
            active -= 1
            self.order[at], self.order[active] = self.order[active], self.order[at]
        return active

    def _idle(self, weight: float, slope: float, worst: float) -> bool:
        return weight == 0 and abs(slope) < 1 - worst / self.rows

    def _shuffle(self, active: int) -> None:
        """Swap as liblinear's shuffle does, which draws once for each active coordinate."""
        for left in range(active, 0, -1):
            if next(self.bits) and left == 2:
                self.order.reverse()


def _coordinate(slope: float, curve: float, weight: float) -> float:
    """Return the step to the minimum along one coordinate."""
    if slope + 1 < curve * weight:
        step = -(slope + 1) / curve
    elif slope - 1 > curve * weight:
        step = -(slope - 1) / curve
    else:
        step = -weight
    return 0.0 if abs(step) < 1e-12 else min(max(step, -10.0), 10.0)


def _search(
    problem: Problem, w: Pair, to: Pair, strength: float, target: Pair, gradient: Pair, loss: float, sigma: Floats
) -> tuple[Pair, float, Floats]:
    """Halve the step until the loss with its penalty falls enough; return the weights, the loss and the chances there."""
    norm = abs(w[0]) + abs(w[1])
    promised = gradient[0] * (to[0] - w[0]) + gradient[1] * (to[1] - w[1]) + abs(to[0]) + abs(to[1]) - norm
    for _ in range(HALVINGS):
        new, chances = _loss(problem, to, strength, target)
        if new + abs(to[0]) + abs(to[1]) - loss - norm <= DECREASE * promised:
            return to, new, chances
        to = ((w[0] + to[0]) / 2, (w[1] + to[1]) / 2)
        promised /= 2
    return w, loss, sigma


def _loss(problem: Problem, w: Pair, strength: float, target: Pair) -> tuple[float, Floats]:
    """Return the weighted loss, and each row's predicted chance."""
    odds = np.exp(problem.x @ np.array(w))
    above = 1 + odds
    loss = strength * float(np.add.reduce(np.log(above))) - target[0] * w[0] - target[1] * w[1]
    return loss, odds / above


def _smaller_class(p: Floats) -> float:
    """Return the share of the rarer class where each row stands once for success and once for failure, if it has any."""
    successes, failures = int((p > 0).sum()), int((p < 1).sum())
    return max(min(successes, failures), 1) / (successes + failures)


def _bits(number: int) -> Iterator[bool]:
    """Yield the top bits of liblinear's Mersenne twister, seeded as scikit-learn seeds it for the solution `number`."""
    return chain(_first_bits(number), chain.from_iterable(_later_bits(number)))


@cache
def _first_bits(number: int) -> tuple[bool, ...]:
    return tuple(_block(np.random.RandomState(_seeds()[number])))


def _later_bits(number: int) -> Iterator[list[bool]]:
    source = np.random.RandomState(_seeds()[number])
    _block(source)  # the first ones
    while True:
        yield _block(source)


def _block(source: np.random.RandomState) -> list[bool]:
    draws = source.randint(0, 2**32, size=BITS, dtype=np.uint32)
    return [bool(bit) for bit in draws >> 31]


@cache
def _seeds() -> tuple[int, ...]:
    return tuple(np.random.RandomState(SEED).randint(np.iinfo("i").max, size=len(STRENGTHS)).tolist())
