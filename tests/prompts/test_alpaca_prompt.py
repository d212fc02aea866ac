from __future__ import annotations

from alpaca.prompts.alpaca import prompt


def test_with_input_is_exact_to_the_byte() -> None:
    assert prompt("Add the numbers.", "1 {instruction} 2") == (
        "Below is an instruction that describes a task, paired with an input that provides further context. Write a "
        "response that appropriately completes the request.\n\n### Instruction:\nAdd the numbers.\n\n### Input:\n"
        "1 {instruction} 2\n\n### Response:"
    )


def test_without_input_is_exact_to_the_byte() -> None:
    assert prompt("Say {input}.", "") == (
        "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
        "### Instruction:\nSay {input}.\n\n### Response:"
    )
