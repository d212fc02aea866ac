"""The optimizer step against a reference: one example at a time, plain transformers, fp32."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
import torch
from attending import emulated
from small import EXAMPLES, SMALL, texts, tokenizer
from transformers import PreTrainedModel

from alpaca.datamodules.encoding import encode
from alpaca.datamodules.packing import pack
from alpaca.datamodules.tokens import Tokens, collate
from alpaca.modules.attention import LayOut, grids, packed
from alpaca.modules.loss import target_loss
from alpaca.modules.varlen import Varlen


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return encode(tokenizer(tmp_path), EXAMPLES, 512, "truncate").tokens


@pytest.fixture
def network(tmp_path: Path) -> PreTrainedModel:
    return SMALL.network(tokenizer(tmp_path), seed=0)


def reference_gradients(network: PreTrainedModel, tokens: Tokens) -> tuple[float, list[torch.Tensor]]:
    """Take Hugging Face's own loss of each example, weighted by its target tokens."""
    network.zero_grad()
    total = tokens.target_counts.sum()
    loss = 0.0
    for index in range(len(EXAMPLES)):
        ids = torch.from_numpy(tokens.example(index).astype("int64"))[None]
        labels = ids.clone()
        labels[0, ~tokens.mask(index)] = -100
        share = network(input_ids=ids, labels=labels).loss * tokens.target_counts[index] / total
        share.backward()
        loss += share.item()
    return loss, [parameter.grad.clone() for parameter in network.parameters() if parameter.grad is not None]


def packed_gradients(
    network: PreTrainedModel, tokens: Tokens, capacity: int, lay_out: LayOut = grids
) -> tuple[float, list[torch.Tensor]]:
    network.zero_grad()
    loss = 0.0
    with packed(network):
        for members in pack(tokens.lengths, capacity):
            share = target_loss(network, collate(tokens, members), lay_out) / tokens.target_counts.sum()
            share.backward()
            loss += share.item()
    return loss, [parameter.grad.clone() for parameter in network.parameters() if parameter.grad is not None]


@pytest.mark.parametrize("lay_out", [grids, functools.partial(Varlen.of, kernel=emulated)], ids=["grids", "varlen"])
@pytest.mark.parametrize("capacity", [130, 200, 333, 4096])
def test_loss_and_gradients_do_not_depend_on_packing(
    network: PreTrainedModel, tokens: Tokens, capacity: int, lay_out: LayOut
) -> None:
    loss, gradients = reference_gradients(network, tokens)
    packed_loss, packed_grads = packed_gradients(network, tokens, capacity, lay_out)
    assert packed_loss == pytest.approx(loss, rel=1e-6)
    for ours, theirs in zip(packed_grads, gradients, strict=True):
        assert (ours - theirs).norm() <= 1e-5 * theirs.norm()


def test_documents_do_not_see_each_other(network: PreTrainedModel, tokens: Tokens) -> None:
    """Another first document of the same length changes nothing in the second."""
    from alpaca.modules.attention import Documents

    batch = collate(tokens, [0, 5])
    first = int(batch["document_lengths"][0])
    other = batch["input_ids"].clone()
    other[0, 1:first] = torch.randint(3, 300, (first - 1,))
    with packed(network), torch.no_grad():
        layout = {"position_ids": batch["position_ids"], "documents": Documents.of(batch["document_lengths"])}
        before = network(input_ids=batch["input_ids"], **layout).logits[0, first:]
        after = network(input_ids=other, **layout).logits[0, first:]
    assert torch.equal(before, after)


def test_grouped_query_attention_is_exact_too(tokens: Tokens) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=600,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    network = LlamaForCausalLM(config)
    loss, _ = reference_gradients(network, tokens)
    assert packed_gradients(network, tokens, 4096)[0] == pytest.approx(loss, rel=1e-6)


def test_the_exported_folder_gives_the_modules_logits(network: PreTrainedModel, tokens: Tokens, tmp_path: Path) -> None:
    """Loaded by transformers alone, a document at a time, against the packed row that training sees."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from alpaca.models.weights import export
    from alpaca.modules.attention import Documents

    words = tokenizer(tmp_path)
    batch = collate(tokens, range(len(EXAMPLES)))
    with packed(network), torch.no_grad():
        row = network(
            input_ids=batch["input_ids"],
            position_ids=batch["position_ids"],
            documents=Documents.of(batch["document_lengths"]),
        ).logits[0]
        export(network, words, tmp_path / "model")
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    assert loaded.config._attn_implementation == "sdpa"
    for ours, ids in zip(
        *(x.split(batch["document_lengths"].tolist()) for x in (row, batch["input_ids"][0])), strict=True
    ):
        with torch.no_grad():
            assert torch.allclose(ours, loaded(input_ids=ids[None]).logits[0], atol=1e-5)
    again = AutoTokenizer.from_pretrained(tmp_path / "model")
    assert all(again(text)["input_ids"] == words(text)["input_ids"] for text in texts())
