"""Compare two models on tasks that neither was trained on: `alpaca evaluate candidate.path=a/model reference.path=b`.

Either may be a file of answers (`candidate=answers candidate.path=outputs.json`). Or read what a judge said before of two models,
or of several: `alpaca evaluate judge=stored judge.path=annotations.json`.

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
from typing import Any, Final, Protocol, runtime_checkable

from pydantic import NonNegativeFloat

from alpaca.errors import UserError
from alpaca.evaluation.alpaca_eval import write_alpaca_eval
from alpaca.evaluation.answering import Prompts, Role, Side, cut
from alpaca.evaluation.comparison import compare
from alpaca.evaluation.guards import Guards
from alpaca.evaluation.judgments import Judgment, by_task, verdict
from alpaca.evaluation.pairs import Desk, Judge, Pair, task_names
from alpaca.evaluation.ranking import rank
from alpaca.evaluation.scores import exact
from alpaca.evaluation.sets import tasks_file
from alpaca.evaluation.stored import Stored
from alpaca.files import write_json, write_jsonl
from alpaca.llms.ledger import Book, ledger_path
from alpaca.llms.request import LLM
from alpaca.manifest import Outcome, stage_folder
from alpaca.records import Example, read
from alpaca.schema import DataPath, Seed
from alpaca.stage import launch

ROLES: Final[tuple[Role, ...]] = ("candidate", "reference")
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
    data_sha256: str | None,
    candidate: LLM | None,
    reference: LLM | None,
    prompts: dict[Role, Prompts],
    judge: Judge | Stored,
    budget_usd: NonNegativeFloat | None,
) -> Outcome:
    """Evaluate on the tasks of `data`; raises UserError where none can be judged, Stopped where the budget is spent.

    A stored judge needs neither data nor models.
    """
    folder = stage_folder(root, name, "evaluate")
    if isinstance(judge, Stored):
        return Outcome(*_stored(folder, judge, seed))
    if data is None or candidate is None or reference is None:
        raise UserError("data, candidate and reference are all needed, unless judgments are stored (judge=stored)")
    tasks, results = _tasks(data, data_sha256, judge)
    sides = [Side(role, llm, prompts[role]) for role, llm in zip(ROLES, (candidate, reference), strict=True)]
    with Book(ledger_path(folder), budget_usd) as ledger:
        for side in sides:
            side.foretell(tasks, ledger)
        both = [side.answers(tasks, ledger) for side in sides]
        pairs = [Pair(*members) for members in zip(task_names(tasks), tasks, *both, strict=True)]
        judgments = judge.judgments(pairs, Desk(folder, ledger, seed))
        results["usd"] = ledger.spent_usd
    results |= {key: n for side, made in zip(sides, both, strict=True) for key, n in cut(side.role, made).items()}
    results |= {side.role: side.settings() for side in sides}
    guards = Guards.of(pairs)
    results |= guards.about() | {"saved": len(pairs) - len({judgment.task for judgment in judgments})}
    rows = [row | flags for row, flags in zip(answer_rows(pairs, judgments), guards.rows(), strict=True)]
    files = _answered(folder, rows, sides)
    names = (str(side.llm.settings["model"]) for side in sides)
    files += write_alpaca_eval(folder / "alpaca_eval", pairs, judgments, *names)
    headlines, compared = _compared(folder, judgments, seed, results)
    return Outcome(
        headlines | _scores(tasks, rows, {"": candidate, "_reference": reference}) | results, [*compared, *files]
    )


def _tasks(data: Path, expected: str | None, judge: Judge) -> tuple[list[Example], dict[str, Any]]:
    """Return the tasks that can be judged, and counts of those that cannot be."""
    path = tasks_file(data, expected)
    examples, bad = read(path)
    tasks = [example for example in examples if example.output.strip() or not judge.needs_output]
    if not tasks:
        raise UserError(f"no task of {data} has an `output` to compare answers with")
    return tasks, {"data": str(path), "without_reference": len(examples) - len(tasks), "bad_rows": len(bad)}


def _answered(folder: Path, rows: Sequence[dict[str, Any]], sides: Sequence[Side]) -> list[Path]:
    """Write the answers, with how they were asked for, and how many are right; return the files."""
    files = [folder / "answers.jsonl", folder / "scores.json"]
    asked = {f"{side.role}_settings": side.settings() for side in sides}
    write_jsonl(files[0], (row | asked for row in rows))
    write_json(files[1], {"families": by_family(rows)})
    return files


def _stored(folder: Path, judge: Stored, seed: int) -> tuple[dict[str, Any], list[Path]]:
    """Compare the two models of which judgments are stored, or rank more of them."""
    judgments = judge.judgments()
    if len({name for models in judgments for name in models}) > 2:
        return rank(folder, judgments, seed)
    (((reference, candidate), told),) = judgments.items()
    return _compared(folder, told, seed, {"candidate": {"model": candidate}, "reference": {"model": reference}})


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
