"""The filter of lists in another order than is asked for: sorted by size, by the alphabet, or reversed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from alpaca.curation.calculations import number
from alpaca.curation.prose import MARKER, any_of, has_any, is_code, words
from alpaca.records import Example

A_TO_Z, Z_TO_A = r"a(?: to |-|-to-)z", r"z(?: to |[- ]|-to-)a"
SORTS = any_of(
    r"\b(?:sort|order|arrange|rank|rearrange|reorder|alphabeti[sz]e|organi[sz]e|put|place|list|line up)\b[^.?!]*?"
    r"\b(?:ascending|descending|increasing|decreasing|numeric\w*|alphabet\w*|lexicographic\w*"
    rf"|{A_TO_Z}|{Z_TO_A}"
    r"|(?:small|low|large|high|big|great|least|most|early|earli|late|old|new|young)\w* to (?:the )?\w+)\b"
)
ALPHABET = any_of(rf"alphabet|lexicographic|\b(?:{A_TO_Z}|{Z_TO_A})\b")
DOWN = any_of(
    rf"\b(?:descending|decreasing|{Z_TO_A}|(?:large|high|big|great|most|latest)\w* to|revers\w+|backwards?)\b"
)
UP = any_of(rf"\b(?:ascending|increasing|{A_TO_Z}|(?:small|low|least|earl)\w* to)\b")
THINGS = r"(?P<what>words?|numbers?|items?|elements?|list|array|letters?|characters?|strings?)"
REVERSES = any_of(
    r"\b(?:reverse|invert|flip)(?: the)?(?: (?:order|sequence|position)s? of)?(?: (?:the|all|these|this|given|following"
    rf"|a|of|in|input|order)){{0,4}} {THINGS}\b",
    r"\b(?:write|spell|print|say|put|type)(?: (?:the|all|these|this|given|following|out)){0,3} (?P<back>words?|letters?"
    r"|sentence|list|numbers?) (?:backwards?|in reverse)\b",
)
# A task about sorting, or one of which the order is another than that of the whole words and numbers.
OTHERWISE = any_of(
    r"\b(?:code|function|program|script|python|java\w*|sql|algorithm|implement|explain|why|how|steps?|each|within|every"
    r"|last names?|surnames?|length|last (?:letter|word)|second|by (?:their|the)|importance|priority|frequency"
    r"|then|and then|group\w*|categor\w*|absolute|vowels?|sentence|paragraph|story|meaning)\b"
)
NUMBER = re.compile(r"[-−]?[$€£]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?%?|[-−]?\d+/[1-9]\d*")
ARTICLE = any_of(r"^(?:the|an?) ")
LETTERS = any_of(r"\bletters\b")
CHANGES = any_of(r"\b(?:remov\w*|duplicat\w*|uniq\w*|distinct|only|top|first|even|odd|add\w*|double|square\w*|prime)\b")


@dataclass(frozen=True)
class Order:
    """A list that is to be sorted or reversed is so: numbers by size, words by the alphabet, in full."""

    def __call__(self, example: Example) -> str | None:
        asked = example.instruction.partition("\n")[0]
        low = asked.lower()
        if not has_any(
            low, ("ort", "rder", "rrange", "rank", "lphabet", "rganiz", "revers", "invert", "flip", "backward", " to ")
        ):
            return None
        if OTHERWISE.search(asked) or is_code(example.output):
            return None
        fault = _unsorted(asked, example) or _not_reversed(asked, example)
        return f"wrong order: {fault}" if fault else None


def _unsorted(asked: str, example: Example) -> str | None:
    found = None if LETTERS.search(asked) else SORTS.search(asked)
    things = listed(example.output) if found else []
    if not 3 <= len(things) <= 60:
        return None
    if all(map(NUMBER.fullmatch, things)):
        sizes = [_size(thing) for thing in things]
        down, up = bool(DOWN.search(asked)), bool(UP.search(asked))
        given = listed(example.input)
        if sizes != sorted(sizes, reverse=True) if down and not up else sizes != sorted(sizes):
            return None if down == up and sizes == sorted(sizes, reverse=True) else ", ".join(things)[:60]
        whole = len(given) > 2 and all(map(NUMBER.fullmatch, given)) and not CHANGES.search(asked)
        lost = whole and sorted(map(_size, given)) != sorted(sizes)
        return f"{len(things)} other numbers than the {len(given)} given" if lost else None
    if not ALPHABET.search(asked) or any(len(words(thing)) not in range(1, 5) for thing in things):
        return None
    down = bool(DOWN.search(asked))
    for key in (str.lower, lambda thing: ARTICLE.sub("", thing.lower()), lambda thing: "".join(words(thing)), _last):
        keys = [key(thing) for thing in things]
        if keys == sorted(keys, reverse=down):
            return None
    return ", ".join(things)[:60]


def _size(text: str) -> Fraction:
    return number(text.rstrip("%"))


def _last(thing: str) -> str:
    return words(thing)[-1]


def _not_reversed(asked: str, example: Example) -> str | None:
    """Compare with what is given, backwards by words or, in what is one word or text, by letters."""
    found = REVERSES.search(asked)
    given, output = example.input.strip(), example.output.strip()
    if found is None or not given or "\n" in given or len(words(output)) != len(words(given)):
        return None
    ones, twos = words(given), words(output)
    if sorted(ones) == sorted(twos) and len(ones) > 1:
        return output[:60] if twos != ones[::-1] else None
    if (
        len(ones) == 1
        and sorted(ones[0]) == sorted(twos[0])
        and ones[0].isalpha()
        and (found["what"] or found["back"])[0] != "n"
    ):
        return output[:60] if twos[0] != ones[0][::-1] else None
    return None


def listed(text: str) -> list[str]:
    """Return the items of a list, without its marks, quotes and brackets: of lines, of one line, or bare words."""
    lines = [line for line in text.strip().split("\n") if line.strip() and not line.rstrip().endswith(":")]
    if len(lines) > 1:
        parts = [MARKER.sub("", line, count=1) for line in lines]
    elif lines:
        line = re.sub(r"^[^:]{0,80}:\s+", "", lines[0])
        parts = re.split(r"[,;]\s+(?:and\s+)?|,(?!\d{3}\b)(?:and )?|\s+(?:and|[<>≤≥→]|->)\s+", line)
        parts = parts if len(parts) > 1 else line.split()
    else:
        parts = []
    return [part.strip(" \t.,;\"'“”‘’[](){}*`") for part in parts if part.strip(" \t.,;\"'“”‘’[](){}*`")]
