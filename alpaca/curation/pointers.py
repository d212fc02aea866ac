"""Sentences of an answer that point its reader to what is not there: a picture, a file, a link, a page."""

from __future__ import annotations

import re

from alpaca.curation.prose import FENCE, any_of, has_any, sentences
from alpaca.records import Example

SIGHTS = (
    r"image|picture|photo|photograph|screenshot|snapshot|diagram|figure|fig\.|chart|graph|infographic|map|illustration|"
    r"drawing|sketch|slide|gallery|thumbnail|scan|poster|qr code|floor ?plan|blueprint"
)
SOUNDS = r"video|clip|footage|audio|recording|podcast|animation|tutorial video|webinar|trailer"
PAPERS = (
    r"pdf|spreadsheet|worksheet|attachment|attached \w+|enclosure|handout|appendix|e-?book|workbook|zip file|"
    r"slide deck|download|document|file|template|brochure"
)
LINKS = r"link|url|hyperlink|button|banner|website below|page below"
THINGS = rf"(?:{SIGHTS}|{SOUNDS}|{PAPERS}|{LINKS})s?"
WHERE = (
    r"(?:above|below|beneath|underneath|overleaf|opposite|attached|enclosed|"
    r"on the (?:left|right|next page|following page|previous page|back)|to the (?:left|right)|"
    r"at the (?:top|bottom|end) of (?:the|this) page|in the (?:sidebar|attachment|appendix|description below|comments)|"
    r"on page \d+)"
)
# What follows a place that is one of the page; `above the fire` is one of a story.
AFTER = r"(?=\W*$|\s*[.,;:!?)]|\s+(?:is|are|and|for|to|which|that|we|you|(?!his|this|its|us)\w+s)\b)"
LOOKS = (
    r"see|view|find|watch|look at|check(?: out)?|click(?: on)?|tap(?: on)?|press|download|refer to|open|visit|follow|"
    r"listen to|consult|scan|use|study|note|hit|explore|access|take a look at|have a look at"
)
# A mark where a picture or a link was.
MARKED = any_of(
    r"!\[[^\]]*\]\([^)]*\)|<img\b|<image>|<video>|<link>|<figure>",
    r"[\[<](?:see |insert |add |view |click |embed(?:ded)? |placeholder for )?(?:the |an? |your )?(?:link|image|photo|"
    r"picture|video|figure|attachment|chart|graph|diagram|screenshot|img|audio|file|url|illustration|map|infographic|"
    r"hyperlink|pdf|table)s?(?: \d+)?(?: (?:here|below|above|goes here)|(?: (?:of|to|showing|for)\b|"
    r":)[^\])>]{0,60})?[\]>](?!\()",
    r"[\[(](?:image|photo|picture|video|illustration|figure|photograph)s?(?: (?:source|credits?|courtesy(?: of)?|"
    r"by))?\s*[:–-][^\])\n]{1,60}[\])]",
    r"^\s*(?:image|photo|picture|video|photograph)s? ?(?:source|credits?|courtesy|by|via)?\s*[:©]\s*[^\n]{1,60}$",
    r"\b(?:image|photo|picture|video)s? (?:source|credits?|courtesy)\b|^\W*(?:photo|image|picture|illustration|"
    r"video)s? (?:by|via|from|courtesy) (?-i:[A-Z])",
    r"(?<=[.!?] )(?-i:Photo|Image|Picture|Video)s?(?: (?:source|credits?|courtesy(?: of)?|by))?: (?-i:[A-Z])\w+",
    r"^\W*(?:image|photo|picture|figure|fig\.|video|chart|diagram|illustration) \d+\s*[:.–-]",
    flags=re.IGNORECASE | re.MULTILINE,
)
# A thing that is pointed to by where it is, by what the reader is to do, or by what it shows.
POINTED = any_of(
    # `the diagram below`, `a photo on the next page`
    rf"\b(?:the|this|these|our|my|an?|following|attached|accompanying) (?:[\w-]+ ){{0,2}}?{THINGS} "
    rf"(?:\w+ )?{WHERE}{AFTER}",
    # `a chart of the results is shown below`
    rf"\b(?:{SIGHTS}|{SOUNDS})s? (?:(?:[\w-]+ ){{0,5}}?(?:is|are|can be) (?:shown |seen |found |given |provided |"
    rf"included )?|\(?(?:see |shown |given )?){WHERE}{AFTER}",
    # `in the attached worksheet`
    rf"\b(?:in|from|on|at|with|through|using|via|per) the (?:attached|above|below|following|accompanying|enclosed|"
    rf"linked|provided|embedded) (?:[\w-]+ )?{THINGS}\b",
    # `please refer to the screenshot`
    rf"(?:\A|[.;:!,(]\s*|\b(?:please|and|or|to|can|also|you|should) )(?:{LOOKS}) (?:(?:the|this|these|our|my|out the|"
    rf"out this) )(?:[\w-]+ ){{0,2}}?(?:{SIGHTS}|{SOUNDS}|attachment|pdf|worksheet|handout|appendix|link|url|hyperlink|"
    rf"spreadsheet|slide deck)s?\b(?!(?<=s) of\b| (?:icon|button|menu|tab|folder|file|option|field|tool)s?\b)",
    # `as illustrated in the figure`
    rf"\b(?:as|which is|are|is|be|been) (?:clearly )?(?:shown|seen|illustrated|depicted|pictured|displayed|described|"
    rf"indicated|visible|you can see|demonstrated|explained|listed|summarized)(?: \w+)? ?(?:in|at|on|from|by) (?:the|"
    rf"this|our|my|these) (?:[\w-]+ ){{0,2}}?(?:{SIGHTS}|{SOUNDS}|{PAPERS})s?\b",
    # `the following map shows`
    rf"\b(?:the|this|our|following|attached|above|accompanying|next) (?:[\w-]+ ){{0,1}}?(?:{SIGHTS}|"
    rf"{SOUNDS})s? (?:[\w-]+ ){{0,4}}?(?:shows?|illustrates?|depicts?|demonstrates?|explains?|displays?|gives?|"
    rf"summarizes?)\b",
    # `see Figure 2`
    r"\b(?:see|in|as|from|to|refer to|per) (?:table|figure|fig\.|chart|exhibit|appendix|diagram|image|photo|picture|"
    r"map|video|slide) (?:\d|(?-i:[A-Z])\b)|\b(?:figure|fig\.|table|exhibit) \d+ (?:shows|illustrates|gives|lists|"
    r"below|above)",
    r"\((?:see|cf\.?|refer to) (?:the )?(?:\w+ )?(?:image|picture|photo|figure|fig\.?|diagram|chart|graph|table|map|"
    r"attachment|link|screenshot|illustration|video|appendix)\b",
    r"\b(?:see|find|view|in|as) (?:the )?(?:\w+ )?(?:table|figure|chart|list) (?:below|above)\b",
    # `note the arrow in the screenshot`, `refer to the table above`
    rf"\A(?:note|notice|observe|look at|watch) (?:how )?the (?:[\w-]+ ){{1,4}}(?:in|on|of) the (?:{SIGHTS})\b",
    r"\b(?:refer to|consult|look at|check) the (?:\w+ )?(?:table|figure|chart|list) (?:below|above)\b",
    r"\bin the (?:screenshot|diagram|figure|chart|graph|infographic)s? (?:above|below)\b",
    r"\bin the (?:image|picture|photo|video|screenshot|diagram|figure|chart)s?,? (?:you|we|I|one) (?:can )?see\b",
)
# A link, a file or a page that the reader is sent to.
SENT = any_of(
    # `click here`, `read more here`
    r"\b(?:click|tap|press|download(?: it| the \w+| our \w+| this \w+)?|read more|learn more|more|find out more|"
    r"sign up|register|available|found|see|look|go|visit us|subscribe|order|buy) (?:on )?(?:right |"
    r"over )?here\b(?! (?:in|at|on|to (?:stay|help|serve|listen|learn|make|be))\b)",
    r"\b(?:click|tap|press|hit)(?: on)? (?:the |this |that |our )?(?:[\w-]+ )?(?:link|button|banner|image|icon|url|"
    r"hyperlink)s?\b",
    r"\b(?:link|url|hyperlink|button|form)s? (?:below|above|provided|here)\b|\bfrom this (?:link|url)|"
    r"\bat this (?:link|url|address)\b",
    # `here is the link`
    r"\b(?:here is|here['’]s|here are|visit|follow|see|check out|use|open|at|via|through|in|on) (?:the |this |a |"
    r"following |our )+(?:[\w-]+ )?(?:link|url|hyperlink)s?\b",
    # `download the PDF using the button below`
    r"\b(?:download|grab|get|view|open) (?:the |this |our |your |a )?(?:free |full |complete )?(?:[\w-]+ )?(?:pdf|"
    r"worksheet|e-?book|template|spreadsheet|guide|file|report|checklist|handout|brochure)\b[^.!?\n]{0,30}\b(?:below|"
    r"here|button|link|above|attached|now)\b",
    # `see the attachment`
    r"\b(?:in|see|find|open|check|with|to|from) (?:the |my |an? )?(?:attach(?:ment|ed)s?\b(?! (?:style|theory|to))|"
    r"enclosure)\b",
    r"\bI(?:['’]ve| have)? (?:also )?(?:attached|enclosed|uploaded|linked)\b|"
    r"\b(?:is|are|please find) (?:attached|enclosed)\b(?! (?:in|by|with|within|to)\b)|"
    r"\bthe (?:attached|enclosed|linked) \w+",
    r"\b(?:attached|enclosed|accompanying|uploaded) (?:\w+ )?(?:files?|documents?|pdfs?|spreadsheets?|images?|photos?|"
    r"pictures?|reports?|slides?|videos?|charts?)\b",
    r"\bvisit (?:this|our) (?:[\w-]+ )?(?:page|site|website|blog|article|post|link)\b",
    r"\bread (?:the |our |this )?(?:full |original |complete |whole )?(?:article|story|post|report|guide|recipe|"
    r"review) (?:here|below|at)\b",
    r"\b(?:open|see|read|download|consult|view) [\w-]+\.(?:docx?|pdf|pptx?|xlsx?|csv|txt|zip)\b",
    r"\bscan the (?:qr )?code\b|\bsee (?:the )?(?:full |original )?(?:article|post|page|website|site) (?:for|below|"
    r"here|at)\b",
)
NOUNS = (
    "image picture photo screenshot snapshot diagram figure fig. chart graph plot infographic map illustration drawing "
    "sketch slide gallery thumbnail scan poster qr ![ floor blueprint video clip footage audio recording podcast "
    "animation webinar trailer pdf spreadsheet worksheet attach enclos handout appendix book workbook zip download "
    "document file template brochure link url button banner page click tap here table img exhibit "
    ".doc .pdf .ppt .xls .csv .txt"
)
POINTS = tuple(NOUNS.split())
SENDS = (
    "click",
    "link",
    "url",
    "here",
    "download",
    "attach",
    "enclos",
    "button",
    "scan",
    "tap ",
    "press",
    "see ",
    "open ",
)
# Kinds of text in which such a sentence has its place, where one is to be written.
MADE = (
    r"\b(?:writ\w+|re-?write|create|design|draft|compose|generate|make|develop|produce|build|prepare|craft|edit|revise|"
    r"improve|repl\w+|respond|answer|continue|complete|translate|paraphrase|rephrase|proofread|format|convert|send|"
    r"give|provide|come up with|need|transform|construct|formulate|suggest an?|turn)\b[^.?!\n]{0,80}?"
)
LETTERS = any_of(
    rf"{MADE}\b(?:e-?mails?|letters?|messages?|invit\w+|memos?|notes?|newsletters?|announcements?|press releases?|"
    rf"cover|applications?|resumes?|cvs?|proposals?|notifications?|reply|replies|phishing|spam|reminders?|dialogue|"
    rf"conversation|voicemail|speech)\b"
)
PAGES = any_of(
    rf"{MADE}\b(?:web ?sites?|web ?pages?|landing pages?|home ?page|html|markdown|posts?|blogs?|tweets?|advert\w*|ads?|"
    rf"flyers?|brochures?|campaigns?|bios?|tutorials?|links?|buttons?|promotion\w*|marketing|sales|banner|listing|"
    rf"call[- ]to[- ]action|notice|sign)\b"
)
COMPUTING = any_of(
    r"\b(?:web ?sites?|web ?pages?|(?:sign|log)[- ]?(?:up|in)|buttons?|apps?|software|computers?|phones?|browsers?|"
    r"wallpaper|settings|accounts?|install\w*|upload\w*|download\w*|urls?|links?|files?|documents?|excel|word|windows|"
    r"mac|iphone|android|photoshop|gmail|google|facebook|instagram|twitter|youtube|linkedin|online|interface|platform|"
    r"layout|ui|ux|system|data ?base|program\w*|python|terminal|profile|screen|wi-?fi|internet|password|device|"
    r"resources|phishing|spam|camera|tablet|user)\b"
)
SENDS_ON = re.compile(r"link|url|button|download|file|click|here|tap|page|icon|document|template", re.IGNORECASE)
PLAIN = re.compile(r"\bhere\b|below|above|attach|enclos|\[|next page|following page", re.IGNORECASE)
SHOWS = any_of(
    r"\b(?:photos?|photograph\w*|screenshots?|illustrations?|infographics?|charts?|posters?|slides?|slideshows?|"
    r"videos?|(?<!historical )figures?|web ?sites?|web ?pages?|html|markdown|presentations?|wallpaper|captions?|"
    r"visual\w*|powerpoint|storyboard|galler(?:y|ies)|podcasts?|recordings?)\b"
)


def points_away(example: Example) -> str | None:
    """Return the words of an answer that point to what is not there, where the task is not to write a text that may "
    "do so."""
    if not has_any(example.output.lower(), POINTS):
        return None
    task = f"{example.instruction} {example.input[:200]}"
    output = FENCE.sub("", example.output)
    if (mark := MARKED.search(output)) and not _may(task, mark[0]):
        return mark[0]
    for sentence in sentences(output):
        lower = sentence.lower()
        if has_any(lower, POINTS) and (
            found := (has_any(lower, SENDS) and SENT.search(sentence)) or POINTED.search(sentence)
        ):
            used = (
                SENDS_ON.search(found[0]) and COMPUTING.search(task) and not PLAIN.search(sentence)
            )  # how a program is used
            if not used and not _may(task, found[0]):
                return found[0]
    return None


def _may(task: str, found: str) -> bool:
    """Tell whether a task asks for a text that may point so."""
    return bool(LETTERS.search(task) or PAGES.search(task) or (not SENDS_ON.search(found) and SHOWS.search(task)))
