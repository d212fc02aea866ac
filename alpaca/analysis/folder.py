"""Read what curation left in its folder, of many rows only evenly spread ones."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from alpaca.analysis.sample import Sample, sample
from alpaca.records import BadRow, Example, stream


class Rejected(NamedTuple):
    """A row that was not kept: the kind of the reason, all that is known of it, and the three fields."""

    kind: str
    why: str
    instruction: str
    input: str
    output: str


@dataclass
class Curated:
    """The rows of a folder of curation; `reasons` counts all of the rejected by kind."""

    kept: Sample[Example]
    rejected: Sample[Rejected]
    reasons: Counter[str] = field(default_factory=Counter)


def curated(folder: Path, most: int) -> Curated:
    """Read `alpaca_data.json` and `rejected.jsonl`, at most so many rows of each."""
    reasons: Counter[str] = Counter()
    rejected = sample(counted(rejected_rows(folder / "rejected.jsonl"), reasons), most)
    kept, _ = examples(folder / "alpaca_data.json", most)
    return Curated(kept, rejected, reasons)


def examples(path: Path, most: int) -> tuple[Sample[Example], int]:
    """Read at most so many examples of a file; return also how many of all its rows make none."""
    bad: Counter[str] = Counter()
    return sample(_sound(stream(path), bad), most), bad.total()


def _sound(rows: Iterator[Example | BadRow], bad: Counter[str]) -> Iterator[Example]:
    for row in rows:
        if isinstance(row, Example):
            yield row
        else:
            bad[row.reason] += 1


def rejected_rows(path: Path) -> Iterator[Rejected]:
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            yield rejected(json.loads(line))


def rejected(row: Mapping[str, Any]) -> Rejected:
    """Bring a rejected row into one form, be it an example or a row that made none."""
    why, kind = row["reason"], row["reason"].split(":")[0]
    if "instruction" not in row:
        raw = row.get("row")
        text = raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False)
        return Rejected(kind, f"{why} ({row['where']})", text, "", "")
    if "duplicate_of" in row:
        why = f"{why}{similarity(row['score'])} of: {row['duplicate_of']['instruction']}"
    return Rejected(kind, why, row["instruction"], row["input"], row["output"])


def similarity(score: float | None) -> str:
    """Tell how alike two rows are, by whichever measure the deduplication has, if it has one."""
    return "" if score is None else f", similarity {score:.2f},"


def counted(rows: Iterator[Rejected], reasons: Counter[str]) -> Iterator[Rejected]:
    for row in rows:
        reasons[row.kind] += 1
        yield row
