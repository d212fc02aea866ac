from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from small import EXAMPLES, SMALL, tokenizer

from alpaca.curation.semantic import BLOCK, Semantic, Vectors
from alpaca.errors import UserError
from alpaca.models.weights import export
from alpaca.records import Example


class Pictured(Semantic):
    """Embeds a text of numbers as the vector that they are."""

    def _embed(self, examples: list[Example]) -> Vectors:
        vectors = np.array([[float(part) for part in example.instruction.split()] for example in examples], np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def model(tmp_path: Path) -> str:
    words = tokenizer(tmp_path)
    export(SMALL.network(words, seed=0), words, tmp_path / "model")
    return str(tmp_path / "model")


def test_decisions_are_those_of_one_comparison_after_the_other() -> None:
    rng = random.Random(0)
    rows = [" ".join(str(rng.randint(-3, 3) or 1) for _ in range(6)) for _ in range(BLOCK + 700)]
    examples = [Example(row, "", "x") for row in rows]
    index = Pictured("org/name", 0.9, ["instruction"], 8, 16)
    vectors = index._embed(examples)
    kept: list[int] = []
    expected = []
    for row, vector in enumerate(vectors):
        cosines = vectors[kept] @ vector
        near = bool(kept) and cosines.max() > 0.9
        expected.append((int(cosines.argmax()), pytest.approx(float(cosines.max()), abs=1e-5)) if near else None)
        if not near:
            kept.append(row)
    found = list(index.decide(examples))
    assert [f and f[1] for f in found] == [e and e[1] for e in expected]
    assert 100 < len(kept) < len(rows) - 100
    cosines = vectors @ vectors[kept].T
    assert all(cosines[row, f[0]] == pytest.approx(f[1], abs=1e-5) for row, f in enumerate(found) if f)


def test_an_embedding_is_the_mean_over_its_own_tokens(model: str) -> None:
    together = Semantic(model, 0.9, ["instruction", "input"], 4, 64)._embed(EXAMPLES)
    alone = np.concatenate([Semantic(model, 0.9, ["instruction", "input"], 1, 64)._embed([e]) for e in EXAMPLES])
    assert together.shape == (len(EXAMPLES), SMALL.hidden_size)
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_the_same_text_is_a_duplicate(model: str) -> None:
    index = Semantic(model, 0.999, ["instruction", "input"], 4, 64)
    found = list(index.decide([*EXAMPLES, *EXAMPLES]))
    kept = [row for row, decision in enumerate(found) if decision is None]
    assert found[0] is None
    assert max(kept) < len(EXAMPLES)
    assert [kept[decision[0]] for decision in found[len(EXAMPLES) :] if decision][:1] == [0]


def test_what_is_no_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"dedup\.path: cannot load") as problem:
        list(Semantic(str(tmp_path), 0.9, ["instruction"], 4, 64).decide(EXAMPLES))
    assert "\n" not in str(problem.value)
