"""A language model as judge: it sees a task and both answers, gives reasons, and names the better one.

1. Every task is asked about in both orders, so that what a judge gives to a place can be measured and falls out of the mean
   (Wang et al. 2023, "Large language models are not fair evaluators", section 3). Equal answers are a tie, and are not asked.
2. A reply that was cut for its length before its verdict is asked for again once, for the verdict alone.
3. What cannot be read, or was refused, is a missing judgment with its reason, and never a score.

With `stop_when_settled`, tasks are asked in an order drawn at random, in rounds, until the sequential test knows who is
better; those that are left have no judgment. The win rate of what was asked then leans a little towards the winner: the
interval of the sequential test holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Final, Literal

from pydantic import NonNegativeFloat, PositiveInt

from alpaca.errors import UserError
from alpaca.evaluation import sequential
from alpaca.evaluation.answering import tell
from alpaca.evaluation.judgments import Judgment, Shown, preferences
from alpaca.evaluation.pairs import Desk, Pair
from alpaca.llms.order import stored
from alpaca.llms.request import LLM, Adjustable, Ledger, Reply, Request
from alpaca.log import logger
from alpaca.prechecks import precheck
from alpaca.progress import Progress
from alpaca.prompts.judging import RUBRIC, Mode, as_chat, as_text, material, schema
from alpaca.prompts.verdicts import likely_choice, parse
from alpaca.records import Turn
from alpaca.schema import InputPath

LIKE: Final = 100  # requests that a forecast is made from
ROUND: Final = 16  # tasks that are asked about before the test is looked at again
LIKELY: Final = 20  # tokens that are told at each place, where the server tells as many
LETTER_TOKENS: Final = 4  # a letter may come after a space or the end of a line
FOR_A: Final = {"a": 1.0, "tie": 0.5, "b": 0.0}
ORDERS: Final[tuple[Shown, Shown]] = ("candidate", "reference")
NO_LOGPROBS: Final = "the server tells no probabilities of tokens"


@dataclass(frozen=True)
class Asked:
    """One judgment to be made: whose answer is shown first, and how often that was asked before.

    Equal answers have no request.
    """

    pair: Pair
    first: Shown
    repeat: int
    request: Request | None


@dataclass(frozen=True)
class Said:
    """What a reply comes to: the preference for the answer shown first, from 0 to 1, or why there is none."""

    for_first: float | None
    comment: str = ""
    problem: str = ""


class LLMJudge:
    """Asks a model about each pair, once for each order and repeat: replies that the ledger holds are not asked for again."""

    needs_output = False

    def __init__(
        self,
        llm: LLM,
        mode: Mode,
        orders: Literal["both", "one"],
        repeats: PositiveInt,
        rubric: InputPath | None,
        temperature: NonNegativeFloat | None,
        max_tokens: PositiveInt,
        stop_when_settled: bool,
    ) -> None:
        letter = mode == "logprobs"
        if isinstance(llm, Adjustable):
            llm = llm.adjusted(temperature, LETTER_TOKENS if letter else max_tokens, LIKELY if letter else 0)
        elif letter:
            raise UserError("judge.mode=logprobs needs the probabilities of tokens; give llm@judge.llm=openai")
        self.llm, self.mode, self.orders, self.repeats = llm, mode, orders, repeats
        self.rubric, self.stop_when_settled = rubric, stop_when_settled

    def precheck(self) -> None:
        self._rubric()
        precheck({"llm": self.llm})

    def judgments(self, pairs: Sequence[Pair], desk: Desk) -> list[Judgment]:
        """Return the judgments, in the order in which they were asked; raises Stopped where the budget is spent."""
        asked = list(self.asked(pairs, desk.seed))
        self._tell(asked, desk.ledger)
        made: list[Judgment] = []
        with closing(_Run(self, desk.ledger, len(asked))) as run:
            for some in self._rounds(asked, desk.seed):
                made += run.judged(some)
                if self.stop_when_settled and (winner := sequential.run(preferences(made)).settled):
                    saved = f"{len(asked) - len(made):,} of {len(asked):,} judgments are saved"
                    logger.info("evaluate: the sequential test is settled for the %s; %s", winner, saved)
                    break
        return made

    def asked(self, pairs: Sequence[Pair], seed: int) -> Iterator[Asked]:
        """Make the requests, numbered among equal ones, so that their order and other tasks matter to none."""
        rubric, before = self._rubric(), Counter[str | tuple[Turn, ...]]()
        for pair in pairs:
            same = pair.candidate.text.strip() == pair.reference.text.strip()
            for first in ORDERS if self.orders == "both" else (ORDERS[_draw(seed, pair.task) % 2],):
                prompt = self._prompt(pair, first, rubric, short=False)
                for repeat in range(self.repeats):
                    yield Asked(pair, first, repeat, None if same else self._request(before[prompt], prompt))
                    before[prompt] += 1

    def short(self, asked: Asked) -> Request:
        """Return the request for the verdict alone."""
        assert asked.request is not None
        prompt = self._prompt(asked.pair, asked.first, self._rubric(), short=True)
        return self._request(asked.request.number, prompt, short=True)

    def read(self, reply: Reply) -> Said:
        """Read a reply; what cannot be read has the reason."""
        if reply.finish == "refused":
            return Said(None, reply.text, "refused, or longer than the model takes")
        if self.mode == "logprobs":
            weight = likely_choice(reply.likely)
            return Said(weight, "", "neither letter is likely" if reply.likely else NO_LOGPROBS)
        opinion = parse(reply.text, cut=reply.finish == "length")
        return Said(opinion.choice and FOR_A[opinion.choice], opinion.rationale, opinion.problem)

    @cached_property
    def _chats(self) -> bool:
        return self.llm.settings.get("api") == "chat"

    def _rubric(self) -> str:
        try:
            text = RUBRIC if self.rubric is None else self.rubric.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise UserError(f"judge.rubric={self.rubric} is no text that can be read") from problem
        if not text.strip():
            raise UserError(f"judge.rubric={self.rubric} is empty")
        return text

    def _prompt(self, pair: Pair, first: Shown, rubric: str, short: bool) -> str | tuple[Turn, ...]:
        answers = (pair.candidate.text, pair.reference.text)[:: 1 if first == "candidate" else -1]
        given = material(pair.example.instruction, pair.example.input, *answers)
        return (as_chat if self._chats else as_text)(given, rubric, self.mode, short)

    def _request(self, number: int, prompt: str | tuple[Turn, ...], short: bool = False) -> Request:
        return Request(number, prompt, schema(short) if self._chats and self.mode == "json" else None)

    def _tell(self, asked: Sequence[Asked], ledger: Ledger) -> None:
        """Say what is expected of the judgments that are not in the ledger yet."""
        requests = [each.request for each in asked if each.request is not None]
        new = stored(requests, self.llm.settings, ledger).count(None)
        start = f"{len(asked):,} judgments expect"
        if new:
            tell(start, "judgments", self.llm.forecast(requests[:LIKE], new, ledger), ledger)
        else:
            logger.info("evaluate: %s no new request", start)

    def _rounds(self, asked: Sequence[Asked], seed: int) -> Iterator[Sequence[Asked]]:
        """Divide what is asked: all at once, or in rounds of tasks at random; where probabilities are needed, one before."""
        size = len(asked)
        if self.stop_when_settled:
            asked = sorted(asked, key=lambda each: (_draw(seed, each.pair.task), each.pair.task))
            size = ROUND * self.repeats * (2 if self.orders == "both" else 1)
        probe = next((n for n, each in enumerate(asked, 1) if each.request), 0) if self.mode == "logprobs" else 0
        starts = sorted({0, *range(probe, len(asked), max(1, size))})
        for start, end in zip(starts, [*starts[1:], len(asked)], strict=True):
            yield asked[start:end]


class _Run:
    """One run of a judge: how far it is, and whether the server has told probabilities."""

    def __init__(self, judge: LLMJudge, ledger: Ledger, wanted: int) -> None:
        self.judge, self.ledger, self.done, self.told = judge, ledger, 0, judge.mode != "logprobs"
        self.progress = Progress("evaluate", wanted, "judgment")

    def judged(self, asked: Sequence[Asked]) -> list[Judgment]:
        """Make judgments; what was cut is asked about once more. Raises UserError where no probabilities are told."""
        replies = self._replies([each.request for each in asked])
        said = [self.judge.read(reply) if reply else Said(0.5, "the answers are equal") for reply in replies]
        self.told = self.told or any(reply and reply.likely for reply in replies)
        if not self.told and any(replies):
            raise UserError(f"{NO_LOGPROBS} (logprobs); judge.mode=json asks for a verdict in words")
        cut = [n for n, reply in enumerate(replies) if reply and reply.finish == "length" and said[n].for_first is None]
        if self.judge.mode != "logprobs":
            again = self.judge.llm.replies((self.judge.short(asked[n]) for n in cut), self.ledger)
            for n, reply in zip(cut, again, strict=True):
                said[n] = self.judge.read(reply)
        return [self._judgment(each, one) for each, one in zip(asked, said, strict=True)]

    def close(self) -> None:
        self.progress.close()

    def _replies(self, requests: Sequence[Request | None]) -> list[Reply | None]:
        """Return the reply to each request, and tell how it goes on."""
        replies: list[Reply] = []
        for reply in self.judge.llm.replies((request for request in requests if request), self.ledger):
            replies.append(reply)
            self.progress.update(self.done + len(replies), lambda: f"${self.ledger.spent_usd:,.2f} spent")
        self.done += len(requests)
        rest = iter(replies)
        return [next(rest) if request else None for request in requests]

    def _judgment(self, asked: Asked, said: Said) -> Judgment:
        preference = said.for_first
        if preference is not None and asked.first == "reference":
            preference = 1 - preference
        missing = said.problem if preference is None else ""
        known = {"first": asked.first, "repeat": asked.repeat, "judge": str(self.judge.llm.settings["model"])}
        return asked.pair.judged(preference, missing=missing, comment=said.comment, **known)


def _draw(seed: int, task: str) -> int:
    """Draw a number for a task, which no other task has to do with."""
    return int.from_bytes(sha256(f"{seed} {task}".encode()).digest()[:8])
