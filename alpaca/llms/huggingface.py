"""A local Hugging Face model that completes prompts in batches."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from alpaca.errors import UserError
from alpaca.files import sha256
from alpaca.llms.order import Named, in_batches, stored
from alpaca.llms.price import FREE, forecast
from alpaca.llms.request import Forecast, Ledger, Reply, Request
from alpaca.llms.wire import messages
from alpaca.log import quieten_libraries
from alpaca.records import Example
from alpaca.schema import InputPath

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

STORED_AT_ONCE: Final = 4  # batches whose replies are stored together, so that the places of rows that end are filled


class HuggingFace:
    """The model, or the adapter of one, in the folder `path`, loaded on first use.

    With `temperature` 0 it takes the likeliest token, else it samples, the same in every run of the same `batch_size`.
    """

    def __init__(
        self,
        path: InputPath,
        batch_size: PositiveInt,
        max_new_tokens: PositiveInt,
        temperature: NonNegativeFloat,
        top_p: PositiveFloat,
    ) -> None:
        if not any((path / name).is_file() for name in ("config.json", "adapter_config.json")):
            raise UserError(f"{path} is no model folder of Hugging Face's; it has no config.json")
        self.path, self.batch_size, self.max_new_tokens = path, batch_size, max_new_tokens
        self.temperature, self.top_p = temperature, top_p

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """What a reply depends on; the model is named by the hash of its files."""
        sampling = {"max_tokens": self.max_new_tokens, "temperature": self.temperature, "top_p": self.top_p}
        return {"model": f"{self.path.name}-{sha256(self.path)[:12]}", "batch_size": self.batch_size} | sampling

    def adjusted(self, temperature: float | None, max_tokens: int, likely: int) -> HuggingFace:
        if likely:
            raise UserError("llm=huggingface tells no probabilities of tokens; serve the model, and give llm=openai")
        tokens = min(max_tokens, self.max_new_tokens)
        temperature = self.temperature if temperature is None else temperature
        return HuggingFace(self.path, self.batch_size, tokens, temperature, self.top_p)

    def replies(self, requests: Iterable[Request | None], ledger: Ledger) -> Iterator[Reply]:
        """Yield replies, which cost nothing. Raises UserError for a request with a JSON schema."""
        size = STORED_AT_ONCE * self.batch_size
        return in_batches(requests, self.settings, size, ledger, self._answer, at_once=self.batch_size)

    def forecast(self, like: Sequence[Request], count: int, ledger: Ledger) -> Forecast:
        replies = stored(like, self.settings, ledger)
        return forecast(like, replies, count, FREE, self.max_new_tokens, self.batch_size)

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

    def _answer(self, batch: Sequence[Named]) -> list[Reply]:
        import torch

        completions: list[_Completion] = []
        with torch.random.fork_rng():
            torch.manual_seed(int(batch[0][1][:15], 16))  # of the first request, so a batch is sampled the same again
            completions = self._generate([request for request, _ in batch])
        return [
            Reply(name, made.text, made.finish, str(self.settings["model"]), made.prompt_tokens, made.tokens, 0.0)
            for (_, name), made in zip(batch, completions, strict=True)
        ]

    def _text(self, request: Request) -> str:
        if request.schema:
            raise UserError(
                "llm=huggingface writes no JSON by a schema; give generator.format=text llm=huggingface_writer, or llm=vllm"
            )
        if isinstance(request.prompt, str):
            return request.prompt
        if not self.tokenizer.chat_template:
            raise UserError(f"the tokenizer of {self.path} has no chat template; take generator.format=text")
        return str(self.tokenizer.apply_chat_template(messages(request), tokenize=False, add_generation_prompt=True))

    def _generate(self, requests: Sequence[Request]) -> list[_Completion]:
        import torch

        from alpaca.llms.decoding import Decoder

        given: list[list[int]] = self.tokenizer([self._text(request) for request in requests])["input_ids"]
        self._check(
            max((len(ids) for ids, request in zip(given, requests, strict=True) if not request.task), default=0)
        )
        with torch.inference_mode():
            made = dict(Decoder(self.network, self._config(), self.batch_size).complete(given))
        return [self._completion(len(before), made[number]) for number, before in enumerate(given)]

    def _check(self, longest: int) -> None:
        """Raise UserError where the model has no positions for a prompt so long and its reply; tasks of a set are as they are."""
        positions = getattr(self.network.config, "max_position_embeddings", None)
        if positions and longest and longest + self.max_new_tokens > positions:
            raise UserError(
                f"a prompt of {longest} tokens and llm.max_new_tokens={self.max_new_tokens} are more than the {positions} "
                f"positions of {self.path}; lower llm.max_new_tokens, or what the prompt shows (generator.seeds_in_context)"
            )

    def _completion(self, prompt_tokens: int, made: list[int]) -> _Completion:
        text = str(self.tokenizer.decode(made, skip_special_tokens=True))
        return _Completion(text, "stop" if made[-1] in self.ends else "length", prompt_tokens, len(made))

    @cached_property
    def ends(self) -> list[int]:
        """The tokens that end a reply: the tokenizer's, and those that the model itself names, as chat models do."""
        named = self.network.generation_config.eos_token_id
        others = named if isinstance(named, list) else [named] if isinstance(named, int) else []
        return list(dict.fromkeys([self.tokenizer.eos_token_id, *others]))

    def _config(self) -> GenerationConfig:
        from transformers import GenerationConfig

        sampling = {"do_sample": True, "temperature": self.temperature, "top_p": self.top_p, "top_k": 0}
        return GenerationConfig(
            max_new_tokens=self.max_new_tokens,
            eos_token_id=self.ends,
            pad_token_id=self.tokenizer.pad_token_id,
            **(sampling if self.temperature else {"do_sample": False}),
        )


@dataclass(frozen=True)
class _Completion:
    text: str
    finish: Literal["stop", "length"]
    prompt_tokens: int
    tokens: int
