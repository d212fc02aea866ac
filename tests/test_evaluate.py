from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from alpaca.errors import Stopped, UserError
from alpaca.evaluate import evaluate
from alpaca.evaluation.harness import Harness
from alpaca.evaluation.scores import Reference
from alpaca.evaluation.stored import Stored
from alpaca.llms.order import Named, in_batches
from alpaca.llms.request import Forecast, Ledger, Reply, Request
from alpaca.records import Example


class Adds:
    """Adds the two numbers of the input, and is off by `error` where the first is above one."""

    def __init__(self, error: int) -> None:
        self.error = error
        self.settings = {"model": f"off by {error}"}
        self.asked = 0

    def replies(self, requests: Iterable[Request | None], ledger: Ledger) -> Iterator[Reply]:
        return in_batches(requests, self.settings, 2, ledger, self.answer)

    def answer(self, batch: Sequence[Named]) -> list[Reply]:
        self.asked += len(batch)
        return [Reply(name, self.total(str(request.prompt)), "stop", "adds", 1, 1, 0.25) for request, name in batch]

    def total(self, prompt: str) -> str:
        numbers = [int(number) for number in prompt.split("### Input:\n")[1].split("\n")[0].split()]
        return str(sum(numbers) + self.error * (numbers[0] > 1))

    def forecast(self, like: Sequence[Request], count: int, ledger: Ledger) -> Forecast:
        raise NotImplementedError

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
    outcome = evaluate("run", tmp_path, 0, data, Adds(0), Adds(1), Reference(), None, ["exact_match", "perplexity"])
    results = outcome.results
    assert (results["tasks"], results["wins"], results["ties"], results["losses"]) == (5, 3, 2, 0)
    assert (results["exact_match"], results["exact_match_reference"]) == (1.0, 0.4)
    assert (results["perplexity"], results["perplexity_reference"]) == (1.0, 2.0)
    assert results["win_rate"] == 0.8
    folder = tmp_path / "run" / "evaluate"
    scores = json.loads((folder / "scores.json").read_text("utf-8"))["families"]
    assert (scores["f1"]["tasks"], scores["f1"]["win_rate"]) == (2, 0.75)
    assert scores["f1"]["metrics"] == {"exact_match": {"candidate": 1.0, "reference": 0.5}}
    assert json.loads((folder / "win_rate.json").read_text("utf-8"))["interval"] == list(results["interval"])
    assert len((folder / "answers.jsonl").read_text("utf-8").splitlines()) == 5


def test_no_answer_is_asked_for_twice_and_the_bill_is_of_both_models(data: Path, tmp_path: Path) -> None:
    first = evaluate("run", tmp_path, 0, data, Adds(0), Adds(1), Reference(), None)
    assert first.results["usd"] == 10 * 0.25
    again = Adds(0)
    assert evaluate("run", tmp_path, 0, data, again, Adds(1), Reference(), None).results == first.results
    assert again.asked == 0
    with pytest.raises(Stopped, match="budget"):
        evaluate("run", tmp_path, 0, data, Adds(0), Adds(2), Reference(), 2.5)


def test_tasks_without_an_answer_cannot_be_scored(tmp_path: Path) -> None:
    path = tmp_path / "open.jsonl"
    path.write_text('{"instruction": "Tell a story", "output": ""}\n', "utf-8")
    with pytest.raises(UserError, match="no task"):
        evaluate("run", tmp_path, 0, path, Adds(0), Adds(1), Reference(), None)


def test_stored_judgments_need_no_data_and_no_models(tmp_path: Path) -> None:
    path = tmp_path / "annotations.json"
    rows = [{"instruction": str(n), "preference": value} for n, value in enumerate((2, 2, 1, 1.5, None))]
    path.write_text(json.dumps(rows), "utf-8")
    outcome = evaluate("run", tmp_path, 0, None, None, None, Stored(path), None)
    results = outcome.results
    assert (results["wins"], results["ties"], results["losses"], results["missing"]) == (2, 1, 1, 1)
    judged = [json.loads(line) for line in outcome.outputs[0].read_text("utf-8").splitlines()]
    assert (judged[-1]["preference"], judged[-1]["missing"]) == (None, "no preference")
    assert json.loads(outcome.outputs[1].read_text("utf-8"))["missing_reasons"] == {"no preference": 1}


def test_stored_judgments_leave_no_model_for_benchmarks(tmp_path: Path) -> None:
    harness = Harness(["hellaswag"], ["candidate"], None, None, 1, False)
    with pytest.raises(UserError, match="need models"):
        evaluate("run", tmp_path, 0, None, None, None, Stored(tmp_path), None, harness=harness)


def test_other_judges_need_all_three(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="all needed"):
        evaluate("run", tmp_path, 0, None, Adds(0), Adds(1), Reference(), None)


def test_stored_judgments_from_the_command_line(
    tmp_path: Path, alpaca: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (tmp_path / "annotations.json").write_text('[{"instruction": "Say hello", "preference": 2}]', "utf-8")
    done = alpaca("evaluate", "judge=stored", "judge.path=annotations.json")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "outputs" / "default" / "evaluate" / "win_rate.json").read_text("utf-8"))
    assert (found["wins"], found["win_rate"]) == (1, 1.0)
    missing = alpaca("evaluate", "judge=stored", "judge.path=nowhere.json")
    assert missing.returncode == 2
    assert missing.stderr.strip().splitlines() == [
        "alpaca evaluate: `judge.path`: there is no file or folder nowhere.json"
    ]
