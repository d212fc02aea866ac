"""What is left to chance and told to nobody: who sees which answer first, in which order, under what names."""

from __future__ import annotations

import hmac
import json
from collections.abc import Container, Sequence
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


def tasks(secret: bytes, person: str, pairs: Sequence[Pair], said: Container[str]) -> list[Task]:
    """Return the pairs in this person's order, half of them swapped, by chance.

    All is drawn by the secret from the person and what is shown. What was said already, under a name in `said`, keeps its
    sides, whichever tasks come and go; where an answer changes, it is another task.
    """
    drawn = {pair.task: _draw(secret, "order", person, *_shown(pair)) for pair in pairs}
    by_chance = sorted(pairs, key=lambda pair: drawn[pair.task][16:])
    made = [_task(names(secret, person, pair), pair, number, said) for number, pair in enumerate(by_chance)]
    return sorted(made, key=lambda task: drawn[task.pair.task])


def names(secret: bytes, person: str, pair: Pair) -> tuple[str, str]:
    """Return what a pair is called as it is, and when it is swapped."""
    one, other = (_draw(secret, "name", person, sides, *_shown(pair)).hex()[:24] for sides in ("", "swapped"))
    return one, other


def _task(names: tuple[str, str], pair: Pair, number: int, said: Container[str]) -> Task:
    swapped = next((sides for sides in (0, 1) if names[sides] in said), number % 2)
    return Task(names[swapped], pair, bool(swapped))


def _shown(pair: Pair) -> tuple[str, ...]:
    return pair.task, pair.example.instruction, pair.example.input, pair.candidate.text, pair.reference.text


def _draw(secret: bytes, *of: str) -> bytes:
    return hmac.digest(secret, json.dumps(of).encode(), "sha256")
