"""The blind page in browsers, by keyboard. Needs playwright (pip) and Chromium."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from panel import SHOWN, TASKS, betrayals, check_judgments, doubtful, free_port, prefers_long, start

pytestmark = pytest.mark.browser
KEYS = {"first": ("1", "ArrowLeft"), "second": ("2", "ArrowRight"), "tie": ("3",), "both_bad": ("4",)}


class Judging:
    """The page's process, killed and started again at will, and all that browsers have heard of it."""

    def __init__(self, folder: Path, chromium: Any) -> None:
        self.folder, self.port, self.chromium = folder, free_port(), chromium
        self.heard: list[str] = []
        self.problems: list[str] = []
        self.process: subprocess.Popen[str] = start(folder, self.port)

    def restart(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.process.kill()
        self.process.communicate()
        meanwhile()
        self.process = start(self.folder, self.port)

    def open(self, person: str, **options: Any) -> Any:
        """Open the page in a browser of its own, as this person."""
        context = self.chromium.new_context(**{"viewport": {"width": 1200, "height": 900}} | options)
        page = context.new_page()
        page.on("request", lambda asked: self.heard.append(f"{asked.url} {asked.headers} {asked.post_data}"))
        page.on("response", lambda told: self.heard.append(f"{told.url} {told.headers} {told.text()}"))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda message: self.problems.append(message.text))
        page.goto(f"http://127.0.0.1:{self.port}/")
        page.fill("#name", person)
        page.keyboard.press("Enter")
        page.wait_for_selector("#asked:not([hidden])")
        return page


@pytest.fixture
def judging(tmp_path: Path, chromium: Any) -> Iterator[Judging]:
    made = Judging(tmp_path, chromium)
    yield made
    made.process.kill()
    made.process.communicate()
    assert [line for line in made.problems if "ERR_" not in line and "409" not in line] == []


def done(page: Any, count: int) -> None:
    page.wait_for_selector(f'#count:text-is("{count} of {TASKS} judged")')


def shown(page: Any) -> dict[str, str]:
    return {part: page.text_content(f"#{part}") for part in ("instruction", "input", "first", "second")}


def press(page: Any, opinion: Callable[[dict[str, str]], str], count: int) -> None:
    keys = KEYS[opinion(shown(page))]
    page.keyboard.press(keys[count % len(keys)])


def stored(page: Any) -> str:
    """Return what the browser keeps, and the document as it is."""
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])")
    return f"{kept}\n{json.dumps(page.context.storage_state())}\n{page.content()}"


def test_two_browsers_at_once_and_kills(judging: Judging) -> None:
    people = {judging.open("Ana"): prefers_long, judging.open("Ben"): doubtful}

    def press_both(told: str = "") -> None:
        for page, opinion in people.items():
            press(page, opinion, count)
        for page in people if told else ():
            page.wait_for_selector(f"#status.problem:has-text('{told}')")
            judging.heard.append(stored(page))

    for count in range(TASKS):
        if count == 12:
            judging.restart(lambda: press_both("cannot be reached. Your verdict is kept here and sent again"))
        else:
            press_both()
        if count == 25:
            judging.restart()
        for page in people:
            done(page, count + 1)
            judging.heard.append(stored(page))
    output, _ = judging.process.communicate(timeout=30)
    check_judgments(output)
    assert sum('"seconds_left"' in text for text in judging.heard) >= 2 * TASKS
    assert betrayals(judging.heard) == []
    assert {file.name for file in judging.folder.iterdir()} == {"evaluate.human.jsonl"}
    assert betrayals([(judging.folder / "evaluate.human.jsonl").read_text("utf-8")]) == []


def test_undo_comment_and_keep(judging: Judging) -> None:
    page = judging.open("Ana")
    assert not page.is_visible("#undo")
    first = shown(page)
    page.keyboard.press("c")
    page.keyboard.type("12 u, c")
    page.keyboard.press("Enter")
    page.keyboard.press("3")
    done(page, 1)
    assert shown(page) != first
    assert page.input_value("#comment") == ""
    page.keyboard.press("u")
    done(page, 0)
    assert shown(page) == first
    assert page.input_value("#comment") == "12 u, c"
    assert page.get_attribute("[data-choice=tie]", "aria-pressed") == "true"
    page.keyboard.press("Enter")
    done(page, 1)
    page.keyboard.press("Control+1")
    page.click("[data-choice=both_bad]")
    done(page, 2)
    events = (judging.folder / "evaluate.human.jsonl").read_bytes().rstrip(b"\0").decode().splitlines()
    kinds = [next(iter(json.loads(line.partition(" ")[2]))) for line in events]
    assert kinds == ["secret", "joined", "said", "undone", "said", "said"]


def test_a_break_another_browser_and_two_windows(judging: Judging) -> None:
    page = judging.open("Ana")
    page.keyboard.press("1")
    done(page, 1)
    here = shown(page)
    page.reload()
    done(page, 1)
    other = judging.open(" ana ")
    assert shown(page) == shown(other) == here
    other.keyboard.press("4")
    done(other, 2)
    page.keyboard.press("1")  # of what the other window has judged
    page.wait_for_selector("#status.problem:has-text('judged that one already')")
    done(page, 2)
    assert shown(page) == shown(other)


def test_a_verdict_that_was_not_sent_outlives_the_page(judging: Judging) -> None:
    page = judging.open("Ana")

    def leave() -> None:
        page.keyboard.press("2")
        page.wait_for_selector("#status.problem")
        page.goto("about:blank")

    address = page.url
    judging.restart(leave)
    page.goto(address)
    done(page, 1)
    assert page.text_content("#status") == "Saved: your verdict from before."
    assert page.evaluate("sessionStorage.length") == 0


def test_a_third_person_is_told_and_a_name_in_the_address_is_enough(judging: Judging) -> None:
    judging.open("Ana")
    page = judging.chromium.new_page()
    page.goto(f"http://127.0.0.1:{judging.port}/?person=Ben")
    page.wait_for_selector("#person:text-is('Ben')")
    page.goto(f"http://127.0.0.1:{judging.port}/?person=Cem")
    page.wait_for_selector("#refused:has-text('All 2 places are taken')")
    page.goto(f"http://127.0.0.1:{judging.port}/#{'0' * 32}")
    page.wait_for_selector("#refused:has-text('of nobody here')")


def test_hostile_texts_are_text_and_all_is_named_for_a_reader(judging: Judging) -> None:
    page = judging.open("Ana")
    count = 0
    while shown(page)["instruction"] != SHOWN:
        page.keyboard.press("3")
        count += 1
        done(page, count)
    assert shown(page)["input"] == SHOWN
    assert page.locator("img").count() == 0
    assert "owned" not in page.title()
    for name in ("Answer 1 is better", "Answer 2 is better", "Tie", "Both bad"):
        assert page.get_by_role("button", name=name, exact=True).count() == 1
    for role, name in (
        ("textbox", "Comment"),
        ("group", "Your verdict"),
        ("article", "Answer 1"),
        ("progressbar", f"{count} of"),
    ):
        assert page.get_by_role(role, name=name).count() == 1
    assert page.evaluate("document.activeElement.id") == "title"
    assert (
        page.get_by_role("heading", level=1).text_content() == f"Task {count + 1} of {TASKS}: which answer is better?"
    )


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen(judging: Judging, width: int, scheme: str) -> None:
    page = judging.open("Ana", viewport={"width": width, "height": 800}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    inside = "[...document.querySelectorAll('#bar button, #bar textarea')].every(e => e.getBoundingClientRect().bottom <= innerHeight)"
    assert page.evaluate(inside)
