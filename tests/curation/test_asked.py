"""What is asked and what is given: principles of the filters of inputs, with rows they find and rows they leave alone."""

from __future__ import annotations

import pytest

from alpaca.curation.beyond import BeyondText, ProgramWritten
from alpaca.curation.inputs import SeveralTasks
from alpaca.curation.merged import unrelated
from alpaca.curation.placeholders import stands_in
from alpaca.curation.references import MissingReference
from alpaca.curation.repetition import InputRepeatsInstruction
from alpaca.curation.requests import requests
from alpaca.records import Example

SUM_UP = "Sum up the following text in one sentence."
BREAD = "Explain how bread is baked at home."
RIVERS = "name three rivers in Africa."


@pytest.mark.parametrize(
    "text",
    [
        "%text%",
        "$TEXT",
        "TEXT_HERE",
        "{{article_body}}",
        "Sample text 1",
        "foo bar baz",
        "asdf asdf",
        "Please type your paragraph in this box.",
        "This task does not need an input.",
        "A text provided by the user",
        "see the instruction above",
        "Text: ________",
        "[object Object]",
        "Text text text text",
        "test",
        "12345",
        "the text to be shortened",
        "Will be provided later.",
        "Author's name",
        "see figure",
        "Product: XXX",
    ],
)
def test_an_input_made_of_words_of_a_slot_is_none(text: str) -> None:
    assert stands_in(text, SUM_UP)


@pytest.mark.parametrize(
    "text",
    [
        "This is an example of a sentence.",
        "Hello world",
        "$AAPL",
        "#love",
        "H_AR_",
        "{1, 22, 500}",
        "A=(1,2), B=(3,4)",
        "No problem.",
        "Very very very good.",
        "Anna's name",
        "see you later",
        "Grade: A",
    ],
)
def test_an_input_that_says_something_is_one(text: str) -> None:
    assert not stands_in(text, SUM_UP)


def test_a_slot_is_told_by_what_the_instruction_speaks_of() -> None:
    assert stands_in("DD/MM/YYYY", "Write the date in words.")
    assert not stands_in("DD/MM/YYYY", "Explain this date format.")
    assert stands_in("x, x, x", "Add the given numbers.")
    assert not stands_in("XXX", "Convert the Roman numeral.")
    assert not stands_in("12345", "Reverse the digits of the following text.")


@pytest.mark.parametrize(
    ("text", "repeats"),
    [
        (f"{BREAD}\n\nUse rye flour, water, salt and a sourdough.", True),
        ("I would like you to explain how bread is baked at home, please.", True),
        ("Describe how bread is baked at home.", True),
        ("Rye bread with seeds, from a home baker.", False),
    ],
)
def test_an_input_may_not_hold_or_reword_the_instruction(text: str, repeats: bool) -> None:
    assert bool(InputRepeatsInstruction(85)(Example(BREAD, text, "x"))) is repeats


@pytest.mark.parametrize(
    "joined",
    [
        f"First {BREAD[0].lower()}{BREAD[1:-1]}, then {RIVERS}",
        f"{BREAD} While you are at it, {RIVERS}",
        f"{BREAD} One more thing: {RIVERS}",
        f"{BREAD} On an unrelated note, {RIVERS}",
        f"{BREAD[:-1]} and {RIVERS}",
        f"{BREAD[:-1]}; {RIVERS}",
        f"{BREAD}Name three rivers in Africa.",
        f"{BREAD} --- Name three rivers in Africa.",
        f"Task 11: {BREAD} Task 12: Name three rivers in Africa.",
        f"Do these tasks:\n(a) {BREAD}\n(b) Name three rivers in Africa.",
    ],
)
def test_a_second_request_is_found_however_it_is_joined(joined: str) -> None:
    assert "rivers" in (unrelated(Example(joined, "", "You mix flour and water, and then bake it.")) or "")


@pytest.mark.parametrize(
    "text",
    [
        "The sun set early.\n\nSecond question: Name three rivers in Africa.",
        "The sun set early.\n\nWhen you are done, name three rivers in Africa.",
        "The sun set early.\n\nName three rivers in Africa.",
    ],
)
def test_a_second_request_is_found_in_an_input(text: str) -> None:
    assert unrelated(Example("Turn the sentence into the present tense.", text, "The sun sets early."))


@pytest.mark.parametrize(
    ("instruction", "text"),
    [
        ("Compare and contrast cats and dogs.", ""),
        ("Read the given story carefully, and then answer the question in the end.", "Ann met Bob. Who met Bob?"),
        ("Write a story about a dog. Then describe its owner.", ""),
        ("Given a title, write a summary of the paper.", "How Birds Fly"),
        ("Using the rules, how would you plan and write a speech?", ""),
        ("Turn it into a list of directions.", "Go west until you see the sign. Then take the first road."),
    ],
)
def test_what_says_more_of_the_same_request_is_none(instruction: str, text: str) -> None:
    assert unrelated(Example(instruction, text, "Cats and dogs are pets; the dog has an owner.")) is None


@pytest.mark.parametrize(
    ("instruction", "text", "several"),
    [
        (f"{BREAD}\n\nQ: Name three rivers in Africa.\nA: Nile, Congo and Niger.", "", True),
        (BREAD, "Task: Name three rivers in Africa.\n\nAnswer: Nile, Congo and Niger.", True),
        (f"{BREAD} Output: You mix and bake. Instruction: Name three rivers in Africa.", "", True),
        ("Do the following tasks.\n1. Explain how bread is baked.\n\n2. Name three rivers in Africa.", "", True),
        ("Rate this answer to the question.", "Q: Name three rivers in Africa.\nA: Nile, Congo and Niger.", False),
        ("Go on as in the examples.", "Q: Name a river.\nA: Nile.", False),
    ],
)
def test_an_example_pasted_into_another(instruction: str, text: str, several: bool) -> None:
    assert bool(SeveralTasks()(Example(instruction, text, "You mix, knead and bake."))) == several


def test_the_words_that_join_requests_are_told_from_them() -> None:
    parts = [
        (part.joint.strip(), part.bare)
        for part in requests("Describe birds. Once that is done, name a fish. It swims.")
    ]
    assert parts == [("", "Describe birds."), ("Once that is done,", "name a fish."), ("It swims.", "")]


@pytest.mark.parametrize(
    ("instruction", "text", "output"),
    [
        ("What breed is the dog in the picture I posted?", "", "A beagle."),
        ("Use the sketch on the right to find the area.", "", "It is 12."),
        ("After hearing the voicemail, explain its message.", "", "Ann is late."),
        ("Here is my CV (attached). What do you think of it?", "", "It is good."),
        ("Open customers.txt and tell me the key points.", "", "Sales rose."),
        ("Analyze the arguments of the author.", "medium.com/story/why-sleep-matters", "Sleep helps."),
        (BREAD, "", "You bake it. The photo on the next page shows this well."),
        (BREAD, "", "You bake it.\n\nDownload the PDF using the button below."),
        (BREAD, "", "(Image: Shutterstock)\n\nYou bake it."),
    ],
)
def test_what_is_pointed_to_must_be_there(instruction: str, text: str, output: str) -> None:
    assert MissingReference()(Example(instruction, text, output))


@pytest.mark.parametrize(
    ("instruction", "output"),
    [
        ("Write an email to Ann with the report attached.", "Dear Ann, please find the report attached."),
        ("Explain how to change a profile picture.", "Click on the picture icon, then choose a file."),
        ("Describe a painting by Picasso.", "The painting Guernica shows a war."),
        ("Write code that opens data.json in Python.", "json.load(open('data.json'))"),
        ("Create a landing page for a bakery.", "Fresh bread! Click here to order."),
    ],
)
def test_a_task_may_speak_of_such_things(instruction: str, output: str) -> None:
    assert MissingReference()(Example(instruction, "", output)) is None


@pytest.mark.parametrize(
    ("instruction", "output", "beyond"),
    [
        ("Sketch a lighthouse and label its parts.", "The lamp is on top.", True),
        ("Please animate the water cycle.", "The animation is running.", True),
        ("Set an alarm for seven.", "The alarm has been set.", True),
        ("Sketch out a plan for a small garden.", "First, measure it.", False),
        ("Send a polite reply to this email.", "Dear Ann, thank you.", False),
    ],
)
def test_what_text_cannot_do(instruction: str, output: str, beyond: bool) -> None:
    assert bool(BeyondText()(Example(instruction, "", output))) is beyond


@pytest.mark.parametrize(
    ("instruction", "output", "wrong"),
    [
        ("Create a Python script that renames files.", "This script renames the files.", True),
        ("Write a function that adds numbers.", "```python\n# adds numbers\npass\n```", True),
        ("Can you write a program that prints a calendar?", "print(calendar.month(2024, 1))", True),
        ("Write a function that adds numbers.", "def add(a, b):\n    return a + b", False),
        ("Write a script for a sales call.", "Hello, this is Ann.", False),
    ],
)
def test_a_program_is_written_and_not_spoken_of(instruction: str, output: str, wrong: bool) -> None:
    assert bool(ProgramWritten()(Example(instruction, "", output))) is wrong
