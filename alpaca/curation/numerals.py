"""Tasks about numbers themselves: other writings of them, primes, sequences, and spans between times and dates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from fractions import Fraction
from itertools import pairwise
from math import isqrt

from alpaca.curation.calculations import number
from alpaca.curation.prose import any_of, words
from alpaca.curation.quantities import DIGITS
from alpaca.curation.tasks import Answer, Task

CONVERTS = any_of(r"\b(?:convert|express|write|change|turn|what is|rewrite|represent|give)\b")
FRACTION = re.compile(r"(?<![\d/.])(\d+)/([1-9]\d*)(?![\d/])")
BASES = {"binary": 2, "octal": 8, "hexadecimal": 16, "hex": 16}
ROMAN = dict(
    zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        ["M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"],
        strict=True,
    )
)
MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
DAY = any_of(rf"\b({'|'.join(MONTHS)}) (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}}))?")
CLOCK = any_of(r"\b(\d{1,2})(?::(\d\d))? ?([ap])\.?m\b")
CODE = any_of(r"\b(?:code|function|program|script|python|java\w*|sql)\b")


def share(task: Task) -> Answer | None:
    """Write a fraction, decimal or percentage as another of these."""
    to = re.search(
        r"\b(?:as|to|into|in) (?:an? )?(?:simplified |equivalent )?(decimal|percent|fraction)", task.text, re.IGNORECASE
    )
    if (
        not to
        or not CONVERTS.match(task.text)
        or len(words(task.text)) > 15
        or re.search(r"binary|octal|hex|roman|inch|feet|foot|mile|meter|hour", task.text, re.IGNORECASE)
    ):
        return None
    fractions, numbers = FRACTION.findall(task.text), re.findall(rf"({DIGITS}) ?(%|percent)?", task.text)
    if len(fractions) == 1 and len(numbers) == 2:
        value = Fraction(int(fractions[0][0]), int(fractions[0][1]))
    elif not fractions and len(numbers) == 1:
        value = number(numbers[0][0]) / (100 if numbers[0][1] else 1)
    else:
        return None
    return Answer((value * 100,)) if to[1].lower() == "percent" else Answer((value,))


def rounded(task: Task) -> Answer | None:
    """Round a number to places that are named."""
    asked = re.search(
        r"\bround\b.{0,30}?(\d+\.\d+|\d{1,3}(?:,\d{3})+|\d+)\b.{0,20}?\bto (?:the nearest )?(?:(\d|one"
        r"|two|three) decimal|(tenth|hundredth|thousandth|whole|integer|ten|hundred|thousand)\b)",
        task.text,
        re.IGNORECASE,
    )
    if not asked or CODE.search(task.text) or len(words(task.text)) > 20:
        return None
    places = {
        "one": 1,
        "two": 2,
        "three": 3,
        "tenth": 1,
        "hundredth": 2,
        "thousandth": 3,
        "whole": 0,
        "integer": 0,
        "ten": -1,
        "hundred": -2,
        "thousand": -3,
    }
    named = (asked[2] or asked[3]).lower()
    unit = Fraction(10) ** -(int(named) if named.isdigit() else places[named])
    return Answer((unit * int(number(asked[1]) / unit + Fraction(1, 2)),))


def sequence(task: Task) -> Answer | None:
    """Continue a sequence that grows by a constant, by a factor, or by adding its last two."""
    found = re.search(rf"((?:{DIGITS}, ?){{3,}}(?:and )?{DIGITS})", task.text)
    if (
        not found
        or not re.search(r"\bnext (?:number|term|value|in)\b|\bcomes next\b", task.text, re.IGNORECASE)
        or CODE.search(task.text)
    ):
        return None
    terms = [number(term) for term in re.findall(DIGITS, re.sub(r", ?", "; ", found[1]))]
    pairs = list(pairwise(terms))
    if len({after - before for before, after in pairs}) == 1:
        return Answer((terms[-1] + terms[1] - terms[0],))
    if 0 not in terms and len({after / before for before, after in pairs}) == 1:
        return Answer((terms[-1] * terms[1] / terms[0],))
    if all(c == a + b for a, b, c in zip(terms, terms[1:], terms[2:], strict=False)):
        return Answer((terms[-1] + terms[-2],))
    return None


def days(task: Task) -> Answer | None:
    """Count the days between two dates of a year; either end may be counted or not, and a leap day."""
    found = DAY.findall(task.text)
    if (
        len(found) != 2
        or not re.search(r"\b(?:how many|number of) days\b", task.text, re.IGNORECASE)
        or len(words(task.text)) > 30
    ):
        return None
    try:
        first, second = (
            date(int(year or 2023), MONTHS.index(month.lower()) + 1, int(day)) for month, day, year in found
        )
    except ValueError:
        return None
    gap = abs((second - first).days)
    return Answer(tuple(map(Fraction, (gap, gap + 1, gap - 1))), repeated=DAY)


def hours(task: Task) -> Answer | None:
    """Count the hours or minutes between two times of a day."""
    found = CLOCK.findall(task.text)
    unit = re.search(r"\bhow (?:many (hours|minutes)|(long))\b", task.text, re.IGNORECASE)
    if (
        len(found) != 2
        or unit is None
        or len(words(task.text)) > 30
        or len(re.findall(r"\d", CLOCK.sub("", task.text)))
    ):
        return None
    first, second = (int(h) % 12 * 60 + int(m or 0) + 720 * (half.lower() == "p") for h, m, half in found)
    gap = Fraction((second - first) % 1440)
    return (
        Answer((gap,))
        if (unit[1] or "").lower() == "minutes"
        else Answer((gap / 60, Fraction(gap // 60)))
        if unit[1]
        else None
    )


SOLVERS: Iterable[Callable[[Task], Answer | None]] = (share, rounded, sequence, days, hours)


def untrue(task: Task, output: str) -> str | None:
    """Return what is wrong about a number written in another system, a prime, a list of divisors, or a time."""
    if len(words(task.text)) > 30 or CODE.search(task.text):
        return None
    return _base(task, output) or _prime(task, output) or _divisors(task, output) or _later(task, output)


def _base(task: Task, output: str) -> str | None:
    """Check the value of a number in binary, octal, hexadecimal or Roman numerals."""
    to = re.search(
        r"\b(?:to|in|into|as) (?:an? |the )?(decimal|binary|octal|hexadecimal|hex|roman)\b", task.text, re.IGNORECASE
    )
    given = re.findall(r"\b(?:0[xb])?\d[\dA-Fa-f]*\b", task.text)
    if not to or len(given) != 1:
        return None
    target, source = (
        to[1].lower(),
        next((name for name in BASES if name in task.text.lower() and name != to[1].lower()), ""),
    )
    try:
        value = int(given[0], BASES.get(source, 10))
    except ValueError:
        return None
    if target == "decimal":
        wanted = str(value) if source else ""
    elif target == "roman":
        wanted = _roman(value) if value < 4000 else ""
    else:
        wanted = format(value, {2: "b", 8: "o", 16: "x"}[BASES[target]])
    return wanted if wanted and wanted.lower() not in output.lower().replace(",", "").replace(" ", "") else None


def _roman(value: int) -> str:
    text = ""
    for size, letters in ROMAN.items():
        text += letters * (value // size)
        value %= size
    return text


def _prime(task: Task, output: str) -> str | None:
    """Check whether a number is said to be prime that is none, or the reverse."""
    asked = re.search(r"\bis (?:the number )?(\d{1,7}) (?:an? )?prime\b", task.text, re.IGNORECASE)
    said = re.match(r"\W*(yes|no|true|false)\b", output, re.IGNORECASE)
    if not asked or not said:
        return None
    value = int(asked[1])
    prime = value > 1 and all(value % divisor for divisor in range(2, isqrt(value) + 1))
    return f"{value} is {'' if prime else 'not '}prime" if prime != (said[1].lower() in ("yes", "true")) else None


def _divisors(task: Task, output: str) -> str | None:
    asked = re.search(r"\b(?:factors|divisors) of (?:the number )?(\d{1,6})\b", task.text, re.IGNORECASE)
    listed = re.findall(r"(?:\d+, ?)+(?:and )?\d+", output)
    if not asked or "prime" in task.text.lower() or "common" in task.text.lower() or len(listed) != 1:
        return None
    wrong = [n for n in re.findall(r"\d+", listed[0]) if int(n) and int(asked[1]) % int(n)]
    return f"without {wrong[0]}" if wrong else None


def _later(task: Task, output: str) -> str | None:
    """Check the time that is some minutes and hours after the one time of a task."""
    found, stated = CLOCK.findall(task.text), CLOCK.findall(output)
    spans = re.findall(r"\b(\d+) ?-?(hours?|minutes?|mins?|hrs?)\b", task.text, re.IGNORECASE)
    asked = re.search(
        r"\b(?:when|what time|at what time)\b[^?]*\b(?:end|finish|over|arrive|be (?:done|ready|over)|return|land|get)",
        task.text,
        re.IGNORECASE,
    )
    if (
        len(found) != 1
        or not stated
        or not spans
        or not asked
        or re.search(r"\b(?:before|earlier|half|ago|and then)\b", task.text)
    ):
        return None
    start, *_ = ((int(h) % 12) * 60 + int(m or 0) + 720 * (half.lower() == "p") for h, m, half in found)
    span = sum(int(n) * (60 if unit[0].lower() == "h" else 1) for n, unit in spans)
    ends = {(int(h) % 12) * 60 + int(m or 0) + 720 * (half.lower() == "p") for h, m, half in stated}
    end = (start + span) % 1440
    return f"{(end // 60 - 1) % 12 + 1}:{end % 60:02}" if end not in ends else None
