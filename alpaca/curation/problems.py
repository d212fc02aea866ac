"""Problems in words whose answer can be weighed: linear equations, conversions of units, and stories with two or three numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import permutations

from alpaca.curation.prose import words
from alpaca.curation.quantities import SPELT, measured

VALUE = r"[-−]?\d[\d,]*(?:\.\d+)?"
LINEAR = re.compile(
    r"(?<![\w^*/+-])(?<![-+*/^−] )(\d*)\s?\*?\s?([a-z])\s*([-+−])\s*(\d+)\s*=\s*([-−]?\d+)(?![\w^*/(]|\.\d|\s*[-+*/])"
)
ASKED_IN = (
    re.compile(
        rf"\bhow many (?P<to>\w+) (?:are |is )?(?:there |equal |make up )?(?:in |are in )?(?:a total of )?(?P<n>{VALUE}|an?|one) (?P<of>\w+)\??\W*$",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:convert|change|express|turn) (?P<n>{VALUE}) (?P<of>\w+) (?:to|into|in) (?P<to>\w+)\W*$", re.IGNORECASE
    ),
)
STORY = re.compile(
    r"\bhow (?:many|much|far|long|old|tall|fast)\b|\bwhat (?:is|was|will be|are) (?:the|his|her|their|its) (?:total|new|final|remaining|distance|cost|price|change|speed|profit|sum)\b",
    re.IGNORECASE,
)
NUMBER = re.compile(r"(?<![\w.,])\$?(\d[\d,]*(?:\.\d+)?)(?![\w]|[.,]?\d)")
FACTORS = {
    r"half|halves|twice|double|both|pair|round trip": (2,),
    r"hours?|minutes?|seconds?|time|speed|mph|km/h": (60, 3600, 24, Fraction(1, 2)),
    r"weeks?|days?|months?|years?|dozens?|daily|weekly|monthly|annual\w*": (7, 12, 24, 30, 31, 52, 365),
    r"kilo\w*|met(?:er|re)s?|centi\w*|cents?|grams?|percent\w*|%|km|cm|kg|ml|lit(?:er|re)s?": (100, 1000, 10),
}  # of the words that bring them in


def missed(task: str, output: str) -> str | None:
    """Return what an answer should be or be made of, where it states numbers and none is right; None where that cannot be told."""
    return _equation(task, output) or _conversion(task, output) or _story(task, output)


def _fraction(text: str) -> Fraction:
    return Fraction(text.replace(",", "").replace("−", "-").rstrip(".")) if text[-1].isdigit() else Fraction(1)


def _equation(task: str, output: str) -> str | None:
    """Solve the one linear equation of a task; the output must state its root."""
    found = LINEAR.findall(task)
    if (
        len(found) != 1
        or int(found[0][0] or 1) == 0
        or not re.search(r"\b(?:solve|find|what is|value|determine|calculate)\b", task, re.IGNORECASE)
    ):
        return None
    factor, name, sign, added, total = found[0]
    root = (_fraction(total) - _fraction(added) * (-1 if sign in "-−" else 1)) / int(factor or 1)
    stated = re.findall(rf"\b{name}\s*(?:=|is|equals)\s*({VALUE})(?![\w/.]*[/\w])(?!\s*[-+*/^])", output)
    return f"{name} = {root}" if stated and all(not _same(root, value) for value in stated) else None


def _conversion(task: str, output: str) -> str | None:
    """Compute the conversion that a task asks for; an output with numbers must hold the result."""
    for pattern in ASKED_IN:
        if found := pattern.search(task.strip()):
            value = measured(_fraction(found["n"]), found["of"], found["to"])
            stated = NUMBER.findall(output)
            if value is not None and stated and not any(_same(value, number) for number in stated):
                return f"{float(value):.6g} {found['to']}"
    return None


def _story(task: str, output: str) -> str | None:
    """Weigh the short answer to a story: one of its numbers must be made of the two or three that are given."""
    given = [_fraction(number) for number in NUMBER.findall(task)]
    stated = [number for number in NUMBER.findall(output) if _fraction(number) not in given]
    plain = len(given) in (2, 3) and len(words(task)) > 7 and STORY.search(task) and len(words(output)) < 40
    if (
        not plain
        or not stated
        or SPELT.search(task)
        or re.search(r"\b(?:an? (?:hour|day|week|minute|dozen)|and a half)\b", task)
        or any(1500 < value < 2100 for value in given)
    ):
        return None
    possible = _made_of(given, bool(re.search(r"%|percent|interest|discount|tax|tip", task)))
    factors = [
        1,
        *(
            factor
            for pattern, many in FACTORS.items()
            if re.search(rf"(?:{pattern})(?!\w)", task, re.IGNORECASE)
            for factor in many
        ),
    ]
    possible = {value * factor for value in possible for factor in factors} | {
        value / factor for value in possible for factor in factors
    }
    if any(_same(value, number) for value in possible for number in stated):
        return None
    return f"no sum, difference, product or quotient of {', '.join(map(str, given))}"[:90]


def told(sentence: str) -> Iterator[tuple[Fraction, str]]:
    """Yield the sum or difference in a sentence that counts things (`has 3 and finds 2 more, so now has 6`) where the last number is neither."""
    found = COUNTED.search(sentence)
    given = [_fraction(number) for number in NUMBER.findall(sentence[: found.start()])] if found else []
    if not found or len(given) != 2 or SPELT.search(sentence):
        return
    more = not LESS.search(sentence)
    if not any(_same(value, found[1]) for value in _made_of(given, True)):
        yield (given[0] + given[1] if more else abs(given[0] - given[1])), found[1]


COUNTED = re.compile(
    r"\b(?:so|now|then|leaving|left|altogether|in total)\b[^.\d]{0,40}?\b(?:has|have|had|of|with|is|are|makes?|leaving|be)\b[^.\d]{0,12}?(\d[\d,]*)(?![\d.]*\d|%)(?=[^\d]*$)",
    re.IGNORECASE,
)
LESS = re.compile(
    r"\b(?:gives?|gave|loses?|lost|eats?|ate|sells?|sold|spends?|spent|left|leaving|uses?|away|fewer|less)\b",
    re.IGNORECASE,
)


def _same(value: Fraction, stated: str) -> bool:
    decimals = len(stated.partition(".")[2])
    off = abs(value - _fraction(stated))
    return off == 0 or ((value * 10**decimals).denominator != 1 and off < Fraction(1, 10**decimals))


def _made_of(given: list[Fraction], percent: bool) -> set[Fraction]:
    """Return what one or two steps make of numbers; what are percentages is taken of the others too."""
    found = set[Fraction]()
    for first, second, *rest in permutations(given):
        made = list(_steps(first, second, percent))
        found.update(made)
        for third in rest:
            found.update(value for one in made for value in _steps(one, third, percent))
            found.update(value for one in _steps(second, third, percent) for value in _steps(first, one, percent))
    return found


def _steps(a: Fraction, b: Fraction, percent: bool) -> Iterator[Fraction]:
    yield from (a + b, a - b, b - a, a * b)
    yield from _quotients(((a, b), (b, a)))
    yield from (a + a * b / 100, a - a * b / 100, a * b / 100) if percent else ()


def _quotients(pairs: Iterable[tuple[Fraction, Fraction]]) -> Iterator[Fraction]:
    yield from (one / other for one, other in pairs if other)
