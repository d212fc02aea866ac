"""The filter of code in another programming language than the instruction names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from alpaca.curation.prose import any_of, is_code
from alpaca.records import Example

LINES = re.MULTILINE


@dataclass(frozen=True)
class Programming:
    """How a programming language is called, what only its code (and its kin's) has, and what any of its code has."""

    called: str
    only: re.Pattern[str] | None
    any: re.Pattern[str]
    tags: str = ""  # of fences, beside its name
    accepts: frozenset[str] = field(default_factory=frozenset)  # whose code is its own too


LANGUAGES = {
    "Python": Programming(
        r"python(?: ?[23](?:\.\d+)?)?",
        any_of(
            r"^\s*(?:async )?def \w+\(.*\).*:\s*(?:#.*|return.*|pass)?$",
            r"^\s*(?:for|if|while|elif|else|try|except|with|class)\b[^{;]*:\s*(?:#.*)?$",
            r"^\s*(?:import \w+(?:\.\w+)*(?: as \w+)?|from [\w.]+ import [\w, ()*]+)\s*$",
            r"\blambda \w+(?:, \w+)*:",
            r"__name__",
            flags=LINES,
        ),
        any_of(
            r"^\s*def \w+\(.*\).*:",
            r"^\s*(?:from [\w.]+ )?import [\w., *]+$",
            r"\bprint\(|\blambda\b|\bself\.|\brange\(|\blen\(",
            r"^\s*(?:for|while|if|with|class)\b.*:\s*(?:#.*)?$",
            r"^\s*\w+ = |\[.* for .* in .*\]",
            flags=LINES,
        ),
        tags="py python3",
    ),
    "JavaScript": Programming(
        r"javascript|js|node\.?js|ecmascript",
        any_of(
            r"\bfunction\b\s*\w*\s*\([^)$]*\)\s*\{",
            r"\b(?:const|var) (?:\w+|\{[^}]*\}) = |\blet \w+ = .*;|\blet \w+;",
            r"console\.log|document\.\w+|===|\(\w*(?:, \w+)*\) => ",
            flags=LINES,
        ),
        any_of(
            r"\bfunction\b\s*\w*\s*\(",
            r"=>|\b(?:const|let|var)\b|console\.|document\.|require\(|\bclass \w+ \{",
            flags=LINES,
        ),
        tags="js jsx node",
    ),
    "TypeScript": Programming(
        r"typescript",
        any_of(r": (?:number|string|boolean|any)\b(?:\[\])?[,)=; {]", r"\binterface \w+ \{", flags=LINES),
        any_of(r"\bfunction\b\s*\w*\s*\(", r"=>|\b(?:const|let|var|class|interface|type)\b|console\.", flags=LINES),
        tags="ts tsx",
        accepts=frozenset({"JavaScript"}),
    ),
    "Java": Programming(
        r"java",
        any_of(
            r"\b(?:public|private|protected) (?:static |final )*(?:[\w<>\[\]]+ )+\w+\(",
            r"\bpublic (?:final |abstract )?(?:class|interface|enum)\b|\bSystem\.out|import java",
            flags=LINES,
        ),
        any_of(
            r"\b(?:public|private|protected|static|final|class|import java|System\.out|void|String|int|new|List)\b",
            flags=LINES,
        ),
    ),
    "C#": Programming(
        r"c#|c[ -]?sharp",
        any_of(
            r"\busing System\b|Console\.(?:Write|Read)|\bnamespace \w+|\{ get; (?:private )?set; \}",
            r"\b(?:public|private|protected|internal) (?:static |async |override )*(?:[\w<>\[\]?]+ )+[A-Z]\w*\(",
            r"\bpublic (?:sealed |abstract |static )?(?:class|interface|enum)\b",
            flags=LINES,
        ),
        any_of(
            r"\busing System|\bnamespace\b|Console\.|\b(?:public|private|static|void|var|string|int)\b", flags=LINES
        ),
        tags="cs csharp",
    ),
    "C++": Programming(
        r"c\+\+(?:\d\d)?|cpp",
        any_of(
            r"#include <(?:iostream|vector|string|algorithm|map|set|memory|cmath|unordered_map)>",
            r"\bstd::|\bcout\s*<<|\busing namespace\b|\btemplate\s*<",
            flags=LINES,
        ),
        any_of(
            r"#include|std::|\bcout\b|\bint main\b|\btemplate\b",
            r"\b(?:int|void|double|bool|auto|char|float|string|class|struct|long)\b.*[({;]",
            flags=LINES,
        ),
        tags="cpp cc cxx",
        accepts=frozenset({"C"}),
    ),
    "C": Programming(
        r"(?-i:C)",
        any_of(
            r"#include <(?:stdio|stdlib|string|math|ctype)\.h>|\bprintf\(\"[^\"]*\\n\"|\bmalloc\(|\bint main\(",
            flags=LINES,
        ),
        any_of(
            r"#include|\bprintf\(|\bint main\b",
            r"\b(?:int|void|char|double|float|struct|long|unsigned)\b.*[({;]",
            flags=LINES,
        ),
        tags="h",
    ),
    "Ruby": Programming(
        r"ruby",
        any_of(
            r"^\s*def [\w.]+[?!]?(?:\([^)]*\))?\s*$",
            r"^\s*puts |\bdo \|[\w, ]+\||\{ ?\|[\w, ]+\||^\s*require ['\"]",
            flags=LINES,
        ),
        any_of(r"^\s*def \w+|\bputs\b|\bend\b|\.each\b|\bdo \||\.map\b|\{ ?\|", flags=LINES),
        tags="rb",
    ),
    "Go": Programming(
        r"(?-i:Go)|golang",
        any_of(
            r"^\s*package \w+\s*$|\bfmt\.\w+\(|\b\w+ := ",
            r"\bfunc (?:\(\w+ \*?\w+\) )?\w+\((?:[\w, ]+ [\w\[\]*.]+)?(?:, [\w, ]+ [\w\[\]*.]+)*\)[^>:]*\{",
            flags=LINES,
        ),
        any_of(r"\bfunc\b|\bpackage\b|fmt\.|:=", flags=LINES),
        tags="golang",
    ),
    "Rust": Programming(
        r"(?-i:Rust)",
        any_of(r"\bfn \w+(?:<.*>)?\(|\blet mut \w+|println!|\bimpl\b.*\{", flags=LINES),
        any_of(r"\bfn\b|\blet\b|println!|\bimpl\b|\bmut\b|\bstruct\b", flags=LINES),
        tags="rs",
    ),
    "PHP": Programming(
        r"php",
        any_of(r"<\?php|^\s*\$\w+ = .*;|\becho [\"'$]|\bfunction \w*\((?:\w+ )?\$", flags=LINES),
        any_of(r"<\?php|\$\w+|\becho\b|\bfunction\b", flags=LINES),
    ),
    "Bash": Programming(
        r"bash|(?:unix |linux |posix )?shell(?= (?:script|command))|shell script",
        None,
        any_of(
            r"#!/|\becho\b|\$\w+|\bfi\b|\bdone\b|^\s*\$ ",
            r"\b(?:grep|sed|awk|ls|cat|find|rm|mv|cp|chmod|cd|mkdir|tar|sort|wc|curl|head|tail|du|df|ps|kill)\b",
            flags=LINES,
        ),
        tags="sh zsh shell console",
    ),
    "SQL": Programming(
        r"(?:my|postgre|t-|pl/)?sql(?:ite)?",
        None,
        any_of(
            r"\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|WITH|GRANT|TRUNCATE|MERGE)\b",
            flags=LINES | re.IGNORECASE,
        ),
        tags="mysql postgresql sqlite",
    ),
    "R": Programming(r"(?-i:R)", any_of(r"^\s*\w+ <- |\blibrary\(\w+\)", flags=LINES), any_of(r"<-|\w\(", flags=LINES)),
    "Swift": Programming(
        r"(?-i:Swift)",
        any_of(r"\bfunc \w+\((?:_ )?\w*:? ?\w+: |\bguard let\b|\bif let \w+ = |\) -> \w+ \{", flags=LINES),
        any_of(r"\bfunc\b|\blet\b|\bvar\b|print\(|\bstruct\b|\bclass\b", flags=LINES),
    ),
    "Kotlin": Programming(
        r"kotlin",
        any_of(r"\bfun \w+\(|\bval \w+ = ", flags=LINES),
        any_of(r"\bfun\b|\bval\b|\bvar\b|println\(|\bclass\b", flags=LINES),
        tags="kt",
    ),
    "Perl": Programming(
        r"(?-i:Perl)",
        any_of(r"\bmy [$@%(]\w*|\bsub \w+ \{|^use strict", flags=LINES),
        any_of(r"[$@%]\w+|\bsub\b|\bprint\b", flags=LINES),
        tags="pl",
    ),
    "Scala": Programming(
        r"(?-i:Scala)",
        any_of(r"\bdef \w+(?:\[\w+\])?(?:\(.*\))?(?:: [\w\[\]]+)? = ?|^\s*object \w+ (?:\{|extends)", flags=LINES),
        any_of(r"\bdef\b|\bval\b|\bvar\b|\bobject\b|println\(", flags=LINES),
    ),
    "Haskell": Programming(
        r"(?-i:Haskell)",
        any_of(r"^\w+ :: .+", flags=LINES),
        any_of(r"::|\bwhere\b|\blet\b|<-|=", flags=LINES),
        tags="hs",
    ),
    "Lua": Programming(
        r"(?-i:Lua)",
        any_of(r"\blocal \w+ = |^\s*function \w+\(.*\)\s*$", flags=LINES),
        any_of(r"\bfunction\b|\bend\b|print\(|=", flags=LINES),
    ),
}
WRITES = any_of(
    r"(?:^|[.?!] |please |you (?:to )?)(?:write|create|construct|generate|implement|give|provide|develop|build"
    r"|make|show|output|compose|code"
    r"|produce|define|add)\b([^.?!\n]+)",
)
THING = any_of(
    r"\b(?:code|function|program|script|method|class|snippet|loop|query|implementation|algorithm|statement|regex)\b"
)
# Names that are words too count only where a language is spoken of
PLAIN_WORD = frozenset({"Go", "C", "R", "Swift", "Rust", "Perl", "Scala", "Lua"})
BRACED = frozenset({"Java", "C#", "C++", "C", "PHP", "Perl", "Rust"})
UNBRACED = frozenset({"Python", "Ruby", "Lua", "Haskell"})
WORK = (
    r"(?:code|program|function|method|script|class|snippet|struct|language|implementation|programming|routine|solution"
    r"|version|loop|module)"
)
FENCE_TAG = re.compile(r"```\s*([A-Za-z+#]+\d?)[ \t]*\n")
FENCED = re.compile(r"```[^\n]*\n(.*?)(?:```|\Z)", re.DOTALL)


@dataclass(frozen=True)
class ProgrammingLanguage:
    """Code that is asked for in one programming language shows a mark of it, and is not marked as another."""

    def __call__(self, example: Example) -> str | None:
        if not (name := _asked(example.instruction)):
            return None
        if other := _other_than(name, example.output):
            return f"wrong format: {other} where {name} is asked"
        task = WRITES.search(example.instruction)
        asked = task and name in _named(task[1]) and (THING.search(task[1]) or is_code(example.output))
        code = "\n".join(FENCED.findall(example.output)) or example.output
        strange = (asked and not LANGUAGES[name].any.search(example.output)) or (
            is_code(example.output) and _other_style(name, code)
        )
        return f"wrong format: no {name}" if strange else None


NAMES = re.compile("|".join(rf"(?<![\w#+./-]){language.called}" for language in LANGUAGES.values()), re.IGNORECASE)


def _named(text: str, before: str = "", after: str = "") -> set[str]:
    """Return the languages that a text names, behind and before what is given."""
    found = set()
    for name, language in LANGUAGES.items():
        called = rf"(?<![\w#+./-])(?:{language.called})(?![\w#+]|-\w|\.\w)"
        if name in PLAIN_WORD and not (before or after):
            end = rf"(?=\W*$|[,.;:\n]| (?:{WORK}|to|that|for|which|an?|the)\b)"
            called = rf"\b(?:in|to|use|using|with|into|language:?|a|is) {called}{end}|{called} {WORK}\b"
        if re.search(f"{before}(?:{called}){after}", text, re.IGNORECASE):
            found.add(name)
    return found


def _asked(instruction: str) -> str | None:
    """Return the one language that an instruction names, or of several the one to translate into."""
    if not NAMES.search(instruction):
        return None
    named = _named(instruction[:600])
    if len(named) > 1:
        named = _named(instruction[:600], before=r"\b(?:in)?to (?:an? )?") or named
    return named.pop() if len(named) == 1 else None


def _other_than(name: str, output: str) -> str | None:
    """Return the language that code is in, where its fences or marks tell that it is not the named one."""
    own = LANGUAGES[name].accepts | {name}
    code = "\n".join(FENCED.findall(output)) or output
    found = {other for other, language in LANGUAGES.items() if language.only and language.only.search(code)}
    if found & own or (LANGUAGES[name].only is None and LANGUAGES[name].any.search(code)):
        return None
    tags = {_tagged(tag) for tag in FENCE_TAG.findall(output)} - {None, "Bash", "SQL"}
    if tags & own:
        return None
    return next((other for other in LANGUAGES if other in (tags or found)), None)


def _other_style(name: str, code: str) -> bool:
    """Tell whether code ends its lines otherwise than a language does: with semicolons and braces, or without any."""
    if name in BRACED:
        return not re.search(r"[;{}]", code)
    return name in UNBRACED and bool(re.search(r";[ \t]*$|\)[ \t]*\{[ \t]*$|\belse \{", code, LINES))


def _tagged(tag: str) -> str | None:
    low = tag.lower()
    return next((name for name, language in LANGUAGES.items() if low in (name.lower(), *language.tags.split())), None)
