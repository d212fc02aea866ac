from __future__ import annotations

from pathlib import Path

import pytest
from labelled import LABELS, UNSEEN, labels

from alpaca.analysis.phrases import root_verb_and_object, singular
from alpaca.records import read

PAIRS = {
    "Write a short story about a llama.": ("write", "story"),
    "Please give me three tips for staying healthy!": ("give", "tip"),
    "Could you help me write a formal email to my landlord?": ("write", "email"),
    "Given two sentences, combine the ideas in a third.": ("combine", "idea"),
    "Compare and contrast the use of tables and lists.": ("compare", "use"),
    "You are given a text. Your task is to identify all names in it.": ("identify", "name"),
    "How do I make bread?": ("make", "bread"),
    'Translate the phrase "good morning" into Latin.': ("translate", "phrase"),
    "Create a short, concise and friendly summary of the paper.": ("create", "summary"),
    "Suggest some of the best hotels.": ("suggest", "hotel"),
    "Re-write the student's letter, using simple words": ("rewrite", "letter"),
    "List the criteria": ("list", "criterion"),
    "Find the mistakes made in this code": ("find", "mistake"),
    "Design a website containing a form": ("design", "website"),
    "What are the benefits of exercise?": None,
    "Explain how plants grow.": None,
    "Write about teamwork.": None,
    "Tell me whether this is true.": None,
    "Calculate: 3 + 4": None,
    "Digital transformation project plan example": None,
    "": None,
    "。。。": None,
}


@pytest.mark.parametrize(("instruction", "pair"), PAIRS.items())
def test_verb_and_object(instruction: str, pair: tuple[str, str] | None) -> None:
    assert root_verb_and_object(instruction) == pair


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("stories", "story"),
        ("boxes", "box"),
        ("lists", "list"),
        ("analysis", "analysis"),
        ("to-dos", "to-do"),
        ("gas", "gas"),
    ],
)
def test_singular(plural: str, one: str) -> None:
    assert singular(plural) == one


@pytest.mark.real_data
@pytest.mark.parametrize(("given", "count", "least"), [(LABELS, 100, 97), (UNSEEN, 56, 52)])
def test_labels_of_real_instructions_are_met(real_data: Path, given: dict[str, str], count: int, least: int) -> None:
    """As many as at first sight: the rules were mended by the first hundred, and not by those that were unseen."""
    rows = {file: read(real_data / file)[0] for file in given}
    found = labels(given)
    right = [root_verb_and_object(rows[file][index].instruction) == pair for (file, index), pair in found.items()]
    assert len(right) == count
    assert sum(right) >= least
