"""What tells that there would be more: marks of a cut, an ellipsis, and headings and lists without what they announce."""

from __future__ import annotations

import re

from alpaca.curation.prose import any_of, either, is_code, words

ELLIPSIS = r"(?:\.\.\.+|…)"
LEFT_OPEN = any_of(
    rf"(?<=[^\W\d])(?:,|[,;]? ?\b(?:and|or|the|a|of|to))? ?{ELLIPSIS}\Z",
    rf"[\[(]\s*{ELLIPSIS}\s*[\])]\Z",
)
LINKS = either("and or the an? of to in on for with by from that as is are their its can")
TRAILS = any_of(rf"\b{LINKS} ?(?:{ELLIPSIS}|[\[(]{ELLIPSIS}[\])])\Z")
TO_BE_CONTINUED = "to be continued"
CUT = (  # what whoever cuts says of it
    "(?:"
    r"cut(?: off| short|s out)?|truncat\w+|snip(?:ped)?|abridged|shortened|omitted|redacted for length|missing|incomplete|"
    rf"{TO_BE_CONTINUED}|continue[sd]?|continuation|cont['’.]?d?|rest of|remain\w+|preview|part 1|more|"
    r"(?:next|read|see|show) (?:message|page|part|more)|unfinished|interrupt\w+|stop(?:ped)?|abort\w*|time ?out|"
    r"limit|max(?:imum)?|tokens?|reached|exceeded|too long"
    ")"
)
ALONE = either("more limit stop remain continue missing cut max reached tokens?")  # says nothing without brackets
CUT_MARK = any_of(  # at the very end: in brackets, between other marks, or a short line
    rf"[\[(<{{][^\[\](){{}}<>]{{0,40}}?\b{CUT}\b[^\[\](){{}}<>]{{0,30}}[\])>}}]\Z",
    rf"(?:{ELLIPSIS}|[*/—–_-]{{2,3}})\W*(?:\w+ ){{0,3}}{CUT}\b(?: \w+){{0,3}}\W{{0,5}}\Z",
    rf"\n\W*(?:\w+ ){{0,2}}(?!{ALONE}\b){CUT}\b(?: \w+){{0,3}}\W*\Z",
)
OPEN_ENDED = any_of(  # tasks whose answers may trail off
    r"\b(?:sto(?:ry|ries)|scene|poem|lyrics?|song|monologue|joke|riddle|diary|teaser|dialog\w*)\b",
    r"\b(?:suspens\w*|cliffhanger|fill|blank|ellips\w*)\b",
)
OPEN_WHEN_SHORT = any_of(
    r"\b(?:sentences?|opening|quotes?|phrase|complete|continue|punctuation|message|tweet|slogan|title)\b",
    r"\b(?:sequence|series|list)\b",
)
NUMBERS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
THERE = r"(?:there (?:are|is)|here(?: are| is|['’]s)|(?:below|these|those) (?:are|is)|my (?:answer|response) (?:has|consists of))"
OF_WHAT = either(
    "a an the my of them for this that it you to do so following below some several many various multiple numerous few "
    "different main most important key common good possible list examples? answer response ones? ways? reasons? types? kinds? "
    "things? points? steps? tips? parts? factors? benefits ideas options methods differences characteristics features",
    r"\d+",
    *NUMBERS,
)
AS_FOLLOWS = r"(?:the following|as follows|follows|(?:listed|given|found) below|below|one by one)"
ANNOUNCES = any_of(  # a sentence that says only what kind of thing will come
    rf"\A{THERE}(?: {OF_WHAT}\b)+[.!]?\Z",
    rf"\A[^,;\n]{{0,60}}\b(?:(?:are|is|as|see) {AS_FOLLOWS}|them below)[.!]?\Z",
    r"\A(?:once upon a time|title: [^\n]{0,60})\W*\Z",
)
TITLES = either(
    "introduction overview summary outline conclusions? background title answer solution response explanation description "
    "definition examples? steps? ingredients instructions abstract contents",
    "table of contents",
    "(?:chapter|part|section|step|day) (?:1|one|i)",
)
HEADING = any_of(rf"\A\W*{TITLES}\W*\Z")
COUNTED = any_of(  # how many items a line says that a list will have
    rf"\b({'|'.join(NUMBERS)}|[2-9]|10)\b[^.:\n]{{0,60}}s\b[^.:\n]{{0,30}}:\s*\n+\s*1[.)] "
)


def breaks_off(text: str, asked: str) -> str | None:
    """Return the mark at the end that says that there would be more."""
    open_ended = OPEN_ENDED.search(asked)
    if (mark := CUT_MARK.search(text[-90:])) and not (open_ended and TO_BE_CONTINUED in mark[0].lower()):
        return f"ends with {mark[0].strip()!r}"
    if left := LEFT_OPEN.search(text[-40:]):
        size = len(words(text))
        short = size < 40 and (open_ended or OPEN_WHEN_SHORT.search(asked))
        if size > 7 and not short and (not open_ended or TRAILS.search(text[-40:])):
            return f"ends with {left[0].strip()!r}"
    return "ends with a heading" if "\n" in text[:-1] and HEADING.match(text.rsplit("\n", 1)[1]) else None


def announces(text: str) -> str | None:
    """Return what a text announces and does not give: more items of a list, or anything under its only heading."""
    if len(text) < 100 and (HEADING.match(text) or ANNOUNCES.match(text.strip("*#_ "))):
        return "nothing after a heading or an announcement"
    numbers = re.findall(r"^(\d{1,2})[.)] +\S", text, re.MULTILINE)
    if not numbers or numbers != [str(n + 1) for n in range(len(numbers))] or is_code(text):
        return None
    if (told := COUNTED.search(text)) and len(numbers) < _number(told[1].lower()):
        return f"{len(numbers)} items of {told[1]}"
    alone = numbers == ["1"] and re.match(r"1[.)]", text.rsplit("\n", 1)[-1]) and not re.search(r"\b2[.)] ", text)
    return "a list with one item" if alone and (text[0] == "1" or re.search(r":\s*\n+1[.)] ", text)) else None


def _number(word: str) -> int:
    return int(word) if word.isdigit() else NUMBERS.index(word) + 2
