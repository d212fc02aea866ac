"""A task whose answer can be computed, that answer, and whether an output states another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from alpaca.curation.calculations import NUMBER, agrees, number
from alpaca.curation.prose import any_of, words
from alpaca.curation.quantities import DIGITS, in_digits

VALUE = r"[-−]?[$€£]?\d[\d,]*(?:\.\d+)?"
FINAL = any_of(
    r"\b(?:answer|result|solution|total|sum|so|therefore|thus|hence)\b[^.\n]*?"
    rf"(?:\b(?:is|are|equals?)|=|:) ?[*$€£]*({NUMBER})(?= ?[%°]?\w{{0,12}} ?\w{{0,12}}\W*(?:\n|$))",
)
LONG = 60  # words of an output of which each number is read as an answer


COUNTED = any_of(
    r"\b(?:two|three|four|five|six|seven|eight|ten) (?=(?:given |following )?(?:num|val|int|frac|term|side|score))"
)
INDEX = re.compile(r"(?<=[a-z] )\d(?= ?= ?[$€£]?\d|: [$€£]?\d)|(?<=[a-z])\d(?= ?= ?\d)")  # side 1 = 23


@dataclass(frozen=True)
class Task:
    """A task as one text, also with signs for its words of calculation."""

    instruction: str
    input: str

    @cached_property
    def text(self) -> str:
        return f"{self.instruction.strip()}\n{self.input.strip()}".strip()

    @cached_property
    def digits(self) -> str:
        return in_digits(INDEX.sub("", COUNTED.sub("", self.text)))

    @cached_property
    def numbers(self) -> list[Fraction]:
        return [number(found) for found in re.findall(DIGITS, self.digits)]


@dataclass(frozen=True)
class Answer:
    """Values of which one is right, each within `near` percent, and what they answer."""

    values: tuple[Fraction, ...]
    near: int = 0
    label: str = ""
    repeated: re.Pattern[str] | None = None  # what an output may repeat of the task, with numbers that are no answer

    def holds(self, stated: str) -> bool:
        value = number(stated)
        return any(
            agrees(right, stated) or agrees(abs(right), stated) or abs(right - value) * 100 <= self.near * abs(right)
            for right in self.values
        )

    def __str__(self) -> str:
        value = self.values[0]
        return self.label + (str(value) if value.denominator == 1 else f"{float(value):.6g}")


def wrong(answer: Answer, output: str, task: Task) -> bool:
    """Tell whether an output states another value: as its final one, or in that none of its numbers is right."""
    output = answer.repeated.sub(" ", output) if answer.repeated else output
    stated = stated_numbers(output)
    if not stated:
        return False
    finals = [found[1] for found in FINAL.finditer(output)]
    short = len(words(output)) <= LONG
    if finals and short and not answer.holds(finals[-1].lstrip("+$€£")):
        return True
    right = [text for text in stated if answer.holds(text)]
    echoed = short and any(value in task.numbers for value in answer.values)
    return not right or (echoed and not answer.holds(stated[-1]) and not finals)


MIXED = re.compile(r"\b(\d+) (\d+)/([1-9]\d*)\b")


def stated_numbers(output: str) -> list[str]:
    """Return the numbers of an output, without those in lists of three or more where there are others."""
    listless = re.sub(rf"(?:{VALUE}(?:, ?|,? and | < | ≤ | → )){{2,}}{VALUE}", " ", output)
    for text in (listless, output):
        text = MIXED.sub(lambda found: str(int(found[1]) + Fraction(int(found[2]), int(found[3]))), text)
        numbers = [
            found.rstrip(",.") for found in re.findall(r"(?<![\w.,])[-−]?\d[\d,]*(?:\.\d+)?", text.replace("$", ""))
        ]
        fractions = [found for found in re.findall(r"(-?\d+)\s*/\s*(\d+)", text) if int(found[1])]
        if numbers:
            return [*(f"{a}/{b}" for a, b in fractions), *numbers]
    return []
