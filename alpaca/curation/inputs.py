"""The filter of several tasks in one row: remnants of prompts and of further tasks, and second requests."""

from __future__ import annotations

from dataclasses import dataclass

from alpaca.curation.merged import pair, unrelated
from alpaca.curation.remnants import LABELLED, remnant
from alpaca.records import Example


@dataclass(frozen=True)
class SeveralTasks:
    """The fields hold one task: no remnants of prompts and of further tasks, no second request about something else."""

    def __call__(self, example: Example) -> str | None:
        told = bool(LABELLED.search(example.instruction))
        for text in (example.instruction, example.input):
            if found := remnant(text, told or text is example.input):
                return f"several tasks: {found[:40]}"
        second = pair(example) or unrelated(example)
        return f"several tasks: {second[:60]}" if second else None
