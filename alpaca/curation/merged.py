"""What tells that an instruction holds a second request, which has nothing to do with the first."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from alpaca.analysis.phrases import grammar
from alpaca.curation.prose import STOP, words
from alpaca.records import Example

QUESTIONS = frozenset(words("what who whom whose when where why how which is are do does did should would could can"))
FRAMES = frozenset(
    words("imagine suppose pretend consider assume read look take act see note remember use given let try go answer")
)
CONSTRAINS = frozenset(
    words(
        "respond reply speak use include ensure keep fill follow format start end begin limit avoid output print return mention read apply separate act visit call want need let state go put"
    )
)  # they say more of the first request
ADDS = frozenset(
    words(
        "make add provide give show support consider explain sort feel answer match write help is are do does can could would should did"
    )
)  # they often do, so they need more words that are new
FORM = frozenset(
    word[:5]
    for word in words(
        "sentence words example bullet list format formatted detail detailed steps tone paragraph output json table code reason reasoning answer response brief "
        "concise explanation points language characters choices options headings title sources citations references style simple clear specific instructions "
        "result solution arguments adjectives evidence rhyme stanza lines letters emojis hashtags punctuation conclusion introduction audience reader user "
        "statement number value variables functions input short good creative different best pros cons briefly rubric following given provided text sure"
    )
)
GENERIC = frozenset(
    word[:5]
    for word in words(
        "benefits advantages disadvantages ways types kinds features differences similarities effects impact importance main people person someone things make common questions problem different good list three concept process"
    )
)
REFERS = re.compile(
    r"\b(?:above|below|both|same|else|another|others?|(?:this|these|those) \w+|if (?:so|not|needed|necessary|possible)|back then|why\?|(?:the|this|that|each|your) (?:\w+ )?(?:answer|response|"
    r"output|result|story|sentence|text|poem|list|code|paragraph|article|essay|word|phrase|item|function|program|passage|title|equation|problem|number|character|event|example|point|idea|topic|"
    r"reason|step|choice|decision|process|concept|term|difference|data|table|input|one))s?\b(?! +(?:of|in|for|between|to|from|by|called|titled|named|about|with|necessary|needed|required|QUOTED|that|who|which)\b)|"
    r"\b(?:this|that|(?:of|for|to|with) each|these|those|so|instead|too)[.?!]?$",
    re.IGNORECASE,
)
PRONOUN = re.compile(
    r"\b(?:it|its|them|they|their|he|she|his|her|him|ones)\b(?! (?:is |was |be |would be |takes? )?(?:\w+ )?(?:to|that|for)\b)",
    re.IGNORECASE,
)
OWN = re.compile(
    r"\bthe following \w+(?=[.?!]?$)|\b(?:this|the following|the given|these|following|the)(?: \w+){1,2}(?:[^.:]{0,50}: *\S| +QUOTED| (?=\d)).*",
    re.IGNORECASE | re.DOTALL,
)  # what a request names as following it
SOMEBODY = re.compile(
    r"\b(?:some(?:one|body)|people|persons?|child\w*|students?|characters?|wom[ae]n|m[ae]n|friends?|users?|customers?|patients?|twins?)\b",
    re.IGNORECASE,
)
SPEAKER = re.compile(r"\b(?:I|my|me|we|our|us)\b")
SPLIT = re.compile(
    r"(?<=[.?!])\s+|\n+|;\s+|(?<=[.?!a-z])\s+[/|+]\s+(?=(?-i:[A-Z]))|\s+(?=(?:When (?:finished|done)|And then|(?:Question|Item) \d)\b)|\s+(?=[b-d]\)\s)|\s+(?=(?-i:As (?:a|another) (?:second|separate|new|different) task|After that|Also|Then|In addition|Additionally|Next|Finally|And then|And also|Separately|Furthermore|Moreover|Afterwards|Lastly|(?:Task|Part|Step) (?:\d+|[A-D]|[Oo]ne|[Tt]wo|[Tt]hree)|(?:Second|Third|Next|New|Another|Other) (?:task|request|question|instruction)|P\.?S\.?|Plus|Once (?:you have |you are |that is |this is )?(?:done|finished)|Besides)\b[,:]?\s)|(?<=[a-z)\]0-9])\s(?=(?-i:Write|Describe|Explain|Create|Generate|List|Name|Give|Tell|Suggest|Translate|Summarize|What|Who|How|Why|When|Where|Calculate|Compose|Identify|Find|Provide|Convert)\s)|(?:,?\s+and|,)\s+(?:then|also|additionally|after that|afterwards|finally|separately|in addition|next|furthermore|besides|lastly)[,:]?\s+|\s+(?:additionally|furthermore|separately|besides that)[,:]\s+",
    re.IGNORECASE,
)
CONNECTIVE = re.compile(
    r"^(?:\d{1,2}[.)]|[-*•(]|[a-d][.)])?\s*(?:then|also|additionally|after that|afterwards|finally|separately|in addition|next|furthermore|moreover|besides|lastly|secondly|second|(?:and )?(?:here is )?(?:a |the |another |one )?(?:second|third|new|next|other|additional|separate|further|another|follow-?up) (?:task|request|question|instruction|exercise|assignment|prompt|thing)(?: \d)?(?: is)?|and|now|plus|p\.?s\.?|third|thirdly|first|firstly|(?:part|task|step|exercise|request|item|section) (?:[a-d\d]|one|two|three|four)|when (?:you(?:'re| are)? )?(?:finished|done)|(?:question|item) \d|once (?:you(?:'re| are| have|'ve)? |that is |this is |it is )?(?:done|finished)(?: (?:that|this|so|it))?|when (?:you(?:'re| are)? )?(?:done|finished)|as (?:a|another) (?:second|separate|new) task|another (?:task|thing|one)|on a (?:different|separate) (?:note|topic))[,:.\s]+(?:please\s+)?",
    re.IGNORECASE,
)
LEADING = re.compile(
    r"^(?:given|based on|using|from|for|in(?! what| which)|with|considering) [^,]{3,80}, (?=[a-z])", re.IGNORECASE
)


class Request(NamedTuple):
    """A part of an instruction: as written, without what joins it, and whether something such as `also` or a number joins it."""

    text: str
    bare: str
    joined: bool

    @property
    def asks(self) -> bool:
        """Whether it is a request or a question, and not only the frame of one."""
        first = words(self.bare)[:1]
        return bool(first) and first[0] in _verbs() and len(words(self.bare)) > 2 and not HELPS.match(self.bare)

    @property
    def stands_alone(self) -> bool:
        return self.asks and words(self.bare)[0] not in FRAMES

    @property
    def refers(self) -> bool:
        """Whether it speaks of what another part named."""
        told = OWN.sub(" ", self.bare)
        found = PRONOUN.search(told)
        ends = found and len(words(told[found.end() :])) == 0
        back = (
            found
            and len(_stems(words(told[: found.start()]))) < (4 if ends else 2)
            and not SOMEBODY.search(told[: found.start()])
        )
        return bool(back or REFERS.search(told))


@cache
def _verbs() -> frozenset[str]:
    return QUESTIONS | frozenset(grammar()["verbs"])


def unrelated(example: Example) -> str | None:
    """Return a request after another that shares no word with what comes before, does not refer to it, and is answered apart or not at all.

    Where something joins it (`also`, a number), how it is answered does not matter. Long instructions hold texts, and are not looked at.
    """
    if len(example.instruction) > 500:
        return None
    lines = example.instruction.strip().split("\n")
    own = re.search(r":\s*\S|[\"“]", lines[0])
    holds = (
        not own
        and not example.input.strip()
        and HOLDS.search(lines[0])
        and {line.strip() for line in lines[1:3] if line.strip()}
    )
    before = set[str]() if _is_request(example) else _stems(words(example.input)[:200])
    asked = False
    for request in _requests(example):
        stems = _stems(words(request.bare)[1:])
        new = stems - FORM
        verb = words(request.bare)[0] if words(request.bare) else ""
        tight = request.text.startswith("and ")
        least = (
            4
            if tight
            else 1
            if request.joined
            else 9
            if verb in CONSTRAINS
            else 2
            if verb in ADDS or not request.bare[0].isupper()
            else 1
        )
        if (
            asked
            and request.asks
            and len(new) >= least
            and (
                LABELLED.search(request.text)
                or not (stems & before) - (FORM | GENERIC if len(new) > 1 + (not request.joined) else set())
            )
            and not request.refers
            and not (holds and request.text in holds)
            and not (SPEAKER.search(request.bare) and SPEAKER.search(example.instruction.partition(request.text)[0]))
            and ((request.joined and not tight) or _answered_apart(example.output, before - FORM, new))
        ):
            return request.text
        asked = asked or request.stands_alone
        before |= _stems(words(request.text))
    return None


def _requests(example: Example) -> Iterator[Request]:
    """Yield the parts of an instruction, and an input that is a request."""
    text = re.sub(r"[\"“][^\"”]{1,400}[\"”]", " QUOTED ", example.instruction)
    numbered = False
    for part in _parts(text):
        if re.fullmatch(r"\W*(?:(?:task|part|step|question|item) ?)?(?:\d{1,2}|[A-D])?[.):]?\W*", part, re.IGNORECASE):
            numbered = True
            continue
        bare = LEADING.sub("", CONNECTIVE.sub("", CONNECTIVE.sub("", NUMBER.sub("", part))))
        bare = re.sub(
            r"^(?:(?:please|now|kindly|can you|could you|i want you to|i need you to|you should)[, ]+)+",
            "",
            bare,
            flags=re.IGNORECASE,
        )
        yield Request(part, bare.strip(), numbered or bool(CONNECTIVE.match(part) or NUMBER.match(part)))
        numbered = False
    if _is_request(example):
        yield Request(example.input.strip(), example.input.strip(), False)


LABELLED = re.compile(
    r"\b(?:second|another|separate|next|new|other|different|unrelated) (?:task|question|request|thing|instruction)\b|\A\W*(?:task|question|request|assignment|part|step|problem|exercise|b\)|\(b\)|second)\W*(?:[2-9b-d]|two|second)?\s*[:.),-]\s*[A-Z]",
    re.IGNORECASE,
)
NUMBERS = frozenset(words("quoted three four five seven eight nine eleven twelve first second third using"))
NUMBER = re.compile(r"^(?:\d{1,2}[.):]|[-*•–|/+]|\(?[A-Da-d\d][.):])\s*(?=[A-Z])")
GIVES = re.compile(
    r"\b(?:following|given|provided|existing|below|above|this|these|(?:the|my|natural|an?) (?:\w+ ){0,2}(?:language|sentence|text|input|phrase|title|instruction|question|command|request|statement|task|prompt|query|paragraph|passage|article|joke|riddle|proverb|idiom|problem|scenario|line|dialogue|topic))s?\b|"
    r"^(?:answer|respond|reply|solve|classify|categorize|rewrite|edit|translate|paraphrase|rephrase|reword|correct|continue|complete|rate|simplify|improve|respond)\b",
    re.IGNORECASE,
)
HOLDS = re.compile(
    r"\b(?:following|given|below|this|these|the (?:\w+ )?(?:sentence|text|response|chat|conversation|dialogue?|description|paragraph|question|search|article|passage|title|email|review|lyrics))s?\b|:\s*$",
    re.IGNORECASE,
)
HELPS = re.compile(r"do not|don['’]t|(?:can|could|would) you (?:please )?help", re.IGNORECASE)


def _is_request(example: Example) -> bool:
    """Tell whether the input is a request of its own, where the instruction speaks of no text that is given."""
    first = words(example.input)[:1]
    short = 3 < len(words(example.input)) < 40
    return bool(
        first
        and first[0] in _verbs()
        and short
        and "\n" not in example.input.strip()
        and not GIVES.search(example.instruction)
    )


def _parts(text: str) -> Iterator[str]:
    start = 0
    for found in _split().finditer(text):
        if part := text[start : found.start()].strip():
            yield part
        start = found.end() if not found[0].strip() or found[0].strip() in ";/|+-–" else found.start()
    if part := text[start:].strip():
        yield part


@cache
def _split() -> re.Pattern[str]:
    """Return where parts end: sentences, lines, words that join, and a capital verb within a line."""
    verbs = "|".join(verb.capitalize() for verb in sorted(_verbs() | {"what"}))
    lower = "|".join(sorted(_verbs() - CONSTRAINS - ADDS - QUESTIONS))
    return re.compile(
        rf"{SPLIT.pattern}|(?<=[a-z)\]0-9D])\s+(?=(?-i:(?:And )?(?:{verbs})\s[a-z]))|\s[-–—]+\s(?=(?-i:(?:{verbs})\s[a-z]))|(?<=\w)\s(?=and (?:{lower})\s)",
        re.IGNORECASE,
    )


def _answered_apart(output: str, first: set[str], second: set[str]) -> bool:
    """Tell whether an output says less than half of the words of the second request, or only after (or before) those of the first."""
    said = [word[:5] for word in words(output)]
    own = [place for place, word in enumerate(said) if word in second]
    others = [place for place, word in enumerate(said) if word in first]
    if 2 * len({said[place] for place in own}) < len(second) + (len(second) > 2):
        return True
    ahead = sum(bisect_left(others, place) for place in own)  # pairs where the word of the first request comes first
    pairs = len(own) * len(others)
    return max(ahead, pairs - ahead) >= 0.8 * pairs if others else len(first) > 1


def _stems(tokens: list[str]) -> set[str]:
    return {
        word[:5] for word in tokens if (len(word) > 3 or word.isdigit()) and word not in STOP and word not in NUMBERS
    }
