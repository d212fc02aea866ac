"""Codes and signs that stand in a text where characters should: escapes, transfer encodings, question marks, boxes."""

from __future__ import annotations

import re

from alpaca.curation.prose import any_of, has_any, is_code, without_code

EXACT = re.NOFLAG
HEX = "[0-9a-fA-F]"
NOT = r"(?:do|does|did|is|was|are|were|ca|could|would|should|wo|has|have|had|must|need|ai)n"
# What is left of a contraction whose apostrophe was lost
CONTRACTED = (
    rf"\b(?:{NOT}(?:{{0}})t|(?:I|you|we|they)(?:{{0}})(?:ve|re|ll|d|m)|"
    r"(?:it|that|he|she|there|what|who|let|here|where)(?:{0})(?:s|ll|d))\b"
)
# Escapes that are out of place in a text about code too, outside of the strings of programs
STRONG = any_of(
    rf"(?:%[C-F]{HEX}(?:%[89ABab]{HEX}){{1,3}})|(?:=[C-F]{HEX}(?:=[89AB]{HEX}){{1,3}})",  # UTF-8 in URLs and mail
    r"\\u(?:20[1-3][0-9a-fA-F]|00[a-fA-F89][0-9a-fA-F]|[dD]83[c-eC-E]|[fF]{3}[dD])|\\u\{[0-9a-fA-F]{2,6}\}",
    rf"(?:\\x[89a-fA-F]{HEX}){{2,}}|(?<=\w)\\x[89a-fA-F]{HEX}(?=\w)|(?:\\[23][0-7]{{2}}){{2,}}|\\N\{{[A-Z -]+\}}",
    rf"<U\+{HEX}{{4,6}}>|(?<=[\w])[\[{{]?U\+{HEX}{{4,6}}|[\[{{]U\+{HEX}{{4,6}}[\]}}](?=\w)|%u{HEX}{{4}}",
    rf"(?:<(?:0x)?[89a-fA-F]{HEX}>){{2,}}|<0x{HEX}{{2}}>|[a-z]<[89]\d>|(?<=[a-z])0x[89a-f]{HEX}(?=\w*[g-z])",
    rf"_x(?:00[01]|20[0-3]|00[89a-fA-F]){HEX}_",  # of Excel
    r"(?<![\w\]])\[(?:\d{1,2};)*\d{1,2}m|(?<=\w)\[(?:\d{1,2};)*\d{1,2}m(?=\w)",  # of terminals
    r"[a-z]{2}\^[A-Z@](?=[a-z\s])|\s\^[M@](?=[a-z])",
    r"(?<=[a-z][.!?:])\\n\\n(?=\S)",
    r"(?<!&)(?<!\S)#(?:8\d{3}|1\d\d|2\d\d);|(?<=\w)#(?:8\d{3}|1\d\d|2\d\d);",
    flags=EXACT,
)
ESCAPED = any_of(
    r"(?<=[a-z])\\t(?=[a-z])(?!\\(?:times|theta|tan|text|tau|top|to)\b)",
    rf"\\u{HEX}{{4}}|\\U{HEX}{{8}}|\\x{HEX}{{2}}|\\'[89a-f]{HEX}",
    r"\\n\\n|\\n(?=[^a-zA-Z]|$)|(?<=[.!?:;,)\]\"'])\s?\\+n|\\r\\n|\\n(?=[A-Z0-9*•-])|(?<=[a-z])\\n(?=[a-z])",
    r"\\t(?=[^a-z]|$)|(?<=[.!?:;,]) ?\\t",
    r"\\\"|(?<=\w)\\'|\\/(?=\w)",
    flags=EXACT,
)
BARE = any_of(  # escapes that lost their backslash
    r"(?<!U\+)(?<![\w\\])\w*u(?:00[a-f89][0-9a-f]|20[0-3][0-9a-f]|d83[cde])(?![0-9])\w*",
    r"(?<=\w)u(?:00[a-f89][0-9a-f]|2019|201[cd]|d83[cde])",
    r"(?<=[.:!?])/n(?:/n)?(?=[A-Z\d*-])|(?<=[.:!?])nn(?=[A-Z\d])",
    flags=EXACT,
)
TRANSFER = any_of(
    r"=(?:E2=80=|C3=|C2=|3D\b|20\n)|(?<![=\s])=\n|(?:=[0-9A-F]{2}){2,}",
    r"%20\w*%20|(?:\w|^)%(?:20|2C|0A|0D|3A|3F|27|22|C3|E2|21|2E|3B)(?=\w|%|$)",
    r"(?:\b[A-Za-z]{2,}[.,]?\+){3,}",
    flags=EXACT,
)
MARK = r"[´`¨¯]?\?+|\[\?\]|<\?>|\(\?\)|\{\?\}|&;"
QUESTIONED = any_of(
    CONTRACTED.format(MARK),
    r"[a-z](?:[´`¨¯]?\?+(?:s|t|re|ve|ll|d|m)|(?:\[\?\]|<\?>|\(\?\)|\{\?\}|&;)[a-z]+)\b(?!\w)",
    r"\w\?{2,}[a-z]|(?<!\S)\?{2,}[A-Za-z]",
    flags=EXACT,
)
ASKING = "what|who|is|are|do|does|did|can|how|why|when|where|which|will|would|should|could|have|has"
LOST = any_of(
    r"(?<!\w)\?[a-z]+\?(?= [a-z])|\b[a-z]{3,}\?\.|(?:\?{2,} ){2,}|\w\?{2,}\w",
    r"\b[a-z]{2,}\?[a-z]{2,}\b(?!=)|\b[A-Z]\?[a-z]{3,}",
    r"(?<![^\s])\?[A-Za-z]{2,}|\s\?\d+\b",
    rf"[a-z] \?{{3}} [A-Z]|(?m:^)\s*(?:\d+[.)]|[-*•]) (?!(?i:{ASKING})\b)[^?\n]{{3,50}} \?{{1,3}} [A-Z]",
    r"[a-z,] \?{1,3} [a-z](?![^\n]* : )|\d \? \d(?![^\n]* : )",
    flags=EXACT,
)
SPECIAL = "[#*@^~$+=%|_¬¿°]"
SPECIAL_ENDING = re.compile(rf"{SPECIAL}(?:t|s|ve|re|ll|d|m)\b")
UNAPOSTROPHED = any_of(
    CONTRACTED.format(SPECIAL),
    rf"\b{NOT} t\b|\b(?:it|that|he|she|there|what) s\b|\b(?:you|we|they) (?:ve|re|ll)\b|\bI (?:ve|ll|m)\b",
    flags=EXACT,
)
SPACED = ("n t", " s ", " ve ", " re ", " ll ", " m ")
BOXED = any_of(r"[^\s°(][□▯￼⍰⌂]|(?<!\n)(?<!^)(?<!°)[□▯￼⍰⌂]\w|[a-z,\d] [□▯￼⍰⌂] [a-z\d]|\w■\w", flags=EXACT)
WITHIN = re.compile(r"[a-z][□▯￼⍰⌂][a-z]")  # a word
ABOUT_BOXES = any_of(
    r"□|\b(?:blanks?|box(?:es)?|missing|squares?|symbols?|check ?(?:box|list)\w*|tick|emoticon|kaomoji)\b"
)
MATH = any_of(
    r"\\(?:frac|sqrt|times|nabla|theta|sum|int|alpha|beta|begin|text|cdot|neq|nu\b|tau|pi\b|left|right|leq|geq|approx)",
    r"\$[^$\n]*\\[a-z]+[^$\n]*\$|\\\(|\\\[",
    flags=EXACT,
)
ADDRESS = any_of(
    r"https?://\S+|www\.\S+|\b[A-Za-z]:(?:\\[\w.-]+(?: [\w.-]+(?=\\))?)+\\?|(?<!\S)/?(?:[\w.-]+/)+[\w.-]*\?\S+"
)
ABOUT_ESCAPES = any_of(
    r"\b(?:unicode|escap\w+|encod\w+|decod\w+|percent|urls?|ascii|utf|hex\w*|charset|code ?points?|regex\w*"
    r"|regular expressions?"
    r"|printf|backslash\w*|quoted-printable|query strings?|question marks?|characters? (?:codes?|sets?)|newlines?"
    r"|latex|string literals?)\b",
)
ABOUT_CODE = any_of(
    r"\b(?:html\w*|xml|css|javascript|php|code|json|programs?|programming|python|java|c\+\+|c#|function|sql"
    r"|quer(?:y|ies)|csv"
    r"|scripts? (?:in|that|to)|bash|shell)\b",
)
NAMED = any_of(r"\b(?:unicode|code ?points?|escape (?:sequence|character)s?|ascii|utf-8)\b")
# Typographic signs, which no program has outside of its strings
TYPOGRAPHIC = any_of(
    r"(?<![/\[\]\-\w\\])\\u20(?:1[3489cd]|26)(?![0-9a-f])|(?<![/\[\]\-])(?:\\xe2\\x80\\x[89a-b])",
    r"(?<![/\[\]\-\\])\b(?:[a-z]{1,20})?u20(?:1[3489cd]|26)(?![0-9a-f])",
    r"(?m:\\n```|^```\w*\\n)",  # a fence with line breaks as signs
    flags=EXACT,
)
STRING = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
LITERAL = re.compile(r"b'.*'|b\".*\"|\"(?:[^\"\\]|\\.)*\\[n\"](?:[^\"\\]|\\.)*\"", re.DOTALL)


def escape_in(text: str, instruction: str, output: str) -> str | None:
    """Return the kind of signs that stand in place of characters.

    Few are faults in what is about code, and none in what is about escapes.
    """
    prose = without_code(text)
    prose = ADDRESS.sub(" ", prose) if has_any(prose, ("/", "\\", "www.")) else prose
    if has_any(text, ("u20", "\\xe2\\x80", "\\n```", "```\\n")) and TYPOGRAPHIC.search(STRING.sub(" ", text)):
        return None if ABOUT_ESCAPES.search(instruction) or NAMED.search(prose) else "escape sequence"
    if has_any(prose, ("%", "=", "\\", "U+", "<", "[", "_x", "0x", "^", "#")) and _stands_out(prose):
        return None if ABOUT_ESCAPES.search(instruction) or NAMED.search(prose) else "escape sequence"
    kind = _typographic(prose)
    code = prose if kind and "```" in text else f"{text}\n{output}"
    if kind is None and (kind := _weak(text, prose)) and ABOUT_CODE.search(instruction):
        return None
    if (
        kind is None
        or (is_code(code) and not (kind == BOXES and WITHIN.search(prose)))
        or ">>> " in code
        or ABOUT_ESCAPES.search(instruction)
    ):
        return None
    return None if kind == BOXES and ABOUT_BOXES.search(instruction) else kind


def _stands_out(prose: str) -> bool:
    """Tell whether there is an escape outside of the strings of a program."""
    code = STRONG.search(prose) and (is_code(prose) or ">>> " in prose)
    return bool(STRONG.search(STRING.sub(" ", prose) if code else prose))


BOXES = "characters replaced by boxes"


def _typographic(prose: str) -> str | None:
    """Return the kind of signs in place of quotes, apostrophes and accents, in a text about code too."""
    if has_any(prose, ("?", "&;")) and QUESTIONED.search(prose):
        return "characters replaced by question marks"
    if not prose.isascii() and BOXED.search(prose):
        return BOXES
    lost = (has_any(prose, SPACED) or SPECIAL_ENDING.search(prose)) and UNAPOSTROPHED.search(prose)
    return "lost apostrophes" if lost else None


def _weak(text: str, prose: str) -> str | None:
    """Return the kind of signs that are damage except in a text about code."""
    if text.lstrip().startswith(('b"', "b'", '"')) and LITERAL.fullmatch(text.strip()):
        return "text as a literal of a program"
    if "?" in prose and LOST.search(prose):
        return "characters replaced by question marks"
    if has_any(prose, ("=", "%", "+")) and TRANSFER.search(prose):
        return "transfer encoding"
    if "\\" in prose and not MATH.search(prose) and ESCAPED.search(prose):
        return "escape sequence"
    bare = has_any(prose, ("u00", "u20", "ud8", "/n", ":nn", ".nn", "!nn", "?nn")) and BARE.search(prose)
    return "escape sequence" if bare else None
