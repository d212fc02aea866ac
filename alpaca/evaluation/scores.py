"""Scores of single answers, and the judge that goes by them."""

from __future__ import annotations

from dataclasses import dataclass

from alpaca.evaluation.judgments import Verdict
from alpaca.records import Example


def exact(answer: str, reference: str) -> bool:
    """Tell whether an answer is the reference, white space around it aside."""
    return answer.strip() == reference.strip()


@dataclass(frozen=True)
class Reference:
    """Judge by the reference answer: a model that has it beats one that has not."""

    def judge(self, example: Example, candidate: str, reference: str) -> Verdict:
        right = exact(candidate, example.output), exact(reference, example.output)
        return "tie" if right[0] == right[1] else "win" if right[0] else "loss"
