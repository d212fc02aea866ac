"""The filter of outputs that run on: into another task, its answer, or another subject.

A line that asks for something of which nothing was said before, and which what follows answers, is the next task, whatever
its label. A paragraph of prose that shares next to no word with all before is the next answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import or_
from typing import NamedTuple

from alpaca.analysis.phrases import grammar
from alpaca.curation.prose import FENCE, MARKER, any_of, is_code, sentences, stems
from alpaca.curation.remnants import EITHER, FIELD, LABELLED, SPEAKER, remnant
from alpaca.records import Example

ASKED = r"(?:q|question|prompt|task|exercise|instruction|problem|query|request|command)"
ANSWERED = r"(?:a|ans|answer|completion|response|output|solution|result|reply)"
PAIRED = re.compile(
    rf"^\W*{ASKED}\W{{0,3}}\d*\W{{0,4}}:.*\n(?:.*\n){{0,8}}?\W*{ANSWERED}\W{{0,3}}\d*\W{{0,4}}:", EITHER
)
EDGE = any_of(
    r"\A\s*output\s*:\s+(?-i:[A-Z][a-z']+) (?-i:[a-z]+)",
    rf"\A\s*(?:{SPEAKER}|response|prompt|q)\s*:\s",
    r"\A(?:assistant|user|system|model)\s*\n",
    r"\n\s*(?:q|question)\s*:\s*\S[^\n]*\Z",
    rf"\n\s*(?:{SPEAKER}|{FIELD}|q)\s*:\s*\Z",
)
ASKS_PAIRS = any_of(
    r"\b(?:questions?|q ?& ?a|faqs?|quiz\w*|riddles?|trivia|jokes?|flash ?cards?|test|exam)\b",
    r"\b(?:interview|dialog\w*|conversations?|transcript|examples?|problems?|exercises?|prompts?)\b",
)
SPEAKS = any_of(
    r"\b(?:sto(?:ry|ries)|tales?|fable|narrative|novel|fiction\w*|scenes?|plays?|screenplay|script|scenario|imagine)\b",
    r"\b(?:poems?|poetry|lyrics?|songs?|raps?|sonnet|haikus?|limericks?|verses?|characters?|villain|letter|e-?mail)\b",
)
MANY_VOICES = any_of(  # texts whose parts may have nothing to do with each other
    SPEAKS.pattern,
    r"\b(?:translat\w*|random|unrelated|different|sentences|paragraphs|two|three|article|blog|website|campaign)\b",
)
LEADS_ON = any_of(  # how a paragraph begins that goes on with what was said
    r"\W*(?:\w+\W+){0,3}(?:it|its|they|their|them|he|she|his|her|him|we|our|you|your|i|my|this|these|those|such|both)\b",
    r"\W*(?:that|thus|here|each|first|second|third|last|final|another|others?|one|some|if|when|while|as|by|to)\b",
    r"\W*(?:firstly|secondly|thirdly|lastly|finally|next|then|also|however|overall|additionally|moreover|furthermore)\b",
    r"\W*(?:in (?:addition|conclusion|summary)|for (?:example|instance))\b",
)
PREFIX = re.compile(  # marks, a number, and a label of at most five words
    r"[^\w\"“]*(?:\(?\d{1,2}[.):]+\s*)?"
    r"(?:((?:[A-Za-z][\w'’-]*[ !]+){0,4}[A-Za-z][\w'’-]*)\s*#?\d{0,3}[*_]*(?:[:.)\]>]+|\s[-–—]|$)[\s*_]*)?"
)
STEPS = any_of(r"(?:step|day|week|month|phase|stage|part|section|tip|rule|slide|scene|level|act|chapter)\b")
TASK_LABEL = any_of(rf"(?:.*\s)?(?:{ASKED}|{SPEAKER}|{FIELD}|assignment|example)s?$", r"(?:next|new|another|second)\b")
PARAGRAPH = re.compile(r"(?<=[.!?\"”])\s*\n\s*\n\s*(?=[A-Z\"“])")


@dataclass(frozen=True)
class RunsOn:
    """The output ends where its answer does: it has no marks of prompts, no further task, no other subject."""

    def __call__(self, example: Example) -> str | None:
        told = bool(LABELLED.search(example.instruction))
        found = remnant(example.output, told, answer=True) or _another_task(example)
        if not found and not ASKS_PAIRS.search(example.instruction):
            found = _another_exchange(example.output) or _another_subject(example)
        return f"runs on: {found[:40]}" if found else None


def _another_exchange(output: str) -> str | None:
    """Return the only question with an answer, where the output does not begin with it, or a label at either end."""
    pairs = PAIRED.findall(output)
    if len(pairs) == 1 and not PAIRED.match(output):
        return str(pairs[0]).strip()
    edge = EDGE.search(output)
    return edge[0].strip() if edge else None


class Line(NamedTuple):
    """A line: as written, without its label, that label, where it begins, and whether an empty line is before it."""

    whole: str
    bare: str
    label: str
    start: int
    apart: bool

    @property
    def asks(self) -> str:
        """What it asks for, with its label where that is part of it, or nothing."""
        return next((text for text in (self.bare, self.whole) if _asks(text)), "")

    @property
    def kind(self) -> str:
        """What it begins with that other lines of its kind share: a bullet, or a label without its number."""
        if mark := MARKER.match(self.whole):
            return "1" if mark[1] else mark[0].strip()
        mark = re.match(r"\s*([^\w\s\"“(])", self.whole)
        return mark[1] if mark else (self.label or self.whole.strip()).lower()


def _another_task(example: Example) -> str | None:
    """Return a line that asks for something of which nothing was said before, and which the next lines answer."""
    asked = example.instruction
    text = FENCE.sub(lambda found: found[0].replace("\n", " "), example.output).strip()
    pairs, speaks = ASKS_PAIRS.search(asked), SPEAKS.search(asked)
    for line, request, label in _requests(text):
        if not label and (pairs or (speaks and "?" in request)):
            continue
        end = line.start + len(line.whole)
        own, after = stems(request), stems(text[end:])
        before = stems(f"{asked} {example.input} {text[: line.start]}")
        if len(own & before) > (0.7 if label else 0.25) * len(own):
            continue
        rest, most = own | after, 0.2 if line.apart else 0.1
        answered = own & after and len(own) > 1 and len(rest & before) <= most * len(rest)
        ends = line.apart and not after and len(own) > 2 and not own & before
        if own and ((label and after) or answered or ends):
            return request.strip()
    return None


def _requests(text: str) -> Iterator[tuple[Line, str, str]]:
    """Yield the lines after the first that ask, what they ask for, and their label if it is one of tasks or speakers.

    Items of a list, steps, and lines among others of their kind are none.
    """
    lines = list(_lines(text))
    asking = [line.asks for line in lines]
    if not any(asking[1:]):
        return
    kinds = Counter(line.kind for line in lines)
    for place, (before, line) in enumerate(pairwise(lines), 1):
        label = line.label or ("" if before.bare.strip() else before.label)
        listed = kinds[line.kind] > 1 and not _out_of_turn(line.whole, text[: line.start])
        among = asking[place - 1] and not (line.apart or label)
        if asking[place] and not (listed or among or STEPS.match(label) or before.whole.rstrip()[-1] == ":"):
            yield line, asking[place], label if TASK_LABEL.fullmatch(label) else ""


def _lines(text: str) -> Iterator[Line]:
    for found in re.finditer(r"[^\n]*\w[^\n]*", text):
        prefix = PREFIX.match(found[0])
        bare, label = (found[0][prefix.end() :], prefix[1] or "") if prefix else (found[0], "")
        yield Line(found[0], bare, label, found.start(), text[: found.start()].endswith("\n\n"))


def _out_of_turn(line: str, before: str) -> bool:
    """Tell whether a line has a number that is not one more than that of an item before it."""
    mark = MARKER.match(line)
    if not mark or mark[1] in (None, "1"):
        return False
    return not re.search(rf"^\W*{int(mark[1]) - 1}\b", before, re.MULTILINE)


def _asks(text: str) -> bool:
    """Tell whether a line is a request or a question of three words or more."""
    text = text.strip(' *_="“”')
    if not text[:1].isupper() or len(text.split(maxsplit=2)) < 3:
        return False
    first = re.match(r"[A-Za-z]+", text)
    return text.endswith("?") or bool(first and first[0].lower() in grammar()["verbs"])


def _another_subject(example: Example) -> str | None:
    """Return the first sentence of a paragraph that, with all after it, shares next to no word with anything before."""
    text = example.output.strip()
    if "\n\n" not in text or MANY_VOICES.search(example.instruction) or is_code(text):
        return None
    parts = PARAGRAPH.split(text)
    said = [stems(part) for part in parts]
    before = list(accumulate(said, or_, initial=stems(f"{example.instruction} {example.input}")))
    after = list(accumulate(reversed(said), or_))[::-1]
    for place in range(1, len(parts)):
        known, new = before[place], after[place]
        near = len(known & new) > (0 if len(new) < 20 else 0.05 * len(new))
        if near or len(new) < 6 or len(known) < 5:
            continue
        first = sentences(parts[place])[0]
        if first[-1] in ".!?:" and not stems(first) & known and not LEADS_ON.match(first):
            return first
    return None
