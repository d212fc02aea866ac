from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from small import EXAMPLES, SMALL, texts, tokenizer

from alpaca.errors import UserError
from alpaca.llms.huggingface import HuggingFace
from alpaca.llms.ledger import Book
from alpaca.llms.request import Reply, Request
from alpaca.models.weights import export
from alpaca.prompts.alpaca import prompt


@pytest.fixture
def model(tmp_path: Path) -> Path:
    words = tokenizer(tmp_path)
    export(SMALL.network(words, seed=0), words, tmp_path / "model")
    return tmp_path / "model"


def test_a_batch_is_completed_like_each_prompt_alone(model: Path, tmp_path: Path) -> None:
    prompts = [prompt(example.instruction, example.input) for example in EXAMPLES]
    requests = [Request(number, text) for number, text in enumerate(prompts)]
    together, alone = (
        [
            reply.text
            for reply in ask(HuggingFace(model, size, max_new_tokens=8, temperature=0, top_p=1), tmp_path, requests)
        ]
        for size in (4, 1)
    )
    assert together == alone
    assert len(together) == len(EXAMPLES)


def test_perplexity_is_that_of_hugging_faces_loss(model: Path, tmp_path: Path) -> None:
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
    assert ask(llm, tmp_path, [Request(0, "x")])  # and the network is as it was


def ask(llm: HuggingFace, path: Path, requests: list[Request]) -> list[Reply]:
    with Book(path / "ledger.jsonl", 0.0) as book:
        return list(llm.replies(requests, book))


def test_replies_are_the_completions_and_cost_nothing(model: Path, tmp_path: Path) -> None:
    llm = HuggingFace(model, batch_size=3, max_new_tokens=8, temperature=0, top_p=1)
    prompts = [prompt(example.instruction, example.input) for example in EXAMPLES]
    replies = ask(llm, tmp_path, [Request(number, text) for number, text in enumerate(prompts)])
    assert all(reply.text for reply in replies)
    assert all(reply.usd == 0 and 0 < reply.completion_tokens <= 8 and reply.prompt_tokens for reply in replies)
    assert all((reply.completion_tokens == 8) >= (reply.finish == "length") for reply in replies)


def test_samples_are_the_same_again_after_a_kill_and_not_those_of_other_settings(model: Path, tmp_path: Path) -> None:
    requests = [Request(number, "Tell me") for number in range(6)]
    llm = HuggingFace(model, batch_size=3, max_new_tokens=8, temperature=1.0, top_p=1)
    first = ask(llm, tmp_path / "a", requests)
    assert len({reply.text for reply in first}) > 1
    with Book(tmp_path / "b" / "ledger.jsonl", None) as book:
        book.store([first[1]])  # all that a kill has left of the first batch
    assert ask(llm, tmp_path / "b", requests) == first
    other = HuggingFace(model, batch_size=3, max_new_tokens=8, temperature=2.0, top_p=1)
    assert ask(other, tmp_path / "a", requests) != first


def test_no_json_by_schema(model: Path, tmp_path: Path) -> None:
    llm = HuggingFace(model, batch_size=3, max_new_tokens=8, temperature=0, top_p=1)
    with pytest.raises(UserError, match=r"generator\.format=text llm=huggingface_writer"):
        ask(llm, tmp_path, [Request(0, "x", {"type": "object"})])


def test_a_prompt_and_its_reply_must_fit_into_the_positions(model: Path, tmp_path: Path) -> None:
    llm = HuggingFace(model, batch_size=3, max_new_tokens=500, temperature=0, top_p=1)
    with pytest.raises(UserError, match=r"llm\.max_new_tokens=500 are more than the 512 positions"):
        ask(llm, tmp_path, [Request(0, "Tell me something about the old stone bridge, please.")])


def test_ends_that_the_model_names_end_a_reply_too(model: Path, tmp_path: Path) -> None:
    llm = HuggingFace(model, batch_size=3, max_new_tokens=8, temperature=0, top_p=1)
    (long,) = ask(llm, tmp_path / "a", [Request(0, "Tell me")])
    second = llm.tokenizer(long.text, add_special_tokens=False)["input_ids"]
    settings = model / "generation_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text("utf-8")) | {"eos_token_id": second}), "utf-8")
    again = HuggingFace(model, batch_size=3, max_new_tokens=8, temperature=0, top_p=1)
    (short,) = ask(again, tmp_path / "b", [Request(0, "Tell me")])
    assert (long.finish, short.finish, short.completion_tokens) == ("length", "stop", 1)
