from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from small import EXAMPLES, SMALL, texts, tokenizer

from alpaca.llms.huggingface import HuggingFace
from alpaca.models.weights import export
from alpaca.prompts.alpaca import prompt


@pytest.fixture
def model(tmp_path: Path) -> Path:
    words = tokenizer(tmp_path)
    export(SMALL.network(words, seed=0), words, tmp_path / "model")
    return tmp_path / "model"


def test_a_batch_is_completed_like_each_prompt_alone(model: Path) -> None:
    prompts = [prompt(example.instruction, example.input) for example in EXAMPLES]
    together = HuggingFace(model, batch_size=4, max_new_tokens=8, temperature=0, top_p=1).complete(prompts)
    alone = HuggingFace(model, batch_size=1, max_new_tokens=8, temperature=0, top_p=1).complete(prompts)
    assert together == alone
    assert len(together) == len(EXAMPLES)


def test_perplexity_is_that_of_hugging_faces_loss(model: Path) -> None:
    llm = HuggingFace(model, batch_size=4, max_new_tokens=8, temperature=0, top_p=1)
    total = count = 0.0
    for text, example in zip(texts(), EXAMPLES, strict=True):
        ids = llm.tokenizer(text + llm.tokenizer.eos_token, return_tensors="pt")["input_ids"]
        answer = len(llm.tokenizer(prompt(example.instruction, example.input))["input_ids"])
        labels = ids.clone()
        labels[0, :answer] = -100
        with torch.inference_mode():
            total += llm.network(input_ids=ids, labels=labels).loss.item() * (labels != -100).sum().item()
        count += (labels != -100).sum().item()
    assert llm.perplexity(EXAMPLES) == pytest.approx(math.exp(total / count), rel=1e-4)
    assert llm.complete(["x"])  # and the network is as it was
