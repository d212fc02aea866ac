"""Remnants of prompts, of chats and of lists of tasks: what stands in a text when its generator did not stop."""

from __future__ import annotations

import re

from alpaca.curation.prose import FENCE, any_of, is_code

FIELD = r"(?:instruction|input|response|output|prompt|task)"
SPEAKER = r"(?:human|user|assistant|ai|bot|system|gpt|chatgpt)"
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
    r"(?-i:\bOutput:\s\S[^\n]*\s(?:Instruction|Task):\s[A-Z])",
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


def remnant(text: str, told: bool, answer: bool = False) -> str | None:
    """Return what is left of a prompt in a text; only sure marks where such labels are `told` of."""
    found = (STRONG if told else REMNANT).search(FENCE.sub("", text))
    return None if found is None or _heading(found[0], text, answer) else found[0].strip()


def _heading(found: str, text: str, answer: bool) -> bool:
    """Tell whether what looks like a remnant begins a list of such labels, or is one of several labels of an answer."""
    label = found.strip().split(":")[0].lower()
    if label == "output" and is_code(text):
        return True
    many = len(re.findall(r"^\s*(?:\*\*|#+ ?)?[A-Z][\w ]{2,30}:", text, re.MULTILINE)) > 3
    numbered = re.match(r"\d+[.)] (?:input|output)", label)
    return answer and bool(numbered or (many and not STRONG.search(found)))
