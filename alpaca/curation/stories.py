"""Word problems: which values the numbers of a story can make, from what it says of each.

Each number is an amount, a rate (`$3 each`, `60 km per hour`), or a percentage. A rate is multiplied or divided, never
added to an amount; amounts are only multiplied where something in the story says so; and each number has its part in
the answer. What an answer states must be among the few values that are left, so that a story needs no understanding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from alpaca.curation.calculations import agrees, number
from alpaca.curation.prose import DIGIT, any_of, has_any, words
from alpaca.curation.quantities import DIGITS, UNITS, in_digits, measured

NUMBER = re.compile(rf"(?<![\w.,/])[$€£]?({DIGITS})(?![.,:]?\d|/\d|\s?-\s?\d|\w*\d)")
QUESTION = any_of(
    r"\bhow (?:many|much|far|long|old|tall|fast|heavy|big|large|high|wide|deep)\b|\bwhat (?:do|does|did|will|would)\b",
    r"\b(?:what|find|calculate|compute|determine|work out)\b[^.?]{0,30}\b(?:total|new|final|remaining"
    r"|distance|costs?|price|change|speed"
    r"|profit|sum|amount|number|age|average|weight|length|left|discount|tip|tax|savings?|pay|area|wages?|earnings)\b",
)
UNCLEAR = any_of(  # steps that are not read here
    r"\b(?:half|halves|third|quarters?|dozens?|ratio|probability|chances?|ways|interest|compound"
    r"|averaged?(?! speed)|mean|squared?|cubed?)\b",
    r"\b(?:\w*(?:fourth|fifth|sixth|seventh|eighth|ninth|tenth)s?|fractions?|consecutive|digits?|odd"
    r"|even|pattern|successive)\b",
    r"\b(?:area|perimeter|volume|circle|rectang\w+|triangle|fence|around|wide|width|couples?|"
    r"(?<!a )pairs?|coins?|nickels?|dimes?|penn(?:y|ies)|twins?)\b",
    r"\b(?:at least|at most|minimum|maximum|enough|both|either|other|rest|same|once|twice|thrice"
    r"|doubled?|doubles|tripled?|triples)\b",
    r"\b(?:times|more|less|fewer)[^?.]* than\b[^?]*(?:\.[^?]*|\b(?:total|altogether|together|combined"
    r"|all|and)\b[^?]*)\?",
    r"\btimes (?:as|more|the|that|what|\w+er)\b|\b(?:a\.?m|p\.?m|o'clock|noon|midnight|born|next year"
    r"|last year|weekdays?|weekends?)\b",
    r"\b(?:until|originally|started? with|began|begin|at first|if he had|would have|instead|no longer"
    r"|again|how long after|after how)\b",
    r"\b(?:legs?|wheels?|eyes|wings|ears|each of (?:them|the\w*|his|her)|(?:for the|whole|entire|this"
    r"|that) (?:week|month|year|day))\b",
    r"\ban? (?:week|month|year|hour|minute|day|dozen) and (?:an? |\d)|\bper (?:cent|annum)\b|\b"
    r"(?:back and forth|and back|one way|each way|up and down|round trips?"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days)\b",
    r"\b(?:herself|himself|themselves|myself|yourself|ages|factor of|get one|profit|anniversary"
    r"|how many \w+ and|together own|every (?:morning|evening|night|afternoon)|except|respective\w*)\b",
    r"\bif\b[^?.]*\b(?:more|less|fewer)\b[^?.]* than\b|\btotal\b[^?]*\bthan\b|\bhalf ?way|\band (?:his"
    r"|her) [^.?]*[.?][^?]*\bsplit\b|\bnautical\b",
    r"\b(?:january|february|march|april|june|july|august|september|october|november|december)\b",
    r"\b(?:split|shar)\w* [^.?]*\bwith (?:his|her|a|their|my)\b|\bshared the\b|\d+\w*-grade|\b"
    r"(?:used to|such|this rate|that rate)\b",
    r"(?<!\d )(?<!\d)\bpercent(?:age)?\b|(?<!\d)(?<!\d )%|\b(?:every|each) (?:mon|tues|wednes|thurs|fri|satur|sun)day",
    r"\bseconds?\b|\d\s*:\s*\d|\d/\d|[=^²√]|\b[xyn]\b|(?<!\d)\.\d",
)
EACH = any_of(
    r"\b(?:each|per|every\w*|apiece|an? (?:piece|pound|kilo\w*|bottle|bag|hour|day|week|month|year"
    r"|minute|second|night|mile|km|person|ticket|box|pack|ride)"
    r"|hourly|daily|weekly|monthly|mph|kph)\b",
    r"(?:km|miles?|m|mi|\$\d+)/\w",
)
SHARES = any_of(
    r"\b(?:shar\w+|split\w*|divid\w+|equal\w*|evenly|distribut\w+|among\w*|groups?|packs?|packed"
    r"|fill\w*|need\w*|requir\w*|fits?|to make|takes?|takes to|for \d+|last)\b"
)
TIMES = any_of(r"\b(?:rows?|with|for|contain\w*|holds?|has|have|of|costs?|at|times|by|speed|rate|average speed|in)\b")
GAINS = any_of(
    r"\b(?:buys?|bought|finds?|found|gets?|got|gains?|receiv\w+|adds?|added|more|collect\w*|picks?"
    r"|picked|joins?|joined|arriv\w+|older|wins?|won|both|extra|further|another)\b"
)
LOSES = any_of(
    r"\b(?:gives?|gave|los\w+|eats?|ate|eaten|sells?|sold|spen[dt]s?|us\w+|left|leav\w+|away|fewer"
    r"|less|younger|remov\w+|tak\w+|took|breaks?|broke|donat\w+|drops?|dropped|remain\w*|throw\w*"
    r"|threw|ago|change|get off|gets off|borrow\w*|drank|drinks?|flew|died?|returned?)\b"
)
TOTAL = any_of(r"\b(?:total|altogether|in all|combined|sum|together)\b")
LEFT = any_of(
    r"\b(?:left|remain\w*|still|change)\b[^.?]*\?|\bhow (?:many|much) (?:more|fewer|less)\b|\bleft over\b|\bleftover\b"
)
PERCENT = re.compile(r"\s?(?:%|percent\b|per cent\b)")


class Given(NamedTuple):
    """A number of a story: its value, and whether it is a rate (None where it may be) or a percentage."""

    value: Fraction
    rate: bool | None = False
    percent: bool = False


def possible(task: str, output: str) -> str | None:
    """Return what the numbers of a story make, where none of the numbers in the short answer to it is that."""
    if not QUESTION.search(task) or len(words(output)) > 40 or not 7 < len(words(task)) < 45:
        return None
    story = in_digits(re.sub(r"\b[Oo]ne(?= \w+ (?:costs?|has|holds|is))", "a", task))
    given = _given(story)
    stated = NUMBER_STATED.findall(in_digits(output).replace("$", ""))
    read = len(NUMBER.findall(story)) == len(re.findall(DIGITS, story))
    if not 1 <= len(given) <= 3 or not read or len(NUMBER.findall(story)) < 2 or UNCLEAR.search(story) or not stated:
        return None
    new = [text for text in stated if number(text) not in [one.value for one in given]]
    new += [] if new and len(new) == len(stated) else stated[-1:]
    factors = _factors(story)
    if len(factors) > 2:  # two conversions, or a unit of each kind
        return None
    each = bool(EACH.search(story)) or not (GAINS.search(story) or LOSES.search(story) or TOTAL.search(story))
    divides = each or bool(SHARES.search(story))
    made = _asked(_made(tuple(given), divides, each), given, story)
    for place, one in enumerate(given):
        for factor in factors:
            scaled = (*given[:place], one._replace(value=one.value * factor), *given[place + 1 :])
            made |= _made(scaled, divides, each)
    if not made or any(agrees(value, text) for value in made for text in new):
        return None
    shown = ", ".join(sorted({str(value) if value.denominator == 1 else f"{float(value):.6g}" for value in made})[:4])
    return f"made of {', '.join(str(one.value) for one in given)}: {shown}"[:100]


def _factors(story: str) -> set[Fraction]:
    """Return the ratios between units of one kind in a story, but of times that are each spoken of twice."""
    spoken = re.sub(r"\bper\b|/", " ", story)
    named = [found[0].lower().removesuffix("s") for found in UNITS.finditer(spoken)]
    named += ["dollar"] if "$" in story else []
    named += [name for word, name in ADVERBS.items() if word in story.lower()]
    odd = {name for name in named if named.count(name) == 1}
    pairs = {(one, two) for one in named for two in named if one != two and (one in odd or two in odd)}
    ratios = {BIG[a] / BIG[b] if a in BIG and b in BIG else measured(Fraction(1), a, b) for a, b in pairs}
    return {ratio for ratio in ratios if ratio not in (None, 0, 1)}


BIG = {name: Fraction(days) for name, days in {"day": 1, "week": 7, "month": 30, "year": 365}.items()}
ADVERBS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "annual": "year", "yearly": "year"}
NUMBER_STATED = re.compile(rf"(?<![\w.,]){DIGITS}(?![.,]?\d)")


PACKED = any_of(  # 3 pens at $2 each, 9 liters per 100 km
    rf"\b(?P<count>{DIGITS})(?: [a-z-]+){{1,3}}?,? (?:at|for|costing|worth|of|with|that cost|priced at"
    rf"|containing|which cost) \$?(?P<rate>{DIGITS})"
    r"(?: [a-z-]+){0,3}? (?:each|apiece|a piece|per [a-z]+)\b(?! \d)",
)
PROPORTION = any_of(rf"(?P<much>{DIGITS})(?: [a-z]+){{1,4}} (?:per|for every|for each|every) (?P<of>{DIGITS})\b")


def _given(story: str) -> list[Given]:
    """Return the numbers of a story; what is so many at so much each, or so much per so many, is one."""
    packed = [
        (found.span(), Given(number(found["count"]) * number(found["rate"]))) for found in PACKED.finditer(story)
    ] + [
        (found.span(), Given(number(found["much"]) / (number(found["of"]) or 1), True))
        for found in PROPORTION.finditer(story)
    ]
    found = [match for match in NUMBER.finditer(story) if not any(a <= match.start() < b for (a, b), _ in packed)]
    spans = [span for span, _ in packed] + [match.span() for match in found]
    given = [(start, one) for (start, _), one in packed]
    for match in found:
        before = story[max((end for _, end in spans if end <= match.start()), default=0) : match.start()]
        after = story[match.end() : min((start for start, _ in spans if start >= match.end()), default=len(story))]
        rate = _is_rate(before, after, story)
        if rate is False and EVERY.search(re.split(r"[.?!;]\s", story[: match.start()])[-1]):
            rate = None
        given.append((match.start(), Given(number(match[1]), rate, bool(PERCENT.match(after)))))
    return [one for _, one in sorted(given, key=lambda placed: placed[0])]


def _is_rate(before: str, after: str, story: str) -> bool | None:
    """Tell whether words near a number say that it is meant for each of something; None where it may be."""
    near, ahead = re.split(r"[.?!;]\s", after)[0], re.split(r"[.?!;]\s", before)[-1]
    if RATE_AFTER.match(near):
        return True
    things = [found["thing"] for found in (ONE_AFTER.match(near), ONE_BEFORE.search(ahead)) if found]
    again = any(len(re.findall(rf"\b{thing.lower().rstrip('s')}", story.lower())) > 1 for thing in things)
    return None if again or MAYBE_BEFORE.search(ahead) or MAYBE_AFTER.match(near) else False


OF_EACH = r"(?:for |on |in |to |from )?(?:each|per|every|apiece)\b|/ ?[a-z]+|hourly|daily|weekly|monthly|mph|kph"
A_TIME = r"(?:an?|one) (?:hour|day|week|month|year|minute|second|night|piece|head)\b"
RATE_AFTER = any_of(rf"(?: ?[a-zA-Z°]+){{0,4}}? ?(?:{OF_EACH}|{A_TIME})")
EVERY = any_of(r"\b(?:each|every\w*|per)\b")
ONE_AFTER = any_of(r"(?: ?[a-zA-Z°]+){0,4}?,? ?(?:an?|one|1) (?P<thing>[a-z]+)")
ONE_BEFORE = any_of(r"\b(?:an?|one|1) (?P<thing>[a-z]+) (?:\w+ ){0,3}\D{0,3}$")
MAYBE_AFTER = any_of(r"(?: ?[a-zA-Z°]+){0,4}?, ?(?:each|every)\b")
MAYBE_BEFORE = any_of(r"\b(?:for|at|costs?|of|with) \D{0,3}$")


@lru_cache(maxsize=64)
def _made(given: tuple[Given, ...], divides: bool, multiplies: bool) -> frozenset[Fraction]:
    """Return the values that all of some numbers make."""
    return frozenset(value for value, _ in _parts(given, divides, multiplies))


def _parts(given: tuple[Given, ...], divides: bool, multiplies: bool) -> set[tuple[Fraction, bool]]:
    if len(given) == 1:
        return {(given[0].value, rate) for rate in ((True, False) if given[0].rate is None else (given[0].rate,))}
    found: set[tuple[Fraction, bool]] = set()
    for size in range(1, len(given)):
        for chosen in combinations(range(len(given)), size):
            left = tuple(given[place] for place in chosen)
            right = tuple(one for place, one in enumerate(given) if place not in chosen)
            if len(right) == 1 and right[0].percent:
                found.update(
                    one
                    for value, rate in _parts(left, divides, multiplies)
                    for one in _of_percent(value, rate, right[0].value)
                )
            elif not any(len(part) == 1 and part[0].percent for part in (left, right)):
                found.update(
                    made
                    for one in _parts(left, divides, multiplies)
                    for two in _parts(right, divides, multiplies)
                    for made in _joined(one, two, divides, multiplies)
                )
    return found


def _of_percent(value: Fraction, rate: bool, percent: Fraction) -> Iterator[tuple[Fraction, bool]]:
    """Yield the part, what is left or grown by it, and, exactly, what it is a part of."""
    for share in (percent, 100 + percent, 100 - percent):
        yield value * share / 100, rate
        if share and (value / share * 100).denominator == 1:
            yield value / share * 100, rate


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
    """Keep the values that can be meant: what is left is less than there was, a price falls with a discount."""
    found = {abs(value) for value in made}
    largest = max(one.value for one in given)
    rates = EACH.search(story) or SHARES.search(story) or any(one.rate is not False for one in given)
    if LEFT.search(story) and not rates:
        found = {value for value in found if value <= largest}
    if (
        (ADDS.search(story) or TAKES.search(story))
        and not rates
        and not any(one.percent for one in given)
        and len(given) == len(NUMBER.findall(story))
    ):
        found &= _signed(given, story)
    if [one.percent for one in given].count(True) == 1 and len(given) == 2:
        falls, grows = FALLS.search(story), GROWS.search(story)
        amount = next(one.value for one in given if not one.percent)
        if falls and not grows:
            found = {value for value in found if value < amount}
        if grows and not falls and NEW.search(story):
            found = {value for value in found if value > amount}
    return found


def _signed(given: list[Given], story: str) -> set[Fraction]:
    """Return what becomes of the first number, or of its rest, where the verb beside each other one gives its sign."""
    sums, sign = {given[0].value}, ""
    parts = NUMBER.split(story)
    for place, one in enumerate(given[1:], 1):
        before = re.split(r"[.!?;]\s|, ", parts[2 * place])[-1]
        after = re.split(r"[.!?;,]|\band\b", parts[2 * place + 2])[0]
        clause = f"{before} {after}"
        adds, takes = bool(ADDS.search(clause)), bool(TAKES.search(clause)) and not GIVEN_TO.search(clause)
        adds = adds or bool(GIVEN_TO.search(clause))
        joined = re.search(r"\band\W*$", before) and before == parts[2 * place]
        sign = "+" if adds and not takes else "-" if takes and not adds else sign if joined and not adds else "±"
        sums = {value + one.value for value in sums if sign != "-"} | {
            value - one.value for value in sums if sign != "+"
        }
    return {abs(value) for value in sums} | {abs(2 * given[0].value - value) for value in sums}  # seats that are free


ADDS = any_of(
    r"\b(?:buys?|bought|finds?|found|gets? (?!off)|got (?!off)|receiv\w+|adds?|added|collects?|collected|picks?|picked"
    r"|joins?|joined|arrives?|arrived|wins?|won|get on|got on|earns?|earned|saves?|saved|finds?)\b",
)
TAKES = any_of(
    r"\b(?:gives?|gave|loses?|lost|eats?|ate|sells?|sold|spends?|spent|uses?|used|throws?|threw|breaks?|broke|donates?"
    r"|donated|drops?|dropped|get off|gets off|got off|fly away|flew away|leaves?|drinks?|drank)\b",
)
GIVEN_TO = any_of(r"\b(?:gives?|gave|sells?|sold|leaves?) (?:him|her|them|me|us|another|(?-i:[A-Z][a-z]+))\b")


FALLS = any_of(
    r"\b(?:discount\w*|off|reduc\w+|decreas\w+|sale|fell|falls?|drop\w*|cheaper|depreciat\w+|markdown"
    r"|marked down|lost|loses)\b(?![^?]*\boriginal)"
)
GROWS = any_of(
    r"\b(?:increas\w*|rais\w+|rises?|rose|tax|tip|grow\w*|grew|markup|marked up|more|gratuity"
    r"|service charge|vat|went up|original\w*|before)\b"
)
NEW = any_of(r"\b(?:new|final|total|now|including|after|altogether|pay|in all)\b")


COUNTED = any_of(  # so he now has 8; leaving 5 apples
    r"\b(?:so|now|then|leaving|left|altogether|in total)\b[^.\d]{0,40}?"
    r"\b(?:has|have|had|of|with|is|are|makes?|leaving|be)\b[^.\d]{0,12}?(\d[\d,]*)(?![\d.]*\d|%)(?=[^\d]*$)",
)


def told(text: str) -> str | None:
    """Return a sentence that counts things to a number which its two others do not make."""
    counts = len(DIGIT.findall(text)) > 2 and has_any(text.lower(), ("so", "now", "lea", "left", "total", "then"))
    for sentence in re.split(r"(?<=[.!?])\s+|\n", text) if counts else ():
        found = COUNTED.search(sentence) if len(DIGIT.findall(sentence)) > 2 else None
        given = [Given(number(value)) for value in NUMBER.findall(sentence[: found.start()])] if found else []
        if found and len(given) == 2 and len(re.findall(DIGITS, in_digits(sentence))) == 3:
            made = _made(tuple(given), True, True) | {one.value * two.value / 100 for one in given for two in given}
            if not any(agrees(abs(value), found[1]) for value in made):
                return f"{sentence.strip()[-60:]} ({given[0].value} and {given[1].value} make no {found[1]})"
    return None
