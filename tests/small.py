"""A network and a tokenizer that tests can afford."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from alpaca.models.scratch import Scratch
from alpaca.prompts.alpaca import prompt
from alpaca.records import Example

REAL_DATA = Path(__file__).parent.parent.parent / "shared" / "data"
SMALL = Scratch(
    vocab_size=512,
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    head_dim=8,
    max_position_embeddings=512,
    initializer_range=0.08,
    rope_theta=10000.0,
    tie_word_embeddings=True,
)

EXAMPLES = [
    Example("Reverse the list.", "one\ntwo\nthree", "three\ntwo\none"),
    Example("Say hello to Zoë 🦙.", "", "Hello Zoë 🦙!"),
    Example("Write 12 in words.", "", "twelve"),
    Example("Copy the text.", " leading space and\ttab", " leading space and\ttab"),
    Example("Name a colour.", "", "red"),
    Example("Sort the numbers.", "31\n12\n25", "12\n25\n31"),
    Example(
        "Explain in three lines why a short list of examples is not enough.",
        "",
        "It is short.\nIt is narrow.\nIt ends.",
    ),
]


def texts(examples: Sequence[Example] = EXAMPLES) -> list[str]:
    return [prompt(example.instruction, example.input) + example.output for example in examples]


def tokenizer(folder: Path):  # type: ignore[no-untyped-def]
    parts = [part for example in EXAMPLES for part in example.alpaca().values() if part]
    return SMALL.tokenizer(folder / "tokenizer", parts * 3)
