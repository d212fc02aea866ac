"""The filter of code in another programming language than the instruction names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alpaca.curation.prose import any_of, is_code
from alpaca.records import Example

CODE = r"(?= (?:program|function|code|language|script|method|class|snippet|struct)s?\b)"
NAMED = r"(?:(?<=in )|(?<=using )|(?<=language is )|(?<=language: )|(?<=with ))"
CALLED = {  # names that are words too count only before `code` and the like, or after `in`
    "Python": r"python(?: ?3)?",
    "JavaScript": r"javascript|js|node(?:\.?js)?|typescript",
    "Java": r"java",
    "C++": r"c\+\+|cpp",
    "C#": r"c#|c sharp",
    "C": rf"(?-i:C){CODE}|{NAMED}(?-i:C)\b(?!['’])",
    "Ruby": r"ruby",
    "Go": rf"golang|(?-i:Go){CODE}|{NAMED}(?-i:Go)\b",
    "Rust": rf"rust{CODE}|{NAMED}(?-i:Rust)\b",
    "PHP": r"php",
    "Bash": r"bash|shell script",
    "SQL": r"(?:my|postgre)?sql",
    "R": rf"(?-i:R){CODE}|{NAMED}(?-i:R)\b",
    "Swift": rf"(?-i:Swift){CODE}|{NAMED}(?-i:Swift)\b",
    "Kotlin": r"kotlin",
}
MARKS = {  # what code in a language may show: one is enough to believe that it is in it
    "Python": (
        r"^\s*def \w+\(.*\).*:|^\s*(?:from [\w.]+ )?import [\w., *]+$|\bprint\(|\[.* for .* in .*\]",
        r"^\s*(?:for|while|if|with|class)\b.*:\s*(?:#.*)?$|\blambda\b|\bself\.|^\s*\w+ = |\brange\(|\blen\(",
    ),
    "JavaScript": (
        r"\bfunction\b\s*\w*\s*\(|=>|\b(?:const|let|var)\b|console\.|document\.|require\(|\bconstructor\(|===|\bthis\.\w",
    ),
    "Java": (r"\b(?:public|private|protected|static|final|class|import java|System\.out|void|String|int|new|List)\b",),
    "C++": (
        r"#include|std::|\bcout\b|\bint main\b|\btemplate\b",
        r"\b(?:int|void|double|bool|auto|char|float|string|class|struct)\b.*[({;]",
    ),
    "C#": (r"\busing System|\bnamespace\b|Console\.|\b(?:public|private|static|void|var|string|int)\b",),
    "C": (r"#include|\bprintf\(|\bint main\b|\b(?:int|void|char|double|float|struct)\b.*[({;]",),
    "Ruby": (r"^\s*def \w+|\bputs\b|\bend\b|\.each\b|\bdo \|",),
    "Go": (r"\bfunc\b|\bpackage\b|fmt\.|:=",),
    "Rust": (r"\bfn\b|\blet\b|println!|\bimpl\b|\bmut\b",),
    "PHP": (r"<\?php|\$\w+|\becho\b|\bfunction\b",),
    "Bash": (r"#!/|\becho\b|\$\w+|\bfi\b|\bdone\b|\b(?:grep|sed|awk|ls|cat|find|rm|mv|cp|chmod)\b",),
    "SQL": (r"(?i:\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|WITH|GRANT)\b)",),
    "R": (r"<-|\bfunction\(|\blibrary\(|\bc\(",),
    "Swift": (r"\bfunc\b|\blet\b|\bvar\b|print\(",),
    "Kotlin": (r"\bfun\b|\bval\b|\bvar\b|println\(",),
}
SURE = {  # what only code in that language shows
    "Python": (
        r"^\s*def \w+\(.*\).*:\s*(?:#.*|return .*)?$|^\s*print\(.*\)\s*$|^\s*import \w+\s*$",
        r"^\s*(?:for|if|while|elif|else|try)\b[^{(]*:\s*$",
    ),
    "JavaScript": (r"\bfunction\b\s*\w*\s*\([^)$]*\)\s*\{|=>\s*[{(\w]|\b(?:const|let) \w+ =|console\.log",),
    "Java": (r"\bpublic (?:static|class|void|int|String)\b|System\.out|import java",),
    "C++": (r"#include <(?:iostream|vector|string|algorithm)>|std::|\bcout <<",),
    "C": (r"#include <(?:stdio|stdlib|string)\.h>",),
    "C#": (r"\busing System;|Console\.Write",),
    "Go": (r"^\s*package main|\bfunc (?:\(\w+ \*?\w+\) )?\w+\([^)]*\) ?[\w\[\]*() ,]*\{|fmt\.Print",),
    "PHP": (r"<\?php|\bfunction \w+\([^)]*\$",),
    "Ruby": (r"^\s*def [\w.]+[?!]?(?:\([^)]*\))?\s*$|^\s*puts |\{ ?\|[\w, ]+\|",),
    "Rust": (r"\bfn \w+.*\{|println!",),
    "Kotlin": (r"\bfun \w+\(",),
}
TAGS = {
    "py": "Python",
    "js": "JavaScript",
    "ts": "JavaScript",
    "sh": "Bash",
    "cs": "C#",
    "csharp": "C#",
    "rb": "Ruby",
    "c": "C",
    "r": "R",
    "go": "Go",
    "rust": "Rust",
    "swift": "Swift",
}
ALIKE = ({"C", "C++"}, {"SQL", "Bash"}, {"Java", "C#"})  # code in one may look as if it were in the other
REQUEST = any_of(
    r"(?:^|[.?!] |please |you (?:to )?|, )(?:write|create|construct|generate|implement|give|provide|develop|build|make|show|output|"
    r"compose|code|produce|define|add|need)\b([^.?!\n]+)",
    r"\bI need ([^.?!\n]+)",
)
THING = any_of(
    r"\b(?:code|function|program|script|method|class|snippet|loop|query|implementation|algorithm|statement|regex)\b"
)


@dataclass(frozen=True)
class ProgrammingLanguage:
    """Code that is asked for in one programming language shows a mark of it, and is not marked as another."""

    def __call__(self, example: Example) -> str | None:
        name = _asked(example)
        if name is None:
            return None
        other = _fenced(example.output, name) or _other(example.output, name)
        if other:
            return f"wrong format: {other} where {name} is asked"
        return None if _shows(MARKS, name, example.output) else f"wrong format: no {name}"


def _asked(example: Example) -> str | None:
    """Return the only programming language that is named where code is asked for."""
    task = REQUEST.search(example.instruction)
    if not task or not (THING.search(task[0]) or is_code(example.output)):
        return None
    before = re.match(r"(?:using|in|with) [^,.]{1,20},", example.instruction, re.IGNORECASE)
    after = re.search(r"\blanguage (?:is|should be|must be|:) [^.\n]+", example.instruction, re.IGNORECASE)
    text = " ".join([*(found[0] for found in (before, after) if found), task[0]])
    named = {
        name
        for name, called in CALLED.items()
        if re.search(rf"(?<![\w#+.])(?:{called})(?![\w#+])", text, re.IGNORECASE)
    }
    return named.pop() if len(named) == 1 else None


def _fenced(output: str, name: str) -> str | None:
    """Return the language of the first fence, where it has another than is asked for."""
    fence = re.search(r"```\s*([A-Za-z+#]+)\s*\n", output)
    other = _tagged(fence[1].lower()) if fence else None
    return other if other and other != name and {other, name} not in ALIKE[:2] else None


def _tagged(tag: str) -> str | None:
    return TAGS.get(tag) or next(
        (name for name, called in CALLED.items() if re.fullmatch(called, tag, re.IGNORECASE)), None
    )


def _other(output: str, name: str) -> str | None:
    """Return another language of which code surely is, where it shows no sure mark of that asked for."""
    if _shows(SURE if name in SURE else MARKS, name, output):
        return None
    others = [other for other in SURE if other != name and {other, name} not in ALIKE and _shows(SURE, other, output)]
    return others[0] if others else None


def _shows(kind: dict[str, tuple[str, ...]], name: str, output: str) -> bool:
    return any(re.search(mark, output, re.MULTILINE) for mark in kind[name])
