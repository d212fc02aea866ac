from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from alpaca.errors import Stopped
from alpaca.llms.fake import Fake
from alpaca.llms.ledger import Book
from alpaca.llms.price import FREE, Price
from alpaca.llms.request import Reply, Request

LIST = "Below is a list of 20 such exercises.\n\n###\n3. Output:\nSo.\n###\n4. Instruction:"


def ask(llm: Fake, path: Path, count: int, budget_usd: float | None = None, **given: object) -> list[Reply]:
    with Book(path / "ledger.jsonl", budget_usd) as book:
        return list(llm.replies([Request(number, LIST, **given) for number in range(count)], book))  # type: ignore[arg-type]


def test_it_goes_on_with_a_numbered_list(tmp_path: Path) -> None:
    reply = ask(Fake(3072, 0.0, FREE), tmp_path, 1)[0]
    assert re.findall(r"^(\d+)\. Output:$", reply.text, re.MULTILINE) == [str(number) for number in range(4, 21)]
    assert not reply.text.startswith("4. ")
    assert reply.finish == "stop"
    assert reply.seconds is not None  # what a forecast learns speed from


def test_it_writes_json_where_it_is_asked_to(tmp_path: Path) -> None:
    request = Request(0, "Write 17 more, numbers 4 to 20 of the collection, as a JSON object.", {"type": "object"})
    with Book(tmp_path / "ledger.jsonl", None) as book:
        tasks = json.loads(next(iter(Fake(3072, 0.0, FREE).replies([request], book))).text)["tasks"]
    assert len(tasks) == 17
    assert all(set(task) == {"instruction", "input", "output"} and task["output"] for task in tasks)


def test_it_says_the_same_again_and_varies_from_request_to_request(tmp_path: Path) -> None:
    llm = Fake(3072, 0.1, FREE)
    first = ask(llm, tmp_path / "a", 30)
    assert ask(llm, tmp_path / "b", 30) == first
    instructions = [line for reply in first for line in re.findall(r"Instruction: (.*)", reply.text)]
    assert len(set(instructions)) == len(instructions) == 30 * 16
    assert (
        sum(line.startswith(("Draw", "Plot", "Paint", "Show", "Play", "Go to")) for line in instructions) / 480 > 0.02
    )


def test_a_limit_cuts_and_a_budget_stops(tmp_path: Path) -> None:
    assert ask(Fake(50, 0.0, FREE), tmp_path / "cut", 1)[0].finish == "length"
    llm = Fake(3072, 0.0, Price(0.0, 1.0))
    with pytest.raises(Stopped, match="budget"):
        ask(llm, tmp_path, 600, budget_usd=1.0)
    with Book(tmp_path / "ledger.jsonl", None) as book:
        assert 0.3 < book.spent_usd <= 1.0
    assert len(ask(llm, tmp_path, 600, budget_usd=10.0)) == 600
