from __future__ import annotations

from pathlib import Path

import pytest

from alpaca.doors.hub import HubId, pinned


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
