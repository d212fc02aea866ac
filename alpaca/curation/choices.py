"""Filters of answers that are none of those to choose from (yes or no, a number, options), or not in the capitals asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alpaca.curation.formats import UNITS
from alpaca.curation.prose import FENCE, is_code, words
from alpaca.records import Example

YES_NO = re.compile(
    r"\b(?:answer|respond|reply|say|tell me|output|return|state|indicate|using|with|write|choose)\b[^.]{0,30}?[\"'“(]?(yes|true)[\"'”]?,? ?(?:or|/|and|,)(?: with)? ?[\"'“]?(no|false)\b|\b(yes)[ /-]or[ /-](no)\b(?= only| answer|[.:?]?$)|\b(true) or (false)\b(?=[.:?]?\s*$|:)",
    re.IGNORECASE,
)
NUMBER_ONLY = re.compile(
    r"\b(?:only|just|nothing but) (?:with |as |in |the |an? |one )*(?:single )?(?:number|digit|integer|numeral|figure)s?\b|\b(?:number|integer|digit|numeric\w*(?: value| answer)?)s? only\b|\bas an? (?:single )?(?:number|integer|digit|numeral)\b",
    re.IGNORECASE,
)
NUMBER_SAID = re.compile(
    rf"\d|\b(?:{'|'.join(UNITS)}|zero|none|teen|twenty|thirty|forty|fifty|hundred|thousand|infinit\w*)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Choice:
    """Where yes or no, or true or false, is asked for, the output says one of them."""

    def __call__(self, example: Example) -> str | None:
        if NUMBER_ONLY.search(example.instruction) and (
            not NUMBER_SAID.search(example.output) or len(words(example.output)) > 15
        ):
            return "wrong format: no number alone"
        if letters := _options_missed(example):
            return f"wrong format: none of {', '.join(letters)}"
        found = YES_NO.search(example.instruction)
        if found is None:
            return None
        options = [group.lower() for group in found.groups() if group]
        said = words(example.output)
        if len(said) > 15 and re.search(
            r"\b(?:only|just|simply)\b", example.instruction[max(0, found.start() - 20) : found.end() + 10]
        ):
            return f"wrong format: more than {' or '.join(options)}"
        return (
            None
            if set(said) & {*options, "correct", "incorrect", "untrue"}
            else f"wrong format: neither {' nor '.join(options)}"
        )


OPTION = re.compile(r"(?:^|\s|\()([A-E])[.):]\s*([^\n]+?)(?=[,;]?\s+\(?[A-E][.):]\s|\n|$)")


def _options_missed(example: Example) -> list[str]:
    """Return the letters of the options to choose from, where the output names none of them, by letter or by what they say."""
    if not re.search(
        r"\b(?:choose|select|pick|which|options?|multiple[- ]choice)\b", example.instruction, re.IGNORECASE
    ):
        return []
    options = dict(OPTION.findall(f"{example.instruction}\n{example.input}"))
    output = example.output.lower()
    said = any(text.strip(" .").lower() in output for text in options.values())
    letter = re.search(r"(?:^|option |answer[: ]+(?:is )?|\()[A-E]\b", example.output, re.MULTILINE | re.IGNORECASE)
    marked = letter and (
        len(words(output)) < 4 or not re.match(r"a \w", letter.string[letter.start() :], re.IGNORECASE)
    )
    return [] if len(options) < 2 or said or marked else sorted(options)


CASES = {
    "capitals": (
        r"\b(?:in|to|into|using|all) (?:all )?(?:capitals|capital letters|upper[- ]?case|caps)\b|\ball[- ]caps\b",
        str.islower,
    ),
    "small letters": (r"\b(?:in|to|into|using|all) (?:all )?(?:lower[- ]?case|small letters)\b", str.isupper),
}


@dataclass(frozen=True)
class LetterCase:
    """Where all capitals or all small letters are asked for, most letters of the output are such."""

    def __call__(self, example: Example) -> str | None:
        if re.search(
            r"\b(?:first|each|every|letter of|function|code|program|words? (?:that|which)|password|method)\b",
            example.instruction,
            re.IGNORECASE,
        ) or is_code(example.output):
            return None
        letters = [character for character in FENCE.sub("", example.output) if character.isalpha()]
        for name, (asked, other) in CASES.items():
            if re.search(asked, example.instruction, re.IGNORECASE) and sum(map(other, letters)) > 0.4 * len(letters):
                return f"wrong format: not in {name}"
        return None
