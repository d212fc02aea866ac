"""Compiled layers against the same uncompiled, on filled rows: equal, one graph for all, with recomputing and adapters."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from attending import emulated
from small import EXAMPLES, SMALL, tokenizer
from torch._dynamo.utils import counters
from transformers import PreTrainedModel

from alpaca.datamodules.encoding import encode
from alpaca.datamodules.prefixes import behind_prefixes
from alpaca.datamodules.tokens import MicroBatch, Tokens, documents, filler, row
from alpaca.modules.attention import LayOut, grids, packed
from alpaca.modules.checkpointing import checkpoint_activations
from alpaca.modules.compiling import compile_layers
from alpaca.modules.loss import target_loss
from alpaca.modules.varlen import Varlen
from alpaca.strategies.exact import ActivationCheckpointing, trainable

pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # which Dynamo asks for, and hides
VARLEN = functools.partial(Varlen.of, kernel=emulated)
ROWS = [[0, 1], [2, 3, 4], [5, 6], [1, 2, 5], [4]]  # of other documents, and of other numbers of them
PLACES = 512


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Forget what other tests compiled."""
    torch._dynamo.reset()
    counters.clear()
    yield
    torch._dynamo.reset()


@pytest.fixture
def batches(tmp_path: Path) -> list[MicroBatch]:
    tokens = encode(tokenizer(tmp_path), EXAMPLES, 512, "truncate").tokens
    return [filled(tokens, members) for members in ROWS]


def filled(tokens: Tokens, members: list[int]) -> MicroBatch:
    pieces = documents(tokens, members)
    return row([*pieces, *filler(PLACES - sum(len(piece.ids) for piece in pieces), 200)])


def network(folder: Path, adapters: bool) -> PreTrainedModel:
    """Return a network with gradients for each of its layers."""
    made = SMALL.network(tokenizer(folder), seed=0).train()
    if adapters:
        from peft import LoraConfig

        from alpaca.modules.lora import inject

        torch.manual_seed(0)
        inject(made, LoraConfig(r=4, target_modules=["q_proj", "up_proj"], init_lora_weights=False))
    return made


def gradients(network: PreTrainedModel, batches: list[MicroBatch], lay_out: LayOut) -> list[torch.Tensor]:
    """Return the losses of micro-batches, and the gradients of their sum."""
    network.zero_grad()
    losses = []
    with packed(network):
        for batch in batches:
            losses.append(target_loss(network, batch, lay_out))
            losses[-1].backward()
    return [torch.stack(losses).detach(), *(p.grad for p in trainable(network).values() if p.grad is not None)]


@pytest.mark.parametrize("adapters", [False, True], ids=["full", "lora"])
@pytest.mark.parametrize("how", ["none", "full", "selective"])
@pytest.mark.parametrize("lay_out", [VARLEN, grids], ids=["varlen", "grids"])
def test_compiled_layers_give_the_same_gradients_from_one_graph(
    tmp_path: Path, batches: list[MicroBatch], lay_out: LayOut, how: ActivationCheckpointing, adapters: bool
) -> None:
    plain = gradients(network(tmp_path, adapters), batches, lay_out)
    made = network(tmp_path, adapters)
    compile_layers(made, backend="aot_eager")
    checkpoint_activations(made, how)
    first = gradients(made, batches[:1], lay_out)
    graphs = counters["stats"]["unique_graphs"]
    assert graphs >= 1
    compiled = gradients(made, batches, lay_out)
    assert counters["stats"]["unique_graphs"] == graphs
    assert len(first) == len(compiled) == len(plain)
    if lay_out is VARLEN:
        assert graphs == (2 if adapters else 1)  # below the first adapter nothing asks for a gradient
        assert not counters["graph_break"]
    assert_equal(compiled, plain)


def test_a_shared_prefix_needs_no_further_graph(tmp_path: Path) -> None:
    tokens = encode(tokenizer(tmp_path), EXAMPLES, 512, "truncate").tokens
    batches = []
    for members in ([0, 3], [1, 2, 4], [0, 3, 5], [1, 6]):  # of one template, whose text is a token, behind BOS
        pieces = behind_prefixes(tokens, members, np.full(len(EXAMPLES), 2))
        batches.append(row([*pieces, *filler(PLACES - sum(len(piece.ids) for piece in pieces), 200)]))
        assert (batches[-1]["prefixes"] >= 0).sum() == len(members)
    plain = gradients(network(tmp_path, adapters=False), batches, VARLEN)
    made = network(tmp_path, adapters=False)
    compile_layers(made, backend="aot_eager")
    assert_equal(gradients(made, batches, VARLEN), plain)
    assert counters["stats"]["unique_graphs"] == 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_inductor_gives_the_same_gradients(tmp_path: Path, batches: list[MicroBatch]) -> None:
    plain = gradients(network(tmp_path, adapters=False), batches, VARLEN)
    made = network(tmp_path, adapters=False)
    compile_layers(made)
    assert_equal(gradients(made, batches, VARLEN), plain)
    assert counters["stats"]["unique_graphs"] == 1


def assert_equal(ours: list[torch.Tensor], theirs: list[torch.Tensor]) -> None:
    for our, their in zip(ours, theirs, strict=True):
        assert their.norm() > 0
        assert (our - their).norm() <= 1e-5 * their.norm()
