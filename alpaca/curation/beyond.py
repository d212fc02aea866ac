"""Tasks that are beyond text: pictures, sounds and deeds that are asked for, and programs that are spoken of but not written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alpaca.curation.prose import any_of, is_code, words
from alpaca.records import Example

COURTESY = (
    r"\A\W*(?:(?:please|kindly|now|hey|hi|ok|okay|so)[, ]+|(?:can|could|would|will) you (?:please )?(?:help me (?:to )?)?|"
    r"i(?:'d| would)? (?:want|need|like) (?:you )?to |(?:your|the) task is to |you (?:should|must|need to|have to) |help me (?:to )?|let's |try to )*"
)
ME = r"(?:(?:me|us|yourself|my \w+) )?"
SIGHTS = (
    r"(?:sketch|drawing|painting|photo|photograph|picture|image|selfie|snapshot|screenshot|animation|gif|illustration|doodle|portrait|mural|collage|"
    r"watercolou?r|caricature|hologram|comic strip|3d model|rendering|blueprint|floor plan|slideshow|film|movie|clip|video|"
    r"(?:pie|bar|line|area|bubble|radar|gantt|donut|doughnut|scatter|column|flow|org(?:ani[sz]ation)?) ?(?:chart|graph|plot)|histogram|scatterplot|heat ?map)"
)
SOUNDS = r"(?:recording|voice ?over|voice (?:memo|message|note)|sound(?: effect| clip)?|melody|tune|soundtrack|drum solo|audio ?book|ringtone)"
# What only a hand, an instrument or a camera can do.
ACTS = any_of(
    rf"{COURTESY}(?:animate|doodle|photograph|film|videotape|sculpt|hum|whistle|beatbox|strum|engrave|airbrush) {ME}(?!out\b|up\b)\w+",
    rf"{COURTESY}(?:sketch|paint|draw) {ME}(?!out\b|in words|(?:\w+ ){{0,4}}(?:plan|outline|profile|idea|story|scene|scenario|argument|proposal|strategy|"
    r"summary|biography|plot|timeline|schedule|comparison|solution|algorithm|architecture|conclusions?|parallels?|design|distinctions?|inferences?|attention)\b)\w+",
    rf"{COURTESY}(?:take|snap|shoot|capture|send|show|give|make|create|produce|generate|draw|design|record|render|prepare|develop|provide|build|edit|find) {ME}"
    rf"(?:(?:a|an|the|some|one|two|three|another|of) )?(?:[\w-]+ ){{0,3}}?{SIGHTS}s?\b(?! (?:script|idea|caption|description|title|name|review|plot|prompt|"
    r"album|essay|editing|tag|gallery|app|studio|club|shop|company|program|storyboard|outline|concept|theme|genre|recommendation|formats?|quotes?|lyrics))",
    rf"{COURTESY}(?:play|sing|perform|record|hum|compose and play|read aloud|say aloud|pronounce aloud|speak|strum) {ME}(?:(?:a|an|the|some|one|your|of|my) )?(?:[\w-]+ ){{0,3}}?"
    rf"(?:song|music|piece|track|playlist|anthem|lullaby|hymn|carol|concerto|symphony|sonata|chords?|scales?|notes?|instrument|piano|guitar|violin|drums?|trumpet|flute|podcast|{SOUNDS}|{SIGHTS})s?\b",
    rf"{COURTESY}(?:generate|make|create|produce|record|give|send|compose) {ME}(?:(?:a|an|the|some) )?(?:[\w-]+ ){{0,2}}?{SOUNDS}s?\b",
)
# What a computer or a person does for another; only wrong where the answer says that it was done.
DEEDS = any_of(
    rf"{COURTESY}(?:download|upload|print|open|book|order|buy|purchase|dance|illustrate|animate|sketch|call|phone|dial|text|turn|switch|set|send|e-?mail|remind|post|play|take|save|"
    r"show|share|launch|install|start|stop|close|delete|run|visit|go|navigate|browse|search|pay|transfer|reserve|forward|ring|record|scan|copy|move|"
    r"render|display|stream|sing|draw|make|create|design|generate|produce|build|translate)\b"
)
DONE = any_of(
    r"\bI(?:['’]ve| have)?(?: just| now| already)? (?:drawn?|drew|sketched|painted|recorded|animated|taken|took|sent|played|saved|downloaded|uploaded|opened|"
    r"booked|ordered|bought|called|e-?mailed|printed|posted|turned|switched|set|scheduled|filmed|photographed|rendered|sung|sang|shared|installed|deleted|plotted|danced|illustrated)\b",
    r"\b(?:(?:has|have) been|was|were) (?:\w+ )?(?:drawn|created|sketched|painted|recorded|animated|taken|sent|played|saved|downloaded|uploaded|opened|booked|ordered|"
    r"e-?mailed|printed|posted|scheduled|turned|switched|set|generated|rendered|exported|plotted|completed|shared|installed|deleted|placed)\b",
    rf"\bhere(?: is|['’]s| are) (?:the|your|a|an|my|some) (?:[\w-]+ ){{0,3}}?(?:{SIGHTS}|{SOUNDS}|chart|graph|plot|map|diagram|song|logo|poster|file|track)s?\b",
    r"\bnow (?:playing|recording|showing|running|drawing|opening|sending)|[♪♫🎵🎶]|\bis (?:now )?(?:playing|running|ready|attached|done|complete|on its way)\b|\Adone\b",
    r"\b(?:sketch|drawing|picture|photo|image|animation|chart|graph|song|video|file) (?:is|are|can be) (?:shown|displayed|seen|found|saved|below|above|here)\b",
    r"\A\W*\[?\s*(?:pie|bar|line|flow)? ?(?:chart|graph|image|picture|photo|drawing|illustration|sketch|song|music|video|audio|plot|map|diagram|animation|plays?|playing|sings?|draws?)"
    r"[^.\n]{0,60}\]?\W*\Z",
    r"\bsaved (?:it )?(?:as|to|in|under) \S+|\byou can (?:see|hear|view|find|watch|listen to) it\b|\*(?:plays?|draws?|sings?|hums?|sketches|strums?|paints?)\b",
    r"\A\W*(?:see|look at|listen to|enjoy|watch) (?:the|this|my|your) \w+",
)
BRIEF = 45  # words; a longer answer says something else than that it was done
KIND = (
    r"(?:(?:small|short|simple|complete|little|full|basic|computer|working|new|quick|tiny|command[- ]line|recursive|efficient|console|interactive|"
    r"python|java|javascript|typescript|c|c\+\+|c#|ruby|php|go|rust|swift|kotlin|perl|r|sql|matlab|scala|haskell|node\.?js|html|powershell|"
    r"object-oriented|unix|linux|web|software|excel|vba|\w+ing) ){0,4}"
)
PROGRAM = any_of(
    rf"{COURTESY}(?:write|create|develop|implement|make|code|build|construct|produce|program|give|provide|show|generate) {ME}(?:up )?"
    rf"(?:(?:a|an|the|some) )?{KIND}(?:program|script|function|code(?: snippet)?|macro|subroutine)\b"
    r"(?! (?:of|for|about|name|in which|where)\b|\?)",
)
ANY_PROGRAM = re.compile(rf"{COURTESY}write {ME}(?:a|an) program\b(?! (?:in|using|with) [A-Z])", re.IGNORECASE)
# Lines that compute nothing: what is imported, begun, read into a name and printed as it is.
IDLE = re.compile(
    r"^\s*(?:(?:import|from|using|package) .*|(?:def|function|class|public|int|void)\b[^=\n]*[:{]|(?:return|pass|print|puts|echo)?[ (]*\w*\)?;?|[{}]|"
    r"\w+ = (?:input\(.*\)|sys\.stdin\.\w+\(\))|(?:print|main|console\.log)\(\w*\);?|if __name__.*)\s*$",
    re.MULTILINE,
)
COMMENT = re.compile(
    r"^\s*(?:#(?!include)|//|--|/\*|\*|<!--|;).*$|```\w*|^\s*(?:pass|\.\.\.|main\(\)|TODO.*)\s*$", re.MULTILINE
)
CODE_LIKE = re.compile(
    r"[{}]|\w\([^)\n]*\)|\w\s*(?:\+|-|\*|/|:|<)?=\s*\S|^\s*(?:SELECT|INSERT|UPDATE|PRINT|INPUT|ECHO|BEGIN|DISPLAY|READ|SET|IF|FOR|WHILE|def|print|echo|import|#include|return)\b|</?\w+>|\|\s*\w+",
    re.MULTILINE,
)


@dataclass(frozen=True)
class BeyondText:
    """What is asked for can be said in words, and done by saying them."""

    def __call__(self, example: Example) -> str | None:
        if (found := ACTS.search(example.instruction)) and not is_code(example.output):
            return f"beyond text: {found[0].strip()[:60]}"
        if (
            len(example.output) < 8 * BRIEF
            and len(words(example.output)) <= BRIEF
            and DEEDS.search(example.instruction)
        ):
            if done := DONE.search(example.output):
                return f"beyond text: {done[0].strip()[:60]}"
        return None


@dataclass(frozen=True)
class ProgramWritten:
    """A program that is asked for is there; one that is asked for without any language is no task at all (Alpaca's rule)."""

    def __call__(self, example: Example) -> str | None:
        if "program" in example.instruction.lower() and (found := ANY_PROGRAM.search(example.instruction)):
            return f"program without a language: {found[0].strip()[:40]}"
        found = PROGRAM.search(example.instruction)
        if found and not CODE_LIKE.search(IDLE.sub("", COMMENT.sub("", example.output))):
            return f"no code for: {found[0].strip()[:40]}"
        return None
