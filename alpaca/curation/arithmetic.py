"""The filter of arithmetic that is wrong: what a text states is computed, exactly, as fractions.

Read are equations of numbers (`3 x (4 + 5) = 27`), their words (`12 times 3 is 36`, `20% of 50 is 10`, `the sum of 3, 2 and 5
is 10`), and instructions that ask for such a value (`Add 12 and 5`). A number with d decimals may be off by one of its last digit,
where the exact value has more than d.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt, prod
from typing import NamedTuple

from alpaca.curation.problems import missed, told
from alpaca.curation.prose import FENCE
from alpaca.curation.quantities import conversions, in_digits
from alpaca.records import Example

NUMBER = r"(?<![\w.])[-−+]?[$€£]?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?![\w]|\.\d|/\d)"
TOKEN = re.compile(r"\s*(?:[$€£]?((?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)(%?)|(\*\*|[-−–+*×x·∙÷/^()²³]))")
SIDE = r"[$€£\d\s.,%+\-−–*×x·∙÷/^()²³]"
EQUALS = re.compile(r"(?<![=<>!~:])(?:=|≈|\bequals\b)(?!=)")
UNIT = r"(?!x\s?\d)[a-zA-Z]{2,15}(?: [a-z]{3,12})?"
DIGIT = re.compile(r"\d")
FORMULA = re.compile(r"[a-zA-Z](?![a-zA-Z])(?<![mgsLhJNWVAC])|[a-zA-Z][\^(]|[_\\√π!°^]")
WRONG_ON_PURPOSE = re.compile(
    r"\b(?:not|n['’]t|incorrect\w*|wrong\w*|false|errors?|mistak\w*|invalid|instead|rather than|mod|remainder|base|binary|hex\w*)\b|≠|!=",
    re.IGNORECASE,
)
N = r"([-−]?[$€£]?\d[\d,]*(?:\.\d+)?)"
IS = r"(?: is| equals?| are| was| (?:gives?|makes?|leaves?|yields?|to get|to give|we get|you get|results? in|totals?|amounts? to)(?: you| us| me)?| comes (?:out )?to|,? (?:which|that) (?:is|equals|gives)|\s*=)(?: equal to| exactly| simply)? [*$€£`]*"
SAYS = re.compile(rf"(?:{IS}){NUMBER}")
LIST = r"((?:[-−]?[$€£]?\d[\d,]*(?:\.\d+)?(?:,? and |, |,| & |; | \+ )){1,}[-−]?[$€£]?\d[\d,]*(?:\.\d+)?)"


def number(text: str) -> Fraction:
    """Return the value of a number as written, exactly."""
    return Fraction(re.sub(r"[,$€£*`\s]", "", text).replace("−", "-").rstrip("."))


def _root(value: Fraction) -> Fraction:
    """Return the square root of a whole number, to nine decimals."""
    return Fraction(isqrt(int(value * 10**18)), 10**9)


def _median(values: list[Fraction]) -> Fraction:
    ranked = sorted(values)
    return (ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]) / 2


def _product_of(values: list[Fraction]) -> Fraction:
    return prod(values, start=Fraction(1))


def _mean(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


BINARY: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    rf"{N} (?:plus|added to) {N}": lambda a, b: a + b,
    rf"{N} minus {N}": lambda a, b: a - b,
    rf"{N} (?:times|multiplied by) {N}": lambda a, b: a * b,
    rf"{N} (?:divided by|over) {N}": lambda a, b: a / b,
    rf"{N} ?(?:%|percent|per cent) of {N}": lambda a, b: a * b / 100,
    rf"[Aa]dd(?:ing)? {N} (?:and|to|plus) {N}": lambda a, b: a + b,
    rf"[Ss]ubtract(?:ing)? {N} from {N}": lambda a, b: b - a,
    rf"[Mm]ultiply(?:ing)? {N} (?:by|and|with|times) {N}": lambda a, b: a * b,
    rf"[Dd]ivid(?:e|ing) {N} by {N}": lambda a, b: a / b,
    rf"product of {N} and {N}": lambda a, b: a * b,
    rf"quotient of {N} and {N}": lambda a, b: a / b,
    rf"difference (?:between|of) {N} and {N}": lambda a, b: abs(a - b),
    rf"{N} (?:to the power of|raised to(?: the power(?: of)?)?) {N}": lambda a, b: (
        a ** int(b) if abs(b) < 20 else Fraction(0)
    ),
}
UNARY: dict[str, Callable[[Fraction], Fraction]] = {
    rf"square root of {N}": _root,
    rf"(?<!root )square of {N}|{N} squared": lambda a: a * a,
    rf"cube of {N}|{N} cubed": lambda a: a**3,
    rf"half of {N}": lambda a: a / 2,
    rf"(?<!two )(?:a|one) third of {N}": lambda a: a / 3,
    rf"(?:a|one) quarter of {N}": lambda a: a / 4,
    rf"three quarters of {N}": lambda a: a * 3 / 4,
    rf"(?:double|twice) {N}": lambda a: a * 2,
}
MANY: dict[str, Callable[[list[Fraction]], Fraction]] = {
    "sum|total|sum total|add(?:ing)?(?: up)?": lambda values: sum(values, Fraction(0)),
    "average|(?:arithmetic )?mean": _mean,
    "median": _median,
    "product": _product_of,
    "largest|biggest|greatest|highest|maximum|max": max,
    "smallest|least|lowest|minimum|min": min,
}
OF = r"(?: (?:of|for|up))?(?: (?:the|these|this|all|following|given|data|set|list|array|numbers?|values?|integers|of))*[:.]?\s*\(?\[?"


class Statement(NamedTuple):
    """What is computed, what the text says it is, and the value (None where only an answer is asked for)."""

    text: str
    computed: Fraction
    stated: str


@dataclass(frozen=True)
class Arithmetic:
    """No equation in the output is wrong, and the value that is asked for in numbers occurs in it."""

    def __call__(self, example: Example) -> str | None:
        output = in_digits(
            re.sub(r"\*\*(?=\S)(.+?)\*\*", r"\1", FENCE.sub(" ", example.output)).replace("\\times", "×")
        )
        for stated in (*equations(output), *worded(output)):
            if not agrees(stated.computed, stated.stated):
                return f"wrong arithmetic: {stated.text[:50].strip()} (it is {_shown(stated.computed)})"
        if fault := missed(f"{example.instruction.strip()} {example.input.strip()}".strip(), output):
            return f"wrong arithmetic: the answer is {fault}"
        asked = requested(example)
        if asked is None or len(output) > 400 or _occurs(asked, output):
            return None
        return f"wrong arithmetic: the answer is {_shown(asked)}"


def agrees(value: Fraction, stated: str) -> bool:
    """Tell whether a number as written is that value, or the value rounded or cut to its digits."""
    decimals = len(stated.rstrip(".").partition(".")[2])
    off = abs(value - number(stated))
    short = (value * 10**decimals).denominator != 1
    return off == 0 or (short and off < Fraction(1, 10**decimals))


def equations(text: str) -> Iterator[Statement]:
    """Yield each equation between numbers: a calculation, and the number or the other calculation that it is said to be."""
    for sign in EQUALS.finditer(text):
        line = _without_units(text[: sign.start()].rpartition("\n")[2][-160:])
        calculation = _last_calculation(line)
        after = text[sign.end() : sign.end() + 80].split(". ")[0]
        right = re.match(rf"\s*({SIDE}*)(.{{0,3}})", _without_units(after), re.DOTALL)
        if calculation is None or right is None or FORMULA.match(right[2]):
            continue
        around = text[max(0, sign.start() - 60) : sign.start()].split(". ")[-1] + after
        value = _value(calculation)
        if (
            value is not None
            and not WRONG_ON_PURPOSE.search(around)
            and (found := _statement(calculation, value, right[1]))
        ):
            yield found


def _statement(calculation: str, value: Fraction, right: str) -> Statement | None:
    """Read what follows the equals sign: a number, a percentage, or another calculation."""
    stated = re.match(r"\s*([-−]?[$€£]?\s?\d[\d,]*(?:\.\d+)?)\s*(%?)", right)
    if stated is None:
        return None
    text = f"{calculation.strip()} = {right.strip(' .,')}"
    rest = right[stated.end() :].strip(" .,\n)\t")
    if not rest:
        return Statement(text, value * (100 if stated[2] else 1), re.sub(r"[,$€£\s]", "", stated[1]).replace("−", "-"))
    other: Fraction | None = _value(right) if rest[0] in "+-−–*×x·∙÷/^()²³" else None
    if other is None or abs(other - value) * 100 <= max(Fraction(1), abs(value)):
        return None
    return Statement(text, value, str(float(other)))


def _without_units(text: str) -> str:
    """Return a line without words between numbers and signs, where these are the same or the calculation multiplies."""
    units = re.findall(rf"\d\s?({UNIT})\s*[-+*×x÷/]", text)
    if len(set(units)) > 1 and re.search(r"\w\s*[-+]\s*\d", text):
        return text
    return re.sub(rf"(?<=\d)\s?{UNIT}\s*(?=[-+*×x÷/]\s*[\d$(]|$)", " ", text)


def _last_calculation(line: str) -> str | None:
    """Return the calculation that ends a line, where it is no part of a longer formula with letters."""
    side = re.search(rf"{SIDE}*$", line)
    found = re.search(r"(?:[$€£\d.(−-])(?:[$€£\d.,%+\-−–*×x·∙÷/^()²³]|[ \t])*$", side[0] if side else "")
    if found is None or not re.search(r"[\d)%²³]\s*(?:\*\*|[-−–+*×x·∙÷/^])\s*[$€£(\d.]|[²³]|\)\s*\(", found[0]):
        return None
    before = line[: len(line) - len(found[0])]
    if re.search(r"[\w)\]}\\_]\Z|[+*/^×÷√π%²³!°−]\s*\Z|(?<![\w,;.:])\s[-–]\s*\Z", before):
        return None
    calculation = re.sub(r"^\s*\d{1,2}[.)]\s+(?=\S)|^.*\d,\s+(?=\S)|^\.\s+", "", found[0]).strip()
    return calculation[1:] if calculation[0] == "(" and ")" not in calculation else calculation


def _value(text: str) -> Fraction | None:
    """Compute a calculation with the usual precedence; None where it is not one."""
    tokens: list[str] = []
    place = 0
    text = text.strip().rstrip(".,;")
    while place < len(text):
        found = TOKEN.match(text, place)
        if not found:
            return None
        tokens += [found[1].replace(",", "") + found[2]] if found[1] else [found[3]]
        place = found.end()
    try:
        value, rest = _sum(tokens)
    except (ValueError, IndexError, ZeroDivisionError, OverflowError):
        return None
    return None if rest else value


def _sum(tokens: list[str]) -> tuple[Fraction, list[str]]:
    value, tokens = _product(tokens)
    while tokens and tokens[0] in "+-−–":
        other, rest = _product(tokens[1:])
        value, tokens = (value + other if tokens[0] == "+" else value - other), rest
    return value, tokens


def _product(tokens: list[str]) -> tuple[Fraction, list[str]]:
    value, tokens = _power(tokens)
    while tokens and (tokens[0] in ("*", "×", "x", "·", "∙", "÷", "/") or tokens[0] == "("):
        sign = "*" if tokens[0] == "(" else tokens[0]
        other, rest = _power(tokens if tokens[0] == "(" else tokens[1:])
        value, tokens = (value / other if sign in "÷/" else value * other), rest
    return value, tokens


def _power(tokens: list[str]) -> tuple[Fraction, list[str]]:
    if tokens[0] in "-−–":
        value, tokens = _power(tokens[1:])
        return -value, tokens
    if tokens[0] == "(":
        value, tokens = _sum(tokens[1:])
        if not tokens or tokens[0] != ")":
            raise ValueError("an open bracket")
        tokens = tokens[1:]
    else:
        value, tokens = Fraction(tokens[0].rstrip("%")) / (100 if tokens[0][-1] == "%" else 1), tokens[1:]
    if tokens and tokens[0] in ("²", "³"):
        return value ** (2 if tokens[0] == "²" else 3), tokens[1:]
    if tokens and tokens[0] in ("^", "**"):
        exponent, tokens = _power(tokens[1:])
        if exponent.denominator != 1 or abs(exponent) > 64:
            raise ValueError("an exponent that is not computed here")
        return value**exponent.numerator, tokens
    return value, tokens


def worded(text: str) -> Iterator[Statement]:
    """Yield the calculations stated in words."""
    for sentence in re.split(r"(?<=[.!?])\s+|\n", text):
        if not DIGIT.search(sentence) or WRONG_ON_PURPOSE.search(sentence):
            continue
        yield from (Statement(sentence, value, stated) for value, stated in told(sentence))
        if not SAYS.search(sentence):
            continue
        yield from (Statement(*found) for found in conversions(sentence))
        for found, value in _calculations(sentence, rf"[)\]]*,?{IS}(?P<stated>{NUMBER})(?!\s*(?:[-+*/^×÷]|x \d))"):
            yield Statement(found[0], value, found["stated"].lstrip("$€£"))


def _calculations(text: str, ending: str) -> Iterator[tuple[re.Match[str], Fraction]]:
    """Yield what in a text asks for a value in words, before `ending`, and the value."""
    for pattern, both in BINARY.items():
        for found in re.finditer(rf"(?<![\d.+*/×÷^=] )(?<!\w)(?:{pattern}){ending}", text):
            if number(found[2]) or "divid" not in pattern:
                yield found, both(number(found[1]), number(found[2]))
    for pattern, one in UNARY.items():
        for found in re.finditer(rf"(?:{pattern}){ending}", text, re.IGNORECASE):
            yield found, one(number(next(group for group in found.groups() if group)))
    for pattern, every in MANY.items():
        for found in re.finditer(rf"\b(?:{pattern}){OF}{LIST}{ending}", text, re.IGNORECASE):
            yield (
                found,
                every(
                    [
                        number(n)
                        for n in re.findall(
                            r"[-−]?\d[\d,]*(?:\.\d+)?(?<!,)",
                            re.sub(r", ?(?=\d{1,2}\b)|,(?=\d{3},? )|, ", "; ", found[1]),
                        )
                    ]
                ),
            )


def requested(example: Example) -> Fraction | None:
    """Return the value that a task asks for, or None where it asks for none that is computed here."""
    task = in_digits(f"{example.instruction.strip()} {example.input.strip()}".strip())
    if not DIGIT.search(task):
        return None
    asked = re.fullmatch(
        rf"(?:please )?(?:what(?:'s| is)|calculate|compute|evaluate|solve|find|simplify|work out|determine|how much is|resolve|give)?(?: the| following| value| result| answer| expression| equation| problem| calculation| math| arithmetic| sum| operation| of| for| to)*[:\s]*({SIDE}+?)\s*=?\s*\??[.?]?",
        task,
        re.IGNORECASE,
    )
    if asked and re.search(r"\d\s*(?:[-+*×÷/^]|x)\s*\(?\d", asked[1]) and not re.fullmatch(r"\s*\d+/\d+\s*", asked[1]):
        return _value(asked[1])
    if re.fullmatch(rf"[\s\[({{]*{LIST}[\s\])}}.]*", example.input):
        wanted = {kind for kind in MANY if re.search(rf"\b(?:{kind})\b", example.instruction, re.IGNORECASE)}
        values = [number(n) for n in re.findall(r"[-−]?\d+(?:\.\d+)?", example.input)]
        return (
            MANY[wanted.pop()](values)
            if len(wanted) == 1
            and not re.search(
                r"\d|square|moving|weighted|code|function|program|formula|each|even|odd", example.instruction
            )
            else None
        )
    found = list(_calculations(task, r"[)\]]*(?=\s*[.?!]?\s*(?:$|and (?:give|provide|show|explain)))"))
    if len({value for _, value in found}) != 1 or not re.match(
        r"(?:please )?(?:what|calculate|compute|find|determine|add|subtract|multiply|divide|sum|evaluate|give|how|work|get|total)",
        task,
        re.IGNORECASE,
    ):
        return None
    return found[0][1]


def _occurs(value: Fraction, text: str) -> bool:
    numbers = [n.lstrip("$€£+") for n in re.findall(NUMBER.replace("(?![\\w]|\\.\\d|/\\d)", ""), text)]
    fractions = [Fraction(int(a), int(b)) for a, b in re.findall(r"(-?\d+)\s*/\s*(\d+)", text) if int(b)]
    return not (numbers or fractions) or value in fractions or any(agrees(abs(value), n.lstrip("-−")) for n in numbers)


def _shown(value: Fraction) -> str:
    return str(value) if value.denominator == 1 else f"{float(value):.6g}"
