"""The replies that are paid for, on disk, and the money, in a file that only grows.

Replies that arrive together are flushed to the disk together, so safety costs little time. Room on the disk is taken before
a request is sent: a full disk is found out while nothing is paid for that could not be kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final

from alpaca.errors import UserError
from alpaca.events import Events, Place
from alpaca.llms.request import Reply
from alpaca.log import logger
from alpaca.manifest import note_usd, noted_usd

ROUNDING: Final = 1e-6  # USD


def ledger_path(stage_folder: Path) -> Path:
    """Return where a stage's ledger lies: beside its folder, so that a changed configuration does not take replies away."""
    return stage_folder.with_name(f"{stage_folder.name}.ledger.jsonl")


@contextmanager
def opened(stage_folder: Path, budget_usd: float | None) -> Iterator[Book]:
    """Open a stage's ledger, and say where more was paid than it knows of; a mistake leaves no empty one."""
    path = ledger_path(stage_folder)
    with Book(path, budget_usd) as book:
        _miss(book, path, *noted_usd(stage_folder))
        try:
            yield book
        except UserError:
            if not len(book) and not book.held_usd:
                path.unlink()
            raise
        finally:
            note_usd(stage_folder, book.spent_usd)


def _miss(book: Book, path: Path, usd: float, file: Path) -> None:
    known = book.spent_usd + book.held_usd
    if known < usd - ROUNDING:
        logger.warning(
            "%s tells of $%.4f, and %s of $%.4f: replies that were paid for are gone from it; what is needed of them is asked "
            "for, and paid, again, and budget_usd does not count them",
            path,
            known,
            file,
            usd,
        )


class Book:
    """The ledger in the file `path`, for one process at a time; without `budget_usd` there is no limit.

    Raises UserError where another process holds it or it cannot be opened. A full disk raises OSError, and what was stored
    before stays. Its methods may be called by several threads.
    """

    def __init__(self, path: Path, budget_usd: float | None) -> None:
        self.budget_usd = budget_usd
        self._log = Events(path)
        self._lock = Lock()
        self._places: dict[str, Place] = {}
        self._holds: defaultdict[str, list[float]] = defaultdict(list)
        self._spent = self._held = 0.0
        self._prompt_tokens = self._completion_tokens = 0
        self._rooms: dict[str, int] = {}
        self._room = 0  # the sum of these
        for event, place in self._log.events():
            self._replay(event, place)

    @property
    def spent_usd(self) -> float:
        """What the stored replies cost, those of earlier processes too."""
        return self._spent

    @property
    def held_usd(self) -> float:
        """The most that attempts may cost whose reply is not stored."""
        return self._held

    def __len__(self) -> int:
        """Return how many replies are stored."""
        return len(self._places)

    def paid(self) -> dict[str, int]:
        """Count what the stored replies took, those of earlier processes and those that were not needed too."""
        return {
            "requests_paid": len(self),
            "prompt_tokens_paid": self._prompt_tokens,
            "completion_tokens_paid": self._completion_tokens,
        }

    def stored(self, identity: str) -> Reply | None:
        place = self._places.get(identity)
        return Reply(**self._log.event(place)["reply"]) if place else None

    def reserve(self, identity: str, usd: float, room: int) -> bool:
        """Hold what an attempt costs at most; False, and nothing is held, where that might exceed the budget.

        On the disk, `room` bytes are kept for its reply; raises OSError where there are none.
        """
        with self._lock:
            if self.budget_usd is not None and self._spent + self._held + usd > self.budget_usd:
                return False
            self._log.make_room(self._room + room)
            if usd:
                self._log.append([{"hold": identity, "usd": usd}])
                self._hold(identity, usd)
            self._leave_room(identity)
            self._rooms[identity] = room
            self._room += room
            return True

    def holds(self, identity: str) -> bool:
        """Tell whether money is held for an attempt of this request, by an earlier process too."""
        return identity in self._holds

    def release(self, identity: str) -> None:
        """Give back what an attempt held that costs nothing."""
        with self._lock:
            if identity in self._holds:
                self._log.append([{"release": identity}])
                self._let_go(identity)
            self._leave_room(identity)

    def store(self, replies: Sequence[Reply]) -> None:
        """Return when all are on disk; each takes the place of what its attempt held."""
        with self._lock:
            places = self._log.append([{"reply": vars(reply)} for reply in replies])
        self._log.flush()
        with self._lock:
            for reply, place in zip(replies, places, strict=True):
                self._enter(vars(reply), place)
                self._leave_room(reply.identity)

    def close(self) -> None:
        """Give back the room that was taken, and the lock."""
        self._log.close()

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _leave_room(self, identity: str) -> None:
        self._room -= self._rooms.pop(identity, 0)

    def _replay(self, event: dict[str, Any], place: Place) -> None:
        if "reply" in event:
            self._enter(event["reply"], place)
        elif "hold" in event:
            self._hold(event["hold"], event["usd"])
        else:
            self._let_go(event["release"])

    def _enter(self, reply: Mapping[str, Any], place: Place) -> None:
        self._places[reply["identity"]] = place
        self._spent += reply["usd"]
        self._prompt_tokens += reply["prompt_tokens"]
        self._completion_tokens += reply["completion_tokens"]
        self._let_go(reply["identity"])

    def _hold(self, identity: str, usd: float) -> None:
        self._holds[identity].append(usd)
        self._held += usd

    def _let_go(self, identity: str) -> None:
        """Take back the last hold of a request, if it has one."""
        if identity in self._holds:
            self._held -= self._holds[identity].pop()
            if not self._holds[identity]:
                del self._holds[identity]
            if not self._holds:
                self._held = 0.0  # not what rounding left
