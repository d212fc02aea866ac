"""People who judge 40 pairs over HTTP, and the page in a process of its own: `python tests/panel.py FOLDER PORT NAME ...`."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession
from judging import Memory

from alpaca.evaluation.human.judge import Human
from alpaca.evaluation.pairs import Answer, Desk, Pair
from alpaca.log import setup_logging
from alpaca.records import Example

TASKS = 40
BETRAYERS = ("candidate", "reference", "evaluate", "win", "loss", "model", "swap", "/tmp", "task-")
HOSTILE = '<script>document.title = "owned"</script>\u202eesrever\x1b[31m <img src=x onerror=alert(1)>'
SHOWN = HOSTILE.replace("\u202e", "\\u202e").replace("\x1b", "␛")


def pairs(count: int = TASKS) -> list[Pair]:
    """Return tasks of which one tries to act on the page; the first model's answers are long, the other's short."""
    numbers = [f"{number:02}" for number in range(count)]
    tasks = [Example(f"Describe {number}.", f"\tas\n  it is {number}" * (number > "20"), "") for number in numbers]
    tasks[1] = Example(HOSTILE, HOSTILE, "")
    lines = [1 + int(number) % 30 for number in numbers]
    return [
        Pair(f"task-{number}", task, Answer(f"long {number}\n" * many), Answer(f"short {number}"))
        for number, task, many in zip(numbers, tasks, lines, strict=True)
    ]


def human(people: int | list[str], port: int = 0, **options: Any) -> Human:
    given = {"judgments_per_task": None, "host": "127.0.0.1", "grace": 0.2, "finish": False} | options
    return Human(people=people, port=port, **given)


def desk(folder: Path) -> Desk:
    return Desk(folder / "evaluate", Memory(), 0)


def said(task: str, choice: str = "first", comment: str = "") -> dict[str, Any]:
    return {"id": secrets.token_hex(16), "task": task, "choice": choice, "comment": comment, "seconds": 2.5}


def prefers_long(task: dict[str, str]) -> str:
    return "first" if task["first"].startswith("long") else "second"


def doubtful(task: dict[str, str]) -> str:
    """Find the short answer better, with ties, by the text alone."""
    if (number := int(task["second"][-2:])) % 5 == 0:
        return "both_bad" if number % 2 else "tie"
    return "first" if task["first"].startswith("short") else "second"


def check_judgments(output: str) -> None:
    """See that Ana and Ben have judged all, each task once, she for the long answers and he as is doubtful."""
    judged = json.loads(output)
    everything = Counter((person, pair.task) for person in ("Ana", "Ben") for pair in pairs())
    assert Counter((each["judge"], each["task"]) for each in judged) == everything
    assert all(each["preference"] == 1 for each in judged if each["judge"] == "Ana")
    for each in (each for each in judged if each["judge"] == "Ben"):
        number = int(each["task"][-2:])
        assert each["preference"] == (0.5 if number % 5 == 0 else 0.0)
        assert each["both_bad"] == (number % 10 == 5)
    shown = Counter((each["judge"], each["first"]) for each in judged)
    assert set(shown.values()) == {TASKS // 2}
    assert len({(each["task"], each["first"]) for each in judged}) > TASKS  # sides are each person's own


def betrayals(texts: Iterable[str]) -> list[str]:
    """Return the lines that tell, or might, whose answer is whose."""
    lines = "\n".join(texts).lower().replace("window", "").split("\n")
    return [line for line in lines if any(word in line for word in BETRAYERS)]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@dataclass
class Person:
    """Says of each task what `opinion` finds, tries again where the server is away, and keeps all that it was told."""

    url: str
    token: str = ""
    opinion: Callable[[dict[str, str]], str] = prefers_long
    heard: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)

    async def ask(self, session: ClientSession, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        method = "GET" if body is None else "POST"
        headers = {"Person": self.token} | headers
        async with session.request(method, f"{self.url}/{path}", json=body, headers=headers) as response:
            text = await response.text()
            self.heard.append(f"{response.headers} {text}")
            return response.status, json.loads(text) if response.content_type == "application/json" else text

    async def insist(self, session: ClientSession, path: str, body: Any = None) -> Any:
        while True:
            try:
                status, reply = await self.ask(session, path, body)
            except (ClientError, OSError):
                await asyncio.sleep(0.02)
                continue
            assert status == 200, reply
            return reply

    async def judge(self, name: str = "", after: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """Judge all, under this name where there is no token; return the last state."""
        async with ClientSession() as session:
            self.token = self.token or (await self.insist(session, "join", {"name": name}))["token"]
            state = await self.insist(session, "state")
            while (task := state["task"]) is not None:
                self.tasks.append(task["instruction"])
                verdict = said(task["id"], self.opinion(task), f"of {task['instruction']}")
                state = await self.insist(session, "say", verdict)
                after()
            return state


def start(folder: Path, port: int, names: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Start the page and return once it is there."""
    command = [sys.executable, __file__, str(folder), str(port), *names]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    process.stderr.readline()
    return process


if __name__ == "__main__":
    setup_logging()
    judged = human(sys.argv[3:] or 2, int(sys.argv[2])).judgments(pairs(), desk(Path(sys.argv[1])))
    print(json.dumps([judgment.row() for judgment in judged]))
