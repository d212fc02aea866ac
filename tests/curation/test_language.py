"""The language that an instruction asks for, and answers in another."""

from __future__ import annotations

import pytest

from alpaca.curation.asked_language import Strength, asked_language
from alpaca.curation.language import Language
from alpaca.curation.programming import ProgrammingLanguage
from alpaca.records import Example

LANGUAGE = Language(sure=0.9, words=6)
ENGLISH = "Regular exercise strengthens the heart and improves mood. It also helps people sleep better at night."
SPANISH = "El ejercicio regular fortalece el corazón y mejora el ánimo. También ayuda a dormir mejor."


@pytest.mark.parametrize(
    "asks",
    [
        "Explain it in German.",
        "Explain it (in German)",
        "Explain it. (Language: German)",
        "Explain it. Language of the answer: German.",
        "Explain it. Use simple German.",
        "Explain it. Use German, not English.",
        "Explain it. Use German for the whole text.",
        "Explain it. I only speak German, so reply in that language.",
        "Explain it. I don't speak English, only German.",
        "Explain it. German only, please.",
        "Explain it. The text should be in German.",
        "Explain it. Auf Deutsch bitte.",
        "In German, explain it.",
        "Using German, explain it.",
    ],
)
def test_roles_of_a_name(asks: str) -> None:
    asked = asked_language(asks)
    assert asked
    assert asked.code == "de"
    assert LANGUAGE(Example(asks, "", ENGLISH))
    assert LANGUAGE(Example(asks, "", SPANISH))


@pytest.mark.parametrize(
    "asks",
    [
        "Describe Spanish cuisine.",
        "Explain the rules of French grammar.",
        "Give me tips to learn Spanish.",
        "Describe the use of the subjunctive in Spanish.",
        "List five books written in Russian.",
        "What does 'Schadenfreude' mean in German?",
        "Do you know how to speak German?",
        "In Chinese medicine, what is qi?",
        "Write a letter to my Spanish teacher.",
        "Explain the difference between English and German.",
    ],
)
def test_a_language_that_is_spoken_of_asks_for_nothing(asks: str) -> None:
    asked = asked_language(asks)
    assert asked is None or asked.strength is Strength.TOUCHED
    assert LANGUAGE(Example(asks, "", ENGLISH)) is None


@pytest.mark.parametrize(
    ("language", "text", "others"),
    [
        ("Portuguese", "As crianças estão brincando no jardim.", ("Spanish", "Italian", "French")),
        ("Spanish", "Quisiéramos pedir dos cafés.", ("Italian", "French", "German")),
        ("Italian", "Preferisco restare a casa stasera.", ("Spanish", "Portuguese", "French")),
        ("Japanese", "彼は家に鍵を忘れました。", ("Chinese", "Korean")),
        ("Chinese", "他把钥匙忘在家里，打不开门。", ("Japanese", "Spanish")),
        ("Dutch", "Ik heet Jan.", ("German", "French")),
        ("German", "Guten Morgen", ("French", "Polish")),
    ],
)
def test_short_translations(language: str, text: str, others: tuple[str, ...]) -> None:
    assert LANGUAGE(Example(f"Translate this into {language}.", "x", text)) is None
    for other in others:
        assert LANGUAGE(Example(f"Translate this into {other}.", "x", text)), other


def test_an_explanation_may_be_in_english() -> None:
    asks = "How do you say good evening in French?"
    assert LANGUAGE(Example(asks, "", 'In French, the way to say "good evening" is "Bonsoir".')) is None
    assert LANGUAGE(Example(asks, "", "The way to say it is good evening to you."))


def test_a_task_in_another_language_is_not_answered_in_english() -> None:
    asks = "Explique pourquoi le sport est bon pour la santé des enfants."
    assert LANGUAGE(Example(asks, "", ENGLISH))
    assert LANGUAGE(Example(asks, "", "Le sport est bon pour le cœur et pour le sommeil des enfants.")) is None


CODE = {
    "Python": "def f(n):\n    return n % 2 == 0",
    "JavaScript": "function f(n) {\n  return n % 2 === 0;\n}",
    "Java": "public static boolean isEven(int n) {\n    return n % 2 == 0;\n}",
    "Ruby": "def f?(n)\n  n % 2 == 0\nend",
    "Go": "func isEven(n int) bool {\n\treturn n%2 == 0\n}",
    "PHP": "function f($n) {\n    return $n % 2 == 0;\n}",
    "Rust": "fn f(n: i32) -> bool {\n    n % 2 == 0\n}",
}


@pytest.mark.parametrize(
    "asks",
    ["Using {}, write a function.", "I need a function. The language is {}.", "Show me a function in {} that does it."],
)
def test_code_in_another_language(asks: str) -> None:
    for name in CODE:
        for other, code in CODE.items():
            for output in (code, f"Here it is:\n\n```\n{code}\n```", f"```{other.lower()}\n{code}\n```"):
                reason = ProgrammingLanguage()(Example(asks.format(name), "", output))
                assert (reason is None) == (name == other), (name, output, reason)


@pytest.mark.parametrize(
    ("asks", "output"),
    [
        ("How do I install a package in Python?", "```bash\npip install x\n```"),
        ("Describe how to go about writing a resume.", "You go to a desk; then { write }."),
        ("Which script moves a KinematicBody-node?", "extends KinematicBody\nfunc move():\n    pass"),
        ("Rewrite this Java code in Python.", "def f():\n    pass"),
        ("What is a class in Java?", "A class is a plan of what objects have, and the object being made follows it."),
    ],
)
def test_natural_answers_about_code(asks: str, output: str) -> None:
    assert ProgrammingLanguage()(Example(asks, "", output)) is None
