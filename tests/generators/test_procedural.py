from __future__ import annotations

import itertools
import json
import re
from collections import defaultdict

import pytest

from alpaca.generators.procedural import DRAWS, FAMILIES, Procedural, tasks

TRAIN = list(itertools.islice(tasks(0, "train"), 40 * len(FAMILIES)))
BY_FAMILY: dict[str, list[dict[str, str]]] = defaultdict(list)
for _task in TRAIN:
    BY_FAMILY[_task["family"]].append(_task)


def test_there_are_a_dozen_families_and_more_with_several_phrasings_each() -> None:
    assert len(FAMILIES) == len(DRAWS) >= 12
    assert all(len(set(family.phrasings)) >= 4 for family in FAMILIES)
    assert all(len(BY_FAMILY[family.name]) == 40 for family in FAMILIES)


def test_the_same_seed_gives_the_same_tasks_and_another_others() -> None:
    again = list(itertools.islice(tasks(0, "train"), 100))
    assert TRAIN[:100] == again
    assert list(itertools.islice(tasks(1, "train"), 100)) != again


@pytest.mark.parametrize("seeds", [(0, 0), (0, 5), (7, 3)])
def test_nothing_held_out_occurs_in_training(seeds: tuple[int, int]) -> None:
    train = {(t["family"], t["instruction"], t["input"]) for t in itertools.islice(tasks(seeds[0], "train"), 20000)}
    held_out = {
        (t["family"], t["instruction"], t["input"]) for t in itertools.islice(tasks(seeds[1], "held_out"), 2000)
    }
    assert not train & held_out
    with_input = {(family, text) for family, instruction, text in train if text and "{" not in instruction}
    fixed = {
        "quote",
        "reverse",
        "count",
        "largest",
        "long_date",
        "slash_date",
        "email",
        "sentiment",
        "category",
        "as_json",
    }
    assert not {(f, text) for f, _, text in held_out if f in fixed} & {(f, t) for f, t in with_input if f in fixed}


def test_no_task_would_be_filtered_and_some_have_no_input() -> None:
    assert all(4 <= len(task["instruction"].split()) <= 150 and task["output"].strip() for task in TRAIN)
    assert 0.15 < sum(not task["input"] for task in TRAIN) / len(TRAIN) < 0.5
    assert not any(re.search(r"[{}]", task["instruction"]) for task in TRAIN)


def quoted(text: str) -> list[str]:
    return re.findall(r'"([^"]+)"', text)


# Each answer computed a second way, from what the model is shown alone.
CHECKS = {
    "append": lambda t: t["output"].split("\n") == [*t["input"].split("\n"), *quoted(t["instruction"])],
    "prepend": lambda t: t["output"].split("\n") == [*quoted(t["instruction"]), *t["input"].split("\n")],
    "join": lambda t: re.split(r"[;/+-]", t["output"]) == t["input"].split("\n"),
    "quote": lambda t: quoted(t["output"]) == t["input"].split("\n"),
    "item_at": lambda t: t["output"] in t["input"].split("\n"),
    "reverse": lambda t: t["output"].split("\n") == t["input"].split("\n")[::-1],
    "count": lambda t: int(t["output"]) == t["input"].count("\n") + 1,
    "largest": lambda t: int(t["output"]) == max(map(int, t["input"].split("\n"))),
    "long_date": lambda t: t["output"].split()[0::2] == t["input"].split("-")[::-2],
    "slash_date": lambda t: t["output"].split("/") == t["input"].split("-")[::-1],
    "email": lambda t: re.findall(r"<(.+?)>", t["input"]) == [t["output"]],
    "person": lambda t: t["output"] in t["input"],
    "record": lambda t: f":{t['output']}" in t["input"],
    "as_json": lambda t: [str(v) for v in json.loads(t["output"]).values()] == t["input"].split("\n"),
    "initials": lambda t: t["output"] == "".join(f"{n[0]}." for n in quoted(t["instruction"])[0].split()),
    "fill_in": lambda t: all(value in t["output"] for value in quoted(t["instruction"])) and "[" not in t["output"],
    "letter": lambda t: all(value in t["output"] for value in quoted(t["instruction"])),
    "repeat": lambda t: set(t["output"].split("\n")) == set(quoted(t["instruction"])),
}


@pytest.mark.parametrize("family", sorted(CHECKS))
def test_answers_are_right(family: str) -> None:
    wrong = [task for task in BY_FAMILY[family] if not CHECKS[family](task)]
    assert not wrong, wrong[:2]


def test_hours_are_converted_at_every_edge() -> None:
    seen = set()
    for task in itertools.islice((t for t in tasks(0, "train") if t["family"] == "twelve_hours"), 300):
        hour = int(re.findall(r"(\d+):\d+:\d+", task["instruction"])[0])
        seen.add(hour)
        assert task["output"].startswith(f"{(hour - 1) % 12 + 1}:")
        assert task["output"].endswith("AM" if hour < 12 else "PM")
    assert seen == set(range(24))


def test_the_generator_gives_as_many_as_asked_for() -> None:
    generator = Procedural()
    assert [len(batch.kept) for batch in generator.batches([], 50, 0, None)] == [50]
    assert {example.about["family"] for example in generator.held_out(46, 0)} == {family.name for family in FAMILIES}
