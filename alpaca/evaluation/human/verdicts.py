"""What people say, on disk before it counts: a file of events in which nothing is changed or deleted, undoing included."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from alpaca.events import Events

Choice = Literal["first", "second", "tie", "both_bad"]
MOST_COMMENTED: Final = 4000  # characters


@dataclass(frozen=True)
class Said:
    """What was said of a task after so many seconds, under a name of its own, by which it is known when it is sent again."""

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    task: Annotated[str, Field(max_length=100)]
    choice: Choice
    comment: Annotated[str, Field(max_length=MOST_COMMENTED)] = ""
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


class Verdicts:
    """The events in the file `path`: a secret, who has joined, what was said, and what of that was undone.

    Raises UserError where another process writes it. A full disk raises OSError, and nothing has happened.
    """

    def __init__(self, path: Path) -> None:
        self.secret = b""
        self.joined: list[str] = []
        self.standing: dict[str, Said] = {}  # by task, in the order in which it was said
        self.undone: dict[str, Said] = {}  # by task: what was said of it before
        self._ids: set[str] = set()
        self._events = Events(path)
        for event, _ in self._events.events():
            self._happen(event)
        if not self.secret:
            self._keep({"secret": secrets.token_hex(32)})

    def join(self, person: str) -> None:
        self._keep({"joined": person})

    def known(self, identity: str) -> bool:
        """Tell whether this was said, whatever became of it."""
        return identity in self._ids

    def say(self, said: Said) -> None:
        self._keep({"said": asdict(said)})

    def undo(self, said: Said) -> None:
        self._keep({"undone": said.task})

    def close(self) -> None:
        self._events.close()

    def __enter__(self) -> Verdicts:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _keep(self, event: dict[str, Any]) -> None:
        self._events.append([event])
        self._events.flush()
        self._happen(event)

    def _happen(self, event: dict[str, Any]) -> None:
        if "secret" in event:
            self.secret = bytes.fromhex(event["secret"])
        elif "joined" in event:
            self.joined.append(event["joined"])
        elif "said" in event:
            said = Said(**event["said"])
            self._ids.add(said.id)
            self.standing[said.task] = said
        elif event["undone"] in self.standing:
            self.undone[event["undone"]] = self.standing.pop(event["undone"])
