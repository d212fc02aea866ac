"""What tells that an instruction or an input holds a second request, which has nothing to do with the first."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from alpaca.curation.prose import STOP, any_of, words
from alpaca.curation.requests import INVERTS, WONDERS, Request, requests, verbs
from alpaca.records import Example

FRAMES = frozenset(
    words(
        "simulate roleplay impersonate be imagine suppose pretend consider assume read look take act see note remember "
        "use given let try go answer"
    )
)
# Verbs that say more of the first request, and verbs that often do: these need more words that are new.
CONSTRAINS = frozenset(
    words(
        "reflect focus emphasize highlight cover elaborate touch respond reply speak use include ensure keep fill "
        "follow format start end begin limit avoid output print return mention read apply separate act visit call want "
        "need let go put"
    )
)
ADDS = frozenset(
    words(
        "state make add provide give show support consider explain sort feel answer match write help is are do does "
        "can could would should did"
    )
)


def _stem(word: str) -> str:
    """Return the first letters, without a plural's `s`."""
    return re.sub(r"(?<=[^s])s\Z", "", word)[:5]


# Nouns of relation: without a complement they are about what was said before.
RELATIONS = (
    "total cost price literary devices errors mistakes terms meaning moral lesson author key tips ways strategies "
    "recommendations alternatives improvements potential challenges risks implications limitations applications "
    "reasons causes effects consequences outcomes time materials ingredients tools equipment calculation formula "
    "findings role purpose origin background theme mood plot ending setting slogan summary overview analysis "
    "definition leftovers"
)
# Words of the form of an answer.
FORM = frozenset(
    _stem(word)
    for word in words(
        f"{RELATIONS} "
        "sentence words example bullet list format formatted detail detailed steps tone paragraph output json table "
        "code reason reasoning answer response brief concise explanation points language characters choices options "
        "headings title sources citations references style simple clear specific instructions result solution "
        "arguments evidence rhyme stanza lines letters emojis hashtags punctuation conclusion introduction audience "
        "reader user statement number value variables functions input short good creative different best pros cons "
        "briefly rubric following given provided text sure"
    )
)
GENERIC = frozenset(
    _stem(word)
    for word in words(
        "benefits advantages disadvantages ways types kinds features differences similarities effects impact "
        "importance main people person someone things make common questions problem different good list three concept "
        "process"
    )
)
NUMBERS = frozenset(words("quoted three four five seven eight nine eleven twelve first second third using"))
NAMED = (
    r"answer|response|output|result|story|sentence|text|poem|list|code|paragraph|article|essay|word|phrase|item|"
    r"function|program|passage|title|equation|option|section|metaphor|theme|mood|sentiment|tone|message|plot|problem|"
    r"number|character|event|example|point|idea|topic|reason|step|choice|decision|process|concept|term|difference|data|"
    r"table|input|one"
)
SEASONS = r"upcoming|coming|year|week|month|weekend|summer|winter|spring|fall"
COMPLEMENT = (
    r"of|in|for|between|to|from|by|called|titled|named|about|with|necessary|needed|required|QUOTED|that|who|which"
)
# Words that refer to what another part says: `the same`, `this text`, `the answer` that is of nothing else, `for each`.
REFERS = any_of(
    rf"\b(?:above|below|both|same(?! \w+ as)|else|another|others?|(?:this|these|those) (?!(?:{SEASONS})\b)\w+|"
    rf"if (?:so|not|needed|necessary|possible)|back then|why\?|(?:the|this|that|each|"
    rf"your) (?:\w+ )?(?:{NAMED}))s?\b(?! +(?:{COMPLEMENT})\b|\s*[\"“'])",
    r"\b(?:this|that|(?:of|for|to|with) each(?: \w+)?|these|those|so|instead|too|accordingly|respectively|as well|"
    r"(?:in|on|at|along) the (?:way|end|side))[.?!]?$",
    r"\bwhat (?:was|is|has been|they|he|she) (?:said|says?|done|written|discussed|happening|happened|happens)\b",
    r"\bthat follows?\b|\A\w+ (?:is|are|was|were) the \w+[.?]*\Z",
    r"\b(?:some|any|all|each|most|one|two|three) of (?:the|these|those|its) \w+[.?!]?$",
)
PRONOUN = any_of(
    r"\b(?:it|its|them|they|their|he|she|his|her|him|ones)\b(?! (?:is |was |be |would be |takes? )?(?:\w+ )?(?:to|that|"
    r"for)\b)"
)
# What a request names as following it, and quotes: they are its own.
OWN = any_of(
    r"[\"“][^\"”]{1,400}[\"”]",
    r"(?<!\w)['‘][^'’\n]{1,60}['’](?!\w)",
    r"\bthe following(?: \w+){1,2}\b",
    r"\b(?:this|the given|these|following|the)(?: \w+){1,2}(?:[^.:]{0,50}: *\S| (?=\d)).*",
    flags=re.IGNORECASE | re.DOTALL,
)
SOMEBODY = re.compile(
    r"\b(?:some(?:one|body)|people|persons?|child\w*|students?|characters?|wom[ae]n|m[ae]n|friends?|users?|customers?|"
    r"patients?|twins?)\b",
    re.IGNORECASE,
)
SPEAKER = re.compile(r"\b(?:I|my|me|we|our|us)\b")
TEXTS = (
    r"sentence|text|response|chat|conversation|dialogue?|description|paragraph|question|search|article|passage|title|"
    r"email|review|lyrics"
)
GIVEN = (
    r"language|sentence|text|input|phrase|title|instruction|question|command|request|statement|task|prompt|query|"
    r"paragraph|passage|article|joke|riddle|proverb|idiom|problem|scenario|line|dialogue|topic"
)
HANDLES = (
    r"answer|respond|reply|solve|classify|categorize|rewrite|edit|translate|paraphrase|rephrase|reword|correct|"
    r"continue|complete|rate|simplify|improve"
)
# Instructions that speak of a text that is given.
GIVES = any_of(
    rf"\b(?:following|given|provided|existing|below|above|this|these|(?:the|my|natural|"
    rf"an?) (?:\w+ ){{0,2}}(?:{GIVEN}))s?\b",
    rf"^(?:{HANDLES})\b",
)
HOLDS = any_of(rf"\b(?:following|given|below|this|these|the (?:\w+ )?(?:{TEXTS}))s?\b", r":\s*$")
# Instructions whose input may hold requests.
SPEAKS_OF_REQUESTS = any_of(
    r"\b(?:questions?|tasks?|instructions?|prompts?|commands?|requests?|quer(?:y|ies)|steps?|exercises?|assignments?|"
    r"to-?dos?|checklist|dialog\w*|conversations?|chat\w*|quiz\w*|exams?|surveys?|interviews?|recipes?|directions|"
    r"procedures?|homework|agenda|speech act|imperative\w*|outline)\b"
)
ANOTHER = re.compile(r"\W*(?:\w+ )?(?:second|next|new|another|other|third|also)\b|\W*\w+ ?[2-9b-d]\b", re.IGNORECASE)
HOLDS_REQUESTS = any_of(
    r"\b(?:questions|tasks|instructions|prompts|commands|exercises|quiz|exam|survey|interview|faq|problems|"
    r"conversation|dialog\w*|chat\w*|to-?do list)\b"
)
MAKES_QUESTIONS = any_of(
    r"\b(?:formulate|generate|create|write|make|come up with|suggest|ask|construct|design)\b[^.?!]{0,40}\bquestions?\b",
    r"\bquestion, \w+|, (?:or )?(?:question|command|statement)\b",
)
# Verbs that begin requests to a language model, and rarely sentences of a text.
CALLS = frozenset(
    words(
        "write describe explain create generate list name give provide identify find classify compose summarize "
        "translate suggest calculate convert rewrite edit compare construct design develop define determine outline "
        "analyze categorize propose state tell formulate devise paraphrase brainstorm predict evaluate recommend "
        "compute arrange what who which where why how"
    )
)
# A clause that what follows goes on with.
MODAL = re.compile(r"\b(?:so that|(?:would|should|could) (?:you|i|we)) [^.?!;\n]*\Z", re.IGNORECASE)
DETERMINED = re.compile(r"\w+ (?:up with )?(?:an?|the|\d+|two|three|four|five|some) ", re.IGNORECASE)
DEFINITE = re.compile(r"\w+ (?:the|any|all|each|every|its|your|how the|which)\b", re.IGNORECASE)
# Instructions that say that they hold several tasks.
COUNTED = any_of(
    r"\b(?:these|the following|two|three|four|several|\d) (?:two |three |four |separate |different )?(?:things|tasks|"
    r"requests)\b",
    r"\bboth of (?:these|the following)|\ball of the following:",
)
PAIR = re.compile(
    r"^\W*(?:q|question|task|prompt|query|request|problem|exercise)\W{0,3}\d*: *([^\n]+)\n+"
    r"\W*(?:a|ans|answer|output|response|solution|result|completion)\W{0,3}\d*: *\S[^\n]*(?:\n(?!\w+:)[^\n]*)*",
    re.IGNORECASE | re.MULTILINE,
)
HOLDS_PAIRS = any_of(
    HOLDS_REQUESTS.pattern, r"\b(?:questions?|answers?|examples|prompt|tasks?|problem|q ?& ?a|faq|format)\b"
)
LONG = 500  # characters; longer instructions hold texts


def unrelated(example: Example) -> str | None:
    """Return a second request, which shares no word with the first, nor refers to it, and is answered apart or not.

    Where something joins it (`also`, a number), how it is answered does not matter. Long instructions hold texts, and
    are not looked at.
    """
    if len(example.instruction) > LONG:
        return None
    told = _own_words(example)
    text = example.instruction.strip()[len(told) :]
    held = Example(told, text.strip(), example.output) if text else example
    return _in_instruction(example) or _in_input(held)


def pair(example: Example) -> str | None:
    """Return a question with its answer, of which the rest of an instruction says nothing."""
    for text in (example.instruction, example.input):
        found = PAIR.search(text) if ":" in text and "\n" in text else None
        if not found:
            continue
        rest = example.instruction[: found.start()] if text is example.instruction else example.instruction
        alone = not (text is example.instruction and found.start() == 0)
        own = _stems(words(found[1])[1:]) - FORM
        if alone and own and not (HOLDS_PAIRS.search(rest) or GIVES.search(rest) or own & _stems(words(rest))):
            return found[1]
    return None


def _in_instruction(example: Example) -> str | None:
    before = set[str]() if _is_request(example) else _stems(words(example.input)[:200])
    asked, counted = False, bool(COUNTED.search(example.instruction))
    for request in _asked(example):
        request = request._replace(marked=request.marked or counted)
        if asked and request.asks and _new(request, before, example):
            return request.text
        asked = asked or (request.asks and words(request.bare)[0] not in FRAMES)
        before |= _stems(words(request.text))
    return None


def _asked(example: Example) -> Iterator[Request]:
    """Yield the parts of an instruction, and an input that is a request."""
    yield from requests(_own_words(example))
    if _is_request(example):
        text = example.input.strip()
        yield Request(text, text)


def _new(request: Request, before: set[str], example: Example) -> bool:
    """Tell whether a request is about something else than what comes before."""
    new = _stems(words(request.bare)[1:]) - FORM
    told = example.instruction.partition(request.text)[0]
    if len(new) < _least(request) or _refers(request) or _goes_on(request, told, example):
        return False
    if not request.labelled and _shared(request, before, len(new)):
        return False
    return (request.joined and not request.tight) or _answered_apart(example.output, before - FORM, new)


def _goes_on(request: Request, told: str, example: Example) -> bool:
    """Tell whether a request goes on with what was told: a clause, the speaker's affairs, or the text that is given."""
    if request.bare[0].islower() and MODAL.search(told):
        return True
    if SPEAKER.search(request.bare) and SPEAKER.search(told):
        return True
    text = example.input.strip() or len(_own_words(example)) < len(example.instruction.strip())
    loose = not request.joined or DEFINITE.match(request.bare)
    return bool(text and loose and not request.labelled and GIVES.search(told))


def _shared(request: Request, before: set[str], new: int) -> set[str]:
    """Return the words that a request shares with what comes before; those of form do not count beside others."""
    common = FORM | GENERIC if new > 1 + (not request.joined) else set()
    return {stem for stem in _stems(words(request.bare)[1:]) & before if not stem.isdigit()} - common


def _least(request: Request) -> int:
    """Return how many words of a request must be new."""
    verb = words(request.bare)[0]
    if request.joined:
        return 3 if verb in CONSTRAINS and not request.labelled else 1
    if verb in CONSTRAINS or verb in INVERTS:
        return 9
    if request.tight:
        return 2 if DETERMINED.match(request.bare) or verb in WONDERS else 3
    return 1 + (verb in ADDS) + request.bare[0].islower()


def _refers(request: Request) -> bool:
    """Tell whether a request speaks of what another part named."""
    told = OWN.sub(" QUOTED ", request.bare)
    found = PRONOUN.search(told)
    ends = found and len(words(told[found.end() :])) == 0
    first = told[: found.start()] if found else ""
    back = found and len(_stems(words(first))) < (4 if ends else 2) and not SOMEBODY.search(first)
    return bool(back or REFERS.search(told))


def _own_words(example: Example) -> str:
    """Return an instruction without the text that it gives after an empty line or after `Read the following:`."""
    text = example.instruction.strip()
    first, _, rest = text.partition("\n")
    if not rest or example.input.strip() or re.search(r":\s*\S|[\"“]", first):
        return text
    told = first if rest.startswith("\n") or first.rstrip().endswith(":") else text.partition("\n\n")[0]
    several = first.rstrip().endswith(":") or COUNTED.search(first)
    tasks = several and sum(request.marked and request.asks for request in requests(rest)) > 1
    return told if HOLDS.search(told) and not tasks else text


def _in_input(example: Example) -> str | None:
    """Return a request that follows the text of an input: joined to it, or a line of its own."""
    text = example.input
    asked = MAKES_QUESTIONS.sub("", example.instruction)
    if not text.strip() or len(text) > 2000 or HOLDS_REQUESTS.search(asked):
        return None
    spoken = bool(SPEAKS_OF_REQUESTS.search(asked))
    parts, before = list(requests(text)), set[str]()
    listed = spoken or sum(part.asks for part in parts) > 2 or (bool(parts) and parts[0].asks)
    for request in parts:
        may = request.asks and not request.tight and (not listed or _other(request, spoken))
        if before and may and _interrupts(request, text, before):
            return request.text
        before |= _stems(words(request.text))
    return None


def _other(request: Request, spoken: bool) -> bool:
    """Tell whether a request says that it is another one, or is labelled as one where no such labels are spoken of."""
    again = request.joined and len(words(request.joint)) > 1  # `when you are done`
    return (request.labelled or again) and not (spoken and request.labelled and not ANOTHER.match(request.text))


def _interrupts(request: Request, text: str, before: set[str]) -> bool:
    """Tell whether a request is no part of the text before it."""
    line = bool(re.search(rf"(?:\A|\n)\s*{re.escape(request.text[:30])}", text))
    new = _stems(words(request.bare)[1:]) - FORM
    if request.labelled or not new or not (line or request.joined):
        return request.labelled and (line or request.joined)
    if line and request.joint and request.joined:
        return True
    if request.marked or words(request.bare)[0] not in CALLS:
        return False
    if line and re.search(r"\b(?:given|following|provided|this) \w+", request.bare):
        return True
    begins = request.bare[0].isupper() or request.joined
    return begins and len(new) > 1 and not new & before and len(words(request.bare)) > 3


def _is_request(example: Example) -> bool:
    """Tell whether the input is a request of its own, where the instruction speaks of no text that is given."""
    first = words(example.input)[:1]
    short = 3 < len(words(example.input)) < 40
    known = bool(first) and (first[0] in verbs() or first[0] in CALLS)
    return known and short and "\n" not in example.input.strip() and not GIVES.search(example.instruction)


def _answered_apart(output: str, first: set[str], second: set[str]) -> bool:
    """Tell whether an output says less than half of the second request's words, or only after or before the first's."""
    said = [_stem(word) for word in words(output)]
    own = [place for place, word in enumerate(said) if word in second]
    others = [place for place, word in enumerate(said) if word in first]
    if 2 * len({said[place] for place in own}) < len(second) + (len(second) > 2):
        return True
    ahead = sum(bisect_left(others, place) for place in own)  # pairs where the word of the first request comes first
    pairs = len(own) * len(others)
    return max(ahead, pairs - ahead) >= 0.8 * pairs if others else len(first) > 1


def _stems(tokens: list[str]) -> set[str]:
    """Return the stems of the words that mean something."""
    return {
        _stem(word) for word in tokens if (len(word) > 3 or word.isdigit()) and word not in STOP and word not in NUMBERS
    }
