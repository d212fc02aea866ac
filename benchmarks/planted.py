"""The faults that `benchmarks.defects` plants: for each kind its surface forms, and how one is put into a row."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from alpaca.curation.prose import is_code, words
from alpaca.records import Example

FORMS = json.loads(Path(__file__).with_name("planted.json").read_text("utf-8"))
BREAK = "|||"  # between the parts of a form


def _output(example: Example, form: str, rng: random.Random) -> Example:
    return replace(example, output=form)


def _task(example: Example, form: str, rng: random.Random) -> Example:
    instruction, given, output = [*form.split(BREAK), "", ""][:3]
    return Example(instruction, given, output)


def _append(example: Example, form: str, rng: random.Random) -> Example:
    """Put a sentence before, within, or after an answer of prose."""
    parts = re.split(r"(?<=[.!?]) ", example.output)
    parts.insert(rng.randrange(len(parts) + 1), form)
    return replace(example, output=" ".join(parts))


def _prose(example: Example, least: int) -> bool:
    return len(words(example.output)) >= least and not is_code(example.output) and "|" not in example.output


def _cut_words(example: Example, form: str, rng: random.Random) -> Example | None:
    """Cut an answer of prose somewhere within a sentence, after a word or within it."""
    if not _prose(example, 30):
        return None
    at = rng.randrange(len(example.output) // 3, len(example.output) - 5)
    cut = example.output[:at] if form == "letters" else re.sub(r"\s*\S*\Z", "", example.output[:at])
    line = cut.split("\n")[-1]
    middle = (
        len(words(re.split(r"[.!?] ", line)[-1])) > 3 and cut[-1:].isalpha() and (example.output[at:] or " ")[0] != "."
    )
    return replace(example, output=cut) if middle else None


def _cut_fence(example: Example, form: str, rng: random.Random) -> Example:
    code = "def area(width, height):\n    total = width * height\n    return total"
    lines = code.split("\n")
    return replace(example, output=form + ("\n".join(lines[: rng.randrange(1, 4)]) if "```" in form else ""))


def _copy_instruction(example: Example, form: str, rng: random.Random) -> Example | None:
    if len(words(example.instruction)) < 5:
        return None
    text = {
        "same": example.instruction,
        "lower": example.instruction.lower(),
        "bare": example.instruction.rstrip(".?:"),
    }.get(form, form.replace("*", example.instruction))
    return replace(example, input=text)


def _echo(example: Example, form: str, rng: random.Random) -> Example | None:
    return (
        replace(example, output=form.replace("*", example.instruction)) if len(words(example.instruction)) > 5 else None
    )


def _echo_input(example: Example, form: str, rng: random.Random) -> Example:
    instruction, given = form.split(BREAK)
    return Example(instruction, given, given)


def _loop(example: Example, form: str, rng: random.Random) -> Example | None:
    if not _prose(example, 12):
        return None
    parts = re.split(r"(?<=[.!?])\s+", example.output)
    long = [part for part in parts if len(words(part)) > 4]
    if not long or re.search(r"song|poem|lyrics|rap\b|chant", example.instruction, re.IGNORECASE):
        return None
    if form == "twice":
        return replace(example, output=f"{example.output}\n\n{example.output}") if len(parts) < 12 else None
    if form == "sentence":
        return replace(example, output=" ".join([*parts, *[rng.choice(long)] * 4]))
    if form == "tail":
        tail = " ".join(example.output.split()[-rng.randrange(2, 6) :])
        return replace(example, output=example.output + f" {tail}" * rng.randrange(5, 12))
    if form == "word":
        return replace(example, output=example.output + f" {rng.choice(words(long[0])[:3])}" * rng.randrange(8, 20))
    if form == "lines":
        return replace(example, output="\n".join([long[0]] * rng.randrange(3, 8)))
    return replace(example, output=example.output + "\n" + "\n".join(f"{n}. {long[0]}" for n in range(1, 5)))


def _merge(example: Example, form: str, rng: random.Random) -> Example | None:
    """Add another task to the instruction, or to the end of the output."""
    where, text = form.split(BREAK)
    field = {"i": "instruction", "o": "output"}[where]
    return replace(example, **{field: getattr(example, field) + text})


def _into(example: Example, form: str, rng: random.Random) -> Example | None:
    """Put a sentence into one of the fields; its `#` become digits and its `%` letters."""
    text = re.sub("#", lambda _: str(rng.randrange(1, 10)), form)
    text = re.sub("%", lambda _: rng.choice("abcdefghkmnpqrstuvwxyzABCDEFGHKLMNPQRSTUVWXYZ"), text)
    field = rng.choice(["input", "output", "output"])
    return replace(example, **{field: f"{getattr(example, field)} {text}".strip()})


def _card(example: Example, form: str, rng: random.Random) -> Example | None:
    head = rng.choice(["4539", "5412", "4916", "5299", "3714"])
    body = head + "".join(str(rng.randrange(10)) for _ in range(11 if head != "3714" else 10))
    total = sum(sum(divmod(int(d) * (2 if i % 2 == 0 else 1), 10)) for i, d in enumerate(reversed(body)))
    number = body + str(-total % 10)
    spaced = rng.choice([number, " ".join(re.findall(".{1,4}", number)), "-".join(re.findall(".{1,4}", number))])
    return replace(example, output=f"{example.output} {form.replace('*', spaced)}")


def _mojibake(example: Example, form: str, rng: random.Random) -> Example | None:
    sentence = rng.choice(FORMS["accents"]).replace("*", rng.choice(words(example.output) or ["it"]))
    wrong, right = form.split(">")
    broken = sentence.encode(right).decode(wrong, "ignore")
    return replace(example, output=f"{example.output} {broken}") if broken != sentence else None


def _control(example: Example, form: str, rng: random.Random) -> Example | None:
    character = form.encode().decode("unicode_escape")
    text = example.output
    at = rng.randrange(1, len(text)) if len(text) > 1 else 1
    return replace(example, output=text[:at] + character + text[at:])


def _escape(example: Example, form: str, rng: random.Random) -> Example | None:
    if is_code(example.output) or re.search(
        r"code|program|html|script|regex|string|python|java|sql|css|web|latex", example.instruction, re.IGNORECASE
    ):
        return None
    if form == "newline":
        return replace(example, output=example.output.replace("\n", "\\n")) if example.output.count("\n") > 1 else None
    if form == "unicode":
        marked = example.output.replace("’", "'").replace("'", "\\u2019")
        return replace(example, output=marked) if "\\u" in marked else None
    if form == "question":
        marked = re.sub(r"(?<=\w)['’](?=[a-z])", "?", example.output)
        return replace(example, output=marked) if marked != example.output else None
    if form == "url":
        return replace(example, output=example.output.replace(" ", "%20")) if len(words(example.output)) > 2 else None
    if form == "quoted":
        marked = re.sub("['’]", "=E2=80=99", example.output)
        return replace(example, output=marked) if marked != example.output else None
    if form == "double":
        marked = example.output.replace('"', '\\"')
        return replace(example, output=marked) if marked != example.output else None
    return replace(example, output=f"{example.output} {form}")


def _markup(example: Example, form: str, rng: random.Random) -> Example | None:
    if is_code(example.output) or re.search(
        r"code|program|html|script|regex|string|python|java|sql|css|web|latex|page|json|function",
        example.instruction,
        re.IGNORECASE,
    ):
        return None
    text = example.output
    if form == "paragraphs":
        return replace(example, output="".join(f"<p>{part}</p>" for part in text.split("\n")))
    if form == "breaks":
        return replace(example, output=text.replace("\n", "<br>")) if "\n" in text else None
    if form == "entities":
        marked = text.replace("&", "&amp;").replace('"', "&quot;").replace("'", "&#39;")
        return replace(example, output=marked) if marked != text else None
    return (
        replace(example, output=re.sub(r"\b(\w{5,})\b", lambda found: form.replace("*", found[1]), text, count=2))
        if re.search(r"\w{5}", text)
        else None
    )


def _digits(example: Example, form: str, rng: random.Random) -> Example:
    """Fill the numbers a, b and c of a form, with a wrong result for `!+`, `!-`, `!*`, `!/` and `!%`."""
    a, b = rng.randrange(12, 90), rng.randrange(3, 12)
    right = {"+": a + b, "-": a - b, "*": a * b, "/": a, "%": a * 100 * b // 100}

    def wrong(found: re.Match[str]) -> str:
        return str(right[found[1]] + rng.choice([-10, -2, -1, 1, 2, 3, 10]))

    numbers = {"A": str(a), "B": str(b), "C": str(a * b), "D": str(a * 100)}
    text = re.sub(r"!([-+*/%])", wrong, re.sub(r"\{([ABCD])\}", lambda found: numbers[found[1]], form))
    instruction, given, output = text.split(BREAK)
    return Example(instruction, given, output) if instruction else replace(example, output=f"{example.output} {output}")


def _identity(example: Example, form: str, rng: random.Random) -> Example:
    return replace(example, input=form)


PLANTS: dict[str, Callable[[Example, str, random.Random], Example | None]] = {
    "empty output": _output,
    "placeholder output": _output,
    "cut within a sentence": _cut_words,
    "cut within code or list": _cut_fence,
    "refusal": _output,
    "speaks as an AI": _append,
    "placeholder input": _identity,
    "input repeats instruction": _copy_instruction,
    "output repeats instruction": _echo,
    "output repeats input": _echo_input,
    "repeats itself": _loop,
    "second task": _merge,
    "prompt remnants": _merge,
    "missing image": _task,
    "missing file or link": _task,
    "output shows what is not there": _append,
    "wrong arithmetic": _digits,
    "wrong language": _task,
    "wrong notation": _task,
    "wrong programming language": _task,
    "wrong number of items": _task,
    "wrong length": _task,
    "neither yes nor no": _task,
    "key or token": _into,
    "password": _into,
    "payment card": _card,
    "personal number": _into,
    "telephone number": _into,
    "e-mail address": _into,
    "postal address": _into,
    "mojibake": _mojibake,
    "control character": _control,
    "escapes": _escape,
    "markup": _markup,
}
