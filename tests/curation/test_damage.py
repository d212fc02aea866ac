"""Damage of many sorts in one text, and texts of many languages and notations that have none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpaca.curation.damage import EncodingDamage
from alpaca.curation.markup import Markup
from alpaca.records import Example

TASK = "Explain how bread is baked at home."
TEXT = "The café’s baker – “a naïve man” – doesn’t like it."
ENGLISH = "The first field office of the staff had a difficult flight. Officials offered us coffee and muffins."


def found(output: str, instruction: str = TASK, given_input: str = "") -> str | None:
    example = Example(instruction, given_input, output)
    return EncodingDamage()(example) or Markup()(example)


@pytest.mark.parametrize(
    "encoding",
    ["cp1252", "latin-1", "mac_roman", "cp437", "cp850", "cp1251", "koi8-r", "cp1250", "cp1253", "cp1255", "cp1256"],
)
def test_utf_8_read_in_another_encoding(encoding: str) -> None:
    once = TEXT.encode().decode(encoding, "ignore")
    assert found(once)
    assert found(once.encode().decode(encoding, "ignore"))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("cp1251", "latin-1"),
        ("koi8-r", "cp1251"),
        ("cp1253", "latin-1"),
        ("shift_jis", "latin-1"),
    ],
)
def test_another_alphabet_read_as_latin_or_with_its_cases_swapped(written: str, read: str) -> None:
    text = {"cp1253": "Καλημέρα σε όλους τους φίλους μου", "shift_jis": "こんにちは世界"}.get(
        written, "Привет всем моим друзьям"
    )
    assert found(f"You knead it. {text.encode(written).decode(read, 'ignore')} Then you bake it.")


def spelt(form: Callable[[str], str]) -> str:
    return "".join(character if character.isascii() else form(character) for character in TEXT)


@pytest.mark.parametrize(
    "form",
    [
        lambda c: f"<U+{ord(c):04X}>",
        lambda c: f"U+{ord(c):04X}",
        lambda c: f"\\u{ord(c):04x}",
        lambda c: f"\\u{{{ord(c):x}}}",
        lambda c: f"%u{ord(c):04X}",
        lambda c: f"&#{ord(c)};",
        lambda c: f"&amp;#{ord(c)};",
        lambda c: f"#{ord(c)};",
        lambda c: "".join(f"\\x{byte:02x}" for byte in c.encode()),
        lambda c: "".join(f"={byte:02X}" for byte in c.encode()),
        lambda c: "".join(f"%{byte:02X}" for byte in c.encode()),
        lambda c: "".join(f"<{byte:02x}>" for byte in c.encode()),
        lambda c: "".join(f"\\{byte:03o}" for byte in c.encode()),
        lambda c: "?",
        lambda c: "???",
        lambda c: "[?]",
        lambda c: "□",
        lambda c: "¿",
        lambda c: " ",
        lambda c: "#",
        lambda c: "\ue001",
        lambda c: "\U000f0001",
    ],
)
def test_every_spelling_of_a_character_is_damage(form: Callable[[str], str]) -> None:
    assert found(spelt(form))


@pytest.mark.parametrize(
    "hidden", ["\u200b", "\u200d", "\u200e", "\u2062", "\u180e", "\ufe0f", "\U000e0041", "\ufdd0", "␀", "_x000D_"]
)
def test_invisible_characters_within_words(hidden: str) -> None:
    assert found(f"You kne{hidden}ad the do{hidden}ugh.")


@pytest.mark.parametrize(
    "text",
    [
        "YouĠknead theĠdough well.",
        "You knead,Ċ then you bake.",
        "▁You▁knead▁the▁dough.",
        "You are knead ##ing the dough.",
        "You knea@@ d the dough.",
        "You knead.<0x0A>You bake.",
        "It_x2019_s kneaded.",
        "It´?s kneaded.",
        "Here?s how:\n```python\nbake()\n```",
        "It is:\\n\\n```\\nbake()\\n```",
        "```python\nprint(u201cbreadu201d)\nx = 2 \\u2013 1\n```",
        "You knead it well.\\n\\nThen you bake it.",
    ],
)
def test_signs_of_tokenizers_and_lost_apostrophes(text: str) -> None:
    assert found(text)


def test_ascii_read_as_utf_16() -> None:
    assert found("You bake it. " + b"Then you let it cool for an hour. ".decode("utf-16-le"))


@pytest.mark.parametrize("lost", ["", " ", "□", "ﬁ"])
def test_lost_ligatures(lost: str) -> None:
    for ligature in ("ffi", "ff", "fi", "fl"):
        assert not found(ENGLISH)
        assert found(ENGLISH.replace("ffi", lost).replace("ff", lost).replace("fi", lost).replace("fl", lost)), ligature


@pytest.mark.parametrize(
    ("instruction", "output"),
    [
        ("Write a to-do list.", "□ Milk\n□ Bread"),
        ("Fill in the blank: 3 + □ = 7", "3 + 4 = 7, so □ is 4."),
        ("Greet the coder.", "👩‍💻 is a coder, and I ❤️ it."),
        ("Greet her in Persian.", "می‌خواهم بروم"),
        ("What is the area?", "It is 2√π, or x² ≤ ∞; the angle is 25°C–30°C."),
        ("Write a sentence in French.", "« Élève à l’école » — ÇA ÉTÉ, “É”."),
        ("Write a sentence in Russian.", "Москва — столица России. ТАСС «РОССИЯ» и МГУ."),
        ("Write a sentence in Chinese.", "北京是中国的首都，有着三千多年的建城历史。"),
        ("Write a sentence in Icelandic.", "Það er þörf á því að æða út í óveðrið."),
        ("Which character is it?", "U+2019 is the right single quotation mark, written \\u2019 in Unicode."),
        ("What is its Unicode?", "U+00E9"),
        ("Where is the file?", "Open C:\\new\\test and http://a.com/?q=a%20b&c=d."),
        ("Say how sure you are.", "What?! Really?? No way... (╯°□°)╯︵ ┻━┻"),
        ("Draw a frame.", "┌──┐\n│ a│\n├──┤"),
        ("Print the name in code.", 'print("caf\\u00e9")\nname = "caf\\xe9s"\nreturn name;'),
        ("Write the tweet.", "It's a dog's life #love @bob +1, rock 'n' roll, '90s"),
        ("Design a website.", "<p>Salt &amp; pepper</p>"),
        ("Name a town of Malta.", "Ħaż-Żebbuġ, where Ċensu and Ġorġ live."),
        ("Draw the rain of a week.", "▁▂▃▄▅▃▁ was the rain."),
        ("Replace dashes in Python.", "```python\ntext = re.sub(r'[\\u2013\\u2014]', '-', text)\n```"),
        ("Compare them in code.", "```js\nx = a ?s : b;\n```\nIt's x."),
    ],
)
def test_natural_texts_are_not_damaged(instruction: str, output: str) -> None:
    assert found(output, instruction) in (None, "markup: <p>")


def test_entities_without_tags_are_left_over_in_a_task_about_websites() -> None:
    assert found("A website for books &#8220;How to&#8221; would be clean.", "Design a website for books.")


@given(st.text(st.characters(categories=("Lo",), min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=8, max_size=40))
def test_plain_chinese_is_rarely_ascii(text: str) -> None:
    example = Example("Write a sentence in Chinese.", "", f"{text}的是。")
    assert EncodingDamage()(example) is None
