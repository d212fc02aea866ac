"""Compare two models on tasks that neither was trained on: `alpaca evaluate candidate.path=a/model reference.path=b`.

Or read what a judge said of two models before: `alpaca evaluate judge=stored judge.path=annotations.json`.

1. Both models answer every task. Replies lie in `evaluate.ledger.jsonl` beside the folder, and none is asked for twice.
2. The judge compares the two answers to each task; wins, ties and losses make the win rate, its interval and
   all that qualifies it.
3. Guards flag answers that earn no trust, such as words to the judge; they change no judgment.
4. Answers are scored against the task's own, where it has one, per family, and each model's perplexity on those is taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pydantic import NonNegativeFloat

from alpaca.errors import UserError
from alpaca.evaluation.answering import answers
from alpaca.evaluation.comparison import compare
from alpaca.evaluation.guards import Guards
from alpaca.evaluation.judgments import Judgment, by_task, verdict
from alpaca.evaluation.pairs import Desk, Judge, Pair, task_names
from alpaca.evaluation.scores import exact
from alpaca.evaluation.stored import Stored
from alpaca.files import write_json, write_jsonl
from alpaca.llms.ledger import Book, ledger_path
from alpaca.llms.request import LLM
from alpaca.manifest import Outcome, stage_folder
from alpaca.records import Example, read
from alpaca.schema import DataPath, Seed
from alpaca.stage import launch

HEADLINES = (
    "tasks",
    "wins",
    "ties",
    "losses",
    "missing",
    "both_bad",
    "win_rate",
    "standard_error",
    "interval",
    "sign_test",
)


@runtime_checkable
class Likelihoods(Protocol):
    """A model that tells how well it expects given outputs."""

    def perplexity(self, examples: Sequence[Example]) -> float: ...


def evaluate(
    name: str,
    root: Path,
    seed: Seed,
    data: DataPath | None,
    candidate: LLM | None,
    reference: LLM | None,
    judge: Judge | Stored,
    budget_usd: NonNegativeFloat | None,
) -> Outcome:
    """Evaluate on the tasks of `data`; raises UserError where none can be judged, Stopped where the budget is spent.

    A stored judge needs neither data nor models.
    """
    folder = stage_folder(root, name, "evaluate")
    if isinstance(judge, Stored):
        return Outcome(*_compared(folder, judge.judgments(), seed, {}))
    if data is None or candidate is None or reference is None:
        raise UserError("data, candidate and reference are all needed, unless judgments are stored (judge=stored)")
    examples, bad = read(data)
    tasks = [example for example in examples if example.output.strip() or not judge.needs_output]
    if not tasks:
        raise UserError(f"no task of {data} has an `output` to compare answers with")
    with Book(ledger_path(folder), budget_usd) as ledger:
        both = answers(candidate, tasks, ledger), answers(reference, tasks, ledger)
        pairs = [Pair(*members) for members in zip(task_names(tasks), tasks, *both, strict=True)]
        judgments = judge.judgments(pairs, Desk(folder, ledger, seed))
        usd = ledger.spent_usd
    guards = Guards.of(pairs)
    rows = [row | flags for row, flags in zip(answer_rows(pairs, judgments), guards.rows(), strict=True)]
    write_jsonl(folder / "answers.jsonl", rows)
    write_json(folder / "scores.json", {"families": by_family(rows)})
    about = guards.about() | {"saved": len(pairs) - len({judgment.task for judgment in judgments})}
    results, files = _compared(folder, judgments, seed, about)
    results |= {key: about[key] for key in about if key != "guards"}
    results |= _scores(tasks, rows, {"": candidate, "_reference": reference})
    results |= {"without_reference": len(examples) - len(tasks), "bad_rows": len(bad), "usd": usd}
    return Outcome(results, [*files, *(folder / made for made in ("answers.jsonl", "scores.json"))])


def _compared(
    folder: Path, judgments: Sequence[Judgment], seed: int, about: dict[str, Any]
) -> tuple[dict[str, Any], list[Path]]:
    """Write judgments and what they say, with what is known about them; return the headline numbers and the files."""
    files = [folder / "judgments.jsonl", folder / "win_rate.json"]
    comparison = compare(judgments, seed, about.get("saved", 0)) | about
    write_jsonl(files[0], (judgment.row() for judgment in judgments))
    write_json(files[1], comparison)
    return {key: comparison[key] for key in HEADLINES} | _controlled(comparison), files


def _controlled(comparison: dict[str, Any]) -> dict[str, Any]:
    length = comparison["length"]
    return {"length_controlled_win_rate": length and length["win_rate"]}


def _scores(tasks: Sequence[Example], rows: Sequence[dict[str, Any]], models: Mapping[str, LLM]) -> dict[str, Any]:
    """Return the share of right answers and the perplexity of both models, of tasks that have an answer of their own."""
    known = [task for task in tasks if task.output.strip()]
    results: dict[str, Any] = {}
    for side, model in models.items():
        right = [row[key] for row in rows if row[key := f"{'reference' if side else 'candidate'}_correct"] is not None]
        results[f"exact_match{side}"] = sum(right) / len(right) if right else None
        results[f"perplexity{side}"] = model.perplexity(known) if known and isinstance(model, Likelihoods) else None
    return results


def answer_rows(pairs: Sequence[Pair], judgments: Sequence[Judgment]) -> list[dict[str, Any]]:
    """Return a row for each task: its answers, whether each is right, and the verdict over all of its judgments."""
    means = {name: sum(each.preference or 0 for each in some) / len(some) for name, some in by_task(judgments).items()}
    return [_row(pair, means.get(pair.task)) for pair in pairs]


def _row(pair: Pair, preference: float | None) -> dict[str, Any]:
    output, candidate, reference = pair.example.output, pair.candidate, pair.reference
    return pair.example.row() | {
        "task": pair.task,
        "candidate": candidate.text,
        "reference": reference.text,
        "candidate_finish": candidate.finish,
        "reference_finish": reference.finish,
        "candidate_correct": exact(candidate.text, output) if output.strip() else None,
        "reference_correct": exact(reference.text, output) if output.strip() else None,
        "preference": preference,
        "verdict": None if preference is None else verdict(preference),
    }


def by_family(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return, for each family (or category) of tasks, how many there are and the share that each model has right."""
    families: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in (row for row in rows if row["candidate_correct"] is not None):
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
