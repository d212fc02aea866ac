"""The filter of answers that do not come to an end: cut within a sentence, a word, a list, a table or code."""

from __future__ import annotations

import gzip
import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from alpaca.curation.prose import ABBREVIATION, FENCE, MARKER, any_of, is_code, without_code, words
from alpaca.records import Example

OPENERS, CLOSERS = "([{", ")]}"
BRACKET = re.compile(r"[()\[\]{}]")
ENDED = re.compile(r"[.!?:;…。！？|}\])>`*_~\"'”’»%°$€£=)\u3002\u0964]\Z|[^\w\s,&(\[{/+\-–—‘“«#@\\<]\Z")
DANGLING = re.compile(
    r"(?:[,\-–—:;(\[{&+/=“‘«<\\]|(?<![\w-])(?:the|a|an|of|to|and|or|but|nor|for|with|by|from|at|as|in|on|into|onto|upon|than|that|which|who|whose|"
    r"because|if|when|while|where|is|are|was|were|be|been|has|have|had|its|their|your|our|my|his|every|each|between|through|during|"
    r"without|within|toward|towards|about|such|so|very|more|most|can|could|will|would|should|may|might|must|not|also|including|like|"
    r"the (?:most \w+|\w{3,}est|main|final|following|same|first)|e\.g\.?|i\.e\.?|these|those|this|both|either|we|they|he|she|until|since|although|though|however,?|therefore,?))\Z",
    re.IGNORECASE,
)
NO_SENTENCE = re.compile(
    r"https?://\S+\Z|\S+\.(?:com|org|net|html?|edu|gov)\S*\Z|#\w+\Z|^\s*[|+]|^\s*(?:#+ |\*\*|>)|\\\w+|[=≈<>]\s*(?:(?!\. )[^=,]){0,40}\Z|\d\S*\Z|[\"”.!?)*']\s*[-–—~―]\s*[A-Z].{2,60}\Z|^[-–—~―]\s*[A-Z].{2,60}\Z|"
    r"^\s*[\w ]{1,30}:(?: \S+){0,8}\Z"
)


LABEL = re.compile(r"(?:\*\*)?[A-Z][^:.!?]{0,60}?(?:\*\*)?(?::| [-–—] )")


@dataclass(frozen=True)
class CutOff:
    """The output comes to an end: fences, brackets, quotation marks and tags are closed, and its last sentence stops.

    A last sentence without closing punctuation is no fault where the text has none elsewhere: lists, labels, tables, verse.
    """

    def __call__(self, example: Example) -> str | None:
        text = example.output.rstrip()
        fault = text and (_unclosed(text) or _stops_short(text, example.instruction) or _ends_in_a_piece(text, example))
        return f"cut off: {fault}" if fault else None


def _unclosed(text: str) -> str | None:
    if text.count("```") % 2:
        return "unclosed code fence"
    if fault := _announces(text):
        return fault
    if re.search(r"(?:^|\n)\s*(?:\d{1,3}[.)]|[-*•])\Z", text):
        return "empty list item"
    if re.search(r"<html\b", text) and "</html>" not in text:
        return "unclosed tag"
    if fault := _opens_at_the_end(text.split("\n")):
        return fault
    if text[:1] in '"“' and len(re.findall(r"[\"“”]", text)) == 1 and len(words(text)) > 3:
        return "unclosed quotation"
    depth, since = _open_bracket(text)
    return "unclosed bracket" if depth and not (is_code(text) and since > 400) and since < 400 else None


def _announces(text: str) -> str | None:
    """Return what a text announces and does not give: more items of a list, or anything under its only heading."""
    if HEADING.match(text) or ANNOUNCES.match(text.strip("*#_ ")):
        return "nothing after a heading or an announcement"
    numbers = re.findall(r"^(\d{1,2})[.)] +\S", text, re.MULTILINE)
    if not numbers or numbers != [str(n + 1) for n in range(len(numbers))] or is_code(text):
        return None
    told = re.search(
        r"\b(two|three|four|five|six|seven|eight|nine|ten|[2-9]|10)\b[^.:\n]{0,60}s\b[^.:\n]{0,30}:\s*\n+\s*1[.)] ",
        text,
        re.IGNORECASE,
    )
    if told and len(numbers) < _number(told[1]):
        return f"{len(numbers)} items of {told[1]}"
    alone = numbers == ["1"] and re.match(r"1[.)]", text.split("\n")[-1]) and not re.search(r"\b2[.)] ", text)
    return "a list with one item" if alone and (text[0] == "1" or re.search(r":\s*\n+1[.)] ", text)) else None


def _number(word: str) -> int:
    names = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    return int(word) if word.isdigit() else names.index(word.lower()) + 2


def _opens_at_the_end(lines: list[str]) -> str | None:
    """Return what the last line opens and does not close: bold print, a quotation, or a row of a table."""
    last, before = lines[-1].strip(), [line.strip() for line in lines[:-1] if line.strip()]
    if re.search(r"(?:^|\s)\*\*\w[^*]*\Z", last):
        return "unclosed bold print"
    if re.search(r"(?:^|\s)[\"“][^\"“”]*\Z", last) and len(re.findall(r"[\"“”]", last)) % 2 and not is_code(last):
        return "unclosed quotation"
    if "```" not in last and last.count("`") % 2 and "`" in last:
        return "unclosed code"
    rows = [line for line in before[-3:] if line.startswith("|") and line.endswith("|")]
    open_row = rows and last.startswith("|") and last.count("|") < min(row.count("|") for row in rows)
    return "unclosed row" if open_row else None


def _open_bracket(text: str) -> tuple[int, int]:
    """Return how many brackets are left open at the end, and how many characters ago the last was opened."""
    text = re.sub(r"'[\[({\])}]'|\"[\[({\])}]\"|`[^`\n]*`|[:;]-?[()\[\]]", " ", text)
    stack: list[tuple[str, int]] = []
    for found in BRACKET.finditer(text):
        character = found[0]
        if character in OPENERS:
            stack.append((character, found.start()))
        elif character in CLOSERS and stack and stack[-1][0] == OPENERS[CLOSERS.index(character)]:
            stack.pop()
    return len(stack), len(text) - stack[-1][1] if stack else 0


def _stops_short(text: str, asked: str) -> str | None:
    last = FENCE.sub("", text).rstrip().split("\n")[-1].strip()
    if text.endswith("```") or not last:
        return None
    if _closes_a_letter(text, last):
        return None
    if found := _breaks_off(text, asked):
        return found
    if (
        DANGLING.search(last)
        and (len(words(text)) > 2 or last[-1] in ",:")
        and not re.search(r"\w\+\+\Z|https?://\S+\Z", last)
    ):
        return f"ends with {last.split()[-1][-20:]!r}"
    if ENDED.search(text) or is_code(without_code(text)[-200:]) or is_code(last):
        return None
    if _stops_unlike_others(text, last):
        return "no closing punctuation, unlike the other lines"
    if re.match(r"1[.)] \w+ \w+", last) and re.search(r"s\b[^\n]*:\s*\n\s*1[.)] ", text):
        return "a list with one item"
    if last == text and len(words(text)) < 9 and SHORT_SENTENCE.match(text) and text.count(",") < 2:
        return "no closing punctuation"
    if NO_SENTENCE.search(last):
        told = (
            re.search(r"^(?:[A-Z][^=:|]*[a-z]{2}[.!?] )?[A-Z][^=:|]* [a-z]{2,} [\d.,]*\d\Z", last)
            and len(words(last)) > 8
        )
        return "ends with a number" if told and not MARKER.match(last) else None
    return "no closing punctuation" if _is_sentence(last) and _closes_sentences(text, last) else None


def _breaks_off(text: str, asked: str) -> str | None:
    """Return the mark at the end that says that there would be more."""
    open_ended = OPEN_ENDED.search(asked)
    if (found := CUT_MARK.search(text[-90:])) and not (open_ended and "to be continued" in found[0].lower()):
        return f"ends with {found[0].strip()!r}"
    found = LEFT_OPEN.search(text)
    size = len(words(text))
    short = size < 40 and (open_ended or OPEN_WHEN_SHORT.search(asked))
    if found and size > 7 and not short and (not open_ended or TRAILS.search(text)):
        return f"ends with {found[0].strip()!r}"
    return "ends with a heading" if HEADING.match(text.split("\n")[-1]) and "\n" in text[:-1] else None


SHORT_SENTENCE = re.compile(
    r"(?:I|He|She|We|They|It|You|This|There) [a-z]+\b|(?:The |A |An |My |His |Her |Our )?(?:[A-Z]?[\w'’]+ ){1,4}(?:is|are|was|were|has|have|had|will|would|can|do|does|did)\b"
)
ELLIPSIS = r"(?:\.\.\.+|…)"
LEFT_OPEN = any_of(
    rf"(?<=[^\W\d])(?:,|[,;]? ?\b(?:and|or|the|a|of|to))? ?{ELLIPSIS}\Z",
    rf"[\[(]\s*{ELLIPSIS}\s*[\])]\Z",
)
TRAILS = any_of(
    rf"\b(?:and|or|the|an?|of|to|in|on|for|with|by|from|that|as|is|are|their|its|can) ?(?:{ELLIPSIS}|[\[(]{ELLIPSIS}[\])])\Z"
)
CUT = (  # what says that there was more
    r"(?:cut(?: off| short|s out)?|truncat\w+|to be continued|continue[sd]?|continuation|cont['’.]?d?|limit|max(?:imum)?|tokens?|omitted|"
    r"rest of|remain\w+|reached|exceeded|too long|incomplete|unfinished|interrupt\w+|stop(?:ped)?|snip(?:ped)?|abridged|shortened|"
    r"preview|missing|(?:next|read|see|show) (?:message|page|part|more)|more|part 1|abort\w*|time ?out|redacted for length)"
)
CUT_MARK = any_of(  # at the very end: in brackets, between other marks, or a short line
    rf"[\[(<{{][^\[\](){{}}<>]{{0,40}}?\b{CUT}\b[^\[\](){{}}<>]{{0,30}}[\])>}}]\Z",
    rf"(?:{ELLIPSIS}|[*/—–_-]{{2,3}})\W*(?:\w+ ){{0,3}}{CUT}\b(?: \w+){{0,3}}\W{{0,3}}\Z",
    rf"\n\W*(?:\w+ ){{0,2}}(?!more\b|limit\b|stop\b|remain|continue\b|missing\b|cut\b|max|reached\b|tokens?\b){CUT}\b(?: \w+){{0,3}}\W*\Z",
)
OPEN_ENDED = any_of(
    r"\b(?:sto(?:ry|ries)|suspens\w*|cliffhanger|dialog\w*|scene|poem|lyrics?|song|monologue|joke|riddle|diary|teaser|fill|blank|ellips\w*)\b",
)
OPEN_WHEN_SHORT = any_of(
    r"\b(?:sentences?|opening|quotes?|phrase|complete|continue|punctuation|message|tweet|slogan|title|sequence|series|list)\b",
)
ANNOUNCES = any_of(  # a sentence that says only what kind of thing will come
    r"\A(?:(?:there (?:are|is)|here (?:are|is|['’]s)|here['’]s|(?:below|these|those) (?:are|is)|my (?:answer|response) (?:has|consists of))\b"
    r"(?: (?:a|an|the|my|some|several|many|various|multiple|numerous|different|main|most|important|key|few|of|them|\d+|two|three|four|five|six|ten|"
    r"common|good|possible|list|example|examples|one|ones|ways?|reasons?|types?|kinds?|things?|points?|steps?|tips?|parts?|factors?|benefits|ideas|"
    r"answer|response|to do (?:this|that|it|so)|for (?:this|that|it|you)|following|below|options|methods|differences|characteristics|features)\b)+)[.!]?\Z",
    r"\A[^,;\n]{0,60}\b(?:(?:are|is|as|see) (?:the following|as follows|follows|listed below|given below|found below|below|one by one)|them below)[.!]?\Z",
    r"\A(?:once upon a time|title: [^\n]{0,60})\W*\Z",
)
HEADING = any_of(
    r"\A\W*(?:introduction|overview|summary|outline|conclusions?|background|title|answer|solution|response|explanation|description|definition|"
    r"examples?|steps?|ingredients|instructions|abstract|contents|table of contents|(?:chapter|part|section|step|day) (?:1|one|i))\W*\Z",
)
FAREWELL = re.compile(
    r"\b(?:sincerely|regards|yours?|truly|best|love|cheers|respectfully|thanks?|wishes|faithfully|cordially|warmly|gratefully|friend|hugs)\b",
    re.IGNORECASE,
)


def _closes_a_letter(text: str, last: str) -> bool:
    """Tell whether the last line ends as others do, or is a `Yours truly,`."""
    others = [line.rstrip()[-1] for line in text.split("\n")[:-1] if line.strip()]
    form = last[-1] == ":" and others[-1:] == [":"] and others.count(":") > 1
    return (
        form
        or (last[-1] == ";" and others.count(";") > 1)
        or (
            last[-1] == ","
            and bool(others)
            and ":" not in last
            and len(words(last)) < 5
            and bool(FAREWELL.search(last))
        )
        or (last[-1] == ";" and is_code(text))
    )


def _stops_unlike_others(text: str, last: str) -> bool:
    """Tell whether the lines before, at least three of the kind of the last, close with punctuation and the last, which need be no sentence, does not."""
    lines = [line.strip() for line in without_code(text).split("\n")[:-1] if line.strip()]
    alike = [line for line in lines if _mark(line) == _mark(last) and line[-1] != ":"]
    bare = MARKER.sub("", last)
    alike += [line for line in lines if line not in alike and len(words(line)) > 7 and line[-1] != ":"]
    name = bare.istitle() or bare.isupper() or not bare[:1].isalpha()
    return (
        not name
        and len(alike) > (0 if MARKER.match(last) and len(words(alike[0] if alike else "")) > 8 else 1)
        and (not lines[-1].endswith(",") or (len(alike) > 3 and len(words(lines[-1])) > 2))
        and all(line.rstrip("\"”')")[-1:] in (".", "!", "?", *",;" * (len(alike) > 3)) for line in alike)
        and not re.search(r"http|#\w", last)
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
    last = lines[-1] if lines else ""
    alike = [line for line in lines[:-1] if _mark(line) == _mark(last) and len(line) > 3]
    bare = [MARKER.sub("", line) for line in (*alike, last)]
    if (
        len(bare) > 2
        and len(words(bare[-1])) < 4
        and lines[-2][-1] != ":"
        and not LABEL.match(bare[-1])
        and all(map(LABEL.match, bare[:-1]))
    ):
        return "an item without what the others have"
    if (
        len(bare) > 1
        and MARKER.match(last)
        and len(words(LABEL.sub("", bare[-1]))) < 3
        and min(len(words(item)) for item in bare[:-1]) > 9
    ):
        return "an item shorter than the others"
    short = len(bare) > 3 and len(bare[-1]) < 0.25 * min(map(len, bare[:-1])) and len(bare[-1].split()) < 3
    return "an item shorter than the others" if short and MARKER.match(last) else None


def _is_piece(lines: list[str], text: str, example: Example) -> bool:
    """Tell whether the last word is no English word but begins one, in a text of English words that does not have it elsewhere."""
    found = re.search(r"(?:^|[\s(\"“*-])([A-Za-z][a-z]*)\Z", lines[0]) if lines else None
    if not found or re.search(r"\d[ -]?\Z|[=+*/^<>|&@#_\\]\s*\Z", lines[0][: found.start(1)]):
        return False
    piece, told = found[1].lower(), words(f"{example.instruction} {example.input}")
    said = [word for word in words(without_code(text))[:-1] if word.isalpha()]
    if piece in said or piece in told or found[1] in ("a", "A", "I"):
        return False
    if len(piece) == 1 and not re.search(
        r"(?:^|\W)(?!(?:step|option|part|plan|answer|vitamin|letter|type|class|grade|point|side)\b)[a-z]{2,} \Z|^\W*\d*[.)]? \Z",
        lines[0][: found.start(1)],
    ):
        return False
    known, ranked = vocabulary()
    at = bisect_left(ranked, piece)
    begins = at < len(ranked) and ranked[at].startswith(piece) and (piece not in known or len(piece) == 1)
    begins = begins or (piece not in known and any(word.startswith(piece) for word in (*said, *told)))
    said = said[-60:]
    return begins and len(said) > 1 and sum(word in known for word in said) >= 0.75 * len(said)


@cache
def vocabulary() -> tuple[frozenset[str], tuple[str, ...]]:
    """Load the English words (SCOWL), as a set and in alphabetical order."""
    text = gzip.decompress(files("alpaca.assets").joinpath("english_words.txt.gz").read_bytes()).decode()
    ranked = tuple(line for line in text.split("\n") if line and not line.startswith("#"))
    return frozenset(word for word in ranked if len(word) > 2 or word in TWO_LETTERS), ranked


TWO_LETTERS = frozenset(
    words("am an as at be by do go he hi if in is it me my no of oh on or so to up us we ok ox ax ad")
)
