"""Filters of answers that are none of those to choose from: yes or no, a label, a number, an option, or a form.

Such forms are capitals or none, a form of dates, a first or last word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from alpaca.curation.prose import FENCE, any_of, is_code, sentences, words
from alpaca.curation.quantities import SPELT
from alpaca.records import Example

QUOTE = r"[\"'“”‘’]?"
YES_NO = any_of(
    r"\b(?:answer|respond|reply|say|tell me|output|return|state|indicate|using|with|write|choose|give"
    r"|just|only|a|print)\b[^.]{0,30}?(?<!not )"
    r"[\"'“(]?(yes|true)[\"'”]?,? ?(?:or|/|and|,)(?: with| a)? ?[\"'“]?(no|false)\b",
    r"\b(yes)[ /-]or[ /-](no)\b(?= only| answer|[.:?]?$)",
    r"\b(true) or (false)\b(?=[.:?]?\s*$|:)",
)
ONLY = any_of(
    r"\b(?:only|just|simply|solely|nothing (?:else|but)|no (?:explanation|other (?:text|words))"
    r"|without (?:any )?explanation|(?:one|single)[- ]word|one word)\b",
)
NUMBER_ONLY = any_of(
    r"\b(?:only|just|nothing but) (?:with |as |in |the |an? |one )*(?:single )?(?:number|digit|integer"
    r"|numeral|figure)s?\b",
    r"\b(?:number|integer|digit|numeric\w*(?: value| answer)?)s? only\b",
    r"\bas an? (?:single )?(?:number|integer|digit|numeral)\b",
)


@dataclass(frozen=True)
class Choice:
    """Where yes or no, a label, a letter, a number or a form of dates is asked for, the output is one."""

    def __call__(self, example: Example) -> str | None:
        asked, output = example.instruction, example.output
        if NUMBER_ONLY.search(asked) and (len(words(output)) > 15 or not _has_number(output)):
            return "wrong format: no number alone"
        if letters := _options_missed(example):
            return f"wrong format: none of {', '.join(letters)}"
        return (
            _yes_or_no(asked, output)
            or _label(example)
            or _scale(asked, output)
            or _date(asked, output)
            or _edges(asked, output)
        )


def _has_number(output: str) -> bool:
    named = re.search(r"\d|\b(?:zero|none|infinit\w*)\b", output, re.IGNORECASE)
    return bool(named or SPELT.search(output))


def _yes_or_no(asked: str, output: str) -> str | None:
    found = YES_NO.search(asked)
    if found is None:
        return None
    options = [group.lower() for group in found.groups() if group]
    said = words(output)
    if len(said) > 15 and re.search(ONLY, asked[max(0, found.start() - 20) : found.end() + 25]):
        return f"wrong format: more than {' or '.join(options)}"
    if set(said) & {*options, "correct", "incorrect", "untrue"}:
        return None
    return f"wrong format: neither {' nor '.join(options)}"


LABEL = rf"{QUOTE}(?:(?!(?:the|a|an|it|its|this|that|or|and|not|to|in)\b)[\w-]+){QUOTE}"
LABELS = any_of(
    rf"\b(?:as|into|labels?|categor\w+|classes|options|following|these|one of|either|only|output|answer"
    rf"|is (?:the|this) \w+|whether (?:\w+ ){{1,4}}is|sentiment|fits?|with)\b[:,]?"
    rf"(?: being| either| one of| of| is| are| the| these| with| or not| labels| following| categories"
    rf"| words?){{0,3}}[: (]+({LABEL}(?:(?:, | ?/ ?){LABEL})*,? or {LABEL})\b(?! \w+ing)",
    rf"\b(?:one of|labels?|categor\w+|classes|options)\b[^.:]{{0,30}}: ?(?P<listed>{LABEL}(?:, (?:and "
    rf"|or )?{LABEL})+)(?=[.;\n]|$)",
    rf"\b(?:output|return|answer|write|print|say|respond|reply|use)(?: with)? {QUOTE}"
    rf"(?P<if>\w+){QUOTE} (?:if|for|when)\b[^.]*?\b(?:and|or|otherwise|else),? {QUOTE}"
    rf"(?P<else>\w+){QUOTE}",
)
PHRASE = r"[\"“'‘](?!\s)[^\"”'’\n]{1,30}(?<!\s)[\"”'’]"
PHRASES = any_of(
    r"\b(?:as|into|output|return|answer|respond|reply|write|print|say|with|either|labels?|categor(?:y|ies)|classes"
    r"|options|is|following|these|one of)\b[:,]?"
    r"(?: (?:either|one of|being|with|the|labels?|words?|are|is|of)){0,3}[ :(]+"
    rf"(?P<phrases>{PHRASE}(?:(?:, (?:or |and )?| ?/ ?| (?:or|and) ){PHRASE})+)(?!\w)"
)
OR_NOT = any_of(r"\b(?:as|into|whether|is|either)\b(?: [\w']+){0,3}? (?P<is>\w+) or (?:not|non)[- ](?P=is)\b")
NOT_IT = frozenset(words("yes no not non ham legitimate legit genuine safe true false normal regular"))
SORTS = any_of(
    r"\b(?:classif\w+|assign|categori[sz]e|label|sentiment|determine|identify|output|decide|detect|tone"
    r"|predict|which|is the|is this|is it|tag|answer|respond|reply|return)\b"
)


def _label(example: Example) -> str | None:
    """Check that a task with labels to choose from is answered with one, and with no more where only that is wanted."""
    asked = example.instruction
    if not SORTS.search(asked):
        return None
    found = LABELS.search(asked)
    if found is None:
        return _phrase(asked, example.output)
    named = found[1] or found["listed"] or f"{found['if']} or {found['else']}"
    labels = [label for label in re.split(r"\W+or\W+|\s*[,/]\s*|\W+", named.lower()) if label and label != "or"]
    said = example.output.lower()
    only = ONLY.search(asked)
    if not 2 <= len(labels) <= 8 or {"yes", "true", "more", "less", "later", "other"} & set(labels):
        return None
    hit = any(re.search(rf"(?<!\w){re.escape(label[: max(4, len(label) - 3)])}", said) for label in labels)
    if not hit and (only or len(words(said)) < 30):
        return f"wrong format: none of {', '.join(labels)}"
    return f"wrong format: more than one of {', '.join(labels)}" if only and len(words(said)) > 7 else None


def _phrase(asked: str, output: str) -> str | None:
    """Check labels of several words in quotes, and a quality that something has or not."""
    said, only = words(output), ONLY.search(asked)
    if (quoted := PHRASES.search(asked)) and (only or len(said) < 30):
        labels = re.findall(PHRASE, quoted["phrases"])
        hit = any(words(label)[-1][:5] in output.lower() for label in labels if words(label)) or set(said) & NOT_IT
        return None if hit else f"wrong format: none of {', '.join(labels)}"
    if (found := OR_NOT.search(asked)) and (only or len(said) < 5):
        hit = found["is"].lower()[:5] in output.lower() or set(said) & NOT_IT
        return None if hit else f"wrong format: neither {found['is']} nor not"
    return None


SCALE = any_of(
    r"\b(?:rat(?:e|ing)|scor(?:e|ing)|scale|grade|range)\b[^.?!]*?"
    r"\b(?P<least>\d{1,2})(?: ?\([^)]*\))? ?(?:to|-|–|and|through)"
    r" ?(?P<most>\d{1,3})\b(?! ?(?:words|sentences|years|%))"
)


def _scale(asked: str, output: str) -> str | None:
    """Check that a short answer on a scale of numbers is a number of it."""
    found = SCALE.search(asked) if len(output) < 100 else None
    if found is None or len(words(output)) > 6 or int(found["least"]) >= int(found["most"]):
        return None
    stated = re.findall(r"(?<![\w.,])[-−]?\d+(?:\.\d+)?", re.sub(r"(?: ?/ ?| out of )\d+", "", output))
    if len(stated) > 1:
        return None
    if not stated:
        short = len(words(output)) < 3 and not SPELT.search(output) and ONLY.search(asked)
        return f"wrong format: no number from {found['least']} to {found['most']}" if short else None
    inside = int(found["least"]) <= float(stated[0].replace("−", "-")) <= int(found["most"])
    return None if inside else f"wrong format: {stated[0]} is not from {found['least']} to {found['most']}"


OPTION = re.compile(
    r"(?:^|\s|\()([A-E](?=[.):])|[a-e](?=\)))[.):]\s*([^\n]+?)(?=[,;]?\s+\(?(?:[A-E][.):]|[a-e]\))\s|\n|$)"
)
CHOOSE = any_of(r"\b(?:choose|select|pick|which|options?|multiple[- ]choice|letter|correct answer|best answer)\b")


def _options_missed(example: Example) -> list[str]:
    """Return the letters of the options to choose from, where the output names none, by letter or by its words."""
    if not CHOOSE.search(example.instruction):
        return []
    options = dict(OPTION.findall(f"{example.instruction}\n{example.input}"))
    output = example.output.lower()
    said = any(text.strip(" .").lower() in output for text in options.values())
    letter = re.search(
        rf"(?:^|option |answer[: ]+(?:is )?|\()[{''.join(options) or 'A-E'}]\b",
        example.output,
        re.MULTILINE | re.IGNORECASE,
    )
    marked = letter and (
        len(words(output)) < 4 or not re.match(r"a \w", letter.string[letter.start() :], re.IGNORECASE)
    )
    return [] if len(options) < 2 or said or marked else sorted(options)


DATE = re.compile(r"\b(?=[DMY]{1,4}[-/. ])((?:DD?|MM?M?|YY(?:YY)?)(?:[-/. ](?:DD?|MM?M?|YY(?:YY)?)){2})\b")
DATED = any_of(
    r"\b(?:convert|rewrite|format|reformat|change|express|write|put|give|return|transform|turn|output|present)\b"
)
PARTS = {
    "D": r"\d{1,2}",
    "DD": r"\d{1,2}",
    "M": r"\d{1,2}",
    "MM": r"\d{2}",
    "MMM": r"[A-Z][a-z]{2}",
    "YY": r"\d{2}",
    "YYYY": r"\d{4}",
}


def _date(asked: str, output: str) -> str | None:
    """Check that a date is in the form that is named by letters: `DD/MM/YYYY`."""
    forms = list(dict.fromkeys(DATE.findall(asked)))
    target = forms[-1] if forms else ""
    sure = len(forms) == 1 or re.search(rf"\b(?:to|into|as)\b[^.]*{re.escape(target)}", asked)
    if (
        not forms
        or not sure
        or not DATED.search(asked)
        or is_code(output)
        or re.search(r"\bregex|regular expression|function|code|valid", asked, re.IGNORECASE)
    ):
        return None
    pattern = "".join(PARTS.get(part, re.escape(part)) for part in re.split(r"([-/. ])", target))
    return None if re.search(rf"(?<!\d){pattern}(?!\d)", output) else f"wrong format: no date as {target}"


QUOTED = r"[\"“]([^\"”]{2,60})[\"”]"
STARTS = any_of(
    rf"\b(?:start|begin)s?(?:ning)? (?:(?:your|the|it|this|with) )?(?:(?:answer|response|reply|text"
    rf"|story|poem|sentence|paragraph|letter|email|essay|speech) )?with (?:the )?"
    rf"(?:following )?(?:word|phrase|words|sentence|line|greeting)?s? ?:? ?{QUOTED}",
)
ENDS = any_of(
    rf"\b(?:end|finish|close|conclude)s?(?:ing)? (?:(?:your|the|it|this) )?(?:(?:answer|response|reply"
    rf"|text|story|poem|sentence|paragraph|letter|email|essay|speech) )?with (?:the )?"
    rf"(?:following )?(?:word|phrase|words|sentence|line)?s? ?:? ?{QUOTED}",
)
EACH = any_of(r"\b(?:each|every|words? that|names? that|sentences that|letter)\b")


def _edges(asked: str, output: str) -> str | None:
    """Check the words that the answer is to begin or end with."""
    if "with" not in asked or EACH.search(re.sub(QUOTED, "", asked)):
        return None
    said = " ".join(words(output))
    if (found := STARTS.search(asked)) and not said.startswith(" ".join(words(found[1]))):
        return f"wrong format: begins otherwise than with {found[1]}"
    if (found := ENDS.search(asked)) and not said.endswith(" ".join(words(found[1]))):
        return f"wrong format: ends otherwise than with {found[1]}"
    return None


CAPITALS = any_of(r"\b(?:all |block )?(?:capitals|capital letters|upper[- ]?case(?: letters| characters)?|caps)\b")
SMALL = any_of(
    r"\b(?:without|no|avoid|not use|n['’]t use)(?: any| using)* (?:capitals|capital letters|upper-?case)\b",
    r"\b(?:lower[- ]?case(?: letters| characters)?|small letters)\b",
)
NO_CAPITALS = any_of(
    r"\b(?:without|no|avoid|not use|n['’]t use)(?: any| using)* (?:capitals|capital letters|upper-?case)\b"
)
CASED = any_of(  # a sentence that asks for letters of one kind everywhere
    r"\b(?:in|to|into|using|use|all|only|entirely|everything|whole)\b",
)
SOME = any_of(
    r"\b(?:first|each|letters? of|words? (?:that|which|in|are)|names|count|find|identify|password"
    r"|how many|contains?|not|avoid|without|proper|function|code|program|method|and lower|and upper"
    r"|or lower|or upper"
    r"|some|mix\w*|alternat\w+|at least|title|heading|headings|variable|from|start|begin\w*)\b",
)


@dataclass(frozen=True)
class LetterCase:
    """Where all capitals or all small letters are asked for, nearly all letters of the output are such."""

    def __call__(self, example: Example) -> str | None:
        asked = example.instruction
        if not re.search(r"case|caps|capital|small letters", asked, re.IGNORECASE) or is_code(example.output):
            return None
        letters = [character for character in FENCE.sub("", example.output) if character.isalpha()]
        upper = sum(map(str.isupper, letters))
        for sentence in sentences(asked):
            if (SOME.search(sentence) or not CASED.search(sentence)) and not NO_CAPITALS.search(sentence):
                continue
            if CAPITALS.search(sentence) and not NO_CAPITALS.search(sentence) and upper < 0.6 * len(letters):
                return "wrong format: not in capitals"
            if SMALL.search(sentence) and (upper > max(2, 0.015 * len(letters)) or (upper and letters[0].isupper())):
                return "wrong format: not in small letters"
        return None
