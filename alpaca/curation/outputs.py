"""The filter of outputs that stand in for an answer: marks that there is none, slots to be filled in, keys struck at random."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alpaca.curation.prose import STOP, any_of, either, words
from alpaca.records import Example

FIELD = either(
    "output answer response reply text content input result data solution completion value field message string"
)
ABSENT = rf"(?:not|none|to be|no longer|yet to be|was|is|has been|could not be|\s)* ?{either('needed required available provided given yet necessary generated found specified applicable')}"
NOTHING = any_of(
    rf"no ?{FIELD}s?(?: {ABSENT})*",  # that there is none
    rf"(?:not|none) {either('available applicable provided specified given needed required generated found')}",
    either(
        "n\\s?/\\s?a n\\.a\\.? tb[adc] none null nil nan undefined void empty blank missing pending nothing",
        r"\[object object\]",
    ),
    r"to be (?:\w+ed|written|done|filled(?: in)?)(?: \w+){0,3}|(?:coming|available) soon|under construction|work in progress",
    r"(?:todo|fixme|tbd)\W.{0,60}",  # that there will be
    rf"(?:(?:your|the|my|some|sample|example|dummy|expected|model) )?{FIELD}s?(?: (?:goes |comes |text |will be |would be |to )?(?:here|go|follow|inserted))*",
    r"(?:insert|enter|fill in|replace with|paste)\b.{0,45}",  # a slot
    r"(?:please )?(?:add|write|type|put|your)\b.{0,30}\b(?:here|text|answer|output|response|content)",
    r"(?:this is )?(?:a )?placeholder.{0,30}|lorem ipsum.*|foo(?: ?bar)?|x{3,}|(?:hello,? world|abc|xyz)",
    r"(?:test(?:ing)?(?: (?:output|answer|text))?\s*)+",
    r"(?:see|as|same as) (?:above|below|before|previous\w*|input|attached|instruction)",
    r"&nbsp;?|(?:</?\w{1,6}>\s*)+|[$%#]?\{\{?\w{1,20}\}?\}|%s|\$\w+",  # what a template leaves
    flags=re.IGNORECASE | re.DOTALL,
)
KEYS = either("qwert\\w* werty\\w* yuiop asdf\\w* sdfg\\w* fghj\\w* ghjk\\w* hjkl jkl zxcv\\w* xcvb\\w* vbnm bla+h?")
STATES = frozenset(  # what is said of an answer or a page that is not there
    words(
        "error errors exception traceback timeout timed failed failure loading deleted removed redacted draft pending content page "
        "intentionally left blank later null value empty string function returned internal server response answer output text found "
        "none undefined nothing unavailable todo tbd missing generated provided filled ibid placeholder inserted"
    )
)
MASHED = any_of(  # keys struck at random: neighbours on a keyboard, one letter or some digits again and again
    rf"(?:(?:{KEYS}|([a-z#?])\1{{5,}})[\s;,.!]*)+",
    r"(\d{2,10}?)\2{3,}",
)
SLOT = any_of(  # words in brackets
    r"<[A-Za-z]+(?:[ _-][A-Za-z']+){1,12}>",
    r"\[[A-Za-z]+(?: [A-Za-z']+){1,12}[.…]*\]",
    r"\{\{?[A-Za-z_ ]+\}?\}",
)
BRACKETED = re.compile(r"[\[<{(]{1,2}\s*([^\[\]<>{}()]{0,60}?)\s*[\]>})]{1,2}")
BRACKETS = any_of(  # tasks whose answer may be in brackets, of signs, or drawn with them
    r"bracket|array|\blist|\btags?\b|html|xml|token|regex|placeholder|template|json|\bset\b|format|code|python|markdown"
)
SYMBOLS = any_of(r"punctuat|symbol|\b(?:signs?|marks?|operators?|grade)\b")
DRAWN = any_of(
    r"emoji|emoticon|ascii|morse|underscore", r"\b(?:shapes?|divid\w+|separat\w+|draw|patterns?|dots|dashes)\b"
)


@dataclass(frozen=True)
class PlaceholderOutput:
    """The output is more than a mark that there is none, or a slot to be filled in."""

    def __call__(self, example: Example) -> str | None:
        return f"placeholder output: {example.output.strip()[:40]}" if _stands_in(example) else None


def _stands_in(example: Example) -> bool:
    if len(example.output) > 300:
        return False
    raw = re.sub(r"\A```\w*\s*|\s*```\Z", "", example.output.strip()).strip()
    if not re.search(r"[^\W_]", raw):
        marks = re.fullmatch(r"[\x00-\x7f…—–·•‘’“”]*", raw)
        return bool(marks) and not (SYMBOLS if len(raw) == 1 else DRAWN).search(example.instruction)
    if MASHED.fullmatch(raw):
        return True
    text = raw.strip("`*_\"' ")
    bare = re.sub(r"^[\s\[<{(_\-*]+|[\s\]>})_\-*.!…:]+$", "", text)
    told = f"{example.instruction} {example.input}".lower()
    if NOTHING.fullmatch(bare) and (text != bare or bare.lower() not in told):
        return text[:1] in "[<{(" or len(words(bare)) < 8 or bare.lower().startswith("lorem")
    said = {word for word in words(bare) if not word.isdigit()} - STOP
    if said and said <= STATES and len(words(bare)) < 7 and not said & set(words(told)):
        return True
    if SLOT.fullmatch(text) and not BRACKETS.search(told):
        return True
    left = BRACKETED.sub(lambda slot: "" if NOTHING.fullmatch(slot[1]) else slot[0], text)
    return left != text and len(words(left)) < 3
