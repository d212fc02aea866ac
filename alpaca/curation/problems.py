"""Tasks whose answer is computed: calculations, lists, conversions, wages, change, years.

A task is read only where that is sure: it is short, and each of its numbers has a part in what is computed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fractions import Fraction

from alpaca.curation import numerals, operations, percentages
from alpaca.curation.calculations import OPERATES, computed, in_signs, number
from alpaca.curation.equations import unsolved
from alpaca.curation.prose import any_of, words
from alpaca.curation.quantities import AMOUNT, DIGITS, UNITS, in_digits, inexact, measured
from alpaca.curation.shapes import shape
from alpaca.curation.stories import possible
from alpaca.curation.tasks import COUNTED, LONG, Answer, Task, wrong
from alpaca.records import Example

RUN = re.compile(r"[(√∛|−-]*[$€£]?\d(?:[$€£\d.,%+\-−–*×x·∙÷/^()²³!√∛|]| )*")
OPERATOR = re.compile(r"[\d)%²³!|]\s*(?:\*\*|[-−–+*×x·∙÷/^])\s*[$€£(\d.√|]|[²³!]|[√∛|]")
NO_CALCULATION = re.compile(r"\d+(?:[-–/x]\d+)+")
ASKS = any_of(
    r"\b(?:calculat|comput|evaluat|solv|simplif|determin|perform|add|subtract|multipl|divid|resolv|figur|reckon)\w*\b",
    r"\b(?:work out|find|what(?:['’]?s| is| are| does| do|\b)|how (?:much|many)|result|answer|value"
    r"|expression|equals?|tell|give)\b",
    r"\b(?:sum|product|difference|quotient|total|square root|problem|equation|calculation|operation|do the math)\b",
)
STATED_ONLY = any_of(  # tasks about a calculation that ask for something else than its value
    r"\b(?:code|program|function|python|java\w*|script|story|word problem|poem|stor(?:y|ies)|sentences?|estimat\w*)\b",
    r"\b(?:round\w*|nearest|binary|base|hex\w*|matri\w+|factors?|factori[sz]e|write|create|generate|compose|invent)\b",
    r"\b(?:without|explain why|describe|date|year|phone|ratio|digits?|true|false|correct|wrong|check"
    r"|verify|significant|is it)\b",
    r"\b(?:modulo|mod|prime|roman|sequence|series|pattern|next|game|compare|larger|greater|more than|less than)\b",
    r"\b(?:left|remain\w*|spen[dt]\w*|rest)\b",
    r"\b(?:insert|fill|missing|blank|complete|prove|proof|sort|order|arrange|rearrange|identify|classify)\b",
)
IN_ONE = any_of(r"\bhow many \w+ (?:are |is )?(?:there )?(?:in|make(?: up)?|equal) (?:an?|one)\b")
SUMS = any_of(
    OPERATES.pattern, r"\bhow (?:many|much|old|far|long)\b", r"\b(?:total|average|cost|calculate|convert|compute)\b"
)


def missed(example: Example, output: str) -> str | None:
    """Return what an answer should be, where it states numbers and none is right; None where that cannot be told."""
    task = Task(example.instruction, example.input)
    if len(task.text) > 700 or not (
        re.search(r"\d", task.text)
        or (SUMS.search(task.text) and (re.search(r"\d", task.digits) or IN_ONE.search(task.text)))
    ):
        return None
    output = in_digits(output) if len(output) < 20 * LONG and len(words(output)) < LONG else output
    for solve in SOLVERS:
        if answer := solve(task):
            return str(answer) if wrong(answer, output, task) else None
    return numerals.untrue(task, output) or unsolved(task, output) or possible(task.text, output)


def expression(task: Task) -> Answer | None:
    """Compute the one calculation that a task consists of."""
    text = in_signs(task.text)
    if "=" in text.rstrip("=? .\n") or STATED_ONLY.search(task.text) or len(words(RUN.sub(" ", text))) > 16:
        return None
    found = {
        run
        for match in RUN.findall(text)
        if OPERATOR.search(run := match.strip(" .,x–-!" if "!" not in match[1:] else " .,"))
    }
    rest = re.sub(r"^\s*\d[.)]\s", "", text)
    for run in found:
        rest = rest.replace(run, " ")
    if len(found) != 1 or re.search(r"\d", rest) or re.search(r"[a-z][²³^]|\b[xyzn]\b", rest):
        return None
    (run,) = found
    if not (ASKS.search(task.text) or len(words(rest)) < 2) or (
        NO_CALCULATION.fullmatch(run.strip()) and not (len(words(rest)) < 5 and "x" in run)
    ):
        return None
    value = computed(run)
    if value is None:
        return None
    return Answer((value, value * 100) if "%" in task.text or "percent" in task.text.lower() else (value,))


def remainder(task: Task) -> Answer | None:
    """Compute a remainder: `17 mod 5`, `the remainder when 17 is divided by 5`."""
    asked = re.search(r"\bremainder|\bmod(?:ulo|ulus)?\b|\d ?% ?\d", task.digits, re.IGNORECASE)
    if not asked or len(task.numbers) != 2 or len(words(task.text)) > 20 or not task.numbers[1]:
        return None
    first, second = task.numbers
    return Answer((first % second,))


def listed(task: Task) -> Answer | None:
    """Compute the one operation on a list that is asked for."""
    wanted = operations.named(task.instruction)
    lists = re.findall(operations.LIST, re.sub(r"\n", " \n", task.digits))
    if len(wanted) != 1 or operations.ANOTHER.search(COUNTED.sub("", task.instruction)):
        return None
    if len(lists) != 1:
        return _bill(task) if wanted[0].startswith("sum") else None
    given = operations.values(lists[0])
    named = re.search(rf"(?:{wanted[0]})", task.instruction, re.IGNORECASE)
    if len(given) != len(task.numbers) or len(words(task.text)) - len(given) > 25 or "%" in lists[0] or named is None:
        return None
    try:
        value = operations.OPERATIONS[wanted[0]](given)
    except (ValueError, ZeroDivisionError):
        return None
    near = 40 if wanted[0].startswith("standard") else 0  # of a population or of a sample
    return Answer((value,), near)


def _bill(task: Task) -> Answer | None:
    """Add up a list of things with prices."""
    priced = re.findall(
        rf"(?:^|[,:;\n])\W*(?:and )?(?:[A-Za-z]+ ?){{1,3}}[:=-]? ?[$€£]({DIGITS})(?=\s*(?:[,.;\n]|and|$))", task.text
    )
    if len(priced) < 3 or len(priced) != len(task.numbers) or SHARED.search(task.text):
        return None
    return Answer((sum(map(number, priced), Fraction(0)),))


SHARED = any_of(
    r"\b(?:each|per|every|times|dozen|half|twice|average|mean|budget|left|remain\w*|change|discount|tax|tip|off|income"
    r"|salary|earn\w*|pa(?:id|ys?)|refund|profit|loss|more|less|difference|deduct\w*|minus)\b",
    r"%",
)
CONVERTS = any_of(
    r"\b(?:convert\w*|change|express\w*|turn|how (?:many|much|long|far|hot|cold)|what(?:['’]s| is)|in|to|equals?)\b"
)


WANTED = any_of(
    rf"\b(?:how (?:many|much)|to|into|in|as|equals?|change|what(?: is|['’]s)?|is) (?:an? |the "
    rf"|approximately )?(?:{UNITS.pattern})",
    r"\bdozen|pairs?\b",
)


def conversion(task: Task) -> Answer | None:
    """Compute an amount in the other of two units that a task names."""
    text = re.sub(r"\ban?(?= \w+\W*$)|\bone(?= )", "1", task.digits) if not task.numbers else task.digits
    numbers = re.findall(DIGITS, text)
    if len(numbers) != 1 or len(text) > 400 or len(words(text)) > 25 or not CONVERTS.search(text):
        return None
    amounts = list(AMOUNT.finditer(text))
    units = [found for found in UNITS.finditer(text) if text[found.start() - 1 : found.start()] != "/"]
    kinds = list(dict.fromkeys(found[0].lower().rstrip("s") for found in units))
    if not 1 <= len(kinds) <= 4:
        return None
    if dozens := re.search(
        rf"\bhow many (?!dozen|pair)\w+ (?:\w+ ){{0,3}}?({DIGITS}) (dozen|pairs?|scores?|gross)\b", text, re.IGNORECASE
    ):
        value = measured(number(dozens[1]), dozens[2], "item")
        return Answer((value,)) if value else None
    if amounts and not WANTED.search(text):
        return None
    if amounts:
        source, others = amounts[0]["unit"], [found[0] for found in units if not _same(found[0], amounts[0]["unit"])]
    elif len(units) >= 2 and (first := re.search(r"\bfrom ([\w° ]+?) (?:in)?to\b", text)):
        source, others = first[1], [found[0] for found in units if not _same(found[0], first[1])]
    elif len(units) >= 2 and CONVERTS.match(text):
        source, others = units[0][0], [found[0] for found in units[1:] if not _same(found[0], units[0][0])]
    else:
        return None
    values = {measured(number(numbers[0]), source, other) for other in others}
    if len(values) != 1 or (value := values.pop()) is None:
        return None
    return Answer(
        (value,),
        2 if inexact(source, others[0]) or re.search(r"\bk\b|kelvin", source + others[0], re.IGNORECASE) else 0,
    )


def _same(unit: str, other: str) -> bool:
    return measured(Fraction(1), unit, other) == 1 and measured(Fraction(0), unit, other) == 0


def change(task: Task) -> Answer | None:
    """Compute the change from a price and what was paid."""
    price = re.search(
        rf"\b(?:price|cost|total|bill|amount(?: due)?)s?\b\D{{0,15}}?({DIGITS})", task.text, re.IGNORECASE
    )
    paid = re.search(
        rf"\b(?:paid|given|payment|tendered|cash|received)\b\D{{0,15}}?({DIGITS})", task.text, re.IGNORECASE
    )
    if not (price and paid) or len(task.numbers) != 2 or not re.search(r"\bchange\b", task.text, re.IGNORECASE):
        return None
    return Answer((abs(number(paid[1]) - number(price[1])),))


def years(task: Task) -> Answer | None:
    """Compute how long it is from one year to another: an age, a reign, a war."""
    named = re.findall(r"(?<![\d$,.])(1\d{3}|20\d{2})(?![\d,.%]\d|\d)", task.text)
    if len(named) != 2 or not re.search(r"\bhow (?:old|many years|long)\b", task.text, re.IGNORECASE):
        return None
    undated = DAY.sub("", task.text)
    if len(re.findall(DIGITS, undated)) != 2 or len(words(task.text)) > 40:
        return None
    gap = Fraction(abs(int(named[1]) - int(named[0])))
    return Answer((gap, gap - 1, *((gap + 1,) if undated == task.text else ())))


DAY = re.compile(r"\b\d{1,2}(?:st|nd|rd|th)?,? (?:of )?[A-Z][a-z]+|\b[A-Z][a-z]{2,} \d{1,2}(?:st|nd|rd|th)?\b")


HOURLY = any_of(rf"{DIGITS}(?: [a-z]+)? ?(?:per|an|each|every|/|a) ?hour\b", r"\bhourly\b[^.\d]*\d")
WAGES = any_of(r"\b(?:pay|paid|earn\w*|makes?|wages?|salary|income|owed?)\b")
NO_WAGE = any_of(
    r"\b(?:overtime|tax\w*|days?|tips?|save[sd]?|spen[dt]\w*|percent|more|less|half|how many hours|raise)\b|%"
)


def wage(task: Task) -> Answer | None:
    """Compute what is earned in some hours at so much an hour."""
    worked = re.search(rf"{DIGITS} hours\b", task.digits, re.IGNORECASE)
    if not worked or len(task.numbers) != 2 or not HOURLY.search(task.digits) or not WAGES.search(task.text):
        return None
    return None if NO_WAGE.search(task.text) else Answer((task.numbers[0] * task.numbers[1],))


def angle(task: Task) -> Answer | None:
    """Compute the last angle of a triangle or a quadrangle."""
    asked = re.search(r"\b(triangle|quadrilateral)\b", task.text, re.IGNORECASE)
    last = re.search(
        r"\b(?:third|fourth|other|remaining|last|missing|unknown)(?: \w+)? angle\b", task.text, re.IGNORECASE
    )
    given = {"triangle": 2, "quadrilateral": 3}[asked[1].lower()] if asked and last else None
    sizes = re.findall(rf"({DIGITS}) ?(?:degrees?\b|°)", task.digits)
    if given is None or len(sizes) != given or re.search(r"\b(?:isosceles|twice|exterior|equal)\b", task.text):
        return None
    return Answer((180 * (given - 1) - sum(map(number, sizes), Fraction(0)),))


def labelled_shape(task: Task) -> Answer | None:
    """Compute the area, volume or perimeter of a shape whose sizes are given."""
    found = shape(task.digits, task.numbers)
    return Answer(found, 1 if len(found) > 1 else 0) if found else None


SOLVERS: Iterable[Callable[[Task], Answer | None]] = (
    *numerals.SOLVERS, remainder, expression, listed, years, labelled_shape, conversion,
    percentages.percentage, percentages.part, percentages.interest, change, wage, angle
)  # fmt: skip
