"""The filter of several tasks in one row: remnants of prompts and of further tasks, and second requests."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alpaca.curation.merged import unrelated
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
class SeveralTasks:
    """The fields hold one task: no remnants of prompts or of further tasks, and no second request that has nothing to do with the first."""

    def __call__(self, example: Example) -> str | None:
        told = bool(LABELLED.search(example.instruction))
        for text in (example.instruction, example.input, example.output):
            found = (STRONG if told else REMNANT).search(FENCE.sub("", text))
            if found and (text is not example.input or STRONG.search(text)) and not _heading(found[0], text, example):
                return f"several tasks: {found[0].strip()[:40]}"
        pairs = PAIRED.findall(example.output)
        if len(pairs) == 1 and not ASKS_PAIRS.search(example.instruction) and not PAIRED.match(example.output):
            return f"several tasks: {pairs[0].strip()[:40]}"
        if (edge := EDGE.search(example.output)) and not ASKS_PAIRS.search(example.instruction):
            return f"several tasks: {edge[0].strip()}"
        second = unrelated(example)
        return f"several tasks: {second[:60]}" if second else None


def _heading(found: str, text: str, example: Example) -> bool:
    """Tell whether what looks like a remnant begins a list of such labels, or a label of an answer that has more of them."""
    label = found.strip().split(":")[0].lower()
    if re.match(r"\W*output", label) and is_code(text):
        return True
    many = len(re.findall(r"^\s*(?:\*\*|#+ ?)?[A-Z][\w ]{2,30}:", text, re.MULTILINE)) > 3
    numbered = re.match(r"\d+[.)] (?:input|output)", label)
    return text is example.output and bool(numbered or (many and not STRONG.search(found)))
