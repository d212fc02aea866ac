"""Two files of answers behind a server, judged by a third model of it, through the command line; all of it killed at random."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

SERVER = str(Path(__file__).parent.parent / "model_server.py")
FAULTS = {"latency": 0.02, "refused": 0.05, "failed": 0.05, "truncated": 0.03, "reset": 0.03, "retry_after": 0.05}


class House:
    """A server that may be killed and comes back with what it has billed, and the command that asks it."""

    def __init__(self, folder: Path, data: Path, candidate: Path, reference: Path) -> None:
        self.folder, self.journal = folder, folder / "journal.txt"
        self.log = folder / "log.txt"
        self.journal.touch()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        models = {"candidate": candidate, "reference": reference, "judge.llm": "judge"}
        self.command = [sys.executable, "-m", "alpaca", "evaluate", f"data={data}", "judge=llm", "judge.max_tokens=64"]
        for side, model in models.items():
            self.command += [
                f"llm@{side}=openai",
                f"{side}.model={model}",
                f"{side}.base_url=http://127.0.0.1:{self.port}/v1",
            ]
            self.command += [f"{side}.price.input=1", f"{side}.price.output=3", f"{side}.concurrency=8"]

    def serve(self, **faults: Any) -> subprocess.Popen[str]:
        behaviour = {"writer": "judge_server:answers_or_verdicts", "honours_keys": True, "journal": str(self.journal)}
        command = [sys.executable, SERVER, str(self.port), json.dumps(behaviour | faults)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        server.stdout.readline()
        return server

    def evaluate(self, name: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen([*self.command, f"name={name}"], cwd=self.folder, stderr=log)

    def billed(self) -> list[str]:
        return self.journal.read_text().split()

    def judgments(self, name: str) -> list[dict[str, Any]]:
        text = (self.folder / "outputs" / name / "evaluate" / "judgments.jsonl").read_text("utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def results(self, name: str) -> dict[str, Any]:
        manifest = json.loads((self.folder / "outputs" / name / "evaluate" / "manifest.json").read_text("utf-8"))
        return dict(manifest["results"])

    def stored(self, name: str) -> list[str]:
        """Return the identity of each reply in the ledger."""
        lines = (self.folder / "outputs" / name / "evaluate.ledger.jsonl").read_text("utf-8").splitlines()
        events = [json.loads(line.partition(" ")[2]) for line in lines]
        return [event["reply"]["identity"] for event in events if "reply" in event]


def stop(process: subprocess.Popen[Any]) -> None:
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def killed(house: House, client_kills: int, server_kills: int, step: int) -> int:
    """Evaluate as `killed`, with kills whenever up to `step` more requests are billed; return how often the client ran."""
    rng, server, runs = random.Random(0), house.serve(**FAULTS), 0
    todo = ["client"] * client_kills + ["server"] * server_kills
    rng.shuffle(todo)
    client = house.evaluate("killed")
    try:
        while client.poll() != 0:
            if client.poll() is not None:  # it gave up on the server
                assert client.returncode == 3, house.log.read_text()
                client, runs = house.evaluate("killed"), runs + 1
            enough = len(house.billed()) + rng.randint(1, step)
            while client.poll() is None and (not todo or len(house.billed()) < enough):
                time.sleep(0.005)
            if client.poll() is None and todo.pop() == "client":
                stop(client)
                client, runs = house.evaluate("killed"), runs + 1
            elif client.poll() is None:
                stop(server)
                server = house.serve(**FAULTS, seed=rng.randrange(1000))
    finally:
        stop(client)
        stop(server)
    assert not todo
    return runs + 1


def check(house: House, tasks: int, equal: int) -> None:
    """See that every judgment is there once, and that each reply in the ledger was billed, and once."""
    made, billed = house.judgments("killed"), house.billed()
    assert len(made) == 2 * tasks
    assert set(Counter((row["task"], row["first"]) for row in made).values()) == {1}
    assert len({row["task"] for row in made}) == tasks
    assert max(Counter(billed).values()) == 1
    assert sorted(billed) == sorted(house.stored("killed"))
    assert len(billed) >= 4 * tasks - 2 * equal
    missing = sum(row["preference"] is None for row in made)
    usd = house.results("killed")["usd"]
    print(f"{len(made)} judgments, {missing} missing, {len(billed)} requests billed once each, ${usd:.4f}")


def check_undisturbed(house: House) -> None:
    """See that it is what would have been without faults and kills, at the same price."""
    server = house.serve()
    try:
        assert house.evaluate("whole").wait() == 0, house.log.read_text()
    finally:
        stop(server)
    assert house.judgments("whole") == house.judgments("killed")
    assert sorted(house.stored("whole")) == sorted(house.stored("killed"))
    whole, killed = house.results("whole"), house.results("killed")
    assert whole.pop("usd") == pytest.approx(killed.pop("usd"))  # summed in another order
    assert whole == killed


@pytest.fixture
def small(tmp_path: Path) -> House:
    tasks = [
        {"instruction": f"Tell me about number {n}.", "input": "Be brief." * (n % 2), "output": ""} for n in range(12)
    ]
    for name, text in {"tasks": "", "one": "Well, {} is so: {}", "other": "It is {}."}.items():
        rows = [task | {"response": text.format(n, "x" * n * n)} for n, task in enumerate(tasks)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return House(tmp_path, *(tmp_path / f"{name}.jsonl" for name in ("tasks", "one", "other")))


def test_every_judgment_is_there_once_and_none_is_paid_twice(small: House) -> None:
    runs = killed(small, client_kills=1, server_kills=1, step=20)
    assert runs >= 2
    check(small, tasks=12, equal=0)


@pytest.mark.slow
@pytest.mark.real_data
def test_real_answers_are_judged_through_kills(tmp_path: Path, real_data: Path) -> None:
    names = ("self_instruct_user_oriented", "user_oriented_text_davinci_003", "user_oriented_davinci_self_instruct")
    house = House(tmp_path, *(real_data / f"{name}.jsonl" for name in names))
    runs = killed(house, client_kills=8, server_kills=4, step=120)
    print(f"{runs} runs of the client, 4 kills of the server")
    check(house, tasks=252, equal=13)
    check_undisturbed(house)
