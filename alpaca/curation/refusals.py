"""The filters of outputs that do not do what was asked: they refuse, ask back, or promise only.

Both look at what is left of a sentence without the words of grammar, of asking and answering, and of the instruction.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache

from alpaca.analysis.phrases import grammar
from alpaca.curation.prose import I_AM, STOP, any_of, either, is_code, plain, sentences, words
from alpaca.records import Example

ASIDE = r"(?: (?:\w+ly|just|also|still|therefore|have to|going to|need to|must|am|be|been|in a position|at liberty))*"
NOT = r"(?:cannot|can ?not|can['’]?t|won['’]?t|(?:could|would|do|did|am) ?n['’]t|not|never)"
NEGATED = rf"(?:{NOT}|unable|incapable|declin(?:e|ing)|refus(?:e|ing)|prefer not|rather not|lack)"
ABLE = either(
    "\\w+ly feel be have to able of possible the any enough permission capability ability capable allowed permitted "
    "comfortable willing going with necessary sufficient further specific it access programmed equipped",
    "in a position",
)
ACT = either(
    "assist\\w* provid\\w+ generat\\w+ creat\\w+ fulfil\\w* comply\\w* answer\\w* complet\\w+ process\\w* access "
    "brows\\w+ see "
    "view\\w* determin\\w+ offer\\w* discuss\\w* writ\\w+ engag\\w+ support\\w* respond\\w* produc\\w+ continu\\w+ "
    "accommodat\\w+ satisf\\w+ handle participat\\w+ perform\\w* execut\\w+ giv(?:e|ing) shar(?:e|ing) tell say "
    "retrieve "
    "context information details data request promot\\w+ make",
    r"help(?:ing)?(?! (?:the|but|it|my|feel|loving|wonder))",
    r"do (?:that|this|so)",
)
REQUEST = r"(?:request|question|prompt|topic|instruction|query|task)"
WANTING = r"(?:information|context|details|data)"
RULES = either("guidelines? polic(?:y|ies) programming principles capabilit\\w+ abilities rules scope terms expertise")
UNFIT = either(
    "inappropriate unethical harmful against outside beyond unclear incomplete",
    r"not (?:appropriate|clear|possible|something)",
    r"be (?:answered|fulfilled|completed|processed)",
)
DECLINES = any_of(
    rf"\b(?:I|we)(?:['’](?:m|d|ll|ve|re))?{ASIDE}(?: (?:would|will|do|can|was|are))?{ASIDE} ?{NEGATED}(?: {ABLE})* "
    rf"{ACT}\b",
    r"\bI (?:have to|must|will have to|am going to|need to|['’]d rather|would rather|would prefer to) (?:decline|"
    r"refuse|pass|not)\b",
    r"\bI (?:politely |respectfully )?(?:decline|refuse) (?:to|this|your)\b",
    rf"\b{I_AM} not (?:at liberty|in a position)\b",
    rf"\b(?:{I_AM}|I was|I['’]ve been|I have been) (?:instructed|told|asked|trained|designed|configured|programmed|"
    rf"required) not to\b",
    r"\b(?:that|this|it)(?:['’]s| is) (?:just |simply |not )?something (?:that )?I(?:['’]m| am)? (?:can|could|unable|"
    r"not|won['’]t|do)",
    r"\b(?:is|are|['’]s) (?:not something|nothing) I(?:['’]m| am| can| will)\b",
    r"\bit (?:is|would be)(?: not|n['’]t) (?:appropriate|possible|ethical|right) for me\b",
)
UNMET = any_of(  # rules that forbid it, and what is missing
    r"\b(?:against|violat\w+|not (?:in line|aligned|consistent) with|outside(?: of)?|beyond)\b[^.!?\n]{0,40}"
    rf"\b(?:my|our|openai|usage|content|ethical|safety)\b[^.!?\n]{{0,20}}\b{RULES}",
    rf"\b(?:this|that|your|the) {REQUEST} (?:is|was|{NOT}|could not|violates|goes|falls|seems|"
    rf"appears)\b[^.!?\n]{{0,40}}\b{UNFIT}",
    rf"\b(?:{I_AM}|I) (?:{NOT}|did not|do not)(?: quite| fully| really)? (?:understand|sure what)(?:ing)? (?:the|"
    rf"your|this|what|you)\b",
    r"\b(?:could|can|would) you (?:please )?(?:rephrase|reword|elaborate|be more specific|explain what you)",
    r"\b(?:please|(?:could|can) you (?:please )?) ?(?:provide|supply|give|share|specify|clarify)\b",
    rf"\bI(?:['’]d| would)? need more {WANTING}",
    rf"(?:not|n['’]t) (?:enough|sufficient) {WANTING} (?:to|for|was|is|has|given|provided)\b",
    r"\bno \w+ (?:was|were|has been|is) (?:provided|given|supplied)\b",
)
DENIES = any_of(
    r"n['’]t\b|\b(?:cannot|not|no|nope|never|nobody|nothing|unable|lack|without|incapable|impossible|fail(?:ed|"
    r"s)?|error)\b",
    r"\b(?:declin\w+|refus\w+|refrain|regret\w*|denied|rather|pass on|blank|off.limits|will have to|some(?:one|body) "
    r"else)\b",
    r"\b(?:inappropriate|irresponsible|unethical|insufficient|beyond|outside|against|violates?|too (?:difficult|"
    r"hard))\b",
)
ENTREATS = any_of(
    r"\?|\b(?:please|kindly|thanks?|welcome|await\w*|wait\w*|need|forg[eo]t\w*|missing|empty|let me know|go ahead|"
    r"paste|ready)\b",
    DENIES.pattern,
)
ASKS_FOR = any_of(
    r"\?|\b(?:please|kindly|you|your|go ahead|again|here|missing|empty|blank|forg[eo]t\w*|await\w*|attached|error|"
    r"denied)\b",
    r"\b(?:supplied|received|request|question|task|topic)\b",
)
ELIDED = any_of(r"\W*(?:nope|sorry|can['’]t|cannot|unable|won['’]t|not able)\b")
YES_NO = any_of(r"(?:yes|no)\W*(?:,|\b(?:I|it|they|we)\b)")
GREETS = any_of(r"\W*(?:hello|hi|hey|good (?:morning|evening)|thanks?|greetings)\b")
TAKEN_BACK = any_of(r"help but|\b(?:when|while|if) I(?:'m| am)? not")
REASON = any_of(r",? \b(?:because|since|due to|as (?:it|this|that)|so that|in case)\b|;| [-–—] ")
EXCHANGE = frozenset(  # what is said of asking and answering, whatever is asked
    words(
        # what is done
        "answer question request ask task information info help assist assistance aid service work working job reply "
        "respond "
        "response say tell talk speak discuss mention comment topic subject content matter thing provide produce "
        "generate create "
        "make deliver give offer supply share send show present submit attempt try carry perform handle process "
        "fulfil fulfill "
        "complete comply satisfy proceed start begin continue finish do doing go going draw stop leave put get come "
        "take keep "
        # who can
        "able unable ability capable incapable capability capacity equip means position power skill qualified expert "
        "expertise "
        "experience knowledge know idea sure certain uncertain familiar learn taught teach train program design "
        "build mean meant "
        # who may
        "allow permit permission authority authorize liberty free comfortable willing refuse decline deny refrain "
        "pass prefer "
        "rather reject guideline policy rule principle restriction limit limitation scope remit ground ethic ethical "
        "unethical "
        "harmful safe safety reason legal appropriate inappropriate responsible irresponsible conscience violate "
        "conflict against "
        "beyond outside fall possible impossible difficult hard easy tricky complicated error fail denied available "
        "unavailable "
        # what one feels
        "sorry afraid apologize apology regret regretful unfortunate regrettable sad wish hope love glad happy "
        "pleased delighted "
        "appreciate understand understood think thought feel find seem appear mind honest trust consider "
        # what is there
        "see read view look hear notice receive clear unclear vague specific detail context further additional "
        "enough sufficient "
        "insufficient complete incomplete missing empty blank lack without include attach access data material box "
        "field input "
        "text prompt instruction file word sentence paragraph document message chat conversation "
        # what the other shall do
        "rephrase reword clarify clarification elaborate specify repeat resend forget forgot forgotten paste type "
        "enter upload "
        "post copy insert bring wait await ready refer suggest consult professional specialist source advice advise "
        "opinion judge "
        "somebody someone anybody nobody anyone else elsewhere something anything nothing everything yourself myself "
        "instead "
        # courtesies
        "sure okay ok certainly absolutely definitely course yes yeah no nope alright fine great good excellent "
        "interesting well "
        "done welcome thanks thank hello hi hey oh hmm um dear user friend problem worry reach touch please kindly "
        "gladly "
        # grammar
        "am cannot not never within out up over off through next ahead first before once soon later today now moment "
        "current "
        "present time right away yet still back again another different part set way case order sake call name "
        "whatever ever "
        "simple real true actual however therefore perhaps maybe just quite very too so much only even though "
        "although because "
        "while regarding concerning about due since unless below above following follow as requested describe exact "
        "kind type "
        "sort want need require like let care careful proper quick respectful polite wrong conclude long stand purpose"
    )
)
OURSELVES = frozenset(words("i me my myself we us let i'm i'd i'll i've we're let's"))
YOU = frozenset(words("you your yourself"))
THE_TASK = frozenset(
    words("request question task instruction input prompt topic answer message response content error")
)
ADDRESSED = YOU | THE_TASK
ABOUT = THE_TASK | frozenset(words("help assist provide information details material guidelines comfortable"))
FIELDS = frozenset(
    words("text sentence paragraph article list passage statement story phrase word code data document file numbers")
)
COURTESY = frozenset(
    words(
        "sure ok okay certainly absolutely course done understood alright great hello hi hey thanks thank welcome "
        "fine of no yep "
        "problem good question happy to help here you go as requested working on it answer the is follows below "
        "response my your "
        "let me"
    )
)
QUESTIONS = frozenset(
    words(
        "what who whom whose when where why how which is are do does did should would could can will am was were has "
        "have may if"
    )
)
UTTERANCE = any_of(  # tasks whose answer is something that somebody says
    r"\b(?:sentence|quote|dialog\w*|conversation|chat|repl(?:y|ies)|respon\w+|excuse|phrase|tweet|message|line|"
    r"joke)s?\b",
    r"\b(?:statement|idiom|translat\w*|rephrase|paraphrase|rewrite|slogan|proverb|motto|say)s?\b",
)
BRIEF = 12  # words, of which no letter, poem or story consists
SAYS_SOMETHING = any_of(
    UTTERANCE.pattern,
    r"\b(?:lyrics?|e-?mail|letter|apology|poem|story|song|diary|character|narrative)s?\b",
)


@dataclass(frozen=True)
class Refusal:
    """The output does what was asked: its first sentences do not decline."""

    def __call__(self, example: Example) -> str | None:
        found = _declines(example.output) or _refuses(example)
        return f"refusal: {found[:60].strip()}" if found else None


@dataclass(frozen=True)
class SaysNothing:
    """The output says more than that something was asked: it is no courtesy, no promise, no question in return."""

    def __call__(self, example: Example) -> str | None:
        return f"says nothing: {example.output[:60].strip()}" if _says_nothing(example) else None


def _declines(output: str) -> str | None:
    """Return where one of the first three sentences refuses in set words."""
    opening = " ".join(sentences(output[:1000])[:3])[:400]
    if not ENTREATS.search(opening):
        return None
    found = DECLINES.search(opening) or UNMET.search(opening[:250])
    if not found or TAKEN_BACK.search(opening[max(0, found.start() - 6) : found.end() + 5]):
        return None
    return found[0]


def _refuses(example: Example) -> str | None:
    """Return one of the first sentences that says no, of the exchange and of what was asked alone."""
    told, named = _told(example), set(words(example.instruction))
    utters = (UTTERANCE if len(words(example.output)) < BRIEF else SAYS_SOMETHING).search(example.instruction)
    for part in sentences(example.output[:600])[:2]:
        if part[-1] not in ".!?" or part[0] in '"“' or not DENIES.search(part) or YES_NO.match(part):
            continue
        for clause in (part, *REASON.split(part)[:1]):
            said = words(clause.replace("’", "'"))
            rest, echo = _without_echo(said, told)
            mine = OURSELVES & set(rest) or (clause == part and (ABOUT - named) & set(said))
            may_say = utters and echo < 4 and not ABOUT.intersection(said)
            of_us = clause != part and OURSELVES & named
            if mine and not (may_say or of_us) and 2 < len(said) < 60 and _known(rest) >= 0.9 and DENIES.search(clause):
                return part
    return None


def _says_nothing(example: Example) -> bool:
    """Tell whether a short output speaks of asking and answering alone: courtesies, promises, questions in return."""
    output, asked = example.output[:600].replace("’", "'").strip(), example.instruction
    said, told = words(output), _told(example)
    if not said or len(said) > 60 or is_code(output) or plain(output) in plain(f"{asked} {example.input}"):
        return False
    if set(said) <= COURTESY:
        return True
    meaning = [word for word in said if word not in STOP]
    if (not told and YES_NO.match(output)) or GREETS.match(asked) or _is_given(meaning, example):
        return False
    rest, echo = _without_echo(said, told)
    mine = OURSELVES & set(said) or ELIDED.match(output)
    entreats = ENTREATS.search(output) and (ASKS_FOR.search(output) or mine)
    of_the_task = entreats and (FIELDS | ADDRESSED) & set(meaning)
    if UTTERANCE.search(asked) and not of_the_task and echo < 4:
        return False
    return bool(entreats or mine) and _known(rest, FIELDS | set(told) if entreats else frozenset()) >= 0.95


def _is_given(meaning: list[str], example: Example) -> bool:
    """Tell whether half of the words of an output are in the input, in what the instruction quotes, or asked of us."""
    asked = example.instruction
    quoted = " ".join(re.findall(r"[\"“][^\"”]+|(?<!\w)'[^']+|[:\n].*", asked, re.DOTALL))
    given = set(words(f"{quoted} {example.input}"))
    to_us = "?" in asked and re.search(r"\b(?:I|you|we)\b", asked, re.IGNORECASE)
    return bool(to_us or (meaning and sum(word in given for word in meaning) >= 0.5 * len(meaning)))


def _told(example: Example) -> list[str]:
    """Return the words of a request, which an answer to it does not say again; none of a question."""
    asked = words(example.instruction.strip().split("\n")[0])
    return [] if "?" in example.instruction or (asked and asked[0] in QUESTIONS) else asked


def _without_echo(said: list[str], told: list[str]) -> tuple[list[str], int]:
    """Return the words without the longest run of them that the instruction has, and the length of that run."""
    run = SequenceMatcher(None, said, told, autojunk=False).find_longest_match()
    return (said[: run.a] + said[run.a + run.size :], run.size) if run.size > 1 else (said, 0)


def _known(said: list[str], more: Set[str] = frozenset()) -> float:
    """Return the share of words that are of grammar or of asking and answering."""
    known = sum(word in more or word in STOP or "'" in word or _root(word) in _exchange() for word in said)
    return known / len(said) if said else 1


@cache
def _exchange() -> frozenset[str]:
    return frozenset(map(_root, [*EXCHANGE, *grammar()["verbs"]]))


def _root(word: str) -> str:
    """Return a word without its ending, so that the forms of one word are equal."""
    bare = re.sub(r"(?<=\w{3})(?:ation|ing|ies|ion|ed|es|s|e|y)$", "", re.sub(r"(?<=\w{3})ly$", "", word))
    return bare[:-1] if bare[-1:] == bare[-2:-1] else bare
