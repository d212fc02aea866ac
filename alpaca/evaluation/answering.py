"""The answers of a model to tasks, each asked for once: what the ledger holds is not asked for again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from alpaca.evaluation.pairs import Answer
from alpaca.llms.request import LLM, Ledger, Request
from alpaca.prompts.alpaca import prompt
from alpaca.records import Example, Turn


def answers(llm: LLM, tasks: Sequence[Example], ledger: Ledger) -> list[Answer]:
    """Return the answer to each task, in order; raises Stopped where the budget is spent.

    Tasks are asked in the order of their lengths, so that those that a local model answers together are alike.
    """
    order = sorted(range(len(tasks)), key=lambda number: len(tasks[number].instruction) + len(tasks[number].input))
    replies = llm.replies(requests(llm, [tasks[number] for number in order]), ledger)
    made = {number: Answer.of(reply) for number, reply in zip(order, replies, strict=True)}
    return [made[number] for number in range(len(tasks))]


def requests(llm: LLM, tasks: Sequence[Example]) -> Iterator[Request]:
    """Make the request for each task, numbered among equal ones, so that a task more or less asks for no other again.

    A chat API is given the task as a user's turn, any other model Alpaca's template to continue.
    """
    before: Counter[str] = Counter()
    chats = llm.settings.get("api") == "chat"
    for task in tasks:
        text = prompt(task.instruction, task.input)
        turn = (Turn("user", f"{task.instruction}\n\n{task.input}" if task.input else task.instruction),)
        yield Request(before[text], turn if chats else text)
        before[text] += 1
