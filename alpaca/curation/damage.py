"""The filter of texts that were damaged on their way: wrong encodings, lost and invisible characters, escapes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alpaca.curation.endings import vocabulary
from alpaca.curation.escapes import escape_in
from alpaca.curation.mojibake import mojibake
from alpaca.curation.prose import any_of, has_any, is_code, words
from alpaca.records import Example

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")
HIDDEN = any_of(
    r"[\u00ad\u034f\u115f\u1160\u180e\u200b\u2028-\u202e\u2060-\u206f\u2400-\u2426\u3164\ufeff\uffa0]",  # invisible
    r"(?<=[A-Za-z])[\u200c-\u200f\ufe00-\ufe0f]|[\u200c-\u200f\ufe00-\ufe0f](?=[A-Za-z])",  # natural in emoji
    r"[\ue000-\uf8ff\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff]",  # for private use, or no characters
    r"[\U000e0000-\U000e0fff\U000f0000-\U0010ffff]",
    flags=re.NOFLAG,
)
SPACELESS = re.compile(r"[\u0e00-\u0fff\u1780-\u17ff]")  # scripts that mark the ends of words by zero-width spaces
CODED = any_of(
    r"(?=.*\d)(?=(?-i:.*[a-z]))(?=(?-i:.*[A-Z]))(?:[A-Za-z0-9+/]{4}\s?){10,}[A-Za-z0-9+/=]{0,4}",
    r"(?=.*[a-f])(?=.*\d)(?:[0-9a-f]{2}[\s:]?){20,}",
)
PIECES = any_of(  # signs that tokenizers put for spaces, line breaks and the joints of words
    r"(?<=[a-z\d.,;:!?)\]\"'”’*])[ĠĊ]|[ĠĊ](?=[A-Z\s])|(?<=[A-Z]{2})Ġ|▁(?=[A-Za-z])|(?<=[a-z.,])▁",
    r"(?<=[a-z] )##[a-z]{1,6}\b|(?<=[a-z])@@ (?=[a-z])|(?<=[a-z])</w>",
    flags=re.NOFLAG,
)
PIECE_SIGNS = ("Ġ", "Ċ", "▁", " ##", "@@ ", "</w>")
SURROGATE = re.compile(r"[\ud800-\udfff]")
REPLACED = re.compile(r"\ufffd|ï¿½")
SPACED = re.compile(r"(?:(?<!\w)[a-z] +){9,}")
STACKED = re.compile(r"\S[\u0300-\u036f]{3,}")
NAMES = re.compile(r"\S*(?:[/@_]|\w\.\w)\S*")  # of files, addresses and variables
LIGATURES = ("fi", "fl", "ff", "ffi", "ffl")
LIGATURE = re.compile(r"[\ufb00-\ufb06]")
OTHER_WORDS = frozenset(
    words(
        "de la el le les und der die das que il un una het een och att jest nie na ve bir yang dan ng mga et est "
        "non si per"
    )
)  # of languages other than English


@dataclass(frozen=True)
class EncodingDamage:
    """No field was decoded wrongly, or lost characters to signs, escapes and nothing."""

    def __call__(self, example: Example) -> str | None:
        for text in (example.instruction, example.input, example.output):
            if kind := _broken(text) or escape_in(text, example.instruction, example.output):
                return f"encoding damage: {kind}"
        return None


def _broken(text: str) -> str | None:
    if SURROGATE.search(text):
        return "half a surrogate pair"
    if not text.isascii() and REPLACED.search(text):
        return "replacement character"
    if has_any(text, PIECE_SIGNS) and PIECES.search(text):
        return "signs of a tokenizer"
    if CODED.fullmatch(text.strip()):
        return "a text in base 64 or 16"
    if _is_wordless(text):
        return "letters that make no words"
    if mojibake(text):
        return "mojibake"
    found = CONTROL.search(text) or (None if text.isascii() else HIDDEN.search(text))
    if found and not (found[0] == "\u200b" and SPACELESS.search(text)):
        return f"control character U+{ord(found[0]):04X}"
    if not text.isascii() and (LIGATURE.search(text) or STACKED.search(text)):
        return "ligatures" if LIGATURE.search(text) else "piled up accents"
    return "lost ligatures" if _lost_ligatures(text) else None


def _is_wordless(text: str) -> bool:
    """Tell whether hardly any of eight or more plain words is one: the text is shuffled, reversed, random or spaced."""
    start = NAMES.sub(" ", text[:600])
    found = re.findall(r"(?<![\w-])[a-z]{3,}", start) if start.isascii() else []
    others = [word for word in words(start) if word in OTHER_WORDS]
    if len(found) < 8 or is_code(text) or 10 * len(others) > len(found):
        return bool(SPACED.search(text)) and "a b c d e" not in text
    known, _ = vocabulary()
    return sum(word in known for word in found) < 0.3 * len(found)


def _lost_ligatures(text: str) -> bool:
    """Tell whether two pieces of an English text that are no words become some with "fi", "ff" and the like put in."""
    known, _ = vocabulary()
    said = re.findall(r"[A-Za-z]+(?=[\s.,;:!?)]|\Z)", text)
    unknown = [place for place, word in enumerate(said) if word.islower() and len(word) > 2 and word not in known]
    if len(unknown) < 2 or 2 * len(unknown) > len(said):
        return False
    around = ["", *said, ""]
    return (
        len({said[place] for place in unknown if _mended(around[place], around[place + 1], around[place + 2], known)})
        > 1
    )


def _mended(before: str, word: str, after: str, known: frozenset[str]) -> bool:
    return any(
        f"{word[:cut]}{ligature}{word[cut:]}" in known for ligature in LIGATURES for cut in range(len(word) + 1)
    ) or any(
        f"{before.lower()}{ligature}{word}" in known or f"{word}{ligature}{after}" in known for ligature in LIGATURES
    )
