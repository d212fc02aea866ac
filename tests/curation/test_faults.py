"""Each filter of `filters=clean`, with texts it objects to and texts it leaves alone."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaca.composition import compose, instantiated
from alpaca.curation.arithmetic import Arithmetic, agrees
from alpaca.curation.damage import EncodingDamage
from alpaca.curation.endings import CutOff
from alpaca.curation.filters import objection
from alpaca.curation.private import PersonalData
from alpaca.records import Example, read

CLEAN = instantiated(compose("curate", ["filters=clean"]))["filters"]
TASK = "Explain how bread is baked at home."
KEY = "sk-" + "a8Fk3Lq9Zt2Xw7Vb4Nc6" * 2

REJECTED = [
    (TASK, "", "[insert answer here]", "placeholder output: [insert answer here]"),
    (TASK, "", "____", "placeholder output: ____"),
    (TASK, "", "First mix the flour. Then add water and the", "cut off: ends with 'the'"),
    (TASK, "", "Bread needs time. You knead the dough until it is smo", "cut off: no closing punctuation"),
    (TASK, "", "Use this:\n```python\nprint(1)", "cut off: unclosed code fence"),
    (TASK, "", "1. Mix.\n2. Bake.\n3.", "cut off: empty list item"),
    (TASK, "", "Bake it in the oven (at a high heat", "cut off: unclosed bracket"),
    (TASK, "", "<table>\n<tr><td>Mix it</td><td>Bake it</t", "cut off: unclosed tag"),
    (TASK, "", "<ul>\n<li>Mix it</li>\n<li>Bake it</li>", "cut off: unclosed tag"),
    (TASK, "", "You mix it well and let it rest.\n\nOnce you", "cut off: a sentence that is only begun"),
    (TASK, "", "You mix it.\n\n1. Mix: use a bowl.\n2. Bake:", "cut off: ends with 'Bake:'"),
    (TASK, "", "You mix it. In the graph above the heat is shown.", "missing reference: In the graph above"),
    (TASK, "", "You mix it. Photo: Getty Images You bake it.", "missing reference: Photo: Getty"),
    (TASK, "", "You mix it. For the rest, open bread.docx.", "missing reference: open bread.docx"),
    (
        TASK,
        "",
        "Speaking as an AI created by Bakers Inc, you mix it.",
        "speaks as an AI: Speaking as an AI created by Bakers Inc,",
    ),
    ("Write a poem about the tides.", "", "I am sorry, I do not know.", "refusal: I am sorry, I do not know."),
    (
        "Answer in Hebrew: what are differences of cats and dogs?",
        "",
        "Cats purr and dogs bark.",
        "wrong language: no letter of he",
    ),
    (TASK, "", "I'm sorry, but I can't help with that.", "refusal: I can't help"),
    (TASK, "", "You wait. As an AI language model, I never tasted it.", "speaks as an AI: As an AI language model, I"),
    (TASK, "<noinput>", "You mix, knead and bake.", "placeholder input: <noinput>"),
    (TASK, "[insert text here]", "You mix, knead and bake.", "placeholder input: [insert text here]"),
    (TASK, "explain how bread is baked at home", "You mix and bake.", "input repeats the instruction"),
    (TASK, "", "Explain how bread is baked at home!", "output repeats the instruction"),
    (
        "Translate the sentence for me.",
        "Der Hund ist heute sehr müde.",
        "Der Hund ist heute sehr müde.",
        "output repeats the input",
    ),
    (TASK, "", "Knead it well. " * 5, "repetition: knead it well"),
    (f"{TASK} Also, name three rivers in Africa.", "", "You mix.", "several tasks: Also, name three rivers in Africa."),
    (TASK, "", "You mix and bake.\n\n### Instruction:\nName a fruit.", "runs on: ### Instruction:"),
    ("Describe the dog in the attached photograph.", "", "It is brown.", "missing reference: the attached photograph"),
    ("Sum up what the article says.", "https://a.org/x", "It is about trade.", "missing reference: https://a.org/x"),
    ("What is the result of 12 * 7?", "", "84.5", "wrong arithmetic: the answer is 84"),
    (TASK, "", "In all, 12 + 30 = 43 minutes.", "wrong arithmetic: 12 + 30 = 43 (it is 42)"),
    ("Describe Bob, who is 9, in JSON format.", "", "Bob is 9 years old.", "wrong format: not JSON"),
    (
        "Write a Python function that adds numbers.",
        "",
        "function add(a, b) { return a + b; }",
        "wrong format: JavaScript where Python is asked",
    ),
    ("List five fruits you like.", "", "1. Apple\n2. Pear", "wrong count: 2 items for 5"),
    ("Describe snow in one sentence.", "", "It is cold. It is white.", "wrong count: 2 sentences for 1"),
    ("Is snow warm? Answer yes or no.", "", "Snow is cold.", "wrong format: neither yes nor no"),
    ("Name the ocean in all capital letters.", "", "Pacific Ocean.", "wrong format: not in capitals"),
    (
        "Translate this into French.",
        "I will see you tomorrow.",
        "I am going to see you tomorrow.",
        "wrong language: en where fr is named",
    ),
    (TASK, "", f"My key is {KEY}.", "secret: key"),
    (TASK, "", "The password is tr0ub4dor&3.", "secret: password"),
    (TASK, "", "Pay with 4539 1488 0343 6467.", "personal data: payment card"),
    (TASK, "", "Write to jane.miller88@gmail.com.", "personal data: e-mail address"),
    (TASK, "", "Call me at (415) 253-9876.", "personal data: telephone number"),
    (TASK, "", "Pay to GB29 NWBK 6016 1331 9268 19.", "personal data: bank account"),
    (TASK, "", "The cafÃ© serves it.", "encoding damage: mojibake"),
    (TASK, "", "It is warm\x07 and soft.", "encoding damage: control character U+0007"),
    (TASK, "", "He left.\\nShe stayed.", "encoding damage: escape sequence"),
    (TASK, "", "It is <b>warm</b> and soft.", "markup: <b>"),
    (TASK, "", "Unable to comply.", "says nothing: Unable to comply."),
    (TASK, "", "You wait. I, an AI, have no view on this.", "speaks as an AI: I, an AI"),
    (
        TASK,
        "",
        "First you mix the flour with water.\n\nThen you knead the dough for a while.\n\nThis dou",
        "cut off: no closing punctuation, unlike the other lines",
    ),
    (
        TASK,
        "",
        "You mix it. Then you bake it at home. Then you bake it at home.",
        "repetition: then you bake it at home",
    ),
    (TASK, "", "You mix. <|start_header_id|> You bake.", "runs on: <|start_header_id|>"),
    (f"A. {TASK}\nB. Name three rivers in Africa.", "", "You mix.", "several tasks: B. Name three rivers in Africa."),
    (f"{TASK} / Name three rivers in Africa.", "", "You mix.", "several tasks: Name three rivers in Africa."),
    (TASK, "", "You mix. The following image shows a loaf.", "missing reference: The following image shows"),
    ("What is seven times eight?", "", "55", "wrong arithmetic: the answer is 56"),
    (TASK, "", "So 3 hours is 190 minutes.", "wrong arithmetic: 3 hours is 190 minutes (it is 180)"),
    ("Write a haiku about snow.", "", "Snow falls on the roof.", "wrong format: not a haiku"),
    ("Name four fruits you like.", "", "apple, pear", "wrong count: 2 items for 4"),
    (TASK, "", "Печь хлеб.", "wrong language: another script than that of the task"),
    (TASK, "", "You need:\n\n1. Flour\n2. Water\n3. Pla", "cut off: ends within the word 'Pla'"),
    (TASK, "", "| Step | Time |\n|---|---|\n| Knead | 10 |\n| Bake", "cut off: unclosed row"),
    (TASK, "", "You mix the flour with water and leave it to rise for…", "cut off: ends with '…'"),
    ("Sum it up for me.", "Dogs are mammals, like cats.", "Dogs are mammals", "cut off: no closing punctuation"),
    ("Solve for x: 3x + 4 = 19", "", "x = 6", "wrong arithmetic: the answer is x = 5"),
    ("Convert 5 kilometers to meters.", "", "That is 500 meters.", "wrong arithmetic: the answer is 5000"),
    (
        "Sara has 48 apples and buys 24 more. How many apples does Sara have now?",
        "",
        "Sara has 71 apples now.",
        "wrong arithmetic: the answer is made of 48, 24: 24, 72",
    ),
    (
        TASK,
        "",
        "He has 3 loaves and bakes 4 more, so he now has 8 loaves.",
        "wrong arithmetic: He has 3 loaves and bakes 4 more, so he now has 8 loaves. (3 and 4 make no 8)",
    ),
    (
        "Choose A, B or C: what is the largest? A) cat B) elephant C) mouse",
        "",
        "Animals differ a lot in size.",
        "wrong format: none of A, B, C",
    ),
    ("What is rust? Output valid JSON only.", "", "Rust is old iron.", "wrong format: not JSON"),
    ("Write at least 100 words on friendship.", "", "Friends help.", "wrong count: 2 words for at least 100"),
    (
        "Why are leaves green? Respond in Italian.",
        "",
        "Leaves are green because of a pigment in them.",
        "wrong language: en where it is named",
    ),
    (
        TASK,
        "Name the largest lake in Finland.",
        "You mix and bake.",
        "several tasks: Name the largest lake in Finland.",
    ),
    (
        f"{TASK} Describe the textile industry of Peru.",
        "",
        "You bake bread.",
        "several tasks: Describe the textile industry of Peru.",
    ),
    (
        TASK,
        "",
        "It would not be appropriate for me to answer this question.",
        "refusal: It would not be appropriate for me to answer this question.",
    ),
    (TASK, "", "asdf jkl; asdf jkl;", "placeholder output: asdf jkl; asdf jkl;"),
    (TASK, "", "WW91IG1peCB0aGUgZmxvdXIgYW5kIGJha2UgdGhlIGJyZWFkLg==", "encoding damage: a text in base 64 or 16"),
    (
        TASK,
        "",
        "I lack the means to explain how bread is baked at home.",
        "refusal: I lack the means to explain how bread is baked at home.",
    ),
    (TASK, "", "That topic is off limits for me.", "refusal: That topic is off limits for me."),
    (
        TASK,
        "",
        "I won't explain it, because fire scares cats.",
        "refusal: I won't explain it, because fire scares cats.",
    ),
    (
        TASK,
        "",
        "Okay, I will explain how bread is baked at home.",
        "says nothing: Okay, I will explain how bread is baked at home.",
    ),
    (TASK, "", "Sure!", "says nothing: Sure!"),
    (
        "Correct the spelling of the sentence.",
        "The dog barkd at a cat.",
        "It looks like you forgot the sentence. Can you send it?",
        "says nothing: It looks like you forgot the sentence. Can you send it?",
    ),
    (TASK, "", "You mix. Please remember that I'm not a real person.", "speaks as an AI: I'm not a real person"),
    (TASK, "", "You mix and bake. (Written by a chatbot.)", "speaks as an AI: Written by a chatbot"),
    (TASK, "", "[object Object]", "placeholder output: [object Object]"),
    (TASK, "", "```\n```", "placeholder output: ```\n```"),
    (TASK, "", "You mix flour with [output truncated]", "cut off: ends with '[output truncated]'"),
    (TASK, "", "There are three main steps:\n\n1. Mix it.\n2. Bake it.", "cut off: 2 items of three"),
    (TASK, "", "There are several ways to do this.", "cut off: nothing after a heading or an announcement"),
    (
        TASK,
        "",
        "You mix flour and water.\n\nDescribe the moons of Mars.\nMars has two small moons.",
        "runs on: Describe the moons of Mars.",
    ),
    (
        TASK,
        "",
        "You mix the flour with water and bake it.\n\nMars has two small moons that Asaph Hall discovered long ago.",
        "runs on: Mars has two small moons that Asaph Hall",
    ),
    (TASK, "", 'You mix and bake.", "output": ""}, {"instruction": "Name a fruit."}', 'runs on: ", "output":'),
    (
        "Using Go, write a function that adds.",
        "",
        "def add(a, b)\n  a + b\nend",
        "wrong format: Ruby where Go is asked",
    ),
    (
        TASK,
        "",
        "daerb eht ekab dna ruolf eht xim uoy nehw neve tnereffid si",
        "encoding damage: letters that make no words",
    ),
]
KEPT = [
    ("What if computers had not been invented?", "", "If computers had not been invented, we could do less."),
    ("Rewrite the sentence as a polite question.", "Send me the file.", "Could you please send me the file?"),
    ("Do you know how to speak German?", "", "No, I do not."),
    ("List five tasks for Monday.", "", "1. Call Ann\n2. Buy milk\n3. Visit Rome\n4. Read books\n5. Sleep long"),
    (TASK, "", "You mix the flour with water.\n\nThe dough of flour then rests, while the oven warms for an hour."),
    ("Write a JavaScript class.", "", "class Dog {\n  constructor(name) {\n    this.name = name;\n  }\n}"),
    ("Tell a story of a diver.", "", "He looked down into the deep, and there it was: something that moved and…"),
    ("Name the capital of France.", "", "Paris"),
    ("List three fruits you know.", "", "1. Apple\n2. Pear\n3. Plum"),
    ("Write an excuse for missing work.", "", "I'm sorry, but I'm unable to come into work today, since I am ill."),
    ("Describe what an AI assistant says about itself.", "", "As an AI language model, I have no opinions."),
    ("Correct the grammar of the sentence.", "He plays well every single day.", "He plays well every single day."),
    ("Write the chorus of a song.", "", "Sing it loud. Sing it loud. Sing it loud. We are here."),
    ("Read the text. Then write a title for it.", "The river rose all night.", "A River Rises."),
    ("What is the domain of this URL?", "https://docs.google.com/document", "google.com"),
    ("Compute the mean of these numbers.", "2, 5, 10", "The mean is 5.67."),
    ("Is 2 + 2 = 5 right or wrong?", "", "It is wrong that 2 + 2 = 5, since it is 4."),
    ("Solve the equation for me.", "x + 4 = 10", "x + 4 = 10, so x = 6."),
    ("Describe Bob, who is 9, in JSON format.", "", '{"name": "Bob", "age": 9}'),
    ("Translate this into Spanish.", "Life is a journey.", "La vida es un viaje."),
    ("Generate a password of 8 characters.", "", "Your password is rT8$jLpZ."),
    (
        "Write a letter to a friend.",
        "",
        "Dear Ann,\n\nI am sorry, I do not know when the ship will sail; the storm is loud.\n\nYours,\nBob",
    ),
    ("Greet me in Japanese romaji.", "", "Ohayou gozaimasu, minna san, ogenki desu ka?"),
    ("Make a list in HTML.", "", "<ul>\n<li>Mix it</li>\n<li>Bake it</li>\n</ul>"),
    ("Tell a story of a diver.", "", "He dived down into the deep and was never seen again.\n\nThe End"),
    ("Write a sample contact line.", "", "Write to support@example.com or call (555) 123-4567."),
    ("Explain the line break in HTML.", "", "Use the <br> tag, and &nbsp; for a space."),
    ("Come up with a metaphor for love.", "", "I am like a moth to a flame; I can't help but be drawn to it."),
    (
        "Describe a day in one line.",
        "",
        "It lasts: 2 hours and 30 minutes is 150 minutes, and 1 foot equals 12 inches.",
    ),
    ("Write a haiku about snow.", "", "Snow on the roof\nThe cat asleep by the fire\nA bell far away"),
    ("Write a story. Then list the characters in the story.", "", "Ann met Bob by the sea. They were Ann and Bob."),
    ("Name three countries you know.", "", "1. Chad\n2. Peru\n3. Oman"),
    ("Sara has 48 apples and buys 24 more. How many apples does Sara have now?", "", "Sara has 72 apples now."),
    ("Solve for x: 3x + 4 = 19", "", "x = 5"),
    ("Convert 5 kilometers to meters.", "", "5 kilometers are 5,000 meters."),
    (
        "Suggest a recipe for soup. Use no more than five ingredients.",
        "",
        "Leek soup: leeks, butter, salt, water, cream.",
    ),
    ("Choose the largest: A) cat B) elephant C) mouse", "", "B) elephant"),
    ("Write about Paris. Explain why tourists love it.", "", "Paris has museums, and people enjoy its food."),
    ("Say that in French, please.", "The café is open.", "Le café « Été » est ouvert."),
]


@pytest.mark.parametrize(("instruction", "given_input", "output", "reason"), REJECTED)
def test_reason(instruction: str, given_input: str, output: str, reason: str) -> None:
    assert objection(Example(instruction, given_input, output), CLEAN) == {"reason": reason}


@pytest.mark.parametrize(("instruction", "given_input", "output"), KEPT)
def test_no_reason(instruction: str, given_input: str, output: str) -> None:
    assert objection(Example(instruction, given_input, output), CLEAN) is None


@given(st.integers(-999, 999), st.integers(1, 999), st.sampled_from("+-*/"), st.integers(0, 4))
def test_a_right_equation_is_never_an_objection(a: int, b: int, sign: str, decimals: int) -> None:
    value = {"+": Fraction(a + b), "-": Fraction(a - b), "*": Fraction(a * b), "/": Fraction(a, b)}[sign]
    stated = f"{float(round(value, decimals)):.{decimals}f}"
    assert agrees(value, stated)
    assert Arithmetic()(Example("How much is that?", "", f"So {a} {sign} {b} = {stated}.")) is None


@given(st.integers(2, 999), st.integers(2, 999), st.sampled_from("+-*"), st.integers(1, 50), st.booleans())
def test_a_wrong_equation_always_is(a: int, b: int, sign: str, off: int, more: bool) -> None:
    value = {"+": a + b, "-": a - b, "*": a * b}[sign]
    wrong = value + (off if more else -off)
    reason = Arithmetic()(Example("How much is that?", "", f"So {a} {sign} {b} = {wrong}."))
    assert reason is not None
    assert reason.startswith("wrong arithmetic")


@given(
    st.text(st.characters(codec="ascii", categories=("L", "N", "P", "Zs"), exclude_characters="\\=%?&"), max_size=60)
)
def test_plain_ascii_is_never_damaged(text: str) -> None:
    assert EncodingDamage()(Example("Say something about it.", "", text.replace("u0", "").replace("ud", ""))) is None


@given(st.lists(st.integers(0, 9), min_size=15, max_size=15))
def test_card_numbers_are_told_by_their_checksum(digits: list[int]) -> None:
    body = [4, *digits[1:]]
    total = sum(sum(divmod(digit * (2 if place % 2 == 0 else 1), 10)) for place, digit in enumerate(reversed(body)))
    number = "".join(map(str, body))
    if len(set(number)) > 2:
        assert PersonalData()(Example("x", "", f"It is {number}{-total % 10}.")) == "personal data: payment card"
        assert PersonalData()(Example("x", "", f"It is {number}{(1 - total) % 10}.")) is None


@settings(max_examples=300)
@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80))
def test_any_text_gets_a_short_reason_or_none(instruction: str, given_input: str, output: str) -> None:
    for check in CLEAN.values():
        reason = check(Example(instruction, given_input, output))
        assert reason is None or 0 < len(reason) < 150


@pytest.mark.real_data
def test_few_sound_rows_are_rejected(real_data: Path) -> None:
    """Rows that were cut off are the only ones of which some must be found, and the counts are those judged by eye."""
    examples, _ = read(real_data / "alpaca_en_demo.json")
    reasons = [found["reason"].split(":")[0] for example in examples if (found := objection(example, CLEAN))]
    doubtful = [
        reason
        for reason in reasons
        if reason
        not in ("refusal", "speaks as an AI", "placeholder input", "cut off", "missing reference", "beyond text")
    ]
    assert len(doubtful) <= 5
    assert sum(CutOff()(example) is not None for example in examples) >= 10
