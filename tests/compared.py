"""An evaluation's folder with everything that its page shows, some of it hostile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hostile import HOSTILE

from alpaca.evaluate import answer_rows
from alpaca.evaluation.comparison import compare
from alpaca.evaluation.judgments import Judgment
from alpaca.evaluation.metrics import scores
from alpaca.evaluation.pairs import Answer, Pair
from alpaca.files import write_json, write_jsonl
from alpaca.records import Example

TOLD = {
    "usd": 12.5,
    "flagged": True,
    "flagged_answers": 2,
    "reference_flagged_answers": 0,
    "guards": {"candidate": {"injection": 2}},
    "candidate": {"model": f"m{HOSTILE}"},
}


def pairs(tasks: int) -> list[Pair]:
    """Return tasks of two categories; the first has hostile text, every third an answer of its own."""
    return [
        Pair(
            f"t{n}",
            Example(
                f"Write about river {n}" if n else HOSTILE, HOSTILE if n == 0 else "", "b" * (n % 3 == 0), about(n)
            ),
            Answer(HOSTILE if n == 0 else "b", "length" if n == 1 else "stop"),
            Answer(f"answer {n} " * 60),
        )
        for n in range(tasks)
    ]


def about(number: int) -> dict[str, Any]:
    return {"category": "<i>poems</i>" if number % 2 else "letters"}


def judgments(judged: list[Pair]) -> list[Judgment]:
    """Two judges, both orders: the second judge is drawn to what is first, and does not judge the third task."""
    return [
        pair.judged(None, missing="cut off", judge=judge, first=first)
        if judge == "two" and number == 2
        else pair.judged(
            1.0 if number % 4 or (judge == "two" and first == "candidate") else 0.0, judge=judge, first=first
        )
        for number, pair in enumerate(judged)
        for judge in ("one", "two")
        for first in ("candidate", "reference")
    ]


def write_evaluation(folder: Path, tasks: int = 24) -> dict[str, Any]:
    """Write the folder, and return what is told of it."""
    judged = pairs(tasks)
    said = judgments(judged)
    rows = answer_rows(judged, said)
    rows[0]["candidate_flags"] = ["injection"]
    told = compare(said) | TOLD
    entry = {
        "version": 1,
        "num_fewshot": 0,
        "examples": 4,
        "scores": {"acc": {"candidate": {"value": 0.5, "stderr": 0.25}}},
    }
    write_jsonl(folder / "answers.jsonl", rows)
    write_jsonl(folder / "judgments.jsonl", (each.row() | {"comment": HOSTILE, "both_bad": False} for each in said))
    write_json(folder / "win_rate.json", told)
    exact = {"metrics": {"exact_match": {"candidate": 0.5, "reference": 0.0}}}
    groups = scores({}, rows, {})["families"]
    write_json(folder / "scores.json", exact | {"families": {name: group | exact for name, group in groups.items()}})
    write_json(folder / "harness.json", {"lm_eval": "0", "tasks": {"opposites": entry}})
    return told
