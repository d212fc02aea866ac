"""Judges that follow a script: what the prompt shows them is read back, and a function says what they reply."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alpaca.evaluation.pairs import Answer, Pair, task_names
from alpaca.llms.order import Named, in_batches
from alpaca.llms.request import Forecast, Ledger, Reply, Request
from alpaca.records import Example

MATERIAL = re.compile(r"<(task|input|answer_a|answer_b) ([0-9a-f]{12})>\n(.*?)\n</\1 \2>", re.DOTALL)


@dataclass(frozen=True)
class Seen:
    """What a judge sees; `short` where only the verdict is asked for."""

    task: str
    a: str
    b: str
    short: bool
    number: int = 0


Script = Callable[[Seen], str | tuple[str, Any]]


def seen(prompt: str, number: int = 0) -> Seen:
    parts = {name: text for name, _, text in MATERIAL.findall(prompt)}
    return Seen(parts["task"], parts["answer_a"], parts["answer_b"], "Give your reasons" not in prompt, number)


def longer(shown: Seen) -> str:
    """Prefer the longer answer, in JSON."""
    verdict = "A" if len(shown.a) > len(shown.b) else "B" if len(shown.a) < len(shown.b) else "tie"
    return json.dumps({"rationale": "Length.", "verdict": verdict})


class Scripted:
    """A model that replies what a script says; a pair is a text and its finish, or the probability of A."""

    def __init__(self, script: Script, api: str = "chat", batch: int = 8) -> None:
        self.script, self.api, self.batch = script, api, batch
        self.settings: dict[str, Any] = {"model": "scripted", "api": api}
        self.requests: list[Request] = []

    def adjusted(self, temperature: float | None, max_tokens: int, likely: int) -> Scripted:
        self.settings |= {"temperature": temperature, "max_tokens": max_tokens, "likely": likely}
        return self

    def replies(self, requests: Iterable[Request | None], ledger: Ledger) -> Iterator[Reply]:
        return in_batches(requests, self.settings, self.batch, ledger, self._answer)

    def forecast(self, like: Sequence[Request], count: int, ledger: Ledger) -> Forecast:
        return Forecast(count, 10 * count, count, 0.5, 1.0, 0)

    def _answer(self, batch: Sequence[Named]) -> list[Reply]:
        self.requests += [request for request, _ in batch]
        return [self._reply(request, name) for request, name in batch]

    def _reply(self, request: Request, name: str) -> Reply:
        prompt = request.prompt if isinstance(request.prompt, str) else request.prompt[-1].content
        said = self.script(seen(prompt, request.number))
        reply = Reply(name, "", "stop", "scripted-1", 1, 1, 0.25)
        if isinstance(said, str):
            return replace(reply, text=said)
        text, more = said
        if isinstance(more, float):
            likely = [{" A": math.log(more), "b": math.log(1 - more), "The": -3.0}]
            return replace(reply, text=text, finish="length", likely=likely)
        return replace(reply, text=text, finish=more)


def pairs(answers: Sequence[tuple[str, str]]) -> list[Pair]:
    """Make pairs of unlike tasks with the answers of the candidate and the reference."""
    tasks = [Example(f"Tell number {number} of the stories.", "", "") for number in range(len(answers))]
    return [
        Pair(name, task, Answer(one), Answer(other))
        for name, task, (one, other) in zip(task_names(tasks), tasks, answers, strict=True)
    ]
