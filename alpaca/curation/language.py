"""The filter of answers in another language than the instruction names, or than the task is in.

py3langid (Lui and Baldwin's langid.py, 2012) tells the language of a text; nothing is said of texts where it is unsure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated

from annotated_types import Interval
from pydantic import PositiveInt

from alpaca.curation.prose import STOP, sentences, without_code, words
from alpaca.records import Example

CODES = dict(
    re.findall(
        r"(\w+)=(\w+)",
        "english=en french=fr spanish=es castilian=es german=de italian=it portuguese=pt dutch=nl swedish=sv danish=da norwegian=no finnish=fi polish=pl "
        "czech=cs russian=ru ukrainian=uk greek=el turkish=tr arabic=ar hebrew=he hindi=hi chinese=zh mandarin=zh cantonese=zh japanese=ja korean=ko "
        "vietnamese=vi thai=th indonesian=id malay=id romanian=ro hungarian=hu latin=la bengali=bn persian=fa farsi=fa catalan=ca swahili=sw tamil=ta urdu=ur "
        "bulgarian=bg croatian=hr serbian=sr slovak=sk slovenian=sl icelandic=is irish=ga welsh=cy tagalog=tl filipino=tl",
    )
)
ALIKE = (
    {"no", "da", "sv"},
    {"es", "pt", "ca"},
    {"cs", "sk"},
    {"hr", "sr", "sl"},
    {"ru", "uk", "bg"},
    {"la", "it"},
    {"la", "es"},
    {"la", "pt"},
    {"la", "ro"},
    {"hi", "ur"},
    {"fa", "ar", "ur"},
    {"zh", "ja"},
)
OTHER_SCRIPT = frozenset(
    words("ru uk bg sr el ar he hi zh ja ko th bn fa ta ur")
)  # written otherwise than in Latin letters
NAME = rf"({'|'.join(CODES)})"
NAMED = re.compile(
    rf"\b(?:(?:in|into|to) (?:the |both )?(?:language |formal |informal |simple |modern |standard |mexican |brazilian |simplified |traditional |fluent |plain )*{NAME}(?! (?:is|was|are|were|restaurant|cuisine|food|culture|history|literature|art|cinema|society|politics|grammar|class|speakers?|people|speaking|city|market|tradition|style|revolution|government|context|war|folklore|mythology|music|version|numerals?|letters|characters?|words?|phrases?|sentence|text|terms|names?|origins?|roots?))"
    rf"|\buse (?:only )?{NAME}(?= only|[.!]|$| for (?:your|the) answer)|\((?:in )?{NAME}\)\s*$|\b(?:answer|reply|response|output) (?:must|should) be (?:written )?in {NAME}"
    rf"|(?:write|give|provide|compose|create|generate|make|say|use|a|an|the)(?: \w+){{0,2}} {NAME} (?:translation|version|equivalent|sentence|paragraph|phrase|poem)|(?:respond|answer|reply|write|speak)(?: \w+){{0,3}} (?:only |entirely )?in {NAME})\b",
    re.IGNORECASE,
)
SPOKEN_OF = re.compile(
    r"\b(?:languages?|translat\w+|foreign|bilingual|multilingual|spelling|etymolog\w*|pronounc\w*|say|phrases?|accent|dialect|meaning of|word for|equivalent|quote|lorem|latin)\b",
    re.IGNORECASE,
)
INTO = re.compile(
    rf"\b(?:translat\w+|convert|rewrite|render|turn|change)\b.*\b(?:in)?to {NAME}\b(?! (?:and|or|,))", re.IGNORECASE
)
ABOUT = re.compile(
    r"\W*(?:explain|why|what|how(?! (?:do|would|can|could|should|to|might)(?: you| I| we| one)? (?:say|write|express|translate|put))|discuss|compare|is|are|does)\b(?!.* in "
    rf"{NAME}[.?!]?$)",
    re.IGNORECASE,
)
PLAIN = 0.25  # a text with this share of English function words is not asked about: no other language reaches it


@cache
def identifier() -> Callable[[str], tuple[str, float]]:
    """Load the model on first use: a function of a text that returns the code of its language and how sure it is, 0 to 1."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # 1 s

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages(sorted(set(CODES.values()) & set(model.labels)))
    classify: Callable[[str], tuple[str, float]] = model.classify
    return classify


def _other_script(text: str, share: float = 0.6) -> bool:
    """Tell whether at least that share of a text's letters, and four, are neither Latin nor Greek, which mathematics uses."""
    if text.isascii():
        return False
    letters = [character for character in text if character.isalpha()]
    others = sum(
        character > "\u03ff" and not "\u1d00" <= character <= "\u2fff" and character < "\ufb00" for character in letters
    )
    return others > 3 and others >= share * len(letters)


@dataclass(frozen=True)
class Language:
    """The output is in the language that is named, or where none is, in that of the instruction.

    `sure` is what the model must say of a text to be believed; where no language is named only outputs of at least `words` words
    are looked at, since names and borrowed words are shorter.
    """

    sure: Annotated[float, Interval(gt=0, lt=1)]
    words: PositiveInt

    def __call__(self, example: Example) -> str | None:
        output = without_code(example.output)
        said = words(output)
        if not re.search(r"[^\W\d_]{2}", output):
            return None
        named = self._named(example)
        foreign = _other_script(output)
        if named:
            spelt = foreign and not named & OTHER_SCRIPT
            return (
                "wrong language: another script than that of the one named"
                if spelt
                else self._named_but(named, example, output)
            )
        own = SPOKEN_OF.search(example.instruction) or any(name in example.instruction.lower() for name in CODES)
        if (
            own
            or (not foreign and max(len(words(line)) for line in output.split("\n")) < self.words)
            or (not foreign and len(said) < self.words and output.isascii())
        ):
            return None
        if foreign and not _other_script(f"{example.instruction}{example.input}", 0.05):
            return "wrong language: another script than that of the task"
        if sum(word in STOP for word in said) > PLAIN * len(said):
            return None
        found = self._of(output)
        if (
            found in (None, "en")
            or found in (self._of(example.instruction), self._of(example.input))
            or self._of(example.instruction, 0.4) != "en"
        ):
            return None
        return f"wrong language: {found} where the task is in en"

    def _named(self, example: Example) -> set[str]:
        """Return the language that the instruction's first or last line asks an answer in; nothing where there are several."""
        lines = example.instruction.strip().split("\n")
        asked = (part for line in dict.fromkeys((lines[0][:300], lines[-1][-300:])) for part in sentences(line))
        named = {
            CODES[name.lower()]
            for part in asked
            if not ABOUT.match(part)
            for found in NAMED.findall(re.sub(rf"\bfrom {NAME}", "", part, flags=re.IGNORECASE))
            for name in found
            if name
        }
        if len(named) > 1 and (into := INTO.search(lines[0])):
            named = {CODES[into[1].lower()]}
        return named if len(named) == 1 else set()

    def _named_but(self, named: set[str], example: Example, output: str) -> str | None:
        (code,) = named
        found = self._of(output, self.sure if len(words(output)) > 3 else 0.9)
        if found is None or found == code or any({found, code} <= family for family in ALIKE):
            return None
        quoted = " ".join(re.findall(r"[\"“«*]([^\"”»*]+)[\"”»*]", output))
        parts = [quoted, *output.split("\n"), *re.split(r"[:(]|\. ", output)]
        if any(self._of(part, 0.5) in (code, *self._alike(code)) for part in parts if words(part)):
            return None
        return f"wrong language: {found} where {code} is named"

    def _alike(self, code: str) -> set[str]:
        return set().union(*(family for family in ALIKE if code in family))

    def _of(self, text: str, sure: float | None = None) -> str | None:
        """Return the language of a text, or None where the model is not sure of it."""
        language, probability = identifier()(text)
        return language if text.strip() and probability >= (sure or self.sure) else None
