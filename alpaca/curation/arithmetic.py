"""The filter of arithmetic that is wrong: what a text states is computed, exactly, as fractions.

Read are equations of numbers (`3 x (4 + 5) = 27`), their words (`12 times 3 is 36`, `the sum of 3, 2 and 5 is 10`),
amounts in two units, totals of lists, and tasks whose answer can be computed. A number may be rounded or cut to the
digits that it has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from alpaca.curation.calculations import NUMBER, agrees, computed, in_signs, number
from alpaca.curation.operations import NAMES_IN, STATED, values
from alpaca.curation.problems import missed
from alpaca.curation.prose import DIGIT, FENCE, any_of, has_any
from alpaca.curation.quantities import conversions, inexact
from alpaca.curation.stories import told
from alpaca.curation.totals import wrong_total
from alpaca.records import Example

SIDE = r"[$€£\d\s.,%+\-−–*×x·∙÷/^()²³!√|]"
SIGN = r"[-−–+*×x·∙÷/^]"
# What says that a calculation has a value; words do so only right after it.
IS = (
    r"(?:,? (?:is|equals?|are|was|gives?|makes?|leaves?|yields?|results? in|totals?|amounts? to|comes (?:out )?to"
    r"|to get|to give|(?:we|you) (?:get|have)|(?:which|that) (?:is|equals|gives|makes))"
    r"(?: (?:you|us|me))?(?: equal to| exactly| simply| about| approximately)?(?=:? [*$€£`]*[-−]?[$€£]?\d))"
)
EQUALS = re.compile(rf"(?<![=<>!~:])(?:=|≈)(?!=)|(?<=[\d)%²³!|]){IS}")
UNIT = r"(?!x\s?\d)[a-zA-Z]{2,15}(?: [a-z]{3,12})?"
FORMULA = re.compile(r"[a-zA-Z](?![a-zA-Z])(?<![mgsLhJNWVAC])|[a-zA-Z][\^(]|[_\\√π°^]")
BEFORE = re.compile(r"[\w)\]}\\_]\Z|(?:[+*/^×÷√π%²³°−]|(?:\d|\)|\b[a-z])!|\d and)\s*\Z|\d:\Z|(?<![\w,;.:])\s[-–]\s*\Z")
WRONG_ON_PURPOSE = any_of(
    r"\b(?:not|n['’]t|incorrect\w*|wrong\w*|false|errors?|mistak\w*|invalid|instead|rather than)\b",
    r"\b(?:mod|remainder|base|binary|hex\w*)\b",
    r"≠|!=",
)


class Statement(NamedTuple):
    """What is computed, its value, and what the text says it is."""

    text: str
    value: Fraction
    stated: str


@dataclass(frozen=True)
class Arithmetic:
    """No equation in the output is wrong, and the value that is asked for in numbers occurs in it."""

    def __call__(self, example: Example) -> str | None:
        if not DIGIT.search(example.output) and len(example.output) > 80:
            return None
        output = in_signs(FENCE.sub(" ", example.output))
        for stated in (*equations(output), *named_values(output)):
            if not agrees(stated.value, stated.stated):
                return f"wrong arithmetic: {stated.text[:50].strip()} (it is {shown(stated.value)})"
        if fault := wrong_conversion(output) or wrong_total(output) or told(output):
            return f"wrong arithmetic: {fault}"
        fault = missed(example, output)
        return f"wrong arithmetic: the answer is {fault}" if fault else None


def equations(text: str) -> Iterator[Statement]:
    """Yield each equation of numbers: a calculation, and the number or other calculation that it is said to be."""
    for sign in EQUALS.finditer(text) if DIGIT.search(text) else ():
        line = _without_units(text[: sign.start()].rpartition("\n")[2][-160:])
        calculation = _last_calculation(line, sign[0].strip()[-1:].isalpha())
        if calculation is None or (value := computed(calculation)) is None:
            continue
        after = re.split(r"\. |\n|(?<=\d)[,;] ", text[sign.end() : sign.end() + 80], maxsplit=1)[0]
        right = re.match(rf"\s*[*`]*({SIDE}*)(.{{0,3}})", _without_units(after), re.DOTALL)
        around = text[max(0, sign.start() - 60) : sign.start()].split(". ")[-1] + after
        cents = "$" in calculation and re.match(r"[^a-z]*cents?\b|¢", after)
        if (
            right
            and not cents
            and not FORMULA.match(right[2])
            and not WRONG_ON_PURPOSE.search(around)
            and (found := _statement(calculation, value, right[1]))
        ):
            yield found


def _statement(calculation: str, value: Fraction, right: str) -> Statement | None:
    """Read what follows the equals sign: a number, a percentage, or another calculation."""
    stated = re.match(r"\s*([-−]?[$€£]?\s?\d[\d,]*(?:\.\d+)?)\s*(%?)", right)
    if stated is None:
        return None
    text = f"{calculation.strip()} = {right.strip(' .,')}"
    rest = right[stated.end() :].strip(" .,\n)\t")
    if not rest:
        plain = re.sub(r"[,$€£\s]", "", stated[1]).replace("−", "-")
        return Statement(text, value * (100 if stated[2] and not agrees(value, plain) else 1), plain)
    other = computed(right) if re.match(rf"{SIGN}|[²³!(]", rest) else None
    if other is None or abs(other - value) * 100 <= _slack(value, right):
        return None
    return Statement(text, value, str(float(other)))


def _slack(value: Fraction, right: str) -> Fraction:
    """Return by what percent two calculations may differ: what rounding brings; nothing between common fractions."""
    exact = re.fullmatch(r"[\s\d/.]*", right) and "." not in right.rstrip(" .") and value.denominator < 1000
    return Fraction(0) if exact and value.denominator > 1 else max(Fraction(1), abs(value))


def _without_units(text: str) -> str:
    """Return a line without words between numbers and signs, where these are the same or the calculation multiplies."""
    units = re.findall(rf"\d\s?({UNIT})\s*[-+*×x÷/]", text)
    if len(set(units)) > 1 and re.search(r"\w\s*[-+]\s*\d", text):
        return text
    return re.sub(rf"(?<=\d)\s?{UNIT}\s*(?=[-+*×x÷/]\s*[\d$(]|$)", " ", text)


def _last_calculation(line: str, in_words: bool) -> str | None:
    """Return the calculation that ends a line, where it is no part of a longer formula with letters.

    Before a verb a hyphen or slash without blanks is no sign (`pages 3-5 are`), and a range or date is none anywhere.
    """
    side = re.search(rf"{SIDE}*$", line)
    found = re.search(r"(?:[$€£\d(−√|-]|\.(?=\d))(?:[$€£\d.,%+\-−–*×x·∙÷/^()²³!√|]|[ \t])*$", side[0] if side else "")
    if found is None or not re.search(rf"[\d)%²³!|]\s*(?:\*\*|{SIGN})\s*[$€£(\d.√|]|[²³√!]|\)\s*\(|[|]", found[0]):
        return None
    if BEFORE.search(line[: len(line) - len(found[0])]):
        return None
    calculation = re.sub(r"^\s*\d{1,2}[.)]\s+(?=\S)|^.*\d,\s+(?=\S)|^[.!]\s+", "", found[0]).strip()
    if in_words and re.fullmatch(r"[\d.,]+(?:[-–/][\d.,]+)+", calculation):
        return None
    return calculation[1:] if calculation[:1] == "(" and ")" not in calculation else calculation or None


def named_values(text: str) -> Iterator[Statement]:
    """Yield what is said to be the sum, mean, median and so on of listed numbers."""
    for sentence in re.split(r"(?<=[.!?])\s+|\n", text) if len(DIGIT.findall(text)) > 2 else ():
        if (
            len(DIGIT.findall(sentence)) < 3
            or not has_any(sentence.lower(), NAMES_IN)
            or WRONG_ON_PURPOSE.search(sentence)
        ):
            continue
        for pattern, operation in STATED.items():
            for found in pattern.finditer(sentence):
                ending = re.match(
                    rf"[)\]}}]*(?:{IS}| =)[*`:\s]*({NUMBER})(?!\s*(?:{SIGN}|x \d))", sentence[found.end() :]
                )
                if ending and not (" + " in found[1] and re.match(r"average|total", found[0], re.IGNORECASE)):
                    try:
                        value = operation(values(found[1]))
                    except (ValueError, ZeroDivisionError):
                        continue
                    yield Statement(found[0] + ending[0], value, ending[1].lstrip("$€£"))


def wrong_conversion(text: str) -> str | None:
    """Return an amount that is said to be another in a second unit, with what it is."""
    for found, value in conversions(text):
        near = inexact(found["unit"], found["other"]) and abs(value - number(found["stated"])) * 50 <= abs(value)
        if not near and not agrees(value, found["stated"]):
            return f"{found[0][:50]} (it is {shown(value)})"
    return None


def shown(value: Fraction) -> str:
    return str(value) if value.denominator == 1 else f"{float(value):.6g}"
