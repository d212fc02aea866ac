"""The one record that every stage reads and writes: Alpaca's instruction, input and output.

Files come in as JSON (a list of rows) or JSONL (a row a line). A row is Alpaca's own, or Self-Instruct's with its
`instances`, each of which makes an example. Other fields of a row (a family, a category, an id) stay beside the example.
Training takes chats too (rows with `messages`), in the same file or another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from alpaca.errors import UserError

SURROGATE: Final = re.compile("[\ud800-\udfff]")
ROLES: Final = ("system", "user", "assistant")


@dataclass(frozen=True)
class Example:
    """One task with its answer; `about` tells where it came from and is no part of it."""

    instruction: str
    input: str
    output: str
    about: dict[str, Any] = field(default_factory=dict, compare=False)

    def alpaca(self) -> dict[str, str]:
        """Return the three fields of `alpaca_data.json`, in its order."""
        return {"instruction": self.instruction, "input": self.input, "output": self.output}

    def row(self) -> dict[str, Any]:
        """Return the three fields and what is known about them."""
        return self.alpaca() | self.about | self.alpaca()

    def texts(self) -> list[str]:
        """Return the texts that a tokenizer can be learned from."""
        return [text for text in self.alpaca().values() if text]


class Turn(NamedTuple):
    role: str
    content: str


@dataclass(frozen=True)
class Conversation:
    """A chat with at least one turn of the assistant, each with some content; `about` and `where` are no part of it."""

    turns: tuple[Turn, ...]
    about: dict[str, Any] = field(default_factory=dict, compare=False)
    where: str = field(default="", compare=False)

    def messages(self) -> list[dict[str, str]]:
        """Return the turns as a tokenizer's chat template takes them."""
        return [{"role": turn.role, "content": turn.content} for turn in self.turns]

    def texts(self) -> list[str]:
        """Return the texts that a tokenizer can be learned from."""
        return [turn.content for turn in self.turns if turn.content]


Record = Example | Conversation
R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class BadRow:
    """A row that makes no example, with the place and the reason."""

    where: str
    reason: str
    row: Any

    def rejected(self) -> dict[str, Any]:
        """Return the row as files of rejected rows hold it."""
        return {"reason": f"bad row: {self.reason}", "where": self.where, "row": self.row}


def read(path: Path) -> tuple[list[Example], list[BadRow]]:
    """Read a file of examples; rows that make none, chats among them, are set aside.

    Raises UserError where the file is missing, is not JSON or JSONL, or has no usable row.
    """
    return _read(path, lambda row, _: _examples(row))


def read_with_chats(path: Path) -> tuple[list[Record], list[BadRow]]:
    """Read a file of examples and conversations, in any mixture; otherwise as `read`."""
    return _read(path, _records)


def _read(path: Path, parse: Callable[[Any, str], Iterable[R]]) -> tuple[list[R], list[BadRow]]:
    records: list[R] = []
    bad: list[BadRow] = []
    for where, row in _rows(path):
        try:
            records += parse(json.loads(row) if isinstance(row, str) else row, where)
        except (ValueError, RecursionError) as problem:
            bad.append(BadRow(where, str(problem), row))
    if not records:
        why = f"; the first row ({bad[0].where}): {bad[0].reason}" if bad else ""
        raise UserError(f"{path} has no usable example{why}")
    return records, bad


def _rows(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield each row with its place: parsed for JSON, as its line of text for JSONL."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as problem:
        raise UserError(f"cannot read {path}: {problem.strerror}") from problem
    except UnicodeDecodeError as problem:
        raise UserError(f"{path} is not UTF-8 text: byte {problem.start}") from problem
    if text.lstrip().startswith("["):
        try:
            rows = json.loads(text)
        except (ValueError, RecursionError) as problem:
            raise UserError(f"{path} is not JSON: {problem}") from problem
        yield from ((f"{path}[{index}]", row) for index, row in enumerate(rows))
    else:
        yield from ((f"{path}:{number}", line) for number, line in enumerate(text.split("\n"), 1) if line.strip())


def _examples(row: Any) -> Iterable[Example]:
    """Make the examples of one row, or raise ValueError with the reason why it makes none."""
    if not isinstance(row, dict):
        raise ValueError(f"a row must be an object, not {type(row).__name__}")
    if _is_chat(row):
        raise ValueError("a chat (`messages`); this stage takes Alpaca's fields: instruction, input, output")
    row = dict(row)
    instruction = text_of(row.pop("instruction", None), "instruction")
    if not instruction.strip():
        raise ValueError("`instruction` is empty")
    if "instances" not in row:
        return [
            Example(
                instruction, text_of(row.pop("input", ""), "input"), text_of(row.pop("output", None), "output"), row
            )
        ]
    instances = row.pop("instances")
    if not isinstance(instances, list) or not instances or not all(isinstance(i, dict) for i in instances):
        raise ValueError("`instances` is not a list of objects")
    return [
        Example(instruction, text_of(i.get("input", ""), "input"), text_of(i.get("output"), "output"), row)
        for i in instances
    ]


def _records(row: Any, where: str) -> Iterable[Record]:
    return [_conversation(dict(row), where)] if isinstance(row, dict) and _is_chat(row) else _examples(row)


def _is_chat(row: dict[str, Any]) -> bool:
    return "messages" in row and "instruction" not in row


def _conversation(row: dict[str, Any], where: str) -> Conversation:
    """Make a conversation of a row, or raise ValueError with the reason why it makes none."""
    messages = row.pop("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise ValueError("`messages` is not a list of objects")
    turns = tuple(Turn(_role(message), text_of(message.get("content"), "content")) for message in messages)
    answers = [turn.content for turn in turns if turn.role == "assistant"]
    if not answers:
        raise ValueError("`messages` has no turn of the assistant, so there is nothing to learn")
    if not all(answer.strip() for answer in answers):
        raise ValueError("`content` of a turn of the assistant is empty")
    return Conversation(turns, row, where)


def _role(message: dict[str, Any]) -> str:
    role = text_of(message.get("role"), "role")
    if role not in ROLES:
        raise ValueError(f"`role` is {role!r}; known are {', '.join(ROLES)}")
    return role


def text_of(value: Any, name: str) -> str:
    """Return the value of a field if it is a text; raises ValueError, with the reason, where it is none."""
    if value is None:
        raise ValueError(f"`{name}` is missing")
    if not isinstance(value, str):
        raise ValueError(f"`{name}` is not a text but {type(value).__name__}")
    if not value.isprintable() and SURROGATE.search(value):
        raise ValueError(f"`{name}` has half of a surrogate pair, which is no character")
    return value
