from __future__ import annotations

from pathlib import Path

import pytest

from alpaca.doors.hub import HubId, is_model_id, model_folder, pinned
from alpaca.errors import UserError


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("tatsu-lab/alpaca", HubId("tatsu-lab/alpaca", "train", None)),
        ("org/name:test@v1.0", HubId("org/name", "test", "v1.0")),
        ("org/name@refs/convert/parquet", HubId("org/name", "train", "refs/convert/parquet")),
        ("alpaca_data.json", None),
        ("org/alpaca_data.json", None),
        ("/org/name", None),
        ("a/b/c", None),
        ("there/name", None),
    ],
)
def test_what_could_be_a_file_is_no_hub_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, meant: HubId | None
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    assert HubId.of(Path(text)) == meant


def test_a_file_is_as_it_is(tmp_path: Path) -> None:
    assert pinned(tmp_path) == tmp_path


@pytest.mark.parametrize("name", ["nosuch", "./org/name", "org/name:train", "/org/name", "a/b/c"])
def test_what_is_no_id_of_a_model_is_refused_before_the_hub_is_asked(name: str) -> None:
    assert not is_model_id(name)
    with pytest.raises(UserError, match=f"there is no folder {name}, and it is no hub id"):
        model_folder(name, weights=False)


def test_a_hub_that_cannot_be_reached_is_told_in_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match="the hub gives no model of that name") as told:
        model_folder("org/there-is-no-such-model", weights=True, endpoint="http://127.0.0.1:9")
    assert "\n" not in str(told.value)
    assert "Retry" not in "".join(capfd.readouterr())


def test_a_models_folder_is_as_it_is(tmp_path: Path) -> None:
    assert model_folder(str(tmp_path), weights=True) == tmp_path
