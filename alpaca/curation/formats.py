"""The filter of answers in another notation or layout than is named: data formats, lists, tables, verse."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree import ElementTree

import yaml

from alpaca.curation.prose import any_of, has_any, is_code, sentences, words
from alpaca.records import Example

# How a sentence names what the answer is to be in: `as a JSON object`, `return valid XML`, `YAML only`.
INTO = (
    r"(?:in|as|compos(?:e|ing)|draft|craft|build|construct|design|prepare|draw|develop|put|present"
    r"|into|to|using|use|with|is|be|be an?|return(?:s|ing)?|output(?:s|ting)?|generate|create|write"
    r"|make|produce|provide"
    r"|give(?: me| us)?|respond with|reply with|answer with|want|need|like|format(?:ted)?)"
)
FIT = (
    r"(?: (?:the |a )?(?:form|style|shape|format|structure) of)?"
    r"(?: (?!(?:this|that|these|those|given|above|following|from|of|and|or|for|on|at|by|with|can|that"
    r"|about|between|how|why|what|which|parse|convert)\b)"
    r"[\w\"'’-]+){0,4}?"
)
FORM = (
    r"(?: (?:format|form|object|array|document|string|file|syntax|code|output|notation|list|data|page"
    r"|snippet|record|response))?"
)
CALLED = {
    "JSON": rf"json{FORM}",
    "XML": rf"xml{FORM}",
    "YAML": rf"ya?ml{FORM}",
    "CSV": rf"csv{FORM}|comma[- ]separated (?:values|list|format)",
    "TSV": r"tsv|tab[- ]separated(?: (?:values|table|format|list))?",
    "HTML": rf"html(?! (?:is|and|tags? (?:do|are)))(?: (?:un)?ordered| table)?{FORM}",
    "LaTeX": rf"latex{FORM}",
    "a table": r"table(?! (?:of contents|setting|tennis|lamp|for|salt|top|manners|cloth|with (?:a|four|three"
    r"|two) leg))",
    "bullet points": r"bullet(?:ed)?[- ]?(?:points?|lists?|form|items?)|bullets|list of bullets|unordered list|(?:list"
    r"|lines?) with (?:dash|hyphen|asterisk|star)\w*",
    "a numbered list": r"number(?:ed|ing) (?:list|steps|points|items|entries|order|form\w*)|ordered list|numbered",
    "a Python list": r"python (?:list|dictionary|dict|tuple|set)(?! (?:comprehension|method))",
    "a dialogue": r"dialog(?:ue)?|script with speakers|conversation between",
    "a haiku": r"haiku",
    "a limerick": r"limerick",
    "emojis": r"emojis? only|only emojis?|nothing but emojis?",
}
ASKED = {
    name: any_of(
        rf"\b{INTO}{FIT} \.?(?:{called})\b", rf"\bformat(?: is)?:? (?:{called})\b", rf"\b(?:{called}) (?:only|please)\b"
    )
    for name, called in CALLED.items()
}
ASKED["a dialogue"] = any_of(
    r"\b(?:write|create|compose|generate|make|as|into|in the form of|in|produce)(?: it)?(?: (?:as|into"
    r"|in the form of))?(?: an?)?(?: \w+)? (?:dialogue|dialog|script with speakers)\b"
)
ASKED["SQL"] = any_of(
    r"\b(?:write|create|construct|generate|give|provide|formulate|form|compose|in|an?)(?: \w+){0,3} "
    r"(?:my|postgre|ms)?sql (?:query|statement|command|code)\b"
)
ASKED["code"] = any_of(r"\b(?:code only|only (?:the )?code|just (?:the )?code|nothing but (?:the )?code)\b")
ASKED["a numbered list"] = any_of(
    ASKED["a numbered list"].pattern,
    r"\bnumber (?:each|every|all|your|the)(?: \w+){0,3} (?:points?|steps?|items?|lines?|answers?"
    r"|reasons?|sentences?)\b",
)
HINTS = {  # one of these stands in each text that names the notation
    "JSON": ("json",),
    "XML": ("xml",),
    "YAML": ("yaml", "yml"),
    "CSV": ("csv", "comma"),
    "TSV": ("tsv", "tab"),
    "HTML": ("html",),
    "LaTeX": ("latex",),
    "a table": ("table",),
    "bullet points": ("bullet", "unordered", "dash", "hyphen", "asterisk", "star"),
    "a numbered list": ("number", "ordered"),
    "a Python list": ("python",),
    "a dialogue": ("dialog", "conversation", "script"),
    "a haiku": ("haiku",),
    "a limerick": ("limerick",),
    "emojis": ("emoji",),
    "SQL": ("sql",),
    "code": ("code",),
}
# A task about the notation, or one whose input is in it.
ABOUT = (
    r"\b(?:explain|what|why|how|discuss|compare|does|when|difference|advantages|benefits|name"
    r"|analy[sz]e|history|define|meaning|learn|know"
    r"|understand\w*|structure of|rules of|rewrite|edit|improve|rate|review|identify|complete|continue"
    r"|fix|debug|parse|read|validate|describe the)"
    r"\b[^.]*?\b{0}"
)
GIVEN = (
    r"\b(?:from|given|following|this|these|that|above|below|the|edit|fix|debug|parse|read|convert"
    r"|validate) (?:given |following |above |below |valid |\w+ )?{0}"
    r"(?! (?:format|form|object|document|notation|array)\b)"
)
PREPOSED = r"\b(?:in|as|into|to|using|be|return|output|respond with|reply with|answer with)(?: \S+){{0,4}} {0}"
MAKES = any_of(r"\b(?:function|program|script|parser|class|code|method|query|app|api|website|database|schema)\b")


@dataclass(frozen=True)
class Notation:
    """The output is in the notation that is asked for: what can be parsed is, within prose or a fence or alone."""

    def __call__(self, example: Example) -> str | None:
        asked = example.instruction
        low = asked.lower()
        for name, called in ASKED.items():
            found = called.search(asked) if has_any(low, HINTS[name]) else None
            if found and not _spoken_of(name, found, example) and not IS_IN[name](example.output):
                return f"wrong format: not {name}"
        return _layout(asked, example.output)


def _spoken_of(name: str, found: re.Match[str], example: Example) -> bool:
    """Tell whether the notation is that of what is given, or is only spoken of, in the sentence that names it."""
    word = rf"(?:{'|'.join(HINTS[name])})"
    sentence = next((part for part in sentences(example.instruction) if found[0] in part), example.instruction)
    preposed = re.search(PREPOSED.format(word), sentence, re.IGNORECASE)
    if name in ("JSON", "XML", "YAML", "CSV", "TSV") and MAKES.search(sentence) and not ONLY.search(sentence):
        return True
    if re.search(GIVEN.format(word), sentence, re.IGNORECASE) and not preposed:
        return True
    if re.search(
        rf"\b(?:not|n['’]t|no|without|avoid|instead of|rather than)\b[^.,;]{{0,25}}{word}", sentence, re.IGNORECASE
    ):
        return True
    return bool(re.match(rf"\W*{ABOUT}".format(word), sentence, re.IGNORECASE) and not preposed)


ONLY = any_of(r"\b(?:only|answer|response|reply|output|result)\b")


def _layout(asked: str, output: str) -> str | None:
    """Check the layouts that need no parser: flowing text, brackets, what each line begins with."""
    lines = [line.strip() for line in output.split("\n") if line.strip()]
    marked = [line for line in lines if re.match(r"(?:\d{1,2}[.)]|[-*•–])\s+\S", line)]
    if len(marked) > 2 and NO_LIST.search(asked):
        return "wrong format: a list where none is wanted"
    if (found := EACH_LINE.search(asked)) and lines:
        mark = MARKS[found[1].lower().removesuffix("s").removesuffix("e")[:5]]
        if sum(line[0] in mark for line in lines) < len(lines) / 2:
            return f"wrong format: lines without {found[1]}"
    if (found := ENCLOSED.search(asked)) and (mark := BRACKETS[found[1].lower().split()[0]]) not in output:
        return f"wrong format: no {mark}"
    if QUESTION.search(asked) and "?" not in output:
        return "wrong format: no question"
    return None


NO_LIST = any_of(
    r"\b(?:not|n['’]t|no|without|avoid|never)\b (?:\w+ ){0,3}?(?:lists?|bullets?|bullet points"
    r"|numbering|numbered|enumerat\w+)\b(?! (?:more|all|every|any of))",
    r"\b(?:one|single|flowing|continuous)(?: \w+)? paragraph\b(?! (?:for|per|each|about each|on each))",
    r"\b(?:continuous|flowing|running) (?:prose|text)\b|\bprose only\b|\bin prose\b|\brather than "
    r"(?:as )?a list\b|\binstead of a list\b",
)
EACH_LINE = any_of(
    r"\b(?:start|begin)(?:ning|s)? (?:each|every|all)(?: of the| new)? (?:lines?|items?|points?"
    r"|sentences?) with (?:an? |the )?(?:symbol |character |sign )?(asterisk|dash|hyphen|star|hash"
    r"|bullet|arrow|number|plus)"
)
MARKS = {
    "aster": "*",
    "star": "*",
    "dash": "-–—",
    "hyphe": "-–—",
    "hash": "#",
    "bulle": "•-*",
    "arrow": "→>-=",
    "numbe": "0123456789",
    "plus": "+",
}
ENCLOSED = any_of(
    r"\b(?:put|place|enclose|wrap|surround|write|give|return)\b[^.]{0,40}\b(?:answer|response|result"
    r"|output|it|reply|text)\b[^.]{0,20}\b(?:in|with|by|within|between)(?: \w+)? (double square|square"
    r"|curly|double|single quot|quotation|round)\w* ?(?:brackets?|braces?|marks?|quotes?|parenthes\w+)"
)
BRACKETS = {"double": "[[", "square": "[", "curly": "{", "quotation": '"', "single": "'", "round": "("}
QUESTION = any_of(
    r"\b(?:answer|respond|reply|response)\b[^.]{0,30}\b(?:as a question|in the form of a question|with a question)\b"
)


def _bodies(output: str) -> list[str]:
    """Return what stands in code fences, or the whole output."""
    fenced = [re.sub(r"^\s*[\w+#-]*\n", "", body) for body in re.findall(r"```(.*?)(?:```|\Z)", output, re.DOTALL)]
    return [*fenced, output]


def is_json(text: str) -> bool:
    """Tell whether a text holds a JSON object or array that nothing but other words follows."""
    for found in list(re.finditer(r"[\[{]", text))[:8]:
        try:
            value, end = json.JSONDecoder().raw_decode(text[found.start() :])
        except (ValueError, RecursionError):
            if found.start() == len(text) - len(text.lstrip()):
                return False
            continue
        rest = text[found.start() + end :].strip()
        return (bool(value) or len(text.strip()) < 5) and not re.match(r"[]},:=\"]", rest)
    return False


def is_xml(text: str) -> bool:
    found = re.search(r"<[A-Za-z?].*>", text, re.DOTALL)
    if not found:
        return False
    try:
        ElementTree.fromstring(re.sub(r"<\?xml[^>]*\?>|<!DOCTYPE[^>]*>", "", found[0]).strip())
    except ElementTree.ParseError:
        return False
    return True


def is_csv(text: str) -> bool:
    """Tell whether most lines have the same number of fields, at least two; one line alone has short fields."""
    rows = list(csv.reader(line for line in text.strip().split("\n") if line.strip()))
    width, times = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
    tabular = any(len(row) > 1 for row in rows) if len(rows) < 3 else width > 1 and 2 * times >= len(rows)
    written = sum(len(words(field)) for row in rows for field in row)
    return tabular and written < (4 if len(rows) == 1 else 8) * sum(map(len, rows))


def is_yaml(text: str) -> bool:
    if re.match(r"\s*\d+[.)] ", text):
        return False
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return False
    return isinstance(value, list) or (isinstance(value, dict) and all(len(words(str(key))) < 6 for key in value))


def is_table(text: str) -> bool:
    """Tell whether a text has rows: by bars, tabs, tags, or columns of short fields."""
    rows = [line for line in text.split("\n") if re.search(r"\|.*\S|\t\S|\S {2,}\S|^\+--|\S\s/\s?\S", line)]
    return (
        len(rows) > 1
        or bool(re.search(r"<t[ard][ >b]|\\begin\{tabular|\|.*\|.*\||\S\s*\|\s*\S", text))
        or (text.count("\n") > 1 and is_csv(text) and not re.search(r"^\s*(?:\d+[.)]|[-*•]) ", text, re.MULTILINE))
    )


def is_dialogue(text: str) -> bool:
    spoken = re.findall(r"^\W{0,3}[A-Z][\w .'’()-]{0,40}\**:", text, re.MULTILINE)
    return len(spoken) > 1 or len(re.findall(r"[\"“”«]", text)) > 3


def is_verse(least: int, longest: int) -> Callable[[str], bool]:
    """Return a check for verse: the least number of lines, and the most words in one, on average."""

    def check(text: str) -> bool:
        lines = [line for line in re.split(r"\n|\s[/|]\s?", text) if words(line)]
        return least <= len(lines) <= 3 * least + 3 and len(words(text)) <= longest * len(lines)

    return check


def has(pattern: str) -> Callable[[str], bool]:
    """Return a check for a mark that the notation cannot be without."""
    compiled = re.compile(pattern, re.MULTILINE | re.IGNORECASE)
    return lambda text: bool(compiled.search(text))


IS_IN: dict[str, Callable[[str], bool]] = {
    "JSON": lambda text: any(map(is_json, _bodies(text))),
    "XML": lambda text: any(map(is_xml, _bodies(text))),
    "YAML": lambda text: is_yaml(_bodies(text)[0]),
    "CSV": lambda text: is_csv(_bodies(text)[0]),
    "TSV": has(r"\S\t\S"),
    "HTML": has(r"</?\w+[^>]*>"),
    "LaTeX": has(r"\\[a-z]+|\$[^$\n]+\$"),
    "a table": is_table,
    "bullet points": has(r"^\s*[-*•–+●◦▪‣·→✓]\s*\S|<li>|^\s*\d+[.)]\s"),
    "a numbered list": has(r"^\s*(?:\*\*)?(?:\d+|[ivx]+|[a-z])[.):]|<ol>|^\s*(?:\*\*|#+ )?step \d|^#+ "),
    "a Python list": has(r"\[.*\]|\{.*\}|\(.*,.*\)|^\s*[\[{(]"),
    "a dialogue": is_dialogue,
    "a haiku": is_verse(3, 9),
    "a limerick": is_verse(5, 14),
    "emojis": lambda text: len(re.findall(r"[a-zA-Z]{2,}", text)) < 4,
    "SQL": has(r"\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|GRANT|MERGE|TRUNCATE)\b"),
    "code": is_code,
}
