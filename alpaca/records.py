"""The one record that every stage reads and writes: Alpaca's instruction, input and output.

Rows come through any door (`alpaca.doors`). A row is Alpaca's own, or Self-Instruct's with its `instances`, each of which
makes an example, or a chat with its `messages`. Other fields of a row (a family, a category, an id) stay beside the example.

Where examples are wanted, a chat of one question and its answer is one: the user's turn is the instruction, and a system's
turn stays beside it as `system`. A longer chat is set aside, since its later turns mean nothing without the earlier ones.
Training takes chats as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from alpaca.doors.rows import rows
from alpaca.errors import UserError
from alpaca.files import write_jsonl
from alpaca.log import logger

ROLES: Final = ("system", "user", "assistant")
BAD_ROWS: Final = "bad_rows.jsonl"
TOLD: Final = 3  # bad rows that a warning tells of


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


def stream(path: Path) -> Iterator[Example | BadRow]:
    """Yield the examples of a file, folder or hub id as they come, and what makes none with its place and reason.

    Raises UserError where the file is missing or cannot be read at all.
    """
    yield from _stream(path, lambda row, _: examples_of(row))


def read(path: Path) -> tuple[list[Example], list[BadRow]]:
    """Read all that `stream` yields; raises UserError where there is no usable row."""
    return _gathered(path, stream(path))


def read_tasks(path: Path) -> tuple[list[Example], list[BadRow]]:
    """Read tasks, of which one without an output has an empty one; otherwise as `read`."""
    return _gathered(path, _stream(path, lambda row, _: examples_of(_with_output(row))))


def read_with_chats(path: Path) -> tuple[list[Record], list[BadRow]]:
    """Read a file of examples and conversations, in any mixture; otherwise as `read`."""
    return _gathered(path, _stream(path, _records))


def set_aside(folder: Path, bad: Sequence[BadRow]) -> None:
    """Write rows that make no example to `BAD_ROWS` in a stage's folder, and warn where there are some."""
    write_jsonl(folder / BAD_ROWS, (row.rejected() for row in bad))
    if bad:
        first = "; ".join(f"{row.where}: {row.reason}" for row in bad[:TOLD])
        more = f"; and {len(bad) - TOLD:,} more" if len(bad) > TOLD else ""
        count = f"{len(bad):,} bad row{'s' if len(bad) > 1 else ''}"
        logger.warning("%s: %s set aside in %s: %s%s", folder.name, count, BAD_ROWS, first, more)


def _stream(path: Path, parse: Callable[[Any, str], Iterable[R]]) -> Iterator[R | BadRow]:
    for where, row, problem in rows(path):
        if problem is not None:
            yield BadRow(where, problem, row)
            continue
        try:
            yield from parse(row, where)
        except ValueError as reason:
            yield BadRow(where, str(reason), row)


def _gathered(path: Path, found: Iterable[R | BadRow]) -> tuple[list[R], list[BadRow]]:
    records: list[R] = []
    bad: list[BadRow] = []
    for each in found:
        if isinstance(each, BadRow):
            bad.append(each)
        else:
            records.append(each)
    if not records:
        why = f"; the first row ({bad[0].where}): {bad[0].reason}" if bad else ""
        raise UserError(f"{path} has no usable example{why}")
    return records, bad


def examples_of(row: Any) -> Iterable[Example]:
    """Make the examples of one row, or raise ValueError with the reason why it makes none."""
    if not isinstance(row, dict):
        raise ValueError(f"a row must be an object, not {type(row).__name__}")
    row = dict(row)
    if _is_chat(row):
        return [_only_turn(_conversation(row, ""))]
    instruction = text_of(row.pop("instruction", None), "instruction")
    if not instruction.strip():
        raise ValueError("`instruction` is empty")
    if "instances" not in row:
        return [_example(instruction, row.pop("input", None), row.pop("output", None), row)]
    instances = row.pop("instances")
    if not isinstance(instances, list) or not instances or not all(isinstance(i, dict) for i in instances):
        raise ValueError("`instances` is not a list of objects")
    return [_example(instruction, i.get("input"), i.get("output"), row) for i in instances]


def _example(instruction: str, given: Any, output: Any, about: dict[str, Any]) -> Example:
    """Make an example; a task without an input, or with null, has an empty one."""
    return Example(instruction, text_of("" if given is None else given, "input"), text_of(output, "output"), about)


def _with_output(row: Any) -> Any:
    """Give an empty output to a row of Alpaca's that has none, or null."""
    is_task = isinstance(row, dict) and "instruction" in row and "instances" not in row
    return row | {"output": ""} if is_task and row.get("output") is None else row


def _only_turn(chat: Conversation) -> Example:
    """Make an example of a question and its answer, or raise ValueError."""
    before = [turn.content for turn in chat.turns if turn.role == "system"]
    roles = [turn.role for turn in chat.turns]
    if roles not in (["user", "assistant"], ["system", "user", "assistant"]):
        raise ValueError(
            f"a chat of {len(roles)} turns ({', '.join(roles[:4])}, ...); only one question and its answer make an example"
        )
    question, answer = chat.turns[-2:]
    if not question.content.strip():
        raise ValueError("`content` of the user's turn is empty")
    return Example(question.content, "", answer.content, chat.about | ({"system": before[0]} if before else {}))


def _records(row: Any, where: str) -> Iterable[Record]:
    return [_conversation(dict(row), where)] if isinstance(row, dict) and _is_chat(row) else examples_of(row)


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
    if "\0" in value:
        raise ValueError(f"`{name}` has a null character")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError(f"`{name}` has half of a surrogate pair, which is no character") from None
    return value
