"""Prompts that ask for tasks, and what is read of the replies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from alpaca.errors import UserError
from alpaca.prompts.parsing import BEGINNING, Unusable, parse, parse_json, parse_text
from alpaca.prompts.self_instruct import SCHEMA, as_chat, as_text, block, brief, version
from alpaca.records import Example

GIVEN = [Example(" Name a bird that\ncannot fly. ", "", "The kiwi."), Example("Add them.", "1, 2", "3")]
ODD = [
    "###",
    "\n###\n",
    "### Heading",
    "20.",
    "in 20.",
    "7. Input",
    "\n1. Instruction: do it",
    "```python\nx = 1  ### y\n```",
]
ODD += [
    "\n2. Output: 4",
    "é",
    "猫",
    "🦙",
    "{",
    '{"instruction": "x"}',
    '"',
    "\\",
    "]",
    "<noinput>",
    "Instruction:",
    "\u2028",
]


def test_the_list_is_numbered_on() -> None:
    assert as_text("Brief.", GIVEN, 20) == (
        "Brief.\n\nBelow is a list of 20 such exercises. Each begins after a line with ### alone, and each of its parts has the "
        "exercise's number before it. Where there is no input, it says <noinput>.\n\n"
        "###\n1. Instruction: Name a bird that\ncannot fly.\n1. Input:\n<noinput>\n1. Output:\nThe kiwi.\n"
        "###\n2. Instruction: Add them.\n2. Input:\n1, 2\n2. Output:\n3\n"
        "###\n3. Instruction:"
    )


def test_the_chat_shows_what_is_there_and_asks_for_the_rest() -> None:
    system, user = as_chat("Brief.", GIVEN, 20)
    assert (system.role, system.content) == ("system", "Brief.")
    assert "Write 18 more, numbers 3 to 20" in user.content
    shown = user.content[user.content.index("\n\n{") : user.content.index("\n\nWrite")]
    assert json.loads(shown) == {"tasks": [task.alpaca() for task in GIVEN]}
    assert SCHEMA["properties"]["tasks"]["items"]["required"] == list(GIVEN[0].alpaca())


def test_a_version_names_the_prompt(tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text(" Other words. \n", "utf-8")
    assert brief(mine) == "Other words."
    versions = {version(brief(path), form) for path in (None, mine) for form in ("text", "json")}
    assert len(versions) == 4
    mine.write_text(" \n", "utf-8")
    with pytest.raises(UserError, match="is empty"):
        brief(mine)


def listed(tasks: list[Example], first: int, last_separator: bool = False) -> str:
    """Return the reply that a model gives when it goes on with the list."""
    text = "\n".join(block(number, task) for number, task in enumerate(tasks, first))
    return text.removeprefix(f"###\n{first}. Instruction:") + ("\n###\n" if last_separator else "")


def reasons(parsed: list[Example | Unusable]) -> list[str]:
    return [part.reason for part in parsed if isinstance(part, Unusable)]


def whole(parsed: list[Example | Unusable]) -> list[Example]:
    return [part for part in parsed if isinstance(part, Example)]


@pytest.mark.parametrize(
    ("reply", "read"),
    [
        (" Say hi.\n4. Input:\n<NOINPUT>\n4. Output:\nhi", [Example("Say hi.", "", "hi")]),
        ("4. Instruction: Say hi.\n4. Input: x\n4. Output: hi", [Example("Say hi.", "x", "hi")]),
        ("Sure!\n\n###\n1. Instruction: A.\n1. Input:\n1. Output: b", ["before the first task", Example("A.", "", "b")]),
        (" A.\n4. Input:\n4. Output: b\n5. Instruction: C.\n5. Input:\n5. Output: d", [Example("A.", "", "b"), Example("C.", "", "d")]),
        (" A.\n4. Input:\n4. Output: b\n###\nInstruction: C.\nInput:\nOutput: d", [Example("A.", "", "b"), Example("C.", "", "d")]),
        (" A.\n4. Input:\n4. Output: b\n1. Instruction: c", [Example("A.", "", "b\n1. Instruction: c")]),
        (" A.\n4. Output: b\n### 5. Instruction: C.\n5. Input:\n5. Output: d", ["missing field: input", Example("C.", "", "d")]),
        (" A.\n4. Input:\nb", ["missing field: output"]),
        (" A.\n4. Input:\n4. Output:\n", ["no output"]),
        ("\n4. Input:\n4. Output:\nb", ["no instruction"]),
        (" A.\n4. Input:\n4. Output:\nb\n4. Output:\nc", ["repeated field"]),
        (" A.\n4. Input:\n4. Output:\n\ud800", ["bad field: `output` has half of a surrogate pair, which is no character"]),
        ("", ["missing field: input"]),
    ],
)  # fmt: skip
def test_a_list_is_read(reply: str, read: list[Example | str]) -> None:
    assert [part.reason if isinstance(part, Unusable) else part for part in parse_text(reply, 4, cut=False)] == read


@pytest.mark.parametrize(
    ("reply", "read"),
    [
        ('{"tasks": [{"instruction": "A.", "input": "", "output": "b"}]}', [Example("A.", "", "b")]),
        ('Here:\n```json\n[{"instruction": "A.", "output": "b"}]\n```', [Example("A.", "", "b")]),
        ('{"instruction": "A.", "input": null, "output": "b"}', [Example("A.", "", "b")]),
        ('[{"instruction": "A\\q"}, {"instruction": "C.", "output": "d"}]', ["not JSON", Example("C.", "", "d")]),
        ('{"tasks": [3, {"instruction": "C.", "output": 4}]}', ["not an object: int", "bad field: `output` is not a text but int"]),
        ('[{"instruction": "A.", "output": "line\nbreak"}]', [Example("A.", "", "line\nbreak")]),
        ('{"tasks": []}', []),
        ('{"tasks": ' + "[" * 100_000, ["not JSON"]),
        ("no", ["not JSON"]),
    ],
)  # fmt: skip
def test_json_is_read(reply: str, read: list[Example | str]) -> None:
    assert [part.reason if isinstance(part, Unusable) else part for part in parse_json(reply, cut=False)] == read


texts = st.lists(
    st.one_of(st.sampled_from(ODD), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)),
    max_size=5,
).map(" ".join)
sound = texts.map(str.strip).filter(bool)
tasks = st.lists(st.builds(Example, sound, texts.map(str.strip), sound), min_size=1, max_size=6)


def unmistakable(task: Example, number: int) -> bool:
    """Tell whether no part of a task reads as the list's own marks, which no reader could tell apart."""
    text = f"{task.instruction}\n{task.input}\n{task.output}\n"
    own = [f"{number}. Input:", f"{number}. Output:", f"{number + 1}. Instruction:", f"{number}. Instruction:"]
    apart = [line.strip() for line in task.output.splitlines()]
    return (
        not any(mark in text for mark in own)
        and not any(found["bare"] is None for found in BEGINNING.finditer(text))
        and apart[-1] != "###"
        and task.input.lower() != "<noinput>"
    )


@settings(max_examples=100, deadline=None)
@given(tasks, st.integers(1, 30), st.booleans())
@example(
    [Example("Say when.", "", "It was in 20.\n20. And ### then\n###\n20"), Example("A", "```\n###\n```", "b")], 4, True
)
def test_every_whole_task_of_a_list_is_recovered(tasks: list[Example], first: int, separated: bool) -> None:
    assume(all(unmistakable(task, number) for number, task in enumerate(tasks, first)))
    assert parse_text(listed(tasks, first, separated), first, cut=False) == tasks
    assert parse_text("###\n" + f"{first}. Instruction:" + listed(tasks, first), 4, cut=False) == tasks  # renumbered


@settings(max_examples=100, deadline=None)
@given(tasks, st.integers(1, 30), st.data())
def test_of_a_cut_list_those_are_kept_whose_end_is_seen(tasks: list[Example], first: int, data: st.DataObject) -> None:
    assume(all(unmistakable(task, number) for number, task in enumerate(tasks, first)))
    reply = listed(tasks, first)
    at = data.draw(st.integers(0, len(reply)))
    ends = [
        len(listed(tasks[:count], first)) + len(f"\n###\n{first + count}. Instruction:")
        for count in range(1, len(tasks))
    ]
    parsed = parse_text(reply[:at], first, cut=True)
    assert whole(parsed) == tasks[: sum(end <= at for end in ends)]
    assert reasons(parsed) in (["cut"], ["before the first task", "cut"])  # where the first has a heading in it


@settings(max_examples=100, deadline=None)
@given(tasks, st.data())
def test_of_cut_json_every_closed_object_is_kept(tasks: list[Example], data: st.DataObject) -> None:
    ascii_only = data.draw(st.booleans())
    objects = [json.dumps(task.alpaca(), ensure_ascii=ascii_only) for task in tasks]
    reply = '{"tasks": [' + ", ".join(objects) + "]}"
    at = data.draw(st.integers(0, len(reply)))
    closed = [reply.index("[") + 1 + len(", ".join(objects[:count])) for count in range(1, len(tasks) + 1)]
    wanted = [
        task if task.input.lower() != "<noinput>" else Example(task.instruction, "", task.output) for task in tasks
    ]
    assert whole(parse_json(reply[:at], cut=True)) == wanted[: sum(end <= at for end in closed)]
    assert whole(parse_json(reply, cut=False)) == wanted


@settings(max_examples=60, deadline=None)
@given(tasks, st.sampled_from(["Input", "Output"]), st.integers(0, 5))
def test_a_missing_field_costs_its_task_alone(tasks: list[Example], field: str, which: int) -> None:
    assume(all(unmistakable(task, number) for number, task in enumerate(tasks, 1)))
    which %= len(tasks)
    blocks = [block(number, task) for number, task in enumerate(tasks, 1)]
    blocks[which] = blocks[which].replace(f"\n{which + 1}. {field}:", "\n", 1)
    parsed = parse_text("\n".join(blocks), 1, cut=False)
    assert [part for place, part in enumerate(parsed) if place != which] == [*tasks[:which], *tasks[which + 1 :]]
    assert reasons(parsed) == [f"missing field: {field.lower()}"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.sampled_from([*ODD, "\n###\n4. Instruction:", "\n4. Input:\n", "\n4. Output:\n", '{"tasks": [']), st.text())), st.booleans())  # fmt: skip
def test_no_reply_raises_and_all_of_it_is_told(parts: list[str], cut: bool) -> None:
    reply = "".join(parts)
    for form in ("text", "json"):
        for part in parse(reply, form, 4, cut):  # type: ignore[arg-type]
            assert part.reason if isinstance(part, Unusable) else part.instruction and part.output
