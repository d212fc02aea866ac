"""Read the tasks in a language model's reply to a prompt of `self_instruct`.

Every whole task of any reply is recovered, each other is given back with its reason, and nothing here raises. A task is whole
where its end is seen: in the numbered list by the beginning of the next one or by the end of a reply that was not cut, in JSON
by the brace that closes it. So what a length limit has cut is never taken for an answer, and no stop string is needed.

In the list a task begins with "7. Instruction:" at the start of a line, after a line of "###" alone; models forget one or the
other, so either the separator or the next number is enough. Other "###", and other numbers, are part of what they stand in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from alpaca.prompts.self_instruct import NO_INPUT, Format
from alpaca.records import Example, text_of

NUMBER: Final = r"[0-9]{1,6}"
BEGINNING: Final = re.compile(
    rf"^[ \t]*(?:\#\#\#\s*(?P<apart>{NUMBER})\.|\#\#\#[ \t]*\n\s*|(?P<bare>{NUMBER})\.)[ \t]*Instruction:", re.MULTILINE
)
FIELDS: Final = "(?:Input|Output)"
SEPARATOR_AT_END: Final = re.compile(r"\n[ \t]*###\s*\Z")
ARRAY: Final = re.compile(r'\{\s*"tasks"\s*:\s*\[|\[(?=\s*\{)|(?=\{)')
OBJECT: Final = re.compile(r'\{\s*"(?:instruction|input|output)"')
BETWEEN: Final = re.compile(r"[\s,]*")
DECODER: Final = json.JSONDecoder(strict=False)


@dataclass(frozen=True)
class Unusable:
    """A part of a reply that is no whole task, and why."""

    reason: str
    text: str

    def row(self) -> dict[str, str]:
        """Return it as files of rejected rows hold it."""
        return {"reason": self.reason, "text": self.text}


Parsed = list[Example | Unusable]


def parse(reply: str, form: Format, first: int, cut: bool) -> Parsed:
    """Return the tasks of a reply, in its order; the list that the prompt began goes on with task number `first`.

    `cut` says that the reply ended because it was as long as it may be.
    """
    return parse_text(reply, first, cut) if form == "text" else parse_json(reply, cut)


def parse_text(reply: str, first: int, cut: bool) -> Parsed:
    """Read a numbered list; the reply goes on after "`first`. Instruction:", or begins with a heading of its own."""
    lead = _lead(reply, first)
    reply = f"{first}. Instruction:{reply}" if lead is None else reply[len(lead) :]
    items = _items(reply)
    parsed: Parsed = [Unusable("before the first task", lead)] if lead and lead.strip() else []
    for number, text in items[:-1]:
        parsed.append(_fields(number, text))
    number, text = items[-1]
    return [*parsed, Unusable("cut", text) if cut else _fields(number, SEPARATOR_AT_END.sub("", text))]


def parse_json(reply: str, cut: bool) -> Parsed:
    """Read an object of `SCHEMA`, or a list of tasks, wherever in the reply it begins."""
    return [
        _task(value, text) if sound else Unusable("cut" if cut else "not JSON", text)
        for text, value, sound in _values(reply)
    ]


def _lead(reply: str, first: int) -> str | None:
    """Return what stands before a reply's first heading; None for a reply that goes on after the heading of the prompt.

    A heading is the reply's own where the labels of its number come before those of the prompt's.
    """
    heading = BEGINNING.search(reply)
    if heading is None:
        return None
    number = heading["apart"] or heading["bare"] or ""
    prompts = [label.start() for label in _labels(str(first), FIELDS, reply)]
    if prompts and prompts[0] < heading.start():
        return None
    own = [label.start() for label in _labels(number, FIELDS, reply) if label.start() > heading.start()]
    goes_on = prompts and number != str(first) and (not own or prompts[0] < own[0])
    return None if goes_on else reply[: heading.start()]


def _items(text: str) -> list[tuple[str, str]]:
    """Return the number of each task in a list, empty for one that has none, and what follows its heading; at least one."""
    headings: list[re.Match[str]] = []
    number = 0
    for heading in BEGINNING.finditer(text):
        if not headings or heading["bare"] is None or int(heading["bare"]) == number + 1:
            headings.append(heading)
            number = int(heading["apart"] or heading["bare"] or number + 1)
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    return [(h["apart"] or h["bare"] or "", text[h.end() : end]) for h, end in zip(headings, ends, strict=True)]


def _labels(number: str, field: str, text: str) -> list[re.Match[str]]:
    """Find a field's label at the start of lines: "7. Input:", or without the number where the task has none."""
    before = rf"{number}\.[ \t]*" if number else rf"(?:{NUMBER}\.[ \t]*)?"
    return list(re.finditer(rf"^[ \t]*{before}{field}:", text, re.MULTILINE))


def _fields(number: str, text: str) -> Example | Unusable:
    """Take apart one task of the list, after its heading."""
    inputs = _labels(number, "Input", text)
    if not inputs:
        return Unusable("missing field: input", text)
    outputs = _labels(number, "Output", text[inputs[0].end() :])
    if not outputs:
        return Unusable("missing field: output", text)
    if len(inputs) + len(outputs) > 2:
        return Unusable("repeated field", text)
    rest = text[inputs[0].end() :]
    return _whole(text[: inputs[0].start()], rest[: outputs[0].start()], rest[outputs[0].end() :], text)


def _task(value: Any, text: str) -> Example | Unusable:
    """Make a task of one value of the list in a JSON reply."""
    if not isinstance(value, dict):
        return Unusable(f"not an object: {type(value).__name__}", text)
    return _whole(value.get("instruction"), value.get("input") or "", value.get("output"), text)


def _whole(instruction: Any, input: Any, output: Any, text: str) -> Example | Unusable:
    try:
        instruction = text_of(instruction, "instruction").strip()
        input, output = text_of(input, "input").strip(), text_of(output, "output").strip()
    except ValueError as problem:
        return Unusable(f"bad field: {problem}", text)
    if not instruction or not output:
        return Unusable("no output" if instruction else "no instruction", text)
    return Example(instruction, "" if input.lower() == NO_INPUT else input, output)


def _values(reply: str) -> Iterator[tuple[str, Any, bool]]:
    """Yield the text and value of each member of the list in a reply, and whether it is sound; if not it has no value."""
    start = ARRAY.search(reply)
    if start is None:
        yield reply, None, False
        return
    position = _after(BETWEEN, reply, start.end())
    while position < len(reply) and reply[position] != "]":
        try:
            value, end = DECODER.raw_decode(reply, position)
            yield reply[position:end], value, True
        except (ValueError, RecursionError):
            again = OBJECT.search(reply, position + 1)
            end = again.start() if again else len(reply)
            yield reply[position:end], None, False
        position = _after(BETWEEN, reply, end)


def _after(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found else position
