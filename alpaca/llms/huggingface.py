"""A local Hugging Face model that completes prompts in batches, greedily."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import PositiveInt

from alpaca.errors import UserError
from alpaca.log import quieten_libraries
from alpaca.records import Example
from alpaca.schema import InputPath

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class HuggingFace:
    """The model, or the adapter of one, in the folder `path`, loaded on first use."""

    def __init__(self, path: InputPath, batch_size: PositiveInt, max_new_tokens: PositiveInt) -> None:
        if not any((path / name).is_file() for name in ("config.json", "adapter_config.json")):
            raise UserError(f"{path} is no model folder of Hugging Face's; it has no config.json")
        self.path, self.batch_size, self.max_new_tokens = path, batch_size, max_new_tokens

    def complete(self, prompts: Sequence[str]) -> list[str]:
        """Return the completion of each prompt, up to EOS or `max_new_tokens` tokens."""
        order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
        replies: dict[int, str] = {}
        for first in range(0, len(order), self.batch_size):
            batch = order[first : first + self.batch_size]
            replies |= zip(batch, self._complete([prompts[index] for index in batch]), strict=True)
        return [replies[index] for index in range(len(prompts))]

    def perplexity(self, examples: Sequence[Example]) -> float:
        """Return exp of the mean loss over the tokens of output + EOS, prompts given."""
        import torch

        from alpaca.datamodules.encoding import encode
        from alpaca.datamodules.packing import pack
        from alpaca.datamodules.tokens import collate
        from alpaca.modules.attention import packed
        from alpaca.modules.loss import target_loss

        longest = self.network.config.max_position_embeddings
        tokens = encode(self.tokenizer, examples, longest, "truncate").tokens
        with torch.inference_mode(), packed(self.network):
            batches = (collate(tokens, members) for members in pack(tokens.lengths, max(8192, longest)))
            on_device = ({name: part.to(self.network.device) for name, part in batch.items()} for batch in batches)
            total = sum(target_loss(self.network, batch).item() for batch in on_device)
        return math.exp(total / tokens.target_counts.sum())

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        from transformers import AutoTokenizer

        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(self.path, padding_side="left")
        tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token  # masked, so it is never seen
        return tokenizer

    @cached_property
    def network(self) -> PreTrainedModel:
        import torch
        from transformers import AutoModelForCausalLM

        quieten_libraries()
        network: PreTrainedModel
        if (self.path / "config.json").is_file():
            network = AutoModelForCausalLM.from_pretrained(self.path, dtype="auto")
        else:
            from alpaca.modules.lora import merged

            network = merged(self.path)
        network.to(torch.device("cuda" if torch.cuda.is_available() else "cpu"))  # type: ignore[arg-type]
        network.eval()
        return network

    def _complete(self, prompts: list[str]) -> list[str]:
        import torch
        from transformers import GenerationConfig

        batch = self.tokenizer(prompts, return_tensors="pt", padding=True).to(self.network.device)
        greedy = GenerationConfig(
            max_new_tokens=self.max_new_tokens,
            do_sample=False,
            eos_token_id=self.tokenizer.eos_token_id,
            pad_token_id=self.tokenizer.pad_token_id,
        )
        with torch.inference_mode():
            ids = self.network.generate(  # type: ignore[operator]
                batch["input_ids"], attention_mask=batch["attention_mask"], generation_config=greedy
            )
        new = ids[:, batch["input_ids"].shape[1] :]
        replies: list[str] = self.tokenizer.batch_decode(new, skip_special_tokens=True)
        return replies
