"""The judge that asks people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval
from pydantic import NonNegativeFloat, PositiveInt

from alpaca.errors import Stopped, UserError
from alpaca.evaluation.human.page import Page
from alpaca.evaluation.human.panel import Panel, Refused, tidy
from alpaca.evaluation.human.verdicts import Verdicts
from alpaca.evaluation.judgments import Judgment
from alpaca.evaluation.pairs import Desk, Pair
from alpaca.log import logger


@dataclass(frozen=True)
class Human:
    """Judge by what people say on a page that this process serves until all of them have judged all that is theirs.

    `people` are their names, each of whom gets a link, or how many may join under names that they give. Each task is judged by
    `judgments_per_task` of them (None: by all). What the last has said can be taken back for `grace` seconds. With `finish`
    nobody is asked any more: what is not judged is missing.
    """

    people: PositiveInt | list[str]
    judgments_per_task: PositiveInt | None
    host: str
    port: Annotated[int, Interval(ge=0, lt=1 << 16)]
    grace: NonNegativeFloat
    finish: bool

    needs_output = False

    def __post_init__(self) -> None:
        size = self.people if isinstance(self.people, int) else len(_names(self.people))
        if self.judgments_per_task is not None and self.judgments_per_task > size:
            raise UserError(
                f"judge.judgments_per_task={self.judgments_per_task} is more than the {size} of judge.people"
            )

    def judgments(self, pairs: Sequence[Pair], desk: Desk) -> list[Judgment]:
        """Serve the page until the end; raises UserError where its port is taken.

        What is said lies in `<stage>.human.jsonl` beside the stage's folder, and is that of the same answers only.
        """
        people = self.people if isinstance(self.people, int) else _names(self.people)
        with Verdicts(desk.folder.with_name(f"{desk.folder.name}.human.jsonl")) as verdicts:
            panel = Panel(pairs, people, self.judgments_per_task, verdicts)
            if not (self.finish or panel.complete):
                self._ask(panel)
            return panel.judgments()

    def _ask(self, panel: Panel) -> None:
        try:
            with Page(panel, self.grace).served(self.host, self.port) as (address, ended):
                self._invite(panel, address)
                ended.wait()
        except Stopped:
            logger.info("what was said is kept; judge.finish=true ends with what is there")
            raise

    def _invite(self, panel: Panel, address: str) -> None:
        if isinstance(self.people, int):
            logger.info("the page is at %s, for %d people", address, self.people)
            return
        for person in panel.people:
            logger.info("the page for %s is at %s#%s", person, address, panel.token(person))


def _names(people: Sequence[str]) -> list[str]:
    """Return the people's names; raises UserError where there are none, or two are the same."""
    try:
        names = [tidy(name) for name in people]
    except Refused as refused:
        raise UserError(f"judge.people: {refused}") from refused
    if not names or len({name.casefold() for name in names}) < len(names):
        raise UserError(f"judge.people must be different names, not {people}")
    return names
