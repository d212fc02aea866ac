"""Areas, perimeters and volumes of shapes whose sizes a text gives."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from math import pi, prod

from alpaca.curation.calculations import root
from alpaca.curation.prose import any_of

Sizes = list[Fraction]
PIES = (Fraction(pi), Fraction(314, 100), Fraction(22, 7), Fraction(3))


def _product(*sizes: Fraction) -> Fraction:
    return prod(sizes, start=Fraction(1))


# Shape, what is asked for, and the value from the sizes in the order of the text; `half` stands before round ones.
STRAIGHT: dict[tuple[str, str, int], Callable[..., Fraction]] = {
    (r"rectang\w+|room|garden|field|floor|lawn|wall", r"area", 2): _product,
    (r"rectang\w+|room|garden|field", r"perimeter", 2): lambda a, b: 2 * (a + b),
    (r"parallelogram", r"area", 2): _product,
    (r"square", r"area", 1): lambda a: a * a,
    (r"square", r"perimeter", 1): lambda a: 4 * a,
    (r"triangle", r"area", 2): lambda a, b: a * b / 2,
    (r"triangle", r"perimeter", 3): lambda a, b, c: a + b + c,
    (r"equilateral triangle", r"perimeter", 1): lambda a: 3 * a,
    (r"(?:right|right-angled) triangle|triangle", r"hypotenuse", 2): lambda a, b: root(a * a + b * b),
    (r"trapez\w+", r"area", 3): lambda a, b, c: (a + b) * c / 2,
    (r"rhombus|kite", r"area", 2): lambda a, b: a * b / 2,
    (r"cube", r"volume", 1): lambda a: a**3,
    (r"cube", r"surface area", 1): lambda a: 6 * a * a,
    (r"rectangular (?:prism|box|tank|solid)|cuboid|box|prism|tank|pool|container", r"volume|capacity", 3): _product,
    (r"rectangular (?:prism|box)|cuboid|box", r"surface area", 3): lambda a, b, c: 2 * (a * b + b * c + a * c),
    (r"(?:regular )?pentagon", r"perimeter", 1): lambda a: 5 * a,
    (r"(?:regular )?hexagon", r"perimeter", 1): lambda a: 6 * a,
    (r"(?:regular )?octagon", r"perimeter", 1): lambda a: 8 * a,
}
ROUND: dict[tuple[str, str, int], Callable[..., Fraction]] = {
    (r"circle|circular", r"area", 1): lambda p, r: p * r * r,
    (r"circle|circular", r"circumference|perimeter", 1): lambda p, r: 2 * p * r,
    (r"sphere", r"volume", 1): lambda p, r: p * r**3 * 4 / 3,
    (r"sphere", r"surface area", 1): lambda p, r: 4 * p * r * r,
    (r"cylind\w+", r"volume|capacity", 2): lambda p, r, h: p * r * r * h,
    (r"cone", r"volume|capacity", 2): lambda p, r, h: p * r * r * h / 3,
}
ASKED = r"\b(?:surface area|area|perimeter|circumference|volume|capacity|hypotenuse)\b"
MORE = any_of(
    r"\b(?:twice|double|half|times|ratio|per|cost|each|every|fence|paint|tiles?|path|border|diagonal"
    r"|if the (?:area|volume|perimeter)|degrees?"
    r"|(?:area|perimeter|volume|circumference) (?:of|is) \d|increase\w*|scale\w*|code|function|program"
    r"|write|in terms)\b",
)


AROUND = any_of(r"\b(?:fenc\w+|border|ribbon|frame|trim|walks?|runs?)\b[^?]*\baround\b|\baround\b[^?]*\bfenc")
LONG_WIDE = any_of(r"\blong\b.*\bwide\b|\blength\b.*\bwidth\b|\bwide\b.*\blong\b|\bwidth\b.*\blength\b")
COSTS = any_of(r"\b(?:costs?|per|each|times|twice|laps?|sides?)\b|\$")


def shape(text: str, sizes: Sizes) -> tuple[Fraction, ...] | None:
    """Return the value asked for, one for each usual value of pi in round shapes; None where it is not clear."""
    asked = {found.lower() for found in re.findall(ASKED, text, re.IGNORECASE)}
    if not asked and AROUND.search(text) and LONG_WIDE.search(text) and len(sizes) == 2 and not COSTS.search(text):
        return (2 * sum(sizes, Fraction(0)),)
    if len(asked) != 1 or not 1 <= len(sizes) <= 4 or len(text) > 250 or MORE.search(text):
        return None
    (wanted,) = asked
    if compute := _formula(STRAIGHT, text, wanted, len(sizes)):
        return (compute(*sizes),)
    if len(sizes) > 1 and re.search(r"(?:π|\bpi)\W*(?:=|as|is|≈|to be)?\s*(?:3\.14|22/7)", text):
        sizes = sizes[:-1] if sizes[-1] != 7 else sizes[:-2]
    if not (compute := _formula(ROUND, text, wanted, len(sizes))):
        return None
    if len(sizes) == 2 and re.search(r"height.*radius|height.*diameter", text, re.IGNORECASE | re.DOTALL):
        sizes = sizes[::-1]
    wide = bool(re.search(r"\bdiameter\b", text, re.IGNORECASE))
    if wide == bool(re.search(r"\bradius\b", text, re.IGNORECASE)):
        return None
    radius = sizes[0] / 2 if wide else sizes[0]
    return tuple(compute(p, radius, *sizes[1:]) for p in PIES[:3])


def _formula(
    known: dict[tuple[str, str, int], Callable[..., Fraction]], text: str, wanted: str, count: int
) -> Callable[..., Fraction] | None:
    named = [
        compute
        for (name, asked, sizes), compute in known.items()
        if sizes == count and wanted in asked.split("|") and re.search(rf"\b(?:{name})\b", text, re.IGNORECASE)
    ]
    return named[0] if named else None
