"""Inputs that are no text: marks that there is none, slots to be filled in, tokens of templates, filler.

Placeholders have endless wordings but few words. So they are told by what they are made of: every word is a thing that
an input is (`text`, `sentence`, or what the instruction calls it), a sign of a slot (`your`, `sample`, `here`) or a
word without a meaning of its own; and they have one of three forms: a thing (`some text`), a demand (`type it in this
box`), a denial (`no input is needed`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from alpaca.curation.prose import STOP, any_of, words
from alpaca.records import Example

# What an input is.
THINGS = frozenset(
    words(
        "input inputs text texts sentence sentences paragraph paragraphs passage passages article articles data "
        "context content contents word words phrase phrases statement statements list lists email story stories topic "
        "essay document documents question questions value values string strings description information info details "
        "quote poem review message code number numbers name names title item items material snippet excerpt dialogue "
        "conversation letter post tweet report url link file summary noinput answer response"
    )
)
TASKS = frozenset(
    words("task tasks instruction instructions prompt question request command exercise assignment query")
)
# Adjectives of a slot, and the words that say where it is or whose.
SLOTS = frozenset(
    words("placeholder sample dummy example your random input some any user user's users my own mock fake default test")
)
PLACES = frozenset(words("here below box field area above later elsewhere"))
DEMANDS = frozenset(
    words(
        "insert enter add type put paste provide fill write attach upload input supply replace copy include use submit "
        "specify todo place drop"
    )
)
DENIES = frozenset(
    words(
        "no not none nothing without n't isn't aren't doesn't don't wasn't cannot can't never nil null empty blank "
        "missing unspecified undefined unavailable"
    )
)
NEEDS = frozenset(
    words(
        "needed required necessary provided given applicable available specified supplied need needs require requires "
        "present specific further extra additional particular more other relevant associated has have for been be was "
        "yet"
    )
)
SIGHTS = frozenset(
    words("figure image picture photo chart graph table diagram map screenshot attached attachment file")
)
GIVEN = frozenset(
    words(
        "added provided inserted filled pasted supplied entered given determined done defined announced goes go comes"
    )
)
FILLS = frozenset(
    words(
        "choice want like wish by to in out goes go with at of the user user's client placeholder system please kindly "
        "prefer random real actual original the this"
    )
)
BINDS = frozenset(words("a an be is will provide"))
REFERS = frozenset(words("see same as above refer instruction instructions prompt task the to"))
# Names of types and of nothing, which programs leave behind.
NOTHING = frozenset(words("noinput none null nil undefined nan nonetype tbd tba tbc todo qwerty xyz"))
TYPES = frozenset(
    words(
        "string str void object array int float varchar boolean bool unknown optional dummy sample placeholder test "
        "testing abc na"
    )
)
NONSENSE = frozenset(
    words(
        "foo bar baz qux quux quuz corge grault lorem ipsum dolor sit amet consectetur blah bla test testing asdf abc "
        "def ghi xyz xxx yyy zzz hello world 123 1234 12345 1 2 3"
    )
)
LETTERS = re.compile(
    r"letter|scrambl|cod|cipher|morse|string|acronym|abbreviat|password|pronounc|keyboard|symbol|\bterms?\b|\bwords?\b",
    re.IGNORECASE,
)
CODED = re.compile(r"roman|numeral|letter|scrambl|cipher|decod|encod|morse|string|password|keyboard", re.IGNORECASE)
ROWS = ("qwertyuiop", "asdfghjkl;", "zxcvbnm", "1234567890")
EDGES = "[]<>{}()`*\"'“”‘’_#|/\\-.!?…:=~^ \t\n"
LABEL = re.compile(
    r"^(?:input|text|context|sentence|paragraph|passage|article|data|question|content)s?\s*\d*\s*[:=]\s*", re.IGNORECASE
)
# Tokens that a program was to replace; a lone sign before a word may be a tag, a handle or a share.
TEMPLATE = any_of(
    r"\s*([%@#^~]{1,2}|_{2,}|\*{2,})(?=[A-Za-z])[\w .'-]{2,40}\1\s*",
    r"\s*\$?\{(?:\d|[a-z_][\w. -]{0,40})?\}\s*|\s*\$\d\s*|\s*%\(?\w{0,20}\)?[sd]\s*|\s*\{\{[^{}\n]{1,60}\}\}\s*|"
    r"\s*\{%[^\n]{1,60}%\}\s*",
    r"(?:\s*[\[<{]{1,2}\s*[a-z][\w '’-]{1,40}[\]>}]{1,2}[\s,.;:/|-]*)+",
    r"\s*\$?[\[<{(]{1,2}[a-z][\w '’-]{2,40}[\]>})]{1,2}\s*",
    r"\s*[A-Z][\w ]{0,30}:[\s_.…\-\[\]()<>]*",
    r"\s*#(?:ref|n/a|value|name|null|error)[!?]?\s*|\s*\[object \w+\]\s*",
)
SLOT = re.compile(
    r"[\[<{(]{1,2}\s*[^\[\]<>{}()]*?\b(?:insert|enter|your|add|type|paste|input|text|placeholder|fill|sample|"
    r"provide)\b[^\[\]<>{}()]*[\]>})]{1,2}",
    re.IGNORECASE,
)
SNAKE = re.compile(r"[A-Za-z]+(?:[_-][A-Za-z0-9]+)+|[a-z]+(?:[A-Z][a-z]+)+|\$[A-Za-z_]+")
ABBREVIATED = re.compile(r"[Nn] ?[/.] ?[Aa]\.?|n ?a|NA")
FIGURES = r"(?:DD|MM|YY(?:YY)?|HH|SS|dd|mm|yy(?:yy)?|hh|ss)"
FORMAT = re.compile(rf"{FIGURES}(?:[-/.: ]{FIGURES})+")
A_DATE = re.compile(
    r"\b(?:the|this|an?|given|following|my) (?:\w+ )?(?:dates?|times?|timestamps?)\b(?! format)", re.IGNORECASE
)
HEADED = re.compile(r"[A-Z][A-Za-z ]{1,25}: *(\S.*)")
# What an owner has, of which a slot names the kind: `Person's name`
OWNERS = frozenset(
    words(
        "person user author customer client company product book movie film city country student teacher employee name "
        "character place location brand animal artist song event topic"
    )
)
OWNED = frozenset(words("name title address age date description number email content text topic details"))
# Things that no single word is
LONG_THINGS = frozenset(
    words(
        "sentence sentences paragraph paragraphs passage passages article articles text texts story essay statement "
        "statements document email letter review poem excerpt dialogue conversation speech report"
    )
)
A_TEXT = re.compile(
    rf"\b(?:following|given|provided|this|these|the|below|above) (?:\w+ )??(?:{'|'.join(sorted(LONG_THINGS))})\b",
    re.IGNORECASE,
)
OF_NUMBERS = re.compile(r"number|digit|binar|cod|convert|encrypt|revers|integer|integers|math|calculat", re.IGNORECASE)
A_LIST = re.compile(r"\b(?:given|following|these|below) (?:\w+ )?(?:numbers|words|items|names|values)\b", re.IGNORECASE)
OF_FORM = re.compile(r"\bcount|how many|revers|\bcase\b|length|letter|scrambl", re.IGNORECASE)
FEW = 14  # words; placeholders are short
LONG = 300  # characters


@dataclass(frozen=True)
class PlaceholderInput:
    """The input is a text or empty, not a mark that there is none (`<noinput>`) or a slot to be filled in."""

    def __call__(self, example: Example) -> str | None:
        found = stands_in(example.input, example.instruction)
        return f"placeholder input: {example.input.strip()[:40]}" if found else None


def stands_in(text: str, instruction: str = "") -> bool:
    """Tell whether an input is none."""
    if not text.strip():
        return False
    bare = LABEL.sub("", text.strip(EDGES)).strip(EDGES)
    if not bare or ABBREVIATED.fullmatch(bare) or TEMPLATE.fullmatch(text):
        return True
    if len(text) > LONG:
        return bool(re.match(r"lorem ipsum", bare, re.IGNORECASE))
    left = SLOT.sub("", text)
    return (left != text and len(words(left)) < 3) or _said(bare, instruction) or _filler(bare, instruction)


def _said(bare: str, instruction: str) -> bool:
    """Tell whether all words are those of a placeholder, in one of its forms."""
    marked = bool(SNAKE.fullmatch(bare))
    said = words(re.sub(r"[_$]|(?<=[a-z])(?=[A-Z])", " ", bare)) if marked else words(bare)
    if not said or len(said) > FEW:
        return False
    if len(said) == 1 and (said[0] in NOTHING or (said[0] in TYPES and not LETTERS.search(instruction))):
        return True
    named = set(words(instruction)) - STOP
    things = THINGS | TASKS | named
    return _thing(said, things, instruction, marked) or _demand(said, things) or _denial(said) or _reference(said)


def _thing(said: list[str], things: frozenset[str] | set[str], instruction: str, marked: bool) -> bool:
    """`Some text`, `Your word here`, `Sentence 1`, `TEXT_HERE`, `text to be added`; one word only where it is given."""
    if _kind(said, things) or (len(said) > 2 and len(set(said)) == 1 and said[0] in THINGS):
        return True
    if said[0] == "placeholder" or (said[-1] == "placeholder" and len(said) < 4):
        return True
    if not all(word in things | SLOTS | PLACES | FILLS | GIVEN | NEEDS | BINDS or word.isdigit() for word in said):
        return False
    if said[0] in ("to", "will", "yet", "must", "shall") and "be" in said and GIVEN & set(said):
        return True
    named = _named_after(instruction)
    if not THINGS.union(TASKS, named).intersection(said) or {"is", "are", "was"}.intersection(said):
        return False
    alone = len(said) == 1 and said[0] in named & THINGS
    number = len(said) == 2 and said[0] in THINGS and (said[1].isdigit() or len(said[1]) == 1)
    return alone or number or marked or _awaited(said) or _slotted(said)


def _kind(said: list[str], things: frozenset[str] | set[str]) -> bool:
    """`Person's name`, `the sentence to be processed`, `see figure`."""
    if len(said) == 2 and said[0].endswith(("'s", "’s")) and said[0][:-2] in OWNERS and said[1] in OWNED:
        return True
    if len(said) == 2 and said[0] == "see" and said[1] in SIGHTS:
        return True
    named = said[:-3]
    return (
        said[-3:-1] == ["to", "be"] and said[-1].endswith("ed") and bool(named) and set(named) <= things | SLOTS | STOP
    )


def _awaited(said: list[str]) -> bool:
    """`Passage goes here`, `a text provided by the user`."""
    moved = {"be", "goes", "comes", "go"}.intersection(said) or {"will", "user"} <= set(said)
    return bool(moved or ("by" in said and GIVEN.intersection(said)))


def _slotted(said: list[str]) -> bool:
    """`Your word here`, `a sample text`."""
    first = said[1] if said[0] in ("a", "an", "the") and len(said) > 1 else said[0]
    return first in SLOTS or said[-1] in PLACES


def _named_after(instruction: str) -> set[str]:
    """Return the nouns that an instruction says it is given: `the following sentence`."""
    return set(
        re.findall(r"\b(?:following|given|provided|this|these|the|below|above) (?:\w+ )?([a-z]+)", instruction.lower())
    )


def _demand(said: list[str], things: frozenset[str] | set[str]) -> bool:
    """`Please type your sentence in this box.`"""
    start = 1 if said[0] in ("please", "kindly", "todo", "to") else 0
    if len(said) < start + 2 or said[start] not in DEMANDS:
        return False
    rest = said[start + 1 :]
    known = all(word in things | SLOTS | PLACES | FILLS | STOP | DEMANDS for word in rest)
    return known and (any(word in THINGS | SLOTS | PLACES for word in rest) or rest == ["this", "in"])


def _denial(said: list[str]) -> bool:
    """`There is no input for this instruction.`"""
    known = set(said) <= THINGS | TASKS | DENIES | NEEDS | DEMANDS | PLACES | STOP
    about = TASKS | {"input", "inputs", "provided", "required", "needed", "given"}
    return known and bool(DENIES.intersection(said)) and (said[0] in DENIES or bool(about.intersection(said)))


def _reference(said: list[str]) -> bool:
    """`See the instruction above.`"""
    return (
        len(said) > 1
        and said[0] in ("see", "same", "as", "refer")
        and set(said) <= REFERS
        and said[-1] not in ("as", "to", "the")
    )


def _filler(bare: str, instruction: str) -> bool:
    """Tell whether a text is made of words that fill a space: `foo bar baz`, `asdf`, `lorem ipsum`."""
    said = bare.lower().split()
    if bare.lower().startswith("lorem ipsum"):
        return True
    if CODED.search(instruction) and len(said) == 1:
        return False
    plain = [word.strip(".,!?-") for word in said]
    if not plain or (FORMAT.fullmatch(bare) and A_DATE.search(instruction)):
        return bool(plain)
    if len(plain) > 2 and len(set(plain)) == 1 and len(plain[0]) == 1 and A_LIST.search(instruction):
        return True
    if len(plain) == 1 and A_TEXT.search(instruction) and not OF_FORM.search(instruction):
        known = plain[0] in TYPES | NONSENSE or (_typed(plain[0]) and not CODED.search(instruction))
        return known and not (plain[0].isdigit() and OF_NUMBERS.search(instruction))
    if all(word.isdigit() for word in plain):
        return False
    if (headed := HEADED.fullmatch(bare)) and _typed(headed[1].lower()):
        return True
    nonsense = [word in NONSENSE or _typed(word) for word in plain]
    return all(nonsense) and (len(plain) > 1 or _typed(plain[0])) and plain != ["hello", "world"]


def _typed(word: str) -> bool:
    """Tell whether a word is a run of keys or of one letter."""
    run = len(word) > 3 and any(word[:4] in row or word[:4] in row[::-1] for row in ROWS)
    return (run and not word.isdigit()) or bool(re.fullmatch(r"([a-z])\1{2,}", word))
