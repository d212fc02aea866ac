"""Write instruction data: `alpaca generate num_examples=1000`.

The generator writes `raw.jsonl`, and `held_out.jsonl` with tasks of which nothing occurs in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pydantic import NonNegativeInt, PositiveInt

from alpaca.files import write_jsonl
from alpaca.manifest import Outcome, stage_folder
from alpaca.records import Example
from alpaca.schema import Seed
from alpaca.stage import launch


class Seeds(Protocol):
    def read(self) -> list[Example]: ...


class Generator(Protocol):
    """Writes examples from seed tasks, and others of the same kinds to test with."""

    def examples(self, seeds: list[Example], count: int, seed: int) -> list[Example]: ...

    def held_out(self, count: int, seed: int) -> list[Example]: ...


def generate(
    name: str,
    root: Path,
    seed: Seed,
    num_examples: PositiveInt,
    num_held_out: NonNegativeInt,
    with_seeds: bool,
    seeds: Seeds,
    generator: Generator,
) -> Outcome:
    """Generate `num_examples` examples, after the seed tasks themselves where `with_seeds` says so."""
    folder = stage_folder(root, name, "generate")
    tasks = seeds.read()
    examples = generator.examples(tasks, num_examples, seed)
    held_out = generator.held_out(num_held_out, seed)
    write_jsonl(folder / "raw.jsonl", (example.row() for example in [*(tasks if with_seeds else []), *examples]))
    write_jsonl(folder / "held_out.jsonl", (example.row() for example in held_out))
    results = {
        "examples_generated": len(examples),
        "seeds": len(tasks) if with_seeds else 0,
        "held_out": len(held_out),
        "families": len({example.about.get("family") for example in examples}),
        "usd": 0.0,
    }
    return Outcome(results, [folder / "raw.jsonl", folder / "held_out.jsonl"])


if __name__ == "__main__":
    launch("generate")
