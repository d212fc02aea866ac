"""The filter of outputs that speak of being an AI."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alpaca.curation.prose import I_AM, any_of, either, has_any, sentences, without_code
from alpaca.records import Example

MIND = either(  # what calls itself so is no person
    r"llms? chatgpt gpt-?\d?\w*",
    r"A\.?I\b\.?(?: (?:system|model|assistant))?",
    r"artificial (?:intelligence|agent|mind|entity)",
    r"(?:large )?language models?",
    r"chat ?bots?",
    r"neural net(?:work)?",
    r"(?:virtual|digital) (?:assistant|entity|being|agent)",
    r"machine[- ]learning (?:model|system)",
    r"text generator",
    r"(?:computer|assistant|software) (?:program|model)",
)
MACHINE = either("robots? bots? machines? computers? software programs? algorithms? code", MIND)
JUST = either("just only merely simply still currently really actually but also ,", "of course", "after all", "in fact")
JUST = rf"(?:{JUST} )*"
MAKERS = (
    "(?:OpenAI|Anthropic|Google|Meta|Microsoft|Stanford|(?:my )?(?:developers|engineers|creators|makers|programmers))"
)
NOT_SO = (  # an AI researcher is a person
    "(?! (?:engineer|researcher|expert|student|developer|company|enthusiast|who|science|programmer|learning|user|"
    "nerd|geek))"
)
MODELS = "(?:Claude|Bard|Gemini|Copilot|Alexa|Siri|Alpaca|Llama|Vicuna|Bing)"
MADE = either("created developed made built trained designed programmed provided powered from by")
SPEAKS = any_of(  # who speaks, and as what
    rf"\bI(?:['’]m| am|,? as|,) {JUST}(?:an? |your )?{JUST}(?:[\w-]+[- ]){{0,2}}?{MIND}(?!\w){NOT_SO}",
    rf"\bI(?:['’]m| am|,? as) {JUST}(?:an? )?{JUST}(?:\w+ )?{MACHINE}(?!\w){NOT_SO}",
    rf"(?<!such )\b(?:as|being|like|speaking as) {JUST}(?:an? |any |all |other |your "
    rf")+(?:[\w-]+[- ]){{0,2}}?{MIND}(?!\w){NOT_SO}"
    rf"(?:[^.!?\n]{{0,60}}\b(?:I|my|me)\b|(?: {MADE} [^.!?,\n]{{1,40}})?,)",
    rf"\b(?:as|being|(?:since|because) {I_AM}) {JUST}(?:an? )?(?:\w+ )?{MACHINE}\b{NOT_SO}[^.!?\n]{{0,25}}\bI\b",
    rf"\b{I_AM} {MODELS}\b(?=,? (?:an?|and|the|your|made|by)\b|[.,!])",
    rf"\bI exist (?:only|just|merely|purely)? ?as (?:an? )?{MACHINE}\b",
    rf"\b{I_AM} (?:not|no) (?:an? |actually |really )*(?:real |actual |living )?(?:human|person|human being)\b(?! "
    rf"of\b)",
    rf"\byou are (?:talking|speaking|chatting) (?:to|with) (?:an? )?(?:\w+ )?(?:{MIND}|bot|machine)\b",
    r"\b(?:written|generated|created|produced|answered|provided|composed|drafted|powered)(?: \w+ly)? (?:by|with|using) "
    rf"(?:an? |the )?(?:\w+[- ]){{0,2}}?(?:{MIND}|bot|machine learning|large language)\b{NOT_SO}",
)
LEARNT = any_of(  # how a machine comes to know
    r"\bmy (?:training data|knowledge cut-?off|last (?:knowledge |training )?update|algorithms?|neural)\b",
    r"\bmy (?:creators|developers|makers) at\b",
    r"\bmy (?:knowledge|training|data|programming) (?:ends|stops|did|does|only|was|allows|prevents|limits|extends|"
    r"goes)\b",
    r"\bmy (?:knowledge|training|data|programming) is (?:limited|does)\b",
    r"\b(?-i:My) (?:developers|creators|programmers|makers) (?:have|did|do|made|want|limit|design|train|gave)\b",
    r"\bI (?:was|am|have been|['’]m) (?:trained|created|developed|designed|built|programmed|made)\b(?: \w+){0,3} "
    r"(?:by|to|as|on)\b"
    rf"[^.!?\n]{{0,60}}?\b(?:{MAKERS}|text|data|model|assist|help|respond|generate|answer)\b",
    r"\b(?:data|texts?|corpus) (?:that )?I was trained (?:on|with)\b",
    r"\b(?:OpenAI|ChatGPT|GPT-[34])(?:['’]s)?\b[^.!?\n]{0,30}\b(?:trained|policy|policies|developed|created|I)\b",
)
CANNOT = (
    r"(?:do not|don['’]t|cannot|can['’]t|lack|am not able to|am unable to)"
    r"(?: (?:actually|really|currently|personally|truly))?"
)
SENSES = r"(?: (?:have|possess|experience|hold|feel|form|access|browse|search|display|open|view|see|hear))?"
OF_PERSONS = either(
    r"emotions consciousness browse subjective senses",
    r"personal (?:opinions?|experiences?|feelings?|beliefs?|preferences?|life|emotions?|views?|information)",
    r"feelings or",
    r"physical (?:body|form|presence|house)",
    r"real[- ]time",
    r"the internet",
    r"up[- ]to[- ]date",
    r"current (?:data|information|events)",
    r"web ?(?:pages|sites)",
    r"external (?:websites|links|articles|sources)",
)
LACKS = any_of(  # what a person has or can do
    r"\bI (?:have|possess) no (?:real-time|access|physical|personal|feelings|emotions|consciousness|body|senses|"
    r"childhood)\b",
    rf"\bI {CANNOT}{SENSES}(?: (?:the ability to|any|access to|real|a|the|human|my own))*{SENSES} ?{OF_PERSONS}",
)
NAMED = any_of(
    r"\b(?:AI|A\.I\.|LLM|ChatGPT|GPT-?\d|OpenAI|Anthropic)\b",
    r"\b(?i:artificial intelligence|language models?|chat ?bot|virtual assistant)\b",
    flags=re.NOFLAG,
)
ABOUT_MACHINES = any_of(  # tasks whose answer may speak so
    r"\b(?:chat ?bots?|(?:AI|virtual|digital|voice) (?:assistant|model|system|agent)s?|GPT\S*|language models?)\b",
    r"\b(?:conversation|dialog\w*|talk|chat|discussion|interaction|debate|interview)s? between [^.]{0,60}\b(?:AI|"
    r"robot|computer|machine)\b",
    r"\bperspective of (?:an? )?(?:AI|robot|computer|machine)\b|\b(?:who|what) are you\b|\Aare you\b",
    r"\b(?:role ?play|pretend|if you were|(?:story|tale|monologue|diary|poem|song|letter)[^.]{0,40} robots?)\b",
)
HINTS = (
    "AI",
    "A.I",
    "rtificial",
    "odel",
    "LLM",
    "bot",
    "GPT",
    "eural",
    "assistant",
    "achine",
    "omputer",
    "software",
    "rogram",
    "lgorithm",
    "my ",
    "My ",
    "I ",
    "I'",
    "I’",
    "I,",
    "OpenAI",
    "human",
)


@dataclass(frozen=True)
class MachineVoice:
    """The output does not speak of being an AI, unless the task is about such."""

    def __call__(self, example: Example) -> str | None:
        text = without_code(example.output)
        if not has_any(text, HINTS) or ABOUT_MACHINES.search(re.sub(r"\bGPT model should\b", "", example.instruction)):
            return None
        found = SPEAKS.search(text) or LEARNT.search(text) or LACKS.search(text)
        if not found and not NAMED.search(f"{example.instruction} {example.input}"):
            found = _says_i(text)
        return f"speaks as an AI: {found[0][:60].strip()}" if found else None


def _says_i(text: str) -> re.Match[str] | None:
    """Find the only sentence that names such a machine, where it speaks in the first person."""
    named = [part for part in sentences(text) if NAMED.search(part)] if NAMED.search(text) else []
    return re.search(r"\b(?:I|[Mm]e|[Mm]y|I['’]m)\b.*", named[0]) if len(named) == 1 else None
