"""Read a judge's verdict out of its reply, in whatever form it comes. Nothing here raises, and nothing is guessed.

A verdict is stated in JSON, in double brackets, or after a word such as "Verdict:"; where it is nowhere, the first or last line
may be one, and then a sentence such as "Answer B is better". Statements that differ leave no verdict.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

Choice = Literal["a", "b", "tie"]

LIKELY: Final = 0.1  # that a place is a verdict's, where letters have this probability
DECODER: Final = json.JSONDecoder(strict=False)
QUOTED: Final = re.compile(
    r"<(\w+) ([0-9a-f]{12})>\n.*?(?:\n</\1 \2>|\Z)", re.DOTALL
)  # what the prompt quoted, in an echo
THOUGHT: Final = re.compile(r"<(think(?:ing)?|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL)  # which is no statement yet
KEYS: Final = r"(?:final_?)?(?:verdict|winner|decision|choice|preference|preferred|better|best|answer)(?:_answer)?"
BROKEN_JSON: Final = re.compile(rf"""(?<!\\)["']{KEYS}["']\s*:\s*["']([^"'\\\n]*)["']""", re.IGNORECASE)
BRACKETS: Final = re.compile(r"(?<![\"'`“‘])(?:\[\[([^\[\]\n]{1,30})\]\]|\\boxed\{([^{}\n]{1,30})\})")
NAMED: Final = re.compile(
    r"(?:^|(?<=[.!?;]))[ \t>#*_\-]*(?:(?:my|the|final|overall|so|therefore|thus)[ \t,]+){0,3}"
    r"(?:verdict|winner|decision|judge?ment|conclusion|choice|preference|(?:preferred|better|best)(?: (?:answer|output|response|one))?"
    r"|answer)[*_ \t]*(?::|=|is\b|[-–—])[*_\s]*(\S.*)$",
    re.IGNORECASE | re.MULTILINE,
)
NOUN: Final = r"(?:the[ \t]+)?(?:answer|output|response|assistant|option|model|candidate|reply)"
MARKS: Final = r"[(\[{\"'`*_“‘’”)\]}]*"
LABEL: Final = re.compile(
    rf"(?:(?P<noun>{NOUN})[ \t]*)?(?P<open>{MARKS})(?:the[ \t]+)?(?P<label>[a-z0-9]|first|second)\b{MARKS}(?:[ \t]+(?:answer|one|output|response)\b)?",
    re.IGNORECASE,
)
TIE: Final = re.compile(
    r"(?:it(?:['’]?s| is)[ \t]+)?(?:an?[ \t]+)?(?:tie|tied|draw|equal|equally good|even|neither|both(?: are)? (?:equal|equally|the same)\w*)\b(?!.*\b[AB]\b)",
    re.IGNORECASE,
)
EXPLAINED: Final = re.compile(
    r"[ \t]*(?:[.;:—–-](?:\s|$)|\(|because|since|as\b|for\b|due|given|>+[ \t]*(?:answer )?[ab]\W*$)", re.IGNORECASE
)
WINS: Final = re.compile(
    r"[ \t]*(?:is|was|wins|won|beats)\b(?![ \t]+(?:not|n[o']|never|worse|weaker|the worse|inferior|only))",
    re.IGNORECASE,
)
UNDECIDED: Final = re.compile(
    r"\b(?:but|however|although|though|while|and|or)\b.*(?:\b[AB]\b|\b(?:answer|output|response)\b)|/", re.IGNORECASE
)
OTHER: Final = re.compile(r"\b[AB]\b|\b(?:tie|tied|draw|equal|equally)\b")
BETTER: Final = r"(?:better|best|superior|preferable|preferred|stronger|winner)"
SENTENCES: Final = re.compile(
    rf"(?:\b{NOUN}[ \t]*{MARKS}(?P<one>[ab])\b|\b(?P<upper>(?-i:[AB]))\b){MARKS}[ \t]+(?:is|was|wins)\b(?!(?: \w+){{0,2}} (?:not|no|never|worse)\b)(?: \w+){{0,3}}? {BETTER}\b"
    rf"|\b(?:prefer|choose|pick|select|favou?r|go with|vote for)[ \t]+(?:{NOUN}[ \t]*{MARKS}(?P<chosen>[ab])\b|(?P<picked>(?-i:[AB]))\b)"
    r"|(?P<tie>\b(?:both|the two) (?:answers|outputs|responses)? ?are (?:about |roughly )?equal|\bit(?:['’]s| is) a (?:tie|draw)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Opinion:
    """What a judge said: its choice, or why there is none to be read; `rationale` is what it gave as reasons."""

    choice: Choice | None
    rationale: str = ""
    problem: str = ""


def parse(reply: str, cut: bool = False) -> Opinion:
    """Read a reply; of one that was `cut` for its length, nothing counts but a verdict that is stated and whole."""
    text = THOUGHT.sub(" ", QUOTED.sub(" ", reply)).strip()
    found, rest = _objects(text)
    told = text[: text.rfind("\n") + 1] if cut else rest
    stated = [*_of_objects(found), *BROKEN_JSON.findall(rest)]
    stated += [one or other for one, other in BRACKETS.findall(told)] + NAMED.findall(told)
    rationale = next((str(one["rationale"]) for one in found if "rationale" in one), rest.strip())
    choices = {choice(statement) for statement in stated} - {None}
    if not choices and not cut and not stated:
        choices = _edges(rest) or _sentences(rest)
    if len(choices) == 1 and (only := choices.pop()) != "other":
        return Opinion(only, rationale)
    return Opinion(None, rationale, _problem(text, cut, bool(choices)))


def choice(statement: str) -> Choice | Literal["other"] | None:
    """Return what a short statement names: an answer, a tie, or something else that might have been asked for."""
    line = statement.strip().split("\n")[0].strip(" \t*_`\"'“”‘’.!")
    if TIE.match(line):
        return "tie"
    if (found := LABEL.match(line)) is None:
        return None
    label, rest = found["label"], line[found.end() :]
    marked = bool(found["noun"] or found["open"]) or not rest
    if label.islower() and len(label) == 1 and not marked and not label.isdigit():
        return None  # the article
    side = _side(label.lower(), bool(found["noun"]))
    return side if side is not None and _settles(rest) else None


def likely_choice(places: Sequence[Mapping[str, float]] | None) -> float | None:
    """Return the probability of A against B at the first place where either is likely; None where that is nowhere.

    The verdict weighted so is AlpacaEval 2's (Dubois et al. 2024, "Length-controlled AlpacaEval", section 2).
    """
    for place in places or ():
        weights = {"A": 0.0, "B": 0.0}
        for token, logprob in place.items():
            letter = token.strip(" \t\n\"'*([").upper()
            if letter in weights:
                weights[letter] += math.exp(min(0.0, logprob))
        if (total := weights["A"] + weights["B"]) >= LIKELY:
            return weights["A"] / total
    return None


def _side(label: str, named: bool) -> Choice | Literal["other"]:
    sides: dict[str, Choice] = {"a": "a", "b": "b", "first": "a", "second": "b"}
    return sides.get(label) or ({"1": "a", "2": "b"}.get(label, "other") if named else "other")  # type: ignore[return-value]


def _settles(rest: str) -> bool:
    """Tell whether what follows a label leaves it standing."""
    if not rest.strip() or EXPLAINED.match(rest):
        return True
    if WINS.match(rest):
        return not UNDECIDED.search(rest)
    return rest.startswith(",") and (bool(EXPLAINED.match(rest[1:])) or not OTHER.search(rest))


def _objects(text: str) -> tuple[list[dict[str, Any]], str]:
    """Return the JSON objects that state something, and the text around them."""
    found: list[dict[str, Any]] = []
    around, start = [], 0
    for brace in re.finditer(r"\{", text):
        if brace.start() < start:
            continue
        try:
            value, end = DECODER.raw_decode(text, brace.start())
        except (ValueError, RecursionError):
            continue
        if any(True for _ in _of_objects([value])):
            found.append(value)
            around.append(text[start : brace.start()])
            start = end
    return found, "".join([*around, text[start:]])


def _of_objects(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield what is stated under the keys of verdicts, the surest of them alone."""
    for value in found:
        stated = {key: str(inner) for key, inner in value.items() if re.fullmatch(KEYS, key, re.IGNORECASE)}
        if stated:
            yield stated.get("verdict") or next(iter(stated.values()))


def _edges(text: str) -> set[Any]:
    """Return what the first and the last line name by themselves."""
    lines = [line for line in text.split("\n") if line.strip("`* \t")]
    return {choice(line) for line in (*lines[:1], *lines[-1:])} - {None}


def _sentences(text: str) -> set[Any]:
    """Return what sentences anywhere say is better."""
    sides = set()
    for said in SENTENCES.finditer(text):
        letter = said["one"] or said["upper"] or said["chosen"] or said["picked"]
        sides.add(letter.lower() if letter else "tie")
    return sides


def _problem(text: str, cut: bool, several: bool) -> str:
    if cut:
        return "the reply was cut"
    if not text:
        return "the reply is empty"
    return "the reply names several verdicts, or one of another kind" if several else "the reply has no verdict"
