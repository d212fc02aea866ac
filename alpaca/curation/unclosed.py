"""What tells that a text was cut: what it opens and does not close."""

from __future__ import annotations

import re

from alpaca.curation.prose import is_code, words

OPENERS, CLOSERS = "([{", ")]}"
HALF_TAG = re.compile(r"</?[a-z]\w*>[^<>]*</?[a-zA-Z]{0,10}\Z", re.DOTALL)
ELEMENT = re.compile(r"\s*<(table|ul|ol|dl|div|form|body|head|svg|select|section|article|nav|main|script|style)\b")
ALIAS = re.compile(r"\b(?:ON|AND|OR|WHERE)\b[^\n]*[=<>] *[a-z]\w{0,15}\.\Z")  # of SQL
BRACKET = re.compile(r"[()\[\]{}]")


def unclosed(text: str) -> str | None:
    """Return what a text opens and does not close."""
    if text.count("```") % 2:
        return "unclosed code fence"
    if re.search(r"(?:^|\n)\s*(?:\d{1,3}[.)]|[-*•])\Z", text):
        return "empty list item"
    if _leaves_a_tag(text):
        return "unclosed tag"
    if ALIAS.search(text):
        return "a table without a column"
    if fault := _opens_at_the_end(text.split("\n")):
        return fault
    if text[:1] in '"“' and len(re.findall(r"[\"“”]", text)) == 1 and len(words(text)) > 3:
        return "unclosed quotation"
    depth, since = _open_bracket(text)
    return "unclosed bracket" if depth and not (is_code(text) and since > 400) and since < 400 else None


def _leaves_a_tag(text: str) -> bool:
    """Tell whether the last tag has no end, or the element that a text begins with, or a page, is not closed."""
    if "<" not in text:
        return False
    first = ELEMENT.match(text) or re.search(r"<(html)\b", text)
    return bool(HALF_TAG.search(text)) or (first is not None and f"</{first[1]}" not in text)


def _opens_at_the_end(lines: list[str]) -> str | None:
    """Return what the last line opens and does not close: bold print, a quotation, or a row of a table."""
    last, before = lines[-1].strip(), [line.strip() for line in lines[:-1] if line.strip()]
    if re.search(r"(?:^|\s)\*\*\w[^*]*\Z", last):
        return "unclosed bold print"
    if re.search(r"(?:^|\s)[\"“][^\"“”]*\Z", last) and len(re.findall(r"[\"“”]", last)) % 2 and not is_code(last):
        return "unclosed quotation"
    if "```" not in last and last.count("`") % 2 and "`" in last:
        return "unclosed code"
    rows = [line for line in before[-3:] if line.startswith("|") and line.endswith("|")]
    open_row = rows and last.startswith("|") and last.count("|") < min(row.count("|") for row in rows)
    return "unclosed row" if open_row else None


def _open_bracket(text: str) -> tuple[int, int]:
    """Return how many brackets are left open at the end, and how many characters ago the last was opened."""
    text = re.sub(r"'[\[({\])}]'|\"[\[({\])}]\"|`[^`\n]*`|[:;]-?[()\[\]]", " ", text)
    stack: list[tuple[str, int]] = []
    for found in BRACKET.finditer(text):
        character = found[0]
        if character in OPENERS:
            stack.append((character, found.start()))
        elif character in CLOSERS and stack and stack[-1][0] == OPENERS[CLOSERS.index(character)]:
            stack.pop()
    return len(stack), len(text) - stack[-1][1] if stack else 0
