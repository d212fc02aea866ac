"""The two ways in which a stage ends early without a bug."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class UserError(Exception):
    """The user's mistake, told in one line: what is wrong, where, and what to do. Exit code 2."""


class KeyNeeded(UserError):
    """A mistake of a part that keys of its own mend: `told` makes the line of where the part is, such as `judge.llm.`."""

    def __init__(self, told: Callable[[str], str], place: str = "") -> None:
        super().__init__(told(place))
        self.told, self.place = told, place


@contextmanager
def at_key(key: str) -> Iterator[None]:
    """Let a part that asks for a key of its own know that it is at `key`."""
    try:
        yield
    except KeyNeeded as problem:
        raise KeyNeeded(problem.told, f"{key}.{problem.place}") from problem


class Stopped(BaseException):
    """A budget or a signal ended the stage; the same command goes on, perhaps only with what it `needs`. Exit code 3.

    As KeyboardInterrupt it is no Exception, since a signal comes inside of any library, which might handle or rewrite it.
    """

    def __init__(self, reason: str = "", needs: str = "") -> None:
        super().__init__(reason)
        self.needs = needs
