from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from rouge_score import rouge_scorer

from alpaca.curation.rouge import Rouge, f_measure
from alpaca.records import Example, read

SCORER = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)


def reference_decisions(texts: list[str], threshold: float) -> list[tuple[int, float] | None]:
    """Decide greedily with rouge_score, one pair after the other."""
    kept: list[str] = []
    decisions: list[tuple[int, float] | None] = []
    for text in texts:
        scores = [SCORER.score(other, text)["rougeL"].fmeasure for other in kept]
        best = max(scores, default=0.0)
        decisions.append((scores.index(best), best) if best > threshold else None)
        if best <= threshold:
            kept.append(text)
    return decisions


def decisions(texts: list[str], threshold: float) -> list[tuple[int, float] | None]:
    index = Rouge(threshold, ["instruction"])
    found = []
    for text in texts:
        example = Example(text, "", "x")
        found.append(index.duplicate_of(example))
        if found[-1] is None:
            index.add(example)
    return found


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 2 / 3, 0.9, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_every_decision_is_that_of_rouge_score(threshold: float, seed: int) -> None:
    rng = random.Random(seed)
    words = ["Write", "the", "list", "of-numbers", "in", "reverse", "ORDER", "été", "42", "...", "a_b"]
    texts = [" ".join(rng.choices(words, k=rng.randint(0, 14))) for _ in range(120)]
    assert decisions(texts, threshold) == reference_decisions(texts, threshold)


def test_an_f_that_rounds_above_the_threshold_is_a_duplicate() -> None:
    """7 of 10 tokens in common is an F of 0.7 or of 0.7000000000000001, as the float operations have it."""
    for first in range(1, 60):
        for second in range(1, 60):
            for common in range(1, min(first, second) + 1):
                exact = 2 * common * 10 == 7 * (first + second)
                if exact:
                    a, b = "x " * common + "a " * (first - common), "x " * common + "b " * (second - common)
                    expected = SCORER.score(a, b)["rougeL"].fmeasure
                    assert f_measure(common, first, second) == expected
                    assert (decisions([a, b], 0.7)[1] is not None) == (expected > 0.7)


def test_fields_are_compared_together() -> None:
    index = Rouge(0.7, ["instruction", "input"])
    index.add(Example("Sort the numbers", "1 2 3 4 5 6 7", "x"))
    assert index.duplicate_of(Example("Sort the numbers", "9 8 7 6 5 4 3", "x")) is None
    assert index.duplicate_of(Example("Sort the numbers", "1 2 3 4 5 6 8", "x")) is not None


@pytest.mark.real_data
@pytest.mark.slow
def test_every_decision_on_real_data(real_data: Path) -> None:
    rows = json.loads((real_data / "alpaca_en_demo.json").read_text("utf-8"))
    texts = [row["instruction"] for row in rows] + [
        e.instruction for e in read(real_data / "self_instruct_seed_tasks.jsonl")[0]
    ]
    assert decisions(texts, 0.5) == reference_decisions(texts, 0.5)
