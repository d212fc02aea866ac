"""The people who judge: who is asked what, what each has said, and how far they are."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from hmac import compare_digest
from statistics import median
from typing import Any, Final

from alpaca.evaluation.agreement import judges_agreement
from alpaca.evaluation.human import blinding
from alpaca.evaluation.human.blinding import Task
from alpaca.evaluation.human.verdicts import Said, Verdicts
from alpaca.evaluation.judgments import Judgment
from alpaca.evaluation.pairs import Pair
from alpaca.log import logger

LONGEST_NAME: Final = 60
RECENT: Final = 20  # verdicts by which the time that is left is reckoned


class Refused(Exception):
    """What a person cannot do now, told on the page."""


class Panel:
    """`people` are names, or how many may join; each task is judged by `judgments_per_task` of them, None for all."""

    def __init__(
        self, pairs: Sequence[Pair], people: Sequence[str] | int, judgments_per_task: int | None, verdicts: Verdicts
    ) -> None:
        self._pairs, self._verdicts = pairs, verdicts
        self._people = people
        self.size = people if isinstance(people, int) else len(people)
        self._per_task = judgments_per_task or self.size
        self._tasks = cache(self._drawn)  # for good: sides are not drawn again while somebody looks

    @property
    def people(self) -> list[str]:
        """Those who are named, or have joined, in the order of their places."""
        return self._verdicts.joined[: self.size] if isinstance(self._people, int) else list(self._people)

    @property
    def may_join(self) -> bool:
        """Tell whether people come under names that they give."""
        return isinstance(self._people, int)

    def token(self, person: str) -> str:
        return blinding.token(self._verdicts.secret, person)

    def person(self, token: str) -> str | None:
        """Return whose token this is."""
        return next((each for each in self.people if compare_digest(self.token(each).encode(), token.encode())), None)

    def join(self, name: str) -> str:
        """Return the token of the person with this name, who takes a place if there is one; raises Refused."""
        if not self.may_join:
            raise Refused("Everybody has a link of their own here; please open yours.")
        name = tidy(name)
        known = {person.casefold(): person for person in self.people}
        if name.casefold() not in known:
            if len(known) == self.size:
                raise Refused(
                    f"All {self.size} places are taken. To go on after a break, give the same name as before."
                )
            self._verdicts.join(name)
            logger.info("%s has joined, as %d of %d", name, len(self.people), self.size)
        return self.token(known.get(name.casefold(), name))

    def say(self, person: str, said: Said) -> None:
        """Keep what was said; the same again changes nothing. Raises Refused where there is nothing to be said of."""
        if self._verdicts.known(said.id):
            return
        if said.task not in {task.name for task in self._tasks(person)}:
            raise Refused("There is no such task here any more; this is the next one.")
        if said.task in self._verdicts.standing:
            raise Refused("You have judged that one already, perhaps in another window; this is the next one.")
        self._verdicts.say(said)
        if not self._open(person):
            logger.info("%s has judged all %d", person, len(self._given(person)))

    def undo(self, person: str, identity: str) -> None:
        """Take back what was said last; the same again changes nothing. Raises Refused where it is not the last."""
        given = self._given(person)
        if given and given[-1].id == identity:
            self._verdicts.undo(given[-1])
        elif not self._verdicts.known(identity) or identity in {said.id for said in given}:
            raise Refused("That is not your last verdict any more.")

    def state(self, person: str) -> dict[str, Any]:
        """Return all that the page shows to this person: the next task, how far they are, in the end the agreement."""
        given, open_tasks = self._given(person), self._open(person)
        seconds = median(said.seconds for said in given[-RECENT:]) * len(open_tasks) if given else None
        return {
            "person": person,
            "done": len(given),
            "of": len(given) + len(open_tasks),
            "seconds_left": seconds,
            "last": given[-1].id if given else None,
            "task": open_tasks[0].shown() if open_tasks else None,
            "before": self._before(open_tasks[0]) if open_tasks else None,
            "others_left": self.size - sum(not self._open(each) for each in self.people),
            "agreement": judges_agreement(self.judgments()) if self.complete else None,
        }

    @property
    def complete(self) -> bool:
        return len(self.people) == self.size and not any(self._open(person) for person in self.people)

    def judgments(self) -> list[Judgment]:
        """Return what everybody said of every task that is theirs; what nobody said is missing."""
        standing = self._verdicts.standing
        made = [task.judged(person, standing.get(task.name)) for person in self.people for task in self._tasks(person)]
        made += [
            pair.judged(None, missing="nobody has joined", judge=f"person {place + 1}")
            for place in range(len(self.people), self.size)
            for number, pair in enumerate(self._pairs)
            if self._asked(number, place)
        ]
        places = {pair.task: number for number, pair in enumerate(self._pairs)}
        return sorted(made, key=lambda judgment: places[judgment.task])

    def _drawn(self, person: str) -> list[Task]:
        """List what a person is asked, or has judged before they were asked less, in their order."""
        place, secret, standing = self.people.index(person), self._verdicts.secret, self._verdicts.standing
        theirs = [
            pair
            for number, pair in enumerate(self._pairs)
            if self._asked(number, place) or standing.keys() & blinding.names(secret, person, pair)
        ]
        return blinding.tasks(secret, person, theirs, standing)

    def _asked(self, number: int, place: int) -> bool:
        """Tell whether a task is for who has this place: each goes to neighbours, so all people are compared in a chain."""
        return (place - number) % self.size < self._per_task

    def _open(self, person: str) -> list[Task]:
        return [task for task in self._tasks(person) if task.name not in self._verdicts.standing]

    def _given(self, person: str) -> list[Said]:
        """List a person's verdicts in the order of their giving."""
        own = {task.name for task in self._tasks(person)}
        return [said for name, said in self._verdicts.standing.items() if name in own]

    def _before(self, task: Task) -> dict[str, str] | None:
        """Return what was said of a task before that was undone."""
        said = self._verdicts.undone.get(task.name)
        return {"choice": said.choice, "comment": said.comment} if said else None


def tidy(name: str) -> str:
    """Return a person's name as it is written everywhere; raises Refused where it is none."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(f"A name has 1 to {LONGEST_NAME} letters.")
    return name
