"""Two answers to each task, and what a judge of them is given and gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from alpaca.evaluation.judgments import Judgment
from alpaca.llms.request import Ledger, Reply
from alpaca.records import Example


@dataclass(frozen=True)
class Answer:
    """What a model said to a task; it did not end by itself where `finish` is "length" or "refused"."""

    text: str
    finish: str = "stop"

    @classmethod
    def of(cls, reply: Reply) -> Answer:
        return cls(reply.text, reply.finish)


@dataclass(frozen=True)
class Pair:
    """A task, by a name that is its own in every run, with the answers of the two models."""

    task: str
    example: Example
    candidate: Answer
    reference: Answer

    def judged(self, preference: float | None, **known: Any) -> Judgment:
        """Return a judgment of this pair, the lengths of the answers with it."""
        lengths = len(self.candidate.text), len(self.reference.text)
        return Judgment(self.task, preference, candidate_length=lengths[0], reference_length=lengths[1], **known)


@dataclass(frozen=True)
class Desk:
    """Where a judge works: the stage's folder, the ledger that its requests go through, and the seed of all chance.

    The folder is emptied when the configuration changes. What must outlive that lies beside it, as the ledger does.
    """

    folder: Path
    ledger: Ledger
    seed: int


class Judge(Protocol):
    """Judges pairs of answers, each at least once; a judgment that failed is there too, and says why it is missing."""

    needs_output: bool
    """Whether a task without an answer of its own cannot be judged."""

    def judgments(self, pairs: Sequence[Pair], desk: Desk) -> list[Judgment]: ...


def task_names(tasks: Sequence[Example]) -> list[str]:
    """Name each task by a hash of its instruction and input, numbered where a task is there again."""
    before: Counter[str] = Counter()
    names = []
    for task in tasks:
        name = sha256(f"{task.instruction}\0{task.input}".encode()).hexdigest()[:12]
        before[name] += 1
        names.append(name if before[name] == 1 else f"{name}-{before[name]}")
    return names
