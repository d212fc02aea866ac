from __future__ import annotations

import pytest

from alpaca.composition import compose, instantiated
from alpaca.curation.filters import objection
from alpaca.records import Example

FILTERS = instantiated(compose("curate", []))["filters"]


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
