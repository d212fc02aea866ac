from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from alpaca.curation.selection import Best, Diverse, HashedTfidf, farthest
from alpaca.errors import UserError
from alpaca.records import Example, read


def scored(*numbers: object) -> list[Example]:
    return [Example(str(place), "", "", {"scores": {"mean": number}}) for place, number in enumerate(numbers)]


@pytest.mark.parametrize(
    ("numbers", "count", "best"),
    [
        ([1, 5.0, 3, 5], 2, {1, 3}),
        ([4, 4, 4], 2, {0, 1}),
        ([None, 2, "5", True, 1], 3, {1, 4, 0}),
        ([1, 2], 9, {0, 1}),
    ],
)
def test_the_best_are_those_with_the_highest_number_and_of_equal_ones_the_first(
    numbers: list[object], count: int, best: set[int]
) -> None:
    assert Best(count, "scores.mean").selected(scored(*numbers)) == best


def test_a_field_that_no_row_has_is_the_users_mistake() -> None:
    with pytest.raises(UserError, match="no example has a number there"):
        Best(1, "stars").selected(scored(1))


def test_where_the_judge_scored_nothing_it_says_so() -> None:
    with pytest.raises(UserError, match="the judge scored none of 2 examples"):
        Best(1, "scores.mean").selected([Example("a", "", "", {"scores": None})] * 2)


def test_a_row_without_a_number_is_rejected_for_that() -> None:
    best = Best(2, "scores.mean")
    told = [best.reason(example) for example in scored(None, 2, "5", True)]
    lacks = "not selected: no number in scores.mean"
    assert told == [lacks, "not selected", lacks, lacks]


def test_each_taken_is_the_farthest_from_those_before() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((60, 8)).astype(np.float32)
    taken = farthest(vectors, 20)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for number in range(1, 20):
        nearest = (unit @ unit[taken[:number]].T).max(axis=1)
        nearest[taken[:number]] = np.inf
        assert nearest[taken[number]] == pytest.approx(nearest.min(), abs=1e-6)
    assert len(set(taken)) == 20
    assert farthest(vectors, 100) == farthest(vectors, 60)


class Lengths:
    """An embedding of a user's own: texts of the same length are alike."""

    def embed(self, texts: Iterable[str]) -> np.ndarray:
        return np.eye(10, dtype=np.float32)[[len(text) for text in texts]]


def test_any_embedding_tells_what_is_alike() -> None:
    examples = [Example(text, "", "") for text in ("a", "b", "cc", "dd", "eee", "f")]
    assert Diverse(3, ["instruction"], Lengths()).selected(examples) == {0, 2, 4}


def test_tfidf_finds_the_same_words_alike_and_common_ones_nothing() -> None:
    vectors = HashedTfidf(4096).embed(["the cat sat", "the cat sat", "the dog ran far", "", "the"])
    assert vectors[0] @ vectors[1] > 0
    assert vectors[0] @ vectors[2] < 0.2 * (vectors[0] @ vectors[1])
    assert not vectors[3].any()
    assert vectors[4].any()  # not every text has it


def test_selecting_from_nothing_like_words_works() -> None:
    assert len(Diverse(2, ["input"], HashedTfidf(8)).selected([Example("a", "", "")] * 5)) == 2


@pytest.mark.real_data
def test_a_tenth_of_real_instructions_covers_more_than_the_first_tenth(real_data: Path) -> None:
    examples = read(real_data / "alpaca_en_demo.json")[0]
    vectors = HashedTfidf(256).embed(example.instruction for example in examples)
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    chosen = sorted(Diverse(100, ["instruction"], HashedTfidf(256)).selected(examples))

    def worst(members: list[int]) -> float:
        return float((unit @ unit[members].T).max(axis=1).min())

    assert worst(chosen) > worst(list(range(100)))
    assert json.dumps(chosen) == json.dumps(sorted(Diverse(100, ["instruction"], HashedTfidf(256)).selected(examples)))
