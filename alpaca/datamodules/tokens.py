"""Examples to token ids with a loss mask, and documents to a micro-batch.

Shapes: `T` tokens of a micro-batch, `N` documents in it, `K` target tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from alpaca.errors import UserError
from alpaca.files import write_whole
from alpaca.prompts.alpaca import prompt
from alpaca.records import Example

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LongExamples = Literal["truncate", "drop"]
MicroBatch = dict[str, torch.Tensor]
Indices = Sequence[int] | np.ndarray


@dataclass(frozen=True)
class Tokens:
    """Token ids of all examples end to end, where each ends, and where in each the targets begin."""

    ids: np.ndarray  # (sum of lengths,) int32
    ends: np.ndarray  # (examples,) int64
    target_starts: np.ndarray  # (examples,) int64, from the example's first token

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.ends, prepend=0)

    def example(self, index: int) -> np.ndarray:
        return self.ids[self.ends[index - 1] if index else 0 : self.ends[index]]

    def targets(self, indices: Indices) -> int:
        """Count the target tokens of some examples."""
        return int((self.lengths[indices] - self.target_starts[indices]).sum())

    def save(self, path: Path) -> None:
        def write(temporary: Path) -> None:
            with temporary.open("wb") as file:
                np.savez(file, ids=self.ids, ends=self.ends, target_starts=self.target_starts)

        write_whole(path, write)

    @classmethod
    def load(cls, path: Path) -> Tokens:
        with np.load(path) as arrays:
            return cls(arrays["ids"], arrays["ends"], arrays["target_starts"])


@dataclass(frozen=True)
class Encoded:
    """What tokenizing made of the examples, and what it could not use."""

    tokens: Tokens
    truncated: int
    too_long: int
    without_target: int


def encode(
    tokenizer: PreTrainedTokenizerBase, examples: Sequence[Example], max_length: int, long_examples: LongExamples
) -> Encoded:
    """Tokenize prompt + output + EOS, with the output and EOS as targets.

    The boundary is found in the tokens of the whole text: the first token that holds a character of the output is the
    first target. Examples longer than `max_length` tokens are cut at the end (losing EOS) or dropped; one whose targets
    are all cut, or whose output is empty, is dropped too.
    """
    if tokenizer.eos_token_id is None:
        raise UserError("the tokenizer has no EOS token, so a model could not learn where to stop")
    rows: list[tuple[list[int], int]] = []
    truncated = too_long = without_target = 0
    for ids, start in _whole(tokenizer, examples):
        if len(ids) > max_length and long_examples == "drop":
            too_long += 1
        elif start >= min(len(ids) - 1, max_length):
            without_target += 1
        else:
            truncated += len(ids) > max_length
            rows.append((ids[:max_length], start))
    lengths = [len(ids) for ids, _ in rows]
    tokens = Tokens(
        np.fromiter((token for ids, _ in rows for token in ids), np.int32, sum(lengths)),
        np.cumsum(lengths, dtype=np.int64),
        np.array([start for _, start in rows], np.int64),
    )
    return Encoded(tokens, truncated, too_long, without_target)


def _whole(tokenizer: PreTrainedTokenizerBase, examples: Sequence[Example]) -> list[tuple[list[int], int]]:
    """Return each example's ids with EOS at the end, and the index of its first target."""
    prompts = [prompt(example.instruction, example.input) for example in examples]
    texts = [text + example.output for text, example in zip(prompts, examples, strict=True)]
    batch = tokenizer(texts, return_offsets_mapping=True, return_attention_mask=False, verbose=False)
    rows = []
    for ids, offsets, text in zip(batch["input_ids"], batch["offset_mapping"], prompts, strict=True):
        if ids[-1] == tokenizer.eos_token_id:  # some tokenizers add it themselves
            ids, offsets = ids[:-1], offsets[:-1]
        start = next((i for i, (_, end) in enumerate(offsets) if end > len(text)), len(ids))
        rows.append(([*ids, tokenizer.eos_token_id], start))
    return rows


def collate(tokens: Tokens, members: Indices) -> MicroBatch:
    """Lay documents end to end; positions restart with each, and nothing is padded."""
    documents = [tokens.example(index) for index in members]
    lengths = np.array([len(document) for document in documents])
    begins = np.cumsum(lengths) - lengths
    predicted = np.concatenate(
        [np.arange(b + s, b + n) for b, s, n in zip(begins, tokens.target_starts[list(members)], lengths, strict=True)]
    )
    ids = torch.from_numpy(np.concatenate(documents).astype(np.int64))
    return {
        "input_ids": ids[None],  # (1, T)
        "position_ids": torch.from_numpy(np.concatenate([np.arange(n) for n in lengths]))[None],  # (1, T)
        "document_lengths": torch.from_numpy(lengths),  # (N,)
        "predicting": torch.from_numpy(predicted - 1),  # (K,) the positions whose next token is a target
        "targets": ids[predicted],  # (K,)
    }
