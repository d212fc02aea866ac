"""The parts of a text that ask for something: where one ends and the next begins, and what joins them.

What joins two requests (`while you are at it`, `one more thing:`) is told by its vocabulary: words of joining and words
without a meaning of their own, up to a verb that a request begins with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from alpaca.analysis.phrases import grammar
from alpaca.curation.prose import any_of, words

WONDERS = frozenset(words("what who whom whose where why how which when"))
INVERTS = frozenset(words("is are do does did should would could can was were has have will"))
ASIDES = frozenset(words("of in on at for to from by with under"))
JOINS = frozenset(
    words(
        "also then next after afterwards afterward later another second secondly third thirdly new more addition "
        "additionally separately separate plus besides furthermore moreover finally lastly last done finished ready "
        "while when once well other different unrelated too subsequently following thereafter aside apart meanwhile "
        "btw way further followup extra bonus moving top two s ps completely"
    )
)
LINKS = frozenset(
    words(
        "and now please one thing things task tasks question request instruction exercise assignment prompt item part "
        "step note topic subject problem here there is are the a an my your our to in on at it that this these with "
        "for of from as by you you're i i'd i'll would like want need could can should must have has had also so oh ok "
        "okay alright hey kindly completed complete completing answered answering that's it's out being said all first "
        "firstly just if time still go ahead be sure will off going up some something p o follow not let's let me "
        "would've you've you'd both do following do after before start begin 1"
    )
)
LABELS = (
    r"task|part|step|question|item|exercise|request|assignment|instruction|problem|prompt|query|section|activity|"
    r"command|job|q|no"
)
NUMERALS = r"\d{1,3}|[a-d]|i{1,3}|iv|one|two|three|four|first|second|third"
OTHER = r"second|third|next|new|another|other|final|additional|extra|further|separate|different|unrelated"
# What begins a part: `Second task:`, `Task 2:`, `b)`, `Next:`, a bullet.
MARK = re.compile(
    r"^[\s>*#\"'“(\[]*(?:"
    rf"(?:(?:the )?(?:{OTHER}) )?(?:{LABELS})s?\b[ #]*(?:{NUMERALS})?\W{{1,3}}(?=\s|[A-Z]|$)|"
    rf"(?:q|no|nr|task|question)?[#.]?(?:{NUMERALS})\s*[.):\]]+\s*(?=(?-i:[A-Z\"“])|$)|"
    rf"(?:{OTHER}|bonus)\s*[:–-]\s+|"
    r"[-*•–—|/+&=~>]+\s*(?=\S|$)"
    r")+",
    re.IGNORECASE,
)
# What says that a request is another one.
LABELLED = any_of(
    rf"\b(?:{OTHER}) (?:task|question|request|thing|instruction|exercise|prompt|note|topic)\b",
    rf"\A\W*(?:{LABELS})s?\b[ #]*(?:{NUMERALS})?\W",
    rf"\A\W*(?:b\)|\(b\)|second\b|(?:{OTHER}|bonus|also|and also)\s*[:–-])",
)
# What a request begins with that says what it is about: `given a title, ...`.
GIVEN = re.compile(
    r"(?:given|based on|using|from|for|in(?! what| which| addition)|with|considering|like) (?!that\b|this\b|"
    r"it\b)[^,.:\n]{3,90}, (?=[a-z]+\b)(?!and\b|or\b)",
    re.IGNORECASE,
)
COURTESY = re.compile(
    r"^(?:(?:please|now|kindly|(?:can|could|would|will) you|i(?:['’]d| would)? (?:want|need|like) you to|"
    r"you (?:should|must|need to|have to))[, ]+(?:also |then |please )*)+",
    re.IGNORECASE,
)


# Signs that join: `/`, `---`.
SIGN = re.compile(r"[/|~;]|[-=*#–—]{2,}")
# What a demand may be wrapped in.
SURE = re.compile(r"\b(?:(?:make|be) sure|remember|don['’]t forget) to\s+", re.IGNORECASE)
# After which any word but one of joining is a verb.
DEMANDED = re.compile(
    r"\b(?:(?:can|could|would|will|should|must) you|(?:like|want|need) you to)(?: also| please| then| now)*\s+\Z",
    re.IGNORECASE,
)
# What stands before a noun that might be a verb: `the plan`.
DETERMINED = re.compile(
    r"\b(?:the|a|an|my|your|our|this|these|those|some|each|every|of|for|with|his|her|their|its)\s+\Z", re.IGNORECASE
)
HELPS = re.compile(r"do not|don['’]t|(?:can|could|would) you (?:please )?help", re.IGNORECASE)
# Verbs that are as often nouns or say more of the same request.
LOOSE = frozenset(
    words(
        "add apply ask attach balance break bring call change check come comment cut design detail display document "
        "double draft drop figure file fill form format get go group guess guide have help highlight increase reduce "
        "improve join judge keep label lay leave link look make map mark match measure model move note number offer "
        "order output paint phrase pick place plan play plot point present print process program prompt put query "
        "quote rank rate read record report request research review round run say search send set share show sort spot "
        "start state stop structure support tag take teach tell test think touch trace track train transform turn use "
        "utilize welcome word work include ensure answer respond return reply consider avoid mention incorporate "
        "finish continue follow"
    )
)
# What begins another part in the middle of a line, by its capital; and what joins one, after a comma.
MIDWAY = (
    rf"(?:{LABELS.title()}) (?:\d|[A-D]|[Oo]ne|[Tt]wo)|Q\d|[A-D]\)|\([a-d\d]\)|\d[.)] [A-Z]|[b-d]\)\s[A-Z]|P\.?S\b|"
    r"(?:Also|Plus|Next|Then|After|Once|Finally|On an?|While|When|As an?|Bonus|Lastly|Second)\b|By the way|In addition|"
    r"One (?:more|other)|Could you|Can you|I would|I also|Separately|Additionally|Furthermore|Besides|Moreover"
)
INVERTED = r"(?:Can|Could|Would) you\s|(?:Is|Are|Does|Do|Did|Has|Have) (?:there|it|the|a|an|you|we|people)\s"
AFTER = (
    r"also|then|after|next|finally|additionally|separately|furthermore|moreover|besides|lastly|subsequently|afterwards|"
    r"in addition"
)
QUESTION = (
    r"(?:how|what|where|who|whom|whose|why)(?: \w+)? "
    r"(?:is|are|do|does|did|was|were|can|could|should|would|will|has|have)\s"
)


class Request(NamedTuple):
    """A part of a text as written, the same without what joins it (`bare`), and how it is joined."""

    text: str
    bare: str
    joint: str = ""  # the words that join it
    marked: bool = False  # with a number, a bullet or a label
    within: bool = False  # a sentence, by `and` or a comma
    labelled: bool = False  # as another task

    @property
    def joined(self) -> bool:
        return self.marked or bool(JOINS & set(words(self.joint)))

    @property
    def tight(self) -> bool:
        return self.within and not self.joined

    @property
    def asks(self) -> bool:
        """Whether it is a request or a question, and not only the frame of one."""
        return bool(self.bare) and len(words(self.bare)) > 2 and not HELPS.match(self.bare)


@cache
def verbs() -> frozenset[str]:
    return frozenset(grammar()["verbs"]) | {"code", "animate", "sing", "solve", "quote", "approach"}


def requests(text: str) -> Iterator[Request]:
    """Yield the parts of a text; those that ask for nothing have an empty `bare`."""
    marked, start, carried = False, -1, ""
    for first, end, border in _parts(text):
        part = text[first:end].strip()
        found, within = MARK.match(part), border == "within"
        marked = marked or border == "sign"
        rest = part[found.end() :] if found else part
        joint, bare = _without_joint(rest)
        if not bare and set(words(rest)) <= JOINS | LINKS:
            marked, carried, start = marked or bool(found), f"{carried} {joint} ", first if start < 0 else start
            continue
        whole = text[first if start < 0 else start : end].strip()
        labelled = bool(bare) and bool(LABELLED.search(whole[: len(whole) - len(bare)]))
        yield Request(whole, bare, carried + joint, marked or bool(found), within, labelled)
        marked, start, carried = False, -1, ""


def _without_joint(part: str) -> tuple[str, str]:
    """Return what joins a part, and the request without it; the latter is empty where the part asks for nothing."""
    part = SURE.sub("", part.strip())
    for found in re.finditer(r"[\w'’]+(?:-\w+)*", part):
        before, rest = part[: found.start()], part[found.start() :]
        word = found[0].lower().replace("re-", "re").replace("’", "'")
        if led := GIVEN.match(rest):
            return before, rest[led.end() :]
        if DEMANDED.search(before) or (_may_ask(word, before) and _begins(word, rest)):
            return (part, "") if DETERMINED.search(before) else (before, COURTESY.sub("", rest))
        if word not in JOINS | LINKS:
            break
    return part, ""


def _may_ask(word: str, before: str) -> bool:
    """Tell whether a word that may join, too, begins a request here."""
    if not words(before) or word not in LINKS or word in ASIDES:
        return True
    return word in INVERTS and before.rstrip()[-1] in ",:"


def _begins(word: str, rest: str) -> bool:
    """Tell whether a request begins with this word."""
    if re.match(r"\w+\W*[:=,]", rest):
        return False
    if word in ASIDES:
        return bool(re.match(r"\w+ (?:what|which|whom)\b", rest, re.IGNORECASE))
    if word == "when":
        return bool(re.match(r"when (?:is|are|do|did|does|was|were|will|should|can)\b", rest, re.IGNORECASE))
    if word in INVERTS:
        return "?" in rest and not re.match(r"\w+ (?:you|i|we)\b", rest, re.IGNORECASE)
    return word in WONDERS or word in verbs()


def _parts(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where the parts begin and end, and whether each is joined `within` a sentence, by a `sign`, or neither."""
    start, border = 0, ""
    for found in _borders().finditer(text):
        before = text[start : found.start()].strip()
        if before and not _goes_on(before, found):
            yield start, found.start(), border
            start, border = found.end(), found.lastgroup or ("sign" if SIGN.search(found[0]) else "")
    if text[start:].strip():
        yield start, len(text), border


def _goes_on(before: str, border: re.Match[str]) -> bool:
    """Tell whether what looks like a border is none: `compare and contrast`, `given a text, write a title`, a title."""
    if border.lastgroup != "within":
        return _titled(before, border)
    if border[0].startswith(",") and not _without_joint(before)[1]:
        return True
    return words(before)[-1:] != [] and words(before)[-1] in verbs()


def _titled(before: str, border: re.Match[str]) -> bool:
    """Tell whether a verb in capitals is a part of a title: `The Average Rate`."""
    last = before.split()[-2:]
    return (
        border[0].isspace()
        and "\n" not in border[0]
        and len(last) == 2
        and all(word[0].isupper() for word in last)
        and last[-1][-1].isalpha()
    )


@cache
def _borders() -> re.Pattern[str]:
    """Return where parts end: lines, sentences, signs, words that join, and a verb that begins another request."""
    verb = "|".join(sorted(verbs() - LOOSE))
    capital = "|".join(word.capitalize() for word in sorted(verbs() | WONDERS))
    upper = rf"(?-i:(?:And |Then |Also )?(?:{capital})\s[a-zA-Z\d\"'“(]|{INVERTED})"
    return any_of(
        r"\n+",
        r"(?<=[.?!])[\"'”)\]]*\s+(?:[-–—=*~#/|]{1,5}\s+)?",
        rf"(?:(?<=[a-z)\"'”][.?!])|(?<=\d\d[.?!]))(?={upper})",  # no space between sentences
        rf"(?<=[a-z])(?={upper})",
        rf"\s+(?:[|/+&~•]|[-–—]{{1,5}}|={{3,}}|\*{{3,}}|#{{3,}}|>+)\s+(?={upper})",
        r"\s+(?:-{3,}|={3,}|\*{3,}|#{3,})\s+|;\s*",
        rf"(?<=[\w)\]\"'”])\s+(?={upper})(?!(?-i:\S+ [A-Z]))",
        rf"\s+(?=(?-i:{MIDWAY}))",
        rf"(?:,\s*(?:and\s+|but\s+)?|\s+and\s+)(?=(?:{AFTER})\b)",
        rf"(?P<within>,?\s+(?:and|&|plus|as well as|along with)\s+(?=(?:please )?(?:(?:{verb}|of what)\s|{QUESTION}))|"
        rf",\s+(?=(?:{verb})\s+(?:a|an|the|\d+|two|three|four|five|how|what|why)\s))",
    )
