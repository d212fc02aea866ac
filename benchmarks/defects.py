"""Plant known faults into sound rows and count how many the filters find: `python -m benchmarks.defects FILE [--fold held_out]`.

Each kind of fault has many surface forms. Forms are dealt in turn into two folds, `tuned` and `held_out`; `fresh` was written
after both had been looked at, and `blind` has the wordings of planters whose author had not read the filters (README.md of this
folder). Rows that the filters object to before planting are never planted into; they are printed, to be judged by eye.

A stranger's planter is better evidence: `--planter FILE.py`, whose `KINDS` names a function for each kind, from a
`random.Random` to a whole faulty row.
"""

from __future__ import annotations

import argparse
import random
import runpy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from alpaca.composition import compose, instantiated
from alpaca.curation.filters import objection
from alpaca.records import Example, read
from benchmarks import planted

FOLDS = ("tuned", "held_out", "fresh", "blind")
Plant = Callable[[Example, str, random.Random], Example | None]


def forms(kind: str, fold: str) -> list[str]:
    """Return the surface forms of a kind that belong to a fold: every other one."""
    if fold in planted.FORMS:
        return list(planted.FORMS[fold][kind])
    return list(planted.FORMS["first"][kind][FOLDS.index(fold) :: 2])


def plants(examples: list[Example], kind: str, fold: str, count: int, seed: int) -> Iterator[Example]:
    """Yield that many examples with one fault, taking rows and forms at random."""
    rng = random.Random(f"{seed} {kind} {fold}")
    own = forms(kind, fold)
    done = 0
    while done < count:
        changed = planted.PLANTS[kind](rng.choice(examples), own[done % len(own)], rng)
        if changed is not None:
            done += 1
            yield replace(changed, about={"kind": kind})


def planted_by(arguments: argparse.Namespace, sound: list[Example]) -> Iterator[tuple[str, list[Example]]]:
    """Yield each kind with its faulty rows, of a fold or of somebody's planter."""
    if arguments.planter is None:
        for kind in planted.PLANTS:
            yield kind, list(plants(sound, kind, arguments.fold, arguments.rows, arguments.seed))
        return
    for kind, plant in runpy.run_path(str(arguments.planter))["KINDS"].items():
        rngs = (random.Random(f"{kind}{arguments.seed}{number}") for number in range(arguments.rows))
        yield kind, [Example(**plant(rng)) for rng in rngs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--fold", choices=FOLDS, default="held_out")
    parser.add_argument("--planter", type=Path, help="a file of Python that plants faults of its own")
    parser.add_argument("--rows", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--missed", action="store_true", help="print what was not found")
    arguments = parser.parse_args()
    filters = instantiated(compose("curate", ["filters=clean"]))["filters"]
    examples, _ = read(arguments.file)
    flagged = [(example, found["reason"]) for example in examples if (found := objection(example, filters))]
    sound = [example for example in examples if not objection(example, filters)]
    total = planted_rows = 0
    print(f"{'kind':28} {'found':>7}  reasons")
    for kind, rows in planted_by(arguments, sound):
        found = [objection(row, filters) for row in rows]
        planted_rows += len(rows)
        hits = Counter(hit["reason"].split(":")[0] for hit in found if hit)
        total += sum(hits.values())
        print(f"{kind:28} {sum(hits.values()):3}/{len(rows)}  {', '.join(f'{k} {n}' for k, n in hits.most_common(4))}")
        if arguments.missed:
            for row in (row for row, hit in zip(rows, found, strict=True) if not hit):
                print(
                    f"    missed {row.instruction[-110:]!r} | {row.input[-80:]!r} | {row.output[:60]!r} ... {row.output[-110:]!r}"
                )
    print(
        f"found {total} of {planted_rows} ({total / planted_rows:.2%}); untouched rows flagged: {len(flagged)} of {len(examples)}"
    )
    for example, reason in flagged:
        print(f"  {reason} | {example.instruction[:90]!r} | {example.input[:60]!r} | {example.output[-70:]!r}")


if __name__ == "__main__":
    main()
