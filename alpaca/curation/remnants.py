"""The filter of outputs that run on, into another task or its answer: remnants of prompts, of chats and of lists of tasks."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alpaca.curation.prose import FENCE, is_code
from alpaca.records import Example

TOKENS = (
    r"\[END\]|^\s*#{3,}\s*(?:end|stop|END)?\s*$|^\s*#{3,} ?(?:End|Stop)\b|\bEND OF (?:RESPONSE|OUTPUT|TEXT|ANSWER)\b|<\|[a-zA-Z_ ]{2,30}\|>|\[/?INST\]|<</?SYS>>|</?s>\s*$|^\s*<s>|<(?:unk|pad|bos|eos|start_of_turn|end_of_turn|extra_id_\d+|sep|cls|endoftext|end_of_text)>|\[(?:PAD|UNK|CLS|SEP|EOS|BOS|MASK|eos|/?SYS(?:TEM)?)\]|"
    r"[Bb]elow is an instruction that describes|appropriately completes the request|^\s*#{2,6} ?(?:[Ii]nstruction|[Ii]nput|[Rr]esponse|[Hh]uman|[Uu]ser|[Aa]ssistant|[Ss]ystem|[Pp]rompt|[Tt]ask|[Oo]utput)s?\b[ \d]*:|"
)
PAIRED = re.compile(
    r"^\W*(?:q|question|prompt|task|exercise|instruction|problem|query|request|command)\W{0,3}\d*\W{0,4}:.*\n(?:.*\n){0,8}?\W*(?:a|ans|answer|completion|response|output|solution|result|reply)\W{0,3}\d*\W{0,4}:",
    re.IGNORECASE | re.MULTILINE,
)
REMNANT = re.compile(
    TOKENS
    + r"^\s*(?:#{2,}\s*)?(?:\d{1,2}[.)]\s*)?(?:\*\*)?(?:new |next )?(?:instruction|task|prompt)\s*(?:\d{1,2}|no\.? ?\d+)?\s*(?:\*\*)?[:\]]|^\s*#{3,}\s*(?:(?:\d+|instruction|input|response|output|task|example|question|answer|end|human|assistant|user)\b[\s:.]*.{0,60})?$|"
    r"^\s*<no ?(?:in|out)put>\s*$|<\|(?:im_start|im_end|endoftext|user|assistant|system|eot_id|end)\|>|\[/?INST\]|<</?SYS>>|</?s>\s*$|^\s*(?:human|user|assistant|ai|bot|system|gpt)\s*\d?\s*:\s|"
    r"^\s*(?:input|output|response)\s*\d?\s*:|^\s*(?:\d{1,2}[.)]\s*)?(?:task|example|exercise|instruction|question) (?:\d{1,2}|two|three|four|one)\s*[:.\-–)]",
    re.IGNORECASE | re.MULTILINE,
)
STRONG = re.compile(
    TOKENS
    + r"^\s*\[(?:instruction|response|task|prompt)s?\]|^\s*#{1,6}\s*(?:instruction|input|response|task|human|user|assistant|prompt)\b[ \d]*:?.{0,60}$|^\s*input\s*:.*\n+\s*output\s*:|^\s*(?:#{2,}\s*)?(?:\d{1,2}[.)]\s*)?(?:\*\*)?(?:new |next )?instruction\s*\d*\s*(?:\*\*)?[:\]]|^\s*#{3,}\s*(?:(?:\d+[.):]?|instruction|input|response|task)\b[\s:.]*.{0,60})?$|<\|(?:im_start|im_end|endoftext|user|assistant|system|eot_id|end)\|>|\[/?INST\]|<</?SYS>>|</?s>\s*$|<no ?(?:in|out)put>",
    re.IGNORECASE | re.MULTILINE,
)
LABELLED = re.compile(
    r"\b(?:input|output|prompt|question|task|instruction|dialog\w*|conversation|chat\w*|interview|transcript|q ?& ?a|faq|quiz|examples?|play|script|template|format|exercises?)s?\b",
    re.IGNORECASE,
)
EDGE = re.compile(
    r"\A\s*output\s*:\s+(?-i:[A-Z][a-z']+) (?-i:[a-z]+)|\A\s*(?:user|human|assistant|ai|bot|gpt|chatgpt|system|response|prompt|q)\s*:\s|\A(?:assistant|user|system|model)\s*\n|\n\s*(?:q|question)\s*:\s*\S[^\n]*\Z|\n\s*(?:user|human|assistant|ai|bot|gpt|system|response|prompt|input|output)\s*:\s*\Z",
    re.IGNORECASE,
)
ASKS_PAIRS = re.compile(
    r"\b(?:questions?|q ?& ?a|faqs?|quiz\w*|interview|dialog\w*|conversations?|riddles?|trivia|examples?|problems?|exercises?|prompts?|transcript|jokes?|flash ?cards?|test|exam)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class RunsOn:
    """The output ends where its answer does: no marks of prompts, no further tasks, no other speaker."""

    def __call__(self, example: Example) -> str | None:
        found = remnant(example.output, bool(LABELLED.search(example.instruction)), answer=True)
        found = found or (None if ASKS_PAIRS.search(example.instruction) else _another_exchange(example.output))
        return f"runs on: {found[:40]}" if found else None


def remnant(text: str, told: bool, answer: bool = False) -> str | None:
    """Return what is left of a prompt in a text; only sure marks where such labels are `told` of."""
    found = (STRONG if told else REMNANT).search(FENCE.sub("", text))
    return None if found is None or _heading(found[0], text, answer) else found[0].strip()


def _another_exchange(output: str) -> str | None:
    """Return the only question with an answer, where the output does not begin with it, or a label at either end."""
    pairs = PAIRED.findall(output)
    if len(pairs) == 1 and not PAIRED.match(output):
        return str(pairs[0]).strip()
    edge = EDGE.search(output)
    return edge[0].strip() if edge else None


def _heading(found: str, text: str, answer: bool) -> bool:
    """Tell whether what looks like a remnant begins a list of such labels, or a label of an answer that has more of them."""
    label = found.strip().split(":")[0].lower()
    if re.match(r"\W*output", label) and is_code(text):
        return True
    many = len(re.findall(r"^\s*(?:\*\*|#+ ?)?[A-Z][\w ]{2,30}:", text, re.MULTILINE)) > 3
    numbered = re.match(r"\d+[.)] (?:input|output)", label)
    return answer and bool(numbered or (many and not STRONG.search(found)))
