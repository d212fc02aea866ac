"""The answers of a model to tasks, each asked for once: what the ledger holds is not asked for again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from alpaca.evaluation.pairs import Answer
from alpaca.llms.order import stored
from alpaca.llms.request import LLM, Forecast, Ledger, Request
from alpaca.log import logger
from alpaca.prompts.alpaca import prompt
from alpaca.records import Example, Turn

Role = Literal["candidate", "reference"]
Prompts = Literal["auto", "alpaca", "chat"]


@dataclass(frozen=True)
class Side:
    """One of the two that are compared: what gives its answers, and in which form it is given the tasks.

    `chat` gives the task as a user's turn, which a server or a model's own chat template frames; `alpaca` gives Alpaca's template
    to continue. `auto` is `chat` for a chat API, and `alpaca` for any other.
    """

    role: Role
    llm: LLM
    prompts: Prompts

    @property
    def form(self) -> Literal["alpaca", "chat"]:
        if self.prompts == "auto":
            return "chat" if self.llm.settings.get("api") == "chat" else "alpaca"
        return self.prompts

    def settings(self) -> dict[str, Any]:
        """Return all that an answer depends on beside its task: the model, its decoding parameters, the form of the prompt."""
        return {"prompts": self.form} | dict(self.llm.settings)

    def foretell(self, tasks: Sequence[Example], ledger: Ledger, before_usd: float = 0.0) -> float:
        """Say what the answers are expected to take, and return it in USD; raises UserError where some cannot be had.

        `before_usd` is expected to be spent before them.
        """
        asked = list(requests(self.form, tasks))
        new = stored(asked, self.llm.settings, ledger).count(None)
        expected = self.llm.forecast(asked, new, ledger)
        start = f"the {self.role}, {self.llm.settings['model']}, expects"
        tell(start, f"answers of the {self.role}", expected, ledger, before_usd)
        return expected.usd

    def answers(self, tasks: Sequence[Example], ledger: Ledger) -> list[Answer]:
        """Return the answer to each task, in order; raises Stopped where the budget is spent.

        Tasks are asked in the order of their lengths, so that those that a local model answers together are alike.
        """
        order = sorted(range(len(tasks)), key=lambda number: len(tasks[number].instruction) + len(tasks[number].input))
        replies = self.llm.replies(requests(self.form, [tasks[number] for number in order]), ledger)
        made = {number: Answer.of(reply) for number, reply in zip(order, replies, strict=True)}
        return [made[number] for number in range(len(tasks))]


def tell(start: str, what: str, expected: Forecast, ledger: Ledger, before_usd: float = 0.0) -> None:
    """Say what requests are expected to take, and how far the budget goes, where any are made."""
    if expected.requests:
        logger.info("evaluate: %s %s", start, expected.told())
        spent = ledger.spent_usd + ledger.held_usd + before_usd
        if shortage := expected.shortage(ledger.budget_usd, expected.requests, f"new {what}", spent):
            logger.warning("evaluate: %s", shortage)


def requests(form: Literal["alpaca", "chat"], tasks: Sequence[Example]) -> Iterator[Request]:
    """Make the request for each task, numbered among equal ones, so that a task more or less asks for no other again."""
    before: Counter[str] = Counter()
    for task in tasks:
        text = prompt(task.instruction, task.input)
        turn = (Turn("user", question(task)),)
        yield Request(before[text], turn if form == "chat" else text, task=task)
        before[text] += 1


def question(task: Example) -> str:
    """Return the task as a user would say it, the input behind the instruction."""
    return f"{task.instruction}\n\n{task.input}" if task.input else task.instruction


def cut(role: Role, answers: Sequence[Answer]) -> dict[str, int]:
    """Count the answers that ended at the limit of tokens, and those that were refused."""
    ends = Counter(answer.finish for answer in answers)
    return {f"{role}_cut": ends["length"], f"{role}_refused": ends["refused"]}
