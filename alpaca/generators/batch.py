"""What goes into a generator and what comes out of it, while it is still at work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from alpaca.llms.request import LLM, Ledger, Reply
from alpaca.records import Example

LIMIT = "llm.max_tokens (llm.max_new_tokens of huggingface)"  # of a reply


@dataclass(frozen=True)
class Writer:
    """The language model that writes, and the replies of it that are on disk."""

    llm: LLM
    ledger: Ledger


@dataclass(frozen=True)
class Batch:
    """Examples that came together, rows that were rejected with their `reason`, and the reply that all were in."""

    kept: list[Example]
    rejected: list[dict[str, Any]] = field(default_factory=list)
    reply: Reply | None = None
