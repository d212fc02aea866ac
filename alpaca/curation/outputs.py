"""Filters of outputs that are no answer: placeholders, refusals, and talk of being an AI."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alpaca.curation.prose import any_of, has_any, sentences, without_code, words
from alpaca.records import Example

NOTHING = re.compile(
    r"(?:no ?(?:output|answer|response|reply|result|data|input|content)s?(?: (?:needed|required|available|provided|given|yet|necessary))*|n ?/ ?a|n\.a\.?|tb[ad]|"
    r"todo|null|nil|nan|undefined|placeholder(?: text| here)?|not (?:available|applicable|provided|specified|given)|to be (?:determined|added|done|completed|filled(?: in)?)|"
    r"(?:output|answer|response|reply|text|content|input|result)s?(?: (?:goes |comes |text )?here)?|(?:insert|enter|fill in|replace with|paste)\b.{0,45}|(?:please )?(?:add|write|type|put|your)\b.{0,30}\b(?:here|text|answer|output|response|content)|"
    r"coming soon|pending|empty|blank|missing|(?:see|as|same as) (?:above|below|before|previous\w*|input|attached|instruction)|to be (?:\w+ed|written|done)|todo\W.{0,60}|fixme.{0,60}|none(?: (?:needed|required|provided|given))?|lorem ipsum.*|foo(?: ?bar)?|asdf\w*|x{3,}|"
    r"test(?: (?:output|answer|text))?|not applicable|void|(?:this is )?(?:a )?placeholder.{0,30})",
    re.IGNORECASE | re.DOTALL,
)
MASHED = re.compile(  # keys struck at random: neighbours on a keyboard, one letter or some digits again and again
    r"(?:(?:qwert\w*|werty\w*|yuiop|asdf\w*|sdfg\w*|fghj\w*|ghjk\w*|hjkl|jkl|zxcv\w*|xcvb\w*|vbnm|bla+h?|([a-z#?])\1{5,})[\s;,.!]*)+|(\d{2,10}?)\2{3,}",
    re.IGNORECASE,
)
SLOT = re.compile(r"<[A-Za-z]+(?:[ _-][A-Za-z']+){1,12}>|\[[A-Za-z]+(?: [A-Za-z']+){1,12}[.…]*\]|\{\{?[A-Za-z_ ]+\}?\}")
BRACKETS = any_of(
    r"bracket|array|\blist|\btags?\b|html|xml|token|regex|placeholder|template|json|\bset\b|format|code|python|markdown"
)
SYMBOLS = any_of(r"punctuat|symbol|\b(?:signs?|marks?|operators?|grade)\b")
DRAWN = any_of(
    r"emoji|emoticon|ascii|morse|\b(?:shapes?|divid\w+|separat\w+|draw|patterns?|underscores?|dots|dashes)\b"
)
BRACKETED = re.compile(r"[\[<{(]{1,2}\s*([^\[\]<>{}()]{0,60}?)\s*[\]>})]{1,2}")
MIND = (  # what calls itself so is no person
    r"(?:A\.?I\b\.?|artificial (?:intelligence|agent|mind|entity)|(?:large )?language models?|LLMs?|chat ?bots?|ChatGPT|GPT-?\d?\w*|"
    r"neural net(?:work)?|(?:virtual|digital) (?:assistant|entity|being|agent)|machine[- ]learning (?:model|system)|text generator|"
    r"(?:computer|assistant|software) (?:program|model)|AI (?:system|model|assistant))"
)
MACHINE = rf"(?:{MIND}|robots?|bots?|machines?|computers?|software|programs?|algorithms?|code)"
JUST = r"(?:(?:just|only|merely|simply|still|currently|really|actually|of course|but|also|after all|in fact|,) )*"
MAKERS = (
    r"(?:OpenAI|Anthropic|Google|Meta|Microsoft|Stanford|(?:my )?(?:developers|engineers|creators|makers|programmers))"
)
NOT_SO = r"(?! (?:engineer|researcher|expert|student|developer|company|enthusiast|who|science|programmer|learning|user|nerd|geek))"
SPEAKS = any_of(  # surely a machine
    rf"\bI(?:['’]m| am|,? as|,) {JUST}(?:an? |your )?{JUST}(?:[\w-]+[- ]){{0,2}}?{MIND}(?!\w){NOT_SO}",
    rf"\bI(?:['’]m| am|,? as) {JUST}(?:an? )?{JUST}(?:\w+ )?{MACHINE}(?!\w){NOT_SO}",
    rf"(?<!such )\b(?:as|being|like|speaking as) {JUST}(?:an? |any |all |other |your )+(?:[\w-]+[- ]){{0,2}}?{MIND}(?!\w){NOT_SO}(?:[^.!?\n]{{0,60}}\b(?:I|my|me)\b|,)",
    rf"\b(?:as|being|since I(?:['’]m| am)|because I(?:['’]m| am)) {JUST}(?:an? )?(?:\w+ )?{MACHINE}\b{NOT_SO}[^.!?\n]{{0,25}}\bI\b",
    r"\bI(?:['’]m| am) (?:Claude|Bard|Gemini|Copilot|Alexa|Siri|Alpaca|Llama|Vicuna|Bing)\b(?=,? (?:an?|and|the|your|made|by)\b|[.,!])",
    rf"\bI exist (?:only|just|merely|purely)? ?as (?:an? )?{MACHINE}\b",
    r"\bI(?:['’]m| am) (?:not|no) (?:an? |actually |really )*(?:real |actual |living )?(?:human|person|human being)\b(?! of\b)",
    r"\byou are (?:talking|speaking|chatting) (?:to|with) (?:an? )?(?:\w+ )?(?:AI|bot|chat ?bot|machine|virtual assistant|language model)\b",
    rf"\b(?:written|generated|created|produced|answered|provided|composed|drafted|powered)(?: \w+ly)? (?:by|with|using) "
    rf"(?:an? |the )?(?:\w+[- ]){{0,2}}?(?:{MIND}|bot|machine learning|large language)\b{NOT_SO}",
)
LEARNT = any_of(  # how a machine comes to know
    r"\bmy (?:training data|knowledge cut-?off|last (?:knowledge |training )?update|algorithms?|neural|(?:creators|developers|makers) at)\b",
    r"\bmy (?:knowledge|training|data|programming) (?:ends|stops|did|does|only|was|is (?:limited|does)|allows|prevents|limits|extends|goes)\b",
    r"\b(?-i:My) (?:developers|creators|programmers|makers) (?:have|did|do|made|want|limit|design|train|gave)\b",
    rf"\bI (?:was|am|have been|['’]m) (?:trained|created|developed|designed|built|programmed|made)\b(?: \w+){{0,3}} (?:by|to|as|on)\b[^.!?\n]{{0,60}}?"
    rf"\b(?:{MAKERS}|text|data|model|assist|help|respond|generate|answer)\b",
    r"\b(?:data|texts?|corpus) (?:that )?I was trained (?:on|with)\b",
    r"\b(?:OpenAI|ChatGPT|GPT-[34])(?:['’]s)?\b[^.!?\n]{0,30}\b(?:trained|policy|policies|developed|created|I)\b",
)
LACKS = any_of(  # what a person has or can do
    r"\bI (?:have|possess) no (?:real-time|access|physical|personal|feelings|emotions|consciousness|body|senses|childhood)\b",
    r"\bI (?:do not|don['’]t|cannot|can['’]t|lack|am not able to|am unable to)(?: actually| really| currently| personally| truly)?"
    r"(?: have| possess| experience| hold| feel| form| access| browse| search| display| open| view| see| hear)?"
    r"(?: the ability to| any| access to| real| a| the| human| my own)*(?: have| possess| feel| browse| experience)? ?"
    r"(?:personal (?:opinions?|experiences?|feelings?|beliefs?|preferences?|life|emotions?|views?|information)|feelings or|emotions|"
    r"consciousness|physical (?:body|form|presence|house)|real[- ]time|the internet|up[- ]to[- ]date|current (?:data|information|events)|"
    r"browse|subjective|senses|web ?(?:pages|sites)|external (?:websites|links|articles|sources))",
)
NAMED = re.compile(
    r"\b(?:AI|A\.I\.|LLM|ChatGPT|GPT-?\d|OpenAI|Anthropic|(?i:artificial intelligence|language models?|chat ?bot|virtual assistant))\b"
)
ABOUT_MACHINES = any_of(
    r"\b(?:chat ?bots?|(?:AI|virtual|digital|voice) (?:assistant|model|system|agent)s?|GPT\S*|language models?|who are you|what are you)\b",
    r"\b(?:conversation|dialog\w*|talk|chat|discussion|interaction|debate|interview)s? between [^.]{0,60}\b(?:AI|robot|computer|machine)\b|\bperspective of (?:an? )?(?:AI|robot|computer|machine)\b",
    r"\b(?:role ?play|pretend|if you were|(?:story|tale|monologue|diary|poem|song|letter)[^.]{0,40} robots?)\b|\Aare you\b",
)
HINTS = (
    "AI",
    "A.I",
    "artificial",
    "odel",
    "LLM",
    "bot",
    "GPT",
    "eural",
    "assistant",
    "machine",
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
    "code",
)


@dataclass(frozen=True)
class PlaceholderOutput:
    """The output is more than a mark that there is none, or a slot to be filled in."""

    def __call__(self, example: Example) -> str | None:
        return f"placeholder output: {example.output.strip()[:40]}" if _stands_in(example) else None


def _stands_in(example: Example) -> bool:
    raw = re.sub(r"\A```\w*\s*|\s*```\Z", "", example.output.strip()).strip()
    if not re.search(r"[^\W_]", raw):
        marks = re.fullmatch(r"[\x00-\x7f…—–·•‘’“”]*", raw)
        return bool(marks) and not (SYMBOLS if len(raw) == 1 else DRAWN).search(example.instruction)
    if MASHED.fullmatch(raw):
        return True
    text = raw.strip("`*_\"' ")
    bare = re.sub(r"^[\s\[<{(_\-*]+|[\s\]>})_\-*.!…:]+$", "", text)
    told = f"{example.instruction} {example.input}".lower()
    if NOTHING.fullmatch(bare) and (text != bare or bare.lower() not in told):
        return text[:1] in "[<{(" or len(words(bare)) < 8 or bare[:5].lower() == "lorem"
    if SLOT.fullmatch(text) and not BRACKETS.search(told):
        return True
    left = BRACKETED.sub(lambda slot: "" if NOTHING.fullmatch(slot[1]) else slot[0], text)
    return left != text and len(words(left)) < 3


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
