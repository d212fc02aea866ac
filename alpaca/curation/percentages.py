"""Tasks about percentages whose answer is computed: parts, growth, tips and taxes, simple interest."""

from __future__ import annotations

import re
from fractions import Fraction

from alpaca.curation.calculations import number
from alpaca.curation.prose import any_of, words
from alpaca.curation.quantities import DIGITS
from alpaca.curation.tasks import VALUE, Answer, Task

_GROWS = (
    r"(?:increas|decreas|chang|gr[eo]w|drop|ris|rose|gain|los[se]|fall|fell|go(?:ne)? up|went (?:up|down)|reduc"
    r"|discount|declin|rais|jump|cut|shr[aiu]nk|markup|mark-?down|climb|sav)\w*"
)
_HUNDREDTHS = r"(?:percent(?:age)?s?|per cent|%)"
GROWTH = any_of(rf"\b{_HUNDREDTHS}(?:(?: of)?(?: the)?(?: \w+)?) {_GROWS}\b")
GROWS = any_of(rf"\b{_GROWS}\b")
FROM_TO = any_of(
    rf"\bfrom (?:\w+ )?{VALUE}(?![\d.,]*\d| ?%| percent)[^?!]*?\bto (?:\w+ )?{VALUE}(?![\d.,]*\d| ?%| percent)"
)
ASKED = any_of(rf"(?<!\d)(?<!\d ){_HUNDREDTHS}(?!\w)(?! points?\b)")
BACKWARDS = any_of(r"\b(?:original\w*|was|were|used to|before|previous\w*|to \S+ from|instead of|regular\w*|now)\b")
TIPS = any_of(
    r"\b(?:how (?:large|much|big|high|many \w+) (?:is|are|was|would|will|should|does|do|must|can)|what(?:['’]s|s| is"
    r"| would| will| should| was)|calculat\w+|comput\w+|find|determin\w+|work out|figure out|give)\b[^.?]*?"
    r"\b(?:tip|gratuity|tax|vat|commission|surcharge|service charge|discount|deposit|down payment|fee|bonus|rebate)\b"
)
SEVERAL = any_of(
    r"\b(?:each|per|every|people|friends|split|shared?|original\w*|before|after|left|remain\w*|profit|months?|years?)\b"
)


def percentage(task: Task) -> Answer | None:
    """Compute what percent one number is of another, or by how many percent it grew to the other."""
    if len(task.numbers) != 2 or len(words(task.text)) > 30:
        return None
    first, second = task.numbers
    grows = FROM_TO.search(task.digits) and ASKED.search(task.text) and GROWS.search(task.text)
    if first and (grows or GROWTH.search(task.text)):
        grown = abs(second - first) * 100
        turned = grown / second if second and BACKWARDS.search(task.text) else None
        return Answer((grown / first,) if turned is None else (grown / first, turned))
    if second and re.search(r"\bis what (?:percent|%)", task.text, re.IGNORECASE):
        return Answer((first / second * 100,))
    if first and re.search(r"\bwhat (?:percent(?:age)?|%) of \S*\d[\d.,]* is\b", task.text, re.IGNORECASE):
        return Answer((second / first * 100,))
    if second and re.search(r"\bwhat percent(?:age)? is \S*\d\S* (?:out )?of\b", task.text, re.IGNORECASE):
        return Answer((first / second * 100,))
    changed = re.fullmatch(
        rf"\W*(?:what (?:is|do you get)|calculate|find|compute|determine)?(?: the (?:result|value)"
        rf"(?: of)?)?\W*(increase|decrease|reduce|raise|{VALUE})"
        rf"(?:ing)? ?(?:{VALUE} (?:by)|increased by|decreased by|reduced by|plus|minus) {VALUE} ?(?:%|percent)\W*",
        task.digits,
        re.IGNORECASE,
    )
    if changed:
        sign = -1 if re.search(r"decreas|reduc|minus", task.text, re.IGNORECASE) else 1
        return Answer((first * (100 + sign * second) / 100,))
    return None


def part(task: Task) -> Answer | None:
    """Compute a tip, tax or discount of so many percent of one amount, alone or with the amount."""
    rates = re.findall(rf"({DIGITS}) ?(?:%|percent|per cent)", task.digits)
    if len(rates) != 1 or len(task.numbers) != 2 or len(words(task.text)) > 30 or not TIPS.search(task.text):
        return None
    if SEVERAL.search(task.text):
        return None
    rate = number(rates[0])
    amount = task.numbers[1] if task.numbers[0] == rate else task.numbers[0]
    share: Fraction = amount * rate / 100
    return Answer((share, amount + share, amount - share))


def interest(task: Task) -> Answer | None:
    """Compute simple interest, alone or with the principal."""
    if not re.search(r"\bsimple interest\b", task.text, re.IGNORECASE) or len(task.numbers) != 3:
        return None
    rates = re.findall(rf"({DIGITS}) ?(?:%|percent)", task.digits)
    times = re.findall(rf"({DIGITS}) ?-?(?:years?)", task.digits, re.IGNORECASE)
    sums = [value for value in task.numbers if [value] != [*map(number, rates)] and [value] != [*map(number, times)]]
    if len(rates) != 1 or len(times) != 1 or len(sums) != 1:
        return None
    gained = sums[0] * number(rates[0]) * number(times[0]) / 100
    return Answer((gained, gained + sums[0]))
