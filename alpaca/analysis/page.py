"""Write `analysis.json` and `analysis.html` beside the curated data: what the set is like, in numbers and for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import PositiveInt

from alpaca.analysis import lengths
from alpaca.analysis.folder import Curated, Rejected, curated, examples
from alpaca.analysis.measure import Analysis, Reason, Ruler, shared
from alpaca.analysis.parsers import parser
from alpaca.analysis.sample import Sample
from alpaca.analysis.topics import Topics, learned
from alpaca.files import write_json, write_text
from alpaca.log import logger
from alpaca.records import Example, read, stream
from alpaca.reporting.analysis import render
from alpaca.reporting.rows import Row
from alpaca.schema import InputPath, ModelPath
from alpaca.seeds.tasks import Seeds

EXAMPLES = 3  # of each reason of rejection


@dataclass(frozen=True)
class Page:
    """Analyse a folder of curation; of more than `most_rows` rows, evenly spread ones.

    `compare` is another file of examples, measured with the same topics and drawn beside it.
    """

    parser: Literal["auto", "heuristic", "spacy"]
    tokenizer: ModelPath | None
    compare: InputPath | None
    topics: PositiveInt
    most_rows: PositiveInt

    def __post_init__(self) -> None:
        if self.parser == "spacy":
            parser(self.parser)  # refuses before the curation begins

    def precheck(self) -> None:
        if self.tokenizer:
            lengths.tokens(self.tokenizer)
        if self.compare and not any(isinstance(row, Example) for row in stream(Path(self.compare))):
            read(Path(self.compare))  # which says why

    def __call__(self, folder: Path, seeds: Seeds) -> list[Path]:
        """Write the two files and return them; raises UserError where the parser or the tokenizer is not to be had."""
        found = curated(folder, self.most_rows)
        other, bad = examples(Path(self.compare), self.most_rows) if self.compare else (None, 0)
        if bad:
            logger.warning("curate: rows of %s that make no example, and are left out: %s", self.compare, f"{bad:,}")
        ruler = self.ruler(found.kept.items, other.items if other else [], seeds.read())
        of_kept = ruler.topics.of(map(text, found.kept.items))
        analysis: Analysis = {
            "parser": ruler.parser.name,
            "tokenizer": self.tokenizer,
            "data": ruler.measure(folder.parent.name, found.kept, of_kept),
            "rejected": found.rejected.total,
            "reasons": reasons(found),
            "compared": ruler.measure(self.other_name, other, ruler.topics.of(map(text, other.items)))
            if other
            else None,
            "compared_bad_rows": bad,
            "shared": shared(found.kept.items, other.items) if other else None,
        }
        rows = [*kept_rows(found.kept, of_kept), *rejected_rows(found.rejected.items, ruler.topics)]
        write_json(folder / "analysis.json", analysis)
        write_text(folder / "analysis.html", render(analysis, rows))
        return [folder / "analysis.json", folder / "analysis.html"]

    @property
    def other_name(self) -> str:
        return Path(self.compare).stem if self.compare else ""

    def ruler(self, kept: Sequence[Example], other: Sequence[Example], seeds: Sequence[Example]) -> Ruler:
        found = learned([text(example) for example in [*kept, *other]], self.topics)
        tokens = lengths.tokens(self.tokenizer) if self.tokenizer else None
        return Ruler(parser(self.parser), tokens, [seed.instruction for seed in seeds], found)


class Nothing:
    """`analysis=none`: no analysis."""

    def __call__(self, folder: Path, seeds: Seeds) -> list[Path]:
        return []


def text(row: Example | Rejected) -> str:
    return f"{row.instruction} {row.input} {row.output}"


def reasons(found: Curated) -> list[Reason]:
    """Count the reasons of rejection, most first, each with its first examples."""
    shown: dict[str, list[dict[str, str]]] = {kind: [] for kind in found.reasons}
    for row in found.rejected.items:
        if len(shown[row.kind]) < EXAMPLES:
            fields = {"instruction": row.instruction, "input": row.input, "output": row.output}
            shown[row.kind].append({"why": row.why, **fields})
    ordered = sorted(found.reasons.items(), key=lambda item: (-item[1], item[0]))
    return [{"reason": kind, "count": count, "examples": shown[kind]} for kind, count in ordered]


def kept_rows(kept: Sample[Example], topics: Sequence[int]) -> list[Row]:
    return [
        Row("", topic, example.instruction, example.input, example.output, f"row {place * kept.step:,}")
        for place, (example, topic) in enumerate(zip(kept.items, topics, strict=True))
    ]


def rejected_rows(rejected: Sequence[Rejected], topics: Topics) -> list[Row]:
    found = topics.of(map(text, rejected))
    return [
        Row(row.kind, topic, row.instruction, row.input, row.output, row.why)
        for row, topic in zip(rejected, found, strict=True)
    ]
