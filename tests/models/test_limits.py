"""Networks that are too small for what they are given."""

from __future__ import annotations

import pytest

from alpaca.errors import UserError
from alpaca.models.limits import check_ids, check_positions


def test_positions_that_are_learned_end_where_the_table_does() -> None:
    check_positions({"model_type": "gpt2", "n_positions": 512}, 512)
    with pytest.raises(UserError, match=r"max_length=513 is more than the 512 positions"):
        check_positions({"model_type": "gpt2", "n_positions": 512}, 513)


def test_rotary_positions_go_on_but_it_is_told(caplog: pytest.LogCaptureFixture) -> None:
    check_positions({"model_type": "llama", "max_position_embeddings": 128}, 128)
    assert not caplog.messages
    check_positions({"model_type": "llama", "max_position_embeddings": 128}, 512)
    assert "max_length=512 is more than the 128 positions" in caplog.text


def test_token_ids_without_an_embedding_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    check_ids({"vocab_size": 1000}, 999, 1000, "here")
    assert not caplog.messages
    check_ids({"vocab_size": 900}, 899, 1000, "here")
    assert "1000 tokens, and the model embeddings for 900" in caplog.text
    with pytest.raises(UserError, match="the data has token 900"):
        check_ids({"vocab_size": 900}, 900, 1000, "here")
