"""Mends: each returns an example with one known fault repaired, or the example itself; applied only when asked for.

What was mended, and how the row read before, stays beside it (`mended` and `before` in `provenance.jsonl` and
`rejected.jsonl`).
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from alpaca.curation.markup import ABOUT_MARKUP, ENTITY
from alpaca.curation.placeholders import stands_in
from alpaca.curation.prose import is_code
from alpaca.curation.remnants import STRONG
from alpaca.records import Example

Mend = Callable[[Example], Example]
INVISIBLE = re.compile(r"[\u200b\u2060\ufeff\u00ad]")


def mended(example: Example, mends: Mapping[str, Mend]) -> Example:
    """Apply mends in order; where they change anything, their names and the row before are put beside the example."""
    now, names = example, list[str]()
    for name, mend in mends.items():
        if (after := mend(now)) != now:
            now, names = after, [*names, name]
    return replace(now, about=example.about | {"mended": names, "before": example.alpaca()}) if names else example


def each_field(example: Example, change: Callable[[str], str]) -> Example:
    return Example(change(example.instruction), change(example.input), change(example.output), example.about)


@dataclass(frozen=True)
class Whitespace:
    """Strip the fields, the ends of lines and invisible characters; leave at most one empty line between others."""

    def __call__(self, example: Example) -> Example:
        return each_field(example, _tidy)


def _tidy(text: str) -> str:
    text = INVISIBLE.sub("", text).replace("\r\n", "\n").replace("\u00a0", " ")
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)).strip()


@dataclass(frozen=True)
class Encoding:
    """Decode mojibake again as it was meant, by ftfy; quotation marks and widths stay as they are."""

    def __call__(self, example: Example) -> Example:
        return each_field(example, decoder())


@cache
def decoder() -> Callable[[str], str]:
    """Load ftfy on first use: a function that repairs a text."""
    import ftfy

    return lambda text: ftfy.fix_encoding(text)


@dataclass(frozen=True)
class Entities:
    """Turn HTML's entities into characters in texts that are not about HTML or code."""

    def __call__(self, example: Example) -> Example:
        if ABOUT_MARKUP.search(f"{example.instruction} {example.input[:300]}"):
            return example
        return each_field(
            example, lambda text: text if is_code(text) else ENTITY.sub(lambda found: html.unescape(found[0]), text)
        )


@dataclass(frozen=True)
class NoInput:
    """Make an input that only says that there is none (`<noinput>`) empty."""

    def __call__(self, example: Example) -> Example:
        return replace(example, input="") if stands_in(example.input) else example


@dataclass(frozen=True)
class Remnants:
    """End the output before the remnants of another task (`###`, `Instruction:`) if an answer stands before them."""

    def __call__(self, example: Example) -> Example:
        found = STRONG.search(example.output)
        before = example.output[: found.start()].rstrip() if found else ""
        return replace(example, output=before) if before else example
