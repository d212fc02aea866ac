"""Put rows into a page so that it opens as a file and stays small: JSON, gzipped, in base64, which needs no escaping."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

MOST_CHARACTERS = 5000  # of a field


class Row(NamedTuple):
    """A row of an analysis: the kind of reason it was rejected for ("" if it was kept), its topic, its fields, a note."""

    kind: str
    topic: int
    instruction: str
    input: str
    output: str
    note: str


def packed(rows: Iterable[Sequence[object]]) -> str:
    """Return the rows as lists, their texts clipped; the same rows give the same text."""
    whole = [[clipped(field) if isinstance(field, str) else field for field in row] for row in rows]
    content = json.dumps(whole, separators=(",", ":")).encode()
    return base64.b64encode(gzip.compress(content, compresslevel=6, mtime=0)).decode()


def clipped(text: str) -> str:
    """Cut what nobody would read in a browser of rows, and say so."""
    rest = len(text) - MOST_CHARACTERS
    return text if rest <= 0 else f"{text[:MOST_CHARACTERS]} […{rest:,} more characters]"
