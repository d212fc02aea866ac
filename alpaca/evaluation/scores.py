"""Scores of single answers, and the judge that goes by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import LCSseq

from alpaca.curation.postings import f_measure
from alpaca.curation.rouge import TOKEN
from alpaca.evaluation.judgments import Judgment
from alpaca.evaluation.pairs import Desk, Pair
from alpaca.records import Example


@runtime_checkable
class Likelihoods(Protocol):
    """A model that tells how well it expects given outputs."""

    def perplexity(self, examples: Sequence[Example]) -> float: ...


def exact(answer: str, reference: str) -> bool:
    """Tell whether an answer is the reference, white space around it aside."""
    return answer.strip() == reference.strip()


def rouge_l(answer: str, reference: str) -> float:
    """Return the ROUGE-L F of two texts, to the float as rouge_score has it without stemming; 0 where one has no words."""
    words, others = (TOKEN.findall(text.lower()) for text in (answer, reference))
    return float(f_measure(LCSseq.similarity(words, others), len(words), len(others)))


def mutual_rouge_l(answers: Sequence[str]) -> float:
    """Return the mean ROUGE-L F over all pairs of answers; 0 where there are no two."""
    words = [TOKEN.findall(answer.lower()) for answer in answers]
    lengths, pairs = np.array([len(text) for text in words]), np.triu_indices(len(words), 1)
    common = process.cdist(words, words, scorer=LCSseq.similarity, dtype=np.int64)
    scores = f_measure(common, lengths[:, None], lengths)[pairs]
    return float(scores.mean()) if len(scores) else 0.0


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
