"""Compare two models on tasks that neither was trained on: `alpaca evaluate candidate.path=a/model reference.path=b`.

1. Both models answer every task.
2. Answers are scored against the task's own, per family, and each model's perplexity on those is taken.
3. The judge compares the two answers to each task; wins, ties and losses make the win rate and its interval.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from alpaca.errors import UserError
from alpaca.evaluation.scores import Verdict, WinRate, exact
from alpaca.files import write_json, write_jsonl
from alpaca.manifest import Outcome, stage_folder
from alpaca.prompts.alpaca import prompt
from alpaca.records import Example, read
from alpaca.schema import InputPath
from alpaca.stage import launch


class LLM(Protocol):
    """Completes prompts, and tells how well it expects given outputs."""

    def complete(self, prompts: Sequence[str]) -> list[str]: ...

    def perplexity(self, examples: Sequence[Example]) -> float: ...


class Judge(Protocol):
    def judge(self, example: Example, candidate: str, reference: str) -> Verdict: ...


def evaluate(name: str, root: Path, data: InputPath, candidate: LLM, reference: LLM, judge: Judge) -> Outcome:
    """Evaluate on the tasks of `data` that have a reference answer; raises UserError where none has."""
    folder = stage_folder(root, name, "evaluate")
    examples, bad = read(data)
    tasks = [example for example in examples if example.output.strip()]
    if not tasks:
        raise UserError(f"no task of {data} has an `output` to compare answers with")
    prompts = [prompt(task.instruction, task.input) for task in tasks]
    pairs = list(zip(tasks, candidate.complete(prompts), reference.complete(prompts), strict=True))
    rows = [_row(judge, *pair) for pair in pairs]
    comparison = WinRate.of([row["verdict"] for row in rows])
    scores = by_family(rows)
    write_jsonl(folder / "answers.jsonl", rows)
    write_json(folder / "scores.json", {"families": scores})
    write_json(folder / "win_rate.json", comparison.as_dict())
    results = comparison.as_dict() | {
        "without_reference": len(examples) - len(tasks),
        "bad_rows": len(bad),
        "exact_match": sum(row["candidate_correct"] for row in rows) / len(rows),
        "exact_match_reference": sum(row["reference_correct"] for row in rows) / len(rows),
        "perplexity": candidate.perplexity(tasks),
        "perplexity_reference": reference.perplexity(tasks),
    }
    return Outcome(results, [folder / made for made in ("answers.jsonl", "scores.json", "win_rate.json")])


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
