"""The analysis page in a browser: opened as a file, used by keyboard. Needs playwright (pip) and Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hostile import HOSTILE, write_folder

from alpaca.analysis.page import Page
from alpaca.seeds.tasks import Bundled

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = write_folder(tmp_path_factory.mktemp("run") / "curate")
    other = folder / "alpaca_data.json"
    Page("heuristic", None, other, topics=4, most_rows=100)(folder, Bundled())
    return (folder / "analysis.html").as_uri()


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


def status(page: Any) -> str:
    return str(page.text_content("#status"))


def test_hostile_rows_are_text(opened: Any) -> None:
    opened.focus("#list summary")
    opened.keyboard.press("Enter")
    opened.wait_for_selector("#list .one[open] .fields")
    shown = opened.text_content("#list .one[open] .fields .text")
    assert shown == HOSTILE.replace("\u2028", "\\u2028").replace("\u202e", "\\u202e").replace("\x1b", "␛")
    assert opened.title() != "owned"
    assert opened.locator("img").count() == 0


def test_search_and_filters_by_keyboard(opened: Any) -> None:
    assert status(opened) == "1 to 15 of 15 rows"
    opened.keyboard.press("/")
    opened.keyboard.type("river poem")
    opened.wait_for_function("document.getElementById('status').textContent.includes(' of 1 rows')")
    assert opened.locator("#list mark").count() == 2
    opened.fill("#words", "")
    opened.select_option("#kind", "rejected")
    assert status(opened) == "1 to 3 of 3 rows"
    opened.select_option("#kind", "kept")
    opened.select_option("#input", "with")
    assert status(opened) == "1 to 5 of 5 rows"
    opened.select_option("#input", "without")
    assert status(opened) == "1 to 7 of 7 rows"
    opened.fill("#words", "no such words")
    opened.wait_for_function("document.getElementById('status').textContent === '0 to 0 of 0 rows'")


def test_arrows_go_from_row_to_row(opened: Any) -> None:
    opened.focus("#list summary")
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("ArrowUp")
    place = "[...document.querySelectorAll('#list summary')].indexOf(document.activeElement)"
    assert opened.evaluate(place) == 1


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen(opened: Any, width: int, scheme: str) -> None:
    opened.emulate_media(color_scheme=scheme)
    opened.set_viewport_size({"width": width, "height": 900})
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.locator(".wheel:visible").count() == 2


def test_labels_stay_within_their_ring(opened: Any) -> None:
    """Letters are no wider than their ring, whatever font the browser has; that arcs are wide enough is tested without one."""
    lengths = opened.eval_on_selector_all(
        ".wheel.middle text",
        "texts => texts.map(t => [t.getComputedTextLength(), t.textContent.length, parseFloat(t.style.fontSize)])",
    )
    assert lengths
    assert all(length <= 175 - 9 and font == 20 for length, letters, font in lengths)
