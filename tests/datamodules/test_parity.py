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
from small import SMALL

from alpaca.datamodules.encoding import encode
from alpaca.datamodules.tokens import IGNORED, collate, pack
from alpaca.modules.attention import packed
from alpaca.modules.sft import target_loss
from alpaca.prompts.alpaca import prompt
from alpaca.records import Example, read

pytestmark = pytest.mark.real_data
Labelled = tuple[list[int], list[int]]


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    from conftest import REAL_DATA

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


def test_ids_and_labels_are_theirs(words: Any, examples: list[Example]) -> None:
    mine = ours(words, examples, 4096)
    assert len(mine) == len(examples) == 999
    same = [mine[index] == theirs(words, example, 4096) for index, example in enumerate(examples)]
    print(len(same) - sum(same), [i for i, s in enumerate(same) if not s][:5])
    assert all(same)


def test_what_is_cut_is_cut_alike_and_without_target_left_out(words: Any, examples: list[Example]) -> None:
    mine = ours(words, examples, 100)
    kept = without_target = without_eos = 0
    for index, example in enumerate(examples):
        ids, labels = theirs(words, example, 100)
        if index in mine:
            assert mine[index] == (ids, labels)
            kept += 1
            without_eos += ids[-1] != words.eos_token_id
        else:  # theirs count in the step's examples and have no loss
            assert set(labels) == {IGNORED}
            without_target += 1
    print(kept, without_target, without_eos)
