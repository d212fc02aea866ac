"""Keep the examples that are sound and new: `alpaca curate data=raw.jsonl`.

1. Read the examples; rows that are none are set aside.
2. Each filter may give a reason against an example; then the deduplication compares it with all kept before it.
3. What is kept goes to `alpaca_data.json` in Alpaca's format, the rest to `rejected.jsonl` with its reason.
4. What the set is like goes to `analysis.json`, and to `analysis.html` for people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from alpaca.curation.filters import Filter
from alpaca.errors import UserError
from alpaca.files import write_json, write_jsonl
from alpaca.manifest import Outcome, stage_folder
from alpaca.records import Example, read
from alpaca.schema import InputPath
from alpaca.seeds.tasks import Seeds
from alpaca.stage import launch


class Dedup(Protocol):
    """Finds the example kept before that a new one repeats, and its score."""

    def duplicate_of(self, example: Example) -> tuple[int, float] | None: ...

    def add(self, example: Example) -> None: ...


class Analysis(Protocol):
    """Writes what the set in a folder is like, beside the seeds, and returns the files."""

    def __call__(self, folder: Path, seeds: Seeds) -> list[Path]: ...


def curate(
    name: str,
    root: Path,
    data: InputPath,
    filters: Mapping[str, Filter],
    dedup: Dedup,
    seeds: Seeds,
    analysis: Analysis,
) -> Outcome:
    """Curate a file of examples; raises UserError where nothing is left."""
    folder = stage_folder(root, name, "curate")
    examples, bad = read(data)
    kept: list[Example] = []
    rejected = [row.rejected() for row in bad]
    for example in examples:
        reason = objection(example, filters) or repetition(example, dedup, kept)
        if reason:
            rejected.append(example.row() | reason)
        else:
            kept.append(example)
            dedup.add(example)
    if not kept:
        raise UserError(f"no example of {data} is left after curation; the first was rejected: {rejected[0]['reason']}")
    write_json(folder / "alpaca_data.json", [example.alpaca() for example in kept])
    write_jsonl(folder / "provenance.jsonl", (example.about for example in kept))
    write_jsonl(folder / "rejected.jsonl", rejected)
    reasons = Counter(row["reason"].split(":")[0] for row in rejected)
    results = {
        "examples_read": len(examples) + len(bad),
        "examples_kept": len(kept),
        "examples_rejected": len(rejected),
        "reasons": dict(reasons.most_common()),
    }
    data_files = [folder / made for made in ("alpaca_data.json", "provenance.jsonl", "rejected.jsonl")]
    return Outcome(results, [*data_files, *analysis(folder, seeds)])


def objection(example: Example, filters: Mapping[str, Filter]) -> dict[str, Any] | None:
    """Return the first filter's reason against an example, or None."""
    return next(({"reason": reason} for check in filters.values() if (reason := check(example))), None)


def repetition(example: Example, dedup: Dedup, kept: list[Example]) -> dict[str, Any] | None:
    """Return which kept example this one repeats, or None."""
    found = dedup.duplicate_of(example)
    return found and {"reason": "duplicate", "score": found[1], "duplicate_of": kept[found[0]].alpaca()}


if __name__ == "__main__":
    launch("curate")
