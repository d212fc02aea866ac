from __future__ import annotations

import itertools
import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small import SMALL

from alpaca.datamodules import steps as steps_module
from alpaca.datamodules.packed import Packed
from alpaca.datamodules.padded import Padded
from alpaca.datamodules.report import tell
from alpaca.datamodules.steps import Steps
from alpaca.errors import UserError
from alpaca.files import read_json, read_jsonl
from alpaca.generators.procedural import tasks

SETTINGS: dict[str, Any] = {
    "global_batch_size": 32,
    "max_length": 256,
    "long_examples": "truncate",
    "weights": None,
    "validation_share": 0.0,
    "tokenizer": SMALL.tokenizer,
    "epochs": 2,
    "seed": 0,
}
Document = tuple[tuple[int, ...], tuple[int, ...]]


def prepared(module: Steps) -> Any:
    module.prepare_data()
    module.setup("fit")
    return module


def packed(data: Path | list[Path], folder: Path, **changes: Any) -> Packed:
    layout = {
        "tokens_per_micro_batch": 512,
        "fill_rows": False,
        "shared_prefix": False,
        "data": data,
        "folder": folder,
        "cache": folder / "cache",
    }
    return prepared(Packed(**SETTINGS | layout | changes))


def padded(data: Path | list[Path], folder: Path, **changes: Any) -> Padded:
    layout = {"examples_per_micro_batch": 4, "data": data, "folder": folder, "cache": folder / "cache"}
    return prepared(Padded(**SETTINGS | layout | changes))


def in_batch(batch: dict[str, Any]) -> list[Document]:
    """Return each document of a micro-batch with the places, within it, of its targets."""
    if "document_lengths" in batch:
        lengths = batch["document_lengths"].tolist()
        begins = [0, *itertools.accumulate(lengths)]
    else:
        lengths = batch["attention_mask"].sum(1).tolist()
        begins = [line * batch["input_ids"].shape[1] for line in range(len(lengths))]
    ids, targets = batch["input_ids"].flatten().tolist(), (batch["predicting"] + 1).tolist()
    return [
        (tuple(ids[b : b + n]), tuple(t - b for t in targets if b <= t < b + n))
        for b, n in zip(begins, lengths, strict=False)
    ]


def documents(*parts: dict[str, Any]) -> list[Document]:
    """Return the documents of a step from its ranks' parts, fillers left out."""
    batches = [batch for part in parts for batch in part["micro_batches"] if batch["targets"].tolist() != [-100]]
    return sorted(document for batch in batches for document in in_batch(batch))


def ids(*parts: dict[str, Any]) -> list[tuple[int, ...]]:
    return [document for document, _ in documents(*parts)]


def written(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_a_step_takes_exactly_the_global_batch_and_an_epoch_every_example_once(
    tasks_file: Path, tmp_path: Path
) -> None:
    module = packed(tasks_file, tmp_path)
    steps = list(module.steps())
    assert len(steps) == module.total_steps == 2 * 7
    sizes = [32] * 6 + [8] + [32] * 6 + [8]
    assert [len(ids(step)) for step in steps] == [step["examples"] for step in steps] == sizes
    everything = sorted(tuple(module.tokens.example(i).tolist()) for i in range(200))
    for epoch in (steps[:7], steps[7:]):
        assert sorted(d for step in epoch for d in ids(step)) == everything
    assert [ids(step) for step in steps[:7]] != [ids(step) for step in steps[7:]]
    assert [step["epoch"] for step in (steps[0], steps[6], steps[13])] == [1 / 7, 1, 2]
    for step in steps:
        assert step["tokens"] == step["padded_tokens"] == sum(map(len, ids(step)))
        assert step["target_tokens"] == sum(len(batch["targets"]) for batch in step["micro_batches"])


@pytest.mark.parametrize("layout", [packed, padded])
@pytest.mark.parametrize("world", [2, 3, 8])
def test_a_step_does_not_depend_on_the_ranks(
    tasks_file: Path, tmp_path: Path, layout: Callable[..., Steps], world: int
) -> None:
    module = layout(tasks_file, tmp_path)
    parts = zip(*(module.steps(0, rank, world) for rank in range(world)), strict=True)
    for alone, ranks in zip(module.steps(), parts, strict=True):
        assert documents(*ranks) == documents(alone)
        assert len({len(part["micro_batches"]) for part in ranks}) == 1
        for name in ("examples", "tokens", "target_tokens", "epoch"):
            assert {part[name] for part in ranks} == {alone[name]}
        places = sum(batch["input_ids"].numel() for part in ranks for batch in part["micro_batches"])
        assert {part["padded_tokens"] for part in ranks} == {places}


def test_a_rank_without_an_example_gets_a_filler(tasks_file: Path, tmp_path: Path) -> None:
    for module in (
        packed(tasks_file, tmp_path / "a", global_batch_size=199),
        padded(tasks_file, tmp_path / "b", global_batch_size=199),
    ):
        parts = [next(iter(module.steps(1, rank, 4))) for rank in range(4)]
        batches = [part["micro_batches"] for part in parts]
        assert [len(each) for each in batches] == [1] * 4
        fillers = [batch for (batch,) in batches if batch["targets"].tolist() == [-100]]
        assert len(fillers) == 3
        assert all(batch["predicting"].tolist() == [0] for batch in fillers)
        assert parts[0]["examples"] == len(documents(*parts)) == 1
        assert parts[0]["padded_tokens"] == 4 * parts[0]["tokens"]


def test_filled_rows_have_one_shape_and_the_same_targets(tasks_file: Path, tmp_path: Path) -> None:
    """What fills a row is documents of its own, no longer than an example may be, which nothing is learnt from."""
    plain, filled = packed(tasks_file, tmp_path / "a"), packed(tasks_file, tmp_path / "b", fill_rows=True)
    for alone, step in zip(plain.steps(), filled.steps(), strict=True):
        assert {batch["input_ids"].shape for batch in step["micro_batches"]} == {(1, 512)}
        assert step["padded_tokens"] == 512 * len(step["micro_batches"])
        assert [step[name] for name in ("tokens", "target_tokens")] == [alone[n] for n in ("tokens", "target_tokens")]
        for batch, unfilled in zip(step["micro_batches"], alone["micro_batches"], strict=True):
            real = len(unfilled["document_lengths"])
            assert in_batch(batch)[:real] == in_batch(unfilled)
            assert all(len(document) <= 256 and not targets for document, targets in in_batch(batch)[real:])
            assert batch["document_lengths"].sum() == 512


def test_a_step_does_not_depend_on_the_micro_batches(tasks_file: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    small = packed(tasks_file, tmp_path / "a", cache=cache)
    large = packed(tasks_file, tmp_path / "b", cache=cache, tokens_per_micro_batch=8192)
    lines = padded(tasks_file, tmp_path / "c", cache=cache)
    assert len(list(cache.glob("*.npz"))) == 1
    for one, other, third in zip(small.steps(), large.steps(), lines.steps(), strict=True):
        assert documents(one) == documents(other) == documents(third)
        for name in ("examples", "tokens", "target_tokens", "epoch"):
            assert one[name] == other[name] == third[name]
        assert len(one["micro_batches"]) >= len(other["micro_batches"]) == 1
        assert {len(batch["input_ids"]) for batch in third["micro_batches"]} <= {2, 4}


def test_steps_go_on_where_they_stopped(tasks_file: Path, tmp_path: Path) -> None:
    module = packed(tasks_file, tmp_path)
    whole, rest = list(module.steps()), list(module.steps(9))
    assert [ids(step) for step in whole[9:]] == [ids(step) for step in rest]
    assert [step["epoch"] for step in whole[9:]] == [step["epoch"] for step in rest]
    assert list(module.steps(14)) == []


def test_data_sets_are_mixed_by_weight(tmp_path: Path) -> None:
    rows = list(itertools.islice(tasks(1, "train"), 60))
    paths = [written(tmp_path / "one.jsonl", rows[:40]), written(tmp_path / "two.jsonl", rows[40:])]
    module = packed(paths, tmp_path, weights=[0.5, 2.0])
    assert module.total_steps == 2 * 2
    taken = [document for step in itertools.islice(module.steps(), 2) for document in ids(step)]
    assert len(taken) == 20 + 40
    second = {tuple(module.tokens.example(i).tolist()) for i in range(40, 60)}
    assert sum(document in second for document in taken) == 40
    report = read_json(tmp_path / "data_report.json")
    assert [(each["examples"], each["examples_per_epoch"]) for each in report["data_sets"]] == [(40, 20), (20, 40)]
    assert (report["examples"], report["examples_per_epoch"], report["steps"]) == (60, 60, 4)
    assert report["tokens_per_epoch"] == round(sum(step["tokens"] for step in module.steps()) / 2)


def test_a_share_is_held_out_for_validation(tasks_file: Path, tmp_path: Path) -> None:
    module = packed(tasks_file, tmp_path, validation_share=0.1)
    trained = {document for step in module.steps() for document in ids(step)}
    for world in (1, 3):
        parts = [module.validation(rank, world) for rank in range(world)]
        held_out = documents(*({"micro_batches": batches} for batches, _ in parts))
        assert len(held_out) == 20
        assert len({len(batches) for batches, _ in parts}) == 1
        assert {total for _, total in parts} == {sum(len(targets) for _, targets in held_out)}
        assert trained.isdisjoint(document for document, _ in held_out)
    report = read_json(tmp_path / "data_report.json")
    assert (report["examples"], report["validation_examples"], report["examples_per_epoch"]) == (200, 20, 180)
    assert packed(tasks_file, tmp_path / "none").validation() == ([], 0)


def test_chats_and_examples_mix_in_a_file(tasks_file: Path, tmp_path: Path) -> None:
    chat = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}
    system = {"messages": [{"role": "system", "content": "Be brief"}, *chat["messages"]], "id": 7}
    silent = {"messages": chat["messages"][:1]}
    rows = [chat, *itertools.islice(tasks(1, "train"), 9), system, silent]
    module = packed(written(tmp_path / "mixed.jsonl", rows), tmp_path)
    report = read_json(tmp_path / "data_report.json")
    assert (report["examples"], report["conversations"], report["bad_rows"]) == (10, 1, 2)
    assert [supervised for _, supervised in report["sample"]] == [False, True]
    assert report["sample"][1][0] == "Ho</s>"
    silent_row, system_row = read_jsonl(tmp_path / "bad_rows.jsonl")
    assert "no turn of the assistant" in silent_row["reason"]
    assert "only the roles user and assistant" in system_row["reason"]
    assert system_row["where"].endswith("mixed.jsonl:11")
    assert system_row["row"] == system
    assert len(module.tokens.ends) == 10


def test_the_report_counts_what_is_there(tasks_file: Path, tmp_path: Path) -> None:
    module = packed(tasks_file, tmp_path)
    report = read_json(tmp_path / "data_report.json")
    assert report["examples"] == report["examples_per_epoch"] == report["supervised_eos"] == 200
    assert report["conversations"] == report["validation_examples"] == 0
    assert report["steps"] == module.total_steps
    assert report["tokens_per_epoch"] == len(module.tokens.ids)
    assert report["supervised_share"] == pytest.approx(module.tokens.targets.sum() / len(module.tokens.ids))
    (prompt, no), (output, yes) = report["sample"]
    assert prompt.endswith("### Response:")
    assert output.endswith("</s>")
    assert (no, yes) == (False, True)


def no_encoding(*_: Any) -> Any:
    raise AssertionError("tokenized again")


def test_another_run_takes_the_tokens_from_the_cache(
    tasks_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    first = packed(tasks_file, tmp_path / "a", cache=cache)
    moved = shutil.copy(tasks_file, tmp_path / "moved.jsonl")
    with monkeypatch.context() as patch:
        patch.setattr(steps_module, "encode", no_encoding)
        second = packed(moved, tmp_path / "b", cache=cache, epochs=1, seed=5)
    assert np.array_equal(first.tokens.ids, second.tokens.ids)
    packed(tasks_file, tmp_path / "c", cache=cache, max_length=255)
    assert len(list(cache.glob("*.npz"))) == 2


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_run_goes_on_though_the_cache_is_damaged(tasks_file: Path, tmp_path: Path, damage: str) -> None:
    before = packed(tasks_file, tmp_path)
    (file,) = (tmp_path / "cache").glob("*.npz")
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-9])
    else:
        file.unlink()
    after = packed(tasks_file, tmp_path)
    assert np.array_equal(before.tokens.ids, after.tokens.ids)


def test_other_ranks_wait_for_the_first(tasks_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    waited: list[Packed] = []
    waiting = threading.Thread(target=lambda: waited.append(packed(tasks_file, tmp_path)), daemon=True)
    waiting.start()
    time.sleep(0.3)
    assert not (tmp_path / "data_report.json").exists()
    monkeypatch.setenv("RANK", "0")
    first = packed(tasks_file, tmp_path)
    waiting.join(10)
    assert documents(*waited[0].steps()) == documents(*first.steps())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tokens_per_micro_batch": 100}, "cannot hold max_length=256"),
        ({"max_length": 8}, r"tasks.jsonl can be trained on: 200 have no target within max_length=8"),
        ({"max_length": 8, "long_examples": "drop"}, "200 are longer"),
        ({"weights": [1.0, 2.0]}, "data has 1 paths; give a weight for each"),
        ({"weights": [0.001]}, "leave none of 200 examples"),
        ({"validation_share": 0.999}, "leave none of 200 examples"),
    ],
)
def test_settings_that_leave_nothing_to_train_on_are_refused(
    tasks_file: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message) as refusal:
        packed(tasks_file, tmp_path, **changes)
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "data_report.json").exists()


def test_files_without_a_usable_row_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"empty.jsonl has no usable example"):
        packed(written(tmp_path / "empty.jsonl", []), tmp_path)
    with pytest.raises(UserError, match="`output` is missing"):
        packed(written(tmp_path / "one.jsonl", [{"instruction": "a"}]), tmp_path)


def test_a_step_of_more_examples_than_there_are_is_told(
    tasks_file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    packed(tasks_file, tmp_path)
    report = read_json(tmp_path / "data_report.json")
    tell(report, 200)
    assert not caplog.messages
    tell(report, 201)
    assert "global_batch_size=201 is more than the 200 examples" in caplog.text


@pytest.mark.parametrize(("most", "first"), [(3, 0), (9, 0), (9, 8), (99, 0)])
def test_no_more_steps_are_taken_than_are_asked_for(tasks_file: Path, tmp_path: Path, most: int, first: int) -> None:
    """Of the seven of each of two epochs."""
    module, whole = packed(tasks_file, tmp_path, max_steps=most), packed(tasks_file, tmp_path)
    assert module.total_steps == min(most, 14)
    assert [ids(step) for step in module.steps(first)] == [ids(step) for step in whole.steps(first)][: most - first]
    shutil.rmtree(tmp_path)
    packed(tasks_file, tmp_path, max_steps=most)
    assert read_json(tmp_path / "data_report.json")["steps"] == min(most, 14)
