"""A page of rows, open in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def opened(chromium: Any, address: str) -> Iterator[Any]:
    """The page, open and unpacked; nothing may have been said on its console, nor asked of a network."""
    page = chromium.new_page(viewport={"width": 1200, "height": 900})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "request", lambda request: said.append(request.url) if not request.url.startswith(("file:", "data:")) else None
    )
    page.goto(address)
    page.wait_for_selector("#browser.ready")
    yield page
    page.close()
    assert said == []
