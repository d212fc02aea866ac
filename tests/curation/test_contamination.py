from __future__ import annotations

import json
from pathlib import Path

import pytest

from alpaca.analysis.page import Nothing as NoAnalysis
from alpaca.composition import compose, instantiated
from alpaca.curate import curate
from alpaca.curation.contamination import Against, bundled
from alpaca.curation.rouge import Everything
from alpaca.errors import UserError
from alpaca.records import Example
from alpaca.seeds.tasks import Bundled

TASKS = [
    {"instruction": "Explain what a Dyson sphere is to a child.", "input": "", "output": "A shell around a star."},
    {
        "instruction": "Rewrite the sentence.",
        "input": "The quick brown fox jumps over the lazy dog near the old river bank.",
    },
    {"instruction": "Sing!", "input": "", "output": "La."},
]


@pytest.fixture
def against(tmp_path: Path) -> Against:
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps([{"output": "x"} | task for task in TASKS]), "utf-8")
    return Against(False, [path], n=8, rouge=0.7, overlap=0.65, least=2)


@pytest.mark.parametrize(
    ("instruction", "given_input", "method", "task"),
    [
        ("Copy this:", "Yesterday the quick brown fox jumps over the lazy dog, they said.", "8 words in a row", 1),
        ("EXPLAIN what a Dyson sphere is - to a child", "", "8 words in a row", 0),
        ("Explain what a Dyson sphere is to any child.", "", "ROUGE-L", 0),
        ("Tell a child, please, about the Dyson sphere.", "", "content words", 0),
        ("Sing", "", "8 words in a row", 2),
    ],
)
def test_a_task_given_away_is_named(
    against: Against, instruction: str, given_input: str, method: str, task: int
) -> None:
    found = against.match(Example(instruction, given_input, ""))
    assert found is not None
    assert (found["method"], found["task"]["instruction"], found["set"]) == (
        method,
        TASKS[task]["instruction"],
        "tasks.json",
    )


@pytest.mark.parametrize(
    "instruction",
    ["Sing a song about the sea.", "Explain what a hedge fund is to a banker.", "Rewrite the sentence.", "?"],
)
def test_other_tasks_are_not(against: Against, instruction: str) -> None:
    assert against.match(Example(instruction, "", "")) is None


def test_every_bundled_task_is_found_verbatim() -> None:
    guard = instantiated(compose("curate", ["decontamination=against"]))["decontamination"]
    assert all(guard.match(task) for task in bundled())


def test_pairs_are_shown(against: Against, tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    rows = [TASKS[0], {"instruction": "Name a fruit.", "input": "", "output": "Fig."}]
    data.write_text(json.dumps(rows), "utf-8")
    outcome = curate(
        "run", tmp_path, data, {}, {}, against, Everything(), None, None, Bundled(), NoAnalysis(), None, []
    )
    assert outcome.results["reasons"] == {"contaminated": 1}
    (pair,) = (tmp_path / "run" / "curate" / "contaminated.jsonl").read_text("utf-8").splitlines()
    assert json.loads(pair)["task"] == TASKS[0]


def test_a_file_that_is_missing_is_the_users_mistake() -> None:
    from alpaca.composition import checked
    from alpaca.stage import function

    config = compose("curate", ["decontamination=against", "decontamination.files=[nowhere.json]"])
    with pytest.raises(UserError, match=r"no file or folder nowhere\.json"):
        checked(function("curate"), config | {"data": __file__}, made_later=[Path("outputs")])


def test_nothing_to_compare_with_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="decontamination=against has nothing to compare with"):
        Against(False, [], n=8, rouge=0.7, overlap=0.65, least=2)
    empty = tmp_path / "tasks.json"
    empty.write_text('[{"task": "Sing!"}]', "utf-8")
    with pytest.raises(UserError, match=r"tasks\.json has no usable example"):
        Against(True, [empty], n=8, rouge=0.7, overlap=0.65, least=2).precheck()
