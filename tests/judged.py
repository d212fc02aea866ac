"""Judgments made up from a seed, in AlpacaEval's terms, and what statistics hold over many draws of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from alpaca.evaluation import sequential
from alpaca.evaluation.intervals import bootstrap, clopper_pearson, score_interval
from alpaca.evaluation.judgments import Floats, Judgment
from alpaca.evaluation.stored import judgment

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
    "some missing": (
        300,
        lambda rng, apart: np.where(apart > 1.2, np.nan, 1 + (rng.random(len(apart)) < _chance(-apart))),
    ),
    "five": (5, lambda rng, apart: 1 + rng.random(len(apart))),
    "seven": (7, lambda rng, apart: np.array([2.0, 2, 2, 1, 2, 2, 1.5])),
}

# win rate, standard error, wins, ties, losses, length-controlled win rate, by alpaca_eval 0.6.6 with scikit-learn 1.9.1:
#   python -m benchmarks.evaluation golden
GOLDEN = {
    "coins": (47.0, 5.016135580465917, 47, 0, 53, 50.0),
    "ties": (55.833333333333336, 3.704005200924812, 47, 40, 33, 51.169968828644144),
    "old ties": (50.83333333333333, 5.37987286235148, 21, 19, 20, 68.36783842057493),
    "weighted": (22.756444024663054, 1.9345175282381908, 52, 0, 200, 23.860682619254455),
    "strong": (94.43790889889065, 0.766453074583388, 198, 0, 2, 94.25821270110629),
    "longer wins": (39.130434782608695, 1.7211923698734386, 315, 0, 490, 46.6469549531996),
    "longer loses": (76.75, 2.1147752684600376, 307, 0, 93, 75.77615433123553),
    "sure of length": (44.44444444444444, 5.2671718126664135, 40, 0, 50, 100.0),
    "gently": (52.91746440275955, 0.3535540899091792, 887, 0, 613, 56.88535495010411),
    "some missing": (55.65610859728507, 3.349361157224761, 123, 0, 98, 59.755687496936126),
    "five": (55.36984564916526, 12.999193199116602, 3, 0, 2, 50.0),
    "seven": (78.57142857142857, 14.869042853329518, 5, 1, 1, 99.9999141545449),
}
SIZES = (20, 252, 805)
OUTCOMES = np.array([1.0, 0.5, 0.0])
MIXTURES = {  # shares of wins, ties and losses
    "63 wins, 8 ties, 181 losses": (63 / 252, 8 / 252, 181 / 252),
    "even, no ties": (0.5, 0.0, 0.5),
    "even, a fifth ties": (0.4, 0.2, 0.4),
}


def shape(name: str) -> Shape:
    """Draw the judgments of that name."""
    size, draw = SHAPES[name]
    rng = np.random.default_rng(len(name))
    lengths = rng.integers(1, 3000, size).astype(float), rng.integers(1, 2000, size).astype(float)
    return draw(rng, (lengths[0] - lengths[1]) / 1000), *lengths


def judgments(name: str) -> list[Judgment]:
    """Return the judgments of that name as they are read from a file of AlpacaEval's."""
    rows = zip(*(column.tolist() for column in shape(name)), strict=True)
    return [
        judgment({"instruction": str(n), "preference": value, "length_1": int(reference), "length_2": int(candidate)})
        for n, (value, reference, candidate) in enumerate(rows)
    ]


def _chance(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)))


def coverage(size: int, shares: tuple[float, ...], draws: int, seed: int = 0) -> dict[str, float]:
    """Return how often each 95 % interval holds the true value, over draws of a whole comparison."""
    true, decided = float(OUTCOMES @ shares), shares[0] / (shares[0] + shares[2])

    @cache
    def held(wins: int, ties: int, losses: int) -> tuple[bool, ...]:
        scores = np.repeat(OUTCOMES, (wins, ties, losses))
        exact = clopper_pearson(wins, wins + losses) if wins + losses else (0.0, 1.0)
        wilson, resampled = score_interval(scores), bootstrap(scores, wins * 1000 + ties, draws=4999)
        return tuple(
            low <= value <= high for (low, high), value in ((wilson, true), (resampled, true), (exact, decided))
        )

    drawn = np.random.default_rng(seed).multinomial(size, shares, size=draws)
    means = np.mean([held(*map(int, count)) for count in drawn], axis=0)
    return dict(zip(("interval", "bootstrap", "exact"), map(float, means), strict=True))


def clustered_coverage(size: int, draws: int, seed: int = 0) -> float:
    """Return the coverage for a judge asked four times a task, whose answers to one task are alike."""
    rng = np.random.default_rng(seed)
    chances = rng.beta(0.5, 1.0, (draws, size))  # of a win, by task; their mean is 1/3
    scores = rng.binomial(4, chances) / 4
    held = [low <= 1 / 3 <= high for low, high in map(score_interval, scores)]
    return float(np.mean(held))


def stopped(shares: tuple[float, ...], size: int, draws: int, seed: int = 0) -> list[sequential.Sequential]:
    """Run the sequential test, looking after every judgment."""
    rng = np.random.default_rng(seed)
    return [sequential.run(rng.choice(OUTCOMES, size, p=shares)) for _ in range(draws)]


def biased(size: int, push: float, both: bool, seed: int = 0) -> list[Judgment]:
    """Return a judge's judgments of equals, who takes the first answer in `push` of the cases and else chooses evenly."""
    rng = np.random.default_rng(seed)
    judgments = []
    for task in range(size):
        orders = ("candidate", "reference") if both else (("candidate", "reference")[rng.integers(2)],)
        for first in orders:
            for_first = rng.random() < push or rng.random() < 0.5
            won = float(for_first == (first == "candidate"))
            judgments.append(Judgment(str(task), won, first="candidate" if first == "candidate" else "reference"))
    return judgments


def reordered(draws: int) -> list[sequential.Sequential]:
    """Run the test on the stored result itself, in orders drawn at random."""
    scores = np.repeat(OUTCOMES, (63, 8, 181))
    return [sequential.run(sequential.shuffled(scores, seed)) for seed in range(draws)]
