"""The wheel works from any folder, `conf/` included."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_the_wheel_holds_the_configuration_and_works_elsewhere(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        f"alpaca/conf/{file.relative_to(ROOT / 'conf').as_posix()}" for file in (ROOT / "conf").rglob("*.yaml")
    } <= names
    assert {f"alpaca/assets/{file.name}" for file in (ROOT / "alpaca" / "assets").iterdir() if file.is_file()} <= names
    target = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(target)
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from alpaca.stage import main; main()"
    command = [sys.executable, "-c", code, str(target), "train", "--cfg", "job"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "_target_: alpaca.models.scratch.Scratch" in done.stdout
