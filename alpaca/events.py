"""What happened, on disk: a file that only grows, for one process at a time, with a line and its checksum for each event."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any, Final

from alpaca.errors import UserError
from alpaca.files import writing
from alpaca.log import logger

STEP: Final = 1 << 20  # bytes by which the file grows at least
NO_DAMAGE: Final = re.compile(rb" *\n|([0-9a-f]{0,8}|[0-9a-f]{8} (\{[^\n]*)?)\0*")  # left out before, or torn by a kill

Place = tuple[int, int]  # offset and length in the file


class Events:
    """Lines of `checksum JSON` in the file `path`, of which none is given out that is torn or damaged.

    Raises UserError where another process holds it or it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as problem:
            raise UserError(f"cannot write {path}: {problem.strerror}") from problem
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            os.close(self.file)
            raise UserError(f"another process writes {path}; wait for it, or give this run a name=") from problem
        self.end = self.room = 0  # of what is written, and of what the disk has been asked for
        _flush_folder(path.parent)

    def events(self) -> Iterator[tuple[dict[str, Any], Place]]:
        """Yield each whole event with its place, and leave behind them what a kill has torn.

        Damaged lines are told of and left out. Raises UserError where there are no others.
        """
        offset, damaged = 0, list[Place]()
        with os.fdopen(os.dup(self.file), "rb") as lines:
            for line in lines:
                if (event := _event(line)) is not None:
                    yield event, (offset, len(line))
                    self.end = offset + len(line)
                elif not NO_DAMAGE.fullmatch(line):
                    damaged.append((offset, len(line)))
                offset += len(line)
        if damaged:
            self._leave_out(damaged)
        os.ftruncate(self.file, self.end)
        self.room = self.end

    def _leave_out(self, damaged: Sequence[Place]) -> None:
        """Make lines empty, in their places, once there is a copy of the file as it was."""
        if not self.end:
            os.close(self.file)
            raise UserError(
                f"{self.path} has no whole line: it was damaged or overwritten; put a copy of it back, or move it away to "
                "begin anew"
            )
        copy = _unused(self.path.with_name(f"{self.path.name}.damaged"))
        with self.path.open("rb") as original, writing(copy) as handle:
            shutil.copyfileobj(original, handle)
        for offset, length in damaged:
            os.pwrite(self.file, b" " * (length - 1) + b"\n", offset)
        logger.warning(
            "%s: %d of its lines are damaged, and what they told is lost; it goes on without them, and %s is the file as "
            "it was",
            self.path,
            len(damaged),
            copy.name,
        )

    def event(self, place: Place) -> dict[str, Any]:
        event = _event(os.pread(self.file, place[1], place[0]))
        assert event is not None  # it was whole when it was written or read
        return event

    def append(self, events: Sequence[dict[str, Any]]) -> list[Place]:
        """Write all of the events or none; return the place of each."""
        lines = [_line(event) for event in events]
        content, start = b"".join(lines), self.end
        self.make_room(len(content))
        written = 0
        while written < len(content):
            written += os.pwrite(self.file, content[written:], start + written)
        places = []
        for line in lines:
            places.append((self.end, len(line)))
            self.end += len(line)
        return places

    def make_room(self, size: int) -> None:
        """See that the disk has `size` bytes behind what is written; raises OSError where it has not."""
        needed = self.end + size
        if needed <= self.room:
            return
        try:
            self._grow(needed + STEP)
        except OSError:
            self._grow(needed)

    def _grow(self, wanted: int) -> None:
        try:
            os.posix_fallocate(self.file, self.end, wanted - self.end)
        except OSError:
            os.ftruncate(self.file, max(self.end, self.room))  # it may have grown by a part
            raise
        self.room = wanted

    def flush(self) -> None:
        os.fdatasync(self.file)

    def close(self) -> None:
        os.ftruncate(self.file, self.end)
        os.close(self.file)


def _line(event: dict[str, Any]) -> bytes:
    content = json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return b"%08x %s\n" % (zlib.crc32(content), content)


def _event(line: bytes) -> dict[str, Any] | None:
    """Return what a line says, or None where it is torn."""
    checksum, _, content = line.removesuffix(b"\n").partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(content):
        return None
    event: dict[str, Any] = json.loads(content.decode("utf-8", "surrogatepass"))
    return event


def _unused(path: Path) -> Path:
    """Return the path, or the first with a number behind it of which there is nothing."""
    paths = chain([path], (path.with_name(f"{path.name}.{number}") for number in count(2)))
    return next(each for each in paths if not each.exists())


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
