from __future__ import annotations

import json
from pathlib import Path

import pytest

from alpaca.analysis.page import Nothing
from alpaca.curate import curate
from alpaca.curation.filters import HasOutput, InstructionLength
from alpaca.curation.rouge import Everything, Rouge
from alpaca.errors import UserError
from alpaca.seeds.tasks import Bundled

ROWS = [
    {"instruction": "List three large cities", "input": "", "output": "Lima", "id": 1},
    {"instruction": "Too short", "input": "", "output": "x"},
    {"instruction": "list three LARGE cities", "input": "", "output": "Cairo"},
    {"instruction": "Name an animal that swims", "input": "", "output": " "},
    {"instruction": "Name an animal that swims", "input": "", "output": 3},
    {"instruction": "Name an animal that swims", "input": "", "output": "otter"},
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(ROWS), "utf-8")
    return path


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_each_row_is_kept_or_rejected_with_its_reason(data: Path, tmp_path: Path) -> None:
    filters = {"length": InstructionLength(4, 150), "output": HasOutput()}
    outcome = curate("run", tmp_path, data, filters, Rouge(0.7, ["instruction"]), Bundled(), Nothing())
    folder = tmp_path / "run" / "curate"
    kept = json.loads((folder / "alpaca_data.json").read_text("utf-8"))
    assert kept == [{k: ROWS[i][k] for k in ("instruction", "input", "output")} for i in (0, 5)]
    assert rows(folder / "provenance.jsonl") == [{"id": 1}, {}]
    reasons = [row["reason"] for row in rows(folder / "rejected.jsonl")]
    assert reasons == ["bad row: `output` is not a text but int", "instruction too short", "duplicate", "no output"]
    assert outcome.results["examples_read"] == len(ROWS)
    assert outcome.results["examples_kept"] + outcome.results["examples_rejected"] == len(ROWS)
    assert sum(outcome.results["reasons"].values()) == 4


def test_a_duplicate_names_what_it_repeats(data: Path, tmp_path: Path) -> None:
    curate("run", tmp_path, data, {}, Rouge(0.7, ["instruction"]), Bundled(), Nothing())
    duplicate = next(
        row for row in rows(tmp_path / "run" / "curate" / "rejected.jsonl") if row["reason"] == "duplicate"
    )
    assert duplicate["score"] == 1.0
    assert duplicate["duplicate_of"] == {"instruction": "List three large cities", "input": "", "output": "Lima"}


def test_without_deduplication_everything_sound_is_kept(data: Path, tmp_path: Path) -> None:
    assert curate("run", tmp_path, data, {}, Everything(), Bundled(), Nothing()).results["examples_kept"] == 5


def test_nothing_left_is_the_users_mistake(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no example .* is left"):
        curate("run", tmp_path, data, {"length": InstructionLength(50, 150)}, Everything(), Bundled(), Nothing())
