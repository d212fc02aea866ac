from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from small import EXAMPLES, SMALL, texts, tokenizer
from transformers import GenerationConfig, MistralConfig, MistralForCausalLM, PreTrainedModel

from alpaca.llms.decoding import Decoder

TOKENS = 21
ENDS = [2, *range(5, 500, 16)]  # so that some rows end at once and some never


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> list[list[int]]:
    """Prompts of 1 to some hundred tokens, so that many begin apart and are joined."""
    words = tokenizer(tmp_path_factory.mktemp("words"))
    whole = words(texts())["input_ids"]
    return [ids[: 1 + 7 * cut] for cut in range(3) for ids in whole] + whole


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedModel:
    shape = replace(SMALL, tie_word_embeddings=False, initializer_range=0.3)  # so that what it says varies
    return shape.network(tokenizer(tmp_path_factory.mktemp("words")), seed=1).eval()


def greedy() -> GenerationConfig:
    return GenerationConfig(max_new_tokens=TOKENS, eos_token_id=ENDS, pad_token_id=2, do_sample=False)


def alone(network: PreTrainedModel, prompt: Sequence[int]) -> list[int]:
    with torch.inference_mode():
        made = network.generate(torch.tensor([prompt]), generation_config=greedy())
    return made[0, len(prompt) :].tolist()


@pytest.mark.parametrize("at_once", [1, 4, 64])
def test_rows_that_leave_and_join_are_completed_as_each_alone(
    network: PreTrainedModel, prompts: list[list[int]], at_once: int
) -> None:
    with torch.inference_mode():
        made = dict(Decoder(network, greedy(), at_once).complete(prompts))
    assert made == {number: alone(network, prompt) for number, prompt in enumerate(prompts)}
    assert len({len(tokens) for tokens in made.values()}) > 5
    assert max(map(len, made.values())) == TOKENS


def test_a_network_whose_cache_has_a_window_is_completed_as_each_alone(prompts: list[list[int]]) -> None:
    config = MistralConfig(
        vocab_size=600, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, sliding_window=8, initializer_range=0.2,
    )  # fmt: skip
    torch.manual_seed(0)
    network = MistralForCausalLM(config).eval()
    decoder = Decoder(network, greedy(), 4)
    assert not decoder.can_join
    with torch.inference_mode():
        made = dict(decoder.complete(prompts[:9]))
    assert made == {number: alone(network, prompt) for number, prompt in enumerate(prompts[:9])}


def test_samples_are_the_same_for_the_same_seed(network: PreTrainedModel, prompts: list[list[int]]) -> None:
    config = GenerationConfig(max_new_tokens=TOKENS, eos_token_id=ENDS, pad_token_id=2, do_sample=True, temperature=1.0)

    def sampled(seed: int) -> dict[int, list[int]]:
        torch.manual_seed(seed)
        with torch.inference_mode():
            return dict(Decoder(network, config, 4).complete(prompts[: len(EXAMPLES)]))

    assert sampled(0) == sampled(0) != sampled(1)


def test_nothing_is_completed_of_nothing(network: PreTrainedModel) -> None:
    assert list(Decoder(network, greedy(), 4).complete([])) == []
