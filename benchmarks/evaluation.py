"""The statistics of a comparison beside `alpaca_eval`'s, in turn, and what its intervals and tests hold in simulation.

    python -m benchmarks.evaluation peer PREFERENCES.json      # equal numbers, and how much faster (needs alpaca_eval)
    python -m benchmarks.evaluation golden                     # alpaca_eval's numbers for the tests' judgments
    python -m benchmarks.evaluation simulate --draws 10000     # coverage, errors, judgments saved, bias found

alpaca_eval fetches a table of gamed answers at each call, which its "minimal" model has no use for; it gets an empty one here.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from alpaca.evaluation import sequential
from alpaca.evaluation.intervals import bootstrap, clopper_pearson, score_interval
from alpaca.evaluation.judgments import Judgment
from alpaca.evaluation.length import length_controlled
from alpaca.evaluation.position import PositionBias
from alpaca.evaluation.rates import counts, standard_error
from tests.judged import SHAPES, Shape, shape

SIZES = (20, 252, 805)
OUTCOMES = np.array([1.0, 0.5, 0.0])
MIXTURES = {  # shares of wins, ties and losses
    "63 wins, 8 ties, 181 losses": (63 / 252, 8 / 252, 181 / 252),
    "even, no ties": (0.5, 0.0, 0.5),
    "even, a fifth ties": (0.4, 0.2, 0.4),
}


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


def simulate(draws: int) -> None:
    print("| tasks | outcomes | Wilson | bootstrap | exact (of decided) |\n|---:|---|---:|---:|---:|")
    for size in SIZES:
        for name, shares in MIXTURES.items():
            held = coverage(size, shares, draws)
            print(f"| {size} | {name} | {held['interval']:.2%} | {held['bootstrap']:.2%} | {held['exact']:.2%} |")
        print(f"| {size} | four judgments a task | {clustered_coverage(size, draws):.2%} | | |")
    null = stopped(MIXTURES["even, no ties"], 805, draws)
    print(f"\nsequential, equals, 805 looks: errs in {np.mean([each.settled is not None for each in null]):.2%}")
    for name, other in (
        ("drawn anew", stopped(MIXTURES["63 wins, 8 ties, 181 losses"], 252, draws)),
        ("shuffled", reordered(draws)),
    ):
        used = [each.used for each in other]
        right = np.mean([each.settled == "reference" for each in other])
        print(
            f"sequential, 63 against 181, {name}: right in {right:.2%}, median {np.median(used):.0f}, mean {np.mean(used):.1f} of 252"
        )
    for both in (True, False):
        for push in (0.0, 0.1, 0.2, 0.3):
            found = [PositionBias.of(biased(252, push, both, seed)) for seed in range(200)]
            p = np.mean([each is not None and each.p_value < 0.05 for each in found])
            rate = np.mean([each.win_rate for each in found if each])
            orders = "both orders" if both else "one at random"
            print(
                f"position, {orders}, first answer taken in {push:.0%}: found in {p:.1%}, mean win rate without it {rate:.3f}"
            )


def reordered(draws: int) -> list[sequential.Sequential]:
    """Run the test on the stored result itself, in orders drawn at random."""
    scores = np.repeat(OUTCOMES, (63, 8, 181))
    return [sequential.run(sequential.shuffled(scores, seed)) for seed in range(draws)]


def ours(judgments: Shape) -> tuple[float, float, int, int, int, float]:
    preferences, reference, candidate = judgments
    scores = np.where(preferences == 0, 1.5, preferences) - 1
    controlled = length_controlled(scores, candidate, reference)
    assert controlled
    return 100 * scores.mean(), 100 * (standard_error(scores) or 0.0), *counts(scores), 100 * controlled[0]


def theirs(judgments: Shape) -> Callable[[], dict[str, Any]]:
    """Return alpaca_eval's own call on these judgments, with what it wants made beforehand."""
    import pandas
    from alpaca_eval.metrics import glm_winrate

    preferences, reference, candidate = judgments
    size = len(preferences)
    gamed = Path(tempfile.mkdtemp()) / "gamed.csv"
    with gamed.open("w", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [["model", "index", "instruction_difficulty"], *(["m", i, 0.0] for i in range(size))]
        )
    glm_winrate.hf_hub_download = lambda **_: gamed
    texts = {f"output_{n}": ["x" * int(each) for each in lengths] for n, lengths in ((1, reference), (2, candidate))}
    names = {"generator_1": "one", "generator_2": "two", "annotator": "judge"}
    frame = pandas.DataFrame({"index": range(size), "preference": preferences} | texts | names)
    return lambda: glm_winrate.get_length_controlled_winrate(
        frame, "length_controlled_minimal", save_weights_dir=None, is_warn_extreme_changes=False,
        is_add_glm_preference_inplace=False,
    )  # fmt: skip


def as_ours(row: dict[str, Any]) -> tuple[float, float, int, int, int, float]:
    """Return alpaca_eval's numbers in our order."""
    wins, ties, losses = (int(row[key]) for key in ("n_wins", "n_draws", "n_wins_base"))
    rates = (float(row[key]) for key in ("win_rate", "standard_error", "length_controlled_winrate"))
    rate, error, controlled = rates
    return rate, error, wins, ties, losses, controlled


def peer(path: Path, rounds: int) -> None:
    rows = json.loads(path.read_text("utf-8"))
    real = tuple(np.array([row[key] for row in rows], dtype=float) for key in ("preference", "length_1", "length_2"))
    cases: dict[str, Shape] = {path.name: (real[0], real[1], real[2])} | {name: shape(name) for name in SHAPES}
    print(
        "| judgments | tasks | length-controlled, ours | alpaca_eval | largest difference | times as fast |\n|---|---:|---:|---:|---:|---:|"
    )
    for name, judgments in cases.items():
        call = theirs(judgments)
        pair = ours(judgments), as_ours(call())
        apart = max(abs(a - b) for a, b in zip(*pair, strict=True))
        ratio = race(lambda judgments=judgments: ours(judgments), call, rounds)
        print(f"| {name} | {len(judgments[0])} | {pair[0][-1]:.9f} | {pair[1][-1]:.9f} | {apart:.0e} | {ratio:.1f} |")


def race(one: Callable[[], object], other: Callable[[], object], rounds: int) -> float:
    """Return how many times as fast the first is: the median over rounds, in which each goes first in turn."""
    ratios = []
    for number in range(rounds):
        seconds = {call: timed(call) for call in ((one, other) if number % 2 else (other, one))}
        ratios.append(seconds[other] / seconds[one])
    return statistics.median(ratios)


def timed(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def golden(names: Iterable[str]) -> None:
    for name in names:
        print(f'    "{name}": {as_ours(theirs(shape(name))())!r},')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("peer", "golden", "simulate"))
    parser.add_argument("path", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--draws", type=int, default=10_000)
    arguments = parser.parse_args()
    if arguments.what == "peer":
        peer(arguments.path, arguments.rounds)
    elif arguments.what == "golden":
        golden(SHAPES)
    else:
        simulate(arguments.draws)


if __name__ == "__main__":
    main()
