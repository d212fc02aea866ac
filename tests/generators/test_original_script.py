"""What is kept of replies is what stanford_alpaca's procedure keeps of them, once its truncation is mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpaca.records import Example
from alpaca.seeds.tasks import Bundled
from benchmarks.corpus import real_examples
from benchmarks.generation_loop import original, ours, written

SEEDS = Bundled().read()


def same(real: list[Example], tasks: int, wanted: int) -> None:
    replies = written(real, tasks, seed=1)
    kept = ours(replies, SEEDS, wanted)
    assert kept == original(replies, SEEDS, wanted)
    assert len(kept) == wanted


def test_the_same_are_kept_of_made_replies() -> None:
    same([*SEEDS, Example("Name the year.", "", "It was in 2020.\n### Then\n20. Yes\n\n###\nNo")], 500, 120)


@pytest.mark.real_data
@pytest.mark.slow
def test_the_same_are_kept_of_real_ones(real_data: Path) -> None:
    files = [real_data / "alpaca_en_demo.json", real_data / "self_instruct_seed_tasks.jsonl"]
    same([example for example in real_examples(files) if example.output.strip()], 2000, 700)
