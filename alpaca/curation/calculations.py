"""Calculations as texts write them, in signs or words, computed exactly as fractions.

Words of calculation are rewritten as signs first (`the sum of 3 and 4` as `(3 + 4)`), so that one small parser
computes both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from math import factorial, isqrt

from alpaca.curation.prose import DIGIT, any_of, has_any
from alpaca.curation.quantities import DIGITS, in_digits

NUMBER = rf"(?<![\w.])[-−+]?[$€£]?{DIGITS}(?![\w]|\.\d|/\d)"
TOKEN = re.compile(rf"\s*(?:[$€£]?({DIGITS}|\.\d+)(?: ?(%))?|(\*\*|[-−–+*×x·∙÷/^()²³!√∛|]))")
MINUS = "-−–"
TIMES = "*×x·∙"
OVER = "÷/"

N = rf"((?<!/)[-−]?[$€£]?{DIGITS}(?:/\d+)?)(?![.,/]?\d)"
THE = r"(?: the (?:numbers?|fractions|decimals|integers))?"
CALCULATES = any_of(
    r"\b(?:plus|minus|times|over|multipl\w+|divid\w+|subtract\w*|add\w*|percent|per cent|squared?"
    r"|cubed?|root|power|raised)\b",
    r"\b(?:sums?|products?|differences?|quotients?|factorial|half|thirds?|quarters?|fifths?|double"
    r"|twice|remainder|mod\w*)\b",
    r"%",
)
OPERATES = any_of(
    r"\b(?:plus|minus|times|multiplied|divided|squared|cubed|percent|root|product of|sum of"
    r"|difference between|multiply|subtract|divide)\b"
)
OPERATIONS_IN = (  # one of these stands in each text that OPERATES finds
    *("plus", "minus", "times", "multipl", "divide", "squared", "cubed", "percent", "root", "product of", "sum of"),
    *("difference between", "subtract"),
)
NO_PERCENT = r"(?! \d[\d.]*(?: ?%| percent))"
PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
# What words of calculation are in signs, in the order in which they are rewritten.
SIGNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (any_of(pattern), signs)
    for pattern, signs in (
        (rf"\bsum (?:of|when you add){THE} {N} (?:and|plus|to) {N}", r"(\1 + \2)"),
        (rf"\bproduct of{THE} {N} (?:and|times|by) {N}", r"(\1 × \2)"),
        (rf"\bquotient of{THE} {N} (?:and|divided by|by) {N}", r"((\1) ÷ (\2))"),
        (rf"\bdifference (?:between|of){THE} {N} (?:and|minus) {N}", r"|\1 − \2|"),
        (rf"\badd(?:ing|ed)?{THE} {N} (?:and|to|plus|with) {N}", r"(\1 + \2)"),
        (rf"\bsubtract(?:ing|ed)?{THE} {N} from {N}", r"(\2 − \1)"),
        (rf"\bmultipl(?:y|ying|ied){THE} {N} (?:by|and|with|times) {N}", r"(\1 × \2)"),
        (rf"\bdivid(?:e|ing|ed){THE} {N} (?:by|with) {N}", r"((\1) ÷ (\2))"),
        (rf"{N},? (?:raised )?to the (?:power(?: of)?) {N}", r"\1 ^ \2"),
        (rf"{N},? raised to {N}", r"\1 ^ \2"),
        (rf"{N},? (?:raised )?to the (second|third|fourth|fifth|sixth|seventh|\d+(?:th|nd|rd)) power", r"\1 ^ \2"),
        (rf"{N} squared", r"\1²"),
        (rf"{N} cubed", r"\1³"),
        (rf"(?<!root )\bsquare of(?: the number)? {N}", r"\1²"),
        (rf"(?<!root )\bcube of(?: the number)? {N}", r"\1³"),
        (rf"\bsquare root of(?: the number)? {N}", r"√\1"),
        (rf"\bcube root of{THE} {N}", r"∛\1"),
        (rf"\bfactorial of(?: the number)? {N}", r"\1!"),
        (rf"{N} factorial", r"\1!"),
        (rf"{N} ?(?:%|percent|per cent) of(?: the number)? {N}", r"(\1% × \2)"),
        (r"(?<=[\d²³)!%]),? (?:is |being )?(?:multiplied by|times)(?= [\d$(√])", " ×"),
        (r"(?<=[\d²³)!%]),? (?:is |being )?(?:divided by|over)(?= [\d$(√])", " ÷"),
        (rf"(?<=[\d²³)!]),? (?:is )?(?:plus|added to|increased by)(?= [\d$(√]){NO_PERCENT}", " +"),
        (rf"(?<=[\d²³)!]),? (?:minus|less|decreased by)(?= [\d$(√]){NO_PERCENT}", " −"),
        (rf"\b(\d+)/(\d+) of(?: the number)? {N}", r"(\1 ÷ \2 × \3)"),
        (rf"\b(\d+|an?|one)?[- ]?({'|'.join(PARTS)})s? of{THE} {N}", r"(\3 × \1/\2)"),
        (rf"\b(?:double|twice)(?: the number)? {N}", r"(2 × \1)"),
    )
)
# One of these stands in each text that a pattern above rewrites, in the same order.
HINTS = (
    *("sum", "product of", "quotient", "difference", "add", "subtract", "multipl", "divid", "to the power", "raised"),
    *(
        "power",
        "squared",
        "cubed",
        "square of",
        "cube of",
        "square root",
        "cube root",
        "factorial",
        "factorial",
        "% of",
    ),
    *("times", "over", "plus", "minus", "/", " of", "double"),
)
MORE_HINTS = {
    "% of": ("percent", "per cent", "%"),
    "times": ("times", "multiplied"),
    "over": ("over", "divided"),
    "plus": ("plus", "added", "increased"),
    "minus": ("minus", "less", "decreased"),
    " of": ("hal", "third", "quarter", "fourth", "fifth", "sixth", "eighth", "tenth"),
    "double": ("double", "twice"),
}
HINTED = [(MORE_HINTS.get(hint, (hint,)), pattern, signs) for hint, (pattern, signs) in zip(HINTS, SIGNS, strict=True)]
ORDINALS = {word: str(n) for n, word in enumerate(("second", "third", "fourth", "fifth", "sixth", "seventh"), 2)}
POWER = re.compile(r"(?<=\^ )(second|third|fourth|fifth|sixth|seventh|\d+(?=th|nd|rd))(?:th|nd|rd)?")
SHARE = any_of(rf"× (\d*|an?|one)/({'|'.join(PARTS)})")
TYPESET = (
    (re.compile(r"\\(?:times|cdot)"), "×"),
    (re.compile(r"\\div"), "÷"),
    (re.compile(r"\\d?frac\{(\d+)\}\{(\d+)\}"), r"(\1/\2)"),
    (re.compile(r"\\sqrt\{(\d+)\}|\bsqrt\((\d+)\)"), r"√\1\2"),
    (re.compile(r"(?<!\\)\$(?=[^$\n\d]*[\\^_=])|\\[()\[\]]|\\[,;]"), " "),
    (re.compile(r"\*\*(?=\S)(.+?)\*\*|__(?=\S)(.+?)__"), r"\1\2"),
)


def in_signs(text: str) -> str:
    """Return a text with its words of calculation as signs, and there its numbers in digits, sentence by sentence."""
    for pattern, sign in TYPESET if has_any(text, ("\\", "**", "sqrt")) else ():
        text = pattern.sub(sign, text)
    operates = has_any(text.lower(), OPERATIONS_IN) and OPERATES.search(text) is not None
    if not (operates or DIGIT.search(text)):
        return text
    parts = re.split(r"(?<=[.!?;] )|(?<=\n)", text)
    return "".join(_signed(part) if operates or DIGIT.search(part) else part for part in parts)


def _signed(sentence: str) -> str:
    if not (CALCULATES.search(sentence) and (DIGIT.search(sentence) or OPERATES.search(sentence))):
        return sentence
    sentence = in_digits(sentence)
    low = sentence.lower()
    for hint, pattern, signs in HINTED if DIGIT.search(sentence) else ():
        if has_any(low, hint):
            sentence = pattern.sub(signs, sentence)
    if "× " in sentence:
        sentence = SHARE.sub(
            lambda found: f"× {found[1] if found[1].isdigit() else 1}/{PARTS[found[2].lower()]}", sentence
        )
    return POWER.sub(lambda found: ORDINALS.get(found[1], found[1]), sentence) if "^" in sentence else sentence


def number(text: str) -> Fraction:
    """Return the value of a number as written, exactly."""
    return Fraction(re.sub(r"[,$€£*`\s+]", "", text).replace("−", "-").rstrip("."))


def agrees(value: Fraction, stated: str) -> bool:
    """Tell whether a number as written is that value, or the value rounded or cut to its digits."""
    if "/" in stated:
        return value == number(stated)
    unit = Fraction(1, 10 ** len(stated.rstrip(".").partition(".")[2]))
    off = abs(value) - abs(number(stated))
    return abs(value - number(stated)) == 0 or (
        (value / unit).denominator != 1 and value * number(stated) >= 0 and -unit / 2 <= off < unit
    )


def root(value: Fraction) -> Fraction:
    """Return the square root, to nine decimals; exact where it is a fraction."""
    above, below = isqrt(value.numerator), isqrt(value.denominator)
    if above**2 == value.numerator and below**2 == value.denominator:
        return Fraction(above, below)
    return Fraction(isqrt(int(value * 10**18)), 10**9)


def computed(text: str) -> Fraction | None:
    """Compute a calculation with the usual precedence; None where it is not one."""
    tokens: list[str] = []
    place = 0
    text = text.strip().rstrip(".,;")
    while place < len(text):
        found = TOKEN.match(text, place)
        if not found:
            return None
        tokens += [found[1].replace(",", ""), "%"][: 2 if found[2] else 1] if found[1] else [found[3]]
        place = found.end()
    try:
        value, rest = _sum(tokens)
    except (ValueError, IndexError, ZeroDivisionError, OverflowError):
        return None
    return None if rest or abs(value) > 10**100 else value


Parsed = tuple[Fraction, list[str]]


def _sum(tokens: list[str]) -> Parsed:
    value, tokens = _product(tokens)
    while tokens and tokens[0] in f"+{MINUS}":
        other, rest = _product(tokens[1:])
        value, tokens = (value + other if tokens[0] == "+" else value - other), rest
    return value, tokens


def _product(tokens: list[str]) -> Parsed:
    value, tokens = _power(tokens)
    while tokens and tokens[0] in f"{TIMES}{OVER}(":
        other, rest = _power(tokens if tokens[0] == "(" else tokens[1:])
        value, tokens = (value / other if tokens[0] in OVER else value * other), rest
    return value, tokens


def _power(tokens: list[str]) -> Parsed:
    if tokens[0] in MINUS:
        value, tokens = _power(tokens[1:])
        return -value, tokens
    value, tokens = _operand(tokens)
    while tokens and tokens[0] in AFTER:
        value, tokens = AFTER[tokens[0]](value), tokens[1:]
    if tokens and tokens[0] in ("^", "**"):
        exponent, tokens = _power(tokens[1:])
        if exponent.denominator != 1 or abs(exponent) > 64:
            raise ValueError("an exponent that is not computed here")
        if abs(value) > 10**100:
            raise OverflowError("a base that is not computed here")
        return value**exponent.numerator, tokens
    return value, tokens


def _operand(tokens: list[str]) -> Parsed:
    if tokens[0] == "√":
        value, tokens = _operand(tokens[1:])
        return root(value), tokens
    if tokens[0] == "∛":
        value, tokens = _operand(tokens[1:])
        return Fraction(round(float(value) ** (1 / 3), 9)).limit_denominator(10**6), tokens
    if tokens[0] not in "(|":
        return Fraction(tokens[0]), tokens[1:]
    value, rest = _sum(tokens[1:])
    if not rest or rest[0] != {"(": ")", "|": "|"}[tokens[0]]:
        raise ValueError("an open bracket")
    return (abs(value) if tokens[0] == "|" else value), rest[1:]


def _factorial(value: Fraction) -> Fraction:
    if value.denominator != 1 or not 0 <= value <= 60:
        raise ValueError("no factorial that is computed here")
    return Fraction(factorial(value.numerator))


AFTER: dict[str, Callable[[Fraction], Fraction]] = {
    "²": lambda value: value**2,
    "³": lambda value: value**3,
    "%": lambda value: value / 100,
    "!": _factorial,
}
