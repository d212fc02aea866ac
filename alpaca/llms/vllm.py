"""vLLM's engine in this process: batches of any size at the speed of the GPU. Needs the extra `vllm`."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from alpaca.errors import UserError
from alpaca.llms.order import Named, in_batches, stored
from alpaca.llms.price import FREE, forecast
from alpaca.llms.request import Forecast, Ledger, Reply, Request
from alpaca.llms.wire import messages
from alpaca.schema import ModelPath

if TYPE_CHECKING:
    from vllm import LLM, RequestOutput, SamplingParams


class VLLM:
    """The model in the folder, or of the hub id, `path`; loaded on first use, on `gpus` GPUs.

    Each request has a seed of its own, made of its identity, so that a sample does not depend on what else is in the batch.
    """

    def __init__(
        self,
        path: ModelPath,
        gpus: PositiveInt,
        max_model_len: PositiveInt | None,
        batch_size: PositiveInt,
        max_tokens: PositiveInt,
        temperature: NonNegativeFloat,
        top_p: PositiveFloat,
        stop: list[str],
    ) -> None:
        self.path, self.gpus, self.max_model_len, self.batch_size = path, gpus, max_model_len, batch_size
        self.max_tokens, self.temperature, self.top_p, self.stop = max_tokens, temperature, top_p, stop

    @property
    def settings(self) -> Mapping[str, Any]:
        sampling = {"max_tokens": self.max_tokens, "temperature": self.temperature, "top_p": self.top_p}
        return {"model": self.path, "stop": self.stop} | sampling

    def adjusted(self, temperature: float | None, max_tokens: int, likely: int) -> VLLM:
        if likely:
            raise UserError("llm=vllm tells no probabilities of tokens; serve the model, and give llm=openai")
        other = copy(self)
        other.max_tokens = min(max_tokens, self.max_tokens)
        other.temperature = self.temperature if temperature is None else temperature
        return other

    def precheck(self) -> None:
        if importlib.util.find_spec("vllm") is None:
            raise UserError("llm=vllm needs vLLM: pip install 'alpaca-framework[vllm]'")

    def replies(self, requests: Iterable[Request | None], ledger: Ledger) -> Iterator[Reply]:
        """Yield replies, which cost nothing. Raises UserError where vLLM is not installed."""
        return in_batches(requests, self.settings, self.batch_size, ledger, self._answer)

    def forecast(self, like: Sequence[Request], count: int, ledger: Ledger) -> Forecast:
        replies = stored(like, self.settings, ledger)
        return forecast(like, replies, count, FREE, self.max_tokens, self.batch_size)

    @cached_property
    def engine(self) -> LLM:
        self.precheck()
        from vllm import LLM

        return LLM(model=self.path, tensor_parallel_size=self.gpus, max_model_len=self.max_model_len, seed=0)

    def _answer(self, batch: Sequence[Named]) -> list[Reply]:
        """Complete texts and chats, each kind together; the replies are in no order."""
        made: list[tuple[str, RequestOutput]] = []
        texts = [named for named in batch if isinstance(named[0].prompt, str)]
        chats = [named for named in batch if not isinstance(named[0].prompt, str)]
        if texts:
            outputs = self.engine.generate(
                [request.prompt for request, _ in texts], self._sampling(texts), use_tqdm=False
            )
            made += zip((name for _, name in texts), outputs, strict=True)
        if chats:
            outputs = self.engine.chat(
                [messages(request) for request, _ in chats], self._sampling(chats), use_tqdm=False
            )
            made += zip((name for _, name in chats), outputs, strict=True)
        return [self._reply(name, output) for name, output in made]

    def _sampling(self, batch: Sequence[Named]) -> list[SamplingParams]:
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        return [
            SamplingParams(
                max_tokens=self.max_tokens,
                temperature=self.temperature,
                top_p=self.top_p,
                stop=self.stop or None,
                seed=int(name[:8], 16),
                structured_outputs=StructuredOutputsParams(json=dict(request.schema)) if request.schema else None,
            )
            for request, name in batch
        ]

    def _reply(self, name: str, output: RequestOutput) -> Reply:
        completion = output.outputs[0]
        finish: Any = "length" if completion.finish_reason == "length" else "stop"
        prompt_tokens, tokens = len(output.prompt_token_ids or ()), len(completion.token_ids)
        return Reply(name, completion.text, finish, self.path, prompt_tokens, tokens, 0.0)
