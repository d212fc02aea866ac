"""Many requests in flight for one that waits: an event loop in a thread of its own behind a plain iterator.

    requests -> taken a fixed number ahead -> sent when pace and budget allow -> stored -> given out in their order

What fails and may pass is sent again after a while; requests with a lower number go first.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field, replace
from threading import Thread
from time import sleep
from typing import Any, Final

from alpaca.errors import Stopped, UserError
from alpaca.llms.order import known, spent
from alpaca.llms.pace import Pace
from alpaca.llms.price import Price
from alpaca.llms.request import Ledger, Reply, Request
from alpaca.llms.wire import Answer, Passing
from alpaca.log import logger

FIRST_DELAY: Final = 0.25  # seconds before the second attempt, doubled for each
LONGEST_DELAY: Final = 30.0
ROOM: Final = 2048  # bytes of the disk that a reply takes, and for each of its tokens
ROOM_A_TOKEN: Final = 16
UNREACHED_ATTEMPTS: Final = 3  # of a server that has never answered
QUIET: Final = 60.0  # seconds between two lines about the same failure, and about no reply


@dataclass(order=True)
class Asked:
    """A request on its way: the most tokens of its prompt and completion, and the most that an attempt costs."""

    number: int
    identity: str = field(compare=False)
    body: bytes = field(compare=False)
    most: tuple[int, int] = field(compare=False)
    usd: float = field(compare=False)
    reply: Future[Reply] = field(compare=False, default_factory=Future)
    failures: int = field(compare=False, default=0)
    streak: int = field(compare=False, default=0)  # of failures while there was no reply to any request
    replies_seen: int = field(compare=False, default=0)  # to any request, when this one failed the last time


Send = Callable[[Asked], Awaitable[Answer | Passing]]
Open = Callable[[], AbstractAsyncContextManager[Send]]


def in_order(
    requests: Iterable[Request | None],
    settings: Mapping[str, Any],
    ahead: int,
    ledger: Ledger,
    asking: Asking,
    prepare: Callable[[Request, str], Asked],
) -> Iterator[Reply]:
    """Yield the reply to each request in order, with `ahead` requests taken before each."""
    source, waiting = iter(requests), deque[tuple[str, Future[Reply] | None]]()

    def fill() -> None:
        """Take what is missing, each on its way while the next is prepared."""
        while len(waiting) < ahead and (request := next(source, None)) is not None:
            name = request.identity(settings)
            if ledger.stored(name) is not None:
                waiting.append((name, None))
                continue
            asked = prepare(request, name)
            waiting.append((name, asked.reply))
            asking.submit(asked)
            sleep(0)  # lets the loop's thread send it

    with asking.running():
        while True:
            fill()
            if not waiting:
                return
            name, reply = waiting.popleft()
            yield known(ledger, name) if reply is None else reply.result()


class Asking:
    """Sends requests through what `open` gives, up to `attempts` times each, and stores the replies."""

    def __init__(
        self,
        open: Open,
        pace: Pace,
        price: Price,
        ledger: Ledger,
        attempts: int,
        first_delay: float = FIRST_DELAY,
        quiet: float = QUIET,
    ) -> None:
        self._open, self._pace, self._price, self._ledger = open, pace, price, ledger
        self._attempts, self._first_delay, self._quiet = attempts, first_delay, quiet
        self._told: dict[str, float] = {}  # when each kind of failure was spoken of
        self._ready: list[Asked] = []
        self._unanswered: dict[str, Asked] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._arrived: list[tuple[Asked, Reply]] = []
        self._unsettled = 0  # attempts of which it is not known yet what they cost
        self._timer: asyncio.TimerHandle | None = None
        self._end: BaseException | None = None
        self._closing = False
        self._thread: Thread | None = None
        self._send: Send | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Be there for requests; at the end, wait for those in flight and store their replies."""
        try:
            yield
        finally:
            if self._thread is not None:
                self._loop.call_soon_threadsafe(self._close)
                self._thread.join()

    def submit(self, asked: Asked) -> None:
        """Take a request from the iterator's thread; the loop's begins with the first."""
        if self._thread is None:
            import uvloop  # whose loop takes a third less of the processor than asyncio's

            self._loop, self._wake = uvloop.new_event_loop(), asyncio.Event()
            self._thread = Thread(target=self._run, name="asking", daemon=True)
            self._thread.start()
        self._loop.call_soon_threadsafe(self._take, asked)

    # From here on, all is the loop's thread.

    def _run(self) -> None:
        self._loop.set_exception_handler(
            lambda _, context: self._fail(context.get("exception") or RuntimeError(str(context)))
        )
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._work())

    async def _work(self) -> None:
        """Store what arrives until the end, and refuse what comes after an error."""
        try:
            async with self._open() as self._send:
                speaking = self._loop.create_task(self._speak())
                self._pump()
                while not (self._closing and not self._tasks and not self._arrived):
                    await self._wake.wait()
                    self._wake.clear()
                    await self._store()
                speaking.cancel()
        except Exception as problem:
            self._fail(problem)
        while not self._closing:
            await self._wake.wait()
            self._wake.clear()

    async def _speak(self) -> None:
        """Say how it stands where no reply has come for a while."""
        before = -1
        while True:
            if self._pace.accepted == before and (self._tasks or self._unanswered):
                away, wait = len(self._tasks), self._pace.wait()
                due = f", the next in {wait:.0f} s" if wait else ""
                to_go = max(0, len(self._unanswered) - away)
                logger.info(
                    "no reply for %g s; requests on their way: %d, to be sent: %d%s", self._quiet, away, to_go, due
                )
            before = self._pace.accepted
            await asyncio.sleep(self._quiet)

    def _take(self, asked: Asked) -> None:
        self._unanswered[asked.identity] = asked
        heapq.heappush(self._ready, asked)
        if self._end is not None:
            self._fail(self._end)
        elif self._send is not None:
            self._pump()

    def _close(self) -> None:
        self._closing = True
        self._ready.clear()
        if self._tasks:
            logger.info("waiting for what is on its way: %d replies (an interrupt would leave them)", len(self._tasks))
        self._wake.set()

    def _fail(self, problem: BaseException) -> None:
        """End what has no reply; what is in flight is waited for at the end, and stored."""
        self._end = self._end or problem
        self._ready.clear()
        for asked in self._unanswered.values():
            asked.reply.set_exception(self._end)
        self._unanswered.clear()

    def _pump(self) -> None:
        """Send what may be sent now, the lowest number first, and come back when more may."""
        while self._ready and (wait := self._pace.wait()) is not None:
            if wait > 0:
                self._come_back(wait)
                return
            asked = self._ready[0]
            if not self._reserved(asked):
                return
            self._unsettled += 1
            heapq.heappop(self._ready)
            task = self._loop.create_task(self._attempt(asked, self._pace.sent(sum(asked.most))))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    def _reserved(self, asked: Asked) -> bool:
        """Hold money and room on the disk for an attempt; where there will never be enough, it is the end."""
        try:
            reserved = self._ledger.reserve(asked.identity, asked.usd, ROOM + ROOM_A_TOKEN * asked.most[1])
        except OSError as problem:
            self._fail(problem)
            return False
        if not reserved and not self._unsettled:
            self._fail(spent(self._ledger, asked.usd))
        return reserved

    def _come_back(self, wait: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(wait, self._pump)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._wake.set()
        if (problem := task.exception()) is not None:
            self._fail(problem)

    async def _attempt(self, asked: Asked, sent_at: float) -> None:
        assert self._send is not None
        try:
            outcome = await self._send(asked)
        except (UserError, Stopped) as problem:
            self._pace.failed()
            self._settle(asked)
            self._fail(problem)
            return
        if isinstance(outcome, Answer):
            self._pace.replied()
            reply = outcome.priced(asked.identity, self._price, asked.most)
            self._arrived.append((asked, replace(reply, seconds=round(self._pace.clock() - sent_at, 3))))
        else:
            self._failed(asked, outcome, sent_at)
        self._pump()

    def _failed(self, asked: Asked, failure: Passing, sent_at: float) -> None:
        """Send it again after a while, with some chance in it, or give up."""
        if failure.crowded:
            self._pace.refused(sent_at, failure.wait)
        else:
            self._pace.failed()
        if failure.dark:
            self._unsettled -= 1  # and what it held stays held: it may be billed
        else:
            self._settle(asked)
        alive = self._pace.accepted > asked.replies_seen
        asked.replies_seen = self._pace.accepted
        asked.streak = 1 if alive else asked.streak + 1
        asked.failures += not (failure.crowded and alive)
        attempts = self._attempts if self._pace.accepted else min(UNREACHED_ATTEMPTS, self._attempts)
        if asked.failures >= attempts:
            self._fail(Stopped(f"{failure.told}, {asked.failures} times"))
        else:
            self._tell_retry(failure, f"attempt {asked.failures + 1} of {attempts} follows")
        delay = min(LONGEST_DELAY, self._first_delay * 2**asked.streak) * random.uniform(0.5, 1)
        self._loop.call_later(max(delay, failure.wait * random.uniform(1, 1.1)), self._again, asked)

    def _tell_retry(self, failure: Passing, next_one: str) -> None:
        """Speak of the first failure of a kind, and of more of them now and then."""
        kind, now = failure.told.partition(":")[0], self._pace.clock()
        if self._end is None and now - self._told.get(kind, -self._quiet) >= self._quiet:
            self._told[kind] = now
            logger.warning("%s; %s", failure.told, "it is asked more slowly" if failure.crowded else next_one)

    def _settle(self, asked: Asked) -> None:
        self._unsettled -= 1
        self._ledger.release(asked.identity)

    def _again(self, asked: Asked) -> None:
        if not self._closing and self._end is None:
            heapq.heappush(self._ready, asked)
            self._pump()

    async def _store(self) -> None:
        """Write what has arrived to the disk, in another thread, and then give it out."""
        arrived, self._arrived = self._arrived, []
        if not arrived:
            return
        await self._loop.run_in_executor(None, self._ledger.store, [reply for _, reply in arrived])
        self._unsettled -= len(arrived)
        for asked, reply in arrived:
            if self._unanswered.pop(asked.identity, None):
                asked.reply.set_result(reply)
        self._pump()
