"""What documents of a row share is found in their tokens, holds no target, and comes back whole."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from small import SMALL
from test_packed import packed
from transformers import LlamaTokenizer, PreTrainedTokenizerBase

from alpaca.datamodules.prefixes import LEAST, behind_prefixes, shared_tokens
from alpaca.datamodules.tokens import Piece, Tokens


def tokens_of(documents: list[tuple[list[int], int]]) -> Tokens:
    """Make tokens of examples, each with the place of its first target."""
    ids = np.concatenate([np.array(ids, np.int32) for ids, _ in documents])
    targets = np.concatenate([np.arange(len(ids)) >= first for ids, first in documents])
    return Tokens(ids, targets, np.cumsum([len(ids) for ids, _ in documents]))


def templates(seed: int, count: int, repeat: int = 0) -> Tokens:
    """Make examples of two templates, whose first ten tokens are the same and which differ from then on; some repeat others."""
    rng = np.random.default_rng(seed)
    common, ends = list(range(10)), ([*range(20, 45)], [*range(50, 60)])
    made = []
    for _ in range(count):
        preamble = [*common, *ends[rng.integers(2)]]
        prompt = rng.integers(100, 130, rng.integers(1, 20)).tolist()
        output = rng.integers(100, 130, rng.integers(1, 20)).tolist()
        made.append((preamble + prompt + output, len(preamble + prompt)))
    return tokens_of(made + made[:repeat])


def put_together(pieces: list[Piece]) -> list[tuple[tuple[int, ...], tuple[bool, ...]]]:
    """Return the documents that pieces make, with their targets."""
    parts = {number: (tuple(p.ids.tolist()), tuple(p.targets.tolist())) for number, p in enumerate(pieces)}
    continued = {p.prefix for p in pieces}
    found = []
    for number, piece in enumerate(pieces):
        before = parts[piece.prefix] if piece.prefix >= 0 else ((), ())
        assert piece.prefix < number
        assert piece.begin == len(before[0])
        if number not in continued:
            found.append((before[0] + parts[number][0], before[1] + parts[number][1]))
    return sorted(found)


@pytest.mark.parametrize("seed", range(20))
def test_documents_come_back_whole(seed: int) -> None:
    tokens = templates(seed, 60, repeat=5)
    rng = np.random.default_rng(seed)
    members = rng.integers(65, size=rng.integers(1, 30))  # some twice, as mixtures by weight may
    shared = shared_tokens(tokens, rows=int(rng.integers(1, 8)))
    pieces = behind_prefixes(tokens, members, shared)
    whole = [(tuple(tokens.example(i).tolist()), tuple(tokens.mask(i).tolist())) for i in members]
    assert put_together(pieces) == sorted(whole)
    assert sum(len(piece.ids) for piece in pieces) <= tokens.lengths[members].sum()
    for piece in pieces:
        assert piece.begin == 0 or piece.begin >= LEAST
        assert not piece.targets[:1].any()  # what predicts the first target is a document's own


def test_each_template_is_shared_to_its_end() -> None:
    tokens = templates(0, 200)
    shared = shared_tokens(tokens, rows=20)
    first_of_second = tokens.ids[tokens.ends - tokens.lengths + 10] == 50
    assert (shared[first_of_second] == 20).all()
    assert (shared[~first_of_second] == 35).all()


def test_what_few_share_is_not_split_off() -> None:
    """A copy a row would cost more than the longer beginning saves."""
    many = [([*range(20), n + 100, 9, 9], 22) for n in range(50)]
    few = [([*range(10), 77, n + 200, *range(20), 9], 31) for n in range(6)]
    assert set(shared_tokens(tokens_of(many + few), rows=10)[:50].tolist()) == {20}
    assert set(shared_tokens(tokens_of(many + few), rows=10)[50:].tolist()) == {0}
    assert set(shared_tokens(tokens_of(many + few), rows=2)[50:].tolist()) == {11}


def test_no_target_is_shared_and_little_is_left_alone() -> None:
    same = [([*range(30), n + 100], 12) for n in range(9)]
    assert set(shared_tokens(tokens_of(same), rows=1).tolist()) == {11}
    short = [([*range(LEAST - 1), n + 100, 5], LEAST) for n in range(9)]
    assert not shared_tokens(tokens_of(short), rows=1).any()


def in_pieces(folder: Path, texts: Iterable[str]) -> PreTrainedTokenizerBase:
    """Return a tokenizer that has no tokens for the texts of the template."""
    SMALL.tokenizer(folder, texts)
    return LlamaTokenizer.from_pretrained(folder, add_prefix_space=False)


@pytest.mark.parametrize("filled", [False, True])
@pytest.mark.parametrize("world", [1, 2])
def test_rows_hold_fewer_tokens_and_never_too_many(tasks_file: Path, tmp_path: Path, world: int, filled: bool) -> None:
    plain = packed(tasks_file, tmp_path / "a", tokenizer=in_pieces)
    module = packed(tasks_file, tmp_path / "b", tokenizer=in_pieces, shared_prefix=True, fill_rows=filled)
    assert (module.shared > 0).mean() > 0.5
    for rank in range(world):
        for alone, step in zip(plain.steps(0, rank, world), module.steps(0, rank, world), strict=True):
            for name in ("examples", "tokens", "pairs", "target_tokens"):
                assert step[name] == alone[name]
            sizes = [batch["input_ids"].numel() for batch in step["micro_batches"]]
            assert max(sizes) <= 512
            assert min(sizes) == 512 or not filled
            assert filled or step["padded_tokens"] < alone["padded_tokens"]
            assert len(sizes) <= len(alone["micro_batches"])
