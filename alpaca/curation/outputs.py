"""Filters of outputs that are no answer: placeholders, refusals, and talk of being an AI."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alpaca.analysis.phrases import grammar
from alpaca.curation.prose import STOP, sentences, without_code, words
from alpaca.records import Example

NOTHING = re.compile(
    r"(?:no ?(?:output|answer|response|reply|result|data|input|content)s?(?: (?:needed|required|available|provided|given|yet|necessary))*|n ?/ ?a|n\.a\.?|tb[ad]|"
    r"todo|null|nil|nan|undefined|placeholder(?: text| here)?|not (?:available|applicable|provided|specified|given)|to be (?:determined|added|done|completed|filled(?: in)?)|"
    r"(?:output|answer|response|reply|text|content|input|result)s?(?: (?:goes |comes |text )?here)?|(?:insert|enter|fill in|replace with|paste)\b.{0,45}|(?:please )?(?:add|write|type|put|your)\b.{0,30}\b(?:here|text|answer|output|response|content)|"
    r"coming soon|pending|empty|blank|missing|none(?: (?:needed|required|provided|given))?|lorem ipsum.*|foo(?: ?bar)?|asdf\w*|x{3,}|"
    r"test(?: (?:output|answer|text))?|not applicable|void|(?:this is )?(?:a )?placeholder.{0,30})",
    re.IGNORECASE | re.DOTALL,
)
MASHED = re.compile(  # keys struck at random: neighbours on a keyboard, one letter or some digits again and again
    r"(?:(?:qwert\w*|werty\w*|yuiop|asdf\w*|sdfg\w*|fghj\w*|ghjk\w*|hjkl|jkl|zxcv\w*|xcvb\w*|vbnm|bla+h?|([a-z#?])\1{5,})[\s;,.!]*)+|(\d{2,10}?)\2{3,}",
    re.IGNORECASE,
)
BRACKETED = re.compile(r"[\[<{(]{1,2}\s*([^\[\]<>{}()]{0,60}?)\s*[\]>})]{1,2}")
REFUSING = re.compile(
    r"\b(?:I(?:'| a)?m (?:very |so |truly |really |deeply )?(?:sorry|afraid)|I apologi[sz]e|(?:my )?apologies|sorry|unfortunately|regrettably|I regret)\b[^.!?\n]{0,80}?"
    r"\b(?:I|we)\b[^.!?\n]{0,60}?(?:n['’]t\b|\bcannot\b|\bnot\b|\bunable\b|\bno (?:way|access|information)|\black|\bagainst\b|\binsufficient|\bimpossible\b|\bbeyond\b|\bviolate)",
    re.IGNORECASE,
)
DECLINING = re.compile(
    r"\bI(?:['’]m| am|['’]d| would| will| must| have to| do| can|['’]ll| was)?(?: really| simply| just| currently| kindly| respectfully| politely)* ?"
    r"(?:cannot|can ?['’]?t|can not|could ?n['’]t|won['’]?t|not|do ?n['’]?t|unable|decline|refuse|prefer not|rather not|not able|not allowed|not permitted|not comfortable|not going|not programmed|not capable|have to (?:decline|refuse)|must (?:decline|refuse))\b"
    r"(?: feel| be| in a position| have| to| able| currently| possible| possibly| directly| really| actually| the| any| enough| permission| capability| ability| capable| allowed| comfortable| willing| going| of| with| necessary| sufficient| further| specific| it| access| programmed)*"
    r" (?:assist|assisting|help(?! (?:the|but|it|my|feel|loving|wonder))|helping|provid\w+|generat\w+|creat\w+|fulfil\w*|comply\w*|answer\w*|complet\w+|process\w*|access|brows\w+|see|view|view\w+|determin\w+|offer\w*|discuss\w*|writ\w+|do (?:that|this|so)|"
    r"engag\w+|support\w*|respond\w*|produc\w+|continu\w+|accommodat\w+|satisf\w+|handle|participat\w+|perform\w*|execut\w+|give|giving|share|sharing|tell|say|retrieve|context|information|details|data|request|promot\w+|make)\b",
    re.IGNORECASE,
)
POLICY = re.compile(
    r"\b(?:against|violat\w+|not (?:in line|aligned|consistent) with|goes beyond|outside(?: of)?|beyond)\b[^.!?\n]{0,40}\b(?:my|our|openai|usage|content|ethical|safety)\b[^.!?\n]{0,20}\b(?:guidelines?|polic(?:y|ies)|programming|principles|capabilit\w+|abilities|rules|scope|terms|expertise)"
    r"|\b(?:this|that|your|the) (?:request|question|prompt|topic|instruction|query|task) (?:is|was|cannot|can['’]t|could not|can not|violates|goes|falls|seems|appears)\b[^.!?\n]{0,40}\b(?:not appropriate|inappropriate|unethical|harmful|against|outside|beyond|be (?:answered|fulfilled|completed|processed)|unclear|incomplete|not (?:clear|possible|something))"
    r"|\bI(?:['’]m| am)? (?:do not|don['’]t|not|did not|didn['’]t)(?: quite| fully| really)? (?:understand|sure what)(?:ing)? (?:the|your|this|what|you)\b|\b(?:could|can|would) you (?:please )?(?:rephrase|reword|elaborate|be more specific|explain what you)|\b(?:please (?:provide|supply|give|share|specify)|could you (?:please )?(?:provide|clarify|specify|share|give)|can you (?:please )?(?:provide|clarify|specify)|I(?:['’]d| would)? need more (?:information|context|details)|(?:not|n['’]t) (?:enough|sufficient) (?:information|context|details|data) (?:to|for|was|is|has|given|provided)|no \w+ (?:was|were|has been|is) (?:provided|given|supplied))\b"
    r"|\bI (?:have to|must|will have to|am going to|need to|['’]d rather|would rather|would prefer to) (?:decline|refuse|pass|not)\b|\bI (?:politely |respectfully )?(?:decline|refuse) (?:to|this|your)\b"
    r"|\b(?:that|this|it)(?:['’]s| is) (?:just |simply |not )?something (?:that )?I(?:['’]m| am)? (?:cannot|can|can['’]t|could|unable|not|won['’]t|do)\b|\b(?:is|are|'s) (?:not something|nothing) I(?:['’]m| am| can| will)\b|\bit (?:is|would be)(?: not|n['’]t) (?:appropriate|possible|ethical|right) for me\b|\bI(?:['’]m| am) not (?:at liberty|in a position)\b"
    r"|\bI(?:['’]m| am| was|['’]ve been| have been) (?:instructed|told|asked|trained|designed|configured|programmed|required) not to\b",
    re.IGNORECASE,
)
NO_ANSWER = re.compile(
    r"\A[\"'“]?(?=[^\n]*(?:n['’]t\b|\bnot\b|\bunable\b|\bcannot\b|\bno (?:idea|clue|can do|comment|information|way|answer)\b|\black\b|\bdenied\b|\bturn (?:this |that )?down\b|\brefuse\b|\bneed (?:you|more)\b|\A(?:can|could|would) you\b[^\n]*\?|\binappropriate\b|\b(?:outside|beyond)\b|\binsufficient\b|\bunclear\b|\bdecline\b|\bpass on\b|\bmissing\b))"
    r"(?:(?:sorry|unfortunately|regrettably|apologies|unable|request|access|as I|can you|could you|would you)\b|(?:I|I['’]\w+|we)\b|no (?:can do|comment|idea|clue)\b|(?:that|this|it)(?: is|['’]s| would be| was)\b[^\n]*\b(?:I|my|me)\b|(?:the|your) (?:provided |given )?(?:input|text|question|request|task|prompt|information|instruction|context)\b)[^\n]*",
    re.IGNORECASE,
)
DENIES = re.compile(
    r"n['’]t\b|\b(?:not|no|never|nothing|unable|cannot|lack|without|decline|refuse|refrain|regret|avoid|impossible|inappropriate|insufficient|unclear|beyond|outside|against|violates?|missing|rather|need (?:more|to know|you|the|further|additional)|forgot)\b|\b(?:provide|clarify|specify|rephrase|reword|elaborate|share|mean|details?|context|text|input|want|like me)\b.*\?|\A(?:please|kindly)\b",
    re.IGNORECASE,
)
EXCHANGE = frozenset(
    words(
        "answer answers answering answered question questions request requests requested asking asked ask task tasks information info help helping assist assisting assistance able unable sorry afraid apologize "
        "apologies apology regret regretfully unfortunately regrettably sadly comply complying fulfill fulfil fulfilling complete completing provide provided providing produce producing generate generating create creating "
        "discuss discussing topic topics content matter appropriate inappropriate comfortable allowed permitted guidelines policy policies rules possible impossible understand understood clear unclear "
        "enough sufficient insufficient details detail context specific further additional input text prompt response respond responding reply replying capability capabilities capable ability access time moment now currently point present "
        "something anything nothing else expert professional consult qualified advice opinion opinions judge refuse refusing decline declining refrain must prefer beyond outside scope against violates violate goes go programmed designed trained made meant "
        "data knowledge know idea sure certain certainly simply really truly actually however therefore perhaps instead kind type sort thing things share sharing give giving tell say saying talk speak support handle perform "
        "performing do doing due based because since need needed required requires require rephrase reword clarify clarification elaborate specify supply send missing incomplete seems seem appears looks feel free let happy glad try again later "
        "different another way without lack refer instruction instructions described desire wish want work attempt process see view read find forgot forgotten mention mentioned reason reasons ethical unethical harmful safety legal limitations limits limitation restrictions "
        "position authority permission willing reply unless cannot wont never always yet still back thank thanks hello hi hey okay ok well yes no my me mine myself yourself dear user am i'm i'd i'll i've it's that's don't can't won't isn't wouldn't couldn't doesn't didn't"
    )
)
PARTIES = frozenset(
    words(
        "information respond i me my i'm i'd i'll i've you your we request requests question task instruction input prompt topic answer"
    )
)
OF_REQUESTS = re.compile(
    r"\b(?:like me to|to share|what I am able|requests?|answers?|tasks?|input|help|assist|provided?|discuss|comply|determine|passage|details|information|access|read that|read it|write (?:that|this)|do (?:that|this)|tell me more|for me to)\b",
    re.IGNORECASE,
)
SAYS_SOMETHING = re.compile(
    r"\b(?:sentence|quote|dialog\w*|conversation|repl(?:y|ies)|respon\w+|excuse|phrase|tweet|message|line|joke|statement|idiom|example|translat\w*|rephrase|paraphrase|opinion|character|slogan|lyrics?|metaphor|simile|analogy|proverb|motto|yes|true)\b",
    re.IGNORECASE,
)
MADE_BY = re.compile(
    r"\b(?:written|generated|created|produced|answered|provided) by (?:ChatGPT|GPT|an? (?:AI|artificial|language model|chat ?bot|large language))|\bI(?:['’]m| am) (?:just |only |merely |simply )?an? (?:AI|large language model|language model|chat ?bot|bot)\b(?! (?:engineer|researcher|expert|student|developer|company|enthusiast))",
    re.IGNORECASE,
)
A_MACHINE = re.compile(
    r"\b(?:AI|A\.I\.|LLM|ChatGPT|GPT-?\d|OpenAI|Anthropic|(?i:artificial intelligence|language model|chat ?bot|virtual assistant))\b"
)
MACHINE = re.compile(
    r"\bmy (?:knowledge|training|data) (?:ends|stops|did not|does not|only|was last|is limited)|\bgenerated by (?:an? )?(?:AI|language model)|\b(?:since|because|as) I am (?:only |just )?(?:software|a program|a machine)\b|"
    r"\bas a (?:machine|computer|software|program)\b[^.!?\n]{0,20}\bI\b|\b(?-i:My) (?:developers|creators|programmers) (?:have|did|do|made|want|limit|design|train)|\bI (?:have|possess) no (?:real-time|access|physical|personal|feelings|emotions|consciousness|body|senses|childhood)\b|"
    r"\b(?:as an?|being an?|since i(?:['’]m| am)|because i(?:['’]m| am)|i(?:['’]m| am)|i(?:['’]m| am) (?:just|only|merely|simply)|while i(?:['’]m| am)|remember that i(?:['’]m| am)) "
    r"(?:just |only |merely |simply |still |currently )?(?:an? )?(?:\w+[- ]){0,2}?(?:ai\b|a\.i\.|artificial intelligence|language model|llm\b|chat ?bot|chatgpt|gpt-?\d?|bot\b|neural network|virtual assistant|digital assistant|computer program|machine[- ]learning model|text[- ]based model|assistant (?:model|created|developed|trained|designed))"
    r"|\bI(?:['’]m| am) (?:Claude|Bard|Gemini|Copilot|Alexa|Siri|Alpaca|Llama|Vicuna|Bing)\b(?=,? (?:an?|and|the|your|made|by)\b|[.,!])"
    r"|\bmy (?:training data|knowledge cut-?off|last (?:knowledge |training )?update|programming(?= (?:is|does|allows|prevents|limits|only))|algorithms?|neural|(?:creators|developers) at)\b"
    r"|\bI (?:was|am|have been|['’]m) (?:trained|created|developed|designed|built|programmed|made)\b(?: \w+){0,3} (?:by|to|as|on)\b[^.!?\n]{0,60}?\b(?:OpenAI|Anthropic|Google|Meta|Microsoft|Stanford|text|data|developers|engineers|model|assist|help|respond|generate)\b"
    r"|\bI (?:do not|don['’]t|cannot|can['’]t|lack|am not able to|am unable to)(?: actually| really| currently| personally| truly)?(?: have| possess| experience| hold| feel| form| access| browse| search| display| open| view| see| hear)?(?: the ability to| any| access to| real| a| the| human| my own)*(?: have| possess| feel| browse| experience)? ?"
    r"(?:personal (?:opinions?|experiences?|feelings?|beliefs?|preferences?|life|emotions?|views?|information)|feelings or|emotions|consciousness|physical (?:body|form|presence|house)|real[- ]time|the internet|up[- ]to[- ]date|current (?:data|information|events)|browse|subjective|senses|web ?(?:pages|sites)|external (?:websites|links|articles|sources))"
    r"|\b(?:OpenAI|ChatGPT|GPT-[34])(?:['’]s)?\b[^.!?\n]{0,30}\b(?:trained|policy|policies|developed|created|I)\b",
    re.IGNORECASE,
)
ABOUT_MACHINES = re.compile(
    r"\b(?:chat ?bots?|(?:AI|virtual|digital|voice) (?:assistant|model|system|agent)s?|GPT\S*|language models?|who are you|what are you|between [^.]{0,60}\b(?:AI|robot|computer|machine)|role ?play|pretend|perspective of (?:an? )?(?:AI|robot|computer|machine)|if you were)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class PlaceholderOutput:
    """The output is more than a mark that there is none, or a slot to be filled in."""

    def __call__(self, example: Example) -> str | None:
        return f"placeholder output: {example.output.strip()[:40]}" if _stands_in(example) else None


def _stands_in(example: Example) -> bool:
    raw = example.output.strip()
    if re.fullmatch(r"[.\-_*…?\s#=~\[\](){}<>\"'/|,;:!]+", raw):
        return len(raw) > 1 or not re.search(
            r"punctuat|symbol|sign|mark|operator|character|code|grade", example.instruction
        )
    if MASHED.fullmatch(raw):
        return True
    text = raw.strip("`*_\"' ")
    bare = re.sub(r"^[\s\[<{(_\-*]+|[\s\]>})_\-*.!…:]+$", "", text)
    told = f"{example.instruction} {example.input}".lower()
    if NOTHING.fullmatch(bare) and (text != bare or bare.lower() not in told):
        return text[:1] in "[<{(" or len(words(bare)) < 8
    left = BRACKETED.sub(lambda slot: "" if NOTHING.fullmatch(slot[1]) else slot[0], text)
    return left != text and len(words(left)) < 3


@dataclass(frozen=True)
class Refusal:
    """The output does what was asked: it does not decline, nor only ask for what is missing."""

    def __call__(self, example: Example) -> str | None:
        opening = " ".join(sentences(example.output[:1000])[:3])[:400]
        found = DECLINING.search(opening) or POLICY.search(opening[:250])
        if found and re.search(
            r"help but|\b(?:when|while|if) I(?:'m| am)? not",
            found[0] + opening[found.end() :][:5] + opening[max(0, found.start() - 6) : found.end()],
            re.IGNORECASE,
        ):
            found = None
        if found is None and (hit := REFUSING.match(opening.lstrip("\"'“ ")[:200])):
            first = opening[: hit.end() + 60].split(". ")[0]
            found = (
                hit
                if re.search(r"assist|help|provid|request|answer|access|possible|information", first, re.IGNORECASE)
                else None
            )
        found = found or _has_no_answer(example)
        return f"refusal: {found[0][:60].strip()}" if found else None


def _says_i(text: str) -> re.Match[str] | None:
    """Find the only sentence that names such a machine, where it speaks in the first person."""
    named = [part for part in sentences(text) if A_MACHINE.search(part)] if A_MACHINE.search(text) else []
    return re.search(r"\b(?:I|[Mm]e|[Mm]y|I['’]m)\b.*", named[0]) if len(named) == 1 else None


def _has_no_answer(example: Example) -> re.Match[str] | None:
    """Find where an output says no in words about the exchange alone: a short one of any words that are not the task's, or one of its first sentences."""
    if SAYS_SOMETHING.search(example.instruction) and not OF_REQUESTS.search(example.output[:300]):
        return None
    for part in sentences(example.output[:600])[:2]:
        own = {word for word in words(part) if word not in STOP} & set(words(example.instruction))
        if (
            len(own) < 2
            and DENIES.search(part)
            and part[-1] in ".!?"
            and 2 < len(words(part)) < 40
            and _about_the_exchange(part)
        ):
            return re.match(r".*", part)
    said = words(example.output)
    stems = {word[:5] for word in said if len(word) > 3} - {"provi", "answe", "text", "input", "infor"}
    asked = {word[:5] for word in words(f"{example.instruction} {example.input}")}
    no = None if len(said) > 20 or stems & asked or "help but" in example.output else NO_ANSWER
    return no.search(example.output.strip()) if no else None


def _about_the_exchange(sentence: str) -> bool:
    """Tell whether at least nine in ten of a sentence's words are of grammar or of asking and answering, and who asks or answers is one of them."""
    said = words(sentence.replace("’", "'"))
    known = [
        word
        for word in said
        if word in STOP or word in EXCHANGE or word in grammar()["verbs"] or re.fullmatch(r"\w+'\w+", word)
    ]
    return (
        len(known) >= 0.9 * len(said)
        and bool(set(said) & PARTIES)
        and not re.match(r"(?:yes|no)\W*(?:,|\b(?:I|it|they|we)\b)", sentence, re.IGNORECASE)
    )


@dataclass(frozen=True)
class MachineVoice:
    """The output does not speak of being an AI, unless the task is about such."""

    def __call__(self, example: Example) -> str | None:
        text = without_code(example.output)
        if ABOUT_MACHINES.search(re.sub(r"\bGPT model should\b", "", example.instruction)):
            return None
        found = (
            MADE_BY.search(text)
            or MACHINE.search(text)
            or (None if A_MACHINE.search(f"{example.instruction} {example.input}") else _says_i(text))
        )
        return f"speaks as an AI: {found[0][:60].strip()}" if found else None
