from __future__ import annotations

from pathlib import Path

import pytest

from alpaca.errors import UserError
from alpaca.manifest import begin

UNREADABLE = Path("/proc/self/mem")  # a regular file that opens, also for root, and whose reading fails


@pytest.mark.skipif(not UNREADABLE.exists(), reason="this system has no file that nobody can read")
def test_an_input_that_cannot_be_read_is_the_users_mistake_before_anything_is_written(tmp_path: Path) -> None:
    with (
        pytest.raises(UserError, match="cannot read /proc/self/mem"),
        begin(tmp_path / "run" / "curate", {}, [UNREADABLE]),
    ):
        pass
    assert not list(tmp_path.iterdir())
