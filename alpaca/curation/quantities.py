"""Quantities as prose writes them: numbers in words, and amounts in units that measure the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from alpaca.curation.prose import words

ONES = {
    word: value
    for value, word in enumerate(
        words(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
        )
    )
}
TENS = {
    word: 10 * value for value, word in enumerate(words("twenty thirty forty fifty sixty seventy eighty ninety"), 2)
}
SPELT = re.compile(
    rf"\b(?:({'|'.join(TENS)})(?:[- ]({'|'.join(list(ONES)[1:10])}))?|({'|'.join(reversed(ONES))}))\b", re.IGNORECASE
)
CALCULATES = re.compile(
    r"\b(?:plus|minus|times|multipl\w+|divided?|subtract\w*|add(?:ed|ing)?|percent|squared|sum|product|difference)\b",
    re.IGNORECASE,
)
MEASURES: tuple[dict[str, Fraction], ...] = tuple(
    {word: Fraction(size) for word, size in re.findall(r"(\w+)=(\S+)", listed)}
    for listed in (
        "second=1 minute=60 hour=3600 day=86400 week=604800",
        "millimeter=1 centimeter=10 meter=1000 kilometer=1000000 mm=1 cm=10 km=1000000",
        "gram=1 kilogram=1000 g=1 kg=1000 milligram=1/1000 mg=1/1000",
        "inch=1 foot=12 feet=12 yard=36 mile=63360",
        "milliliter=1 liter=1000 ml=1",
        "cent=1 dollar=100",
    )
)
CONVERTED = re.compile(
    r"(?<![\d.,+*/×÷^=-] )(?<![\w.-])(?P<n>\d[\d,]*(?:\.\d+)?) (?P<unit>[a-zA-Z]{1,10}?)(?:s|(?<=h)es)? (?:is|are|equals?|=|is equal to|is the same as)(?: equal to| exactly)? (?P<stated>\d[\d,]*(?:\.\d+)?) (?P<other>[a-zA-Z]{1,10}?)(?:s|(?<=h)es)?\b(?! and)"
)


def in_digits(text: str) -> str:
    """Write the number words beside words of calculation in digits: `seven times eight is 56`."""
    if not CALCULATES.search(text):
        return text
    return SPELT.sub(
        lambda found: (
            str(TENS.get(found[1].lower(), 0) + ONES.get((found[2] or "zero").lower(), 0))
            if found[1]
            else str(ONES[found[3].lower()])
        ),
        text,
    )


def conversions(text: str) -> Iterator[tuple[str, Fraction, str]]:
    """Yield the statements that an amount is so much in another unit: the text, the exact value, and the one stated."""
    for found in CONVERTED.finditer(text):
        if re.search(r"(?:\band|,|\d ?[a-zA-Z]+) $", text[: found.start()]):
            continue  # the rest of an amount: 2 hours and 30 minutes
        value = measured(Fraction(found["n"].replace(",", "")), found["unit"], found["other"])
        if value is not None:
            yield found[0], value, found["stated"].replace(",", "")


def measured(amount: Fraction, unit: str, other: str) -> Fraction | None:
    """Return an amount of one unit in another, both in the singular or plural, or None where they do not measure the same."""
    named = [[name.lower(), name.lower().removesuffix("s"), name.lower().removesuffix("es")] for name in (unit, other)]
    for sizes in MEASURES:
        known = [next((sizes[name] for name in names if name in sizes), None) for names in named]
        if known[0] and known[1]:
            return amount * known[0] / known[1]
    return None
