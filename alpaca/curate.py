"""Keep the examples that are sound and new: `alpaca curate data=raw.jsonl`.

1. Read the examples; rows that are none are set aside.
2. Each filter may give a reason against an example; then the deduplication compares it with those kept before it.
3. What is kept goes to `alpaca_data.json` in Alpaca's format, the rest to `rejected.jsonl` with its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from alpaca.curation.filters import Filter
from alpaca.errors import UserError
from alpaca.files import write_json, write_jsonl
from alpaca.manifest import Outcome, stage_folder
from alpaca.records import Example, read
from alpaca.schema import InputPath
from alpaca.stage import launch

Repeated = tuple[int, float | None]  # which of the examples kept so far, counted from 0, and the score, if there is one


class Dedup(Protocol):
    """Decides in order which examples repeat one that was kept before; it may read them all before its first decision."""

    def decide(self, examples: Iterable[Example]) -> Iterator[Repeated | None]: ...


def curate(name: str, root: Path, data: InputPath, filters: Mapping[str, Filter], dedup: Dedup) -> Outcome:
    """Curate a file of examples; raises UserError where nothing is left."""
    folder = stage_folder(root, name, "curate")
    examples, bad = read(data)
    kept: list[Example] = []
    rejected = [row.rejected() for row in bad]
    objections = [objection(example, filters) for example in examples]
    sound = (example for example, reason in zip(examples, objections, strict=True) if not reason)
    decisions = dedup.decide(sound)
    for example, reason in zip(examples, objections, strict=True):
        reason = reason or repetition(next(decisions), kept)
        if reason:
            rejected.append(example.row() | reason)
        else:
            kept.append(example)
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
    return Outcome(results, [folder / made for made in ("alpaca_data.json", "provenance.jsonl", "rejected.jsonl")])


def objection(example: Example, filters: Mapping[str, Filter]) -> dict[str, Any] | None:
    """Return the first filter's reason against an example, or None."""
    return next(({"reason": reason} for check in filters.values() if (reason := check(example))), None)


def repetition(found: Repeated | None, kept: list[Example]) -> dict[str, Any] | None:
    """Tell which kept example one repeats, or None."""
    return found and {"reason": "duplicate", "score": found[1], "duplicate_of": kept[found[0]].alpaca()}


if __name__ == "__main__":
    launch("curate")
