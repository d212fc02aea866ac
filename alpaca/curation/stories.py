"""Word problems: which values the numbers of a story can make, from what it says of each.

Each number is an amount, a rate (`$3 each`, `60 km per hour`), or a percentage. A rate is multiplied or divided, never added to an
amount; amounts are only multiplied where something in the story says so; and each number has its part in the answer. What
an answer states must be among the few values that are left, so that a story needs no understanding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from alpaca.curation.calculations import agrees, number
from alpaca.curation.prose import any_of, words
from alpaca.curation.quantities import DIGITS, in_digits

NUMBER = re.compile(rf"(?<![\w.,/])[$€£]?({DIGITS})(?![\w/]|[.,:]?\d|\s?-\s?\d)")
QUESTION = any_of(
    r"\bhow (?:many|much|far|long|old|tall|fast|heavy|big|high|wide|deep)\b",
    r"\b(?:what|find|calculate|compute|determine|work out)\b[^.?]{0,30}\b(?:total|new|final|remaining|distance|costs?|price|change|speed"
    r"|profit|sum|amount|number|age|average|weight|length|left|discount|tip|tax|savings?|pay|area|wages?|earnings)\b",
)
UNCLEAR = any_of(  # steps that are not read here
    r"\b(?:half|third|quarter|fourth|fifth|dozens?|ratio|probability|chances?|ways|interest|compound|average|mean|squared?|cubed?|area"
    r"|perimeter|volume|circle|consecutive|digits?|fraction|remainder of|together they|at least|at most|minimum|maximum|enough"
    r"|a\.?m|p\.?m|o'clock|born|age of|couples?|weekdays?|weekends?|both|either|alternate|other|rest|double[sd]?|triples?|times (?:as|more|the|older|that|what|longer|faster|bigger|larger)"
    r"|twice|thrice|once|same|equal(?! (?:groups|parts|shares|number))|between|after how|until|originally|start(?:ed)? with|begin|began|at first|if he had|would have|instead"
    r"|an? (?:week|month|year|hour|minute|day|dozen) and|per (?:cent|annum)|fewer|odd|even|pairs?|in all of|no longer|again)\b",
    r"\d\s*:\s*\d|\d/\d|[=^²√]|\b[xyn]\b",
)
EACH = any_of(
    r"\b(?:each|per|every|apiece|an? (?:piece|pound|kilo\w*|bottle|bag|hour|day|week|month|year|minute|second|night|mile|km|person|ticket|box|pack|ride)"
    r"|hourly|daily|weekly|monthly|mph|kph)\b",
    r"(?:km|miles?|m|mi|\$\d+)/\w",
)
SHARES = any_of(r"\b(?:shar\w+|split\w*|divid\w+|equal\w*|evenly|distribut\w+|among\w*|groups?|packs?|packed|fill\w*|needed|takes?|takes to|for \d+|last)\b")
TIMES = any_of(r"\b(?:rows?|with|for|contain\w*|holds?|has|have|of|costs?|at|times|by|speed|rate|average speed|in)\b")
GAINS = any_of(r"\b(?:buys?|bought|finds?|found|gets?|got|gains?|receiv\w+|adds?|added|more|collect\w*|picks?|picked|joins?|joined|arriv\w+|older|wins?|won|both|extra|further|another)\b")
LOSES = any_of(r"\b(?:gives?|gave|los\w+|eats?|ate|eaten|sells?|sold|spen[dt]s?|us\w+|left|leav\w+|away|fewer|less|younger|remov\w+|tak\w+|took|breaks?|broke|donat\w+|drops?|dropped|remain\w*|throw\w*|threw|ago|change|get off|gets off|borrow\w*|drank|drinks?|flew|died?|returned?)\b")
TOTAL = any_of(r"\b(?:total|altogether|in all|combined|sum|together)\b")
LEFT = any_of(r"\b(?:left|remain\w*|still|change)\b[^.?]*\?|\bhow (?:many|much) (?:more|fewer|less)\b|\bleft over\b|\bleftover\b")
PERCENT = re.compile(r"\s?(?:%|percent\b|per cent\b)")


class Given(NamedTuple):
    """A number of a story: its value, and whether it is a rate or a percentage."""

    value: Fraction
    rate: bool = False
    percent: bool = False


def possible(task: str, output: str) -> str | None:
    """Return what the numbers of a story do not make: the short answer to it, where none of its numbers can be right."""
    if not QUESTION.search(task) or len(words(output)) > 40 or not 7 < len(words(task)) < 90:
        return None
    story = in_digits(re.sub(r"\b[Oo]ne(?= \w+ (?:costs?|has|holds|is))", "1", task))
    given = _given(story)
    stated = [found for found in NUMBER_STATED.findall(in_digits(output).replace("$", ""))]
    if not 2 <= len(given) <= 4 or UNCLEAR.search(story) or not stated:
        return None
    new = [text for text in stated if number(text) not in [one.value for one in given]] or stated[-1:]
    made = _made(tuple(given), bool(SHARES.search(story)), bool(EACH.search(story)))
    made = _asked(made, given, story)
    if not made or any(agrees(value, text) for value in made for text in new):
        return None
    shown = ", ".join(sorted({str(value) if value.denominator == 1 else f"{float(value):.6g}" for value in made})[:4])
    return f"made of {', '.join(str(one.value) for one in given)}: {shown}"[:100]


NUMBER_STATED = re.compile(rf"(?<![\w.,]){DIGITS}(?![.,]?\d)")


def _given(story: str) -> list[Given]:
    found = list(NUMBER.finditer(story))
    ends = [*(match.start() for match in found[1:]), len(story)]
    starts = [0, *(match.end() for match in found)]
    given = []
    for match, start, end in zip(found, starts, ends, strict=False):
        after, before = story[match.end() : end], story[start : match.start()]
        given.append(Given(number(match[1]), _is_rate(before, after), bool(PERCENT.match(after))))
    return given


def _is_rate(before: str, after: str) -> bool:
    """Tell whether words near a number say that it is meant for each of something."""
    near = re.split(r"[.?!;]", after)[0]
    return bool(
        RATE_AFTER.match(near) or RATE_BEFORE.search(re.split(r"[.?!;]", before)[-1])
    )


RATE_AFTER = any_of(
    r"(?: ?[a-zA-Z°]+){0,4}?,? ?(?:each|per|every|apiece|(?:an|a|for an|for a|for each|for every|on each|in each|in every|on every|to each|to every) [a-z]+"
    r"|/ ?[a-z]+|hourly|daily|weekly|monthly)\b",
    r" ?(?:mph|kph)\b",
)
RATE_BEFORE = any_of(r"\b(?:each|every|per|an?) (?:\w+ ){1,4}$", r"\beach[^,]{0,40}$", r"\b(?:an?|one|1) (?:\w+ ){1,2}(?:costs?|holds?|has|weighs?|contains?|takes?)\D{0,6}$")


@lru_cache(maxsize=64)
def _made(given: tuple[Given, ...], shares: bool, each: bool) -> frozenset[Fraction]:
    """Return the values that all of some numbers make."""
    return frozenset(value for value, _ in _parts(given, shares or each, each))


def _parts(given: tuple[Given, ...], divides: bool, multiplies: bool) -> set[tuple[Fraction, bool]]:
    if len(given) == 1:
        return {(given[0].value, given[0].rate)}
    found: set[tuple[Fraction, bool]] = set()
    for size in range(1, len(given)):
        for chosen in combinations(range(len(given)), size):
            left = tuple(given[place] for place in chosen)
            right = tuple(one for place, one in enumerate(given) if place not in chosen)
            if len(right) == 1 and right[0].percent:
                found.update(one for value, rate in _parts(left, divides, multiplies) for one in _of_percent(value, rate, right[0].value))
            elif not any(len(part) == 1 and part[0].percent for part in (left, right)):
                found.update(
                    made
                    for one in _parts(left, divides, multiplies)
                    for two in _parts(right, divides, multiplies)
                    for made in _joined(one, two, divides, multiplies)
                )
    return found


def _of_percent(value: Fraction, rate: bool, percent: Fraction) -> Iterator[tuple[Fraction, bool]]:
    yield value * percent / 100, rate
    yield value * (100 + percent) / 100, rate
    yield value * (100 - percent) / 100, rate


def _joined(
    one: tuple[Fraction, bool], two: tuple[Fraction, bool], divides: bool, multiplies: bool
) -> Iterator[tuple[Fraction, bool]]:
    """Yield what two values make, each with whether it is a rate: rates multiply and divide, the same kinds add."""
    (a, first), (b, second) = one, two
    if first == second:
        yield a + b, first
        yield a - b, first
    if first or second or multiplies:
        yield a * b, first and second
    if b and (first or second or divides):
        yield a / b, first != second
        if a.denominator == b.denominator == 1 and a > b > 0:
            yield Fraction(a // b), first != second
            yield Fraction(-((-a) // b)), first != second
            yield a % b, first


def _asked(made: frozenset[Fraction], given: list[Given], story: str) -> set[Fraction]:
    """Keep the values that the question can mean: no debts, wholes of things counted, a total above its parts."""
    found = {abs(value) for value in made}
    if not any(one.rate for one in given) and not EACH.search(story) and not SHARES.search(story):
        gains, loses = bool(GAINS.search(story)), bool(LOSES.search(story))
        sums = {sum((one.value for one in given), Fraction(0))}
        if gains and not loses and not any(one.percent for one in given) and len(given) == 2:
            found &= sums | {abs(given[0].value - given[1].value)}
    return found
