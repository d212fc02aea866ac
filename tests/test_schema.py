from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Protocol

import pytest
from annotated_types import MinLen

from alpaca.composition import checked, compose
from alpaca.errors import UserError
from alpaca.parts import lacks
from alpaca.schema import Checked, InputPath, ModelPath, check
from alpaca.stage import function


def stage(data: InputPath | Annotated[list[InputPath], MinLen(1)]) -> None: ...


def given(data: Any, made_later: Sequence[Path] = (), written: Path | None = None) -> Checked:
    return check(stage, {"data": data}, {}, made_later, written=written)


def test_one_path_or_a_list_of_them_are_inputs(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.touch()
    two.touch()
    assert given(str(one)) == Checked({"data": one}, [one])
    assert given([str(one), str(two)]) == Checked({"data": [one, two]}, [one, two])
    assert given([str(one), str(tmp_path / "later" / "x")], [tmp_path / "later"]).inputs[1].name == "x"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (["one", "none"], "`data`: there is no file or folder none"),
        ([], r"`data` cannot be \[\]: it should have at least 1 of them"),
        ([["one"]], r"`data` cannot be \[\['one'\]\]: it should be a path"),
        (True, "`data` cannot be True: it should be a path"),
        ("", "`data` is empty"),
        (["one", " "], "`data` is empty"),
        ("n" * 300, "`data`: cannot read n+: File name too long"),
        ("/dev/null", "`data`: /dev/null is no regular file"),
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


def test_a_folder_around_what_is_written_is_no_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    written = Path("outputs/mine/curate")
    for around in (".", str(tmp_path), str(tmp_path / "data" / "..")):
        with pytest.raises(UserError, match="holds outputs/mine/curate, where this run writes"):
            given(around, written=written)
    assert given("data", written=written).inputs == [Path("data")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_no_input(tmp_path: Path) -> None:
    (tmp_path / "one").touch(0)
    (tmp_path / "two").mkdir(0)
    for name in ("one", "two", "two/three"):
        with pytest.raises(UserError, match=r"`data`: .*permission|Permission denied"):
            given(str(tmp_path / name))


class Part:
    """Takes what parts of curation and training do."""

    def __init__(self, path: ModelPath, fields: Sequence[str]) -> None: ...


@pytest.mark.parametrize(
    ("path", "fields", "message"),
    [
        ("nosuch", [], "`part.path`: there is no folder nosuch, and it is no hub id"),
        ("./org/name", [], r"`part.path`: there is no folder \./org/name"),
        ("org/name:train", [], "`part.path`: there is no folder org/name:train"),
        ("", [], "`part.path` is empty"),
        ("org/name", "input", r"`part.fields` cannot be 'input': it should be a list, such as \[input\]"),
    ],
)
def test_a_model_is_a_folder_or_has_the_form_of_a_hub_id(path: str, fields: Any, message: str) -> None:
    def curate(part: Any) -> None: ...

    part = {"_target_": f"{__name__}.Part", "path": path, "fields": fields}
    with pytest.raises(UserError, match=message):
        check(curate, {"part": part}, {})
    assert check(curate, {"part": part | {"path": "org/name", "fields": ["input"]}}, {}).inputs == []


Check = Callable[[str], str | None]


class Decides(Protocol):
    """Has a method."""

    def decide(self, text: str) -> bool: ...


class Decided:
    """Decides, and checks."""

    def decide(self, text: str) -> bool:
        return True

    def __call__(self, text: str) -> None: ...


@pytest.mark.parametrize(
    ("annotation", "missing"),
    [(Check, "__call__"), (Check | None, "__call__"), (Decides, "decide"), (Any, None), ("Decides", None)],
)
def test_a_class_that_cannot_serve_where_it_is_given_is_refused(annotation: Any, missing: str | None) -> None:
    assert lacks(Path, annotation) == missing
    assert lacks(Decided, annotation) is None
    assert lacks(Path.cwd, annotation) is None


def test_a_filter_that_is_none_is_told_by_its_place() -> None:
    config = compose("curate", [f"data={__file__}", "+filters.mine._target_=pathlib.Path"])
    with pytest.raises(UserError, match=r"`filters\.mine`: pathlib\.Path cannot serve here; it has no __call__"):
        checked(function("curate"), config)


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
