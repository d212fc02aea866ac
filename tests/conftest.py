"""Small data and models that the tests make."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from small import REAL_DATA

os.environ.setdefault("OMP_NUM_THREADS", "2")
LONGEST = ("test_run.py", "test_strategies.py", "test_conf.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs real data, a GPU or a browser where there is none, and say why; the longest go first, so that none is waited for."""
    import torch

    items.sort(key=lambda item: item.path.name not in LONGEST)
    for item in items:
        if "real_data" in item.keywords and not REAL_DATA.is_dir():
            item.add_marker(pytest.mark.skip(reason=f"there is no folder {REAL_DATA.name} beside the checkout"))
        if "gpu" in item.keywords and not torch.cuda.is_available():
            item.add_marker(pytest.mark.skip(reason="there is no CUDA device"))


@pytest.fixture
def real_data() -> Path:
    return REAL_DATA


@pytest.fixture(scope="session")
def tasks_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 procedural examples as JSONL."""
    from alpaca.generators.procedural import tasks

    path = tmp_path_factory.mktemp("data") / "tasks.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in itertools.islice(tasks(0, "train"), 200)), "utf-8")
    return path


@pytest.fixture
def alpaca(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `python -m alpaca ...` in an empty folder, as a user does."""

    def run(*arguments: str, cwd: Path = tmp_path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "alpaca", *arguments]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)

    return run


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser, where playwright (pip) and Chromium are there."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    names = ("chromium", "chromium-browser", "google-chrome")
    if (path := next(filter(None, map(shutil.which, names)), None)) is None:
        pytest.skip("there is no Chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
