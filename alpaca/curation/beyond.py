"""Tasks that are beyond text: pictures, sounds and deeds that are asked for, and programs that are spoken of but not "
"written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alpaca.curation.prose import any_of, is_code, words
from alpaca.records import Example

BEGINS = (
    r"\A\W*(?:(?:please|kindly|now|hey|hi|ok|okay|so)[, ]+|(?:can|could|would|"
    r"will) you (?:please )?(?:help me (?:to )?)?|"
    r"i(?:'d| would)? (?:want|need|like) (?:you )?to |(?:your|the) task is to |you (?:should|must|need to|have to) |"
    r"help me (?:to )?|let's |try to )*"
)
ME = r"(?:(?:me|us|yourself|my \w+) )?"
A = r"(?:(?:a|an|the|some|one|two|three|another|your|my|of) )?"
CHARTS = (
    r"(?:pie|bar|line|area|bubble|radar|gantt|donut|doughnut|scatter|column|flow|org(?:ani[sz]ation)?) ?(?:chart|graph|"
    r"plot)|"
    r"histogram|scatterplot|heat ?map"
)
SIGHTS = (
    r"(?:sketch|drawing|painting|photo|photograph|picture|image|selfie|snapshot|screenshot|animation|gif|illustration|"
    r"doodle|"
    r"portrait|mural|collage|watercolou?r|caricature|hologram|comic strip|3d model|rendering|blueprint|floor plan|"
    r"slideshow|"
    rf"film|movie|clip|video|{CHARTS})"
)
SOUNDS = (
    r"(?:recording|voice ?over|voice (?:memo|message|note)|sound(?: effect| clip)?|melody|tune|soundtrack|drum solo|"
    r"audio ?book|ringtone)"
)
MUSIC = (
    r"song|music|piece|track|playlist|anthem|lullaby|hymn|carol|concerto|symphony|sonata|chords?|scales?|notes?|"
    r"instrument|"
    r"piano|guitar|violin|drums?|trumpet|flute|podcast"
)
# Words that are written though they are called sketches or drawn: `sketch out a plan`, `draw a conclusion`.
WORDS = (
    r"plan|outline|profile|idea|story|scene|scenario|argument|proposal|strategy|summary|biography|plot|timeline|"
    r"schedule|"
    r"comparison|solution|algorithm|architecture|conclusions?|parallels?|design|distinctions?|inferences?|attention"
)
# Texts about a sight: `a film review`, `a photo caption`.
ABOUT = (
    r"script|idea|caption|description|title|name|review|plot|prompt|album|essay|editing|tag|gallery|app|studio|club|"
    r"shop|"
    r"company|program|storyboard|outline|concept|theme|genre|recommendation|formats?|quotes?|lyrics"
)
MAKE = (
    r"take|snap|shoot|capture|send|show|give|make|create|produce|generate|draw|design|record|render|prepare|develop|"
    r"provide|"
    r"build|edit|find"
)
# What only a hand, an instrument or a camera can do.
ACTS = any_of(
    rf"{BEGINS}(?:animate|doodle|photograph|film|videotape|sculpt|hum|whistle|beatbox|strum|engrave|"
    rf"airbrush) {ME}(?!out\b|up\b)\w+",
    rf"{BEGINS}(?:sketch|paint|draw) {ME}(?!out\b|in words|(?:\w+ ){{0,4}}(?:{WORDS})\b)\w+",
    rf"{BEGINS}(?:{MAKE}) {ME}{A}(?:[\w-]+ ){{0,3}}?{SIGHTS}s?\b(?! (?:{ABOUT}))",
    rf"{BEGINS}(?:play|sing|perform|record|hum|compose and play|(?:read|say|pronounce) aloud|speak|strum) {ME}{A}"
    rf"(?:[\w-]+ ){{0,3}}?(?:{MUSIC}|{SOUNDS}|{SIGHTS})s?\b",
    rf"{BEGINS}(?:generate|make|create|produce|record|give|send|compose) {ME}{A}(?:[\w-]+ ){{0,2}}?{SOUNDS}s?\b",
)
# What a computer or a person does for another; only wrong where the answer says that it was done.
DEEDS = any_of(
    rf"{BEGINS}(?:download|upload|print|open|book|order|buy|purchase|dance|illustrate|animate|sketch|call|phone|dial|"
    rf"text|turn|"
    r"switch|set|send|e-?mail|remind|post|play|take|save|show|share|launch|install|start|stop|close|delete|run|visit|"
    r"go|navigate|"
    r"browse|search|pay|transfer|reserve|forward|ring|record|scan|copy|move|render|display|stream|sing|draw|make|"
    r"create|design|"
    r"generate|produce|build|translate)\b"
)
DID = (
    r"drawn?|drew|sketched|painted|recorded|animated|taken|took|sent|played|saved|downloaded|uploaded|opened|booked|"
    r"ordered|"
    r"bought|called|e-?mailed|printed|posted|turned|switched|set|scheduled|filmed|photographed|rendered|sung|sang|"
    r"shared|"
    r"installed|deleted|plotted|danced|illustrated"
)
WAS = rf"{DID}|created|generated|exported|completed|placed"
SHOWN = r"sketch|drawing|picture|photo|image|animation|chart|graph|song|video|file"
MARK = r"chart|graph|image|picture|photo|drawing|illustration|sketch|song|music|video|audio|plot|map|diagram|animation"
DONE = any_of(
    rf"\bI(?:['’]ve| have)?(?: just| now| already)? (?:{DID})\b",
    rf"\b(?:(?:has|have) been|was|were) (?:\w+ )?(?:{WAS})\b",
    rf"\bhere(?: is|['’]s| are) (?:the|your|a|an|my|some) (?:[\w-]+ ){{0,3}}?(?:{SIGHTS}|{SOUNDS}|{MARK}|logo|poster|"
    rf"file|track)s?\b",
    r"\bnow (?:playing|recording|showing|running|drawing|opening|sending)|[♪♫🎵🎶]",
    r"\bis (?:now )?(?:playing|running|ready|attached|done|complete|on its way)\b|\Adone\b",
    rf"\b(?:{SHOWN}) (?:is|are|can be) (?:shown|displayed|seen|found|saved|below|above|here)\b",
    rf"\A\W*\[?\s*(?:pie|bar|line|flow)? ?(?:{MARK}|plays?|playing|sings?|draws?)[^.\n]{{0,60}}\]?\W*\Z",
    r"\bsaved (?:it )?(?:as|to|in|under) \S+|\byou can (?:see|hear|view|find|watch|listen to) it\b",
    r"\*(?:plays?|draws?|sings?|hums?|sketches|strums?|paints?)\b",
    r"\A\W*(?:see|look at|listen to|enjoy|watch) (?:the|this|my|your) \w+",
)
BRIEF = 45  # words; a longer answer says something else than that it was done
LANGUAGES = (
    r"python|java|javascript|typescript|c|c\+\+|c#|ruby|php|go|rust|swift|kotlin|perl|r|sql|matlab|scala|haskell|"
    r"node\.?js|"
    r"html|powershell|excel|vba"
)
SORTS = (
    r"small|short|simple|complete|little|full|basic|computer|working|new|quick|tiny|command[- ]line|recursive|"
    r"efficient|"
    rf"console|interactive|object-oriented|unix|linux|web|software|\w+ing|{LANGUAGES}"
)
PROGRAM = any_of(
    rf"{BEGINS}(?:write|create|develop|implement|make|code|build|construct|produce|program|give|provide|show|"
    rf"generate) {ME}(?:up )?"
    rf"(?:(?:a|an|the|some) )?(?:(?:{SORTS}) ){{0,4}}(?:program|script|function|code(?: snippet)?|macro|subroutine)\b"
    r"(?! (?:of|for|about|name|in which|where)\b|\?)",
)
ANY_PROGRAM = any_of(rf"{BEGINS}write {ME}(?:a|an) program\b(?! (?:in|using|with) [A-Z])")
# Lines that compute nothing: what is imported, begun, read into a name and printed as it is; comments.
IDLE = any_of(
    r"^\s*(?:import|from|using|package) .*$",
    r"^\s*(?:def|function|class|public|int|void)\b[^=\n]*[:{]\s*$",
    r"^\s*(?:return|pass|print|puts|echo)?[ (]*\w*\)?;?\s*$|^\s*[{}]\s*$|^\s*if __name__.*$",
    r"^\s*\w+ = (?:input\(.*\)|sys\.stdin\.\w+\(\))\s*$",
    r"^\s*(?:print|main|console\.log)\(\w*\);?\s*$",
    flags=re.MULTILINE,
)
COMMENT = any_of(
    r"^\s*(?:#(?!include)|//|--|/\*|\*|<!--|;).*$",
    r"```\w*|^\s*(?:pass|\.\.\.|main\(\)|TODO.*)\s*$",
    flags=re.MULTILINE,
)
CODE = any_of(
    r"[{}]|\w\([^)\n]*\)|\w\s*(?:\+|-|\*|/|:|<)?=\s*\S|</?\w+>|\|\s*\w+",
    r"^\s*(?:SELECT|INSERT|UPDATE|PRINT|INPUT|ECHO|BEGIN|DISPLAY|READ|SET|IF|FOR|WHILE)\b",
    r"^\s*(?:def|print|echo|import|#include|return)\b",
    flags=re.MULTILINE,
)


@dataclass(frozen=True)
class BeyondText:
    """What is asked for can be said in words, and done by saying them."""

    def __call__(self, example: Example) -> str | None:
        found = ACTS.search(example.instruction)
        if found and is_code(example.output):
            return None
        found = found or _said_done(example)
        return f"beyond text: {found[0].strip()[:60]}" if found else None


def _said_done(example: Example) -> re.Match[str] | None:
    """Find where a short answer does no more than say that a deed is done."""
    short = len(example.output) < 8 * BRIEF and len(words(example.output)) <= BRIEF
    return DONE.search(example.output) if short and DEEDS.search(example.instruction) else None


@dataclass(frozen=True)
class ProgramWritten:
    """A program that is asked for is there; one that is asked for without any language is no task at all (Alpaca's "
    "rule)."""

    def __call__(self, example: Example) -> str | None:
        if "program" in example.instruction.lower() and (found := ANY_PROGRAM.search(example.instruction)):
            return f"program without a language: {found[0].strip()[:40]}"
        found = PROGRAM.search(example.instruction)
        if found and not CODE.search(IDLE.sub("", COMMENT.sub("", example.output))):
            return f"no code for: {found[0].strip()[:40]}"
        return None
