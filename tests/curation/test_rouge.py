from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from alpaca.curation import postings, rouge
from alpaca.curation.postings import f_measure
from alpaca.curation.rouge import Rouge
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


def plain_decisions(texts: list[str], threshold: float) -> list[tuple[int, float] | None]:
    """Decide with rouge_score's arithmetic, said once more and plainly, which is quicker than its own."""
    kept: list[list[str]] = []
    decisions: list[tuple[int, float] | None] = []
    for text in texts:
        tokens = re.findall("[a-z0-9]+", text.lower())
        scores = [plain_score(other, tokens) for other in kept]
        best = max(scores, default=0.0)
        decisions.append((scores.index(best), best) if best > threshold else None)
        if best <= threshold:
            kept.append(tokens)
    return decisions


def plain_score(target: list[str], prediction: list[str]) -> float:
    row = [0] * (len(prediction) + 1)
    for token in target:
        before = 0
        for place, other in enumerate(prediction, 1):
            before, row[place] = row[place], before + 1 if token == other else max(row[place], row[place - 1])
    if not row[-1]:
        return 0.0
    precision, recall = row[-1] / len(prediction), row[-1] / len(target)
    return 2 * precision * recall / (precision + recall)


def examples(texts: Iterable[str]) -> list[Example]:
    return [Example(text, "", "x") for text in texts]


def decisions(texts: list[str], threshold: float) -> list[tuple[int, float] | None]:
    """Decide in bulk, and see that a stream decides the same."""
    index, found = Rouge(threshold, ["instruction"]), []
    for example in examples(texts):
        found.append(index.duplicate_of(example))
        if found[-1] is None:
            index.add(example)
    assert list(Rouge(threshold, ["instruction"]).decide(examples(texts))) == found
    return found


WORDS = ["Write", "the", "list", "of-numbers", "in", "reverse", "ORDER", "été", "42", "...", "a_b"]
THRESHOLDS = st.sampled_from([0.3, 0.4, 0.5, 0.6, 2 / 3, 0.7, 0.75, 0.8, 0.9, 0.95]) | st.floats(0.3, 0.95)


def sentences(words: list[str], longest: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(words), max_size=longest).map(" ".join)


@st.composite
def corpora(draw: st.DrawFn) -> list[str]:
    """Texts of few words or of many, and repetitions of them with words left out, doubled or replaced."""
    words = draw(st.sampled_from([WORDS, WORDS[:3], [f"w{number}" for number in range(60)]]))
    texts = draw(st.lists(sentences(words, 25), min_size=1, max_size=25))
    for _ in range(draw(st.integers(0, 15))):
        tokens = draw(st.sampled_from(texts)).split() or [words[0]]
        place = draw(st.integers(0, len(tokens) - 1))
        tokens[place : place + 1] = draw(st.lists(st.sampled_from(words), max_size=3))
        texts.append(" ".join(tokens))
    return texts


@settings(max_examples=200, deadline=None, derandomize=True)
@given(corpora(), THRESHOLDS)
def test_every_decision_on_random_corpora_is_that_of_rouge_score(texts: list[str], threshold: float) -> None:
    assert decisions(texts, threshold) == plain_decisions(texts, threshold)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(corpora(), THRESHOLDS)
def test_the_plain_statement_is_that_of_rouge_score(texts: list[str], threshold: float) -> None:
    assert plain_decisions(texts, threshold) == reference_decisions(texts, threshold)


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.7, 2 / 3, 1.0])
def test_every_decision_is_that_of_rouge_score(threshold: float) -> None:
    rng = random.Random(0)
    texts = [" ".join(rng.choices(WORDS, k=rng.randint(0, 14))) for _ in range(80)]
    assert decisions(texts, threshold) == reference_decisions(texts, threshold)


def test_an_f_that_rounds_above_the_threshold_is_a_duplicate() -> None:
    """An F of 7 tenths is 0.7 or 0.7000000000000001, as the float operations have it, and so for other thresholds."""
    both = 0
    for tenths, first, second in itertools.product(range(3, 10), range(1, 40), range(1, 40)):
        common, rest = divmod(tenths * (first + second), 20)
        if not rest and 0 < common <= min(first, second):
            a, b = "x " * common + "a " * (first - common), "x " * common + "b " * (second - common)
            expected = plain_score(a.split(), b.split())
            assert f_measure(common, first, second) == expected
            assert (decisions([a, b], tenths / 10)[1] is not None) == (expected > tenths / 10)
            both |= 1 << (expected > tenths / 10)
    assert both == 3


def test_blocks_parts_and_halves_change_no_decision() -> None:
    """A stream knows no blocks. The repetitions fill one with more pairs than are taken at once; the others make parts."""
    rng = random.Random(1)
    first_blocks = rouge.FIRST_BLOCK * (1 + 2 + 4)
    varied = [" ".join(f"w{rng.randrange(60)}" for _ in range(rng.randint(4, 9))) for _ in range(first_blocks)]
    alike = [" ".join(rng.choices(WORDS[:2], k=rng.randint(5, 7))) for _ in range(rouge.FIRST_BLOCK * 8)]
    sample = [plain_score(a.split(), b.split()) > 0.6 for a, b in itertools.pairwise(alike)]
    assert sum(sample) / len(sample) * len(alike) ** 2 / 2 > 1.2 * rouge.MANY
    kept = [decision is None for decision in decisions(varied + alike, 0.6)]
    assert rouge.RECENT < sum(kept) < first_blocks


def test_bulk_goes_on_from_a_stream_and_a_stream_from_bulk() -> None:
    index = Rouge(0.7, ["instruction"])
    index.add(Example("sort the list of numbers", "", "x"))
    assert list(index.decide(examples(["sort the list of numbers", "name a river in France"]))) == [(0, 1.0), None]
    assert index.duplicate_of(Example("Name a river in France!", "", "x")) == (1, 1.0)
    assert index.size == 2


def test_what_is_added_is_held_whatever_it_repeats() -> None:
    index = Rouge(0.7, ["instruction"])
    for example in examples(["one two three"] * 3):
        index.add(example)
    assert index.size == 3
    assert index.duplicate_of(Example("one two three", "", "x")) == (0, 1.0)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(corpora(), sentences(WORDS, 12))
def test_the_nearest_is_the_first_with_the_highest_f(texts: list[str], text: str) -> None:
    index = Rouge(0.7, ["instruction"])
    assert index.nearest(Example(text, "", "x")) is None
    for example in examples(texts):
        index.add(example)
    scores = [
        plain_score(re.findall("[a-z0-9]+", other.lower()), re.findall("[a-z0-9]+", text.lower())) for other in texts
    ]
    assert index.nearest(Example(text, "", "x")) == (scores.index(max(scores)), max(scores))


def test_a_token_may_have_any_number() -> None:
    """Also one that as a character would be a byte order mark, half of a surrogate pair, or none."""
    for number in (0xFEFF, 0xD800, 0xDC00, 0xFFFF, 0x10FFFF, 0x110000, 2**31 - 1):
        texts = postings.Texts.of([[number, number - 1, 5], [number, 7, 5], [number - 1], []], 2)
        pairs = [(0, 1), (0, 2), (1, 2), (0, 3), (3, 3)]
        one, two = np.array(pairs).T
        assert rouge.scores(texts, one, texts, two).tolist() == [
            plain_score(*([str(t) for t in texts.take(np.array([row])).tokens] for row in pair)) for pair in pairs
        ]


def test_fields_are_compared_together() -> None:
    index = Rouge(0.7, ["instruction", "input"])
    index.add(Example("Sort the numbers", "1 2 3 4 5 6 7", "x"))
    assert index.duplicate_of(Example("Sort the numbers", "9 8 7 6 5 4 3", "x")) is None
    assert index.duplicate_of(Example("Sort the numbers", "1 2 3 4 5 6 8", "x")) is not None


SETS = {
    "alpaca_en_demo.json": 999,
    "self_instruct_seed_tasks.jsonl": 175,
    "self_instruct_user_oriented.jsonl": 252,
    "alpaca_eval_text_davinci_003.json": 805,
}


@pytest.mark.real_data
@pytest.mark.slow
@pytest.mark.parametrize(("file", "rows"), SETS.items())
def test_every_decision_on_real_data(real_data: Path, file: str, rows: int) -> None:
    """Decide at thresholds from 0.3 to 0.95 with scores of rouge_score, each pair scored once."""
    texts = [example.instruction for example in read(real_data / file)[0]]
    assert len(texts) == rows
    scores = {
        pair: SCORER.score(*(texts[i] for i in pair))["rougeL"].fmeasure
        for pair in itertools.combinations(range(rows), 2)
    }
    for threshold in (0.3, 0.4, 0.5, 0.6, 2 / 3, 0.7, 0.8, 0.9, 0.95):
        kept: list[int] = []
        expected: list[tuple[int, float] | None] = []
        for row in range(rows):
            best = max(((scores[other, row], -number) for number, other in enumerate(kept)), default=(0.0, 0))
            expected.append((-best[1], best[0]) if best[0] > threshold else None)
            if best[0] <= threshold:
                kept.append(row)
        assert decisions(texts, threshold) == expected
