"""Alpaca's two fine-tuning templates, exact to the byte (stanford_alpaca, train.py, PROMPT_DICT)."""

from __future__ import annotations

from typing import Final

WITH_INPUT: Final = (
    "Below is an instruction that describes a task, paired with an input that provides further context. "
    "Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:"
)
WITHOUT_INPUT: Final = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n{instruction}\n\n### Response:"
)

PIECES: Final = (
    WITH_INPUT.split("{instruction}")[0],
    WITHOUT_INPUT.split("{instruction}")[0],
    *(f"\n\n### {heading}" for heading in ("Input:\n", "Response:")),
)
"""The fixed texts of both templates; a tokenizer made for them can have a token for each."""

CHAT_TEMPLATE: Final = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
    + WITHOUT_INPUT.replace("{instruction}", "{{ message['content'] }}")
    + "{% elif message['role'] == 'assistant' %}{{ message['content'] }}{{ eos_token }}"
    + "{% else %}{{ raise_exception('only the roles user and assistant are known to this template') }}"
    + "{% endif %}{% endfor %}"
)
"""The template without input as a Jinja chat template, for `tokenizer.apply_chat_template`."""


def prompt(instruction: str, input: str) -> str:
    """Render the text that a model is to complete; an empty input takes the shorter template."""
    template = WITH_INPUT if input else WITHOUT_INPUT
    before, after = template.split("{instruction}")
    return before + instruction + after.replace("{input}", input)
