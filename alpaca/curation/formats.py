"""Filters of answers in another form than the instruction names: notation and counts."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from dataclasses import dataclass
from xml.etree import ElementTree

import yaml
from pydantic import PositiveInt

from alpaca.curation.prose import is_code, items, sentences, without_code, words
from alpaca.records import Example

UNITS = dict(zip(words("one two three four five six seven eight nine ten eleven twelve"), range(1, 13), strict=True))
N = rf"(\d{{1,3}}|{'|'.join(UNITS)}|a single|an?(?= single)|only one|just one)"
INTO = r"(?:in|as|into|to|using|with|return(?:ing)?|output(?:s|ting)?|generate|create|write|produce|provide|give(?: me)?|format(?:ted)? (?:it |this |them |your (?:answer|response|output) )?(?:as|in|into))"
FIT = r"(?: (?:a|an|the|it|valid|well-formed|proper|simple|single|nested|your|this|their|its|data|answer|response|output|result|following|plain|raw|only|correct|small|short|sample|example))*"
NOTATIONS = {
    "JSON": rf"\b{INTO}{FIT} json\b|\bjson (?:format|object|output|array|response|document|string)\b(?! (?:is|to|into|below))|\bjson\b[^.]{{0,30}}\bonly\b",
    "XML": rf"\b{INTO}{FIT} xml\b|\bxml (?:format|document|output)\b",
    "YAML": rf"\b{INTO}{FIT} ya?ml\b|\bya?ml (?:format|document|output|file)\b",
    "CSV": rf"\b{INTO}{FIT} csv\b|\bcsv (?:format|output)\b|\bcomma[- ]separated (?:values|list)\b",
    "HTML": rf"\b{INTO}{FIT} html\b|\bhtml (?:format|code|document|table|list|page)\b",
    "a table": r"\b(?:create|make|draw|build|provide|compose|generate|give|construct)(?: me)? an? (?:\w+ ){0,2}table\b(?! (?:of contents|setting))|\b(?:in|as|into) (?:a |an? \w+ )?(?:markdown )?table\b(?! (?:of contents|setting))|\bmarkdown table\b|\btabular (?:form|format)\b",
    "bullet points": r"\b(?:in|as|using|with|into)(?: \w+){0,3} bullet(?:ed)?(?:[- ]?points?| list| form)?\b|\bbullet(?:ed)? list\b|\bbulleted\b",
    "a numbered list": r"\b(?:in|as|using|into|a|make|create|give)(?: \w+){0,2} numbered (?:list|steps|points|format)\b",
    "code": r"\b(?:code only|only (?:the )?code|just (?:the )?code|nothing but (?:the )?code)\b",
    "SQL": r"\b(?:write|create|construct|generate|give|provide|formulate|form|compose|in|an?)(?: \w+){0,3} (?:my|postgre|ms)?sql (?:query|statement|command|code)\b",
}
NAMES = {
    "JSON": "json",
    "XML": "xml",
    "YAML": "ya?ml",
    "CSV": "csv|comma[- ]separated values",
    "HTML": "html",
    "a table": "table",
    "bullet points": "bullet(?:ed)?(?:[- ]?points?)?",
    "a numbered list": "numbered",
}
DIRECT = (
    r"(?:\A|\s(?=(?-i:[A-Z])))\W*(?:(?:please|only|and|also|now) )*(?:answer|respond|reply|return|output|format|present|give|use|write|provide|put|express|render|structure|show|organi[sz]e|deliver|list|the (?:answer|output|response|result)|your (?:answer|output|response|reply))"
    r"(?: (?:it|them|this|everything|me|the|your|only|valid|a|an|all|with|in|as|of|by|to|using|response|answers?|results?|output|reply|information|list|points|format|formatted|form|exactly|simple|proper|short|markdown|raw|plain|well-formed|be|must|should|has|have|needs|written|presented|given|provided|two|three|four|five|\d+))*"
    r" (?:{0})(?: (?:format|only|object|array|document|list|points?|items|form|string|syntax|table|output|notation|please|and nothing else)| with .*| containing .*)*[.!]?$"
)  # a sentence about nothing but the form of the answer
REQUEST = re.compile(
    r"^\W*(?:(?:in|using|with) [^,]{3,30}, )?(?:please |now |then |can you |could you |i want you to |i need you to )*(?:write|create|construct|generate|implement|give|provide|develop|build|make|design|show|output|convert|compose|code|produce|list|return|format|organi[sz]e|put|translate|transform|rewrite|represent|summari[sz]e|turn|express|present|describe|name|extract|draft|suggest|answer|respond|compare|reformat|render|encode|serialize|structure|arrange|outline|use|prepare|share|explain|tell|classify|identify|find)\b|\b(?:output|answer|respond|response|return|format|your|give|reply|results?|presented|formatted)\b",
    re.IGNORECASE,
)
LISTED = re.compile(
    rf"^(?:please |can you |could you )*(?:list|name|give|suggest|provide|generate|create|identify|write|brainstorm|propose|describe|state|come up with|think of|tell|mention|outline|find|offer|share|recommend|show|produce|make|compile|what are|which are|select|choose|explain|present|enumerate|cite|devise|draft|develop|discuss)\b(?: me| us| out| down| the| some| a list of| a list with| at most| up to| a set of| at least| exactly| no more than| about| around| approximately| list of| top| main| key| your| an ordered list of| a numbered list of| a bulleted list of| a)*\s+{N}\b(?![-–]| or (?:more|fewer|less)| to \d| ?(?:%|percent|x\b|\+|\*|st\b|nd\b|rd\b|th\b))\s+(?:\w+[\w'’-]* ){{0,5}}?(\w+s|people|children|criteria|phenomena|women|men|data|ingredients)\b",
    re.IGNORECASE,
)
NO_LIST = re.compile(
    r"\b(?:sentences?|words?|paragraphs?|characters?|lines?|syllables?|minutes?|hours?|days?|weeks?|months?|years?|stanzas?|pages?|letters?|digits?|numbers?|people|points? (?:scale|system)|steps?|verses?|parts|columns|rows|pairs?|versions?|dollars|miles|degrees|players|cards|acts|scenes|centur\w+|sides|sets?|groups?|categor\w+|sections?|chapters?|courses?|servings?|each|types|levels|classes|questions? and)\b",
    re.IGNORECASE,
)
SIZE = re.compile(
    rf"\b(?:in|of|using|within|with|to|exactly|only|into|at most|no more than|maximum of|under|(?:in )?(?:less|fewer) than|up to|a|write|use|give|by|summary|at least|provide|compose|create|generate|make|and|or)\s+(?:exactly |only |just |about |around |approximately |roughly |a maximum of |at most |no more than |up to |(?:less|fewer) than |under |a )?{N}(?: single| short| complete| concise| simple| brief| full| long)*[- ](word|sentence|paragraph)s?\b(?![- ](?:problem|phrase|or|limit|names?|compound|structures?|fragments?|verbs?|cloud|games?|search|count))",
    re.IGNORECASE,
)
LIMIT = re.compile(r"at most|no more than|maximum|under|less than|fewer than|up to|within|limit", re.IGNORECASE)
LEAST = re.compile(
    r"\b(?:at least|minimum(?: of| length of)?|no (?:fewer|less) than|more than|over|not less than)(?: \w+)? (\d{2,4})[- ]words?\b",
    re.IGNORECASE,
)
FLEXIBLE = re.compile(
    r"at least|minimum|(?<!no )more than|or more|\b(?:about|around|approximately|roughly|over|each|per|every)\b|-\d|\d to \d|\bor \w+ (?:word|sentence|paragraph)",
    re.IGNORECASE,
)
OPEN = re.compile(
    r"or more|or less|\beach\b|\bper\b|\bevery\b|-\d|\d to \d|\bor \w+ (?:word|sentence|paragraph)", re.IGNORECASE
)


VERSE = re.compile(
    r"\b(?:write|compose|create|generate|give|make|produce|craft|come up with)\b[^.]{0,30}?\b(haiku|limerick)\b(?! (?:about the|form|series|sequence))",
    re.IGNORECASE,
)
LINES = {"haiku": 3, "limerick": 5}


@dataclass(frozen=True)
class Notation:
    """The output is in the notation that is asked for: what can be parsed is, within prose or a fence or alone."""

    def __call__(self, example: Example) -> str | None:
        parts = sentences(example.instruction)
        requests = " ".join(part for part in parts if REQUEST.search(part))
        for name, asked in NOTATIONS.items():
            told = any(re.search(DIRECT.format(NAMES[name]), part, re.IGNORECASE) for part in parts if name in NAMES)
            asks = told or (re.search(asked, requests, re.IGNORECASE) and not _comes_in(name, example))
            if asks and not _is_in(name, example.output):
                return f"wrong format: not {name}"
        return None


def _comes_in(name: str, example: Example) -> bool:
    """Tell whether the notation is that of what is given, or is only spoken of."""
    word = name.split()[-1].rstrip("s")
    asks = re.match(
        r"\s*(?:explain|describe|what|why|how|discuss|compare|is|does|when|list (?:the )?(?:advantages|benefits)|name|convert (?:the |this |a )?(?:following )?(?:given )?"
        + word
        + r")\b",
        example.instruction,
        re.IGNORECASE,
    )
    code = re.search(
        r"\b(?:function|program|script|code|parser)\b", example.instruction, re.IGNORECASE
    ) and name not in ("SQL", "HTML", "code")
    return bool(
        code
        or (
            asks
            and not re.search(
                rf"(?:in|as|into|to|using|with) (?:\w+ ){{0,3}}{word}", example.instruction, re.IGNORECASE
            )
        )
        or re.search(
            rf"\b(?:parse|from|read|given|following|this|these|edit|fix|debug)\b (?:\w+ ){{0,3}}{word}\b",
            example.instruction,
            re.IGNORECASE,
        )
    )


def _is_in(name: str, output: str) -> bool:
    fenced = [re.sub(r"^\s*[\w+#-]*\n", "", body) for body in re.findall(r"```(.*?)(?:```|\Z)", output, re.DOTALL)]
    body = fenced[0] if fenced else output
    if name == "JSON":
        return any(_json(text) for text in (*fenced, output))
    if name == "XML":
        return any(_xml(text) for text in (*fenced, output))
    if name == "YAML":
        return _yaml(body)
    if name == "CSV":
        return _csv(body)
    if name == "code":
        return is_code(output)
    marks = {
        "HTML": r"</?\w+[^>]*>",
        "a table": r"\|.*\|[^|\n]*\n|\t.*\n|<table|^.*\S {2,}\S.*$|\+--|^[^,\n]+(?:,[^,\n]+)+\n[^,\n]+,|\S\s*\|\s*\S",
        "bullet points": r"^\s*[-*•–+●◦▪‣·]\s*\S|<li>|^\s*\d+[.)]\s",
        "a numbered list": r"^\s*(?:\*\*)?(?:\d+|[ivx]+)[.):]|<ol>|^\s*(?:\*\*|#+ )?step \d",
        "SQL": r"\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|GRANT|MERGE|TRUNCATE)\b",
    }
    return bool(re.search(marks[name], output, re.MULTILINE | re.IGNORECASE))


def _json(text: str) -> bool:
    for found in list(re.finditer(r"[\[{]", text))[:8]:
        try:
            value, _ = json.JSONDecoder().raw_decode(text[found.start() :])
        except (ValueError, RecursionError):
            continue
        return bool(value) or len(text.strip()) < 5
    return False


def _xml(text: str) -> bool:
    found = re.search(r"<[A-Za-z?].*>", text, re.DOTALL)
    if not found:
        return False
    try:
        ElementTree.fromstring(re.sub(r"<\?xml[^>]*\?>|<!DOCTYPE[^>]*>", "", found[0]).strip())
    except ElementTree.ParseError:
        return False
    return True


def _csv(text: str) -> bool:
    """Tell whether most lines have the same number of fields, at least two; one line alone has short fields."""
    rows = list(csv.reader(line for line in text.strip().split("\n") if line.strip()))
    width, times = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
    tabular = any(len(row) > 1 for row in rows) if len(rows) < 3 else width > 1 and 2 * times >= len(rows)
    return tabular and sum(len(words(field)) for row in rows for field in row) < (4 if len(rows) == 1 else 8) * sum(
        map(len, rows)
    )


def _yaml(text: str) -> bool:
    if re.match(r"\s*\d+[.)] ", text):
        return False
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return False
    return isinstance(value, dict | list)


@dataclass(frozen=True)
class Counts:
    """The output has as many items, sentences, paragraphs or words as are named; words may be off by `slack` percent, or 3."""

    slack: PositiveInt

    def __call__(self, example: Example) -> str | None:
        asked = example.instruction
        found = self._size(asked, example.output) or self._list(asked, example.output) or _lines(asked, example.output)
        return f"wrong count: {found}" if found else None

    def _size(self, asked: str, output: str) -> str | None:
        least = LEAST.search(asked)
        if least and len(words(output)) < 0.7 * int(least[1]):
            return f"{len(words(output))} words for at least {least[1]}"
        return next((fault for found in SIZE.finditer(asked) if (fault := self._one_size(found, asked, output))), None)

    def _one_size(self, found: re.Match[str], asked: str, output: str) -> str | None:
        if FLEXIBLE.search(asked[max(0, found.start() - 15) : found.end()]) or OPEN.search(
            asked[found.end() - 12 : found.end() + 30]
        ):
            return None
        n, unit = _count(found[1]), found[2].lower()
        limit = bool(LIMIT.search(asked[max(0, found.start() - 15) : found.end()]))
        if unit == "word":
            has = len(words(re.sub(r"^\s*\d+[.)]", "", output, flags=re.MULTILINE)))
            most = n + max(2 if n < 4 else 3, n * self.slack / 100)
            wrong = has > most or (not limit and n > 10 and has < n - max(3, n * self.slack / 100))
            return f"{has} words for {n}" if wrong and not (n < 4 and _answers_in_quotes(output)) else None
        if unit == "paragraph":
            has = len([part for part in re.split(r"\n\s*\n", output.strip()) if len(words(part)) > 8])
            return f"{has} paragraphs for {n}" if has > n + (n > 1) or (has < n and not limit) else None
        has = len([part for part in sentences(without_code(output)) if len(words(part)) > 1])
        return f"{has} sentences for {n}" if has > n + (n > 2) or (has < n - (n > 2) and not limit) else None

    def _list(self, asked: str, output: str) -> str | None:
        found = LISTED.match(asked.strip())
        if found is None or NO_LIST.search(found[0]) or FLEXIBLE.search(found[0]) or is_code(output):
            return None
        n, has, most = (
            _count(found[1]),
            len(items(output)) or _inline(output) or _bare(output),
            bool(LIMIT.search(found[0])),
        )
        labels = [int(label) for label in re.findall(r"^\s*(\d{1,3})[.)]\s", output, re.MULTILINE)]
        if labels and labels != list(range(1, len(labels) + 1)):
            return None
        if (
            n < 2
            or has < (1 if labels or _bare(output) == 1 else 2)
            or (not labels and has > n and re.search(r"^[ \t]*\S[^\n]*:\s*$", output, re.MULTILINE))
        ):
            return None
        return f"{has} items for {n}" if (has < n and not most) or has > n else None


def _inline(output: str) -> int:
    """Return how many items a list in one line has: at least two of at most four words between commas, or 0."""
    parts = re.split(r",\s*(?:and |or )?|\s+and\s+", output.strip().rstrip("."))
    short = all(0 < len(words(part)) < 5 for part in parts)
    return (
        len(parts)
        if "," in output and "\n" not in output.strip() and short and ":" not in output and ". " not in output
        else 0
    )


def _bare(output: str) -> int:
    """Return how many items a list without marks has, a short one on each line, or 0."""
    lines = [line for line in output.strip().split("\n") if line.strip()]
    return (
        len(lines)
        if lines
        and all(
            len(words(line)) < (4 if len(lines) == 1 else 7) and ":" not in line and "," not in line for line in lines
        )
        else 0
    )


def _lines(asked: str, output: str) -> str | None:
    """Compare the lines of a short poem, by breaks or slashes, with what its form has."""
    found = VERSE.search(asked)
    if found is None:
        return None
    n, has = LINES[found[1].lower()], len([line for line in re.split(r"\n|\s[/|]\s?", output) if words(line)])
    return f"{has} lines for a {found[1].lower()}" if has < n else None


def _count(text: str) -> int:
    return int(text) if text.isdigit() else UNITS.get(text.lower(), 1)


def _answers_in_quotes(output: str) -> bool:
    return bool(re.search(r"[\"“*][^\"”*]{2,40}[\"”*]", output)) and len(words(output)) < 25
