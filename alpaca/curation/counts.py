"""The filter of answers of another length than is named: words, sentences, paragraphs, characters, lines, items."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import PositiveInt

from alpaca.curation.prose import any_of, is_code, items, sentences, without_code, words
from alpaca.curation.quantities import SPELT, spelt
from alpaca.records import Example

NUMERAL = SPELT.pattern.removesuffix("(?!-)")
N = rf"(\d{{1,4}}|{NUMERAL}|a single|an?(?= (?:single|one))|only one|just one)"
PLAIN = (
    r"(?:(?:single|short|complete|concise|simple|brief|full|long|separate|well-\w+|English|total"
    r"|different)(?:,? |-)){0,2}"
)
# Words right before a number that make it the size of the answer.
SIZES = (
    r"(?:in|of|using|uses?|within|with|to|exactly|precisely|only|into|most|than|maximum(?: of)?|max\.?"
    r"|minimum(?: of)?|under|below|up to|exceed|over|as"
    r"|a|write|give|by|summary|least|provide|compose|create|generate|make|and|or|about|around"
    r"|approximately|roughly|just|be|length|limit|limit of"
    r"|have|has|contain|contains|through|reach|keep it|it|answer|respond|reply|words?)[: ]+"
)
NOT_SIZE = (
    r"(?![- ](?:problem|phrase|or(?! (?:less|fewer|more))|names?|compound|structures?|fragments?"
    r"|verbs?|cloud|games?|search|that|each|with|which|per"
    r"|containing|starting|beginning|rhyming|in the|from|describing|associated|related|for each|above"
    r"|below(?! )|given|as input|and its|and their))"
)
SIZE = any_of(rf"(?:\b{SIZES}|[.!?(] ){N} ?-?{PLAIN}(word|sentence|paragraph|character|letter|line)s?\b{NOT_SIZE}")
ONE = any_of(
    r"\b(?:in|use|using) a (word)\b",
    r"\b(?:answer|reply|respond|response|one|single|give|provide|be|write|in)\b[^.]{0,20}\b(?:one"
    r"|single|1)[- ](word|sentence)(?: answer| reply| response| only| summary)?\b(?! (?:or|each"
    r"|for each|per|that|which|to describe))",
)
LIMIT = any_of(
    r"at most|no more than|not (?:\w+ )?more than|n['’]t (?:\w+ )*more than|max\w*|under|below"
    r"|less than|fewer than|shorter than|up to|within|limit|exceed|or (?:less|fewer)|no longer than"
    r"|not (?:\w+ ){0,2}longer than",
)
LEAST = any_of(
    r"\b(?:at least|minimum(?: of| length of| length:?)?|no (?:fewer|less|shorter) than|more than|over"
    r"|not less than|longer than|min\.?)(?: \w+)? "
    r"(?P<n>\d{2,4})[- ]words?\b",
    r"\b(?P<more>\d{2,4}) (?:words? or more|or more words)\b",
)
FLEXIBLE = any_of(
    r"at least|minimum|(?<!no )(?<!n't use )(?<!not use )(?<!not )more than|or more|-\d|\d to \d"
    r"|\d ?[-–] ?\d|\bor \w+ (?:word|sentence|paragraph)",
    r"\b(?:about|around|approximately|roughly|over|each|per|every|or so)\b",
)
OPEN = any_of(r"or more|\beach\b|\bper\b|\bevery\b|-\d|\d to \d|\bor \w+ (?:word|sentence|paragraph)|or so")


@dataclass(frozen=True)
class Counts:
    """The output has as many items, sentences, paragraphs or words as are named; words may be `slack` percent off."""

    slack: PositiveInt

    def __call__(self, example: Example) -> str | None:
        asked, output = example.instruction, example.output
        found = self._size(asked, output) or _list(asked, output)
        return f"wrong count: {found}" if found else None

    def _size(self, asked: str, output: str) -> str | None:
        if not re.search(r"word|sentence|paragraph|character|letter|line|tweet", asked, re.IGNORECASE):
            return None
        least = LEAST.search(asked)
        if least and len(words(output)) < 0.7 * int(least["n"] or least["more"]):
            return f"{len(words(output))} words for at least {least['n'] or least['more']}"
        for found in SIZE.finditer(asked):
            if fault := self._one_size(found, asked, output):
                return fault
        if (one := ONE.search(asked)) and not OPEN.search(asked[one.end() - 12 : one.end() + 30]):
            return self._differs(1, (one[1] or one[2]).lower(), False, output)
        if (
            re.search(r"\btweet\b(?! (?:is|was|by|from|about the following))", asked, re.IGNORECASE)
            and "140" not in asked
        ):
            return f"{len(output)} characters for a tweet" if len(output) > 700 and "thread" not in asked else None
        return None

    def _one_size(self, found: re.Match[str], asked: str, output: str) -> str | None:
        around = asked[max(0, found.start() - 15) : found.end()]
        limit = LIMIT.search(asked[max(0, found.start() - 25) : found.end()]) or re.match(
            r" or (?:less|fewer)| (?:max|at most|tops)", asked[found.end() :]
        )
        if (
            re.search(r"\b(?:each|every|per)\b[^.]*$", asked[: found.start()], re.IGNORECASE)
            or (FLEXIBLE.search(around) and not limit)
            or OPEN.search(asked[found.end() - 12 : found.end() + 30])
        ):
            return None
        exact = re.search(r"\b(?:exactly|precisely)\b", around, re.IGNORECASE)
        return self._differs(count(found[1]), found[2].lower(), bool(limit), output, 0 if exact else 1)

    def _differs(self, n: int, unit: str, limit: bool, output: str, loose: int = 1) -> str | None:
        """Compare the size of the output with `n`, which it may come under where that is a limit."""
        if unit == "word":
            has = len(words(re.sub(r"^\s*\d+[.)]", "", output, flags=re.MULTILINE)))
            most = n + max(2 if n < 4 else 3, n * self.slack / 100)
            wrong = has > most or (not limit and n > 10 and has < n - max(3, n * self.slack / 100))
            return f"{has} words for {n}" if wrong and not (n < 4 and _answers_in_quotes(output)) else None
        if unit in ("character", "letter"):
            has = len(output.strip())
            return f"{has} characters for {n}" if n > 20 and limit and has > n * 1.2 + 5 else None
        if unit == "line":
            return _lines(n, limit, output)
        if unit == "paragraph":
            has = len([part for part in re.split(r"\n\s*\n", output.strip()) if len(words(part)) > 8])
            return f"{has} paragraphs for {n}" if has > n + (n > 1) or (has < n and not limit) else None
        has = len([part for part in sentences(without_code(output)) if len(words(part)) > 1])
        return (
            f"{has} sentences for {n}"
            if has > n + loose * (n > 2) or (has < n - loose * (n > 2) and not limit)
            else None
        )


def _lines(n: int, limit: bool, output: str) -> str | None:
    has = len([line for line in output.split("\n") if words(line)])
    long = len(words(output)) > 30 * n
    wrong = has > n + 1 or long or (1 < has < n and not limit)
    return f"{has} lines for {n}" if wrong and not is_code(output) else None


def count(text: str) -> int:
    """Return the number that a text writes in digits or words; one for `a single`."""
    return int(text) if text.isdigit() else spelt(text) or 1


def _answers_in_quotes(output: str) -> bool:
    return bool(re.search(r"[\"“*][^\"”*]{2,40}[\"”*]", output)) and len(words(output)) < 25


ASKS = (
    r"list|name|give|suggest|provide|generate|create|identify|write|brainstorm|propose|describe|state"
    r"|come up with|think of|tell|mention|outline|find|offer"
    r"|share|recommend|show|produce|make|compile|what are|which are|select|choose|explain|present"
    r"|enumerate|cite|devise|draft|develop|discuss|specify|note|pick"
)
MANY = rf"(\d{{1,2}}|{SPELT.pattern})"
NOT_MANY = r"(?![-–]| or (?:more|fewer|less)| to \d| ?(?:%|percent|x\b|\+|\*|st\b|nd\b|rd\b|th\b))"
LISTED = any_of(
    rf"(?:^|(?<=[.!?] )|(?<=\n))(?:please |can you |could you |i want you to |i need you to )*(?:{ASKS})\b"
    r"(?: me| us| out| down| the| some| an? (?:short |brief |numbered |ordered |bulleted )?(?:list|set"
    r"|series|collection|group|total) (?:of|with)| at most| up to| at least| exactly| no more than"
    r"| about| around| approximately"
    r"| list of| top| main| key| your| an ordered list of| a numbered list of| a bulleted list of| a|:|,)*\s+"
    rf"{MANY}\b{NOT_MANY}\s+(?:\w+[\w'’-]* ){{0,5}}?([\w-]+s|people|children|criteria|phenomena|women"
    rf"|men|data|ingredients)\b",
)
POINTS = any_of(  # `in exactly seven points`, `the list must have 8 entries`, anywhere
    rf"(?<![-–\d] )\b{MANY}{NOT_MANY} (?:\w+ ){{0,2}}?(?:points|items|entries|bullets?|bullet[- ]points"
    rf"|list items|numbered \w+)\b",
    rf"\b(?:need|want|like|give me|list|name|exactly|provide) {MANY} of (?:them|these|those)\b(?! "
    rf"(?:are|is|were|have|can))",
    rf"\b(?:give|list|name|provide|write|make it|return) exactly {MANY}(?= of them|[.!]|$)",
)
# What is counted within an item or otherwise than by items; where the output is numbered only the first group is.
MEASURED = any_of(
    r"\b(?:sentences?|paragraphs?|characters?|lines?|syllables?|minutes?|hours?|days?|weeks?|months?"
    r"|years?|stanzas?|pages?|letters?|points? (?:scale|system)"
    r"|dollars|miles|degrees|players|cards|acts|scenes|centur\w+|sides|servings?|each|rows|columns"
    r"|people|digits?|courses?)\b",
)
GROUPED = any_of(
    r"\b(?:words?|numbers?|steps?|verses?|parts|pairs?|versions?|sets?|groups?|categor\w+|sections?"
    r"|chapters?|types|levels|classes|questions? and)\b",
)


def _list(asked: str, output: str) -> str | None:
    """Compare the items of a list with the number of them that is asked for."""
    found = LISTED.search(asked.strip())
    if found is None or MEASURED.search(found[0]):
        found = POINTS.search(asked) if has_points(asked) else None
    if found is None or is_code(output) or FLEXIBLE.search(asked[max(0, found.start() - 12) : found.end()]):
        return None
    labels = [int(label) for label in re.findall(r"^\s*(\d{1,3})[.)]\s", output, re.MULTILINE)]
    if labels and labels != list(range(1, len(labels) + 1)):
        return None
    if not labels and GROUPED.search(found[0]):
        return None
    n = count(next(group for group in found.groups() if group))
    most = bool(LIMIT.search(found[0]))
    titled = 0 if labels or items(output) else _titled(output, asked)
    if 0 < titled < n and not most:
        return f"{titled} items for {n}"
    has = len(labels) or len(items(output)) or _inline(output) or _bare(output)
    if n < 2 or has < (1 if labels or _bare(output) == 1 else 2) or (not labels and has > n and _has_headings(output)):
        return None
    return f"{has} items for {n}" if (has < n and not most) or has > n else None


TITLE = re.compile(r"\W*(?P<title>[A-Z0-9][^\n:.!?]{2,60}):\W*(?P<rest>[A-Z][^\n]+)")
INTRODUCES = any_of(
    r"\b(?:here|following|these|those|this|include\w*|such as|are|is|list|answer|output|example\w*|note|title"
    r"|introduction|pros?|cons?|first\w*|one|two|three|four|five|six|seven|eight|ten|several|some|\d+)\b",
)
GOES_ON = any_of(  # a second item within a paragraph
    r"\b(?:second(?:ly)?|third(?:ly)?|another|also|additionally|furthermore|moreover|in addition|finally|lastly|next"
    r"|besides|other|likewise|two|three|four|both|several|various|\d[.)]|[a-c]\))(?!\w)|;|\b[A-Z][^.:\n]{2,40}: [A-Z]",
    flags=re.NOFLAG,
)


def _titled(output: str, asked: str) -> int:
    """Return how many items an output has of which each is one paragraph of prose with a title; 0 for others."""
    parts = [part for part in output.strip().split("\n") if part.strip()]
    found = [TITLE.match(part) for part in parts] if len(parts) < 4 else []
    for title in found:
        if (
            title is None
            or len(words(title["title"])) > 10
            or len(words(title["rest"])) < 8
            or INTRODUCES.search(title["title"])
            or GOES_ON.search(title["rest"].lower() if ":" not in title["rest"] else title["rest"])
            or set(words(title["title"])) <= set(words(asked))
        ):
            return 0
    return len(found)


def has_points(asked: str) -> bool:
    return bool(re.search(r"point|item|entr|bullet|number|exactly|of th", asked, re.IGNORECASE))


def _has_headings(output: str) -> bool:
    return bool(re.search(r"^[ \t]*\S[^\n]*:\s*$", output, re.MULTILINE))


def _inline(output: str) -> int:
    """Return how many items a list in one line has: at least two of at most four words between commas, or 0."""
    text = output.strip()
    if "," not in text or "\n" in text or ":" in text or ". " in text:
        return 0
    parts = re.split(r",\s*(?:and |or )?|\s+and\s+", text.rstrip("."))
    return len(parts) if all(0 < len(words(part)) < 5 for part in parts) else 0


def _bare(output: str) -> int:
    """Return how many items a list without marks has, a short one on each line, or 0."""
    lines = [line for line in output.strip().split("\n") if line.strip()]
    longest = 4 if len(lines) == 1 else 7
    short = all(len(words(line)) < longest and ":" not in line and "," not in line for line in lines)
    return len(lines) if lines and short else 0
