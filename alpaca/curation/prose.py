"""What filters read of a text: its words, sentences, list items, and what is left of it without code."""

from __future__ import annotations

import re
from functools import lru_cache

FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
DIGIT = re.compile(r"\d")
I_AM = r"I(?:['’]m| am)"  # a part of patterns
INLINE = re.compile(r"`[^`\n]+`")
MARKER = re.compile(r"^\s*(?:(\d{1,3})[.)]|[-*•–+])\s+(?=\S)", re.MULTILINE)
ABBREVIATION = re.compile(
    r"\b(?=\w{1,6}\.)(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|e\.g|i\.e|a\.m|p\.m|U\.S|U\.K|No|Inc|Ltd|Co|approx|[A-Z])\.",
    re.IGNORECASE,
)
CODE = re.compile(
    r"```|^\s*(?:def |class \w+[:({]|import |from \w+ import|#include|public |function |for ?\(|while ?\(|if ?\(|<!DOCTYPE|SELECT .* FROM|"
    r"(?:var|let|const) \w+ =)|\breturn\b.*;|[{};]\s*$",
    re.MULTILINE,
)


def any_of(*patterns: str, flags: re.RegexFlag = re.IGNORECASE) -> re.Pattern[str]:
    """Return one pattern that matches what any of these does, the first that does where several do."""
    return re.compile("|".join(patterns), flags)


def either(*lists: str) -> str:
    """Return a part of a pattern that matches any word of the first list, which spaces part, or any of the others whole."""
    return f"(?:{'|'.join([*lists[0].split(), *lists[1:]])})"


def words(text: str) -> list[str]:
    """Return the words in lower case, without punctuation, in any script."""
    return re.findall(r"\w+(?:['’]\w+)*", text.lower())


def plain(text: str) -> str:
    """Return the words alone, so that texts which differ in case, spaces and punctuation are equal."""
    return " ".join(words(text))


def without_code(text: str) -> str:
    """Return the text without fenced and inline code."""
    return INLINE.sub(" ", FENCE.sub("\n", text))


def has_any(text: str, parts: tuple[str, ...]) -> bool:
    """Tell whether a text holds any of some strings: the cheap question before a dear one."""
    return any(part in text for part in parts)


def is_code(text: str) -> bool:
    """Tell whether a text holds program code, fenced or bare."""
    return bool(CODE.search(text))


@lru_cache(maxsize=8)  # several filters ask it of the same output
def sentences(text: str) -> tuple[str, ...]:
    """Split prose after closing punctuation and at line breaks; usual abbreviations and decimals do not end a sentence."""
    held = ABBREVIATION.sub(lambda found: found[0].replace(".", "\0"), text)
    parts = re.split(r"(?<=[.!?。！？])[\"'”’)\]]*\s+|(?<=[。！？])|\n+", held)
    return tuple(part.replace("\0", ".").strip() for part in parts if re.search(r"\w", part))


def items(text: str) -> list[str]:
    """Return the markers of the outermost list of a text: its numbers, or its bullets where it has none."""
    found = [line for line in text.split("\n") if MARKER.match(line)]
    indent = min((len(line) - len(line.lstrip()) for line in found), default=0)
    outer = [line.strip() for line in found if len(line) - len(line.lstrip()) == indent]
    numbered = [line for line in outer if line[0].isdigit()]
    return numbered or outer


STOP = frozenset(
    words(
        "a an the of to in on at for with by from as is are was were be been being it its this that these those and or but not no do does did have has "
        "had i you he she we they me my your his her our their them him us can could will would should may might must if then than so such into about "
        "what which who whom whose when where why how there here all any each some more most other please following given write give provide make "
        "create generate describe explain list name tell one also just need want like using use kindly thank thanks"
    )
)


def stems(text: str) -> set[str]:
    """Return the first five letters of the words that carry meaning: two texts on one subject share some of them."""
    return {word[:5] for word in words(text) if len(word) > 2 and word not in STOP and not word.isdigit()}
