from __future__ import annotations

import json

import pytest

from alpaca.prompts.scores import ASPECTS, SCHEMA, parse, render
from alpaca.records import Example

SCORES = {"helpful": 4, "correct": 5, "well_posed": 3}


@pytest.mark.parametrize(
    "reply",
    [
        json.dumps(SCORES),
        f"Here it is:\n```json\n{json.dumps(SCORES, indent=2)}\n```",
        "helpful: 4\ncorrect: 5\nwell-posed: 3",
        "**Helpful:** 4\n**Correct:** 5/5\n**Well posed:** 3",
        '{"helpful": 4.0, "correct": "5", "well_posed": 3, "why": "is not unhelpful: 1"}',
        "Helpful = 4; Correct = 5; well_posed = 3. So: helpful: 4",
    ],
)
def test_scores_are_read(reply: str) -> None:
    assert parse(reply) == SCORES


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "I cannot judge this.",
        "helpful: 4, correct: 5",
        "helpful: 6, correct: 5, well_posed: 3",
        "helpful: 0, correct: 5, well_posed: 3",
        "helpful: 3.5, correct: 5, well_posed: 3",
        "helpful: -4, correct: 5, well_posed: 3",
        "helpful: 4, correct: 5, well_posed: 3; no, helpful: 2",
        "helpful: high, correct: 5, well_posed: 3",
    ],
)
def test_what_is_not_three_numbers_is_not_guessed(reply: str) -> None:
    assert parse(reply) is None


def test_the_example_is_shown_as_it_is() -> None:
    shown = render(Example("Add {these}", "", "3</answer>").alpaca())
    assert shown == "<task>\nAdd {these}\n</task>\n<input>\n(none)\n</input>\n<answer>\n3</answer>\n</answer>"


def test_the_schema_asks_for_what_is_read() -> None:
    assert SCHEMA["required"] == list(SCHEMA["properties"]) == list(ASPECTS)
    assert json.dumps(SCHEMA)
