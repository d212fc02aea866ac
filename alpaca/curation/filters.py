"""Filters: each looks at one example and gives the reason why it is unfit, or None.

Alpaca's are those of stanford_alpaca's generate_instruction.py (post_process_gpt3_response).
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from annotated_types import MinLen
from pydantic import NonNegativeInt, PositiveInt

from alpaca.errors import UserError
from alpaca.records import Example

Filter = Callable[[Example], str | None]


def objection(example: Example, filters: Mapping[str, Filter]) -> dict[str, Any] | None:
    """Return the first filter's reason against an example, or None."""
    return next(({"reason": reason} for check in filters.values() if (reason := check(example))), None)


@dataclass(frozen=True)
class InstructionLength:
    """The instruction has from `least` to `most` words."""

    least: NonNegativeInt
    most: PositiveInt

    def __post_init__(self) -> None:
        if self.least > self.most:
            raise UserError(f"filters.length: no instruction has at least {self.least} and at most {self.most} words")

    def __call__(self, example: Example) -> str | None:
        words = len(example.instruction.split())
        if words < self.least:
            return "instruction too short"
        return "instruction too long" if words > self.most else None


@dataclass(frozen=True)
class Keywords:
    """The instruction has none of these words, which ask for what a language model cannot see or make."""

    words: Sequence[Annotated[str, MinLen(1)]]

    def __call__(self, example: Example) -> str | None:
        found = self._pattern.search(example.instruction) if self.words else None
        return f"keyword: {found[0].lower()}" if found else None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, self.words))})(?!\w)", re.IGNORECASE)


@dataclass(frozen=True)
class Opening:
    """The instruction does not begin with one of these phrases."""

    phrases: Sequence[Annotated[str, MinLen(1)]]

    def __call__(self, example: Example) -> str | None:
        found = next((phrase for phrase in self.phrases if example.instruction.startswith(phrase)), None)
        return f"opening: {found}" if found else None


@dataclass(frozen=True)
class FirstCharacter:
    """The instruction begins with an ASCII character that is no punctuation."""

    def __call__(self, example: Example) -> str | None:
        first = example.instruction[:1]
        if first in string.punctuation:
            return "begins with punctuation"
        return None if first.isascii() else "begins with a non-ASCII character"


@dataclass(frozen=True)
class HasOutput:
    """The output is not empty."""

    def __call__(self, example: Example) -> str | None:
        return None if example.output.strip() else "no output"
