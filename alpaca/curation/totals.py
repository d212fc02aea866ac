"""Totals that lists, tables and bills state, against the amounts above them."""

from __future__ import annotations

import re
from fractions import Fraction

from alpaca.curation.calculations import number
from alpaca.curation.prose import DIGIT, any_of, has_any
from alpaca.curation.quantities import DIGITS

MONEY = rf"[$€£]\s?({DIGITS})"
# A line that ends with one amount: an item of a list or a row of a table, with or without a currency.
ITEM = re.compile(
    rf"^[\s|*•-]*(?:\d{{1,2}}[.)] )?(?P<name>[^\d\n$€£|:=–-]*[a-zA-Z)*][^\d\n$€£]*?)[\s|:=–-]+[*]*"
    rf"(?P<sign>[$€£]?)\s?(?P<n>{DIGITS})[*]*[\s|]*\.?$"
)
TOTAL = any_of(r"\b(?:grand total|total|sum|altogether|adds? up|adding (?:these|them|everything|all)|in all)\b")
COUNT = re.compile(r"^\W*\d+ ?[x×] (?=[A-Za-z])")
STATES = re.compile(rf"(?P<sign>[$€£]?)\s?(?P<n>{DIGITS})(?!\s*[%\d])")
# Words of lists of which not every amount is added.
MIXED = any_of(
    r"\b(?:sub-?totals?|tax|tip|discount|income|revenue|salary|wages|earn\w*|profit|balance|remaining"
    r"|left|less|minus|refund|credit|budget(?:ed)? (?:of|is)"
    r"|each|per|x|×|net|deposit|paid|change|average|points? (?:out )?of|percent|optional|or|range"
    r"|approx\w*|about|estimated?|hours?|year|calories per)\b",
    r"%|@|~|\d\s?[-–]\s?[$€£]?\d",
)
UNSURE = any_of(
    r"\b(?:sub-?totals?|tax|tip|discount|remaining|left|approx\w*|about|around|estimated|income"
    r"|savings|average|over|more than|or)\b",
    r"[%~]",
)
INLINE = re.compile(rf"[A-Za-z][\w' ]{{1,25}}?(?: (?:is|costs|for|at|was))?:? \(?{MONEY}\)?(?=,|;| and|\.)")


def wrong_total(text: str) -> str | None:
    """Return a total that is not the sum of the amounts listed right above it, or in the sentence before."""
    if has_any(text, ("$", "€", "£")) and (priced := _product(text)):
        return priced
    if not has_any(text.lower(), ("total", "sum", "add", "altogether", "in all")):
        return None
    stated = any(DIGIT.search(line) and TOTAL.search(line) for line in text.split("\n"))
    return _below_list(text) if stated and len(DIGIT.findall(text)) > 3 else None


def _product(text: str) -> str | None:
    """Return a line of a bill where so many at so much each are said to cost another amount."""
    for found in PRICED.finditer(text):
        if number(found[1]) * number(found[2]) != number(found[3]):
            return f"{found[0].strip()[:45]} (it is {number(found[1]) * number(found[2])})"
    return None


PRICED = any_of(
    rf"(?<![\d.,$])\b({DIGITS}) (?:[a-z-]+ ){{1,4}}?(?:at|@|x|×|for) {MONEY}(?: each| apiece"
    rf"| per [a-z]+)(?: ?[:=]| ?-| is| comes to| costs?) {MONEY}(?![\d.,]*\d| each| per)"
)


def _below_list(text: str) -> str | None:
    run: list[Fraction] = []
    every: list[Fraction] = []
    sign, sure = "", True
    for line in text.split("\n"):
        line = COUNT.sub("", line)
        item = ITEM.match(line.strip()) if line.rstrip(" \t\r.*|")[-1:].isdigit() else None
        if TOTAL.search(line) and every:
            if sure and (fault := _differs(line, run, every, sign)):
                return fault
            run, every, sure = [], [], True
        elif item and not TOTAL.search(line) and not MIXED.search(line) and (not every or item["sign"] == sign):
            run, every, sign = [*run, number(item["n"])], [*every, number(item["n"])], item["sign"]
        elif not re.fullmatch(r"[\s|:=_*-]*", line):
            run, sure = [], sure and not (every and re.search(r"\d", line)) and not re.search(rf"{MONEY}", line)
    return None


def _differs(line: str, run: list[Fraction], every: list[Fraction], sign: str) -> str | None:
    """Compare the one amount of a total's line with the sum of the amounts above it, or of all since the last."""
    stated = [found for found in STATES.finditer(line) if found["sign"] == sign]
    if len(stated) != 1 or len(STATES.findall(line)) != 1 or UNSURE.search(line) or len(run) < (2 if sign else 3):
        return None
    total = sum(run, Fraction(0))
    return (
        None
        if number(stated[0]["n"]) in (total, sum(every, Fraction(0)))
        else f"{line.strip()[-45:]} (the sum is {total})"
    )
