from __future__ import annotations

import pytest

from alpaca.composition import compose, instantiated
from alpaca.curation.filters import InstructionLength, objection
from alpaca.errors import UserError
from alpaca.records import Example

FILTERS = instantiated(compose("curate", []))["filters"]


def test_no_length_between_bounds_that_exclude_each_other() -> None:
    assert InstructionLength(5, 5)(Example("a b c d e", "", "x")) is None
    with pytest.raises(UserError, match="at least 10 and at most 5 words"):
        InstructionLength(10, 5)


@pytest.mark.parametrize(
    ("instruction", "output", "reason"),
    [
        ("Name a colour", "red", "instruction too short"),
        ("word " * 151, "x", "instruction too long"),
        ("Describe the Map of this town", "x", "keyword: map"),
        ("Then go to the shop please", "x", "keyword: go to"),
        ("Write a program that adds numbers", "x", "opening: Write a program"),
        ("- list three large cities", "x", "begins with punctuation"),
        ("«Quote» three large cities", "x", "begins with a non-ASCII character"),
        ("List three large cities", "  ", "no output"),
    ],
)
def test_reason(instruction: str, output: str, reason: str) -> None:
    assert objection(Example(instruction, "", output), FILTERS) == {"reason": reason}


@pytest.mark.parametrize("instruction", ["Name a bright colour", "word " * 150, "Explain what mapping means here"])
def test_no_reason(instruction: str) -> None:
    assert objection(Example(instruction, "", "x"), FILTERS) is None
