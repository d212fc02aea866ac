"""A model that is none: replies are made of the prompt's hash, so a whole run can be rehearsed without a network or money."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml
from pydantic import PositiveInt

from alpaca.llms.order import Named, in_batches
from alpaca.llms.price import Price, forecast, most_prompt_tokens
from alpaca.llms.request import Forecast, Ledger, Reply, Request
from alpaca.llms.wire import messages
from alpaca.prompts.scores import ASPECTS, HIGHEST, LOWEST
from alpaca.schema import Share

BATCH: Final = 256  # requests that are answered, and stored, at a time
BYTES_A_TOKEN: Final = 4
REPLIES_A_SECOND: Final = 1000
NUMBERED: Final = re.compile(r"list of (\d+) .*?(\d+)\. Instruction:\s*\Z", re.DOTALL)
ASKED: Final = re.compile(r"numbers (\d+) to (\d+)")
TASKS_IF_UNTOLD: Final = (1, 3)
SLOTS: Final = ("verb", "quality", "form", "topic", "other", "audience", "situation", "demand")


class Fake:
    """Answers prompts for tasks with tasks, in the form that is asked for, a judge's with a verdict or scores, any other with a sentence.

    Of the tasks, the share `unfit` asks for what a language model cannot do, as some do that real models write.
    """

    def __init__(self, max_tokens: PositiveInt, unfit: Share, price: Price) -> None:
        self.max_tokens, self.unfit, self.price = max_tokens, unfit, price

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"model": "fake", "max_tokens": self.max_tokens, "unfit": self.unfit}

    def replies(self, requests: Iterable[Request | None], ledger: Ledger) -> Iterator[Reply]:
        return in_batches(requests, self.settings, BATCH, ledger, self._complete, self._most_usd)

    def forecast(self, like: Sequence[Request], count: int, ledger: Ledger) -> Forecast:
        replies = self._complete([(request, "") for request in like])
        return replace(
            forecast(like, replies, count, self.price, self.max_tokens, 1),
            seconds=count / REPLIES_A_SECOND,
            learned_from=0,
        )

    def _most_usd(self, request: Request) -> float:
        return self.price.of(most_prompt_tokens(request), self.max_tokens)

    def _complete(self, batch: Sequence[Named]) -> list[Reply]:
        return [self._reply(*named) for named in batch]

    def _reply(self, request: Request, identity: str) -> Reply:
        prompt = request.prompt if isinstance(request.prompt, str) else json.dumps(messages(request))
        digest = hashlib.sha256(f"{request.number} {prompt}".encode("utf-8", "surrogatepass")).digest()
        text = self.answer(prompt, request.schema is not None, random.Random(digest))
        most = self.max_tokens * BYTES_A_TOKEN
        used = (len(prompt) // BYTES_A_TOKEN, min(len(text), most) // BYTES_A_TOKEN)
        finish: Any = "length" if len(text) > most else "stop"
        return Reply(identity, text[:most], finish, "fake-1", *used, self.price.of(*used))

    def answer(self, prompt: str, as_json: bool, rng: random.Random) -> str:
        """Return tasks where tasks are asked for; they are numbered as the prompt's list goes on."""
        if "<answer_a " in prompt:
            return f"{sentence(rng)}\nVerdict: {rng.choice(('A', 'B', 'tie'))}"
        if "- well_posed:" in prompt:
            return json.dumps({aspect: rng.randint(LOWEST, HIGHEST) for aspect in ASPECTS})
        if as_json:
            asked = ASKED.search(prompt)
            first, last = (int(number) for number in asked.groups()) if asked else TASKS_IF_UNTOLD
            return json.dumps({"tasks": [self.task(rng) for _ in range(first, last + 1)]})
        if (numbered := NUMBERED.search(prompt)) is None:
            return sentence(rng)
        last, first = (int(number) for number in numbered.groups())
        return "\n###\n".join(self.block(number, first, rng) for number in range(first, last + 1))

    def block(self, number: int, first: int, rng: random.Random) -> str:
        """Return a task of the list; the prompt has the beginning of the first."""
        task = self.task(rng)
        head = "" if number == first else f"{number}. Instruction:"
        return f"{head} {task['instruction']}\n{number}. Input:\n{task['input'] or '<noinput>'}\n{number}. Output:\n{task['output']}"

    def task(self, rng: random.Random) -> dict[str, str]:
        given = f"{sentence(rng)} {sentence(rng)}" if rng.random() < 0.4 else ""  # Alpaca's share with an input
        output = " ".join(sentence(rng) for _ in range(rng.randint(1, 5)))
        return {"instruction": self.instruction(rng), "input": given, "output": output}

    def instruction(self, rng: random.Random) -> str:
        words = {slot: rng.choice(bank()[slot]) for slot in SLOTS}
        if rng.random() < self.unfit:
            words["verb"] = rng.choice(bank()["unfit"])
        return "{verb} {quality} {form} about {topic} and {other} for {audience} who {situation}, {demand}.".format(
            **words
        )


def sentence(rng: random.Random) -> str:
    words = {slot: rng.choice(bank()[slot]) for slot in ("topic", "other", "audience", "situation")}
    return "Since {audience} {situation}, {topic} matter as much as {other}.".format(**words)


@cache
def bank() -> dict[str, list[str]]:
    """The words of each place in an instruction."""
    words: dict[str, list[str]] = yaml.safe_load(files("alpaca.assets").joinpath("rehearsal.yaml").read_text("utf-8"))
    return words
