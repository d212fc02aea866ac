"""The filter of answers in another language than the instruction names, or than the task is in.

py3langid (Lui and Baldwin's langid.py, 2012) tells the language of a text; nothing is said of texts where it is unsure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Annotated

from annotated_types import Interval
from pydantic import PositiveInt

from alpaca.curation.asked_language import CODES, NOT_LATIN, Asked, Strength, asked_language, mentioned
from alpaca.curation.endings import vocabulary
from alpaca.curation.prose import STOP, any_of, without_code, words
from alpaca.records import Example

# Languages that the model confuses in whole sentences
TWINS = (
    {"no", "da"},
    {"es", "ca", "gl"},
    {"hr", "sr", "sl", "bs", "mk", "bg"},
    *({"la", code} for code in ("it", "es", "pt", "ro", "fr")),
    {"hi", "ur", "mr", "ne"},
    {"fa", "ur", "ar", "ps", "ku"},
    {"ru", "be"},
)
SPOKEN_OF = any_of(
    r"\b(?:languages?|translat\w+|foreign|bilingual|multilingual|spelling|etymolog\w*|pronounc\w*|say|phrases?"
    r"|accent)\b",
    r"\b(?:dialect|meaning of|word for|equivalent|quote|lorem|latin)\b",
)
KEEPS = any_of(
    r"\W*(?:please )?(?:rewrite|paraphrase|rephrase|correct|edit|fix|proofread|improve|complete|continue|finish)\b"
)
FOREIGN_RUN = re.compile(r"(?<![(\w])(?:[\u0400-\u052f\u0590-\u06ff\u0900-\u0dff]{2,}[ ,]+){3,}[\u0400-\u0dff]{2,}")
QUOTED = re.compile(r"[\"“«*]([^\"”»*]+)[\"”»*]|(?<!\w)'([^'\n]+)'(?!\w)")
UNLIKE = NOT_LATIN - {"sr", "kk", "mn"}  # these are never written in ASCII alone
LATIN_LETTERS = any_of(
    r"\b(?:romaji|pinyin|transliterat\w+|romani[sz]\w+|phonetic\w*)\b",
    r"\b(?:latin|english|roman) (?:letters|script|alphabet|characters)\b",
)
PLAIN = 0.25  # a text with this share of English function words is not asked about: no other language reaches it
SLACK = 3  # times `1 - sure`: the named language is hardly ever as unlikely as that in a text of at least two words
LONG = 25  # words: an answer as long as that is no phrase of another language with its explanation


@cache
def identifier() -> Callable[[str], dict[str, float]]:
    """Load the model on first use: a function of a text that returns how likely each language is, by its code.

    They sum to 1.
    """
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # 1 s

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages(sorted(set(CODES.values()) & set(model.labels)))
    rank: Callable[[str], list[tuple[str, float]]] = model.rank
    return lru_cache(maxsize=8)(lambda text: dict(rank(text)))  # several questions are asked of the same output


def _other_script(text: str, share: float = 0.6) -> bool:
    """Tell whether that share of a text's letters, and four, are neither Latin nor Greek, which mathematics uses."""
    if text.isascii():
        return False
    letters = [character for character in text if character.isalpha()]
    others = sum(
        character > "\u03ff" and not "\u1d00" <= character <= "\u2fff" and character < "\ufb00" for character in letters
    )
    return others > 3 and others >= share * len(letters)


def _east_asian(text: str) -> str | None:
    """Return the language that kana, Hangul or at least eight Chinese characters without them tell."""
    kana, hangul, han = (
        len(re.findall(f"[{range_}]", text)) for range_ in ("\u3041-\u30fa", "\uac00-\ud7a3", "\u4e00-\u9fff")
    )
    if kana + hangul + han < 4:
        return None
    if hangul > kana:
        return "ko"
    return "ja" if kana > 1 else "zh" if han >= 8 else None


def _is_plain(said: list[str]) -> bool:
    """Tell whether words are English by the share of its function words alone."""
    return sum(word in STOP for word in said) > PLAIN * len(said)


def _is_english(said: list[str]) -> bool:
    """Tell whether an answer is English as a whole: long and plain, or all of it known words."""
    known, _ = vocabulary()
    plain = len(said) >= LONG and _is_plain(said)
    return plain or (len(said) >= 8 and sum(word in known for word in said) >= 0.9 * len(said))


@dataclass(frozen=True)
class Language:
    """The output is in the language that is named, or where none is, in that of the instruction.

    `sure` is what the model must say of a text to be believed; where no language is named only outputs of at least
    `words` words are looked at, since names and borrowed words are shorter.
    """

    sure: Annotated[float, Interval(gt=0, lt=1)]
    words: PositiveInt

    def __call__(self, example: Example) -> str | None:
        output = without_code(example.output)
        if not re.search(r"[^\W\d_]{2}", output):
            return None
        asked = asked_language(example.instruction)
        if asked and LATIN_LETTERS.search(example.instruction):
            return None
        return self._other_than(asked, output) if asked else self._unasked(example, output)

    def _other_than(self, asked: Asked, output: str) -> str | None:
        code = asked.code
        if _other_script(output) and code not in NOT_LATIN:
            return "wrong language: another script than that of the one named"
        said = words(output)
        if code in UNLIKE and asked.strength is Strength.WHOLE and len(said) > 4 and output.isascii():
            return f"wrong language: no letter of {code}"
        if code != "en" and asked.strength is Strength.WHOLE and _is_english(said):
            return f"wrong language: en where {code} is named"
        found = self._rather(code, output)
        natural = asked.strength is Strength.TOUCHED or self._has_part_in(code, output)
        if found is None or (found == "en" and natural):
            return None
        return f"wrong language: {found} where {code} is named"

    def _rather(self, code: str, text: str) -> str | None:
        """Return the language that a text is in rather than in a given one, which must be far less likely."""
        likely, said = identifier()(text), words(text)
        found = _east_asian(text) or max(likely, key=likely.__getitem__)
        if found == code or _are_twins(found, code) or (code not in likely and found != "en"):
            return None
        if code == "en" and vocabulary()[0].issuperset(said):
            return None
        if found == "en" and len(said) > 2 and vocabulary()[0].issuperset(said) and _is_plain(said):
            return "en"
        slack = 1 if code == "en" else SLACK  # foreign names are frequent in English
        other = likely.get(code, 0.0) < slack * (1 - self.sure) * likely.get(found, 1.0)
        return found if other and (len(said) > 1 or likely[found] > self.sure) else None

    def _has_part_in(self, code: str, output: str) -> bool:
        """Tell whether an answer in English quotes what was asked for."""
        known, _ = vocabulary()
        family = {code}.union(*(twins for twins in TWINS if code in twins))
        for quoted in ("".join(found) for found in QUOTED.findall(output)):
            said = words(quoted)
            if (
                said
                and (len(said) == 1 or not known.issuperset(said))
                and (code in NOT_LATIN or not self._rather(code, quoted))
            ):
                return True
        parts = (
            part for part in (*output.split("\n"), *re.split(r"[:(]|\. ", output)) if not known.issuperset(words(part))
        )
        return any(self._of(part, 0.5) in family for part in parts if not _is_plain(words(part)))

    def _unasked(self, example: Example, output: str) -> str | None:
        named = mentioned(example.instruction)
        if SPOKEN_OF.search(example.instruction) and not named:
            return None
        if _other_script(output):
            natural = named & NOT_LATIN or _other_script(f"{example.instruction}{example.input}", 0.05)
            return None if natural else "wrong language: another script than that of the task"
        if not named and not output.isascii() and FOREIGN_RUN.search(output) and not FOREIGN_RUN.search(example.input):
            return "wrong language: words in another script"
        said = words(output)
        if len(said) < self.words and (output.isascii() or named):
            return None
        if _is_plain(said):
            return None if named else self._english(example, said)
        return self._foreign(example, output, named)

    def _foreign(self, example: Example, output: str, named: set[str]) -> str | None:
        """Object to an answer in a language that neither the task nor its input is in, and that nothing names."""
        if max(len(words(line)) for line in output.split("\n")) < self.words:
            return None
        found = self._of(output)
        if found in (None, "en") or found in named or any(_are_twins(found or "", code) for code in named):
            return None
        if found in (self._of(example.instruction), self._of(example.input)):
            return None
        english = self._of(example.instruction, 0.4) == "en"
        return f"wrong language: {found} where the task is in en" if english else None

    def _english(self, example: Example, said: list[str]) -> str | None:
        """Object to an English answer to a task in another language, or to what should stay in the input's."""
        text = example.input if KEEPS.match(example.instruction) and example.input else example.instruction
        asked = words(text)
        if len(said) < self.words or len(asked) < self.words or _is_plain(asked):
            return None
        if text is example.instruction and example.input and self._of(example.input) == "en":
            return None
        found = self._of(text, 0.99)
        return f"wrong language: en where the task is in {found}" if found not in (None, "en") else None

    def _of(self, text: str, sure: float | None = None) -> str | None:
        """Return the language of a text, or None where the model is not sure of it."""
        if not text.strip():
            return None
        likely = identifier()(text)
        language = max(likely, key=likely.__getitem__)
        return language if likely[language] >= (sure or self.sure) else None


def _are_twins(one: str, other: str) -> bool:
    return any({one, other} <= twins for twins in TWINS)
