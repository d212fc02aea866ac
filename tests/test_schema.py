from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
from annotated_types import MinLen

from alpaca.composition import checked, compose
from alpaca.errors import UserError
from alpaca.schema import Checked, InputPath, check
from alpaca.stage import function


def stage(data: InputPath | Annotated[list[InputPath], MinLen(1)]) -> None: ...


def given(data: Any, made_later: Path | None = None) -> Checked:
    return check(stage, {"data": data}, {}, made_later)


def test_one_path_or_a_list_of_them_are_inputs(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.touch()
    two.touch()
    assert given(str(one)) == Checked({"data": one}, [one])
    assert given([str(one), str(two)]) == Checked({"data": [one, two]}, [one, two])
    assert given([str(one), str(tmp_path / "later" / "x")], tmp_path / "later").inputs[1].name == "x"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (["one", "none"], "`data`: there is no file or folder none"),
        ([], "`data` cannot be"),
        ([["one"]], "`data` cannot be"),
        (True, "`data` cannot be True"),
    ],
)
def test_a_wrong_path_of_a_list_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Any, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one").touch()
    with pytest.raises(UserError, match=message) as refusal:
        given(data)
    assert "\n" not in str(refusal.value)


def test_what_an_unfinished_stage_has_not_made_yet_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "outputs" / "mine" / "generate"
    folder.mkdir(parents=True)
    (folder / "started.json").touch()
    with pytest.raises(UserError, match="`alpaca generate` is not finished there, run it again"):
        checked(function("curate"), compose("curate", [f"root={tmp_path / 'outputs'}", "name=mine"]))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("datamodule.weights=[1,-1]", "weights"),
        ("datamodule.weights=2", "weights"),
        ("datamodule.validation_share=1.0", "less than 1"),
    ],
)
def test_training_refuses_what_is_no_weight_or_share(tmp_path: Path, override: str, message: str) -> None:
    (tmp_path / "a.json").touch()
    with pytest.raises(UserError, match=message):
        checked(function("train"), compose("train", [f"data=[{tmp_path / 'a.json'},{tmp_path / 'a.json'}]", override]))
