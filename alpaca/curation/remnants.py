"""The filter of outputs that run on, into another task or its answer: remnants of prompts, of chats and of lists of tasks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from alpaca.analysis.phrases import grammar
from alpaca.curation.prose import FENCE, MARKER, any_of, is_code, sentences, stems, words
from alpaca.records import Example

FIELD = r"(?:instruction|input|response|output|prompt|task)"
SPEAKER = r"(?:human|user|assistant|ai|bot|system|gpt|chatgpt)"
ASKED = r"(?:q|question|prompt|task|exercise|instruction|problem|query|request|command)"
ANSWERED = r"(?:a|ans|answer|completion|response|output|solution|result|reply)"
NUMBERED = r"(?:\d{1,2}|two|three|four|one)"
HEADED = r"^\s*(?:#{2,}\s*)?(?:\d{1,2}[.)]\s*)?(?:\*\*)?(?:new |next )?"
EITHER = re.IGNORECASE | re.MULTILINE

TOKENS = (  # of chat formats and tokenizers, and the words of Alpaca's own prompt
    r"<\|[a-zA-Z_ ]{2,30}\|>",
    r"</?s>\s*$|^\s*<s>|</s>\s*<s>",
    r"<(?:unk|pad|bos|eos|start_of_turn|end_of_turn|extra_id_\d+|sep|cls|endoftext|end_of_text)>",
    r"\[(?:PAD|UNK|CLS|SEP|EOS|BOS|MASK|/?SYS(?:TEM)?|END)\]",
    r"\[/?INST\]|<</?SYS>>",
    r"\bEND OF (?:RESPONSE|OUTPUT|TEXT|ANSWER)\b",
    r"Below is an instruction that describes|appropriately completes the request",
    r"^\s*#{3,} ?(?:end|stop)?\s*$|^\s*#{3,} ?(?:End|Stop)\b",
    rf"^\s*#{{2,6}} ?(?:{FIELD}|{SPEAKER})s?\b[ \d]*:",
    r"<no ?(?:in|out)put>",
    r"</?(?:instruction|input|output|response|task|prompt|answer)>",
    r"^\s*(?:instruction|output)\s*=\s*\"",
    r"\"\s*[,}]\s*,?\s*\{?\s*\"(?:instruction|input|output|prompt|response|completion|answer)\"\s*:",
)
REMNANT = any_of(
    *TOKENS,
    HEADED + r"(?:instruction|task|prompt)\s*(?:\d{1,2}|no\.? ?\d+)?\s*(?:\*\*)?[:\]]",
    rf"^\s*#{{3,}}\s*(?:(?:\d+|{FIELD}|{SPEAKER}|example|question|answer|end)\b[\s:.]*.{{0,60}})?$",
    rf"^\s*{SPEAKER}\s*\d?\s*:\s",
    r"^\s*(?:input|output|response)\s*\d?\s*:",
    rf"^\s*(?:\d{{1,2}}[.)]\s*)?(?:task|example|exercise|instruction|question) {NUMBERED}\s*[:.\-–)]",
    flags=EITHER,
)
STRONG = any_of(  # sure marks, where such labels are spoken of
    *TOKENS,
    r"^\s*\[(?:instruction|response|task|prompt|output)s?\]",
    rf"^\s*#{{1,6}}\s*(?:instruction|input|response|task|prompt|{SPEAKER})\b[ \d]*:?.{{0,60}}$",
    r"^\s*input\s*:.*\n+\s*output\s*:",
    HEADED + r"instruction\s*\d*\s*(?:\*\*)?[:\]]",
    r"^\s*#{3,}\s*(?:(?:\d+[.):]?|instruction|input|response|task)\b[\s:.]*.{0,60})?$",
    flags=EITHER,
)
LABELLED = any_of(  # tasks whose answers may have labels
    r"\b(?:input|output|prompt|question|task|instruction|examples?|exercises?|format|template|script)s?\b",
    r"\b(?:dialog\w*|conversation|chat\w*|interview|transcript|q ?& ?a|faq|quiz|play)s?\b",
)
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
STEPS = re.compile(
    r"(?:step|day|week|month|phase|stage|part|section|tip|rule|slide|scene|level|act|chapter)\b", re.IGNORECASE
)
TASK_LABEL = any_of(rf"(?:.*\s)?(?:{ASKED}|{SPEAKER}|{FIELD}|assignment|example)s?$", r"(?:next|new|another|second)\b")


@dataclass(frozen=True)
class RunsOn:
    """The output ends where its answer does: no marks of prompts, no further tasks, no other speaker, no other subject."""

    def __call__(self, example: Example) -> str | None:
        found = remnant(example.output, bool(LABELLED.search(example.instruction)), answer=True) or _another_task(
            example
        )
        if not found and not ASKS_PAIRS.search(example.instruction):
            found = _another_exchange(example.output) or _another_subject(example)
        return f"runs on: {found[:40]}" if found else None


def remnant(text: str, told: bool, answer: bool = False) -> str | None:
    """Return what is left of a prompt in a text; only sure marks where such labels are `told` of."""
    found = (STRONG if told else REMNANT).search(FENCE.sub("", text))
    return None if found is None or _heading(found[0], text, answer) else found[0].strip()


def _heading(found: str, text: str, answer: bool) -> bool:
    """Tell whether what looks like a remnant begins a list of such labels, or a label of an answer that has more of them."""
    label = found.strip().split(":")[0].lower()
    if label == "output" and is_code(text):
        return True
    many = len(re.findall(r"^\s*(?:\*\*|#+ ?)?[A-Z][\w ]{2,30}:", text, re.MULTILINE)) > 3
    numbered = re.match(r"\d+[.)] (?:input|output)", label)
    return answer and bool(numbered or (many and not STRONG.search(found)))


def _another_exchange(output: str) -> str | None:
    """Return the only question with an answer, where the output does not begin with it, or a label at either end."""
    pairs = PAIRED.findall(output)
    if len(pairs) == 1 and not PAIRED.match(output):
        return str(pairs[0]).strip()
    edge = EDGE.search(output)
    return edge[0].strip() if edge else None


class Request(NamedTuple):
    """A line that asks for something: without its label, that label, where it begins and ends, and whether it stands apart."""

    text: str
    label: str
    start: int
    end: int
    apart: bool


def _another_task(example: Example) -> str | None:
    """Return a line that asks for something of which nothing was said before, and which the next lines answer."""
    text = FENCE.sub(lambda found: found[0].replace("\n", " "), example.output).strip()
    told = f"{example.instruction} {example.input} "
    speaks = ASKS_PAIRS.search(example.instruction) or SPEAKS.search(example.instruction)
    for request in _requests(text):
        if not request.label and speaks and (ASKS_PAIRS.search(example.instruction) or "?" in request.text):
            continue
        own, before, after = (stems(part) for part in (request.text, told + text[: request.start], text[request.end :]))
        near, rest = len(own & before), own | after
        known = 0.7 if request.label else 0.25
        answered = own & after and len(rest & before) <= (0.2 if request.apart else 0.1) * len(rest)
        ends = request.apart and not after and len(own) > 2 and not near
        if own and near <= known * len(own) and ((request.label and after) or (answered and len(own) > 1) or ends):
            return request.text.strip()
    return None


def _requests(text: str) -> Iterator[Request]:
    """Yield the lines after the first that are requests, and no items of a list nor lines among others of their kind."""
    lines = list(re.finditer(r"[^\n]*\w[^\n]*", text))
    kinds = Counter(_kind(line[0]) for line in lines)
    asked, label = _asks(lines[0][0]) if lines else False, ""
    for before, line in pairwise(lines):
        prefix = PREFIX.match(line[0])
        bare, asked_before = line[0][prefix.end() if prefix else 0 :], asked
        own, label = (prefix[1] or "") if prefix else "", label
        asked = _asks(bare) or _asks(line[0])
        kind = own or label
        label = own if not bare.strip() else ""
        apart = text[: line.start()].endswith("\n\n")
        if (
            not asked
            or (asked_before and not (apart or kind))
            or (kinds[_kind(line[0])] > 1 and not _out_of_turn(line[0], text[: line.start()]))
            or STEPS.match(kind)
            or before[0].rstrip()[-1] == ":"
        ):
            continue
        sure = kind if TASK_LABEL.fullmatch(kind) else ""
        yield Request(bare if _asks(bare) else line[0], sure, line.start(), line.end(), apart)


def _kind(line: str) -> str:
    """Return what a line begins with that other lines of its kind share: a bullet, or a label without its number."""
    if mark := MARKER.match(line):
        return "1" if mark[1] else mark[0].strip()
    if mark := re.match(r"\s*([^\w\s\"“(])", line):
        return mark[1]
    prefix = PREFIX.match(line)
    return (prefix[1] if prefix and prefix[1] else line.strip()).lower()


def _out_of_turn(line: str, before: str) -> bool:
    """Tell whether a line has a number that is not one more than that of an item before it."""
    mark = MARKER.match(line)
    return bool(
        mark and mark[1] and mark[1] != "1" and not re.search(rf"^\W*{int(mark[1]) - 1}\b", before, re.MULTILINE)
    )


def _asks(line: str) -> bool:
    """Tell whether a line is a request or a question of three words or more."""
    line = line.strip(' *_="“”')
    said = words(line)
    return len(said) > 2 and line[:1].isupper() and (line.endswith("?") or said[0] in grammar()["verbs"])


def _another_subject(example: Example) -> str | None:
    """Return the first words of a paragraph of prose that, with all after it, shares no word with anything before."""
    if MANY_VOICES.search(example.instruction) or "\n" not in example.output or is_code(example.output):
        return None
    told, text = f"{example.instruction} {example.input} ", example.output.strip()
    for found in re.finditer(r"(?<=[.!?\"”])\s*\n\s*\n\s*(?=[A-Z\"“])", text):
        before, after = stems(told + text[: found.start()]), stems(text[found.end() :])
        first = sentences(text[found.end() :])[0]
        near = len(before & after) > (0 if len(after) < 20 else 0.05 * len(after)) or stems(first) & before
        if not near and len(after) > 5 and len(before) > 4 and first[-1] in ".!?:" and not LEADS_ON.match(first):
            return first
    return None
