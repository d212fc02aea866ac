"""Turn the files of an evaluation into its page and its table: `render` gives `evaluate/report.html`, `table` the terminal's.

Both take what was told of the comparison (win_rate.json with the stage's results); the page reads answers and judgments too.
The same files give the same bytes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alpaca.evaluation.metrics import GROUPS, SIDES
from alpaca.files import read_json, read_jsonl, write_text
from alpaca.reporting.checks import at_equal_length, checks, told_apart
from alpaca.reporting.rows import packed
from alpaca.reporting.template import environment, flattened, visible

Told = Mapping[str, Any]
VERDICTS = ("win", "tie", "loss", "missing")


class Compared(NamedTuple):
    """A row of the browser: a task, what was answered to it, and each judgment (who, shown first, preference or why missing, comment)."""

    verdict: str
    group: str
    marks: list[str]
    lengths: str
    instruction: str
    input: str
    output: str
    candidate: str
    reference: str
    judgments: list[tuple[str, str, float | str, str]]


def report(folder: Path, results: Told) -> Path:
    """Write the page of an evaluation beside its files, and print its table; return the page's path."""
    told = _json(folder / "win_rate.json") | dict(results)
    page = folder / "report.html"
    write_text(page, render(folder, told))
    Console().print(table(told, _json(folder / "scores.json"), _json(folder / "harness.json")))
    return page


def render(folder: Path, told: Told) -> str:
    """Return the page of the evaluation in `folder`, complete in itself: no font, script or picture is fetched."""
    rows = compared(folder)
    scores, harness, strengths = (_json(folder / f"{name}.json") for name in ("scores", "harness", "strengths"))
    return (
        environment()
        .get_template("evaluation.html.jinja")
        .render(
            run=folder.resolve().parent.name,
            told=told,
            names=names(told),
            conclusion=told_apart(told),
            even=at_equal_length(told),
            checks=checks(told),
            groups=groups(scores),
            metrics=measured(scores),
            harness=list(benchmarks(harness)),
            strengths=strengths.get("models", []),
            settings={side: list(flattened(told[side])) for side in SIDES if isinstance(told.get(side), Mapping)},
            answered=any(row.candidate or row.reference for row in rows),
            filters=filters(rows),
            tasks=len(rows),
            rows=Markup(packed(rows)),
        )
    )


def table(told: Told, scores: Told, harness: Told) -> Table:
    """Return the headline and all that qualifies it, a row each."""
    grid = Table(box=SIMPLE_HEAD, show_header=False, title=Text(visible(told_apart(told))), title_justify="left")
    grid.add_column(no_wrap=True)
    grid.add_column()
    for check in checks(told):
        grid.add_row(check.name, Text(visible(f"{check.value}{'; ' if check.meaning else ''}{check.meaning}")))
    for name, sides in measured(scores).items():
        grid.add_row(visible(name), ", ".join(f"{side} {value}" for side, value in sides.items()))
    for task, metric, sides in benchmarks(harness):
        grid.add_row(visible(f"{task}: {metric}"), ", ".join(f"{side} {text}" for side, text in sides.items()))
    return grid


def names(told: Told) -> dict[str, str]:
    """Return what the two sides are called: the name of the model where it is known."""
    known = {side: told[side] for side in SIDES if isinstance(told.get(side), Mapping)}
    return {side: str(known.get(side, {}).get("model") or side) for side in SIDES}


def groups(scores: Told) -> list[tuple[str, dict[str, Any]]]:
    """List families, categories or sets of tasks, those with the highest win rate first; none where there is one alone."""
    families = scores.get("families", {})
    order = sorted(families.items(), key=lambda item: (-(item[1]["win_rate"] or 0), item[0]))
    return order if len(order) > 1 else []


def measured(scores: Told) -> dict[str, dict[str, str]]:
    """Return the value of each metric for each side, or why there is none."""
    values = {
        name: {s: f"{value:,.4g}" for s, value in sides.items()} for name, sides in scores.get("metrics", {}).items()
    }
    for name, sides in scores.get("not_measured", {}).items():
        values[name] = values.get(name, {}) | {side: f"not measured; {why}" for side, why in sides.items()}
    return values


def benchmarks(harness: Told) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield (task, metric, value with its standard error of each side)."""
    for task, entry in harness.get("tasks", {}).items():
        for metric, sides in entry["scores"].items():
            yield task, metric, {side: _with_error(score) for side, score in sides.items()}


def _with_error(score: Mapping[str, float | None]) -> str:
    error = "" if score["stderr"] is None else f" ± {score['stderr']:.4f}"
    return f"{score['value']:.4f}{error}"


def compared(folder: Path) -> list[Compared]:
    """Return a row for each task, with its judgments; where judgments are stored there are no answers."""
    judgments: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in _rows(folder / "judgments.jsonl"):
        judgments[each["task"]].append(each)
    answers = _rows(folder / "answers.jsonl")
    if answers:
        return [_answered(row, judgments.get(row["task"], [])) for row in answers]
    return [_judged(task, some) for task, some in judgments.items()]


def _answered(row: dict[str, Any], judgments: Sequence[dict[str, Any]]) -> Compared:
    return Compared(
        row["verdict"] or "missing",
        next((str(row[key]) for key in GROUPS if row.get(key)), ""),
        _marks(row, judgments),
        _lengths(judgments),
        row["instruction"],
        row["input"],
        row["output"],
        row["candidate"],
        row["reference"],
        _brief(judgments),
    )


def _judged(task: str, judgments: Sequence[dict[str, Any]]) -> Compared:
    known = [each["preference"] for each in judgments if each["preference"] is not None]
    mean = sum(known) / len(known) if known else None
    verdict = "missing" if mean is None else "tie" if mean == 0.5 else "win" if mean > 0.5 else "loss"
    return Compared(verdict, "", _marks({}, judgments), _lengths(judgments), task, "", "", "", "", _brief(judgments))


def _marks(row: Mapping[str, Any], judgments: Sequence[dict[str, Any]]) -> list[str]:
    """Say what a task can be found by beside its verdict."""
    said = {each["preference"] > 0.5 for each in judgments if each["preference"] not in (None, 0.5)}
    marks = [f"{side}: {flag}" for side in SIDES for flag in row.get(f"{side}_flags") or ()]
    marks += [f"{side} cut off" for side in SIDES if row.get(f"{side}_finish") == "length"]
    marks += [
        f"{side} {'right' if row[key] else 'wrong'}" for side in SIDES if row.get(key := f"{side}_correct") is not None
    ]
    marks += ["judgments differ"] * (len(said) > 1) + ["both bad"] * any(each.get("both_bad") for each in judgments)
    marks += ["a comment"] * any(each.get("comment") for each in judgments)
    return marks + ["a judgment is missing"] * any(each["missing"] for each in judgments)


def _lengths(judgments: Sequence[dict[str, Any]]) -> str:
    known = [[each[f"{side}_length"] for side in SIDES] for each in judgments]
    lengths = next((both for both in known if None not in both), None)
    return f"{lengths[0]:,} against {lengths[1]:,} characters" if lengths else ""


def _brief(judgments: Sequence[dict[str, Any]]) -> list[tuple[str, str, float | str, str]]:
    return [
        (
            each["judge"],
            each["first"],
            each["missing"] if each["preference"] is None else round(each["preference"], 4),
            _comment(each),
        )
        for each in judgments
    ]


def _comment(judgment: Mapping[str, Any]) -> str:
    return "; ".join(filter(None, ["both bad" if judgment.get("both_bad") else "", str(judgment.get("comment") or "")]))


def filters(rows: Sequence[Compared]) -> dict[str, list[tuple[str, int]]]:
    """Count what rows can be chosen by."""
    verdicts = Counter(row.verdict for row in rows)
    return {
        "verdict": [(verdict, verdicts[verdict]) for verdict in VERDICTS if verdicts[verdict]],
        "group": sorted(Counter(row.group for row in rows if row.group).items()),
        "mark": sorted(Counter(mark for row in rows for mark in row.marks).items()),
    }


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = read_json(path) if path.exists() else {}
    return found


def _rows(path: Path) -> list[dict[str, Any]]:
    return read_jsonl(path) if path.exists() else []
