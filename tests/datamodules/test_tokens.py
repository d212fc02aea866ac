from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small import EXAMPLES, tokenizer

from alpaca.datamodules.encoding import encode
from alpaca.datamodules.packing import pack, pad
from alpaca.datamodules.tokens import IGNORED, Tokens, collate, collate_padded, without_targets
from alpaca.errors import UserError


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return encode(tokenizer(tmp_path), EXAMPLES, 512, "truncate").tokens


def alpaca_like(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.clip(rng.lognormal(4.8, 0.6, count), 30, 512).astype(int)


def test_counts_are_those_of_each_example(tokens: Tokens) -> None:
    assert tokens.lengths.tolist() == [len(tokens.example(i)) for i in range(len(EXAMPLES))]
    assert tokens.target_counts.tolist() == [tokens.mask(i).sum() for i in range(len(EXAMPLES))]


@pytest.mark.parametrize("ranks", [1, 2, 3, 8])
@pytest.mark.parametrize("seed", range(20))
def test_packing_is_a_partition_within_capacity(seed: int, ranks: int) -> None:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 513, rng.integers(1, 200))
    capacity = int(rng.integers(lengths.max(), 5000))
    rows = pack(lengths, capacity, ranks)
    assert sorted(np.concatenate(rows)) == list(range(len(lengths)))
    assert max(lengths[row].sum() for row in rows) <= capacity
    assert len(rows) % ranks == 0
    assert len(rows) <= max(2 * -(-lengths.sum() // capacity), ranks) + ranks
    assert all((np.diff(lengths[row]) >= 0).all() for row in rows)
    assert all(any(len(row) for row in rows[i : i + ranks]) for i in range(0, len(rows), ranks))


@pytest.mark.parametrize("ranks", [1, 2, 4, 8])
@pytest.mark.parametrize("capacity", [512, 1024, 4096])
def test_rows_are_few_and_balanced(ranks: int, capacity: int) -> None:
    """On steps of 128 examples of Alpaca's lengths: all but always the fewest rows there could be."""
    more = 0
    for seed in range(20):
        lengths = alpaca_like(np.random.default_rng(seed), 128)
        rows = pack(lengths, capacity, ranks)
        sizes = np.array([lengths[row].sum() for row in rows]).reshape(-1, ranks)
        more += len(sizes) - -(-lengths.sum() // (capacity * ranks))
        assert np.ptp(sizes.sum(0)) <= lengths.max()
        assert np.ptp(sizes, axis=1).max() <= lengths.max()
    assert more <= {512: 10, 1024: 2, 4096: 0}[capacity]


def test_documents_of_a_row_are_alike_where_there_is_room() -> None:
    lengths = alpaca_like(np.random.default_rng(0), 128)
    rows = pack(lengths, 2048, 2)
    assert max(lengths[row].max() / lengths[row].min() for row in rows) < 4 < lengths.max() / lengths.min()


def test_a_rank_without_document_has_an_empty_row() -> None:
    assert [len(row) for row in pack(np.array([5]), 10, 3)] == [1, 0, 0]
    assert sorted(len(row) for row in pack(np.array([5, 6, 7]), 8, 2)) == [0, 1, 1, 1]


def test_a_document_that_fits_nowhere_is_refused() -> None:
    with pytest.raises(UserError, match="11 tokens does not fit"):
        pack(np.array([3, 11]), 10)


@pytest.mark.parametrize("ranks", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 7, 128])
def test_padding_is_a_partition_of_like_lengths(count: int, ranks: int) -> None:
    lengths = alpaca_like(np.random.default_rng(count), count)
    rows = pad(lengths, 4, ranks)
    assert sorted(np.concatenate(rows)) == list(range(count))
    assert max(map(len, rows)) <= 4
    assert len(rows) == -(-count // (4 * ranks)) * ranks
    if count == 128 and ranks == 2:
        assert {len(row) for row in rows} == {4}


def test_collate_predicts_each_target_from_the_position_before(tokens: Tokens) -> None:
    batch = collate(tokens, [4, 0, 2])
    ids, predicting = batch["input_ids"][0], batch["predicting"]
    assert (ids[predicting + 1] == batch["targets"]).all()
    assert len(batch["targets"]) == tokens.target_counts[[4, 0, 2]].sum()
    assert batch["document_lengths"].tolist() == [int(tokens.lengths[i]) for i in (4, 0, 2)]
    starts = (batch["position_ids"][0] == 0).nonzero().flatten()
    assert (ids[starts] == tokens.ids[0]).all()


def test_a_padded_batch_holds_what_the_packed_one_does(tokens: Tokens) -> None:
    row, lines = collate(tokens, [4, 0, 2]), collate_padded(tokens, [4, 0, 2])
    present = lines["attention_mask"].bool()
    assert (present[:, 1:] <= present[:, :-1]).all()
    assert lines["input_ids"][present].tolist() == row["input_ids"][0].tolist()
    assert lines["position_ids"][present].tolist() == row["position_ids"][0].tolist()
    assert lines["targets"].tolist() == row["targets"].tolist()
    assert (lines["input_ids"].flatten()[lines["predicting"] + 1] == lines["targets"]).all()
    assert present.flatten()[lines["predicting"] + 1].all()


def test_a_filler_adds_nothing_to_the_loss(tokens: Tokens) -> None:
    import torch
    import torch.nn.functional as F

    filler = without_targets(collate(tokens, [4]))
    assert filler["targets"].tolist() == [IGNORED]
    assert F.cross_entropy(torch.randn(1, 9), filler["targets"], reduction="sum") == 0
