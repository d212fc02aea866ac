"""Our ids, labels and loss beside those of stanford_alpaca's train.py, on real examples with tokenizers of LLaMA's kind.

Theirs: source + output + EOS is tokenized as one text and cut at `model_max_length`; the labels are a copy, with -100 for as
many tokens as the source has when it is tokenized alone. Where ours differ, they do so on purpose, and a test counts it.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small import REAL_DATA, SMALL

from alpaca.datamodules.encoding import encode
from alpaca.datamodules.packing import pack
from alpaca.datamodules.tokens import IGNORED, collate
from alpaca.modules.attention import packed
from alpaca.modules.loss import target_loss
from alpaca.prompts.alpaca import prompt
from alpaca.records import Example, read

pytestmark = pytest.mark.real_data
Labelled = tuple[list[int], list[int]]


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return read(REAL_DATA / "alpaca_en_demo.json")[0]


def llamas(folder: Path, texts: list[str]) -> Any:
    """Train a tokenizer with LLaMA's settings: a space before the text, numbers in digits, bytes for unknown characters."""
    from sentencepiece import SentencePieceTrainer
    from transformers import LlamaTokenizer

    folder.mkdir()
    SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_prefix=str(folder / "tokenizer"),
        model_type="bpe",
        vocab_size=2000,
        byte_fallback=True,
        split_digits=True,
        allow_whitespace_only_pieces=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        num_threads=1,
        minloglevel=2,
    )
    return LlamaTokenizer.from_pretrained(folder, add_bos_token=True)


@pytest.fixture(scope="module", params=["llama", "scratch"])
def words(request: pytest.FixtureRequest, examples: list[Example], tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("words") / request.param
    texts = [text for example in examples for text in example.texts()]
    if request.param == "llama":
        return llamas(folder, texts)
    return dataclasses.replace(SMALL, vocab_size=2000).tokenizer(folder, texts)


def theirs(words: Any, example: Example, max_length: int) -> Labelled:
    source = prompt(example.instruction, example.input)
    ids = words(source + example.output + words.eos_token)["input_ids"][:max_length]
    alone = len(words(source)["input_ids"][:max_length])
    return ids, [IGNORED] * alone + ids[alone:]


def ours(words: Any, examples: list[Example], max_length: int) -> dict[int, Labelled]:
    encoded = encode(words, examples, max_length, "truncate")
    tokens = encoded.tokens
    return {
        int(record): (
            tokens.example(place).tolist(),
            np.where(tokens.mask(place), tokens.example(place), IGNORED).tolist(),
        )
        for place, record in enumerate(encoded.kept)
    }


def boundary_shared(words: Any, mine: Labelled, other: Labelled) -> bool:
    """Tell whether labels differ (True) or not, and see that they do so only in a token that both texts share.

    Such a token holds the prompt's ":" and the output's first characters. Ours is a target, as it holds some of the output;
    theirs is none, as the ":" of the source alone is a token too.
    """
    assert mine[0] == other[0]
    places = [place for place, labels in enumerate(zip(mine[1], other[1], strict=True)) if len(set(labels)) == 2]
    if places:
        (place,) = places
        assert (other[1][place], mine[1][place - 1]) == (IGNORED, IGNORED)
        assert len(words.convert_ids_to_tokens(mine[0][place]).lstrip(":")) > 0
        assert words.convert_ids_to_tokens(mine[0][place]).startswith(":")
    return bool(places)


def test_ids_and_labels_are_theirs(words: Any, examples: list[Example], request: pytest.FixtureRequest) -> None:
    mine = ours(words, examples, 4096)
    assert len(mine) == len(examples) == 999
    shared = [boundary_shared(words, mine[i], theirs(words, example, 4096)) for i, example in enumerate(examples)]
    assert sum(shared) == {"llama": 6, "scratch": 0}[request.node.callspec.params["words"]]


def test_what_is_cut_is_cut_alike_and_without_target_left_out(
    words: Any, examples: list[Example], request: pytest.FixtureRequest
) -> None:
    """Those that are cut lose EOS in both; where nothing of the output is left, theirs count as examples without loss."""
    mine = ours(words, examples, 100)
    without_target = without_eos = 0
    for index, example in enumerate(examples):
        other = theirs(words, example, 100)
        if index in mine:
            boundary_shared(words, mine[index], other)
            without_eos += other[0][-1] != words.eos_token_id
        else:
            assert set(other[1]) == {IGNORED}
            without_target += 1
    counts = {"llama": (280, 643), "scratch": (22, 644)}[request.node.callspec.params["words"]]
    assert (without_target, without_eos) == counts


def test_the_loss_is_hugging_faces_and_the_step_no_mean_of_means(words: Any, examples: list[Example]) -> None:
    """Theirs divides each micro-batch of 4 by its own targets and takes the mean; a token in a short answer counts more."""
    network = dataclasses.replace(SMALL, initializer_range=0.3).network(words, seed=0)
    encoded = encode(words, examples[:16], 256, "truncate")
    tokens, counts = encoded.tokens, encoded.tokens.target_counts
    means, sums = [], []
    with torch.no_grad():
        for first in range(0, 16, 4):
            labelled = list(ours(words, examples[first : first + 4], 256).values())
            ids, labels = (
                torch.nn.utils.rnn.pad_sequence([torch.tensor(pair[part]) for pair in labelled], True, fill)
                for part, fill in ((0, 0), (1, IGNORED))
            )
            mask = torch.nn.utils.rnn.pad_sequence([torch.ones(len(pair[0])) for pair in labelled], True, 0)
            means.append(network(input_ids=ids, attention_mask=mask, labels=labels).loss.item())
        with packed(network):
            for first in range(0, 16, 4):
                loss = target_loss(network, collate(tokens, range(first, first + 4))).item()
                assert loss / counts[first : first + 4].sum() == pytest.approx(means[first // 4], rel=1e-5)
            sums = [target_loss(network, collate(tokens, row)).item() for row in pack(tokens.lengths, 1024)]
    weights = counts.reshape(4, 4).sum(1)
    step = sum(sums) / counts.sum()
    assert step == pytest.approx(np.average(means, weights=weights), rel=1e-6)
    assert step != pytest.approx(np.mean(means), rel=4e-6)
    assert weights.max() > 1.5 * weights.min()  # so much more does a token of the one weigh than of the other
