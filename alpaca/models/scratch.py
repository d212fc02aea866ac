"""A LLaMA small enough to be trained from nothing, with a SentencePiece tokenizer learned from the training text."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Interval
from pydantic import PositiveFloat, PositiveInt

from alpaca.files import write_whole
from alpaca.processes import SECONDS_BETWEEN_LOOKS, rank
from alpaca.prompts.alpaca import CHAT_TEMPLATE, PIECES

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Scratch:
    """The shape of the network; the fields are those of transformers' LlamaConfig.

    The tokenizer is LLaMA's kind (Touvron et al. 2023, section 2.1): BPE with byte fallback, numbers split into digits, no
    normalization. A line break is a token of its own, and so is each fixed text of the prompt templates, which makes the
    sequences half as long. A word is the same token at the start of a text as at the start of a line.
    """

    vocab_size: Annotated[int, Interval(ge=300)]
    hidden_size: PositiveInt
    intermediate_size: PositiveInt
    num_hidden_layers: PositiveInt
    num_attention_heads: PositiveInt
    head_dim: PositiveInt
    max_position_embeddings: PositiveInt
    initializer_range: PositiveFloat
    rope_theta: PositiveFloat
    tie_word_embeddings: bool

    def tokenizer(self, folder: Path, texts: Iterable[str]) -> PreTrainedTokenizerBase:
        """Learn the tokenizer from `texts`, or load it where `folder` already holds it."""
        from tokenizers import AddedToken
        from transformers import LlamaTokenizer

        if not folder.exists():
            write_whole(folder, lambda temporary: self._learn(temporary, texts))
        tokenizer: PreTrainedTokenizerBase = LlamaTokenizer.from_pretrained(
            folder, add_bos_token=True, add_prefix_space=False
        )
        tokenizer.add_tokens([AddedToken(piece, normalized=False) for piece in PIECES])
        tokenizer.chat_template = CHAT_TEMPLATE
        return tokenizer

    def settings(self) -> Mapping[str, Any]:
        return vars(self)

    def weights(self, folder: Path, tokenizer: PreTrainedTokenizerBase, seed: int) -> Path:
        """Write the random network that training starts from to `folder`/base, by the first of several processes."""
        from alpaca.models.weights import export

        base = folder / "base"
        if rank() == 0 and not base.is_dir():
            export(self.network(tokenizer, seed), tokenizer, base)
        while not base.is_dir():
            time.sleep(SECONDS_BETWEEN_LOOKS)
        return base

    def network(self, tokenizer: PreTrainedTokenizerBase, seed: int) -> PreTrainedModel:
        """Build the network with random weights drawn from `seed`."""
        import torch
        from transformers import LlamaConfig, LlamaForCausalLM

        config = LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=self.hidden_size,
            intermediate_size=self.intermediate_size,
            num_hidden_layers=self.num_hidden_layers,
            num_attention_heads=self.num_attention_heads,
            head_dim=self.head_dim,
            max_position_embeddings=self.max_position_embeddings,
            initializer_range=self.initializer_range,
            rope_parameters={"rope_type": "default", "rope_theta": self.rope_theta},
            tie_word_embeddings=self.tie_word_embeddings,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network: PreTrainedModel = LlamaForCausalLM(config)
        return network

    def _learn(self, folder: Path, texts: Iterable[str]) -> None:
        from sentencepiece import SentencePieceTrainer

        folder.mkdir(parents=True)
        SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
            model_prefix=str(folder / "tokenizer"),
            model_type="bpe",
            vocab_size=self.vocab_size,
            hard_vocab_limit=False,  # a small file has fewer pieces to give
            byte_fallback=True,
            split_digits=True,
            allow_whitespace_only_pieces=True,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            add_dummy_prefix=False,
            user_defined_symbols=["\n"],
            character_coverage=0.9999,
            max_sentence_length=1 << 20,
            num_threads=1,  # the pieces depend on the number of threads
            minloglevel=2,
        )
