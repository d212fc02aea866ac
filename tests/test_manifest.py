"""What lies in a stage's folder when another configuration begins there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from alpaca import manifest
from alpaca.errors import Stopped, UserError
from alpaca.files import write_text


def finish(folder: Path, number: int) -> None:
    with manifest.begin(folder, {"number": number}, []) as hashes:
        write_text(folder / "raw.jsonl", str(number))
        manifest.end(folder, {"number": number}, hashes, manifest.Outcome({}, [folder / "raw.jsonl"]), 0.0)


def end_early(folder: Path, number: int, kind: type[BaseException] = Stopped, made: Callable[[], None] = str) -> None:
    with suppress(kind), manifest.begin(folder, {"number": number}, []):
        made()
        raise kind


def contents(folder: Path) -> dict[str, str]:
    """Return what the files of a stage and of the one before hold."""
    files = [file for file in folder.parent.glob("[!.]*/*") if file.is_file()]
    return {file.relative_to(folder.parent).as_posix(): file.read_text("utf-8") for file in files}


def test_reruns_that_are_stopped_push_nothing_out_that_is_finished(tmp_path: Path) -> None:
    folder, previous = tmp_path / "run" / "curate", tmp_path / "run" / "curate.previous"
    finish(folder, 1)
    for number in range(2, 6):
        end_early(folder, number)
        assert (previous / "raw.jsonl").read_text("utf-8") == "1"
    finish(folder, 6)
    assert (previous / "raw.jsonl").read_text("utf-8") == "1"
    end_early(folder, 7)
    assert (previous / "raw.jsonl").read_text("utf-8") == "6"


def step(folder: Path, number: int) -> Callable[[], None]:
    return lambda: write_text(folder / "checkpoints" / f"step-{number}" / "x", str(number))


def test_a_slip_takes_neither_what_is_finished_nor_what_was_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "train"
    finish(folder, 1)
    end_early(folder, 2, made=step(folder, 2))
    end_early(folder, 3)
    end_early(folder, 4)
    there = contents(folder)
    assert there["train.previous/raw.jsonl"] == "1"
    assert (tmp_path / "run" / "train.stopped" / "checkpoints" / "step-2" / "x").is_file()
    end_early(folder, 2, made=step(folder, 5))  # goes on
    assert {path.name for path in (folder / "checkpoints").iterdir()} == {"step-2", "step-5"}
    assert manifest.taken_back(folder, {"number": 1}, moves=True) is not None
    assert manifest.finished(folder, {"number": 1}) is not None
    assert not (tmp_path / "run" / "train.previous").exists()
    assert manifest.taken_back(folder, {"number": 1}, moves=True) is None
    assert (tmp_path / "run" / "train.stopped" / "checkpoints" / "step-5" / "x").is_file()


def test_two_finished_results_change_places(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "curate"
    finish(folder, 1)
    finish(folder, 2)
    for number in (1, 2, 1):
        assert manifest.taken_back(folder, {"number": number}, moves=False) is not None
        assert (folder / "raw.jsonl").read_text("utf-8") != str(number)
        assert manifest.taken_back(folder, {"number": number}, moves=True) is not None
        assert (folder / "raw.jsonl").read_text("utf-8") == str(number)
        assert (tmp_path / "run" / "curate.previous" / "raw.jsonl").read_text("utf-8") == str(3 - number)


@pytest.mark.parametrize("renamed", [1, 2])
def test_a_kill_while_two_change_places_loses_neither(tmp_path: Path, renamed: int) -> None:
    folder, previous = tmp_path / "run" / "curate", tmp_path / "run" / "curate.previous"
    finish(folder, 1)
    finish(folder, 2)
    folder.rename(tmp_path / "run" / ".curate.aside")
    if renamed == 2:
        previous.rename(folder)
    if manifest.finished(folder, {"number": 1}) is None:
        assert manifest.taken_back(folder, {"number": 1}, moves=True) is not None
    with manifest.begin(folder, {"number": 1}, []):
        pass
    assert (folder / "raw.jsonl").read_text("utf-8") == "1"
    assert (previous / "raw.jsonl").read_text("utf-8") == "2"


def test_what_is_refused_puts_all_back_after_stops_too(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "curate"
    finish(folder, 1)
    for stops in range(3):
        before = contents(folder)
        end_early(folder, 10 + stops, UserError)
        assert contents(folder) == before
        end_early(folder, 20 + stops)


UNREADABLE = Path("/proc/self/mem")  # a regular file that opens, also for root, and whose reading fails


@pytest.mark.skipif(not UNREADABLE.exists(), reason="this system has no file that nobody can read")
def test_an_input_that_cannot_be_read_is_the_users_mistake_before_anything_is_written(tmp_path: Path) -> None:
    with (
        pytest.raises(UserError, match="cannot read /proc/self/mem"),
        manifest.begin(tmp_path / "run" / "curate", {}, [UNREADABLE]),
    ):
        pass
    assert not list(tmp_path.iterdir())
