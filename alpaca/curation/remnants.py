"""The filter of outputs that run on, into another task or its answer: remnants of prompts, of chats and of lists of tasks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

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
    r"^\s*\[(?:instruction|response|task|prompt)s?\]",
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
MANY_VOICES = any_of(  # texts whose parts may have nothing to do with each other
    r"\b(?:sto(?:ry|ries)|tales?|fable|narrative|novel|fiction\w*|scenes?|plays?|screenplay|script|scenario|imagine)\b",
    r"\b(?:poems?|poetry|lyrics?|songs?|raps?|sonnet|haikus?|limericks?|verses?|characters?|villain)\b",
    r"\b(?:translat\w*|examples?|random|unrelated|different (?:topics|subjects)|sentences|paragraphs|list)\b",
)
LEADS_ON = any_of(  # how a paragraph begins that goes on with what was said
    r"\W*(?:\w+\W+){0,3}(?:it|its|they|their|them|he|she|his|her|him|we|our|you|your|i|my|this|these|those|such|both)\b",
    r"\W*(?:that|thus|here|each|first|second|third|last|final|another|others?|one|some|if|when|while|as|by|to)\b",
    r"\W*(?:firstly|secondly|thirdly|lastly|finally|next|then|also|however|overall|additionally|moreover|furthermore)\b",
    r"\W*(?:in (?:addition|conclusion|summary)|for (?:example|instance))\b",
)
LABEL = re.compile(r"\W*(?:[A-Za-z][a-z'-]*\s){0,2}[A-Za-z][a-z'-]*\s*(?:#\s*)?\d{0,3}\s*(?:[:.)\]]+|\s[-–—])[\s*_]*")
JOINS = re.compile(r"(?:next|new|another|second|following) ", re.IGNORECASE)
TASK_LABEL = re.compile(rf"\W*(?:[A-Za-z]+\s)?(?:{ASKED}|{SPEAKER}|{FIELD}|assignment|example)\b", re.IGNORECASE)


@dataclass(frozen=True)
class RunsOn:
    """The output ends where its answer does: no marks of prompts, no further tasks, no other speaker, no other subject."""

    def __call__(self, example: Example) -> str | None:
        found = remnant(example.output, bool(LABELLED.search(example.instruction)), answer=True) or _another_task(example)
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


def _another_task(example: Example) -> str | None:
    """Return a line that asks for something of which nothing was said before, and which the next lines answer."""
    text = FENCE.sub(lambda found: found[0].replace("\n", " "), example.output).strip()
    told, asks_pairs = f"{example.instruction} {example.input} ", ASKS_PAIRS.search(example.instruction)
    for request, label, start, end in _requests(text):
        own, before, after = stems(request), stems(told + text[:start]), stems(text[end:])
        known = len(own & before)
        if label:
            alone = len(re.findall(rf"^\W*{re.escape(label)}", text, EITHER)) == 1 and text[:start].rstrip()[-1] != ":"
            found = alone and own and known <= (0.7 if JOINS.match(label) else 0.34) * len(own)
        else:
            answered = own & after and len((own | after) & before) <= 0.1 * len(own | after)
            found = answered and not asks_pairs and not known and len(own) > 1 and text[:start].endswith("\n\n")
        if found and after:
            return request.strip()
    return None


def _requests(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Yield the lines after the first that ask for something, the label of tasks before them, and where they begin and end."""
    label = ""
    for found in re.finditer(r"(?<=\n)[^\n]*\w[^\n]*", text):
        line = found[0]
        labelled = LABEL.match(line)
        if labelled and TASK_LABEL.match(line):
            label, line = labelled[0].strip(" *#\n"), line[labelled.end() :]
        if _asks(line):
            yield line, re.sub(r"[^A-Za-z ]+.*", "", label), found.start(), found.end()
        label = "" if line.strip() else label


def _asks(line: str) -> bool:
    """Tell whether a line is a request or a question of three words or more, and no item of a list."""
    said = words(line)
    asks = len(said) > 2 and line[:1].isupper() and (line.rstrip().endswith("?") or said[0] in grammar()["verbs"])
    return asks and not MARKER.match(line)


def _another_subject(example: Example) -> str | None:
    """Return the first words of a paragraph of prose that, with all after it, shares no word with anything before."""
    if MANY_VOICES.search(example.instruction) or "\n" not in example.output or is_code(example.output):
        return None
    told, text = f"{example.instruction} {example.input} ", example.output.strip()
    for found in re.finditer(r"(?<=[.!?\"”])\s*\n\s*\n\s*(?=[A-Z\"“])", text):
        before, after = stems(told + text[: found.start()]), stems(text[found.end() :])
        first = sentences(text[found.end() :])[0]
        near = len(before & after) > (0 if len(after) < 20 else 0.03 * len(after)) or stems(first) & before
        if not near and len(after) > 7 and len(before) > 7 and first[-1] in ".!?" and not LEADS_ON.match(first):
            return first
    return None
