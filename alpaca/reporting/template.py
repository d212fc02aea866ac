"""Fill the templates of pages, so that nothing that is printed can act on the page or on the reader."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from alpaca.reporting import charts

KEPT_FORMATS = "\u200c\u200d"  # joiners: emoji and several scripts are made with them


def environment() -> Environment:
    """Everything the template prints is made harmless unless it is markup already: first visible, then escaped."""
    jinja = Environment(
        loader=FunctionLoader(lambda name: files("alpaca.assets").joinpath(name).read_text("utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    jinja.filters |= {"duration": duration, "count": "{:,}".format, "percent": percent, "cut": cut}
    jinja.globals |= {"bar": charts.bar, "interval": charts.interval}
    return jinja


def cut(text: str, characters: int = 240, lines: int = 10) -> tuple[str, str]:
    """Split a long text into what is shown and what is shown on demand, between words where there are any."""
    text = visible(text)
    end = min(characters, len("\n".join(text.split("\n")[:lines])))
    if len(text) <= end + 40:
        return text, ""
    between = max(text.rfind(" ", end - 40, end), text.rfind("\n", end - 40, end))
    head = text[: between if between >= 0 else end].rstrip()
    return head, text[len(head) :]


def visible(text: str) -> str:
    """Show what would act on the reader's screen instead of being read: control, format and broken characters."""
    return "".join(
        shown(c) if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in text.replace("\r\n", "\n")
    )


def shown(character: str) -> str:
    code = ord(character)
    if character in "\n\t" + KEPT_FORMATS:
        return character
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else f"\\u{code:04x}"


def flattened(config: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the keys of a nested mapping, joined by dots, with their values as text."""
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value if isinstance(value, str) else json.dumps(value)


def percent(share: float, digits: int = 1) -> str:
    return f"{share:.{digits}%}"


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
