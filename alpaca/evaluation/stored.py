"""Judgments that are in a file already: AlpacaEval's annotations, or preferences with the two answers' lengths.

A row is of one task, with `generator_1` (the reference), `generator_2` (the candidate) and `preference`: from 1, the reference
is better, to 2, the candidate is; 1.5 is a tie, and so is 0, as in older files. Lengths are those of `output_1` and `output_2`,
or `length_1` and `length_2`. A judgment that failed is null there, and is counted as missing.

Of this project's own, and not of AlpacaEval's, are `task`, a name for what is judged, `missing`, the reason why a judgment is, and
`is_switched_output_1_output_2`, whether the candidate's answer was shown first.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from alpaca.doors.rows import rows
from alpaca.errors import UserError
from alpaca.evaluation.judgments import Judgment, Shown
from alpaca.schema import InputPath

Models = tuple[str, str]  # the reference and the candidate, by name
OTHER: dict[Shown, Shown] = {"candidate": "reference", "reference": "candidate", "unknown": "unknown"}


@dataclass(frozen=True)
class Stored:
    """Judge by what files say; no model answers and none is asked."""

    path: InputPath | list[InputPath]

    def judgments(self) -> dict[Models, list[Judgment]]:
        """Read the judgments of each pair of models; raises UserError where there is none.

        Those of a pair the other way round are turned.
        """
        repeats: Counter[tuple[Any, ...]] = Counter()
        found: dict[Models, list[Judgment]] = {}
        for path in self.path if isinstance(self.path, list) else [self.path]:
            for where, row, problem in rows(path):
                if problem is not None or not _is_judgment(row):
                    raise UserError(f"{where}: {problem or 'a judgment has an `instruction` and a `preference`'}")
                models, told = _oriented(row, found)
                key = (models, told.task, told.judge, told.first)
                found.setdefault(models, []).append(replace(told, repeat=repeats[key]))
                repeats[key] += 1
        if not found:
            raise UserError(f"{self.path} holds no judgments")
        return found


def _oriented(row: dict[str, Any], known: dict[Models, list[Judgment]]) -> tuple[Models, Judgment]:
    """Return a row's models, in the order in which they are known, and its judgment."""
    reference, candidate = (str(row.get(f"generator_{number}") or "") for number in (1, 2))
    told = judgment(row)
    turned = reference != candidate and (candidate, reference) in known
    return ((candidate, reference), opposite(told)) if turned else ((reference, candidate), told)


def opposite(told: Judgment) -> Judgment:
    """Return the judgment with the candidate as the reference."""
    return replace(
        told,
        preference=None if told.preference is None else 1 - told.preference,
        first=OTHER[told.first],
        candidate_length=told.reference_length,
        reference_length=told.candidate_length,
    )


def judgment(row: dict[str, Any]) -> Judgment:
    """Make a judgment of a row; what cannot be read in it is missing, with the reason."""
    preference, missing = _preference(row["preference"])
    return Judgment(
        task=_task(row),
        preference=preference,
        missing=str(row.get("missing") or missing) if preference is None else "",
        first=_first(row.get("is_switched_output_1_output_2")),
        candidate_length=_length(row, 2),
        reference_length=_length(row, 1),
        judge=str(row.get("annotator") or ""),
    )


def annotation(told: Judgment, candidate: str = "candidate", reference: str = "reference") -> dict[str, Any]:
    """Return the judgment as AlpacaEval writes it, with the lengths in place of the answers."""
    row = {
        "instruction": told.task,
        "generator_1": reference,
        "generator_2": candidate,
        "length_1": told.reference_length,
        "length_2": told.candidate_length,
        "annotator": told.judge,
        "preference": None if told.preference is None else 1 + told.preference,
    }
    if told.missing:
        row["missing"] = told.missing
    return row if told.first == "unknown" else row | {"is_switched_output_1_output_2": told.first == "candidate"}


def _is_judgment(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("instruction"), str) and "preference" in row


def _task(row: dict[str, Any]) -> str:
    """Return what tells a task from others: its name, or its instruction, with its input where it has one."""
    if isinstance(row.get("task"), str):
        return str(row["task"])
    given = row.get("input")
    return f"{row['instruction']}\n\n{given}" if isinstance(given, str) and given else str(row["instruction"])


def _first(switched: Any) -> Shown:
    return ("candidate" if switched else "reference") if isinstance(switched, bool) else "unknown"


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
