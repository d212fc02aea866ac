"""What has a name and is computed from listed numbers: sums, means, medians, ranges, common divisors and so on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from math import gcd, lcm, prod

from alpaca.curation.calculations import number, root
from alpaca.curation.prose import any_of, has_any
from alpaca.curation.quantities import DIGITS

Values = list[Fraction]
ITEM = rf"[-−]?[$€£]?{DIGITS}%?"
BETWEEN = r"(?:,? and | ?, ?|,? & |; ?| \+ |,?\n| (?=[-−$€£]?\d))"
LIST = rf"((?:{ITEM}{BETWEEN})+{ITEM})(?![.,]?\d)"
OF = (
    r"(?: (?:of|for|up|from|in|between))?"
    r"(?: (?:the|these|this|all|following|given|data|set|list|array|group|series|first|numbers?"
    r"|values?|integers|scores|of"
    r"|elements|is|two|three|four|five|six|\d(?= num)))*[:.?]?\s*[(\[{]?"
)


def median(values: Values) -> Fraction:
    ranked = sorted(values)
    return (ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]) / 2


def mode(values: Values) -> Fraction:
    """Return the most frequent value; ValueError where several are."""
    (value, times), *others = [*Counter(values).most_common(2), (Fraction(0), 0)]
    if times == others[0][1]:
        raise ValueError("several modes")
    return value


def mean(values: Values) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def variance(values: Values) -> Fraction:
    return mean([(value - mean(values)) ** 2 for value in values])


def two(values: Values) -> Values:
    """Return the two values of an operation that has two; ValueError for more."""
    if len(values) != 2:
        raise ValueError("not two")
    return values


def whole(function: Callable[..., int]) -> Callable[[Values], Fraction]:
    """Return a function of whole numbers as one of fractions; ValueError for others."""

    def of(values: Values) -> Fraction:
        if any(value.denominator != 1 for value in values):
            raise ValueError("not whole")
        return Fraction(function(*map(int, values)))

    return of


OPERATIONS: dict[str, Callable[[Values], Fraction]] = {
    r"sum|total|sum total|add(?:ing|ed)?(?: up| together)?": lambda values: sum(values, Fraction(0)),
    r"average|(?:arithmetic )?mean(?: value)?": mean,
    r"median(?: value)?": median,
    r"mode": mode,
    r"range": lambda values: max(values) - min(values),
    r"product|multiply": lambda values: prod(values, start=Fraction(1)),
    r"largest|biggest|greatest(?! common)|highest|maximum|max": max,
    r"smallest|least(?! common)|lowest|minimum|min": min,
    r"greatest common (?:divisor|factor|denominator)|highest common factor|gcd|gcf|hcf": whole(gcd),
    r"(?:least|lowest|smallest) common (?:multiple|denominator)|lcm": whole(lcm),
    r"difference": lambda values: abs(two(values)[0] - two(values)[1]),
    r"quotient": lambda values: two(values)[0] / two(values)[1],
    r"standard deviation": lambda values: root(variance(values)),
}
NAMED = {any_of(rf"\b(?:{name})\b"): name for name in OPERATIONS}
NAMES_IN = (  # one of these stands in each text with one of the names
    *("sum", "total", "add", "average", "mean", "median", "mode", "range", "product", "multiply", "large", "bigge"),
    *("greate", "highe", "max", "small", "least", "lowe", "min", "gcd", "gcf", "hcf", "lcm", "difference", "quotient"),
    "standard deviation",
)
STATED = {any_of(rf"\b(?:{name}){OF}{LIST}"): operation for name, operation in OPERATIONS.items()}
# Words beside the name of an operation that make it another one.
ANOTHER = any_of(
    r"\b(?:square[sd]?|cubes?|moving|weighted|code|function|program|formula|script|python|each|every"
    r"|even|odd|prime|second"
    r"|third|two|three|positive|negative|write|create|generate|story|geometric|harmonic|rolling"
    r"|round\w*|pairs?|digits?|unique|distinct|consecutive|subset|index|position|population|sample|per|age|gap)\b",
)


def values(text: str) -> Values:
    """Return the numbers of a list; a comma parts thousands only where three digits and no blank follow."""
    return [number(found) for found in re.findall(rf"[-−]?[$€£]?{DIGITS}", re.sub(r", |,(?!\d{3}\b)", "; ", text))]


def named(text: str) -> list[str]:
    """Return the names (as in `OPERATIONS`) of the operations that a text speaks of."""
    return [name for pattern, name in NAMED.items() if pattern.search(text)] if has_any(text.lower(), NAMES_IN) else []
