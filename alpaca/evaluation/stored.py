"""Judgments that are in a file already: AlpacaEval's annotations, or preferences with the two answers' lengths.

A row is of one task, with `generator_1` (the reference), `generator_2` (the candidate) and `preference`: from 1, the reference
is better, to 2, the candidate is; 1.5 is a tie, and so is 0, as in older files. Lengths are those of `output_1` and `output_2`,
or `length_1` and `length_2`. A judgment that failed is null there, and is counted as missing.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from alpaca.doors.rows import rows
from alpaca.errors import UserError
from alpaca.evaluation.judgments import Judgment
from alpaca.schema import InputPath


@dataclass(frozen=True)
class Stored:
    """Judge by what a file says; no model answers and none is asked."""

    path: InputPath

    def judgments(self) -> list[Judgment]:
        """Read the file; raises UserError where it holds no judgment or is of more than two models."""
        repeats: Counter[tuple[str, str]] = Counter()
        names: set[tuple[Any, Any]] = set()
        judgments = []
        for where, row, problem in rows(self.path):
            if problem is not None or not _is_judgment(row):
                raise UserError(f"{where}: {problem or 'a judgment has an `instruction` and a `preference`'}")
            names.add((row.get("generator_1"), row.get("generator_2")))
            key = (_task(row), str(row.get("annotator") or ""))
            judgments.append(judgment(row, repeats[key]))
            repeats[key] += 1
        if not judgments:
            raise UserError(f"{self.path} holds no judgments")
        if len(names) > 1:
            raise UserError(f"{self.path} compares {len(names)} pairs of models; give a file for each")
        return judgments


def judgment(row: dict[str, Any], repeat: int = 0) -> Judgment:
    """Make a judgment of a row; what cannot be read in it is missing, with the reason."""
    preference, missing = _preference(row["preference"])
    return Judgment(
        task=_task(row),
        preference=preference,
        missing=missing,
        candidate_length=_length(row, 2),
        reference_length=_length(row, 1),
        judge=str(row.get("annotator") or ""),
        repeat=repeat,
    )


def annotation(judgment: Judgment, candidate: str = "candidate", reference: str = "reference") -> dict[str, Any]:
    """Return the judgment as AlpacaEval writes it, with the lengths in place of the answers."""
    preference = None if judgment.preference is None else 1 + judgment.preference
    return {
        "instruction": judgment.task,
        "generator_1": reference,
        "generator_2": candidate,
        "length_1": judgment.reference_length,
        "length_2": judgment.candidate_length,
        "annotator": judgment.judge,
        "preference": preference,
    }


def _is_judgment(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("instruction"), str) and "preference" in row


def _task(row: dict[str, Any]) -> str:
    """Return what tells a task from others: its instruction, with its input where it has one."""
    given = row.get("input")
    return f"{row['instruction']}\n\n{given}" if isinstance(given, str) and given else str(row["instruction"])


def _preference(value: Any) -> tuple[float | None, str]:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None, "no preference"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, "the preference is not a number"
    if value == 0:
        return 0.5, ""
    return (float(value) - 1, "") if 1 <= value <= 2 else (None, "the preference is not in 1 to 2")


def _length(row: dict[str, Any], number: int) -> int | None:
    output, length = row.get(f"output_{number}"), row.get(f"length_{number}")
    if isinstance(output, str):
        return len(output)
    return length if isinstance(length, int) else None
