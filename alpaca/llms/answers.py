"""Answers that are in a file already, in the place of a model that gives them: `candidate=answers candidate.path=outputs.json`.

A row is Alpaca's, a chat of a question and its answer, AlpacaEval's output of a model (`instruction`, `output`, `generator`), or
one of Self-Instruct's predictions (`instruction`, `input`, `response`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from alpaca.doors.rows import rows
from alpaca.errors import UserError
from alpaca.files import sha256
from alpaca.llms.request import Forecast, Ledger, Reply, Request
from alpaca.records import Example, examples_of
from alpaca.schema import InputPath

Texts = dict[tuple[str, ...], list[str]]  # the answers to a task, one for each time that it is there


class Answers:
    """The answers in the file, or folder, `path`; each is found by its task's instruction and input.

    White space between words may differ, and the input may follow in the instruction, as in AlpacaEval's set.
    """

    def __init__(self, path: InputPath) -> None:
        self.path = path

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The name of the model, as the file tells it, and the file's hash: how it was asked is not known here."""
        return {"model": self._read[0], "prompts": "unknown", "answers": sha256(self.path)[:12]}

    def replies(self, requests: Iterable[Request | None], ledger: Ledger) -> Iterator[Reply]:
        """Yield the answer to each request's task; raises UserError where one has none."""
        for request in requests:
            if request is not None:
                text = self._answer(request)
                if text is None:
                    raise self._lacks([request], 1)
                yield Reply(request.identity(self.settings), text, "stop", self.settings["model"], 0, 0, 0.0)

    def forecast(self, like: Sequence[Request], count: int, ledger: Ledger) -> Forecast:
        """Tell that nobody is asked; raises UserError where some of the requests' tasks have no answer."""
        missing = [request for request in like if self._answer(request) is None]
        if missing:
            raise self._lacks(missing, len(like))
        return Forecast(0, 0, 0, 0.0, 0.0, len(like))

    def _lacks(self, missing: Sequence[Request], of: int) -> UserError:
        first = missing[0].task
        if first is None:
            return UserError(f"{self.path} holds answers to tasks, for alpaca evaluate; it completes no other text")
        shown = " ".join(first.instruction.split())[:60]
        bad = f" ({self._read[3]} of its rows cannot be read)" if self._read[3] else ""
        return UserError(f"{self.path} has no answer to {len(missing)} of {of} tasks{bad}, first to `{shown}`")

    def _answer(self, request: Request) -> str | None:
        """Return the answer to a request's task; to one that is there several times, one after the other."""
        if request.task is None:
            return None
        _, exact, loose, _ = self._read
        found = exact.get(_exactly(request.task)) or loose.get(_loosely(request.task))
        return found[min(request.number, len(found) - 1)] if found else None

    @cached_property
    def _read(self) -> tuple[str, Texts, Texts, int]:
        """Read the name of the model, the answers by two kinds of keys, and how many rows are none."""
        exact: Texts = {}
        loose: Texts = {}
        names: dict[str, None] = {}
        bad = 0
        for _, row, problem in rows(self.path):
            try:
                found = [] if problem else list(examples_of(_as_alpaca(row)))
            except ValueError:
                found = []
            bad += not found
            for example in found:
                exact.setdefault(_exactly(example), []).append(example.output)
                loose.setdefault(_loosely(example), []).append(example.output)
                if name := example.about.get("generator"):
                    names[str(name)] = None
        if len(names) > 1:
            raise UserError(
                f"{self.path} holds the answers of {len(names)} models ({', '.join(names)}); give a file for each"
            )
        return next(iter(names), self.path.stem), exact, loose, bad


def _as_alpaca(row: Any) -> Any:
    """Name what a prediction of Self-Instruct's holds as Alpaca does; its completion is a text, or within an API's reply."""
    if not isinstance(row, dict) or "response" not in row or "output" in row:
        return row
    response = row["response"]
    choices = response.get("choices") if isinstance(response, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else {}
    text = response if isinstance(response, str) else choice.get("text") if isinstance(choice, dict) else None
    rest = {key: value for key, value in row.items() if key != "response"}
    return rest | {"output": text.strip() if isinstance(text, str) else None}  # its prompt ended before a space


def _exactly(task: Example) -> tuple[str, ...]:
    return task.instruction.strip(), task.input.strip()


def _loosely(task: Example) -> tuple[str, ...]:
    return tuple(task.instruction.split() + task.input.split())
