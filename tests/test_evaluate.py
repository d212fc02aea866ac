from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from alpaca.errors import UserError
from alpaca.evaluate import evaluate
from alpaca.evaluation.scores import Reference
from alpaca.records import Example


class Adds:
    """Adds the two numbers of the input, and is off by `error` from the third task on."""

    def __init__(self, error: int) -> None:
        self.error = error

    def complete(self, prompts: Sequence[str]) -> list[str]:
        sums = [sum(map(int, text.split("### Input:\n")[1].split("\n")[0].split())) for text in prompts]
        return [str(total + self.error * (number >= 2)) for number, total in enumerate(sums)]

    def perplexity(self, examples: Sequence[Example]) -> float:
        return 1.0 + self.error


@pytest.fixture
def data(tmp_path: Path) -> Path:
    tasks = [
        {"instruction": "Add them", "input": f"{n} 2", "output": f"{n + 2}", "family": f"f{n % 2}"} for n in range(5)
    ]
    path = tmp_path / "tasks.jsonl"
    path.write_text(
        "".join(json.dumps(task) + "\n" for task in [*tasks, {"instruction": "Open", "output": ""}]), "utf-8"
    )
    return path


def test_two_models_are_scored_and_compared(data: Path, tmp_path: Path) -> None:
    outcome = evaluate("run", tmp_path, data, Adds(0), Adds(1), Reference())
    results = outcome.results
    assert (results["tasks"], results["wins"], results["ties"], results["losses"]) == (5, 3, 2, 0)
    assert (results["exact_match"], results["exact_match_reference"]) == (1.0, 0.4)
    assert (results["perplexity"], results["perplexity_reference"]) == (1.0, 2.0)
    assert results["win_rate"] == 0.8
    folder = tmp_path / "run" / "evaluate"
    scores = json.loads((folder / "scores.json").read_text("utf-8"))["families"]
    assert scores["f1"] == {"tasks": 2, "candidate": 1.0, "reference": 0.5}
    assert json.loads((folder / "win_rate.json").read_text("utf-8"))["interval"] == list(results["interval"])
    assert len((folder / "answers.jsonl").read_text("utf-8").splitlines()) == 5


def test_tasks_without_an_answer_cannot_be_scored(tmp_path: Path) -> None:
    path = tmp_path / "open.jsonl"
    path.write_text('{"instruction": "Tell a story", "output": ""}\n', "utf-8")
    with pytest.raises(UserError, match="no task"):
        evaluate("run", tmp_path, path, Adds(0), Adds(1), Reference())
