"""What is left to chance and told to nobody: who sees which answer first, in which order, under what names."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass

from alpaca.evaluation.human.verdicts import Choice, Said
from alpaca.evaluation.judgments import Judgment
from alpaca.evaluation.pairs import Pair
from alpaca.reporting.template import visible

FIRST_BETTER: dict[Choice, float] = {"first": 1.0, "second": 0.0, "tie": 0.5, "both_bad": 0.5}


@dataclass(frozen=True)
class Task:
    """A pair as one person sees it, under a name that nobody can relate to its content; `swapped` has the reference first."""

    name: str
    pair: Pair
    swapped: bool

    def shown(self) -> dict[str, str]:
        """Return what the person reads; nothing in it acts on the screen, and there is nothing else in it."""
        answers = [self.pair.candidate.text, self.pair.reference.text]
        first, second = reversed(answers) if self.swapped else answers
        texts = {"instruction": self.pair.example.instruction, "input": self.pair.example.input}
        shown = texts | {"first": first, "second": second}
        return {"id": self.name} | {name: visible(text) for name, text in shown.items()}

    def judged(self, person: str, said: Said | None) -> Judgment:
        """Return whose answer was preferred; a judgment that nobody gave is missing."""
        if said is None:
            return self.pair.judged(None, missing="not judged", judge=person)
        first_better = FIRST_BETTER[said.choice]
        return self.pair.judged(
            1 - first_better if self.swapped else first_better,
            first="reference" if self.swapped else "candidate",
            judge=person,
            both_bad=said.choice == "both_bad",
            comment=said.comment,
        )


def token(secret: bytes, person: str) -> str:
    """Return what only this person's link holds."""
    return _draw(secret, "token", person).hex()[:32]


def tasks(secret: bytes, person: str, pairs: Sequence[Pair]) -> list[Task]:
    """Return the pairs in this person's order.

    All is drawn by the secret from the person and what is shown, so a pair keeps its name and its sides as long as neither
    answer changes, whatever happens to the others.
    """
    return sorted((_task(secret, person, pair) for pair in pairs), key=lambda task: task.name)


def _task(secret: bytes, person: str, pair: Pair) -> Task:
    texts = pair.example.instruction, pair.example.input, pair.candidate.text, pair.reference.text
    drawn = _draw(secret, "task", person, pair.task, *texts)
    return Task(drawn[:12].hex(), pair, bool(drawn[12] & 1))


def _draw(secret: bytes, *of: str) -> bytes:
    return hmac.digest(secret, json.dumps(of).encode(), "sha256")
