"""Compare two models on tasks that neither was trained on: `alpaca evaluate candidate.path=a/model reference.path=b`.

Or read what a judge said of two models before: `alpaca evaluate judge=stored judge.path=annotations.json`.

1. Both models answer every task. Replies lie in `evaluate.ledger.jsonl` beside the folder, and none is asked for twice.
2. The judge compares the two answers to each task; wins, ties and losses make the win rate, its interval and
   all that qualifies it.
3. Metrics of the answers are taken, over all and per family of tasks: those of alpaca/metrics, or any of Hugging Face `evaluate`.
4. `report.html` shows it all, with every comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import NonNegativeFloat

from alpaca.errors import UserError
from alpaca.evaluation.answering import answers
from alpaca.evaluation.comparison import compare
from alpaca.evaluation.harness import Harness
from alpaca.evaluation.helm import Helm
from alpaca.evaluation.judgments import Judgment, by_task, verdict
from alpaca.evaluation.measures import Measures
from alpaca.evaluation.pairs import Desk, Judge, Pair, task_names
from alpaca.evaluation.scores import exact
from alpaca.evaluation.stored import Stored
from alpaca.files import write_json, write_jsonl
from alpaca.llms.ledger import Book, ledger_path
from alpaca.llms.request import LLM
from alpaca.manifest import Outcome, stage_folder
from alpaca.records import read
from alpaca.reporting.evaluation import report
from alpaca.schema import DataPath, FileOrName, Seed
from alpaca.stage import launch

HEADLINES = ("tasks", "wins", "ties", "losses", "missing", "win_rate", "standard_error", "interval", "sign_test")


def evaluate(
    name: str,
    root: Path,
    seed: Seed,
    data: DataPath | None,
    candidate: LLM | None,
    reference: LLM | None,
    judge: Judge | Stored,
    budget_usd: NonNegativeFloat | None,
    metrics: Sequence[FileOrName] = (),
    harness: Harness | None = None,
    helm: Helm | None = None,
) -> Outcome:
    """Evaluate on the tasks of `data`; raises UserError where none can be judged, Stopped where the budget is spent.

    A stored judge needs neither data nor models.
    """
    folder = stage_folder(root, name, "evaluate")
    if isinstance(judge, Stored) and (harness or helm):
        raise UserError("harness and helm need models, and judge=stored has none")
    if isinstance(judge, Stored):
        return _reported(folder, *_compared(folder, judge.judgments(), seed))
    if data is None or candidate is None or reference is None:
        raise UserError("data, candidate and reference are all needed, unless judgments are stored (judge=stored)")
    examples, bad = read(data)
    tasks = [example for example in examples if example.output.strip() or not judge.needs_output]
    if not tasks:
        raise UserError(f"no task of {data} has an `output` to compare answers with")
    measures = Measures({"candidate": candidate, "reference": reference}, metrics, harness, helm)
    with Book(ledger_path(folder), budget_usd) as ledger:
        both = answers(candidate, tasks, ledger), answers(reference, tasks, ledger)
        pairs = [Pair(*members) for members in zip(task_names(tasks), tasks, *both, strict=True)]
        judgments = judge.judgments(pairs, Desk(folder, ledger, seed))
        usd = ledger.spent_usd
    rows = answer_rows(pairs, judgments)
    write_jsonl(folder / "answers.jsonl", rows)
    results, files = _compared(folder, judgments, seed)
    measured, more = measures.write(folder, name, rows)
    results |= measured | {"without_reference": len(examples) - len(tasks), "bad_rows": len(bad), "usd": usd}
    return _reported(folder, results, [*files, folder / "answers.jsonl", *more])


def _reported(folder: Path, results: dict[str, Any], files: list[Path]) -> Outcome:
    """Write the page of what lies in the folder, and print its headlines."""
    return Outcome(results, [*files, report(folder, results)])


def _compared(folder: Path, judgments: Sequence[Judgment], seed: int) -> tuple[dict[str, Any], list[Path]]:
    """Write judgments and what they say; return the headline numbers and the files."""
    files = [folder / "judgments.jsonl", folder / "win_rate.json"]
    comparison = compare(judgments, seed)
    write_jsonl(files[0], (judgment.row() for judgment in judgments))
    write_json(files[1], comparison)
    return {key: comparison[key] for key in HEADLINES} | _controlled(comparison), files


def _controlled(comparison: dict[str, Any]) -> dict[str, Any]:
    length = comparison["length"]
    return {"length_controlled_win_rate": length and length["win_rate"]}


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


if __name__ == "__main__":
    launch("evaluate")
