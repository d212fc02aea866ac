"""Metrics of answers, through Hugging Face `evaluate`: the project's own (alpaca/metrics) or any other module of it.

A module is given what its features name: `predictions` (the answers), `references` (the tasks' own), `instructions`, `inputs`;
and the model itself, where it computes with a `model`. One that asks for references is of the tasks that have an output.
"""

from __future__ import annotations

import importlib
import inspect
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib.resources import files
from numbers import Real
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

import numpy as np

from alpaca.errors import UserError
from alpaca.evaluation.intervals import score_interval
from alpaca.evaluation.rates import counts
from alpaca.llms.answers import Answers
from alpaca.records import Example
from alpaca.schema import nearest

if TYPE_CHECKING:
    from evaluate import EvaluationModule

GROUPS: Final = ("family", "category", "dataset")  # what a task may be told apart by, the first that it has
SIDES: Final = ("candidate", "reference")
Row = Mapping[str, Any]  # of answers.jsonl
Modules = Mapping[str, "EvaluationModule"]


@runtime_checkable
class Likelihoods(Protocol):
    """A model that tells how well it expects given outputs."""

    def perplexity(self, examples: Sequence[Example]) -> float: ...


def modules(names: Sequence[str]) -> Modules:
    """Load modules by their names or paths; raises UserError, one line, for one that cannot be had.

    The project's own are neither fetched nor copied; others go through `evaluate.load`, which takes a path without a network.
    """
    return {Path(name).stem: _own(name) if name in own_metrics() else _other(name) for name in names}


def own_metrics() -> list[str]:
    """List the modules that come with the project."""
    stems = (Path(file.name).stem for file in files("alpaca.metrics").iterdir() if file.name.endswith(".py"))
    return sorted(stem for stem in stems if stem != "__init__")


def _own(name: str) -> EvaluationModule:
    from evaluate.loading import import_main_class

    with TemporaryDirectory() as cache:  # it makes a folder for results, which stay in memory
        return import_main_class(f"alpaca.metrics.{name}")(keep_in_memory=True, cache_dir=cache)


def _other(name: str) -> EvaluationModule:
    evaluate = importlib.import_module("evaluate")
    try:
        with TemporaryDirectory() as cache:
            return evaluate.load(name, keep_in_memory=True, cache_dir=cache)
    except (ImportError, OSError, TypeError, ValueError) as problem:
        if isinstance(problem, OSError) and problem.errno:  # of the disk
            raise UserError(
                f"`evaluate` copies `{name}` first: {problem}; set HF_MODULES_CACHE to another folder"
            ) from problem
        close = nearest(name, own_metrics())
        hint = f"did you mean `{close}`?" if close else f"the project's own are {', '.join(own_metrics())}"
        raise UserError(f"no metric `{name}`: {str(problem).splitlines()[0].rstrip('.')}; {hint}") from problem


def scores(modules: Modules, rows: Sequence[Row], models: Mapping[str, object]) -> dict[str, Any]:
    """Return the value of each metric for each side, `metrics`; and `families`: for each its tasks, win rate and metrics.

    What a model has to compute is left out of the families. What cannot be had is left out everywhere, and `not_measured` has
    the reason for each metric and side.
    """
    cheap = {name: module for name, module in modules.items() if not _asks_for_model(module)}
    return {
        "metrics": _values(modules, rows, models),
        "not_measured": _reasons(modules, rows, models),
        "families": {name: _of_group(cheap, members) for name, members in sorted(_groups(rows).items())},
    }


def headline(scores: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metrics under the stable names of results."""
    named = scores["metrics"].items()
    return {
        f"{name}{'' if s == 'candidate' else f'_{s}'}": value for name, sides in named for s, value in sides.items()
    }


def _groups(rows: Sequence[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[next((str(row[key]) for key in GROUPS if row.get(key)), "all")].append(row)
    return groups


def _of_group(modules: Modules, rows: Sequence[Row]) -> dict[str, Any]:
    judged = np.array([row["preference"] for row in rows if row["preference"] is not None], dtype=np.float64)
    wins, ties, losses = counts(judged)
    some = len(judged) > 0
    return {
        "tasks": len(rows),
        "wins": wins,
        "ties": ties,
        "losses": losses,
        "win_rate": float(judged.mean()) if some else None,
        "interval": score_interval(judged) if some else None,
        "metrics": _values(modules, rows, dict.fromkeys(SIDES)),
    }


def _values(modules: Modules, rows: Sequence[Row], models: Mapping[str, object]) -> dict[str, dict[str, float]]:
    values: dict[str, dict[str, float]] = {}
    for name, module in modules.items():
        for side in SIDES:
            for value_name, value in _computed(name, module, rows, side, models[side]).items():
                values.setdefault(value_name, {})[side] = value
    return values


def _reasons(modules: Modules, rows: Sequence[Row], models: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """Say for each metric and side that cannot be had why."""
    found = {
        name: {side: why for side in SIDES if (why := _lacks(module, rows, models[side]))}
        for name, module in modules.items()
    }
    return {name: sides for name, sides in found.items() if sides}


def _lacks(module: EvaluationModule, rows: Sequence[Row], model: object) -> str | None:
    if "references" in _features(module) and not any(row["output"].strip() for row in rows):
        return "no task has an output"
    if not _asks_for_model(module) or isinstance(model, Likelihoods):
        return None
    return f"{'answers from a file have' if isinstance(model, Answers) else 'the model tells'} no probabilities"


def _computed(name: str, module: EvaluationModule, rows: Sequence[Row], side: str, model: object) -> dict[str, float]:
    """Return the numbers among what a module gives; none where there are no tasks or the model cannot tell."""
    columns = {"predictions": side, "references": "output", "instructions": "instruction", "inputs": "input"}
    features = _features(module)
    if strange := [feature for feature in features if feature not in columns]:
        raise UserError(f"the metric `{name}` asks for `{strange[0]}`; there are {', '.join(columns)}")
    some = [row for row in rows if "references" not in features or row["output"].strip()]
    given: dict[str, Any] = {feature: [_sound(row[columns[feature]]) for row in some] for feature in features}
    if not some or _lacks(module, rows, model):
        return {}
    if _asks_for_model(module):
        given["model"] = model
    try:
        found = module.compute(**given)
    except (TypeError, ValueError) as problem:
        raise UserError(f"the metric `{name}` cannot be computed: {str(problem).splitlines()[0]}") from problem
    return {key: float(value) for key, value in found.items() if isinstance(value, Real)}


def _features(module: EvaluationModule) -> Mapping[str, Any]:
    """Return what a module is given, by name."""
    features: Mapping[str, Any] = module.features[0] if isinstance(module.features, list) else module.features
    return features


def _asks_for_model(module: EvaluationModule) -> bool:
    return "model" in inspect.signature(module._compute).parameters


def _sound(text: str) -> str:
    """Return a text that Arrow can hold: halves of surrogate pairs are question marks."""
    return text.encode("utf-8", "replace").decode()
