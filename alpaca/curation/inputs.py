"""Filters of what is asked: placeholders in place of an input, several tasks in one, references to what is not there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alpaca.curation.merged import unrelated
from alpaca.curation.prose import FENCE, has_any, words
from alpaca.curation.remnants import LABELLED, remnant
from alpaca.records import Example

NOTHING = re.compile(
    r"(?:(?:there is |with |this (?:task|instruction) (?:has|needs|requires) )?no[ _-]?(?:specific |particular |further |extra |more |other )?(?:input|text|data|context|additional (?:input|information))s?(?: (?:is )?(?:needed|required|necessary|provided|given|available|here|for this task))*|n ?/ ?a|n\.a\.?|none(?: (?:needed|required|provided|given))?|nothing|nil|null|nan|empty|blank|"
    r"not (?:applicable|available|needed|required|provided|given|specified|necessary)|input (?:is )?not (?:needed|required|applicable|provided|given|necessary)|undefined|tb[ad]|todo|void|"
    r"placeholder(?: (?:text|input))?|to be (?:determined|added|provided|filled(?: in)?|done)|lorem ipsum.*|(?:sample|example|dummy|your|some|user|the|input|any)? ?(?:input|placeholder)(?: (?:text|data|goes|here|field|value|string))*|"
    r"(?:your|sample|dummy|some|example) (?:text|sentence|paragraph|data|article|content)(?: (?:here|goes here))?|"
    r"(?:text|input|content|data) (?:goes )?here|(?:please )?(?:insert|enter|add|type|put|paste|provide|fill in|write|attach|upload|input)\b[^.\n]{0,50}(?:here|text|input|article|name|sentence|paragraph|data|content|passage|value|below|list|number|document|story|email|code|topic)|"
    r"(?:text|input|content|data|sentence|article)s? to be (?:added|provided|inserted|filled in)|x{3,}|abc|xyz|dummy|sample|fill(?: this)? in|qwerty|foo(?: ?bar)?|asdf\w*|test|noinput|optional|same as above|see above|as above|missing|unknown|-+|\.+|_+|\?+)",
    re.IGNORECASE | re.DOTALL,
)
SLOT = re.compile(
    r"[\[<{(]{1,2}\s*[^\[\]<>{}()]*?\b(?:insert|enter|your|add|type|paste|input|text|placeholder|fill|sample|provide)\b[^\[\]<>{}()]*[\]>})]{1,2}",
    re.IGNORECASE,
)
SEES = r"image|picture|photo|photograph|screenshot|video|clip|footage|audio|recording|soundtrack|song clip|chart|graph|plot|diagram|figure|infographic|map|drawing|illustration|painting|sketch|cartoon|icon|logo|gif|slide|slideshow|podcast|scan|x-ray|blueprint|floor ?plan|meme|webcam|voice (?:memo|message|note)|movie clip"
VIEWS = r"image|picture|photo|photograph|screenshot|diagram|figure|chart|graph"
FILES = r"files?|attachments?|documents?|pdfs?|spreadsheets?|csv(?: files?)?|excel(?: \w+)?|word doc\w*|workbooks?|zip|folders?|pages?|webpages?|web pages?|websites?|links?|url|hyperlinks?|articles?|reports?|dataset|slides|presentations?|powerpoints?|repository|notebook|log|sheet|site|post|blog post|thread"
POINTING = r"(?:this|these|that|those|the (?:following|given|attached|enclosed|provided|above|below|linked|uploaded|accompanying|included|shown|displayed|embedded|supplied)|(?:attached|enclosed|accompanying|uploaded|linked|embedded)|following|my|given|above)"
SEEN = re.compile(
    rf"\b{POINTING}(?: \w+){{0,3}}? (?:{SEES})s?\b(?! (?:of speech|formats?|files? format|editing|type))|\b(?:{SEES})s? (?:attached|enclosed|below|above|provided|shown|given|uploaded|included|here|that (?:is|was) (?:attached|shown|provided))\b|"
    rf"\b(?:in|from|on|at|see|of|to|into|with|by|watch|view|open) the (?:{SEES})s?\b(?=\s*[.,?!:;]|\s*$| (?:above|below|and|to|attached|provided|shown))",
    re.IGNORECASE,
)
ABSENT = re.compile(
    rf"\b(?:according to|based on|refer to|look at|study|examine|consult|transcribe|convert|caption|extract[^.]* from|from|in|on) (?:the|this|my) (?:[\w-]+ )?(?:{SEES})s?\b(?=[.?!,:]|$| (?:and|to|below|above)\b)|\b(?:refer to|see|in) (?:figure|table|fig\.?|chart) \d|\bhere(?: is|['’]s| are) (?:a|an|the|my|some|two|three) (?:\w+ )?(?:{SEES})s?\b|"
    rf"\b(?:listen to|watch|look at|view|examine|observe|study|transcribe|inspect|open|download|browse) (?:the|this|these|that|my) (?:[\w-]+ )?(?:{SEES}|{FILES})\b|\b(?:attached|enclosed|uploaded)\b(?! to\b)|"
    rf"\b(?:the|these|those|both) (?:two |three |four |\w+ )?(?:image|picture|photo|photograph|screenshot|video|clip|recording|chart|graph|diagram|infographic|meme|cartoon|slide)s?(?=[.?!,]?$| (?:shows?|depicts?|represents?|illustrates?|above|below|and (?:answer|explain|describe|tell|list|write|summarize|identify))\b)|"
    r"\bI(?:['’]ve| have)?(?: just| already)? (?:uploaded|attached|enclosed|shared|linked|pasted|included)\b|\b(?:in|from|of|to) the (?:\w+ )?(?:spreadsheet|excel (?:sheet|file)|csv|pdf|attachment|recording|workbook|slide deck|word document)\b|"
    r"\b(?:the|this|these) (?:following|given|attached|provided|above|below) (?:lists?|sets?|data|numbers|figures|quotes?|phrases?|stor(?:y|ies)|questions?|options|items|names|dates|values)(?: of \w+)?[.?!]?$|\b(?:based on|according to|from|in) the (?:passage|paragraph|text|excerpt|transcript|table|article)[.?!]?$|"
    r"\bthis (?:scanned|printed|handwritten|attached|linked) \w+|\bvisit (?:the|this) (?:web ?site|web ?page|page|site|link|url)\b|\bthat I(?:['’]ve| have)? (?:attached|uploaded|shared|sent)\b|\blook at the table\b|\bthe two (?:images|pictures|photos)\b|"
    r"\b(?:the|this|these) (?:following|given|attached|provided|above|below) (?:\w+ )?(?:articles?|passages?|paragraphs?|texts?|sentences?|tables?|snippets?|code(?: snippets?)?|statements?|words?|poems?|equations?|e-?mails?|reviews?|essays?|data ?sets?)\b(?=[.?!]?$| (?:as|into|and|in|to|from|for)\b)|"
    r"\b(?:the|this|these) (?:\w+ )?(?:articles?|passages?|paragraphs?|texts?|sentences?|tables?|snippets?|code|statements?|equations?|figures?|charts?|graphs?) (?:below|above|shown|attached)\b|\bread the (?:article|passage|paragraph|text|story|excerpt)\b(?! (?:of|by))|\bwhat (?:do|does|is|are) the (?:figure|chart|graph|image|picture|photo|diagram|table|map)s? (?:show|depict|tell|represent|about)",
    re.IGNORECASE,
)
NEARBY = re.compile(r"above|below|attached|read|visit|here|that I|look at", re.IGNORECASE)
HANDED = re.compile(
    rf"\b(?:the|my|this|these) (?:attached|enclosed|uploaded|accompanying|linked) \w+|\b(?:attached|enclosed|uploaded|accompanying|linked|embedded)(?: \w+){{0,2}}? (?:{FILES})\b|\b(?:{FILES}) (?:attached|enclosed|uploaded|linked|I (?:have )?(?:attached|uploaded|sent|shared|linked)|(?:at|on|from|in) (?:the|this) (?:link|url|address|attachment))\b|"
    r"\b(?:see|in|open|read|from|check|use|refer to|find|review|using|per|on|via|visit|follow|click(?: on)?|go to|download|consult) (?:the |this |my |an? )?(?:attach(?:ment|ed)s?|enclosure|(?:attached|following|above|below|provided|given) (?:link|url|hyperlink|file|document|pdf|spreadsheet|website|web ?page))\b|"
    r"\bplease (?:find|see) (?:the )?attached\b|\bclick (?:on )?(?:the |this )?(?:link|here)\b|\b(?:the|this|following) (?:link|url|hyperlink)(?: (?:below|above|provided|here))?\s*[.:]?\s*$|\b(?:link|url|file|attachment|document|pdf|spreadsheet|website) (?:below|above|provided|attached)\b|\b(?:following|this|given) (?:pdf|spreadsheet|csv|excel|file|web ?site|web ?page|webpage|url|link)\b",
    re.IGNORECASE,
)
SIGHTS = (
    "image|picture|photo|screenshot|video|clip|footage|audio|recording|soundtrack|chart|graph|plot|diagram|figure|map|drawing|illustration|painting|sketch|icon|"
    "logo|gif|slide|podcast|scan|x-ray|blueprint|floor|meme|webcam|voice|file|attach|document|pdf|spreadsheet|link|table|click|url|enclos|upload|accompan|[img|!["
)
TEXTS = "csv|excel|word|doc|workbook|zip|folder|page|site|article|report|dataset|presentation|powerpoint|repository|notebook|log|sheet|post|thread|embed"
SHOWS = tuple(SIGHTS.split("|"))
POINTS = (*SHOWS, *TEXTS.split("|"))
FILENAME = re.compile(
    r"(?<![\w/@.])[\w\-]+\.(?:png|jpe?g|gif|bmp|svg|webp|tiff?|mp[34]|wav|avi|mov|mkv|flac|pdf|docx?|xlsx?|pptx?|csv|tsv|zip|rar|parquet|odt|heic)\b",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"https?://\S+|\bwww\.\S+|\b(?:bit\.ly|youtu\.be|goo\.gl|tinyurl\.com)/\S+", re.IGNORECASE)
HANDLES_TEXT = re.compile(
    r"\b(?:url|uri|domain|subdomain|protocol|shorten|encode|decode|regex|regular expression|parse|html|button|markdown|anchor|hyperlink|css|code|script|function|program|command|curl|wget|filename|file ?name|extension|path|validate|valid|rename|python|sql|php|javascript|bash|home page|cite|citation|mla|apa|reference|bibliograph\w*|safe|phishing|spam|tagline|advertis\w*|slogan|promot\w*|share|include|link to)\b",
    re.IGNORECASE,
)
OPENS = re.compile(
    r"\W*(?:please |can you |could you )*(?:visit|open|read|watch|listen|follow|check|go to|click|look|see|browse|use|download|review|summari[sz]e|according|based|from|analy[sz]e|extract|get|rate|transcribe|paraphrase)\b",
    re.IGNORECASE,
)
PROGRAMS = re.compile(
    r"\b(?:code|script|function|program|regex\w*|command|curl|wget|python|javascript|html|parse|valid\w*|domain|encode|decode|protocol|query string|parameters?|cite|citation)\b",
    re.IGNORECASE,
)
SHOWN = re.compile(
    r"!\[[^\]]*\]\([^)]*\)|<img\b|\[(?:image|photo|picture|video|figure|attachment|chart|graph|screenshot|img|audio|file|link)\b[^\]]{0,60}\](?!\()|"
    rf"\b(?:as (?:shown|seen|illustrated|depicted|you can see|displayed|described|indicated)|shown|seen|illustrated|depicted|pictured|refer|see|look|based)(?: \w+)? ?(?:in|at|to|on|from)? (?:the )?(?:\w+ )?(?:attached|above|below|following|accompanying|provided|enclosed|this) (?:\w+ )?(?:{SEES}|file|attachment|document|pdf|spreadsheet|link|table)\b|"
    rf"\b(?:as (?:shown|seen|illustrated|depicted|displayed|you can see)|see|refer to|look at|according to|based on|from) (?:in |on |at )?(?:the )?(?:{SEES})s?(?: (?:above|below|\d+)|[,.;:])|\b(?:attached|enclosed|accompanying|uploaded) (?:\w+ )?(?:{SEES}|{FILES})\b|\b(?:{SEES}|{FILES}) (?:attached|enclosed|above|below)\b|\b(?:see|refer to|find|check|open) (?:the |my )?(?:attach(?:ment|ed)s?|enclosure)\b|"
    rf"\(see (?:the )?(?:{SEES}|table|attachment|link)\b|\[insert (?:\w+ )?(?:{SEES})\b|\bthe (?:{SEES}) (?:on|to) the (?:left|right)\b|\b(?:see|refer to|in|as) (?:table|figure|fig\.) \d|<image>|\bin the (?:{VIEWS}|video)s?,? (?:you|we|I|one) (?:can )?see\b|\b(?:image|photo|picture|video) (?:source|credits?|courtesy)\b|\bhere(?: is|['’]s) the (?:{SEES}|{FILES})\b|\b(?:{VIEWS})s?\b[^.!?\n]{{0,25}}\b(?:above|below|attached)\b|\b(?:the|this|following|attached) (?:{VIEWS}) shows\b|\b(?:figure|fig\.|table) \d+ (?:shows|illustrates|gives|lists|below|above)|\b(?:check out|watch|see) (?:this|the) (?:{SEES})\b|\b(?:{FILES}) (?:is|are) (?:attached|enclosed)\b|\b(?:view|see|find)\b[^.!?\n]{{0,20}} table below|\[(?:see )?(?:{SEES})\b[^\]]{{0,40}}\](?!\()|\bthe (?:attached|linked|enclosed) (?:\w+)|\bhere is (?:the|a) link\b|"
    r"\b(?:see|in|as) (?:the )?(?:table|figure|chart) (?:below|above)\b|\bdownload (?:the |it |this |a )?(?:\w+ )?(?:here|file|below)\b|\b(?:watch|see|view) (?:this|the) (?:video|clip|photo|image|picture)\b|"
    r"\bI(?:['’]ve| have)? (?:also )?(?:attached|enclosed|uploaded)\b|\bclick (?:on )?(?:the |this )?(?:link|here)\b|\b(?:link|url) (?:below|above|provided|here)\b|\b(?:here is|here's|here are|visit|follow|see|check out|use|open|at) (?:the |this |a |following )*(?:link|url)s?\b",
    re.IGNORECASE,
)
MAY_LINK = re.compile(
    r"\b(?:e-?mail|letter|message|invit\w+|web ?sites?|web ?pages?|html|markdown|posts?|tweet|advert\w*|ads?|newsletter|announcement|press release|notification|memo|phishing|spam|customer|support|webinar|instructions?|urls?|links?|download|flyer|campaign|bio|reminder|report|how|steps?|resources|resume|cover|application|attach\w*|files?|documents?|wallpaper)\b",
    re.IGNORECASE,
)
MAY_SHOW = re.compile(
    rf"\b(?:{SEES}|web ?sites?|web ?pages?|html|markdown|articles?|presentation|wallpaper|caption|visual\w*)s?\b",
    re.IGNORECASE,
)
MAY_ATTACH = re.compile(
    r"\b(?:e-?mail|letter|message|invit\w+|memo|note|newsletter|announcement|press release|cover|application|resume|cv|attach\w*|proposal|report|notification|reply|responses?|enclos\w*|customer|phishing|spam)\b",
    re.IGNORECASE,
)
LINKED = re.compile(r"click|link|url|visit|attach|enclos|file|document|upload", re.IGNORECASE)


@dataclass(frozen=True)
class PlaceholderInput:
    """The input is a text or empty, not a mark that there is none (`<noinput>`) or a slot to be filled in."""

    def __call__(self, example: Example) -> str | None:
        return f"placeholder input: {example.input.strip()[:40]}" if stands_in(example.input) else None


def stands_in(text: str) -> bool:
    """Tell whether an input is none."""
    bare = re.sub(r"^[\s\[<{(`*\"'_#|/\\-]+|[\s\]>})`*\"'_.!…:|/\\-]+$", "", text)
    if not text.strip():
        return False
    if not bare:
        return not text.strip().isspace()
    unlabelled = re.sub(r"^(?:input|text|context)s?\s*[:=]\s*", "", bare, flags=re.IGNORECASE).strip("<>[](){}`\"' ")
    if NOTHING.fullmatch(bare) or NOTHING.fullmatch(unlabelled) or not unlabelled:
        return True
    if re.fullmatch(r"(?:[\[<{]{1,2}\s*[a-zA-Z][a-zA-Z _'-]{1,40}[\]>}]{1,2}[\s,.;:/|-]*)+", text.strip()):
        return True
    if re.fullmatch(r"\s*\$?[\[<{(]{1,2}[a-zA-Z][a-zA-Z _'-]{2,40}[\]>})]{1,2}\s*|\s*%[sd]\s*", text):
        return True
    left = SLOT.sub("", text)
    return left != text and len(words(left)) < 3


@dataclass(frozen=True)
class SeveralTasks:
    """The fields hold one task: no remnants of prompts or of further tasks, and no second request that has nothing to do with the first."""

    def __call__(self, example: Example) -> str | None:
        told = bool(LABELLED.search(example.instruction))
        for text in (example.instruction, example.input):
            if found := remnant(text, told or text is example.input):
                return f"several tasks: {found[:40]}"
        second = unrelated(example)
        return f"several tasks: {second[:60]}" if second else None


@dataclass(frozen=True)
class MissingReference:
    """Nothing is spoken of that a text cannot show or that is not there: images, recordings, attached files, pages behind links."""

    def __call__(self, example: Example) -> str | None:
        asked = f"{example.instruction}\n{example.input}"
        content = (
            len(words(example.instruction)) > 60 or len(words(ADDRESS.sub("", FILENAME.sub("", example.input)))) > 5
        )
        found = self._asked(example, asked, content) or self._shown(example)
        return f"missing reference: {found.strip()[:60]}" if found else None

    def _asked(self, example: Example, asked: str, content: bool) -> str | None:
        opens = OPENS.match(example.instruction) and not PROGRAMS.search(example.instruction)
        handles = None if opens else HANDLES_TEXT.search(example.instruction)
        described = content or re.search(r":\s*\S+", example.instruction) or re.search(r"[\"“]", example.instruction)
        may_point = has_any(asked.lower(), POINTS)
        seen = SEEN.search(example.instruction) if may_point else None
        if seen and not (content and not re.search(r"attach|upload|enclos", seen[0])) and not handles:
            return seen[0]
        handed = HANDED.search(asked) if may_point else None
        if (
            handed
            and not handles
            and not (described and not re.search(r"attach|upload|enclos|link|click|url", handed[0], re.IGNORECASE))
        ):
            return handed[0]
        if not described and (text := _absent(example)) and (not handles or NEARBY.search(text)):
            return text
        name = None if handles or content else FILENAME.search(asked) or ADDRESS.search(asked)
        return name[0] if name else None

    def _shown(self, example: Example) -> str | None:
        if not has_any(example.output.lower(), SHOWS):
            return None
        for found in SHOWN.finditer(FENCE.sub("", example.output)):
            allowed = (
                MAY_ATTACH
                if re.search(r"attach|enclos", found[0], re.IGNORECASE)
                else MAY_LINK
                if LINKED.search(found[0])
                else MAY_SHOW
            )
            if not allowed.search(f"{example.instruction} {example.input[:200]}"):
                return found[0]
        return None


def _absent(example: Example) -> str | None:
    """Return the text that an instruction speaks of and that is neither in it nor in the input."""
    if example.input.strip() or "\n" in example.instruction.strip():
        return None
    found = ABSENT.search(example.instruction)
    return found[0] if found else None
