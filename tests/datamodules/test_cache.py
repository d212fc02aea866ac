from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small import EXAMPLES, tokenizer

from alpaca.datamodules.cache import cached, fingerprint, load, save
from alpaca.datamodules.encoding import Encoded, encode
from alpaca.datamodules.tokens import Tokens


@pytest.fixture
def encoded() -> Encoded:
    ids = np.arange(12, dtype=np.int32)
    tokens = Tokens(ids, ids % 2 == 1, np.array([5, 12]))
    return Encoded(tokens, np.array([0, 3]), 1, 2, 3, {1: "no", 2: "nor this"})


def equal(one: Encoded, other: Encoded) -> bool:
    arrays = [(e.tokens.ids, e.tokens.targets, e.tokens.ends, e.kept) for e in (one, other)]
    rest = [(e.truncated, e.too_long, e.without_target, e.refused) for e in (one, other)]
    return rest[0] == rest[1] and all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(*arrays, strict=True))


def counting(encoded: Encoded) -> tuple[Callable[[], Encoded], list[int]]:
    calls: list[int] = []

    def make() -> Encoded:
        calls.append(1)
        return encoded

    return make, calls


def test_tokens_survive_the_disk(tmp_path: Path, encoded: Encoded) -> None:
    save(encoded, tmp_path / "a.npz")
    loaded = load(tmp_path / "a.npz")
    assert loaded is not None
    assert equal(loaded, encoded)
    with np.load(tmp_path / "a.npz") as arrays:  # the digest behind it does not disturb numpy
        assert np.array_equal(arrays["ids"], encoded.tokens.ids)
    assert load(tmp_path / "none.npz") is None


def test_a_second_call_takes_what_the_first_made(tmp_path: Path, encoded: Encoded) -> None:
    make, calls = counting(encoded)
    assert equal(cached(tmp_path / "cache" / "a.npz", make), cached(tmp_path / "cache" / "a.npz", make))
    assert len(calls) == 1


def test_any_flipped_byte_or_cut_is_noticed(tmp_path: Path, encoded: Encoded) -> None:
    save(encoded, tmp_path / "a.npz")
    whole = (tmp_path / "a.npz").read_bytes()
    for place in range(0, len(whole), 7):
        (tmp_path / "b.npz").write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert load(tmp_path / "b.npz") is None, place
        (tmp_path / "b.npz").write_bytes(whole[:place])
        assert load(tmp_path / "b.npz") is None, place


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_a_damaged_file_is_told_of_and_made_anew(
    tmp_path: Path, encoded: Encoded, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.npz"
    save(encoded, path)
    whole = bytearray(path.read_bytes())
    whole[200] ^= 4
    path.write_bytes({"cut": whole[:-100], "flip": whole, "empty": b""}[damage])
    make, calls = counting(encoded)
    with caplog.at_level(logging.WARNING, "alpaca"):
        assert equal(cached(path, make), encoded)
        assert equal(cached(path, make), encoded)
    assert len(calls) == 1
    (line,) = caplog.messages
    assert "a.npz" in line
    assert "tokenizing anew" in line


def test_the_fingerprint_is_of_all_that_the_tokens_depend_on(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("1", "utf-8")
    other.write_text("2", "utf-8")
    words = tokenizer(tmp_path)

    def of(data: list[Path] | None = None, max_length: int = 512, long_examples: Any = "truncate") -> str:
        return fingerprint(data or [one], words, max_length, long_examples)

    first = of()
    encode(words, EXAMPLES, 512, "truncate")  # leaves no trace in the tokenizer
    assert of() == first
    names = [first, of([other]), of([one, other]), of([other, one]), of(max_length=511), of(long_examples="drop")]
    words.chat_template += " "
    names.append(of())
    words.add_tokens(["llama"])
    names.append(of())
    words.eos_token = "llama"
    names.append(of())
    assert len(set(names)) == len(names)
