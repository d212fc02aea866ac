"""Texts that were decoded in the wrong encoding.

ftfy (Speer 2019) tells the usual cases. What it leaves: bytes of UTF-8 read in any of the encodings below, which almost
no other bytes happen to be; ASCII read as UTF-16; and letters that do not stand together in any language.
"""

from __future__ import annotations

import re
import unicodedata

from alpaca.curation.prose import any_of

RUN = re.compile(r"[^\x00-\x7f]{2,}")
UNUSUAL = re.compile(r"[^\x00-\x7f‘’“”–—…•°]|[^\x00-\x7f]{2}")  # what mojibake has: more than lone typographic signs
ENCODINGS = (
    *("cp1252", "cp437", "cp850", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp866"),
    *("koi8_r", "iso8859_2", "iso8859_15", "shift_jis"),
)
# What UTF-8 is most often written for: accented Latin letters, typographic signs, currencies, arrows and mathematics
LIKELY = re.compile(r"[\u00a1-\u017f\u2010-\u2044\u20ac\u2122\u2190-\u22ff]+")
SIGN = "¤¢£¥¦§¨¬¯±´¶¸¹º»¼½¾¿¡ª‚„†‡ˆ‰‹›˜"
BOX = "─-▟■"
MISFITS = any_of(
    r"[A-Za-z][\u0400-\u04ff][a-z]|[\u0400-\u04ff][A-Za-z][\u0400-\u04ff]",  # Cyrillic within a Latin word
    r"[A-Za-z]{2}[\u0370-\u03ff][a-z]{2}",
    rf"[A-Za-z][{SIGN}{BOX}][a-z]|\b[a-z]{{2,}}[{SIGN}{BOX}]{{2}}",
    r"[a-z][À-ÖØ-Þ](?:[a-z]|\b)",  # a capital with an accent behind a small letter
    r"[а-яё][А-ЯЁ]{2,}",  # Russian with its cases swapped: KOI-8 read as cp1251
    r"ΓÇ|Γé¼|ÔÇ|├[^\s─-╿]|[ÃÂâ][\u0080-\u00bf€™œž¢©¨¤‚„…†‡‰‹Œ]|[ÐÑ][\u0080-\u00bf][ÐÑ]",
    flags=re.NOFLAG,
)
# Languages never have so many accents in a row; lists of letters do, but no two of them
ACCENTED = re.compile(r"[À-ÖØ-öø-ÿ]{6,}|[À-ÖØ-öø-ÿ]{4,}\W+(?:\w*\W+)?[À-ÖØ-öø-ÿ]{4,}")
ASIAN = r"\u0590-\u06ff\u0e00-\u0e7f\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff61-\uff9f"
GLUED = re.compile(rf"[a-z]{{2}}[{ASIAN}]|[{ASIAN}][a-z]{{2}}")
WIDE = re.compile(r"[\uff21-\uff3a\uff41-\uff5a]{3,}")  # full-width Latin letters
PAIRED = re.compile(r"[\u0a0a\u2000-\u9fff]{4,}")


def mojibake(text: str) -> bool:
    """Tell whether a text, or a part of it, was decoded in the wrong encoding."""
    if text.isascii() or not UNUSUAL.search(text):
        return False
    import ftfy
    from ftfy.badness import is_bad

    whole = unicodedata.normalize("NFC", text)
    return bool(
        is_bad(whole)
        or ftfy.fix_encoding(whole) != whole
        or MISFITS.search(whole)
        or ACCENTED.search(whole)
        or any(_was_utf_8(run) for run in set(RUN.findall(whole)))
        or any(_was_ascii(run) for run in PAIRED.findall(text))
        or (_is_latin(whole) and (GLUED.search(whole) or WIDE.search(whole)))
    )


def _was_utf_8(run: str) -> bool:
    """Tell whether the bytes of some encoding that gives a text are UTF-8 of likely characters."""
    for encoding in ENCODINGS:
        try:
            read = run.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if LIKELY.fullmatch(read) or (len(read) > 2 and all(character.isalpha() for character in read)):
            return True
    return False


def _was_ascii(run: str) -> bool:
    """Tell whether characters of two bytes are pairs of letters and spaces of ASCII."""
    try:
        read = run.encode("utf-16-le")
    except UnicodeError:
        return False
    usual = sum(byte in b"abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ.,'-\n" for byte in read)
    small = sum(byte in b"abcdefghijklmnopqrstuvwxyz " for byte in read)
    return usual >= 0.95 * len(read) and small >= 0.75 * len(read)


def _is_latin(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    return sum(character < "\u0250" or character > "\uff20" for character in letters) > 0.7 * len(letters)
