"""Compare two models on tasks that neither was trained on: `alpaca evaluate candidate.path=a/model reference.path=b`.

Either may be a file of answers (`candidate=answers candidate.path=outputs.json`). Or read what a judge said before of two models,
or of several: `alpaca evaluate judge=stored judge.path=annotations.json`.

1. Both models answer every task. Replies lie in `evaluate.ledger.jsonl` beside the folder, and none is asked for twice.
2. The judge compares the two answers to each task; wins, ties and losses make the win rate, its interval and
   all that qualifies it.
3. Guards flag answers that earn no trust, such as words to the judge; they change no judgment.
4. Metrics of the answers are taken, over all and per family of tasks: those of alpaca/metrics, or any of Hugging Face `evaluate`.
5. `report.html` shows it all, with every comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import NonNegativeFloat

from alpaca.errors import UserError
from alpaca.evaluation.alpaca_eval import write_alpaca_eval
from alpaca.evaluation.answering import Prompts, Side, cut
from alpaca.evaluation.comparison import compare
from alpaca.evaluation.guards import Guards
from alpaca.evaluation.harness import Harness
from alpaca.evaluation.helm import Helm
from alpaca.evaluation.judgments import Judgment, by_task, verdict
from alpaca.evaluation.measures import Measures
from alpaca.evaluation.pairs import Desk, Judge, Pair, task_names
from alpaca.evaluation.ranking import rank
from alpaca.evaluation.scores import exact
from alpaca.evaluation.sets import read_set
from alpaca.evaluation.stored import Stored
from alpaca.files import write_json, write_jsonl
from alpaca.llms.ledger import opened
from alpaca.llms.request import LLM
from alpaca.manifest import Outcome, stage_folder
from alpaca.records import BAD_ROWS
from alpaca.reporting.checks import at_equal_length
from alpaca.reporting.evaluation import report
from alpaca.schema import DataPath, FileOrName, Seed
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


def evaluate(
    name: str,
    root: Path,
    seed: Seed,
    data: DataPath | None,
    data_sha256: str | None,
    candidate: LLM | None,
    reference: LLM | None,
    candidate_prompt: Prompts,
    reference_prompt: Prompts,
    judge: Judge | Stored,
    metrics: Sequence[FileOrName],
    harness: Harness | None,
    helm: Helm | None,
    budget_usd: NonNegativeFloat | None,
) -> Outcome:
    """Evaluate on the tasks of `data`; raises UserError where none can be judged, Stopped where the budget is spent.

    A stored judge needs neither data nor models.
    """
    folder = stage_folder(root, name, "evaluate")
    if isinstance(judge, Stored):
        if harness or helm:
            raise UserError("harness and helm need models, and judge=stored has none")
        return _reported(folder, *_stored(folder, judge, seed))
    if data is None or candidate is None or reference is None:
        raise UserError("data, candidate and reference are all needed, unless judgments are stored (judge=stored)")
    tasks, results = read_set(folder, data, data_sha256, judge.needs_output)
    measures = Measures({"candidate": candidate, "reference": reference}, metrics, harness, helm)
    sides = [Side("candidate", candidate, candidate_prompt), Side("reference", reference, reference_prompt)]
    with opened(folder, budget_usd) as ledger:
        before_usd = 0.0
        for side in sides:
            before_usd += side.foretell(tasks, ledger, before_usd)
        both = [side.answers(tasks, ledger) for side in sides]
        pairs = [Pair(*members) for members in zip(task_names(tasks), tasks, *both, strict=True)]
        judgments = judge.judgments(pairs, Desk(folder, ledger, seed))
        results["usd"] = ledger.spent_usd
    results |= {key: n for side, made in zip(sides, both, strict=True) for key, n in cut(side.role, made).items()}
    settings = {side.role: side.settings() for side in sides}
    guards = Guards.of(pairs)
    results |= settings | guards.about() | {"saved": len(pairs) - len({judgment.task for judgment in judgments})}
    rows = [row | flags for row, flags in zip(answer_rows(pairs, judgments), guards.rows(), strict=True)]
    files = [folder / "answers.jsonl", folder / BAD_ROWS]
    asked = {f"{role}_settings": asked_with for role, asked_with in settings.items()}
    write_jsonl(files[0], (row | asked for row in rows))
    names = (str(side.llm.settings["model"]) for side in sides)
    files += write_alpaca_eval(folder / "alpaca_eval", pairs, judgments, *names)
    headlines, compared = _compared(folder, judgments, seed, results)
    measured, more = measures.write(folder, name, rows)
    return _reported(folder, headlines | measured | results, [*compared, *files, *more])


def _reported(folder: Path, results: dict[str, Any], files: list[Path]) -> Outcome:
    """Write the page of what lies in the folder, and print its headlines."""
    return Outcome(results, [*files, report(folder, results)])


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
    length = at_equal_length(comparison)
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
