"""Compare two models on tasks that neither was trained on: `alpaca evaluate candidate.path=a/model reference.path=b`.

Or read what a judge said of two models before: `alpaca evaluate judge=stored judge.path=annotations.json`.

1. Both models answer every task.
2. Answers are scored against the task's own, per family, and each model's perplexity on those is taken.
3. The judge compares the two answers to each task; wins, ties and losses make the win rate, its interval and
   all that qualifies it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from alpaca.errors import UserError
from alpaca.evaluation.comparison import compare
from alpaca.evaluation.judgments import PREFERENCES, Judgment, Verdict
from alpaca.evaluation.scores import exact
from alpaca.evaluation.stored import Stored
from alpaca.files import write_json, write_jsonl
from alpaca.manifest import Outcome, stage_folder
from alpaca.prompts.alpaca import prompt
from alpaca.records import Example, read
from alpaca.schema import InputPath
from alpaca.stage import launch

HEADLINES = ("tasks", "wins", "ties", "losses", "missing", "win_rate", "standard_error", "interval", "sign_test")


@runtime_checkable
class LLM(Protocol):
    """Completes prompts, and tells how well it expects given outputs."""

    def complete(self, prompts: Sequence[str]) -> list[str]: ...

    def perplexity(self, examples: Sequence[Example]) -> float: ...


class Judge(Protocol):
    def judge(self, example: Example, candidate: str, reference: str) -> Verdict: ...


def evaluate(
    name: str,
    root: Path,
    data: InputPath | None,
    candidate: LLM | None,
    reference: LLM | None,
    judge: Judge | Stored,
) -> Outcome:
    """Evaluate on the tasks of `data` that have a reference answer; raises UserError where none has.

    A stored judge needs neither data nor models.
    """
    folder = stage_folder(root, name, "evaluate")
    if isinstance(judge, Stored):
        return Outcome(*_compared(folder, judge.judgments()))
    if data is None or candidate is None or reference is None:
        raise UserError("data, candidate and reference are all needed, unless judgments are stored (judge=stored)")
    examples, bad = read(data)
    tasks = [example for example in examples if example.output.strip()]
    if not tasks:
        raise UserError(f"no task of {data} has an `output` to compare answers with")
    prompts = [prompt(task.instruction, task.input) for task in tasks]
    pairs = list(zip(tasks, candidate.complete(prompts), reference.complete(prompts), strict=True))
    rows = [_row(judge, *pair) for pair in pairs]
    scores = by_family(rows)
    write_jsonl(folder / "answers.jsonl", rows)
    write_json(folder / "scores.json", {"families": scores})
    results, files = _compared(folder, [_judgment(number, row) for number, row in enumerate(rows)])
    results |= {
        "without_reference": len(examples) - len(tasks),
        "bad_rows": len(bad),
        "exact_match": sum(row["candidate_correct"] for row in rows) / len(rows),
        "exact_match_reference": sum(row["reference_correct"] for row in rows) / len(rows),
        "perplexity": candidate.perplexity(tasks),
        "perplexity_reference": reference.perplexity(tasks),
    }
    return Outcome(results, [*files, *(folder / made for made in ("answers.jsonl", "scores.json"))])


def _compared(folder: Path, judgments: Sequence[Judgment]) -> tuple[dict[str, Any], list[Path]]:
    """Write judgments and what they say; return the headline numbers and the files."""
    files = [folder / "judgments.jsonl", folder / "win_rate.json"]
    comparison = compare(judgments)
    write_jsonl(files[0], (judgment.row() for judgment in judgments))
    write_json(files[1], comparison)
    return {key: comparison[key] for key in HEADLINES} | _controlled(comparison), files


def _controlled(comparison: dict[str, Any]) -> dict[str, Any]:
    length = comparison["length"]
    return {"length_controlled_win_rate": length and length["win_rate"]}


def _judgment(number: int, row: dict[str, Any]) -> Judgment:
    lengths = len(row["candidate"]), len(row["reference"])
    return Judgment(str(number), PREFERENCES[row["verdict"]], "", "unknown", *lengths, judge="reference")


def _row(judge: Judge, task: Example, candidate: str, reference: str) -> dict[str, Any]:
    return task.row() | {
        "candidate": candidate,
        "reference": reference,
        "candidate_correct": exact(candidate, task.output),
        "reference_correct": exact(reference, task.output),
        "verdict": judge.judge(task, candidate, reference),
    }


def by_family(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return, for each family (or category) of tasks, how many there are and the share that each model has right."""
    families: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        families[str(row.get("family") or row.get("category") or "all")].append(row)
    return {
        family: {
            "tasks": len(members),
            "candidate": sum(row["candidate_correct"] for row in members) / len(members),
            "reference": sum(row["reference_correct"] for row in members) / len(members),
        }
        for family, members in sorted(families.items())
    }


if __name__ == "__main__":
    launch("evaluate")
