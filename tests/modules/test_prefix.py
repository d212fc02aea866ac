"""Examples behind a prefix that is computed once, against the same without: the loss and every gradient."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest
import torch
from attending import emulated
from small import EXAMPLES, SMALL, tokenizer
from test_sft import reference_gradients

from alpaca.datamodules.encoding import encode
from alpaca.datamodules.prefixes import behind_prefixes
from alpaca.datamodules.tokens import Tokens, row
from alpaca.modules.attention import LayOut, grids, packed
from alpaca.modules.loss import target_loss
from alpaca.modules.varlen import Varlen


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return encode(tokenizer(tmp_path), EXAMPLES, 512, "truncate").tokens


@pytest.mark.parametrize("lay_out", [grids, functools.partial(Varlen.of, kernel=emulated)], ids=["grids", "varlen"])
def test_gradients_are_those_without_sharing(tokens: Tokens, tmp_path: Path, lay_out: LayOut) -> None:
    network = SMALL.network(tokenizer(tmp_path), seed=0)
    loss, gradients = reference_gradients(network, tokens)
    shared = np.array([common(tokens, index) for index in range(len(EXAMPLES))])
    batch = row(behind_prefixes(tokens, range(len(EXAMPLES)), shared))
    assert (batch["prefixes"] >= 0).sum() == len(EXAMPLES)
    assert batch["input_ids"].numel() < tokens.lengths.sum()
    network.zero_grad()
    with packed(network):
        total = target_loss(network, batch, lay_out) / tokens.target_counts.sum()
    total.backward()
    assert total.item() == pytest.approx(loss, rel=1e-6)
    for ours, theirs in zip((p.grad for p in network.parameters() if p.grad is not None), gradients, strict=True):
        assert (ours - theirs).norm() <= 1e-6 * theirs.norm()


def common(tokens: Tokens, index: int) -> int:
    """Count the first tokens that an example has in common with all others of its template."""
    mine = tokens.example(index)
    others = [tokens.example(i) for i in range(len(EXAMPLES)) if tokens.example(i)[1] == mine[1]]
    return next(n for n in range(len(mine)) if len({int(ids[n]) for ids in others}) > 1)


def test_the_prefix_learns_from_all_that_continue_it(tokens: Tokens, tmp_path: Path) -> None:
    """Its embedding's gradient is the sum of what each document alone would give it."""
    network = SMALL.network(tokenizer(tmp_path), seed=0)
    table = network.get_input_embeddings()
    with packed(network):
        shared = np.array([common(tokens, index) for index in range(len(EXAMPLES))])
        whole = behind_prefixes(tokens, range(len(EXAMPLES)), shared)
        apart = [behind_prefixes(tokens, [index], shared) for index in range(len(EXAMPLES))]
        slopes = [
            sum(torch.autograd.grad(target_loss(network, row(pieces)), table.weight)[0] for pieces in rows)
            for rows in ([whole], apart)
        ]
    assert torch.allclose(*slopes, rtol=1e-4, atol=1e-5)
