from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small import EXAMPLES, texts, tokenizer

from alpaca.datamodules.packing import pack
from alpaca.datamodules.report import verify
from alpaca.datamodules.tokens import Tokens, collate, encode
from alpaca.errors import UserError
from alpaca.records import Example


def test_targets_are_the_output_and_eos_and_nothing_else(tmp_path: Path) -> None:
    words = tokenizer(tmp_path)
    tokens = encode(words, EXAMPLES, 512, "truncate").tokens
    for index, example in enumerate(EXAMPLES):
        ids, start = tokens.example(index), tokens.target_starts[index]
        assert ids[0] == words.bos_token_id
        assert ids[-1] == words.eos_token_id
        assert list(ids[1:-1]) == words(texts()[index], add_special_tokens=False)["input_ids"]
        assert words.decode(ids[start:-1]) in (example.output, example.output.lstrip())
        assert (
            words.decode(ids[:start], skip_special_tokens=True) + words.decode(ids[start:-1]).rjust(len(example.output))
            == (texts()[index])
        )


def test_long_examples_are_truncated_or_dropped_and_counted(tmp_path: Path) -> None:
    words = tokenizer(tmp_path)
    lengths = encode(words, EXAMPLES, 512, "truncate").tokens.lengths
    longest, limit = int(lengths.max()), int(lengths.max()) - 2
    cut = encode(words, EXAMPLES, limit, "truncate")
    assert cut.tokens.lengths.max() == limit < longest
    assert cut.truncated == sum(lengths > limit)
    dropped = encode(words, EXAMPLES, limit, "drop")
    assert dropped.too_long == sum(lengths > limit)
    assert len(dropped.tokens.ends) == len(EXAMPLES) - dropped.too_long


def test_an_example_without_target_is_left_out_and_counted(tmp_path: Path) -> None:
    words = tokenizer(tmp_path)
    encoded = encode(words, [*EXAMPLES, Example("Say nothing.", "", "")], 512, "truncate")
    assert encoded.without_target == 1
    assert encode(words, EXAMPLES, 6, "truncate").without_target == len(EXAMPLES)


def test_a_tokenizer_without_eos_is_refused(tmp_path: Path) -> None:
    words = tokenizer(tmp_path)
    words.eos_token = None
    with pytest.raises(UserError, match="no EOS"):
        encode(words, EXAMPLES, 512, "truncate")


def test_tokens_survive_the_disk(tmp_path: Path) -> None:
    tokens = encode(tokenizer(tmp_path), EXAMPLES, 512, "truncate").tokens
    tokens.save(tmp_path / "tokens.npz")
    loaded = Tokens.load(tmp_path / "tokens.npz")
    assert all((getattr(tokens, name) == getattr(loaded, name)).all() for name in ("ids", "ends", "target_starts"))


@pytest.mark.parametrize("seed", range(20))
def test_packing_is_a_partition_within_capacity(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 513, rng.integers(1, 200))
    capacity = int(rng.integers(lengths.max(), 5000))
    bins = pack(lengths, capacity)
    assert sorted(np.concatenate(bins)) == list(range(len(lengths)))
    assert max(lengths[members].sum() for members in bins) <= capacity
    assert len(bins) <= 2 * -(-lengths.sum() // capacity) + 1


def test_a_document_that_fits_nowhere_is_refused() -> None:
    with pytest.raises(UserError, match="11 tokens does not fit"):
        pack(np.array([3, 11]), 10)


def test_collate_predicts_each_target_from_the_position_before(tmp_path: Path) -> None:
    tokens = encode(tokenizer(tmp_path), EXAMPLES, 512, "truncate").tokens
    batch = collate(tokens, [4, 0, 2])
    ids, predicting = batch["input_ids"][0], batch["predicting"]
    assert (ids[predicting + 1] == batch["targets"]).all()
    assert len(batch["targets"]) == tokens.targets([4, 0, 2])
    assert batch["document_lengths"].tolist() == [int(tokens.lengths[i]) for i in (4, 0, 2)]
    starts = (batch["position_ids"][0] == 0).nonzero().flatten()
    assert (ids[starts] == tokens.ids[0]).all()


@pytest.mark.parametrize(("damage", "message"), [("eos", "do not end in EOS"), ("mask", "no target")])
def test_a_mask_that_hides_the_end_is_refused(tmp_path: Path, damage: str, message: str) -> None:
    words = tokenizer(tmp_path)
    tokens = encode(words, EXAMPLES, 512, "truncate").tokens
    verify(tokens, words.eos_token_id, 0)
    if damage == "eos":
        tokens.ids[tokens.ends[2] - 1] = 5
    else:
        tokens.target_starts[2] = tokens.lengths[2]
    with pytest.raises(UserError, match=message):
        verify(tokens, words.eos_token_id, 0)
