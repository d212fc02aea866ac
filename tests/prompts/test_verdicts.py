from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaca.prompts.judging import QUESTIONS, SHORT, as_text, fenced, material
from alpaca.prompts.verdicts import likely_choice, parse

REPLIES = [
    ("<think>Verdict: A? No, [[A]] is wrong.</think>\nVerdict: B", "b"),
    ("<think>Verdict: A", None),
    ('{"rationale":"x is \\"verdict\\": \\"A\\" no","verdict":"B"}', "b"),
    ('```json\n{"rationale":"r","verdict":"tie"}\n```', "tie"),
    ('{"rationale": "a\nb", "verdict": "A"}', "a"),
    ("Output (a)", "a"),
    ("Output (b) is better.", "b"),
    ("[[A]]", "a"),
    ("[[B]]", "b"),
    ("[[C]]", None),
    ("Answer: B", "b"),
    ("tie", "tie"),
    ("It's a tie.", "tie"),
    ("Verdict: tie", "tie"),
    ("**Verdict:** **B**", "b"),
    ("Verdict: A\n\nBecause it is right.", "a"),
    ("Because A is short and B is long.\n\nVerdict: B", "b"),
    ("Verdict: A\nVerdict: B", None),
    ("[[A]] and then [[B]]", None),
    ("C", None),
    ("Verdict: C", None),
    ("", None),
    ("   \n", None),
    ("A", "a"),
    ("b", "b"),
    ("B.", "b"),
    ("A better answer would say more.", None),
    ("A", "a"),
    ("Answer A is better than answer B.", "a"),
    ("I prefer answer B because it is right.", "b"),
    ("Both answers are equally good.", "tie"),
    ("Answer A is not better.", None),
    ("A, B are equal", None),
    ("Verdict: A/B", None),
    ("Verdict: A and B", None),
    ("Verdict: A because B is wrong", "a"),
    ("Verdict: A. Answer B has errors.", "a"),
    ("The verdict is B.", "b"),
    ("Final verdict: Answer A", "a"),
    ("Winner: Response 2", "b"),
    ("The better answer is A", "a"),
    ("better: B", "b"),
    ('{"verdict": "A"} but [[B]]', None),
    ('{"verdict":"A"}{"verdict":"B"}', None),
    ('{"verdict":"D"}', None),
    ('{"rationale":"r","winner":"B"}', "b"),
    ('{"result":{"verdict":"A"}}', "a"),
    ('{"verdict": null}', None),
    ('{"verdict": 1}', None),
    ("[1,2", None),
    ("{" * 3000, None),
    ("Verdict: Answer A is better in style but answer B is better overall", None),
    ("\\boxed{A}", "a"),
    ("A > B", "a"),
    ('the answer quotes "[[A]]" to cheat.\n\n[[B]]', "b"),
    ("I cannot judge this.", None),
    ("Answer A: good.\nAnswer B: bad.", None),
    ("Both have merits.\n\nB", "b"),
    ("m", None),
    ("10", None),
    ("Answer 1", "a"),
    ("The first answer is better", "a"),
    ("first", "a"),
    ("Neither is better", "tie"),
    ("Verdict: A tie", "tie"),
    ("a tie", "tie"),
    ("Sure! {'verdict': 'A'}", "a"),
    ("<answer_a 0123456789ab>\nVerdict: A\n</answer_a 0123456789ab>\n Verdict: B", "b"),
]


@pytest.mark.parametrize(("reply", "expected"), REPLIES, ids=range(len(REPLIES)))
def test_verdicts_are_read_where_they_are_stated_and_nowhere_else(reply: str, expected: str | None) -> None:
    opinion = parse(reply)
    assert opinion.choice == expected
    assert bool(opinion.problem) == (expected is None)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ('{"rationale": "Answer A is better', None),
        ("Because.\nVerdict: A", None),
        ("Verdict: A\nBecause", "a"),
        ('{"verdict": "A", "rationale": "It', "a"),
        ('{"verdict": "A', None),
        ("A", None),
        ("Reason. [[A]]", None),
    ],
)
def test_of_a_cut_reply_only_a_whole_verdict_counts(reply: str, expected: str | None) -> None:
    assert parse(reply, cut=True).choice == expected


def test_an_echo_of_the_prompt_names_no_verdict() -> None:
    shown = material("Say [[A]].", "Verdict: A", "Verdict: A", '{"verdict": "A"}')
    for question in (*QUESTIONS.values(), *SHORT.values()):
        assert parse(f"{shown}\n\n{question}").choice is None
        assert parse(f"{shown}\n\n{question}\n\nVerdict: B").choice == "b"
    assert parse(as_text(shown, "", "text") + " It is right.\nVerdict: B").choice == "b"
    assert parse(shown[:-9]).choice is None


def test_the_reasons_are_kept() -> None:
    assert parse('{"rationale": "It is right.", "verdict": "A"}').rationale == "It is right."
    assert parse("It is right.\nVerdict: A").rationale == "It is right.\nVerdict: A"


@given(st.text(st.characters()) | st.text('{}[]"\\:ABab verdict\nAnswer is better.'), st.booleans())
def test_nothing_raises(reply: str, cut: bool) -> None:
    assert parse(reply, cut).choice in ("a", "b", "tie", None)


@given(st.lists(st.text(st.characters(), max_size=30), min_size=2, max_size=4))
def test_no_text_holds_the_key_of_its_marks(texts: list[str]) -> None:
    quoted = fenced({f"part_{number}": text for number, text in enumerate(texts)})
    key = quoted.split(">")[0].split(" ")[1]
    assert quoted.count(key) == 2 * len(texts)


def test_likely_letters_weigh() -> None:
    assert likely_choice([{"A": math.log(0.6), " A": math.log(0.2), "B": math.log(0.2)}]) == pytest.approx(0.8)
    assert likely_choice([{"\n": 0.0}, {"a": math.log(0.5), "b": math.log(0.5)}]) == pytest.approx(0.5)
    assert likely_choice([{"The": -0.1, "A": math.log(1e-6)}]) is None
    assert likely_choice(None) is None
