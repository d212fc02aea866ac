"""Tasks of lm-evaluation-harness on a small model: a local task file, without a network. Needs lm-eval."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from small import EXAMPLES, SMALL, tokenizer

from alpaca.errors import UserError
from alpaca.evaluation.harness import Harness, headline
from alpaca.llms.huggingface import HuggingFace

TASK = """
task: opposites
dataset_path: json
dataset_kwargs: {data_files: {test: DATA}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{instruction}}"
doc_to_choice: ["red", "twelve"]
doc_to_target: "{{output}}"
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
metadata: {version: 2}
"""


def harness(task: Path | str, **changes: object) -> Harness:
    options = {"sides": ["candidate"], "num_fewshot": None, "limit": None, "batch_size": 4, "chat_template": False}
    return Harness(tasks=[str(task)], **options | changes)  # type: ignore[arg-type]


@pytest.fixture
def model(tmp_path: Path) -> HuggingFace:
    words = tokenizer(tmp_path)
    network = SMALL.network(words, seed=0)
    network.save_pretrained(tmp_path / "model")
    words.save_pretrained(tmp_path / "model")
    return HuggingFace(tmp_path / "model", batch_size=4, max_new_tokens=4, temperature=0, top_p=1.0)


@pytest.fixture
def task(tmp_path: Path) -> Path:
    pytest.importorskip("lm_eval", reason="lm-eval is not installed")
    rows = [{"instruction": f"{each.instruction} {n}", "output": n % 2} for n, each in enumerate(EXAMPLES)]
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    path = tmp_path / "opposites.yaml"
    path.write_text(TASK.replace("DATA", str(data)), "utf-8")
    return path


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_local_task_is_scored_on_both_models(model: HuggingFace, task: Path) -> None:
    models = {"candidate": model, "reference": model}
    runs = harness(task, sides=["candidate", "reference"], limit=4)
    runs.check(models)
    found = runs.scores(models)
    entry = found["tasks"]["opposites"]
    assert (entry["version"], entry["num_fewshot"], entry["examples"]) == (2, 0, 4)
    score = entry["scores"]["acc"]["candidate"]
    assert score["value"] in (0, 0.25, 0.5, 0.75, 1)
    assert score == entry["scores"]["acc"]["reference"]
    assert headline(found)["harness"]["opposites"] == {"acc": score["value"], "acc_stderr": score["stderr"]}
    assert set(headline(found)) == {"harness", "harness_reference"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_task_that_there_is_not_is_one_line(model: HuggingFace, task: Path) -> None:
    with pytest.raises(UserError, match=r"unknown task `hellaswagg` in harness.tasks; did you mean `hellaswag`"):
        harness("hellaswagg").check({"candidate": model})
    broken = task.with_name("broken.yaml")
    broken.write_text("task: broken\ndataset_path: json\ndataset_kwargs: {data_files: none.jsonl}\n", "utf-8")
    with pytest.raises(UserError, match=r"harness.tasks: \w+: .*"):
        harness(broken).scores({"candidate": model})


def test_it_runs_on_local_models_only() -> None:
    with pytest.raises(UserError, match="harness=lm_eval runs on local models, and candidate is none"):
        harness("hellaswag").check({"candidate": object()})


@pytest.mark.skipif(importlib.util.find_spec("lm_eval") is not None, reason="lm-eval is installed")
def test_without_the_extra_it_says_which(model: HuggingFace) -> None:
    with pytest.raises(UserError, match=r"pip install 'alpaca-framework\[harness\]'"):
        harness("hellaswag").check({"candidate": model})
