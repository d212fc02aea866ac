"""Filters of texts that say the same again: input and instruction, output and either, the output and itself."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from pydantic import PositiveInt
from rapidfuzz import fuzz

from alpaca.curation.prose import STOP, any_of, either, is_code, plain, sentences, without_code, words
from alpaca.records import Example

NAMED = either("instruction input task question prompt output response answer sentence text")
LABEL = any_of(
    rf"^\s*(?:#+\s*)?(?:(?:the|your|here is the) )?(?:given )?{NAMED}s?\s*\d*\s*(?:is|was)?\s*[:=]\s*",
)
SAME_IS_RIGHT = any_of(  # tasks whose answer may be the input
    r"\b(?:cop(?:y|ied)|repeat|echo|same|verbatim|quote|extract|select|choose|pick|if (?:it|needed|necessary|any))\b",
    r"\b(?:correct|fix|edit|grammar|grammatical\w*|spell\w*|punctuat\w*|proofread|check|error|mistake|capitali[sz]\w*)\b",
    r"\b(?:unscrambl\w*|sort\w*|order|arrange|chronolog\w*|duplicat\w*|remove|delete|commas?)\b",
    r"\b(?:format|code|organi[sz]e|divide|split|paragraphs)\b",
)
REFRAIN = any_of(  # tasks whose answer may say things again
    r"\b(?:song|lyrics?|chorus|poem|rap|chant|rhyme|villanelle|verse|haiku|sonnet|limerick|refrain|mantra)\b",
    r"\b(?:quiz|questions?|repeat\w*|times|loop|print\w*|code|script|html|table)\b",
)


@dataclass(frozen=True)
class InputRepeatsInstruction:
    """The input adds to the instruction; `most` is how alike they may be, in percent of characters (indel)."""

    most: PositiveInt

    def __call__(self, example: Example) -> str | None:
        instruction, given = (plain(LABEL.sub("", text)) for text in (example.instruction, example.input))
        if len(given.split()) < 3:
            return "input repeats the instruction" if given and given == instruction else None
        held = len(instruction.split()) > 3 and f" {instruction} " in f" {given} "
        same = (
            held
            or fuzz.ratio(instruction, given) > self.most
            or (given not in instruction and _alike(instruction, given))
        )
        return "input repeats the instruction" if same else None


def _alike(one: str, other: str) -> bool:
    """Tell whether two requests name the same things: no more than one in five of their meaning words is in one only."""
    first, second = ({word[:5] for word in text.split() if word not in STOP} for text in (one, other))
    both = first & second
    return len(both) > 2 and 5 * len(both) >= 4 * len(first | second)


@dataclass(frozen=True)
class Echo:
    """The output is no copy of the instruction or of the input, unless that may be the answer; `most` as above."""

    most: PositiveInt

    def __call__(self, example: Example) -> str | None:
        if "`" in example.output or is_code(example.output):
            return None
        output = plain(LABEL.sub("", example.output))
        if self._copies(output, plain(example.instruction)) or self._copies(
            output, plain(f"{example.instruction} {example.input}")
        ):
            return "output repeats the instruction"
        given = " ".join(LABEL.sub("", example.input).lower().split())
        output = " ".join(LABEL.sub("", example.output).lower().split())
        exempt = SAME_IS_RIGHT.search(example.instruction) and len(given.split()) < 40 and "__" not in output
        return None if exempt or not self._copies(output, given, exact=True) else "output repeats the input"

    def _copies(self, output: str, other: str, exact: bool = False) -> bool:
        if len(other.split()) < 4 or not output:
            return False
        if output == other or (other in output and len(output.split()) - len(other.split()) < 3):
            return True
        return not exact and fuzz.ratio(output, other) > self.most


@dataclass(frozen=True)
class Repetition:
    """The output does not go round in circles: phrases at once again, sentences three times, or everything twice.

    Holtzman et al. 2020 (section 3) describe such loops of language models. `share` is how many of the output's words may be
    those of repeated sentences, in percent. Songs and code may repeat.
    """

    share: PositiveInt

    def __call__(self, example: Example) -> str | None:
        prose = without_code(example.output)
        if (marks := re.search(r"(?<!\w)(\S{1,8}\s+)\1{5,}", prose)) and re.search(r"\w", marks[1]):
            return f"repetition: {marks[1].strip()}"
        if is_code(prose) or re.search(r"^\s*\|", prose, re.MULTILINE):
            return None
        asked = REFRAIN.search(f"{example.instruction} {example.input}")
        found = (
            _doubled(words(prose))
            or _loop(words(prose), 6 if asked else 3)
            or (None if asked else _at_once(example.output))
            or self._again(prose, bool(asked))
        )
        return f"repetition: {found[:60]}" if found and plain(example.input).count(found) < 2 else None

    def _again(self, prose: str, refrain: bool) -> str | None:
        counts = Counter(said for part in sentences(prose) if len((said := plain(part)).split()) > 3)
        (part, times), *_ = counts.most_common(1) or [("", 1)]
        if times == 1:
            return None
        covered = 100 * sum(len(p.split()) * (n - 1) for p, n in counts.items()) / max(1, len(words(prose)))
        often = covered >= self.share or times > 2 or len(part.split()) > 9
        return part if often and not (refrain and covered < 2 * self.share) else None


def _at_once(text: str) -> str | None:
    """Return the first sentence of more than four words that is said twice without anything between, or None."""
    for part, following in pairwise(sentences(text)):
        if part == following and len(words(part)) > 4:
            return plain(part)
    return None


def _doubled(tokens: list[str]) -> str | None:
    """Return the words of a text that says all of it twice, or None."""
    half = len(tokens) // 2
    return (
        " ".join(tokens[:half])
        if half > 5 and tokens[:half] == tokens[half : 2 * half] and len(tokens) == 2 * half
        else None
    )


def _periods(tokens: list[str], most: int) -> list[int]:
    """Return, in order, the distances of at most so many words at which a pair of words comes three times, as in loops."""
    places: dict[tuple[str, str], list[int]] = {}
    for place, pair in enumerate(pairwise(tokens)):
        places.setdefault(pair, []).append(place)
    found: set[int] = set()
    for own in (set(own) for own in places.values() if len(own) > 2):
        found |= {n for n in range(1, most + 1) if n not in found for p in own if p + n in own and p + 2 * n in own}
    return sorted(found)


def _loop(tokens: list[str], times: int) -> str | None:
    """Return the first phrase of at most 20 words that is said more than that many times in a row, or None.

    One word counts from `times` + 1; numbers and single letters are no words here, since tables and sums repeat them.
    """
    for length in _periods(tokens, min(20, len(tokens) // 3)):
        run = 0
        needed = (times if length == 1 else 2 if length > 3 else times - 1) * length
        for place in range(length, len(tokens)):
            run = run + 1 if tokens[place] == tokens[place - length] else 0
            phrase = tokens[place - length + 1 : place + 1]
            if run >= needed and any(len(word) > 1 and word.isalpha() for word in phrase):
                return " ".join(phrase)
    return None
