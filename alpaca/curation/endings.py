"""The filter of answers that do not come to an end: cut within a sentence, a word, a list, a table or code."""

from __future__ import annotations

import gzip
import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from alpaca.curation.announced import OPEN_ENDED, announces, breaks_off
from alpaca.curation.prose import ABBREVIATION, FENCE, MARKER, any_of, either, is_code, without_code, words
from alpaca.curation.unclosed import unclosed
from alpaca.records import Example

ENDED = any_of(r"[.!?:;…。！？|}\])>`*_~\"'”’»%°$€£=)\u3002\u0964]\Z", r"[^\w\s,&(\[{/+\-–—‘“«#@\\<]\Z")
LINKS = either(  # words after which something must follow
    "the a an of to and or but nor for with by from at as in on into onto upon than that which who whose because if "
    "when "
    "while where is are was were be been has have had its their your our my his every each between through during "
    "without "
    "within towards? about such so very more most can could will would should may might must not also including like "
    "these "
    "those this both either we they he she until since although though however,? therefore,?",
    r"e\.g\.?",
    r"i\.e\.?",
    r"the (?:most \w+|\w{3,}est|main|final|following|same|first)",
)
DANGLING = any_of(r"[,\-–—:;(\[{&+/=“‘«<\\]\Z", rf"(?<![\w-]){LINKS}\Z")
MAY_DANGLE = any_of(r"\w\+\+\Z", r"https?://\S+\Z")
BEGINS = any_of(  # the first words of a sentence
    r"(?:(?:Once|When|While|If|As|Because|Although|Since|After|Before|Overall,?|However,?|Therefore,?|With|By|In|On|"
    r"For)"
    r"|This|These|Those|It|They|There|You|We|Remember|Additionally,?|Finally,?)(?: [a-z]+){0,3}",
    flags=re.NOFLAG,
)
BEFORE = re.compile(r"[a-z]{2}[.!?]\s*\n\s*\n[^\n]+\Z")
NO_SENTENCE = any_of(  # lines that need no closing punctuation
    r"https?://\S+\Z|\S+\.(?:com|org|net|html?|edu|gov)\S*\Z|#\w+\Z",  # addresses and tags
    r"^\s*[|+]|^\s*(?:#+ |\*\*|>)",  # tables, headings, quotations
    r"\\\w+|[=≈<>]\s*(?:(?!\. )[^=,]){0,40}\Z|\d\S*\Z",  # formulas and numbers
    r"[\"”.!?)*']\s*[-–—~―]\s*[A-Z].{2,60}\Z|^[-–—~―]\s*[A-Z].{2,60}\Z",  # who said it
    r"^\s*[\w ]{1,30}:(?: \S+){0,8}\Z",  # labels
    flags=re.NOFLAG,
)
LABEL = re.compile(r"(?:\*\*)?[A-Z][^:.!?]{0,60}?(?:\*\*)?(?::| [-–—] )")
VERBS = either("is are was were has have had will would can do does did")
SHORT_SENTENCE = any_of(
    r"(?:I|He|She|We|They|It|You|This|There) [a-z]+\b",
    rf"(?:The |A |An |My |His |Her |Our )?(?:[A-Z]?[\w'’]+ ){{1,4}}{VERBS}\b",
    flags=re.NOFLAG,
)
ENDS_WITH_A_NUMBER = re.compile(r"^(?:[A-Z][^=:|]*[a-z]{2}[.!?] )?[A-Z][^=:|]* [a-z]{2,} [\d.,]*\d\Z")
FAREWELL = any_of(
    r"\b(?:sincerely|regards|yours?|truly|best|love|cheers|respectfully|thanks?|wishes)\b",
    r"\b(?:faithfully|cordially|warmly|gratefully|friend|hugs)\b",
)
NUMBERED_THING = either("step option part plan answer vitamin letter type class grade point side")  # plan B, vitamin C


@dataclass(frozen=True)
class CutOff:
    """The output comes to an end: fences, brackets, quotation marks and tags are closed, and its last sentence stops.

    A last sentence without closing punctuation is no fault where the text has none elsewhere: lists, tables, verse.
    """

    def __call__(self, example: Example) -> str | None:
        text, asked = example.output.rstrip(), example.instruction
        if not text:
            return None
        fault = unclosed(text) or announces(text) or _stops_short(text, asked) or _ends_in_a_piece(text, example)
        return f"cut off: {fault}" if fault else None


def _stops_short(text: str, asked: str) -> str | None:
    """Return why the last line wants more words, or closing punctuation."""
    last = FENCE.sub("", text).rstrip().split("\n")[-1].strip()
    if text.endswith("```") or not last or _closes_a_letter(text, last):
        return None
    if found := breaks_off(text, asked):
        return found
    alone = len(words(text[:60])) < 3 and last[-1] not in ",:"
    if DANGLING.search(last) and not alone and not MAY_DANGLE.search(last):
        return f"ends with {last.split()[-1][-20:]!r}"
    if ENDED.search(text) or is_code(without_code(text)[-200:]) or is_code(last):
        return None
    begun = BEGINS.fullmatch(last) and BEFORE.search(text) and not OPEN_ENDED.search(asked)
    return _does_not_close(text, last) or ("a sentence that is only begun" if begun else None)


def _does_not_close(text: str, last: str) -> str | None:
    """Return why a last line without closing punctuation should have it."""
    if _stops_unlike_others(text, last):
        return "no closing punctuation, unlike the other lines"
    if last == text and len(words(text)) < 9 and SHORT_SENTENCE.match(text) and text.count(",") < 2:
        return "no closing punctuation"
    if NO_SENTENCE.search(last):
        told = ENDS_WITH_A_NUMBER.search(last) and len(words(last)) > 8
        return "ends with a number" if told and not MARKER.match(last) else None
    return "no closing punctuation" if _is_sentence(last) and _closes_sentences(text, last) else None


def _closes_a_letter(text: str, last: str) -> bool:
    """Tell whether the last line ends as others do, or is a `Yours truly,`."""
    others = [line.rstrip()[-1] for line in text.split("\n")[:-1] if line.strip()]
    if last[-1] == ",":
        return bool(others and ":" not in last and len(words(last)) < 5 and FAREWELL.search(last))
    if (
        last[-1] == ":"
        and MARKER.match(last)
        and any(MARKER.match(line) for line in text.split("\n") if line[-1:] == ".")
    ):
        return False
    if last[-1] == ":":
        return others[-1:] == [":"] and others.count(":") > 1
    return last[-1] == ";" and (others.count(";") > 1 or is_code(text))


def _stops_unlike_others(text: str, last: str) -> bool:
    """Tell whether all lines like the last, at least two where they are no long items, close with punctuation."""
    lines = [line.strip() for line in without_code(text).split("\n")[:-1] if line.strip()]
    bare = MARKER.sub("", last)
    if bare.istitle() or bare.isupper() or not bare[:1].isalpha() or re.search(r"http|#\w", last):
        return False
    alike = [line for line in lines if _mark(line) == _mark(last) and line[-1] != ":"]
    alike += [line for line in lines if line not in alike and len(words(line)) > 7 and line[-1] != ":"]
    long_items = MARKER.match(last) and alike and len(words(alike[0])) > 8
    many = len(alike) > 3
    verse = lines and lines[-1].endswith(",") and not (many and len(words(lines[-1])) > 2)
    closing = (".", "!", "?", *",;" * many)
    return (
        len(alike) > (0 if long_items else 1)
        and not verse
        and all(line.rstrip("\"”')")[-1:] in closing for line in alike)
    )


def _mark(line: str) -> str:
    """Return what kind of item a line is: "1" of a numbered list, the bullet, or nothing."""
    found = MARKER.match(line)
    return "" if found is None else "1" if found[1] else found[0].strip()


def _is_sentence(line: str) -> bool:
    """Tell whether a line is prose: no title, no list of names."""
    parts = line.split(", ")
    names = (
        len(parts) > 2
        and max(len(part.split()) for part in parts) < 6
        and all(part[:1].isupper() or len(parts) > 5 for part in parts)
    )
    return len([word for word in words(line) if word.isalpha()]) > 3 and not line.istitle() and not names


def _closes_sentences(text: str, last: str) -> bool:
    """Tell whether a text is of the kind that closes its sentences: those before do, or it is one long sentence."""
    before = [line.strip() for line in without_code(text).rstrip().split("\n")[:-1] if len(words(line)) > 3]
    inside = re.search(r"\w\w[.!?][\"”)]? +[A-Z\"“]", re.sub(r"(?:^|\s)\d+[.)]", "", ABBREVIATION.sub("", last)))
    if inside:
        return True
    if "```" in text and len(words(last)) > 2 and last[0].isupper() and not MARKER.match(last):
        return True
    if not before:
        return len(words(last)) > 7 and bool(re.match(r"[\"“'A-Z]", last)) and not re.search(r"#\w", last)
    return sum(line[-1] in '.!?,;"”:' for line in before) >= 0.6 * len(before) and not (
        len(before) < 3 and all(line[-1] in ":," for line in before)
    )


def _ends_in_a_piece(text: str, example: Example) -> str | None:
    """Return why the end of the last line is a part of a word, or of an item that has less than all those before it."""
    if text.endswith("```") or ENDED.search(text) or is_code(text.split("\n")[-1]):
        return None
    lines = [line.strip() for line in without_code(text).split("\n") if line.strip()]
    if _is_piece(lines[-1:], text, example):
        return f"ends within the word {lines[-1].split()[-1]!r}"
    return _is_less(lines) if lines else None


def _is_less(lines: list[str]) -> str | None:
    """Return how the last line, an item, falls short of all items before it."""
    last = lines[-1]
    alike = [MARKER.sub("", line) for line in lines[:-1] if _mark(line) == _mark(last) and len(line) > 3]
    bare = MARKER.sub("", last)
    unlabelled = len(words(bare)) < 4 and lines[-2:][0][-1] != ":" and not LABEL.match(bare)
    if len(alike) > 1 and unlabelled and all(map(LABEL.match, alike)):
        return "an item without what the others have"
    if not alike or not MARKER.match(last):
        return None
    short = len(words(LABEL.sub("", bare))) < 3 and min(len(words(item)) for item in alike) > 9
    shorter = len(alike) > 2 and len(bare) < 0.25 * min(map(len, alike)) and len(bare.split()) < 3
    return "an item shorter than the others" if short or shorter else None


def _is_piece(lines: list[str], text: str, example: Example) -> bool:
    """Tell whether the last word is no English word but begins one, and an English text has it nowhere else."""
    found = re.search(r"(?:^|[\s(\"“*-])([A-Za-z][a-z]*)\Z", lines[0]) if lines else None
    if not found or not _may_be_cut(found[1], lines[0][: found.start(1)]):
        return False
    piece, told = found[1].lower(), words(f"{example.instruction} {example.input}")
    said = [word for word in words(without_code(text))[:-1] if word.isalpha()]
    if piece in said or piece in told:
        return False
    known, ranked = vocabulary()
    at = bisect_left(ranked, piece)
    begins = at < len(ranked) and ranked[at].startswith(piece) and (piece not in known or len(piece) == 1)
    begins = begins or (piece not in known and any(word.startswith(piece) for word in (*said, *told)))
    said = said[-60:]
    return begins and len(said) > 1 and sum(word in known for word in said) >= 0.75 * len(said)


def _may_be_cut(piece: str, before: str) -> bool:
    """Tell whether a piece stands where a word may stand: after no number or sign, and as a letter after no `plan`."""
    if piece in ("a", "A", "I") or re.search(r"\d[ -]?\Z|[=+*/^<>|&@#_\\]\s*\Z", before):
        return False
    after_word = re.search(rf"(?:^|\W)(?!{NUMBERED_THING}\b)[a-z]{{2,}} \Z|^\W*\d*[.)]? \Z", before)
    return len(piece) > 1 or bool(after_word)


@cache
def vocabulary() -> tuple[frozenset[str], tuple[str, ...]]:
    """Load the English words (SCOWL), as a set and in alphabetical order."""
    text = gzip.decompress(files("alpaca.assets").joinpath("english_words.txt.gz").read_bytes()).decode()
    ranked = tuple(line for line in text.split("\n") if line and not line.startswith("#"))
    return frozenset(word for word in ranked if len(word) > 2 or word in TWO_LETTERS), ranked


TWO_LETTERS = frozenset(
    words("am an as at be by do go he hi if in is it me my no of oh on or so to up us we ok ox ax ad")
)
