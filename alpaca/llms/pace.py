"""How fast a server is asked: no faster than its limits, those it tells beforehand and those it is found to have.

Each refusal (HTTP 429) takes one off the number of requests that may be in flight, each reply gives a small part of one back:
the rate falls at once by what was too much, and rises slowly. Where half of a flight is refused, nothing is sent before the
time that the server asks to wait (Retry-After).
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

RISE: Final = 0.06  # of a place in flight, a reply: one refusal in 17 is no reason to slow down
SLACK: Final = 0.05  # seconds by which a rate may be made up for
FIRST_PAUSE: Final = 1.0  # seconds, doubled while all is refused, where the server asks for none
LONGEST_PAUSE: Final = 60.0


class Pace:
    """Tells when the next request may go, with at most `concurrency` in flight; limits of None are none."""

    def __init__(
        self,
        concurrency: int,
        requests_per_minute: float | None,
        tokens_per_minute: float | None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.concurrency, self.clock = concurrency, clock
        self.places = float(concurrency)
        self.in_flight = self.accepted = 0
        self._requests, self._tokens = _Rate(requests_per_minute), _Rate(tokens_per_minute)
        self._resumes, self._pause = 0.0, FIRST_PAUSE
        self._refused = 0  # more than replies, since the last pause

    def wait(self) -> float | None:
        """Return the seconds until a request may go, or None where one must come back first."""
        if self.in_flight >= int(self.places):
            return None
        return max(0.0, max(self._resumes, self._requests.due, self._tokens.due) - self.clock())

    def sent(self, tokens: int) -> float:
        """Count a request, of so many tokens at most, as in flight; return the moment."""
        now = self.clock()
        self.in_flight += 1
        self._requests.take(1, now)
        self._tokens.take(tokens, now)
        return now

    def replied(self) -> None:
        self.in_flight -= 1
        self.accepted += 1
        self.places = min(self.concurrency, self.places + RISE)
        self._refused = max(0, self._refused - 1)
        self._pause = FIRST_PAUSE

    def failed(self) -> None:
        self.in_flight -= 1

    def refused(self, sent_at: float, wait: float) -> None:
        """Slow down, unless the request was sent before the last pause, which has its refusal in it already."""
        self.in_flight -= 1
        if sent_at < self._resumes:
            return
        self.places = max(1.0, self.places - 1)
        self._refused += 1
        if self._refused >= self.in_flight:
            self._resumes = self.clock() + (wait or self._pause)
            self._pause = min(LONGEST_PAUSE, 2 * self._pause)
            self._refused = 0


class _Rate:
    def __init__(self, per_minute: float | None) -> None:
        self.seconds_each = 60 / per_minute if per_minute else 0.0
        self.due = 0.0

    def take(self, count: int, now: float) -> None:
        if self.seconds_each:
            self.due = max(self.due, now - SLACK) + count * self.seconds_each
