from __future__ import annotations

import json
from pathlib import Path

import pytest

from alpaca.errors import UserError
from alpaca.evaluation.judgments import Judgment
from alpaca.evaluation.ranking import rank
from alpaca.evaluation.stored import Models


def told(wins: int, losses: int, repeats: int = 1) -> list[Judgment]:
    outcomes = [1.0] * wins + [0.0] * losses
    return [Judgment(str(n), p, repeat=r) for n, p in enumerate(outcomes) for r in range(repeats)]


def test_models_are_put_on_one_scale_with_intervals(tmp_path: Path) -> None:
    judgments: dict[Models, list[Judgment]] = {
        ("base", "good"): told(30, 10),
        ("base", "bad"): [*told(10, 30), Judgment("x", None, "cut")],
        ("bad", "good"): told(36, 4),
    }
    results, files = rank(tmp_path, judgments, seed=0)
    assert [each["model"] for each in results["strengths"]] == ["good", "base", "bad"]
    assert (results["models"], results["comparisons"], results["missing"]) == (3, 120, 1)
    written = json.loads(files[1].read_text("utf-8"))
    assert all(each["interval"][0] < each["strength"] < each["interval"][1] for each in written["models"])
    assert (written["pairs"][0]["candidate"], written["pairs"][0]["win_rate"]) == ("good", 0.75)
    assert len(files[0].read_text("utf-8").splitlines()) == 121


def test_judgments_of_one_task_are_one_comparison(tmp_path: Path) -> None:
    once, twice = (
        rank(tmp_path, {("a", "b"): told(5, 3, n), ("b", "c"): told(4, 4, n)}, seed=0)[0]["strengths"] for n in (1, 2)
    )
    assert once == twice


def test_models_that_cannot_be_on_one_scale_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no scale holds both"):
        rank(tmp_path, {("a", "b"): told(5, 3), ("c", "d"): told(5, 3)}, seed=0)
