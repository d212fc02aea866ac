"""Quantities as prose writes them: numbers in words, and amounts in units that measure the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from alpaca.curation.prose import any_of, has_any, words

DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
ONES = dict(zip(words("zero one two three four five six seven eight nine"), range(10), strict=True))
TEENS = words("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
TENS = {word: 10 * n for n, word in enumerate(words("twenty thirty forty fifty sixty seventy eighty ninety"), 2)}
SMALL = {**ONES, **{word: n for n, word in enumerate(TEENS, 10)}, **TENS}
LARGE = {"thousand": 1000, "million": 10**6, "billion": 10**9}

_TWO = rf"(?:(?:{'|'.join(TENS)})(?:[- ](?:{'|'.join(list(ONES)[1:])}))?|{'|'.join(reversed(SMALL))})"
_THREE = rf"(?:(?:{_TWO}|an?)[- ]hundred(?:(?: and)?[- ]{_TWO})?|{_TWO})"
SPELT = any_of(rf"\b(?:(?:{_THREE}|an?) (?:{'|'.join(LARGE)})(?:,?(?: and)? {_THREE})?|{_THREE})\b(?!-)")
# One of these stands in each number in words but `one`.
SPELLINGS = (
    *("two", "three", "four", "five", "six", "seven", "eight", "nine", "zero", "eleven", "twel", "thir", "fif", "fort"),
    *("twen", "hundred", "thousand", "million", "billion", "ten"),
)

# Sizes of units that measure the same, in the first of them; names without a plural's s.
MEASURES = {
    "time": "second=1 sec=1 minute=60 min=60 hour=3600 hr=3600 day=86400 week=604800 fortnight=1209600 year=31536000",
    "months": "month=1 quarter=3 year=12 decade=120 century=1200 centurie=1200 millennium=12000",
    "length": "meter=1 metre=1 m=1 millimeter=1/1000 millimetre=1/1000 mm=1/1000 centimeter=1/100 centimetre=1/100 "
    "cm=1/100 decimeter=1/10 kilometer=1000 kilometre=1000 km=1000 inch=254/10000 inche=254/10000 foot=3048/10000 "
    "feet=3048/10000 ft=3048/10000 yard=9144/10000 mile=1609344/1000 mi=1609344/1000 nautical_mile=1852",
    "mass": "gram=1 g=1 milligram=1/1000 mg=1/1000 kilogram=1000 kilo=1000 kg=1000 tonne=1000000 metric_ton=1000000 "
    "ounce=28349523125/1000000000 oz=28349523125/1000000000 pound=45359237/100000 lb=45359237/100000 "
    "stone=635029318/100000",
    "volume": "liter=1 litre=1 l=1 milliliter=1/1000 millilitre=1/1000 ml=1/1000 centiliter=1/100 cl=1/100 "
    "gallon=3785411784/1000000000 quart=946352946/1000000000 pint=473176473/1000000000 cup=2365882365/10000000000 "
    "tablespoon=147867648/10000000000 tbsp=147867648/10000000000 teaspoon=49289216/10000000000 "
    "tsp=49289216/10000000000 fluid_ounce=295735296/10000000000",
    "money": "cent=1 penny=1 pennie=1 nickel=5 dime=10 dollar=100",
    "count": "piece=1 item=1 pair=2 dozen=12 score=20 gross=144",
    "land": "acre=40468564224/10000000 hectare=10000",
}
SIZES: dict[str, dict[str, Fraction]] = {
    kind: {name.replace("_", " "): Fraction(size) for name, size in re.findall(r"(\w+)=(\S+)", listed)}
    for kind, listed in MEASURES.items()
}
IMPERIAL = any_of(
    r"inch", r"foot", r"feet", r"ft", r"yard", r"mile", r"mi$", r"ounce", r"oz", r"pound", r"lb", r"stone", r"acre",
    r"gallon", r"quart", r"pint", r"cup", r"spoon", r"tb?sp",
)  # fmt: skip
_NAMES = "|".join(sorted((name for sizes in SIZES.values() for name in sizes), key=len, reverse=True))
_PER = {"mph": ("mile", "hour"), "kph": ("kilometer", "hour"), "kmh": ("kilometer", "hour")}
UNIT = (
    r"(?:(?:degrees? )?(?:celsius|centigrade|fahrenheit)|degrees? [cf]|kelvins?|° ?[cfk]"
    rf"|mph|kph|kmh|(?:square |sq\.? |cubic )?(?:{_NAMES})s?(?: ?(?:²|³|\^[23]))?"
    r"(?: ?(?:per|/) ?(?:hour|hr|h|second|sec|s|minute|min|day)s?)?)(?![\w°])"
)
AMOUNT = any_of(rf"(?<![\w.,])(?P<n>[-−]?{DIGITS}) ?-?(?P<unit>{UNIT})")
UNITS = any_of(rf"(?<![\w°]){UNIT}", rf"(?<=\d){UNIT}")
CONVERTED = any_of(
    rf"(?<![\w.,/])(?<![+*/×÷^=x–−-] )(?<! of )(?P<n>[-−]?{DIGITS}) ?(?P<unit>{UNIT})"
    r"(?:,? (?:is|are|equals?|corresponds? to|comes? to|converts? to|makes?)| ?=| ?≈)"
    r"(?: also| therefore)?(?: equal| equivalent)?(?: to| the same as)?(?: about| exactly| approximately| roughly)? \**"
    rf"(?P<stated>[-−]?{DIGITS}) ?(?P<other>{UNIT})(?! and)"
)


class Measure(NamedTuple):
    """What a unit measures and its size; temperatures have a scale for a kind."""

    kind: str
    size: Fraction


def in_digits(text: str) -> str:
    """Write the numbers that stand in words in digits: `seventy-three` as 73; `one` and `a hundred` alone stay."""

    def digits(found: re.Match[str]) -> str:
        return found[0] if found[0].lower() == "one" else str(spelt(found[0]))

    return SPELT.sub(digits, text) if has_any(text.lower(), SPELLINGS) else text


def spelt(text: str) -> int:
    """Return the value of a number in words."""
    total = part = 0
    for word in words(text.replace("-", " ")):
        if word in SMALL:
            part += SMALL[word]
        elif word == "hundred":
            part = max(part, 1) * 100
        elif word in LARGE:
            total, part = total + max(part, 1) * LARGE[word], 0
    return total + part


def measures(unit: str) -> list[Measure]:
    """Return what a unit may measure: one measure for most, several where a word has two meanings, none if unknown."""
    name = unit.lower().strip()
    if heat := re.fullmatch(r"(?:degrees? |° ?)?(c|f|k)(?:elsius|entigrade|ahrenheit|elvins?)?", name):
        return [Measure(f"heat {heat[1]}", Fraction(1))]
    name, _, time = re.sub(r" ?(?:per|/) ?", " per ", name).partition(" per ")
    if name in _PER:
        name, time = _PER[name]
    power = 3 if re.search(r"cubic|³|\^3", name) else 2 if re.search(r"square|sq|²|\^2", name) else 1
    name = re.sub(r"^(?:square|sq\.?|cubic) | ?(?:²|³|\^[23])$", "", name)
    duration = _size("time", {"h": "hour", "s": "second"}.get(time, time)) if time else Fraction(1)
    found = [
        Measure(f"{kind} {power} {bool(time)}", size**power / (duration or 1))
        for kind in SIZES
        if (size := _size(kind, name))
    ]
    if power == 3:  # a cubic decimeter is a liter
        found = [Measure("volume 1 False", one.size * 1000) for one in found]
    return [Measure("length 2 False", one.size) if one.kind.startswith("land") else one for one in found]


def _size(kind: str, name: str) -> Fraction | None:
    sizes = SIZES[kind]
    return sizes.get(name) or sizes.get(name.removesuffix("s"))


def measured(amount: Fraction, unit: str, other: str) -> Fraction | None:
    """Return an amount of one unit in another, or None where they do not measure the same."""
    for one in measures(unit):
        for two in measures(other):
            if one.kind == two.kind:
                return amount * one.size / two.size
            if one.kind[:4] == two.kind[:4] == "heat":
                return _heat(amount, one.kind[-1], two.kind[-1])
    return None


def _heat(amount: Fraction, scale: str, other: str) -> Fraction:
    """Return a temperature of one scale (c, f or k) in another."""
    celsius = {"c": amount, "f": (amount - 32) * 5 / 9, "k": amount - Fraction(27315, 100)}[scale]
    return {"c": celsius, "f": celsius * 9 / 5 + 32, "k": celsius + Fraction(27315, 100)}[other]


def inexact(unit: str, other: str) -> bool:
    """Tell whether people round between two units: those of two systems, and years in days."""
    years = "year" in unit + other and not (_size("months", unit.lower()) and _size("months", other.lower()))
    return years or bool(IMPERIAL.search(unit)) != bool(IMPERIAL.search(other))


def conversions(text: str) -> Iterator[tuple[re.Match[str], Fraction]]:
    """Yield the statements that an amount is so much in another unit: the match, and the exact value."""
    for found in CONVERTED.finditer(text):
        if re.search(r"(?:\band|,|\d ?[a-zA-Z]+) $", text[: found.start()]):
            continue  # the rest of an amount: 2 hours and 30 minutes
        value = measured(Fraction(found["n"].replace(",", "").replace("−", "-")), found["unit"], found["other"])
        if value is not None and found["unit"].rstrip("s") != found["other"].rstrip("s"):
            yield found, value
