"""The filter of code in another programming language than the instruction names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alpaca.curation.prose import is_code
from alpaca.records import Example

LANGUAGES = {
    "Python": (
        r"python(?: ?3)?",
        r"^\s*def \w+\(.*\).*:|^\s*(?:from [\w.]+ )?import [\w., *]+$|\bprint\(|^\s*(?:for|while|if|with|class)\b.*:\s*(?:#.*)?$|\blambda\b|\bself\.|^\s*\w+ = |\[.* for .* in .*\]|\brange\(|\blen\(",
    ),
    "JavaScript": (
        r"javascript|js|node(?:\.?js)?|typescript",
        r"\bfunction\b\s*\w*\s*\(|=>|\b(?:const|let|var)\b|console\.|document\.|require\(",
    ),
    "Java": (
        r"java",
        r"\b(?:public|private|protected|static|final|class|import java|System\.out|void|String|int|new|List)\b",
    ),
    "C++": (
        r"c\+\+|cpp",
        r"#include|std::|\bcout\b|\bint main\b|\btemplate\b|\b(?:int|void|double|bool|auto|char|float|string|class|struct)\b.*[({;]",
    ),
    "C#": (r"c#|c sharp", r"\busing System|\bnamespace\b|Console\.|\b(?:public|private|static|void|var|string|int)\b"),
    "C": (
        r"c(?= (?:program|function|code|language))",
        r"#include|\bprintf\(|\bint main\b|\b(?:int|void|char|double|float|struct)\b.*[({;]",
    ),
    "Ruby": (r"ruby", r"^\s*def \w+|\bputs\b|\bend\b|\.each\b|\bdo \|"),
    "Go": (r"golang|go(?= (?:program|function|code))", r"\bfunc\b|\bpackage\b|fmt\.|:="),
    "Rust": (r"rust(?= (?:program|function|code|language|struct))", r"\bfn\b|\blet\b|println!|\bimpl\b|\bmut\b"),
    "PHP": (r"php", r"<\?php|\$\w+|\becho\b|\bfunction\b"),
    "Bash": (
        r"bash|shell script",
        r"#!/|\becho\b|\$\w+|\bfi\b|\bdone\b|\b(?:grep|sed|awk|ls|cat|find|rm|mv|cp|chmod)\b",
    ),
    "SQL": (r"(?:my|postgre)?sql", r"\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|WITH|GRANT)\b"),
    "R": (r"R(?= (?:program|function|code|script))", r"<-|\bfunction\(|\blibrary\(|\bc\("),
    "Swift": (r"swift(?= (?:program|function|code))", r"\bfunc\b|\blet\b|\bvar\b|print\("),
    "Kotlin": (r"kotlin", r"\bfun\b|\bval\b|\bvar\b|println\("),
}
WRITES = re.compile(
    r"(?:^|[.?!] |please |you (?:to )?)(?:write|create|construct|generate|implement|give|provide|develop|build|make|show|output|compose|code|produce|define|add)\b([^.?!\n]+)",
    re.IGNORECASE,
)
THING = re.compile(
    r"\b(?:code|function|program|script|method|class|snippet|loop|query|implementation|algorithm|statement|regex)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ProgrammingLanguage:
    """Code that is asked for in one programming language shows a mark of it, and is not marked as another."""

    def __call__(self, example: Example) -> str | None:
        return _other_language(example)


def _other_language(example: Example) -> str | None:
    task = WRITES.search(example.instruction)
    if not task or not (THING.search(task[1]) or is_code(example.output)):
        return None
    asked = {
        name
        for name, (called, _) in LANGUAGES.items()
        if re.search(
            rf"(?<![\w#+.])(?:{called})(?![\w#+])",
            task[1],
            re.IGNORECASE if name not in ("R", "C", "Go", "Swift") else 0,
        )
    }
    if len(asked) != 1:
        return None
    (name,) = asked
    fence = re.search(r"```\s*([A-Za-z+#]+)\s*\n", example.output)
    if fence and (other := _named(fence[1])) and other != name and {other, name} not in ({"C", "C++"}, {"SQL", "Bash"}):
        return f"wrong format: {other} where {name} is asked"
    marks = re.search(LANGUAGES[name][1], example.output, re.MULTILINE | (re.IGNORECASE if name == "SQL" else 0))
    others = [
        n
        for n in ("Python", "JavaScript", "Java", "C++", "C#", "Go", "PHP", "Ruby")
        if n != name and re.search(SURE[n], example.output, re.MULTILINE)
    ]
    if others and (not marks or (name in SURE and not re.search(SURE[name], example.output, re.MULTILINE))):
        return None if {name, others[0]} <= {"C", "C++"} else f"wrong format: {others[0]} where {name} is asked"
    return None if marks else f"wrong format: no {name}"


SURE = {
    "Python": r"^\s*def \w+\(.*\).*:\s*$|^\s*print\(.*\)\s*$|^\s*(?:for|if|while|elif)\b[^{(]*:\s*$|^\s*import \w+\s*$",
    "JavaScript": r"\bfunction\b\s*\w*\s*\([^)]*\)\s*\{|=>\s*[{(\w]|\b(?:const|let) \w+ =|console\.log",
    "Java": r"\bpublic (?:static|class)\b|System\.out|import java",
    "C++": r"#include <(?:iostream|vector|string|algorithm)>|std::|\bcout <<",
    "C": r"#include <(?:stdio|stdlib|string)\.h>",
    "C#": r"\busing System;|Console\.Write",
    "Go": r"^\s*package main|\bfunc \w+\(.*\{|fmt\.Print",
    "PHP": r"<\?php",
    "Ruby": r"^\s*def \w+(?:\(.*\))?\s*$|^\s*puts ",
}


def _named(tag: str) -> str | None:
    tag = {
        "py": "python",
        "js": "javascript",
        "ts": "typescript",
        "sh": "bash",
        "cpp": "c++",
        "cs": "c#",
        "csharp": "c#",
        "golang": "golang",
        "rb": "ruby",
    }.get(tag.lower(), tag.lower())
    if tag in ("c", "r", "go"):
        return {"c": "C", "r": "R", "go": "Go"}[tag]
    return next((name for name, (called, _) in LANGUAGES.items() if re.fullmatch(called, tag, re.IGNORECASE)), None)
