"""How unlike each other answers are.

`distinct_answers` is the share of different ones, `distinct_1` and `distinct_2` that of different words and pairs of words
among all (Li et al. 2016, "A diversity-promoting objective function", section 5.2). `self_rouge_l` is the mean ROUGE-L F of
two answers, after Self-BLEU (Zhu et al. 2018, "Texygen", section 3.2); of more than 500 answers, 500 evenly spread are taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import datasets
import evaluate
import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import LCSseq

from alpaca.curation.postings import f_measure
from alpaca.curation.rouge import TOKEN

MOST_COMPARED: Final = 500


class Diversity(evaluate.Metric):  # type: ignore[misc]
    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(__doc__, "", datasets.Features({"predictions": datasets.Value("string")}))

    def _compute(self, predictions: list[str]) -> dict[str, float]:
        words = [answer.lower().split() for answer in predictions]
        step = -(-len(predictions) // MOST_COMPARED)
        return {
            "distinct_answers": len({answer.strip() for answer in predictions}) / len(predictions),
            "distinct_1": _share_distinct([word for text in words for word in text]),
            "distinct_2": _share_distinct([pair for text in words for pair in pairwise(text)]),
            "self_rouge_l": mutual_rouge_l(predictions[::step]),
        }


def mutual_rouge_l(answers: Sequence[str]) -> float:
    """Return the mean ROUGE-L F over all pairs of answers; 0 where there are no two."""
    words = [TOKEN.findall(answer.lower()) for answer in answers]
    lengths, pairs = np.array([len(text) for text in words]), np.triu_indices(len(words), 1)
    common = process.cdist(words, words, scorer=LCSseq.similarity, dtype=np.int64)
    scores = f_measure(common, lengths[:, None], lengths)[pairs]
    return float(scores.mean()) if len(scores) else 0.0


def _share_distinct(things: Sequence[object]) -> float:
    return len(set(things)) / len(things) if things else 0.0
