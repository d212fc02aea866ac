"""The loop that lets a language model write: order, filters, duplicates, provenance, when it ends."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from judging import Memory

from alpaca.composition import compose, instantiated
from alpaca.errors import UserError
from alpaca.generators.batch import Batch, Writer
from alpaca.generators.self_instruct import SelfInstruct
from alpaca.llms.request import Forecast, Ledger, Reply, Request
from alpaca.prompts.self_instruct import block
from alpaca.records import Example
from alpaca.seeds.tasks import Bundled

SEEDS = Bundled().read()
WORDS = [
    "amber",
    "brook",
    "cedar",
    "dune",
    "ember",
    "fjord",
    "grove",
    "heath",
    "islet",
    "knoll",
    "larch",
    "marsh",
    "orchid",
    "prairie",
    "quartz",
    "reef",
]


def made_of(request: Request) -> list[Example]:
    """Return 17 tasks that depend on the request alone; some are unfit, and some repeat others."""
    rng = random.Random(f"{request.number} {request.prompt!r}")
    tasks = [Example(" ".join(["Tell", *rng.choices(WORDS, k=9)]), "", f"In {rng.randint(1, 20)}.") for _ in range(15)]
    return [*tasks, replace(tasks[0], output="Again."), Example("Draw it", "", "x")]


def answer(request: Request) -> tuple[str, str]:
    tasks = made_of(request)
    if request.schema:
        return json.dumps({"tasks": [task.alpaca() for task in tasks]}), "stop"
    return "\n".join(block(number, task) for number, task in enumerate(tasks, 4)).removeprefix(
        "###\n4. Instruction:"
    ), "stop"


class Scripted:
    """Answers at once, `ahead` requests being taken before the first reply is given out."""

    settings: Mapping[str, Any] = {"model": "scripted", "temperature": 1.0}

    def __init__(self, ahead: int = 8, answer: Any = answer) -> None:
        self.ahead, self.answer, self.asked = ahead, answer, 0

    def replies(self, requests: Iterable[Request | None], ledger: Ledger) -> Iterator[Reply]:
        source, waiting = iter(requests), []
        while True:
            for request in islice(source, self.ahead - len(waiting)):
                if request is None:
                    break
                waiting.append(self._reply(request, ledger))
            if not waiting:
                return
            yield waiting.pop(0)

    def _reply(self, request: Request, ledger: Ledger) -> Reply:
        identity = request.identity(self.settings)
        if ledger.stored(identity) is None:
            self.asked += 1
            text, finish = self.answer(request)
            ledger.store([Reply(identity, text, finish, "scripted-2026", 700, 900, 0.01)])
        found = ledger.stored(identity)
        assert found is not None
        return found

    def forecast(self, like: Sequence[Request], count: int, ledger: Ledger) -> Forecast:
        return Forecast(count, 700 * count, 900 * count, 0.01 * count, 60.0, 0)


def generator(*overrides: str) -> SelfInstruct:
    made: SelfInstruct = instantiated(compose("generate", ["generator=self_instruct", *overrides]))["generator"]
    return made


def run(llm: Scripted, *overrides: str, count: int = 60, ledger: Memory | None = None, seed: int = 0) -> list[Batch]:
    return list(generator(*overrides).batches(SEEDS, count, seed, Writer(llm, ledger or Memory())))


def kept(batches: list[Batch]) -> list[dict[str, Any]]:
    return [example.row() for batch in batches for example in batch.kept]


@pytest.mark.parametrize("form", ["text", "json"])
def test_it_keeps_as_many_as_wanted_and_tells_why_not_the_rest(form: str) -> None:
    batches = run(Scripted(), f"generator.format={form}")
    assert len(kept(batches)) == 60
    reasons = Counter(row["reason"] for batch in batches for row in batch.rejected)
    assert set(reasons) == {"duplicate", "instruction too short", "more than asked for"}
    assert sum(reasons.values()) + 60 == 17 * len(batches)
    duplicate = next(row for batch in batches for row in batch.rejected if row["reason"] == "duplicate")
    assert duplicate["duplicate_of"]["instruction"] == duplicate["instruction"]


def test_each_example_tells_where_it_came_from() -> None:
    batches = run(Scripted())
    row = kept(batches)[20]
    assert {key: row[key] for key in ("generator", "model", "request", "sampling")} == {
        "generator": "self_instruct",
        "model": "scripted-2026",
        "request": 1,
        "sampling": {"model": "scripted", "temperature": 1.0},
    }
    assert row["request_id"] == batches[1].reply.identity  # type: ignore[union-attr]
    assert row["prompt"].startswith("json-")
    ids = {seed.about["id"] for seed in SEEDS}
    assert len(set(row["shown"])) == 3
    assert set(row["shown"]) <= ids
    earlier = [seed.instruction for seed in SEEDS] + [other["instruction"] for other in kept(batches)[:20]]
    assert row["nearest"]["instruction"] in earlier
    assert 0 < row["nearest"]["score"] <= 0.7


@pytest.mark.parametrize(
    "mixed", [[], ["generator.seeds_in_context=6", "generator.written_in_context=2", "generator.lag=4"]]
)
def test_the_data_do_not_depend_on_timing_nor_on_how_many_are_wanted(mixed: list[str]) -> None:
    first = kept(run(Scripted(1), *mixed))
    assert kept(run(Scripted(50), *mixed)) == first
    assert kept(run(Scripted(5), *mixed, count=150))[:60] == first
    assert kept(run(Scripted(5), *mixed, seed=1)) != first


def test_a_second_run_asks_for_nothing_again() -> None:
    ledger = Memory()
    first = run(Scripted(8), ledger=ledger)
    again = Scripted(3)
    assert kept(run(again, ledger=ledger)) == kept(first)
    assert again.asked == 0


def test_written_tasks_are_shown_once_there_are_some() -> None:
    rows = kept(
        run(Scripted(), "generator.seeds_in_context=6", "generator.written_in_context=2", "generator.lag=4", count=200)
    )
    written = {
        row["request"]: [int(name.split(":")[1]) for name in row["shown"] if name.startswith("written:")]
        for row in rows
    }
    assert not any(written[number] for number in range(4))
    assert all(len(places) == 2 for number, places in written.items() if number >= 5)
    for number, places in written.items():
        assert all(rows[place]["request"] <= number - 4 for place in places)


def test_few_more_requests_are_made_than_needed() -> None:
    llm = Scripted(ahead=1000)
    batches = run(llm, count=300)
    assert llm.asked <= len(batches) + 2


def test_a_seed_is_not_written_again() -> None:
    def echo(request: Request) -> tuple[str, str]:
        return json.dumps([SEEDS[0].alpaca(), *(task.alpaca() for task in made_of(request))]), "stop"

    rejected = [row for batch in run(Scripted(answer=echo)) for row in batch.rejected if row["reason"] == "duplicate"]
    assert rejected[0]["duplicate_of"] == SEEDS[0].alpaca()


@pytest.mark.parametrize(
    ("reply", "reason"), [(("[{", "length"), "cut"), (("No.", "refused"), "refused"), (("{}", "stop"), "bad field")]
)
def test_it_gives_up_on_a_model_that_writes_nothing(reply: tuple[str, str], reason: str) -> None:
    llm = Scripted(answer=lambda request: reply)
    batches = run(llm, "generator.barren_requests=7")
    assert len(batches) == 7
    assert kept(batches) == []
    assert {row["reason"].split(":")[0] for batch in batches for row in batch.rejected} == {reason}


def test_little_is_paid_to_a_model_that_writes_nothing() -> None:
    llm = Scripted(ahead=1000, answer=lambda request: ("[{", "length"))
    assert len(run(llm, count=1000)) == llm.asked == 16
    late = Scripted(ahead=1000, answer=lambda request: answer(request) if request.number % 9 == 8 else ("[{", "length"))
    assert len(kept(run(late, count=100))) == 100


def test_settings_that_hardly_work_are_doubted() -> None:
    settings = {"max_tokens": 64, "temperature": 0}
    assert [
        word in doubt for word, doubt in zip(("max_new_tokens", "alike"), generator().doubts(settings), strict=True)
    ]
    assert not list(generator().doubts({"max_tokens": 3072, "temperature": 1.0}))


def test_a_cut_reply_costs_its_last_task_alone() -> None:
    def cut(request: Request) -> tuple[str, str]:
        text, _ = answer(request)
        return text[:-4], "length"

    llm = Scripted(answer=cut)
    batches = run(llm, "generator.format=text")
    assert len(kept(batches)) == 60
    assert all([row["reason"] for row in batch.rejected].count("cut") == 1 for batch in batches)
    assert llm.asked <= len(batches) + 2


def test_what_cannot_work_is_refused() -> None:
    with pytest.raises(UserError, match="leaves nothing to write"):
        generator("generator.seeds_in_context=20")
    with pytest.raises(UserError, match="2 seed tasks are too few"):
        list(generator().batches(SEEDS[:2], 5, 0, Writer(Scripted(), Memory())))


def test_a_forecast_counts_the_requests() -> None:
    forecast = generator().forecast(SEEDS, 52_000, 0, Writer(Scripted(), Memory()))
    assert forecast.requests == 4370  # 17 tasks a request, of which 70 % are assumed to be kept
    mixed = generator("generator.seeds_in_context=6", "generator.written_in_context=2", "generator.lag=2")
    assert mixed.forecast(SEEDS, 80, 0, Writer(Scripted(), Memory())).requests == 10
