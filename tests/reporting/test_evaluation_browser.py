"""An evaluation's page in a browser: opened as a file, filtered, searched."""

from __future__ import annotations

from typing import Any

import pytest
from compared import write_evaluation
from hostile import HOSTILE

from alpaca.reporting.evaluation import report

pytestmark = pytest.mark.browser
SHOWN = HOSTILE.replace("\u2028", "\\u2028").replace("\u202e", "\\u202e").replace("\x1b", "␛")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("run") / "evaluate"
    write_evaluation(folder, 60)
    return report(folder, {}).as_uri()


def status(page: Any) -> str:
    return str(page.text_content("#status"))


def test_filters_and_search(opened: Any) -> None:
    assert status(opened) == "1 to 25 of 60 rows"
    opened.select_option("#group", "letters")
    assert status(opened) == "1 to 25 of 30 rows"
    opened.select_option("#mark", "judgments differ")
    assert status(opened) == "1 to 15 of 15 rows"
    opened.select_option("#verdict", "loss")
    assert status(opened) == "1 to 15 of 15 rows"
    opened.select_option("#verdict", "win")
    assert status(opened) == "0 to 0 of 0 rows"
    for name in ("#verdict", "#group", "#mark"):
        opened.select_option(name, "")
    opened.keyboard.press("/")
    opened.keyboard.type("river 59")
    opened.locator("#status", has_text="1 to 1 of 1 rows").wait_for()


def test_both_answers_lie_beside_each_other_with_what_judges_said(opened: Any) -> None:
    opened.locator("#list summary").first.click()
    opened.wait_for_selector("#list .one[open] .judged")
    answers = opened.locator("#list .one[open] .answers > div")
    assert answers.count() == 2
    first, second = (answers.nth(n).bounding_box() for n in (0, 1))
    assert first["y"] == second["y"]
    assert first["x"] < second["x"]
    assert answers.first.locator(".text").text_content() == SHOWN
    said = opened.locator("#list .one[open] .judged li")
    assert said.count() == 4
    assert said.nth(2).locator(".of").text_content() == "two · candidate better · candidate shown first"
    assert said.nth(2).locator(".text").text_content() == SHOWN
    assert opened.locator("img").count() == 0
    assert opened.title() != "owned"


@pytest.mark.parametrize("width", [1200, 390])
def test_nothing_is_wider_than_the_screen(opened: Any, width: int) -> None:
    opened.set_viewport_size({"width": width, "height": 900})
    for number in range(3):
        opened.locator("#list summary").nth(number).click()
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
