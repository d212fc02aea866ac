"""A folder of curation whose rows would do harm on a page that let them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alpaca.records import Example

HOSTILE = "</script><img src=x onerror=document.title='owned'><!--\u2028\u202e\x1b[31m{{ 7 * 7 }}"

PLAIN = [
    Example(f"Write a {kind} about the {thing}", "in winter" if kind == "poem" else "", f"{thing} " * 9)
    for kind in ("story", "poem", "letter")
    for thing in ("river", "mountain", "harbour", "desert")
]
KEPT = [Example(HOSTILE, HOSTILE, HOSTILE), *PLAIN[:11]]
REJECTED = [
    {"reason": "keyword: map", "instruction": "Draw a map", "input": "", "output": "no"},
    {"reason": "bad row: `output` is missing", "where": "raw.jsonl:3", "row": {"instruction": HOSTILE}},
    {"reason": "<i>", "instruction": HOSTILE, "input": HOSTILE, "output": HOSTILE},
]


def write_folder(folder: Path, kept: Sequence[Example] = KEPT, rejected: Sequence[dict[str, Any]] = REJECTED) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "alpaca_data.json").write_text(json.dumps([example.alpaca() for example in kept]), "utf-8")
    (folder / "rejected.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rejected), "utf-8")
    return folder
