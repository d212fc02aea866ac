"""The filter of HTML's tags and entities that are left in texts which have nothing to do with them."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from alpaca.curation.prose import any_of, has_any, is_code, without_code
from alpaca.records import Example

ENTITY = any_of(
    r"&(?:nbsp|mdash|ndash|hellip|[lr][sd]quo|quot|apos);?",
    r"&(?:amp|lt|gt|copy|reg|trade|euro|pound|deg|middot|bull|times|szlig)(?:;|\b|(?=\d))",
    r"&[a-z](?:acute|grave|circ|uml|tilde|cedil|ring|slash|caron)(?:;|(?=[a-z])|\b)",
    r"&(?:amp;)?#(?:\d{2,6}|x[0-9a-f]{2,5})(?:;|\b)",
    r"&[a-z]{2,8}\d{0,2};",
)
ATTRIBUTES = r"(?:\s+[\w-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|\S+))*"
TAG = any_of(
    rf"</?(?:p|br|div|span|b|i|u|em|strong|a|li|ul|ol|h[1-6]|td|tr|th|table|tbody|thead|font|img|center|sup|sub"
    rf"|hr){ATTRIBUTES}\s*/?>",
    rf"</?(?:script|style|body|html|head|pre|code|blockquote|small|label|input|button|section|article|header"
    rf"|footer){ATTRIBUTES}\s*/?>",
    rf"</?(?:nav|iframe|s|strike|del|ins|tt|dl|dt|dd){ATTRIBUTES}\s*/?>",
    r"<!--|(?<!\w)\[(b|i|u|url|quote|color|size|img)(?:=[^\]]*)?\].*?\[/\1\]",
)
PROSE_TAG = re.compile(r"</?(?:p|br|div)\b", re.IGNORECASE)
BREAK = re.compile(r"<br\b", re.IGNORECASE)
ABOUT_MARKUP = any_of(
    r"\b(?:html\w*|xml|css|tags?|markup|web ?(?:pages?|sites?|development)|entit(?:y|ies)|escap\w+|encod\w+"
    r"|decod\w+|svg)\b",
    r"\b(?:bbcode|jsx|react|vue|javascript|front-?end|angular|php|code|hyperlink|template engine|markdown)\b",
)
ABOUT_ENTITIES = any_of(r"\b(?:html\w*|xml|markup|entit(?:y|ies)|escap\w+|encod\w+|decod\w+|urls?|query strings?)\b")
ADDRESS = re.compile(r"https?://\S+|www\.\S+")


@dataclass(frozen=True)
class Markup:
    """No entities or tags of HTML are left in texts that have nothing to do with it."""

    def __call__(self, example: Example) -> str | None:
        told = f"{example.instruction} {example.input[:300]}"
        about, of_entities = bool(ABOUT_MARKUP.search(told)), bool(ABOUT_ENTITIES.search(told))
        for text in (example.instruction, example.input, example.output):
            if has_any(text, ("&", "<", "[")) and (found := _left_in(text, about, of_entities)):
                return f"markup: {found[:30]}"
        return None


def _left_in(text: str, about: bool, of_entities: bool) -> str | None:
    """Return the entity or tag in a text; in what is about markup only entities count, and only where no tags are."""
    prose = ADDRESS.sub(" ", without_code(text))
    entity = next((each[0] for each in ENTITY.finditer(prose) if html.unescape(each[0]) != each[0]), None)
    tag = TAG.search(prose)
    if about:
        tags = any(not BREAK.match(each[0]) for each in TAG.finditer(prose))
        return entity if entity and not (of_entities or tags or is_code(html.unescape(html.unescape(text)))) else None
    if entity:
        return entity
    return tag[0] if tag and not (is_code(text) and not PROSE_TAG.match(tag[0])) else None
