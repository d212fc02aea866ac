from __future__ import annotations

from pathlib import Path

import sentencepiece
import torch
from small import EXAMPLES, SMALL, texts, tokenizer

from alpaca.prompts.alpaca import PIECES


def test_the_tokenizer_is_llamas_kind(tmp_path: Path) -> None:
    words = tokenizer(tmp_path)
    assert words.tokenize("12 31")[-2:] == ["3", "1"]
    assert words.tokenize("ツ")[-3:] == ["<0xE3>", "<0x83>", "<0x84>"]
    assert words("a")["input_ids"][0] == words.bos_token_id
    assert words.pad_token is None


def test_it_divides_text_as_sentencepiece_does(tmp_path: Path) -> None:
    words = tokenizer(tmp_path)
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "tokenizer" / "tokenizer.model"))
    for example in EXAMPLES:
        for text in (example.instruction, example.input, example.output):
            assert words(text, add_special_tokens=False)["input_ids"] == pieces.encode(text)


def test_every_text_comes_back(tmp_path: Path) -> None:
    words = tokenizer(tmp_path)
    for text in [*texts(), "  two  spaces \n\n\t and ツ", *PIECES]:
        assert words.decode(words(text, add_special_tokens=False)["input_ids"]) == text


def test_the_fixed_texts_of_the_templates_are_tokens(tmp_path: Path) -> None:
    words = tokenizer(tmp_path)
    assert all(len(words(piece, add_special_tokens=False)["input_ids"]) == 1 for piece in PIECES)


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    words = tokenizer(tmp_path)
    one, same, other = (SMALL.network(words, seed) for seed in (0, 0, 1))
    pairs = zip(one.parameters(), same.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not torch.equal(one.lm_head.weight, other.lm_head.weight)
