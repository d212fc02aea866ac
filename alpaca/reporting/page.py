"""Turn a run's folder into its report: `render` gives `report.html`, `table` the same headline in the terminal.

Both read only what the finished stages left, and the same files give the same bytes. A stage is finished once it has a
`manifest.json`; whatever another one has written so far is not looked at.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby, pairwise
from pathlib import Path
from string import Formatter
from typing import TypedDict

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from alpaca.analysis.lengths import words
from alpaca.reporting import charts
from alpaca.reporting.template import duration, environment, flattened, visible

# What each stage says of itself in a line. A phrase is left out where the stage did not measure what it names.
PHRASES = {
    "generate": (
        "{examples_generated:,} examples",
        "{examples_kept:,} kept",
        "{families:,} families",
        "{held_out:,} held out",
        "${usd:,.2f}",
    ),
    "curate": ("{examples_kept:,} of {examples_read:,} examples kept",),
    "train": (
        "loss {final_loss:.3f}",
        "{parameters:,} parameters",
        "{steps:,} steps",
        "{tokens_per_second:,.0f} tokens/s",
    ),
    "evaluate": (
        "exact match {exact_match:.1%} (reference {exact_match_reference:.1%})",
        "win rate {win_rate:.1%} ({interval[0]:.1%} to {interval[1]:.1%})",
        "perplexity {perplexity:.2f} (reference {perplexity_reference:,.2f})",
    ),
}


class Manifest(TypedDict):
    config: dict[str, object]
    inputs: dict[str, str]
    versions: dict[str, str]
    seconds: float
    results: dict[str, object]


class Row(TypedDict, total=False):
    """A line of any of the files of examples; which keys it has depends on the file."""

    instruction: str
    input: str
    output: str
    family: str | None
    reason: str
    candidate: str
    reference: str
    candidate_correct: bool | None
    reference_correct: bool | None
    verdict: str | None


class Score(TypedDict):
    tasks: int
    candidate: float
    reference: float


def render(folder: Path) -> str:
    """Return the page of the run in `folder`, complete in itself: no font, script or picture is fetched."""
    manifests = read_manifests(folder)
    context: dict[str, object] = {
        "name": folder.resolve().name,
        "results": {k: v for m in manifests.values() for k, v in known(m["results"]).items()},
        "usd": sum(usd for m in manifests.values() if isinstance(usd := m["results"].get("usd"), float)),
        "stages": stages(manifests),
        "inputs": [(stage, *item) for stage, m in manifests.items() for item in sorted(m["inputs"].items())],
        "versions": versions(manifests.values()),
    }
    for stage, section in (("curate", curation), ("train", training), ("evaluate", evaluation)):
        context[stage] = section(folder) if stage in manifests else None
    return environment().get_template("report.html.jinja").render(context)


def table(folder: Path) -> Table:
    """Return a row for each finished stage: its time, and what came out."""
    manifests = read_manifests(folder)
    total = duration(sum(m["seconds"] for m in manifests.values()))
    grid = Table(box=SIMPLE_HEAD, show_footer=True, title=Text(visible(folder.resolve().name)), title_justify="left")
    grid.add_column("stage", footer="total")
    grid.add_column("time", footer=total, justify="right", no_wrap=True)
    grid.add_column("what came out")
    for stage, manifest in manifests.items():
        grid.add_row(stage, duration(manifest["seconds"]), Text(" · ".join(phrases(stage, manifest["results"]))))
    return grid


def compared(runs: Mapping[str, Path]) -> Table:
    """Return a row for each run of a sweep: what came out of its last stage that is finished."""
    grid = Table(box=SIMPLE_HEAD)
    grid.add_column("job")
    grid.add_column("what came out")
    for label, folder in runs.items():
        told = [phrases(stage, manifest["results"]) for stage, manifest in read_manifests(folder).items()]
        grid.add_row(label, " · ".join(told[-1]) if told else "did not finish")
    return grid


def read_manifests(folder: Path) -> dict[str, Manifest]:
    paths = {stage: folder / stage / "manifest.json" for stage in PHRASES}
    return {stage: json.loads(path.read_text("utf-8")) for stage, path in paths.items() if path.exists()}


def read_rows(path: Path) -> list[Row]:
    """Read a JSON list, or JSON lines; a file that the run did not need to write has no rows."""
    if not path.exists():
        return []
    text = path.read_text("utf-8")
    rows: list[Row] = (
        json.loads(text) if path.suffix == ".json" else [json.loads(row) for row in text.split("\n") if row.strip()]
    )
    return rows


def known(results: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in results.items() if value is not None}


def phrases(stage: str, results: Mapping[str, object]) -> list[str]:
    values = known(results)
    return [phrase.format(**values) for phrase in PHRASES[stage] if needs(phrase) <= values.keys()]


def needs(phrase: str) -> set[str]:
    return {field.split("[")[0] for _, field, _, _ in Formatter().parse(phrase) if field}


def stages(manifests: Mapping[str, Manifest]) -> list[dict[str, object]]:
    longest = max((m["seconds"] for m in manifests.values()), default=0) or 1
    return [
        {
            "name": stage,
            "seconds": manifest["seconds"],
            "share": manifest["seconds"] / longest,
            "phrases": phrases(stage, manifest["results"]),
            "config": list(flattened(manifest["config"])),
        }
        for stage, manifest in manifests.items()
    ]


def versions(manifests: Iterable[Manifest]) -> list[tuple[str, str]]:
    """List each package once; stages that ran with different versions of it are a finding, and show as several."""
    pairs = sorted({pair for manifest in manifests for pair in manifest["versions"].items()})
    return [(package, ", ".join(v for _, v in group)) for package, group in groupby(pairs, key=lambda pair: pair[0])]


def curation(folder: Path) -> dict[str, object]:
    kept = read_rows(folder / "curate" / "alpaca_data.json")
    examples = {row["reason"]: row for row in reversed(read_rows(folder / "curate" / "rejected.jsonl"))}
    lengths = {part: words(texts) for part, texts in columns(kept).items()}
    return {
        "families": families_of(kept, read_rows(folder / "generate" / "raw.jsonl")),
        "rejected": examples,
        "no_input": sum(not row["input"].strip() for row in kept) / max(len(kept), 1),
        "lengths": [
            (part, charts.histogram({"data": Counter(some)}, part, "words"), middle(some))
            for part, some in lengths.items()
        ],
    }


def columns(rows: Iterable[Row]) -> dict[str, list[str]]:
    """Collect the instructions, the inputs that are not empty, and the outputs."""
    rows = list(rows)
    return {
        "instruction": [row["instruction"] for row in rows],
        "input": [row["input"] for row in rows if row["input"].strip()],
        "output": [row["output"] for row in rows],
    }


def middle(values: list[int]) -> int:
    return sorted(values)[len(values) // 2] if values else 0


def families_of(kept: Iterable[Row], raw: Iterable[Row]) -> list[tuple[str, int]]:
    """Count the kept examples of each family, most first; empty if the generator knows no families."""
    families = {content(row): row.get("family") for row in raw}
    counts = Counter(families.get(content(row)) or "unknown" for row in kept)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0])) if counts.keys() - {"unknown"} else []


def content(row: Row) -> tuple[str, str, str]:
    return row["instruction"], row["input"], row["output"]


def training(folder: Path) -> dict[str, object]:
    report = folder / "train" / "data_report.json"
    steps = read_metrics(folder / "train" / "metrics.csv")
    epochs = [row["step"] for last, row in pairwise(steps[:-1]) if int(row["epoch"]) > int(last["epoch"])]
    small = ("learning_rate", "gradient_norm", "tokens_per_second")
    return {
        "loss": charts.curve(points(steps, "loss"), "loss", epochs),
        "first_loss": steps[0]["loss"] if steps else None,
        "epochs": epochs,
        "small": [charts.curve(points(steps, name), name.replace("_", " "), most_ticks=2) for name in small],
        "report": json.loads(report.read_text("utf-8")) if report.exists() else None,
    }


def read_metrics(path: Path) -> list[dict[str, float]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: float(value or "nan") for name, value in row.items()} for row in csv.DictReader(file)]


def points(steps: Iterable[Mapping[str, float]], name: str) -> list[charts.Point]:
    return [(row["step"], row[name]) for row in steps]


def evaluation(folder: Path) -> dict[str, object]:
    answers = read_rows(folder / "evaluate" / "answers.jsonl")
    path = folder / "evaluate" / "scores.json"
    scores = json.loads(path.read_text("utf-8"))["families"] if path.exists() else {}
    exact = {
        name: group["metrics"].get("exact_match", {}) | {"tasks": group["tasks"]} for name, group in scores.items()
    }
    known: dict[str, Score] = {name: score for name, score in exact.items() if len(score) == 3}
    examples = chosen(answers)
    return {
        "tasks": len(answers),
        "page": (folder / "evaluate" / "report.html").exists(),
        "chosen": examples,
        "failures": [sum(not succeeded(answer) for answer in some) for some in (examples, answers)],
        "families": sorted(known.items(), key=lambda item: (-item[1]["candidate"], -item[1]["reference"], item[0])),
    }


def succeeded(answer: Row) -> bool:
    """A task with one right answer is a success if that was given, any other task if the comparison was not lost."""
    correct = answer.get("candidate_correct")
    return answer.get("verdict") != "loss" if correct is None else correct


def chosen(answers: Iterable[Row], count: int = 12) -> list[Row]:
    """Choose answers to show, a third of them failures where there are that many, of as many families as possible.

    Chance decides, by the hash of the task, so that nobody's taste does and the same run shows the same answers.
    """
    ordered = sorted(answers, key=chance)
    failures = spread((a for a in ordered if not succeeded(a)), Counter())
    successes = [a for a in ordered if succeeded(a)]
    failures = failures[: max(count // 3, count - len(successes))]
    shown = Counter(a.get("family") for a in failures)
    return sorted(failures + spread(successes, shown)[: count - len(failures)], key=chance)


def chance(answer: Row) -> str:
    return hashlib.sha256(json.dumps([answer["instruction"], answer["input"]]).encode()).hexdigest()


def spread(answers: Iterable[Row], shown: Counter[str | None]) -> list[Row]:
    """Order answers so that families come in turn, those already shown last."""
    turns = []
    for place, answer in enumerate(answers):
        turns.append((shown[answer.get("family")], place, answer))
        shown[answer.get("family")] += 1
    return [answer for _, _, answer in sorted(turns, key=lambda turn: turn[:2])]
