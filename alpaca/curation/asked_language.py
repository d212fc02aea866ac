"""Which natural language an instruction asks its answer in.

A language is asked for by the role of its name: behind "in" or "into" and alone there, as object of "use" or "speak
only", before "translation", or in a clause of it and words about answering ("Language of the answer: Hindi").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from alpaca.curation.prose import any_of, sentences, words

# The languages that the model of `language.py` tells apart
CODES = dict(
    re.findall(
        r"(\S+)=(\w+)",
        "english=en french=fr spanish=es castilian=es german=de italian=it portuguese=pt dutch=nl swedish=sv danish=da "
        "norwegian=no finnish=fi polish=pl czech=cs russian=ru ukrainian=uk greek=el turkish=tr arabic=ar hebrew=he "
        "hindi=hi chinese=zh mandarin=zh cantonese=zh japanese=ja korean=ko vietnamese=vi thai=th indonesian=id "
        "malay=id "
        "romanian=ro hungarian=hu latin=la bengali=bn persian=fa farsi=fa catalan=ca swahili=sw tamil=ta urdu=ur "
        "bulgarian=bg croatian=hr serbian=sr slovak=sk slovenian=sl icelandic=is irish=ga welsh=cy tagalog=tl "
        "filipino=tl",
    )
)
# Languages that it is not asked about: of an answer in one of these it is only known that it is not English
RARE = dict(
    re.findall(
        r"(\S+)=(\w+)",
        "afrikaans=af albanian=sq armenian=hy azerbaijani=az basque=eu belarusian=be bosnian=bs burmese=my "
        "esperanto=eo "
        "estonian=et galician=gl georgian=ka gujarati=gu haitian=ht hausa=ha igbo=ig javanese=jv kannada=kn kazakh=kk "
        "khmer=km kurdish=ku lao=lo latvian=lv lithuanian=lt luxembourgish=lb macedonian=mk malayalam=ml maltese=mt "
        "maori=mi marathi=mr mongolian=mn nepali=ne pashto=ps punjabi=pa sinhala=si somali=so telugu=te uzbek=uz "
        "xhosa=xh yiddish=yi yoruba=yo zulu=zu amharic=am",
    )
)
# How languages call themselves
OWN = dict(
    re.findall(
        r"(\S+)=(\w+)",
        "français=fr francais=fr español=es espanol=es castellano=es deutsch=de italiano=it português=pt portugues=pt "
        "nederlands=nl svenska=sv dansk=da norsk=no suomeksi=fi polsku=pl češtině=cs česky=cs русском=ru по-русски=ru "
        "українською=uk ελληνικά=el türkçe=tr العربية=ar עברית=he हिंदी=hi हिन्दी=hi 中文=zh 汉语=zh 日本語=ja 한국어=ko "
        "magyarul=hu "
        "română=ro català=ca anglais=en inglés=en englisch=en inglese=en inglês=en engels=en engelska=en angielsku=en",
    )
)
ALL = CODES | RARE | OWN
NOT_LATIN = frozenset(
    words("ru uk bg sr el ar he hi zh ja ko th bn fa ta ur hy be my ka gu kn kk km lo mk ml mr mn ne ps pa si te yi am")
)

NAME = rf"({'|'.join(sorted(CODES | RARE, key=len, reverse=True))})"
# The name stands alone: what follows ends the clause, or is a word that no noun phrase goes on with
ALONE = (
    r"(?: language| tongue)?(?![\w'’-])(?=\W*\Z|\s*[^\w\s'’-]|\s+[–—-]\s|\s+(?:only|please|for|so|but|with|using"
    r"|rather|"
    r"instead|not|as|because|about|to|when|since|if|while|that|which|without|within|and|or|from|on|at|by|the|an?|"
    r"this|these|those|my|your|his|her|its|their|our|what|why|how|who|where|each|all|any|no|one|two|three|four|five|"
    r"six|seven|eight|nine|ten|\d+|it|you|i|he|she|they|we|exclusively|throughout|entirely|now"
    r"|of (?:\w+ ){0,2}\w+ (?:words|sentences|lines))\b)"
)
QUALITY = r"(?:(?!\w+ing\b)[a-z]+,? (?:and |but )?){0,2}?"  # fluent and natural, simple, Mexican
LISTED = (
    r"(?:(?:the|both|language|formal|informal|simple|modern|standard|mexican|brazilian|simplified|traditional|fluent|"
    r"plain|natural|idiomatic|everyday|colloquial|proper|correct|good|clear|written|spoken|perfect) )*"
)
TEXT = (
    r"(?:translation|version|equivalent|rendering|rendition|counterpart|sentence|paragraph|phrase|poem|answer"
    r"|reply|response|"
    r"words?(?= for| that mean| meaning)|term(?= for)|subtitles?)\b"
)
# To be strong, a role says that the answer as a whole is in the language
ANSWERED = any_of(
    rf"\b(?:respond|answer|reply|writ|speak|talk|explain|say|tell)(?:e|ing)?(?: \w+){{0,4}}? in {QUALITY}{NAME}{ALONE}",
    rf"\b(?:using|speaking|writing) (?:only |nothing but |in )?{LISTED}{NAME}{ALONE}",
    rf"\b(?:use|speak|choose|employ|prefer|stick to|switch to) (?:only |just )?{LISTED}{NAME}{ALONE}",
    rf"\b(?:speaks?|reads?|understands?|knows?) (?:only|nothing but|no language but) {NAME}{ALONE}",
    rf"\bonly (?:speaks?|reads?|understands?|knows?) {NAME}{ALONE}",
    rf"\b(?:answer|reply|response|output|text|result|everything|solution|it)\b[^.\n]{{0,30}} (?:must|should|has to"
    rf"|needs? to|shall|to) be "
    rf"(?:written |given |composed |entirely |only )*(?:in )?{LISTED}{NAME}{ALONE}",
)
APART = any_of(
    rf"^\W*in {LISTED}{NAME}(?=\s*[,:]| please)",
    rf"^\W*(?:please )?(?:respond|answer|reply|write|explain|say|speak)(?: the following| this| to (?:this|me))? "
    rf"in {QUALITY}{NAME}(?: only)?\s*:",
    rf"[(\[]\s*(?:in )?{QUALITY}{NAME}(?: please| only)?\s*[)\]]\W*$",
    rf"[,;:–—-] ?(?:all |and |but )?in {QUALITY}{NAME}(?:,? please)?\W*$",
)
# A weak role names the language of something within the answer, which may be English around it
GIVEN = any_of(
    rf"\b(?:in|into) {LISTED}{NAME}{ALONE}",
    rf"\bto {LISTED}{NAME}{ALONE}",
    rf"\b(?:write|give|provide|compose|create|generate|make|say|use|a|an|the)(?: \w+){{0,2}} {NAME} {TEXT}",
    rf"\b(?:the|its|their) {NAME} (?:for|of)\b",
    rf"\b(?:in|into) {QUALITY}{NAME}{ALONE}",
)
NATIVE = re.compile(rf"\b(?:en|auf|in(?: het)?|em|po|på|på|i|по|на|v|用|以)\s?({'|'.join(OWN)})\b", re.IGNORECASE)
DIRECTION = any_of(
    rf"\b{NAME}\s*(?:to|into|->|→|=>|>|-to-)\s*{NAME}\b",
    rf"\bfrom {NAME}\b.*?\b(?:in)?to {NAME}\b",
    rf"\b(?:translat\w+|convert|rewrite|render|turn|change)\b.*\b(?:in)?to {NAME}\b(?! (?:and|or|,))",
)
FROM = any_of(
    rf"\bfrom (?:the )?(?:original )?{NAME}",
    rf"(?:\bnot?|n't|\bnever|\bwithout|\bavoid\w*|\brather than|\binstead of)(?: \w+)? (?:in )?{NAME}",
)
# Sentences about a language, in which its name asks for nothing; "What is ... in French?" does ask
QUESTION = any_of(
    r"\W*(?:explain|why|discuss|compare|is|are|do|does|did)\b",
    rf"\W*(?:what|how(?! (?:do|would|can|could|should|to|might)(?: you| I| we| one)? (?:say|write|express|translate"
    rf"|put)))\b(?!.* in {NAME}[.?!\"']*$)",
    rf".*\b(?:written|published|spoken|used|called|known|sung|taught|found|common|popular) (?:\w+ )?in {NAME}\b",
)
LINGUISTIC = any_of(
    r"\b(?:grammar\w*|tenses?|verbs?|nouns?|pronouns?|adjectives?|adverbs?|articles?|conjugat\w+|subjunctive"
    r"|gender|plurals?|vowels?)\b",
    r"\b(?:alphabet|syntax|fluen(?:cy|tly)|fluent(?= in)|proficien\w+|degree|"
    r"class(?:es)?|courses?|lessons?|exams?|literature|accents?"
    r"|spelling)\b",
    r"\b(?:letters?|differences?|mean(?:s|ing|t)?|origins?|etymolog\w+|pronounc\w+|pronunciation|idioms?)\b",
)
POLITE = re.compile(r"\W*(?:can|could|would|will) you (?:please )?(?!speak|read|understand|know)", re.IGNORECASE)
# The words of which a clause about answering consists, apart from the name of a language
ABOUT_ANSWERING = frozenset(
    words(
        "a all an and any answer answered answers as back be but choose complete completely composed delivered "
        "do don't "
        "entire entirely everything exclusively expected for full fully give given has i in instead is it keep kindly "
        "language languages lang just make must need needs no not of only other output please prefer preferred "
        "provide reply "
        "required respond response result return should so stay strictly stick support target text than that the "
        "this throughout to use using want we whole will with word words write written you your lingua idioma "
        "langue sprache"
    )
)
SAYS_ANSWERING = frozenset(
    words(
        "answer answered answers language lang output reply respond response result return text use write "
        "written only please"
    )
)


class Strength(IntEnum):
    """How much of an answer is in the language that is named."""

    TOUCHED = 0  # the question is about the language: the answer may as well be in English
    PART = 1  # something in it, with English around
    WHOLE = 2


@dataclass(frozen=True)
class Asked:
    """The code of the language that is named for an answer, and for how much of it."""

    code: str
    strength: Strength


def asked_language(instruction: str) -> Asked | None:
    """Return what the first or last line of an instruction asks for; None where it names no language, or several."""
    lines = instruction.strip().split("\n")
    ends = dict.fromkeys((lines[0][:300], lines[-1][-300:]))
    if not mentioned(" ".join(ends)):
        return None
    parts = [FROM.sub(" ", part) for end in ends for part in sentences(end)]
    roles = ((Strength.WHOLE, _whole), (Strength.PART, _partly), (Strength.TOUCHED, _touched))
    found = ((strength, {code for part in parts for code in named(part)}) for strength, named in roles)
    strength, codes = next((each for each in found if each[1]), (Strength.TOUCHED, set[str]()))
    if len(codes) != 1 and (directed := DIRECTION.search(lines[0])):
        codes = {ALL[[name for name in directed.groups() if name][-1].lower()]}
    return Asked(codes.pop(), strength) if len(codes) == 1 else None


def mentioned(text: str) -> set[str]:
    """Return the codes of all languages whose names occur in a text."""
    low = text.lower()
    return {code for name, code in ALL.items() if name in low}


def _whole(sentence: str) -> set[str]:
    asks = POLITE.match(sentence) or not (sentence.endswith("?") or LINGUISTIC.search(sentence))
    found = _codes(ANSWERED, sentence) if asks else set[str]()
    found |= _codes(APART, sentence)
    found |= {ALL[name.lower()] for name in NATIVE.findall(sentence)}
    for clause in re.split(r"[.!?;,()\[\]|—–]", sentence):
        said = words(clause)
        named = [word for word in said if word in ALL]
        if len(named) == 1 and len(said) < 12 and _is_about_answering(said):
            found.add(ALL[named[0]])
    return found


def _is_about_answering(said: list[str]) -> bool:
    return all(word in ALL or word in ABOUT_ANSWERING for word in said) and any(word in SAYS_ANSWERING for word in said)


def _partly(sentence: str) -> set[str]:
    about = (QUESTION.match(sentence) and not TEXT_OF.search(sentence)) or LINGUISTIC.search(sentence)
    return set[str]() if about else _codes(GIVEN, sentence)


def _touched(sentence: str) -> set[str]:
    return _codes(GIVEN, sentence)


TEXT_OF = re.compile(rf"\b{NAME} {TEXT}", re.IGNORECASE)


def _codes(pattern: re.Pattern[str], text: str) -> set[str]:
    return {ALL[name.lower()] for found in pattern.finditer(text) for name in found.groups() if name}
