from __future__ import annotations

import json
import re
from collections import Counter
from importlib.resources import as_file, files
from pathlib import Path

import pytest
from rouge_score import rouge_scorer

from alpaca.errors import UserError
from alpaca.records import Example, read
from alpaca.seeds.tasks import Bundled, File, SelfInstruct

SEEDS = Bundled().read()


def evaluation_tasks() -> list[Example]:
    with as_file(files("alpaca.assets").joinpath("evaluation_tasks.jsonl")) as path:
        return read(path)[0]


def test_there_are_175_seed_tasks_as_diverse_as_the_original() -> None:
    assert len(SEEDS) == 175
    assert 50 <= sum(not seed.input for seed in SEEDS) <= 65
    assert len({seed.about["category"] for seed in SEEDS}) >= 12
    assert len({seed.instruction.split()[0] for seed in SEEDS}) >= 100
    assert all(seed.output.strip() for seed in SEEDS)


def test_evaluation_tasks_are_many_and_of_other_kinds() -> None:
    tasks = evaluation_tasks()
    assert len(tasks) >= 120
    assert sum(bool(task.output) for task in tasks) >= 60
    assert not {task.about["category"] for task in tasks} & {seed.about["category"] for seed in SEEDS}


def test_no_two_tasks_are_alike() -> None:
    scorer = rouge_scorer.RougeScorer(["rougeL"])
    instructions = [task.instruction for task in [*SEEDS, *evaluation_tasks()]]
    assert max(Counter(instructions).values()) == 1
    for number, instruction in enumerate(instructions[::7]):
        others = instructions[: number * 7]
        assert all(scorer.score(other, instruction)["rougeL"].fmeasure <= 0.7 for other in others)


def test_a_file_that_is_not_self_instructs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "seed_tasks.jsonl").write_text('{"instruction": "a", "output": "b"}\n', "utf-8")
    with pytest.raises(UserError, match="sha256"):
        SelfInstruct(tmp_path / "seed_tasks.jsonl")


def test_a_file_of_ones_own_gives_seeds_and_says_what_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "mine.jsonl"
    rows = [
        {"id": "mine_1", "instruction": "Name a colour.", "input": "", "output": "red"},
        {"instruction": "Name a colour.", "output": "blue"},
        {"instruction": "Add.", "instances": [{"input": "1, 2", "output": "3"}, {"input": "2, 2", "output": "4"}]},
        {"instruction": "Say nothing.", "output": ""},
        {"output": "of no task"},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    tasks = File(file).read()
    assert [(task.instruction, task.input) for task in tasks] == [
        ("Name a colour.", ""),
        ("Add.", "1, 2"),
        ("Add.", "2, 2"),
    ]
    assert re.search(r"3 of .*mine\.jsonl left out: .*`instruction` is missing", caplog.text)
    file.write_text(json.dumps(rows[3]), "utf-8")
    with pytest.raises(UserError, match="has an output"):
        File(file).read()


@pytest.mark.real_data
def test_self_instructs_own_file_is_read(real_data: Path) -> None:
    tasks = SelfInstruct(real_data / "self_instruct_seed_tasks.jsonl").read()
    assert len(tasks) == 175
    assert tasks[0].about["name"] == "breakfast_suggestion"
