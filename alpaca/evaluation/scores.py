"""Scores of single answers, and the judge that goes by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import LCSseq

from alpaca.curation.postings import f_measure
from alpaca.curation.rouge import TOKEN
from alpaca.evaluation.judgments import Judgment
from alpaca.evaluation.pairs import Desk, Pair


def exact(answer: str, reference: str) -> bool:
    """Tell whether an answer is the reference, white space around it aside."""
    return answer.strip() == reference.strip()


def rouge_l(answer: str, reference: str) -> float:
    """Return the F of the longest common subsequence of words, as rouge_score does without stemming (Lin 2004)."""
    words = [TOKEN.findall(text.lower()) for text in (answer, reference)]
    return float(f_measure(LCSseq.similarity(*words), len(words[0]), len(words[1])))


@dataclass(frozen=True)
class Reference:
    """Judge by the reference answer: a model that has it beats one that has not."""

    needs_output = True

    def judgments(self, pairs: Sequence[Pair], desk: Desk) -> list[Judgment]:
        return [pair.judged(preference(pair), judge="reference") for pair in pairs]


def preference(pair: Pair) -> float:
    """Return 1 where only the candidate has the task's own answer, 0 where only the reference has it, else one half."""
    right = [exact(answer.text, pair.example.output) for answer in (pair.candidate, pair.reference)]
    return 0.5 + (right[0] - right[1]) / 2
