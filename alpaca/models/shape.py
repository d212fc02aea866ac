"""The sizes of a network of LLaMA's kind, as its config.json names them, and how many parameters they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import PositiveInt

from alpaca.errors import UserError

WITH_BIAS = ("qwen2",)  # whose projections to queries, keys and values have one, and their config.json does not say so
WITH_HEAD_NORMS = ("qwen3",)  # of each head's query and key
LIKE_LLAMA = ("llama", "mistral", *WITH_BIAS, *WITH_HEAD_NORMS)


@dataclass(frozen=True)
class Shape:
    """`num_key_value_heads` is that of all heads, and `head_dim` what is left for each, where they are not given."""

    vocab_size: PositiveInt
    hidden_size: PositiveInt
    intermediate_size: PositiveInt
    num_hidden_layers: PositiveInt
    num_attention_heads: PositiveInt
    num_key_value_heads: PositiveInt | None = None
    head_dim: PositiveInt | None = None
    tie_word_embeddings: bool = False
    attention_bias: bool = False
    model_type: str = "llama"

    @classmethod
    def of(cls, settings: Mapping[str, Any], where: str) -> Shape:
        """Take what a shape is of from more settings than these; raises UserError where a size is missing."""
        given = {name: settings[name] for name in cls.__dataclass_fields__ if settings.get(name) is not None}
        try:
            return cls(**given)
        except TypeError as problem:
            missing = ", ".join(name for name in list(cls.__dataclass_fields__)[:5] if name not in given)
            raise UserError(f"{where} does not tell {missing}, so nothing can be planned with it") from problem

    @property
    def head_width(self) -> int:
        return self.head_dim or self.hidden_size // self.num_attention_heads

    @property
    def queries(self) -> int:
        """Return the width of all heads' queries together."""
        return self.num_attention_heads * self.head_width

    @property
    def keys(self) -> int:
        """Return the width of all heads' keys together, the same as of their values."""
        return (self.num_key_value_heads or self.num_attention_heads) * self.head_width

    @property
    def matrices(self) -> dict[str, tuple[int, int]]:
        """Return the widths into and out of each linear layer of a decoder layer."""
        width, inner = self.hidden_size, self.intermediate_size
        return {
            "q_proj": (width, self.queries),
            "k_proj": (width, self.keys),
            "v_proj": (width, self.keys),
            "o_proj": (self.queries, width),
            "gate_proj": (width, inner),
            "up_proj": (width, inner),
            "down_proj": (inner, width),
        }

    @property
    def layer(self) -> int:
        """Count the parameters of a decoder layer."""
        attention = 2 * self.hidden_size * (self.queries + self.keys)
        extra = self.queries + 2 * self.keys if self.attention_bias or self.model_type in WITH_BIAS else 0
        extra += self.hidden_size if self.attention_bias else 0
        extra += 2 * self.head_width if self.model_type in WITH_HEAD_NORMS else 0
        return attention + 3 * self.hidden_size * self.intermediate_size + 2 * self.hidden_size + extra

    @property
    def vocabulary(self) -> int:
        """Count the parameters of the embedding, which is those of the language-model head too."""
        return self.vocab_size * self.hidden_size

    @property
    def outside(self) -> int:
        """Count the parameters of no layer: embedding, language-model head, last norm."""
        return self.vocabulary * (1 if self.tie_word_embeddings else 2) + self.hidden_size

    @property
    def parameters(self) -> int:
        return self.num_hidden_layers * self.layer + self.outside
