"""Metrics through `evaluate`: values, families, a user's own module, and nothing written or fetched."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from rouge_score.rouge_scorer import RougeScorer

from alpaca.errors import UserError
from alpaca.evaluation import metrics
from alpaca.evaluation.scores import rouge_l
from alpaca.metrics.diversity import mutual_rouge_l
from alpaca.records import Example

TEXTS = ["", "...", "The cat sat on the mat.", "the mat sat on a cat", "Un café noir", "cat " * 40, "2 + 2 = 4"]
LENGTH = """
import datasets
import evaluate

class Length(evaluate.Metric):
    def _info(self):
        return evaluate.MetricInfo("", "", datasets.Features({"predictions": datasets.Value("string")}))

    def _compute(self, predictions):
        return {"mean_length": sum(map(len, predictions)) / len(predictions), "all": predictions}
"""


@pytest.fixture(scope="module", autouse=True)
def modules_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep copies of scripts out of the home; a process has one folder for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evaluate.config.HF_MODULES_CACHE", tmp_path_factory.mktemp("modules"))
        yield


class Even:
    """Expects every character as well as any other of so many."""

    def __init__(self, letters: int) -> None:
        self.letters = letters

    def perplexity(self, examples: Sequence[Example]) -> float:
        assert all(example.output for example in examples)
        return float(self.letters)


def row(candidate: str, reference: str, output: str = "", preference: float | None = 0.5, **about: str) -> metrics.Row:
    given = {"instruction": "Say it", "input": "", "output": output, "preference": preference}
    return given | {"candidate": candidate, "reference": reference} | about


def scored(names: Sequence[str], rows: Sequence[metrics.Row], model: object = None) -> dict[str, Any]:
    return metrics.scores(metrics.modules(names), rows, {"candidate": model, "reference": None})


@pytest.mark.parametrize("other", TEXTS)
def test_rouge_l_is_that_of_rouge_score(other: str) -> None:
    scorer = RougeScorer(["rougeL"])
    assert [rouge_l(text, other) for text in TEXTS] == [scorer.score(other, t)["rougeL"].fmeasure for t in TEXTS]


def test_mutual_rouge_l_is_the_mean_over_pairs() -> None:
    pairs = [rouge_l(one, other) for i, one in enumerate(TEXTS) for other in TEXTS[:i]]
    assert mutual_rouge_l(TEXTS) == pytest.approx(sum(pairs) / len(pairs))
    assert mutual_rouge_l(["alone"]) == 0.0


def test_metrics_are_of_both_sides_and_the_tasks_that_have_what_they_ask_for() -> None:
    rows = [row("four", "five", "four"), row("five ", "", "five"), row("an open answer", "an open answer")]
    found = scored(["exact_match", "rouge_l", "diversity", "perplexity"], rows, Even(7))
    assert found["metrics"]["exact_match"] == {"candidate": 1.0, "reference": 0.0}
    assert found["metrics"]["rouge_l"] == {"candidate": 1.0, "reference": 0.0}
    assert found["metrics"]["perplexity"] == {"candidate": 7.0}
    assert found["metrics"]["distinct_answers"] == {"candidate": 1.0, "reference": 1.0}
    assert found["metrics"]["distinct_1"]["candidate"] == 1.0
    assert metrics.headline(found)["exact_match_reference"] == 0.0


def test_diversity_tells_constant_answers() -> None:
    found = scored(["diversity"], [row("the same words", f"{n} of them") for n in range(4)])["metrics"]
    assert {name: sides["candidate"] for name, sides in found.items()} == {
        "distinct_answers": 0.25,
        "distinct_1": 0.25,
        "distinct_2": 0.25,
        "self_rouge_l": 1.0,
    }
    assert found["distinct_answers"]["reference"] == 1.0


def test_families_have_their_win_rate_and_metrics() -> None:
    rows = [row("a", "b", "a", 1.0, family="letters"), row("x", "b", "b", None, family="letters"), row("1", "2")]
    families = scored(["exact_match", "perplexity"], rows, Even(3))["families"]
    assert set(families) == {"letters", "all"}
    letters = families["letters"]
    assert (letters["tasks"], letters["wins"], letters["losses"], letters["win_rate"]) == (2, 1, 0, 1.0)
    assert letters["interval"][0] > 0
    assert letters["metrics"] == {"exact_match": {"candidate": 0.5, "reference": 0.5}}
    assert families["all"]["metrics"] == {}


def test_broken_text_is_measured_too() -> None:
    assert scored(["rouge_l"], [row("\ud83d one", "two", "one")])["metrics"]["rouge_l"]["candidate"] == 1.0


def test_a_users_own_module_is_taken_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "length.py"
    path.write_text(LENGTH, "utf-8")
    assert scored([str(path)], [row("four", "")])["metrics"] == {"mean_length": {"candidate": 4.0, "reference": 0.0}}


def test_a_metric_that_is_none_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no metric `.*none.py`: .*; the project's own are diversity, exact_match"):
        metrics.modules([str(tmp_path / "none.py")])
    strange = tmp_path / "strange.py"
    strange.write_text(LENGTH.replace('"predictions"', '"pictures"').replace("predictions", "pictures"), "utf-8")
    with pytest.raises(UserError, match="asks for `pictures`; there are predictions"):
        scored([str(strange)], [row("four", "")])


def test_own_metrics_write_nothing_at_home(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_MODULES_CACHE", "HF_METRICS_CACHE", "HF_EVALUATE_CACHE"):
            patch.setattr(f"evaluate.config.{name}", tmp_path / "home")
        assert (
            scored(metrics.own_metrics(), [row("four", "", "four")], Even(2))["metrics"]["perplexity"]["candidate"] == 2
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_own_metrics_write_nothing_in_a_process_of_their_own(tmp_path: Path) -> None:
    code = (
        "from alpaca.evaluation import metrics; names = metrics.own_metrics(); assert len(names) == 4, names\n"
        "row = dict(instruction='a', input='', output='b', candidate='b', reference='c', preference=1.0)\n"
        "print(metrics.headline(metrics.scores(metrics.modules(names), [row], dict(candidate=None, reference=None))))"
    )
    env = os.environ | {"HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert "'exact_match': 1.0, 'exact_match_reference': 0.0" in done.stdout
    assert not list(tmp_path.rglob("*"))


def test_the_scripts_are_ones_that_evaluate_loads(tmp_path: Path) -> None:
    import evaluate

    script = Path(metrics.__file__).parents[1] / "metrics" / "rouge_l.py"
    module = evaluate.load(str(script), cache_dir=str(tmp_path / "cache"))
    assert module.compute(predictions=["a b", "c"], references=["a b", "d"]) == {"rouge_l": 0.5}
