"""References to what is not there: images, recordings, attached files, pages behind links, a text that nobody gave.

A thing that text cannot hold is looked for together with what points to it: `this photo`, `the figure on the right`,
`the PDF that I sent you`. What an answer points to is in pointers.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from alpaca.curation.pointers import points_away
from alpaca.curation.prose import any_of, has_any, words
from alpaca.records import Example

SIGHTS = (
    r"image|picture|photo|photograph|screenshot|snapshot|selfie|thumbnail|chart|graph|plot|diagram|figure|infographic|"
    r"map|drawing|illustration|painting|portrait|sketch|cartoon|comic|poster|banner|icon|logo|gif|slide|slideshow|scan|"
    r"x-ray|blueprint|floor ?plan|meme|webcam|mural|collage|sculpture|pie chart|bar chart|handwriting|barcode|qr code|"
    r"sticker|album cover|book cover|movie still|billboard"
)
SOUNDS = (
    r"video|clip|footage|audio|recording|soundtrack|song clip|podcast|podcast episode|episode|voice ?mail|"
    r"voice (?:memo|message|note)|movie clip|movie trailer|trailer|film clip|webinar|webinar recording|audio ?book|"
    r"broadcast|sound (?:clip|file|effect)|sound clip|melody|tune|lecture recording|livestream"
)
SEES = rf"(?:{SIGHTS}|{SOUNDS})"
NAMED = r"song|track|speech|interview|lecture|movie|film|talk|poem|joke|sculpture|statue"
FILES = (
    r"files?|attachments?|documents?|pdfs?|spreadsheets?|csv(?: files?)?|excel(?: \w+)?|word doc\w*|workbooks?|zip|"
    r"folders?|pages?|webpages?|web pages?|websites?|links?|url|hyperlinks?|articles?|reports?|dataset|slides|"
    r"presentations?|powerpoints?|repository|notebook|log|sheet|site|post|blog post|thread|cv|resume|contract|invoice|"
    r"form|brochure|manual|transcript|e-?mail|minutes|draft|script"
)
HANDED = r"attached|enclosed|uploaded|accompanying|linked|embedded"
GIVEN = rf"following|given|provided|above|below|included|shown|displayed|supplied|{HANDED}"
POINTING = rf"(?:this|these|that|those|my|the (?:{GIVEN})|(?:{GIVEN}))"
PLACE = (
    rf"(?:{HANDED}|below|above|provided|shown|displayed|given|included|here|opposite|underneath|"
    rf"on the (?:left|right|next page|previous page|following page|other side)|to the (?:left|right)|"
    rf"in front of (?:you|me)|from my \w+|(?:that|which) (?:is|was) (?:attached|shown|provided))"
)
GAVE = (
    r"(?:(?:that |which )?(?:I|we)(?:['’]ve| have| had)?(?: just| already)? (?:uploaded|attached|enclosed|shared|"
    r"linked|pasted|included|sent|posted|took|taken|drew|recorded|gave|showed|made|scanned|provided|am showing|"
    r"forwarded|e-?mailed|put)\b)"
)
SHARED = (
    r"I(?:['’]ve| have| had)?(?: just| already)? (?:(?:uploaded|attached|enclosed|linked|pasted)\b|"
    r"(?:shared|sent|shown|showed|gave|given|posted|forwarded|e-?mailed) (?:to |with )?(?:you|above|below)\b)"
)
NOT_SIGHTS = r"(?! (?:of speech|formats?|files? format|editing|type|caption|title))"
SENSES = (
    r"listen(?:ing)? to|watch(?:ing)?|look(?:ing)? at|view(?:ing)?|examin(?:e|ing)|observ(?:e|ing)|study(?:ing)?|"
    r"transcrib(?:e|ing)|inspect(?:ing)?|hear(?:ing)?|play(?:ing)?|see(?:ing)?"
)
ENDS = (
    r"(?=\s*[.,?!:;]|\s*$| (?:above|below|on page|on the next|means?|and|to|attached|provided|shown|answer|then|is|are|"
    r"was|shows?|depicts?|represents?|illustrates?|tell|say)\b)"
)
# A sight or a sound that is pointed to.
SEEN = any_of(
    rf"\b{POINTING}(?: [\w-]+){{0,3}}? {SEES}s?\b{NOT_SIGHTS}",
    rf"\b{SEES}s? {PLACE}\b",
    rf"\b{SEES}s? {GAVE}",
    rf"\b(?:in|from|on|at|see|of|to|into|with|by|about|watch|view|open|hear|hearing|use) the {SEES}s?\b{ENDS}",
    rf"\b(?:{SENSES}|open|download|browse) (?:the|this|these|that|those|my|our) (?:[\w-]+ ){{0,2}}?{SEES}s?\b",
    rf"\b(?:here(?: is|['’]s| are)|I have) (?:a|an|the|my|some|two|three) (?:\w+ )?{SEES}s?\b",
)
# Works that may be given in words or named, too.
WORK = any_of(
    rf"\b(?:this|these|the (?:{GIVEN})) (?:{NAMED})s?\b(?! (?:is|are|was) (?:called|titled|named|by)|,? [\"“'‘]|"
    rf" by [A-Z]| called| titled)",
    rf"\b(?:{SENSES}) the (?:{NAMED})s?\b(?= ?[.,?!]| and\b| then\b|$)",
)
PAPERS = (
    r"articles?|passages?|paragraphs?|texts?|sentences?|tables?|snippets?|code(?: snippets?)?|statements?|equations?"
)
DATA = r"lists?|sets?|data|numbers|figures|quotes?|phrases?|stor(?:y|ies)|questions?|options|items|names|dates|values"
# A text or a thing that is spoken of as if it were there.
ABSENT = any_of(
    rf"\b(?:according to|based on|refer(?:ring)? to|consult|convert|caption|extract[^.]* from|from|in|on|with|using|"
    rf"use) (?:the|this|my) (?:[\w-]+ )?{SEES}s?\b(?=[.?!,:]|$| (?:and|to|below|above|as)\b)",
    r"\b(?:refer to|see|in|at|from) (?:figure|table|fig\.?|chart|exhibit|appendix) (?:\d|[A-Z]\b)",
    rf"\b(?:{SENSES}|open|download|browse|read) (?:the|this|these|that|my) (?:[\w-]+ )?(?:{FILES})\b",
    rf"\b(?:{HANDED})\b(?! to\b)",
    r"\b(?:the|these|those|both) (?:two |three |four |\w+ )?(?:image|picture|photo|photograph|screenshot|video|clip|"
    r"recording|chart|graph|diagram|infographic|meme|cartoon|slide)s?(?=[.?!,]?$|"
    r" (?:shows?|means?|depicts?|represents?|illustrates?|above|below|and (?:answer|explain|describe|tell|list|write|"
    r"summarize|identify))\b)",
    rf"\b{SHARED}|\bthat {SHARED}",
    r"\b(?:in|from|of|to|through|according to) (?:the|my) (?:\w+ )?(?:spreadsheet|excel (?:sheet|file)|csv|pdf|"
    r"attachment|recording|workbook|slide deck|slides|word document)\b",
    rf"\b(?:the|this|these) (?:following|given|attached|provided|above|below) (?:{DATA})(?: of \w+)?[.?!]?$",
    r"\b(?:based on|according to|from|in) the (?:passage|paragraph|text|excerpt|transcript|table|article)[.?!]?$",
    r"\bthis (?:scanned|printed|handwritten|attached|linked) \w+|\bthe two (?:images|pictures|photos)\b|"
    r"\blook at the table\b",
    r"\b(?:visit|follow|open|click(?: on)?|go to|use|check(?: out)?|browse) (?:the|this|that|my) (?:\w+ )?(?:web ?site|"
    r"web ?page|page|site|link|hyperlink|url|address)\b",
    rf"\b(?:the|this|these) (?:following|given|attached|provided|above|below) (?:\w+ )?(?:{PAPERS}|words?|poems?|"
    rf"e-?mails?|reviews?|essays?|data ?sets?)\b(?=[.?!]?$| (?:as|into|and|in|to|from|for)\b)",
    rf"\b(?:the|this|these) (?:\w+ )?(?:{PAPERS}|figures?|charts?|graphs?) (?:below|above|shown|attached)\b",
    r"\bread the (?:article|passage|paragraph|text|story|excerpt|news \w+|report|post)\b(?! (?:of|by))",
    r"\bwhat (?:do|does|is|are) the (?:figure|chart|graph|image|picture|photo|diagram|table|map)s? (?:show|depict|tell|"
    r"represent|about)",
)
NEARBY = re.compile(
    rf"above|below|attached|read|visit|here|\bI\b|look at|link|listen|hear|watch|{HANDED}", re.IGNORECASE
)
REACHES = (
    r"see|in|open|read|from|check|use|refer to|find|review|using|per|on|via|visit|follow|click(?: on)?|go to|download|"
    r"consult|through"
)
HANDING = re.compile(r"attach|upload|enclos|link|click|url", re.IGNORECASE)
# A file or a link that is handed over.
FILED = any_of(
    rf"\b(?:the|my|this|these) (?:{HANDED}) \w+|\b(?:{HANDED})(?: \w+){{0,2}}? (?:{FILES})\b",
    rf"\b(?:{FILES}) (?:\(?(?:{HANDED})\)?|{GAVE}|(?:at|on|from|in) (?:the|this) (?:link|url|address|attachment))",
    rf"\b(?:{REACHES}) (?:the |this |my |an? )?(?:attach(?:ment|ed)s?|enclosure|"
    rf"(?:attached|following|above|below|provided|given) (?:link|url|hyperlink|file|document|pdf|spreadsheet|website|"
    rf"web ?page))\b",
    r"\bplease (?:find|see) (?:the )?attached\b|\bclick (?:on )?(?:the |this )?(?:link|here)\b",
    r"\b(?:the|this|following) (?:link|url|hyperlink)(?: (?:below|above|provided|here))?\s*[.:]?\s*$",
    r"\b(?:link|url|file|attachment|document|pdf|spreadsheet|website) (?:below|above|provided|attached)\b",
    r"\b(?:following|this|given) (?:pdf|spreadsheet|csv|excel|file|web ?site|web ?page|webpage|url|link)\b",
    r"\((?:attached|enclosed)\)|\b(?:attached|enclosed)[.?!:](?:\s|$)",
)
EXTENSIONS = (
    r"png|jpe?g|gif|bmp|svg|webp|tiff?|mp[34]|wav|avi|mov|mkv|flac|pdf|docx?|xlsx?|pptx?|csv|tsv|zip|rar|parquet|odt|"
    r"heic|txt|rtf|md|log|json|xml|ya?ml|epub|mobi|sqlite|db|tar|gz|7z|m4a|ogg|webm|psd|ai|ipynb|html?|ods|key|pages|"
    r"numbers"
)
FILENAME = re.compile(rf"(?<![\w.@/\\-])(?:[\w:~-]*[/\\][\w\-./\\]*|[\w-]*)\w\.(?:{EXTENSIONS})\b(?!\()", re.IGNORECASE)
ADDRESS = re.compile(
    r"https?://\S+|\bwww\.\S+|(?<![@\w.-])(?:[\w-]+\.)+(?:com|org|net|io|co|gov|edu|uk|de|fr|info|news|tv|me|ly|gl|be|"
    r"blog)(?:/[\w\-./?=&%#~]+)",
    re.IGNORECASE,
)
NOUNS = (
    "image picture photo screenshot snapshot selfie thumbnail chart graph plot diagram figure map drawing illustration "
    "painting portrait sketch cartoon comic poster banner icon logo gif slide scan x-ray blueprint floor meme webcam "
    "mural collage sculpture barcode code sticker cover still billboard infographic video clip footage audio recording "
    "soundtrack podcast episode voice trailer webinar sound broadcast melody tune lecture livestream song track speech "
    "interview movie film talk poem joke statue file attach document pdf spreadsheet csv excel word doc workbook zip "
    "folder page site link url article report dataset presentation powerpoint repository notebook log sheet post "
    "thread cv resume contract invoice form brochure manual transcript mail minutes draft script enclos upload "
    "accompan embed click slides table exhibit appendix passage paragraph text sentence snippet statement equation "
    "list set data number quote phrase stor question option item name date value excerpt handwrit"
)
SHOWS = tuple(NOUNS.split())
HANDLES_TEXT = any_of(
    r"\b(?:url|uri|domain|subdomain|protocol|shorten|encode|decode|regex|regular expression|parse|html|button|markdown|"
    r"anchor|hyperlink|css|code|script|function|program|command|curl|wget|filename|file ?name|extension|path|validate|"
    r"valid|rename|python|sql|php|javascript|bash|home page|cite|citation|mla|apa|reference|bibliograph\w*|safe|"
    r"phishing|spam|tagline|advertis\w*|slogan|promot\w*|share|include|link to)\b"
)
# Instructions that handle a picture as code.
CODES = re.compile(
    r"\b(?:html|css|code|python|javascript|markdown|regex|function|program|tag|tagline|slogan|advertis\w*)\b",
    re.IGNORECASE,
)
SENDS = re.compile(
    r"\b(?:write|compose|draft|create|generate)\b[^.?!]*\b(?:e-?mail|letter|message|memo|note|"
    r"reply)\b[^.?!]*\b(?:attach|enclos)",
    re.IGNORECASE,
)
CITES = re.compile(r"\b(?:citations?|cite|mla|apa|bibliograph\w*|domain)\b", re.IGNORECASE)
READS = any_of(
    r"\b(?:visit|open|read|watch|listen|follow|check|go to|click|look|see|browse|use|download|review|summari[sz]e|"
    r"according|based|analy[sz]e|extract|get|rate|transcribe|paraphrase|evaluate|critique|found (?:here|at)|"
    r"available (?:here|at)|content|article|load|consult|study|referring|what does|main|text (?:in|of|from))\b"
)
PROGRAMS = any_of(
    r"\b(?:code|script|function|program|regex\w*|command|curl|wget|python|javascript|html|parse|valid\w*|domain|encode|"
    r"decode|protocol|query string|parameters?|cite|citation|bash|sql|rename|extension|file ?names?|r language|java|"
    r"php|linux|shell|terminal|file formats?|convert [^.]* to)\b"
)


@dataclass(frozen=True)
class MissingReference:
    """Nothing is spoken of that is not there: images, recordings, attached files, pages behind links."""

    def __call__(self, example: Example) -> str | None:
        found = _asked(example) or points_away(example)
        return f"missing reference: {found.strip()[:60]}" if found else None


def _asked(example: Example) -> str | None:
    """Return what an instruction or an input speaks of as if it were there."""
    bare = _without_addresses(example.instruction)
    given = len(words(example.instruction)) > 60 or len(words(_without_addresses(example.input))) > 5
    told = given or bool(re.search(r":\s*\S|[\"“]", bare))
    handles = HANDLES_TEXT.search(bare) and not (READS.search(bare) and not PROGRAMS.search(bare))
    if has_any(f"{bare} {example.input}".lower(), SHOWS):
        found = _pointed(example, bare, given, told, bool(handles))
        if found:
            return found
    return None if given else _named(example)


def _named(example: Example) -> str | None:
    """Return the file or the address that is named, where it is not what is written about."""
    if CITES.search(example.instruction):
        return None
    for sentence in (*re.split(r"(?<=[.?!])\s+", example.instruction), example.input):
        name = (FILENAME.search(sentence) if "." in sentence else None) or ADDRESS.search(sentence)
        if name:
            about = _without_addresses(sentence if sentence is not example.input else example.instruction)
            handles = HANDLES_TEXT.search(about) and not READS.search(about)
            return None if handles or PROGRAMS.search(about) else name[0]
    return None


def _pointed(example: Example, bare: str, given: bool, told: bool, handles: bool) -> str | None:
    """Return the thing that is pointed to; a text that is given may be what is meant."""
    if not CODES.search(bare) and (seen := _seen(example, bare, given, told)):
        return seen
    if SENDS.search(bare):
        return None
    filed = FILED.search(f"{bare}\n{_without_addresses(example.input)}")
    if filed and not handles and (not told or HANDING.search(filed[0])):
        return filed[0]
    if told or example.input.strip(" \n.") or "\n" in example.instruction.strip():
        return None
    absent = ABSENT.search(bare)
    return absent[0] if absent and (not handles or NEARBY.search(absent[0])) else None


def _seen(example: Example, bare: str, given: bool, told: bool) -> str | None:
    """Return a sight or a sound that is pointed to, or a work that is neither given in words nor named."""
    seen, work = SEEN.search(bare), WORK.search(bare)
    if seen and (not given or HANDING.search(seen[0])):
        return seen[0]
    named = given or told or "\n" in bare or words(_without_addresses(example.input))
    return work[0] if work and not named else None


def _without_addresses(text: str) -> str:
    return ADDRESS.sub("", FILENAME.sub("", text)) if "." in text else text
