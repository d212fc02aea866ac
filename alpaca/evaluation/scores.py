"""Scores of single answers, and the judge that goes by them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rapidfuzz.distance import LCSseq

from alpaca.curation.calculations import NUMBER, number
from alpaca.curation.postings import f_measure
from alpaca.curation.rouge import TOKEN
from alpaca.evaluation.judgments import Judgment
from alpaca.evaluation.pairs import Desk, Pair

Score = Literal["exact", "rouge_l", "computed"]
ONE_NUMBER: Final = re.compile(rf"{NUMBER}\s?[%.]?")


def exact(answer: str, reference: str) -> bool:
    """Tell whether an answer is the reference, white space around it aside."""
    return answer.strip() == reference.strip()


def rouge_l(answer: str, reference: str) -> float:
    """Return the F of the longest common subsequence of words, as rouge_score does without stemming (Lin 2004)."""
    words = [TOKEN.findall(text.lower()) for text in (answer, reference)]
    return float(f_measure(LCSseq.similarity(*words), len(words[0]), len(words[1])))


def computed(answer: str, reference: str) -> bool:
    """Tell whether an answer comes to the same value, whatever it says on the way.

    A reference that is a number is compared with the last number of the answer, by value; any other word by word, without case
    and punctuation.
    """
    if not ONE_NUMBER.fullmatch(reference.strip()):
        return re.findall(r"\w+", answer.casefold()) == re.findall(r"\w+", reference.casefold())
    numbers = re.findall(NUMBER, answer)
    return bool(numbers) and number(numbers[-1]) == number(re.findall(NUMBER, reference)[0])


SCORES: Final[Mapping[Score, Callable[[str, str], float]]] = {"exact": exact, "rouge_l": rouge_l, "computed": computed}


@dataclass(frozen=True)
class Reference:
    """Judge by the reference answer: the model whose answer has the higher score against it wins."""

    score: Score
    needs_output = True

    def judgments(self, pairs: Sequence[Pair], desk: Desk) -> list[Judgment]:
        judge = "reference" if self.score == "exact" else f"reference, {self.score}"
        return [pair.judged(self.preference(pair), judge=judge) for pair in pairs]

    def preference(self, pair: Pair) -> float:
        """Return 1 where the candidate's answer has the higher score, 0 where the reference's has, else one half."""
        output, score = pair.example.output, SCORES[self.score]
        candidate, reference = score(pair.candidate.text, output), score(pair.reference.text, output)
        return 0.5 + ((candidate > reference) - (candidate < reference)) / 2
