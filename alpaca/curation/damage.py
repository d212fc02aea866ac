"""Filters of texts that were damaged on their way: wrong encodings, control characters, escapes and markup left over.

What is mojibake is told by ftfy (Speer 2019).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from alpaca.curation.endings import vocabulary
from alpaca.curation.prose import FENCE, INLINE, has_any, is_code, words
from alpaca.records import Example

CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufff9-\uffff\u202a-\u202e\u2066-\u2069\u00ad\u2028\u2029]|[\ue000-\uf8ff]|\u200b|\u2060|\r(?!\n)"
)
UNUSUAL = re.compile(r"[^\x00-\x7f‘’“”–—…•°]|[^\x00-\x7f]{2}")  # what mojibake has: more than lone typographic signs
CODED = re.compile(
    r"(?=.*\d)(?=(?-i:.*[a-z]))(?=(?-i:.*[A-Z]))(?:[A-Za-z0-9+/]{4}\s?){10,}[A-Za-z0-9+/=]{0,4}|(?=.*[a-f])(?=.*\d)(?:[0-9a-f]{2}[\s:]?){20,}",
    re.IGNORECASE,
)
SURROGATE = re.compile(r"[\ud800-\udfff]")
REPLACED = re.compile(r"\ufffd|ï¿½")
LOST = re.compile(
    r"(?<!\w)\?[a-z]+\?(?= [a-z])|\b[a-z]{3,}\?\.|(?:\?{2,} ){2,}|[a-z]\?(?:s|t|re|ve|ll|d|m)\b(?!\w)|\w\?{2,}\w|\b[a-z]{2,}\?[a-z]{2,}\b(?!=)"
)
QUOTED = re.compile(r"=(?:E2=80=|C3=|C2=|3D\b|20\n|\n)|(?:=[0-9A-F]{2}){2,}")
PERCENT = re.compile(r"%20\w*%20|(?:\w|^)%(?:20|2C|0A|0D|3A|3F|27|22|C3|E2|21|2E|3B)(?=\w|%|$)")
BARE = re.compile(
    r"(?<!U\+)(?<![\w\\])\w*u(?:00[a-f89][0-9a-f]|20[0-3][0-9a-f]|d83[cde])(?![0-9])\w*|(?<=\w)u(?:00[a-f89][0-9a-f]|2019|201[cd]|d83[cde])"
)
ESCAPED = re.compile(
    r"(?<=[a-z])\\t(?=[a-z])(?!\\(?:times|theta|tan|text|tau|top|to)\b)|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\x[0-9a-fA-F]{2}|\\n\\n|\\n(?=[^a-zA-Z]|$)|(?<=[.!?:;,)\]\"'])\s?\\+n|\\r\\n|\\t(?=[^a-z]|$)|(?<=[.!?:;,]) ?\\t|\\n(?=[A-Z0-9*•-])|\\\"|(?<=\w)\\'|(?<=[a-z])\\n(?=[a-z])|\\/(?=\w)"
)
MATH = re.compile(
    r"\\(?:frac|sqrt|times|nabla|theta|sum|int|alpha|beta|begin|text|cdot|neq|nu\b|tau|pi\b|left|right|leq|geq|approx)|\$[^$\n]*\\[a-z]+[^$\n]*\$|\\\(|\\\["
)
ENTITY = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|mdash|ndash|hellip|[lr][sd]quo|copy|reg|trade|euro|pound|deg|middot|bull|times|[a-zA-Z](?:acute|grave|circ|uml|tilde|cedil|ring|slash)|szlig|#\d{2,6}|#x[0-9a-fA-F]{2,5})(?:;|\b)"
)
TAG = re.compile(
    r"</?(?:p|br|div|span|b|i|u|em|strong|a|li|ul|ol|h[1-6]|td|tr|th|table|tbody|thead|font|img|center|sup|sub|hr|script|style|body|html|head|pre|code|blockquote|small|label|input|button|section|article|header|footer|nav|iframe|s|strike|del|ins|tt|dl|dt|dd)(?:\s+[\w-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|\S+))*\s*/?>|<!--|(?<!\w)\[(b|i|u|url|quote|color|size|img)(?:=[^\]]*)?\].*?\[/\1\]",
    re.IGNORECASE,
)
PROSE_TAG = re.compile(r"</?(?:p|br|div)\b", re.IGNORECASE)
ABOUT_MARKUP = re.compile(
    r"\b(?:html\w*|xml|css|tags?|markup|web ?(?:pages?|sites?|development)|entit(?:y|ies)|escap\w+|encod\w+|decod\w+|svg|bbcode|jsx|react|vue|javascript|front-?end|angular|php|code|hyperlink|template engine|markdown)\b",
    re.IGNORECASE,
)
ABOUT_CODE = re.compile(
    r"\b(?:html\w*|xml|css|escap\w+|encod\w+|decod\w+|javascript|php|code|unicode|regex\w*|regular expressions?|newlines?|json|urls?|programs?|programming|python|java|c\+\+|c#|function|latex|sql|quer(?:y|ies)|printf|backslash\w*|ascii|csv|strings?|scripts? (?:in|that|to)|bash|shell)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class EncodingDamage:
    """No field was decoded wrongly or lost characters: mojibake, replacement and control characters, escapes in place of characters."""

    def __call__(self, example: Example) -> str | None:
        about = bool(ABOUT_CODE.search(example.instruction))
        for text in (example.instruction, example.input, example.output):
            if kind := _broken(text) or _escaped(text, about or is_code(text) or is_code(example.output)):
                return f"encoding damage: {kind}"
        return None


def _broken(text: str) -> str | None:
    if SURROGATE.search(text):
        return "half a surrogate pair"
    if REPLACED.search(text):
        return "replacement character"
    if CODED.fullmatch(text.strip()):
        return "a text in base 64 or 16"
    if _wordless(text):
        return "letters that make no words"
    if mojibake(text):
        return "mojibake"
    if (found := CONTROL.search(text)) and not (
        found[0] == "\u200b" and not text.isascii() and re.search(r"[\u0e00-\u0fff\u1780-\u17ff]", text)
    ):
        return f"control character U+{ord(found[0]):04X}"
    marks = not text.isascii() and re.search(r"\S[\u0300-\u036f]{3,}", text)
    return "piled up accents" if marks else None


def _wordless(text: str) -> bool:
    """Tell whether hardly any of at least eight sequences of plain letters is a word: shuffled, reversed or random text."""
    found = re.findall(r"(?<![\w-])[a-z]{3,}", text[:600]) if text.isascii() else []
    others = [word for word in words(text[:600]) if word in OTHER_WORDS]
    if len(found) < 8 or is_code(text) or 10 * len(others) > len(found):
        return False
    known, _ = vocabulary()
    return sum(word in known for word in found) < 0.3 * len(found)


OTHER_WORDS = frozenset(
    words(
        "de la el le les und der die das que il un una het een och att jest nie na ve bir yang dan ng mga et est non si per"
    )
)  # of languages other than English


def mojibake(text: str) -> bool:
    """Tell whether ftfy reads a text as one that was decoded in the wrong encoding."""
    if text.isascii() or not UNUSUAL.search(text):
        return False
    import ftfy
    from ftfy.badness import is_bad

    whole = unicodedata.normalize("NFC", text)
    return (
        is_bad(whole)
        or ftfy.fix_encoding(whole) != whole
        or bool(
            re.search(
                r"[A-Za-z][\u0400-\u04ff]|[\u0400-\u04ff][A-Za-z]|ΓÇ|Γé¼|├[^\s]|[ÃÂâ][\u0080-\u00bf€™œž¢©¨¤‚„…†‡‰‹Œ]|[ÐÑ][\u0080-\u00bf][ÐÑ]",
                whole,
            )
        )
    )


def _escaped(text: str, about: bool) -> str | None:
    """Return the kind of escapes that stand in place of characters; none are faults in what is about code."""
    if not has_any(text, ("\\", "?", "=", "%", "u00", "u20", "ud8", "b'", 'b"')):
        return None
    if re.fullmatch(r"b'.*'|b\".*\"|\"(?:[^\"\\]|\\.)*\\[n\"](?:[^\"\\]|\\.)*\"", text.strip(), re.DOTALL):
        return "text as a literal of a program"
    prose = INLINE.sub(" ", FENCE.sub(" ", text))
    prose = re.sub(r"https?://\S+|www\.\S+", " ", prose)
    if not about and LOST.search(prose):
        return "characters replaced by question marks"
    if not about and (QUOTED.search(prose) or PERCENT.search(prose)):
        return "transfer encoding"
    if about or not has_any(prose, ("\\", "u00", "u20", "ud8")) or MATH.search(prose):
        return None
    return "escape sequence" if ("\\" in prose and ESCAPED.search(prose)) or BARE.search(prose) else None


@dataclass(frozen=True)
class Markup:
    """No entities or tags of HTML are left in texts that have nothing to do with it."""

    def __call__(self, example: Example) -> str | None:
        if ABOUT_MARKUP.search(f"{example.instruction} {example.input[:300]}"):
            return None
        for text in (example.instruction, example.input, example.output):
            if not has_any(text, ("&", "<", "[")):
                continue
            prose = INLINE.sub(" ", FENCE.sub(" ", text))
            found = ENTITY.search(prose) or TAG.search(prose)
            if found and not (is_code(text) and TAG.match(found[0]) and not PROSE_TAG.match(found[0])):
                return f"markup: {found[0][:30]}"
        return None
