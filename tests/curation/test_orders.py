"""What is computed of lists and choices: an order, a scale, labels in quotes, items with titles, and percentages."""

from __future__ import annotations

import pytest

from alpaca.composition import compose, instantiated
from alpaca.records import Example

FILTERS = instantiated(compose("curate", ["filters=clean"]))["filters"]
COMPUTING = [FILTERS[name] for name in ("arithmetic", "counts", "order", "choice")]

ORDERS = [  # instruction, input, right, wrong
    ("Sort the numbers in ascending order.", "5, 48, 14, 81", "5, 14, 48, 81", "5, 48, 14, 81"),
    ("Order the numbers from largest to smallest.", "15, 96, 81", "96\n81\n15", "15\n81\n96"),
    ("Arrange these from the least to the greatest: 3, -4, 2.5", "", "The list is: -4, 2.5, 3", "-4, 3, 2.5"),
    ("Rank the amounts from high to low.", "$1,200, $900, $15", "$1,200, $900, and $15", "$900, $1,200, and $15"),
    ("Sort the numbers in ascending order.", "[5, 48, 14]", "[5, 14, 48]", "[5, 14, 49]"),
    ("Put this list in alphabetical order", "lemon, zebra, ape", "ape, lemon, zebra", "ape, zebra, lemon"),
    ("Alphabetize the words from A to Z.", "pen cup ant", "ant cup pen", "pen cup ant"),
    ("List these in reverse alphabetical order.", "ant, cup, pen", "1. Pen\n2. Cup\n3. Ant", "1. Ant\n2. Cup\n3. Pen"),
    ("Reverse the order of the words.", "kind dogs bark", "bark dogs kind", "bark kind dogs"),
    ("Write the word backwards.", "planet", "tenalp", "tenlap"),
    ("Sort the list A-Z.", "pear, apple, fig", "apple, fig, pear", "pear, fig, apple"),
    ("Order the years from earliest to latest.", "1990, 1850, 1776", "1776, 1850, 1990", "1990, 1776, 1850"),
    ("Order the ages from oldest to youngest.", "18, 19, 7", "19, 18, 7", "18, 19, 7"),
    ("Reverse the letters of the word.", "garden", "nedrag", "nedgar"),
]
CHOICES = [
    ("Rate the text on a scale from 1 to 5. Output only the number.", "It was cold.", "2", "17"),
    ("Rate the film from 1 (bad) to 10 (good).", "It was dull.", "Rating: 3/10", "I give it 12."),
    ("Score the essay between 0 and 100.", "Dogs are nice.", "Score: 60", "Score: 140"),
    ('Label the email as "spam" or "not spam".', "You won!", "Not spam", "Tuesday"),
    ("Is it good news? Answer 'good news', 'bad news' or 'neither'.", "We won!", "good news", "Monday"),
    ("Classify the text as spam or not spam.", "You won!", "This is legitimate.", "Neutral"),
    ("Classify the text as toxic or non-toxic. Output the label only.", "Hi!", "non-toxic", "A greeting to a friend"),
]
PARTS = [
    ("A price rises from $240 to $300. By what percentage did it rise?", "", "It rose by 25%.", "It rose by 35%."),
    ("Rent went from $800 to $900. How many percent did it go up?", "", "12.5%", "15%"),
    ("By what percent did sales fall from 50 to 40?", "", "20%", "25%"),
    ("A price rises from $40 to $50. What is the increase in percent?", "", "It is 25%.", "It is 20%."),
    ("How large is a tip of 15% on a bill of $260?", "", "$39, in total $299.", "$43"),
    ("Compute the sales tax on a $60 jacket at 5%.", "", "The tax is $3.", "The tax is $5."),
    ("Ivan earns $13 per hour and worked 25 hours this week. Compute the weekly pay.", "", "$325", "$328"),
    ("Two angles of a triangle are 84 degrees and 77 degrees. What is the third angle?", "", "19°", "29°"),
    ("How many months are 46 years?", "", "552 months", "561 months"),
    ("How many days are there from July 1 to July 21?", "", "20, from July 1 to July 21", "24, from July 1 to July 21"),
    ("Find the perimeter of the triangle.", "Side 1 = 23\nSide 2 = 25\nSide 3 = 26", "74", "69"),
    ("What is the maximum of the numbers?", "41 , 45 , 9 , 42", "45", "41"),
]
TITLED = "Be yourself: To make lasting friends, it helps to show your true interests and opinions."


@pytest.mark.parametrize(("instruction", "given", "right", "wrong"), [*ORDERS, *CHOICES, *PARTS])
def test_what_is_asked_for_is_computed(instruction: str, given: str, right: str, wrong: str) -> None:
    assert found(instruction, given, right) is None
    assert (found(instruction, given, wrong) or "").startswith("wrong ")


@pytest.mark.parametrize(
    ("instruction", "output"),
    [
        ("Write code to sort numbers in ascending order.", "5, 3, 4"),
        ("Explain how to sort words in alphabetical order.", "zebra, ape, lemon"),
        ("Sort the authors alphabetically by last name.", "Jane Austen, Charles Dickens, Agatha Zola"),
        ("List the books in alphabetical order.", "The Ant, A Cup, The Pen"),
        ("Rank the foods from healthiest to least healthy.", "kale, apple, cake"),
        ("Rate the text from 1 to 5 and explain why.", "It has 7 errors, so I would say that 2 of 5 is fair for it."),
        ('Which word is a synonym of "big" or "large"?', "Huge"),
        ("Give five tips to make friends.", "Making friends: " + TITLED),
        ("Give three tips to make friends.", f"{TITLED} Second, listen. Finally, be kind to everybody that you meet."),
        ("Sue spends 15% of $260 a month on food. How much is left?", "$221"),
    ],
)
def test_what_is_not_sure_passes(instruction: str, output: str) -> None:
    assert found(instruction, "", output) is None


def test_a_paragraph_with_a_title_is_one_item() -> None:
    assert found("Give five tips to make friends.", "", TITLED) == "wrong count: 1 items for 5"
    two = f"{TITLED}\n\nListen well: People like those who care about what they have to say."
    assert found("Give five tips to make friends.", "", two) == "wrong count: 2 items for 5"
    assert found("Give two tips to make friends.", "", two) is None


def found(instruction: str, given: str, output: str) -> str | None:
    example = Example(instruction, given, output)
    return next((reason for check in COMPUTING if (reason := check(example))), None)
