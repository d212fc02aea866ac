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
from pathlib import Path
from typing import Any

import numpy as np

from alpaca.evaluation.length import length_controlled
from alpaca.evaluation.position import PositionBias
from alpaca.evaluation.rates import counts, standard_error
from tests.judged import MIXTURES, SHAPES, SIZES, Shape, biased, clustered_coverage, coverage, reordered, shape, stopped


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


def ours(judgments: Shape) -> tuple[float, float, int, int, int, float]:
    preferences, reference, candidate = judgments
    there, spread = ~np.isnan(preferences), float((reference - candidate).std(ddof=1))
    scores = np.where(preferences == 0, 1.5, preferences)[there] - 1
    controlled = length_controlled(scores, candidate[there], reference[there], spread)
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
