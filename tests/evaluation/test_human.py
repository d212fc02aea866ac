"""People judge over HTTP; tests/evaluation/test_judging_page.py has them do it in browsers."""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiohttp import ClientSession
from panel import SHOWN, TASKS, Person, betrayals, check_judgments, desk, doubtful, free_port, human, pairs, said, start

from alpaca.errors import UserError
from alpaca.evaluate import evaluate
from alpaca.evaluation.human import blinding
from alpaca.evaluation.human.page import Page
from alpaca.evaluation.human.panel import Panel, Refused
from alpaca.evaluation.human.verdicts import Said, Verdicts
from alpaca.llms.fake import Fake
from alpaca.llms.price import Price
from alpaca.manifest import Outcome


def test_two_people_at_once_and_a_kill(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = start(tmp_path, port)
    ana, ben = Person(url), Person(url, opinion=doubtful)
    count = 0

    def kill() -> None:
        nonlocal count, process
        count += 1
        if count in (30, 55):
            process.kill()
            process.communicate()
            process = start(tmp_path, port)

    async def both() -> list[dict[str, Any]]:
        return list(await asyncio.gather(ana.judge("Ana", kill), ben.judge("Ben", kill)))

    states = asyncio.run(both())
    output, _ = process.communicate(timeout=30)
    check_judgments(output)
    assert len(ana.tasks) == len(ben.tasks) == TASKS
    assert ana.tasks != ben.tasks
    assert states[0]["done"] == states[1]["done"] == TASKS
    (agreement,) = [state["agreement"] for state in states if state["agreement"]]
    assert agreement["pairs"][0] | {"cohen_kappa": 0} == {
        "judges": ["Ana", "Ben"], "tasks": TASKS, "agreement": 0.0, "cohen_kappa": 0,
    }  # fmt: skip
    assert betrayals(ana.heard + ben.heard) == []


class Room:
    """A panel and what goes on in it, without a page."""

    def __init__(self, folder: Path, people: Any = 2, per_task: int | None = None, count: int = 6) -> None:
        self.verdicts = Verdicts(folder / "human.jsonl")
        self.panel = Panel(pairs(count), people, per_task, self.verdicts)

    def say(self, person: str, choice: Any = "first", **known: Any) -> Said:
        given = Said(**said(self.panel.state(person)["task"]["id"], choice) | known)
        self.panel.say(person, given)
        return given


@contextmanager
def room(folder: Path, *options: Any) -> Iterator[Room]:
    made = Room(folder, *options)
    with made.verdicts:
        yield made


def test_undoing_is_kept_too_and_outlives_the_process(tmp_path: Path) -> None:
    with room(tmp_path, ["Ana"]) as first:
        one, two = first.say("Ana", "tie", comment="hm"), first.say("Ana")
        first.panel.undo("Ana", two.id)
        first.panel.undo("Ana", two.id)  # sent again
        first.panel.undo("Ana", one.id)
        with pytest.raises(Refused, match="not your last"):
            first.panel.undo("Ana", "0" * 32)
        told = first.panel.state("Ana")
    content = (tmp_path / "human.jsonl").read_bytes()
    assert content.count(b'"said"') == content.count(b'"undone"') == 2
    with room(tmp_path, ["Ana"]) as again:
        assert again.panel.state("Ana") == told
        assert told["before"] == {"choice": "tie", "comment": "hm"}
        assert (told["done"], told["task"]["id"]) == (0, one.task)
        again.say("Ana", "second")
        assert again.panel.state("Ana")["task"]["id"] == two.task


def test_what_is_torn_is_asked_for_again(tmp_path: Path) -> None:
    with room(tmp_path, ["Ana"]) as first:
        kept, torn = first.say("Ana"), first.say("Ana")
    path = tmp_path / "human.jsonl"
    path.write_bytes(path.read_bytes()[:-9] + b"\0" * 50)
    with room(tmp_path, ["Ana"]) as again:
        state = again.panel.state("Ana")
        assert (state["last"], state["task"]["id"]) == (kept.id, torn.task)


def test_a_verdict_counts_once(tmp_path: Path) -> None:
    with room(tmp_path, ["Ana", "Ben"]) as it:
        given = it.say("Ana")
        it.panel.say("Ana", given)  # sent again
        with pytest.raises(Refused, match="another window"):
            it.panel.say("Ana", Said(**said(given.task, "second")))
        with pytest.raises(Refused, match="no such task"):
            it.panel.say("Ben", Said(**said(it.panel.state("Ana")["task"]["id"])))
        with pytest.raises(Refused, match="no such task"):
            it.panel.say("Ana", Said(**said("ab" * 12)))
        assert (it.panel.state("Ana")["done"], it.panel.state("Ben")["done"]) == (1, 0)
        assert it.verdicts.standing == {given.task: given}


def test_sides_and_names_stay_when_tasks_come_and_go_and_change_with_the_answers(tmp_path: Path) -> None:
    with room(tmp_path, ["Ana"], None, 6) as few:
        given = [few.say("Ana") for _ in range(6)]
        before = few.panel.judgments()
    with room(tmp_path, ["Ana"], None, 9) as many:
        after = [each for each in many.panel.judgments() if each.preference is not None]
        assert after == before
        assert many.panel.state("Ana")["of"] == 9
        turned = [type(pair)(pair.task, pair.example, pair.reference, pair.candidate) for pair in pairs(6)]
        swapped = Panel(turned, ["Ana"], None, many.verdicts)
        assert swapped.state("Ana")["done"] == 0
        assert not {said.task for said in given} & {swapped.state("Ana")["task"]["id"]}


def test_what_is_drawn_depends_on_the_secret_and_the_person(tmp_path: Path) -> None:
    drawn = [blinding.tasks(secret, person, pairs(), ()) for secret in (b"one", b"two") for person in ("Ana", "Ben")]
    assert len({task.name for tasks in drawn for task in tasks}) == 4 * TASKS
    assert len({tuple(task.pair.task for task in tasks) for tasks in drawn}) == 4
    sides = [{task.pair.task: task.swapped for task in tasks} for tasks in drawn]
    assert all(one != other for one, other in itertools.combinations(sides, 2))
    assert all(sum(swapped.values()) == TASKS // 2 for swapped in sides)
    in_turn = [task.swapped for task in drawn[0]]
    assert 10 < sum(one != other for one, other in itertools.pairwise(in_turn)) < 30  # and do not alternate


@pytest.mark.parametrize(("people", "per_task"), [(3, 2), (4, 1), (2, None), (5, 3)])
def test_each_task_goes_to_so_many_people(tmp_path: Path, people: int, per_task: int | None) -> None:
    with room(tmp_path, people, per_task, 10) as it:
        it.panel.join("Ana")
        expected = it.panel.judgments()
    assert Counter(each.task for each in expected) == {pair.task: per_task or people for pair in pairs(10)}
    loads = Counter(each.judge for each in expected)
    assert len(loads) == people
    assert max(loads.values()) - min(loads.values()) <= (per_task or people)
    assert {each.missing for each in expected} == {"not judged", "nobody has joined"}


def test_places_are_for_so_many_names(tmp_path: Path) -> None:
    with room(tmp_path) as it:
        ana = it.panel.join(" Ana \t Maria")
        assert it.panel.join("ana maria") == ana
        assert it.panel.people == ["Ana Maria"]
        assert it.panel.person(ana) == "Ana Maria"
        assert it.panel.join("Zoë") == it.panel.join("Zoe\u0308") != ana
        with pytest.raises(Refused, match="All 2 places"):
            it.panel.join("Cem")
        for name in ("", " ", "x" * 61, "a\u202eb", "a\0"):
            with pytest.raises(Refused, match="A name has"):
                it.panel.join(name)
        assert it.panel.person("") is None
        assert it.panel.person("ü") is None


def test_it_ends_with_what_is_there_when_told_to(tmp_path: Path) -> None:
    with Verdicts(tmp_path / "evaluate.human.jsonl") as verdicts:
        panel = Panel(pairs(5), ["Ana", "Ben"], None, verdicts)
        for choice in ("both_bad", "tie"):
            panel.say("Ana", Said(**said(panel.state("Ana")["task"]["id"], choice)))
    judged = human(["Ana", "Ben"], finish=True).judgments(pairs(5), desk(tmp_path))
    assert len(judged) == 10
    assert Counter(each.preference for each in judged) == {0.5: 2, None: 8}
    assert sum(each.both_bad for each in judged) == 1
    assert [each.task for each in judged] == sorted(each.task for each in judged)


class Served:
    """The page in this process; `ask` is one request."""

    def __init__(self, panel: Panel, url: str) -> None:
        self.panel, self.url = panel, url

    def ask(self, path: str, body: Any = None, token: str = "", **headers: str) -> tuple[int, Any]:
        async def once() -> tuple[int, Any]:
            async with ClientSession() as session:
                return await Person(self.url, token).ask(session, path, body, **headers)

        return asyncio.run(once())


@contextmanager
def served(verdicts: Verdicts, people: Any) -> Iterator[Served]:
    panel = Panel(pairs(3), people, None, verdicts)
    with Page(panel, 60).served("127.0.0.1", 0) as (address, _):
        yield Served(panel, address.rstrip("/"))


def test_strangers_and_slips_are_refused_in_a_line(tmp_path: Path) -> None:
    with Verdicts(tmp_path / "human.jsonl") as verdicts, served(verdicts, ["Ana"]) as page:
        token = page.panel.token("Ana")
        task = page.ask("state", token=token)[1]["task"]
        refused = {
            "nobody's token": page.ask("state", token="0" * 32),
            "no token": page.ask("say", said(task["id"])),
            "a name where there are links": page.ask("join", {"name": "Ana"}),
            "another site": page.ask("say", said(task["id"]), token, Origin="https://example.org"),
            "a hidden site": page.ask("say", said(task["id"]), token, Origin="null"),
            "another name of ours": page.ask("state", token=token, Host="example.org"),
            "a form": page.ask("say", said(task["id"]), token, **{"Content-Type": "text/plain"}),
            "a long comment": page.ask("say", said(task["id"], comment="x" * 4001), token),
            "a huge comment": page.ask("say", said(task["id"], comment="x" * 70_000), token),
            "no choice": page.ask("say", said(task["id"], "third"), token),
            "a name of its own": page.ask("say", said(task["id"]) | {"id": "1"}, token),
            "no verdict": page.ask("say", [], token),
            "no seconds": page.ask("say", said(task["id"]) | {"seconds": -1}, token),
            "an unknown task": page.ask("say", said("0" * 24), token),
            "nothing to undo": page.ask("undo", {"id": "0" * 32}, token),
            "no such page": page.ask("evaluate.human.jsonl", token=token),
            "no such method": page.ask("say", token=token),
        }
        statuses = {name: status for name, (status, _) in refused.items()}
        assert list(statuses.values()) == [403, 403, 409, 403, 403, 403, 415, 400, 413, 400, 400, 400, 400, 409, 409, 404, 405]  # fmt: skip
        assert all(isinstance(said["error"], str) and "\n" not in said["error"] for _, said in refused.values())
        assert page.ask("say", said(task["id"]), token, Origin=page.url)[0] == 200
        assert page.ask("state", token=token, Host="localhost:1")[1]["done"] == 1


def test_texts_are_told_as_they_are_and_cannot_act(tmp_path: Path) -> None:
    with Verdicts(tmp_path / "human.jsonl") as verdicts, served(verdicts, 1) as page:
        token = page.ask("join", {"name": "Ana"})[1]["token"]
        instructions = set()
        while (task := page.ask("state", token=token)[1]["task"]) is not None:
            instructions.add(task["instruction"])
            page.ask("say", said(task["id"]), token)
        assert SHOWN in instructions
        state = page.ask("state", token=token)[1]
        assert 50 < state["closes_in"] <= 60
        assert page.ask("undo", {"id": state["last"]}, token)[1]["closes_in"] is None


def test_the_page_is_whole_and_allows_nothing_else(tmp_path: Path) -> None:
    with Verdicts(tmp_path / "human.jsonl") as verdicts, served(verdicts, 1) as page:
        heard = Person(page.url)

        async def get() -> None:
            async with ClientSession() as session:
                await heard.ask(session, "")
                await heard.ask(session, "")

        asyncio.run(get())
    one, other = heard.heard
    assert "default-src 'none'; script-src 'nonce-" in one
    assert one != other  # a nonce of its own
    assert "http" not in one.split("<!doctype html>")[1]
    assert betrayals([one]) == []


class Full(Verdicts):
    def _keep(self, event: dict[str, Any]) -> None:
        if "said" in event:
            raise OSError(errno.ENOSPC, "No space left on device")
        super()._keep(event)


def test_a_full_disk_is_told_and_nothing_is_said(tmp_path: Path) -> None:
    with Full(tmp_path / "human.jsonl") as verdicts, served(verdicts, ["Ana"]) as page:
        token = page.panel.token("Ana")
        task = page.ask("state", token=token)[1]["task"]
        status, told = page.ask("say", said(task["id"]), token)
        assert (status, told["error"]) == (503, "It could not be saved (No space left on device).")
        assert page.ask("state", token=token)[1]["done"] == 0


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UserError, match=r"cannot serve the page at .* judge\.port=.*in use"):
            human(2, taken.getsockname()[1]).judgments(pairs(), desk(tmp_path))


@pytest.mark.parametrize(
    ("people", "per_task", "told"),
    [
        (2, 3, "more than the 2"),
        ([], None, "different names"),
        (["a", "A "], None, "different names"),
        ([""], None, "A name has"),
    ],
)
def test_people_that_cannot_be_are_refused_at_once(people: Any, per_task: int | None, told: str) -> None:
    with pytest.raises(UserError, match=told):
        human(people, judgments_per_task=per_task)


@pytest.mark.slow
def test_taking_back_the_last_keeps_the_page_open(tmp_path: Path) -> None:
    with Verdicts(tmp_path / "human.jsonl") as verdicts:
        panel = Panel(pairs(3), ["Ana"], None, verdicts)
        with Page(panel, 3).served("127.0.0.1", 0) as (address, ended):
            asyncio.run(Person(address.rstrip("/"), panel.token("Ana")).judge())
            page = Served(panel, address.rstrip("/"))
            page.ask("undo", {"id": panel.state("Ana")["last"]}, panel.token("Ana"))
            assert not ended.wait(3.5)
            page.ask("say", said(panel.state("Ana")["task"]["id"]), panel.token("Ana"))
            assert ended.wait(30)


def test_the_stage_asks_people_once_and_tells_what_they_said(tmp_path: Path) -> None:
    port, data, model = free_port(), tmp_path / "tasks.jsonl", Fake(64, 0.0, Price(0, 0))
    data.write_text("".join(f'{{"instruction": "Say {number}", "output": ""}}\n' for number in range(4)), "utf-8")
    person = Person(f"http://127.0.0.1:{port}", opinion=lambda task: "both_bad")

    def stage() -> Outcome:
        return evaluate(
            "run", tmp_path, 0, data, None, model, model, "auto", "auto", human(1, port), [], None, None, None
        )

    Thread(target=lambda: asyncio.run(person.judge("Ana")), daemon=True).start()  # who waits for the page
    results = stage().results
    assert stage().results == results  # all is judged, and nobody is asked
    assert (results["tasks"], results["ties"], results["both_bad"]) == (4, 4, 4)
    rows = [json.loads(line) for line in (tmp_path / "run/evaluate/judgments.jsonl").read_text("utf-8").splitlines()]
    assert {(row["judge"], row["both_bad"], row["comment"][:6]) for row in rows} == {("Ana", True, "of Say")}
    assert (tmp_path / "run/evaluate.human.jsonl").is_file()
