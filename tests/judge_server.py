"""What a scripted server says to `alpaca evaluate`: a model named by a file of answers gives these, any other judges."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

from model_server import prompt_of
from scripted import seen

WORDY = 0.1  # share of judgments whose reasons are longer than a reply may be
UNREADABLE = 0.03


def answers_or_verdicts(body: dict[str, Any]) -> str:
    """Return the stored answer, or a verdict: for the longer answer, most times, and else for the first."""
    prompt = prompt_of(body)
    if "<answer_a " not in prompt:
        return _stored(body["model"])[prompt.strip()]
    shown, rng = seen(prompt), random.Random(prompt)
    if rng.random() < UNREADABLE:
        return "Hard to say."
    verdict = "A" if rng.random() < 0.1 or len(shown.a) > len(shown.b) else "B"
    reasons = "It says more. " * (60 if rng.random() < WORDY and not shown.short else 1)
    return json.dumps({"verdict": verdict} if shown.short else {"rationale": reasons, "verdict": verdict})


def letter(body: dict[str, Any]) -> str:
    """Return the letter of the longer answer."""
    shown = seen(prompt_of(body))
    return "A" if len(shown.a) > len(shown.b) else "B"


@cache
def _stored(path: str) -> dict[str, str]:
    rows = [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]
    return {
        "\n\n".join(part.strip() for part in (row["instruction"], row["input"]) if part.strip()): row["response"]
        for row in rows
    }
