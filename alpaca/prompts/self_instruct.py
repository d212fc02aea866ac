"""What asks a language model for new tasks, as Self-Instruct and Alpaca do: pure functions.

A prompt is a brief (`assets/self_instruct.txt`, or the user's own file), some tasks that are there already, numbered from 1,
and the beginning of the next. It comes in two formats: a numbered list, which a completion model continues, and turns of a
chat with a JSON schema for the reply. What comes back is read by `parsing`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

from alpaca.errors import UserError
from alpaca.records import Example, Turn

Format = Literal["text", "json"]

SEPARATOR: Final = "###"
NO_INPUT: Final = "<noinput>"
TEXT_FORM: Final = (
    "Below is a list of {total} such exercises. Each begins after a line with {separator} alone, and each of its parts has the "
    "exercise's number before it. Where there is no input, it says {no_input}."
)
CHAT_FORM: Final = (
    "Here are {given} such exercises, as JSON:\n\n{shown}\n\nWrite {new} more, numbers {first} to {total} of the collection, as a "
    'JSON object of the same form: {{"tasks": [{{"instruction": ..., "input": ..., "output": ...}}, ...]}}. Where there is no '
    "input, give an empty text."
)
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "tasks": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {field: {"type": "string"} for field in ("instruction", "input", "output")},
                "required": ["instruction", "input", "output"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["tasks"],
    "additionalProperties": False,
}
"""What a reply in the format `json` must be; strict enough for structured outputs."""


def brief(path: Path | None) -> str:
    """Return the text of the user's file, or the project's own. Raises UserError for a file with nothing in it."""
    if path is None:
        return files("alpaca.assets").joinpath("self_instruct.txt").read_text("utf-8").strip()
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise UserError(f"generator.prompt: cannot read {path} as UTF-8 text: {problem}") from problem
    if not text:
        raise UserError(f"generator.prompt: {path} is empty")
    return text


def version(text: str, form: Format) -> str:
    """Name a brief in a format by what its prompts are made of, so that two prompts never share a version."""
    content = json.dumps([text, TEXT_FORM if form == "text" else CHAT_FORM, SCHEMA if form == "json" else None])
    return f"{form}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def as_text(text: str, given: Sequence[Example], total: int) -> str:
    """Render a list of `total` tasks of which those `given` stand there; it ends where the model is to go on."""
    form = TEXT_FORM.format(total=total, separator=SEPARATOR, no_input=NO_INPUT)
    blocks = [block(number, example) for number, example in enumerate(given, 1)]
    return "\n".join([text, "", form, "", *blocks, SEPARATOR, f"{len(given) + 1}. Instruction:"])


def block(number: int, example: Example) -> str:
    """Render one task of the numbered list, the separator before it."""
    return (
        f"{SEPARATOR}\n{number}. Instruction: {example.instruction.strip()}\n"
        f"{number}. Input:\n{example.input.strip() or NO_INPUT}\n"
        f"{number}. Output:\n{example.output.strip()}"
    )


def as_chat(text: str, given: Sequence[Example], total: int) -> tuple[Turn, ...]:
    """Render the turns that ask for the rest of `total` tasks as an object of `SCHEMA`."""
    shown = json.dumps({"tasks": [example.alpaca() for example in given]}, ensure_ascii=False, indent=1)
    count = len(given)
    ask = CHAT_FORM.format(given=count, shown=shown, new=total - count, first=count + 1, total=total)
    return Turn("system", text), Turn("user", ask)
