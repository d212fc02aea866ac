from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small import SMALL

from alpaca.datamodules.packed import Packed
from alpaca.errors import UserError


def packed(tasks_file: Path, folder: Path, **changes: Any) -> Packed:
    settings: dict[str, Any] = {
        "global_batch_size": 32,
        "max_length": 256,
        "long_examples": "truncate",
        "weights": None,
        "validation_share": 0.0,
        "cache": folder / "cache",
        "tokens_per_micro_batch": 512,
        "data": tasks_file,
        "folder": folder,
        "tokenizer": SMALL.tokenizer,
        "epochs": 2,
        "seed": 0,
    }
    module = Packed(**settings | changes)
    module.prepare_data()
    module.setup("fit")
    return module


def documents(step: dict[str, Any]) -> list[tuple[int, ...]]:
    found = []
    for batch in step["micro_batches"]:
        found += [tuple(part.tolist()) for part in batch["input_ids"][0].split(batch["document_lengths"].tolist())]
    return sorted(found)


def test_a_step_takes_exactly_the_global_batch_and_an_epoch_every_example_once(
    tasks_file: Path, tmp_path: Path
) -> None:
    module = packed(tasks_file, tmp_path)
    steps = list(module.steps())
    assert len(steps) == module.total_steps == 2 * 7
    assert [len(documents(step)) for step in steps] == [32] * 6 + [8] + [32] * 6 + [8]
    everything = sorted(tuple(module.tokens.example(i).tolist()) for i in range(200))
    for epoch in (steps[:7], steps[7:]):
        assert sorted(d for step in epoch for d in documents(step)) == everything
    assert [documents(step) for step in steps[:7]] != [documents(step) for step in steps[7:]]


def test_a_step_does_not_depend_on_the_micro_batches(tasks_file: Path, tmp_path: Path) -> None:
    small = packed(tasks_file, tmp_path / "a")
    large = packed(tasks_file, tmp_path / "b", tokens_per_micro_batch=8192)
    for one, other in zip(small.steps(), large.steps(), strict=True):
        assert documents(one) == documents(other)
        assert (one["target_tokens"], one["tokens"]) == (other["target_tokens"], other["tokens"])
        assert len(one["micro_batches"]) >= len(other["micro_batches"]) == 1
        assert sum(len(batch["targets"]) for batch in one["micro_batches"]) == one["target_tokens"]


def test_steps_go_on_where_they_stopped(tasks_file: Path, tmp_path: Path) -> None:
    module = packed(tasks_file, tmp_path)
    whole, rest = list(module.steps()), list(module.steps(9))
    assert [documents(step) for step in whole[9:]] == [documents(step) for step in rest]


def test_the_report_counts_what_is_there(tasks_file: Path, tmp_path: Path) -> None:
    import json

    module = packed(tasks_file, tmp_path)
    report = json.loads((tmp_path / "data_report.json").read_text("utf-8"))
    assert report["examples"] == 200
    assert report["steps"] == module.total_steps
    assert report["tokens_per_epoch"] == len(module.tokens.ids)
    assert report["supervised_share"] == pytest.approx(module.tokens.targets.sum() / len(module.tokens.ids))
    (prompt, no), (output, yes) = report["sample"]
    assert prompt.endswith("### Response:")
    assert output.endswith("</s>")
    assert (no, yes) == (False, True)


def test_a_micro_batch_that_cannot_hold_the_longest_is_refused(tasks_file: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot hold max_length=256"):
        packed(tasks_file, tmp_path, tokens_per_micro_batch=100)


def test_data_without_a_target_is_refused(tasks_file: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="max_length=8"):
        packed(tasks_file, tmp_path, max_length=8)
