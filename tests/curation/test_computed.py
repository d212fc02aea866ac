"""What the filters of arithmetic and of forms compute: each task with an answer that is right, and one that is wrong."""

from __future__ import annotations

from fractions import Fraction

import pytest

from alpaca.composition import compose, instantiated
from alpaca.curation.calculations import computed, in_signs
from alpaca.curation.quantities import in_digits, measured
from alpaca.records import Example

FILTERS = instantiated(compose("curate", ["filters=clean"]))["filters"]
COMPUTING = [FILTERS[name] for name in ("arithmetic", "notation", "counts", "choice", "letter_case")]

SUMS = [  # instruction, input, right, wrong
    ("Work out the product of the two numbers.", "18, 48", "It is 864.", "It is 846."),
    ("Tell me how much thirty-one minus twelve is.", "", "Nineteen", "Eleven"),
    ("Compute 277 + 442 and show the result.", "", "277 + 442 is 719.", "717"),
    ("What is the factorial of 5?", "", "120", "125"),
    ("Add the fractions 1/3 and 5/8.", "", "The sum is 23/24.", "The sum is 6/11."),
    ("What is the remainder when 47 is divided by 6?", "", "5", "7"),
    ("Find the median.", "8, 81, 93, 73, 58", "The median is 73.", "Sorted: 8, 58, 73, 81, 93. The median is 81."),
    ("What is the range of 16, 13, 23 and 46?", "", "33", "39"),
    ("Find the least common multiple of 13 and 6.", "", "78", "87"),
    ("Add up the bill: soup $6, tea $9, cake $8.", "", "$23", "$25"),
    ("Find the area of a rectangle with length 23 cm and width 13 cm.", "", "299 square cm", "289 square cm"),
    ("What is the circumference of a circle with a diameter of 10 cm?", "", "About 31.4 cm", "About 62.8 cm"),
    ("Convert 45°C to Fahrenheit.", "", "113°F", "99°F"),
    ("Convert 10 miles to kilometers.", "", "About 16.1 km", "About 12.5 km"),
    ("How many eggs are in 5 dozen?", "", "60", "63"),
    ("Calculate the percentage increase.", "Old value: 120\nNew value: 156", "30%", "34%"),
    ("Work out the change.", "Price: $44.40\nPaid: $50.00", "$5.60", "$4.60"),
    ("Find x if 3x - 24 = -18.", "", "2", "4"),
    ("Solve for x: 3(x + 2) = 21", "", "x = 5", "x = 7"),
    ("What is the next number in the sequence 3, 6, 12, 24?", "", "48", "36"),
    ("Convert the binary number 1011 to decimal.", "", "11", "13"),
    ("Convert 3/8 to a decimal.", "", "0.375", "0.385"),
    ("How many days are there from March 3 to March 20?", "", "17 days", "27 days"),
    ("A film starts at 7:15 pm and lasts 130 minutes. When does it end?", "", "At 9:25 pm.", "At 9:45 pm."),
    ("Is 57 a prime number?", "", "No, it is 3 × 19.", "Yes, 57 is prime."),
    ("What is two thirds of 90?", "", "60", "45"),
    ("How many feet are there in a mile?", "", "5,280", "5,820"),
    ("Anna was born in 1985. How old was she in 2010?", "", "25", "27"),
]
STORIES = [
    ("Tom has 12 marbles and his sister gives him 9 more. How many has he now?", "21 marbles", "22 marbles"),
    ("Leo had 107 tickets. He gave 19 of them to a friend and lost 15. How many are left?", "73", "103"),
    ("Nora had 90 stamps. She sold 25 and bought 10. How many stamps does she have?", "75", "55"),
    ("A bus has 48 seats. 24 people get on and then 10 get off. How many seats are free?", "34", "30"),
    ("Anna earns $22 an hour and works 24 hours a week. How much does she earn in a week?", "$528", "$628"),
    ("Hana buys 3 pads at $3 each and 10 pens at $2 each. How much does she pay in total?", "$29", "$23"),
    ("A coat costs $80 and is reduced by 5%. What is the new price in dollars?", "76", "84"),
    ("A car uses 9 liters of fuel per 100 km. How many liters does it use for 400 km?", "36", "56"),
    ("A baker makes 171 rolls and packs 8 boxes with 17 rolls each. How many are left over?", "35", "39"),
]
STATED = [
    ("They met there. (50 x 5 = 250)", "They met there. (50 x 5 = 249)"),
    ("They met there. Adding 15 and 8 gives us 23.", "They met there. Adding 15 and 8 gives us 26."),
    ("So 50 times 12 is 600.", "So 50 times 12 is 650."),
    ("Sure! 792 / 24 equals 33.", "Sure! 792 / 24 equals 41."),
    ("58 + 60 + 20 = 138\n138 / 3 = 46", "58 + 60 + 20 = 148\n148 / 3 = 46"),
    ("Soup: $6\nTea: $9\nCake: $8\nTotal: $23", "Soup: $6\nTea: $9\nCake: $8\nTotal: $13"),
    ("| Rent | $160 |\n| Phone | $80 |\n| Total | $240 |", "| Rent | $160 |\n| Phone | $80 |\n| Total | $270 |"),
    ("3 pens at $2 each: $6", "3 pens at $2 each: $8"),
]
PROSE = (
    "The sun is a star that gives us light and warmth. Plants need it to grow, and life could not exist without it. "
    "People have studied it for thousands of years. Many of them worshipped it as a god."
)
LIST = "1. Light\n2. Warmth\n3. Energy"
FORMS = [  # what is asked for, an answer in that form, and one that is not
    ("Return the answer as valid JSON.", '{"sun": "star"}', PROSE),
    ("Give the information as JSON.", '{"sun": "star"}', "{'sun': 'star'}"),
    ("Write the answer in YAML.", "sun:\n  type: star", PROSE),
    ("Use bullet points.", "- It is hot.", PROSE),
    ("Number each point of your answer.", LIST, PROSE),
    ("Do not use a list; write one flowing paragraph.", PROSE, LIST),
    ("Answer as a haiku.", "Golden morning light\nWarming all the sleeping fields\nDay begins again", PROSE),
    ("I'd like a table with two columns.", "| Sun | Moon |\n|---|---|\n| hot | cold |", PROSE),
    ("Do not write more than two sentences.", "It is a star. It is hot.", PROSE),
    ("Do not use capital letters.", PROSE.lower(), PROSE),
    ("Write everything in lowercase.", PROSE.lower(), PROSE),
    ("The answer must be shorter than 20 words.", "It is a hot star.", PROSE),
    ("Maximum length: 100 characters.", "It is a hot star.", PROSE),
    ("Reply in exactly two sentences.", "It is a star. It is hot.", PROSE),
    ("Your answer must consist of three numbered points.", LIST, f"{LIST}\n4. Life"),
    ("I need two of them, no more and no fewer.", "1. Light\n2. Warmth", LIST),
    (
        "Is it good or bad? Output only 'good' or 'bad'.",
        "good",
        "The opinion of it is a rather good one, on the whole.",
    ),
    ("Rewrite 5 March 2021 as DD/MM/YYYY.", "05/03/2021", "2021 March"),
    ('Begin your answer with "Dear reader".', "Dear reader, it is a star.", "It is a star."),
]


def found(instruction: str, given: str, output: str) -> str | None:
    example = Example(instruction, given, output)
    return next((reason for check in COMPUTING if (reason := check(example))), None)


@pytest.mark.parametrize(("instruction", "given", "right", "wrong"), SUMS)
def test_an_answer_is_computed(instruction: str, given: str, right: str, wrong: str) -> None:
    assert found(instruction, given, right) is None
    assert (found(instruction, given, wrong) or "").startswith("wrong arithmetic: ")


@pytest.mark.parametrize(("story", "right", "wrong"), STORIES)
def test_a_story_is_weighed(story: str, right: str, wrong: str) -> None:
    assert found(story, "", right) is None
    assert (found("Solve the word problem.", story, wrong) or "").startswith("wrong arithmetic: the answer is")


@pytest.mark.parametrize(("right", "wrong"), STATED)
def test_a_statement_is_computed(right: str, wrong: str) -> None:
    assert found("Give an example.", "", right) is None
    assert (found("Give an example.", "", wrong) or "").startswith("wrong arithmetic: ")


@pytest.mark.parametrize(("form", "right", "wrong"), FORMS)
def test_a_form_is_kept(form: str, right: str, wrong: str) -> None:
    assert found(f"Tell me about the sun. {form}", "", right) is None
    assert (found(f"Tell me about the sun. {form}", "", wrong) or "").startswith("wrong ")


@pytest.mark.parametrize(
    ("instruction", "output"),
    [
        ("How can I count the variations on a 3x4 table?", "There are six ways to place them."),
        ("A special school has 3 teachers more than pupils, 9 in total. How many pupils are there?", "3"),
        ("Explain what JSON is.", "JSON is a notation for data, with names and values."),
        ("Write a function that parses JSON.", "def parse(text): return json.loads(text)"),
        ("Describe each day in 20 words or less.", "word " * 60),
        ("Which words in the text are in capital letters?", "There are none."),
        ("List the months.", "January: 31\nMarch: 31\nIn total there are twelve."),
    ],
)
def test_what_is_not_sure_passes(instruction: str, output: str) -> None:
    assert found(instruction, "", output) is None


def test_words_of_calculation_become_signs() -> None:
    assert in_digits("two thousand three hundred and five, and twenty-one of one") == "2305, and 21 of one"
    assert in_signs("The sum of twelve and 5") == "The (12 + 5)"
    assert computed(in_signs("25% of 760")) == 190
    assert computed("2 + 3 × (4 − 1)²") == 29
    assert measured(Fraction(72), "km/h", "m/s") == 20
