"""Standard benchmarks by EleutherAI's lm-evaluation-harness, on the models that are evaluated.

A task is named as the harness knows it, or is a task file of its own format, whose data may be local too (`dataset_path: json`):
then no network is needed. Names of data files in it are relative to the folder of the call, as the harness has it.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import MinLen
from pydantic import NonNegativeInt, PositiveInt

from alpaca.errors import UserError
from alpaca.llms.huggingface import HuggingFace
from alpaca.schema import FileOrName, unknown

Side = Literal["candidate", "reference"]


@dataclass(frozen=True)
class Harness:
    """Runs `tasks` on the models of `sides`; scores have the harness's own names and standard errors."""

    tasks: Annotated[list[FileOrName], MinLen(1)]
    sides: Annotated[list[Side], MinLen(1)]
    num_fewshot: NonNegativeInt | None
    limit: PositiveInt | None
    batch_size: PositiveInt
    chat_template: bool

    def check(self, models: Mapping[str, object]) -> None:
        """Raise UserError, before anything is asked, for models that are not local and for tasks that there are not."""
        for side in self.sides:
            if not isinstance(models[side], HuggingFace):
                raise UserError(
                    f"harness=lm_eval runs on local models, and {side} is none; give harness.sides without it"
                )
        known = self._manager()
        for task in self.tasks:
            if task not in known.all_tasks and Path(task).suffix not in (".yaml", ".yml"):
                raise unknown("task", task, "harness.tasks", known.all_tasks)

    def scores(self, models: Mapping[str, object]) -> dict[str, Any]:
        """Return, for each task, how many examples and shots, and for each metric and side the value and standard error."""
        tasks: dict[str, Any] = {}
        for side in self.sides:
            found = self._found(models[side])
            for task, values in found["results"].items():
                about = {"version": found["versions"].get(task), "num_fewshot": found["n-shot"].get(task)}
                entry = tasks.setdefault(task, about | {"examples": values.get("sample_len"), "scores": {}})
                for metric, score in _scores(values):
                    entry["scores"].setdefault(metric, {})[side] = score
        return {"lm_eval": importlib.import_module("lm_eval").__version__, "tasks": tasks}

    def _manager(self) -> Any:
        """Return the harness's tasks; its index of thousands takes seconds, so it is read only where a name is given."""
        try:
            tasks = importlib.import_module("lm_eval.tasks")
        except ImportError as problem:
            raise UserError("harness=lm_eval needs lm-eval: pip install 'alpaca-framework[harness]'") from problem
        return tasks.TaskManager(include_defaults=not all(Path(task).is_file() for task in self.tasks))

    def _found(self, model: object) -> dict[str, Any]:
        """Run the harness; what it says of a task that it cannot run is one line."""
        assert isinstance(model, HuggingFace)
        manager = self._manager()
        logging.getLogger("lm_eval").setLevel(logging.ERROR)
        models = importlib.import_module("lm_eval.models.huggingface")
        network = models.HFLM(pretrained=model.network, tokenizer=model.tokenizer, batch_size=self.batch_size)
        try:
            found: dict[str, Any] = importlib.import_module("lm_eval").simple_evaluate(
                network,
                tasks=list(self.tasks),
                task_manager=manager,
                num_fewshot=self.num_fewshot,
                limit=self.limit,
                apply_chat_template=self.chat_template,
                log_samples=False,
            )
        except (KeyError, OSError, TypeError, ValueError) as problem:
            raise UserError(f"harness.tasks: {type(problem).__name__}: {str(problem).splitlines()[0]}") from problem
        return found


def headline(scores: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scores as results: `harness` of the candidate, `harness_reference` of the reference, by task and metric."""
    results: dict[str, Any] = {}
    for task, entry in scores["tasks"].items():
        for metric, sides in entry["scores"].items():
            for side, score in sides.items():
                place = results.setdefault("harness" if side == "candidate" else f"harness_{side}", {})
                place.setdefault(task, {}).update({metric: score["value"], f"{metric}_stderr": score["stderr"]})
    return results


def _scores(values: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, float | None]]]:
    """Yield metrics with their values and errors; the harness writes `acc,none` and `acc_stderr,none`, with the filter's name."""
    for key, value in values.items():
        metric, comma, chosen = key.partition(",")
        if comma and not metric.endswith("_stderr") and isinstance(value, int | float):
            error = values.get(f"{metric}_stderr,{chosen}")
            name = metric if chosen == "none" else f"{metric},{chosen}"
            yield name, {"value": float(value), "stderr": float(error) if isinstance(error, int | float) else None}
