"""A comparison in AlpacaEval's formats (Dubois et al. 2023; `alpaca_eval`'s `model_outputs.json` and `annotations.json`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alpaca.evaluation.answering import question
from alpaca.evaluation.judgments import Judgment
from alpaca.evaluation.pairs import Answer, Pair
from alpaca.evaluation.stored import annotation
from alpaca.files import write_json


def write_alpaca_eval(
    folder: Path, pairs: Sequence[Pair], judgments: Sequence[Judgment], candidate: str, reference: str
) -> list[Path]:
    """Write both models' outputs and the judgments, which come in again by `judge=stored`; return the files.

    `generator_1` is the reference, `generator_2` the candidate. A task's input stands behind its instruction.
    """
    if candidate == reference:
        candidate, reference = f"{candidate}-candidate", f"{reference}-reference"
    tasks = {pair.task: pair for pair in pairs}
    contents = {
        "model_outputs": [_output(pair, pair.candidate, candidate) for pair in pairs],
        "reference_outputs": [_output(pair, pair.reference, reference) for pair in pairs],
        "annotations": [_annotation(tasks[each.task], annotation(each, candidate, reference)) for each in judgments],
    }
    files = []
    for name, content in contents.items():
        files.append(folder / f"{name}.json")
        write_json(files[-1], content)
    return files


def _output(pair: Pair, answer: Answer, generator: str) -> dict[str, Any]:
    return _task(pair) | {"output": answer.text, "generator": generator}


def _annotation(pair: Pair, told: Mapping[str, Any]) -> dict[str, Any]:
    """Put the answers in the place of their lengths."""
    rest = {key: value for key, value in told.items() if key not in ("instruction", "length_1", "length_2")}
    return _task(pair) | {"output_1": pair.reference.text, "output_2": pair.candidate.text} | rest | {"task": pair.task}


def _task(pair: Pair) -> dict[str, Any]:
    about = pair.example.about
    dataset = about.get("dataset") or about.get("category") or about.get("family") or ""
    return {"instruction": question(pair.example), "dataset": dataset}
