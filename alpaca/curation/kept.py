"""The examples that are kept and the rows that are rejected, written as they come, so that neither is held in memory."""

from __future__ import annotations

import json
import os
import struct
import tempfile
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, Self

from alpaca.files import ENCODER, line_of, writing
from alpaca.records import Example

AT_ONCE: Final = 5000
OFFSET: Final = struct.Struct("<Q")
DATA, PROVENANCE, REJECTED = "alpaca_data.json", "provenance.jsonl", "rejected.jsonl"
GIVEN_AWAY: Final = "contaminated.jsonl"
FILES: Final = (DATA, PROVENANCE, REJECTED, GIVEN_AWAY)
CONTAMINATED: Final = "contaminated"


class Kept:
    """`alpaca_data.json` in Alpaca's format, and beside it `provenance.jsonl`, what is known of each of its rows.

    Where each row begins is kept in a temporary file, so that a row which is repeated can be looked up by its number.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.size, self.bytes = folder, 0, 0
        self.stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.data: IO[bytes] = stack.enter_context(writing(self.folder / DATA))
            self.provenance: IO[bytes] = stack.enter_context(writing(self.folder / PROVENANCE))
            self.offsets: IO[bytes] = stack.enter_context(tempfile.TemporaryFile())
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *problem: Any) -> None:
        if self.size and problem[0] is None:
            self._write(b"\n]\n")
        self.stack.__exit__(*problem)

    def __len__(self) -> int:
        return self.size

    def add(self, example: Example) -> None:
        self._write(b",\n" if self.size else b"[\n")
        self.offsets.write(OFFSET.pack(self.bytes))
        self._write(_indented(example.alpaca()))
        self.provenance.write(line_of(example.about))
        self.size += 1

    def row(self, number: int) -> dict[str, str]:
        """Return the three fields of the example that was added as this number, counted from 0."""
        self.data.flush()
        self.offsets.flush()
        first, *after = OFFSET.iter_unpack(os.pread(self.offsets.fileno(), 2 * OFFSET.size, number * OFFSET.size))
        end = after[0][0] if after else self.bytes
        row: dict[str, str] = json.loads(os.pread(self.data.fileno(), end - first[0], first[0]).rstrip(b",\n"))
        return row

    def _write(self, content: bytes) -> None:
        self.bytes += self.data.write(content)


class Rejected:
    """`rejected.jsonl`, a row with its reason a line; `first` is the first reason, and `reasons` counts each kind.

    What gives an evaluation task away goes to `contaminated.jsonl` too.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.stack = folder, ExitStack()
        self.reasons: Counter[str] = Counter()
        self.first: str | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.rows: IO[bytes] = stack.enter_context(writing(self.folder / REJECTED))
            self.given_away: IO[bytes] = stack.enter_context(writing(self.folder / GIVEN_AWAY))
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *problem: Any) -> None:
        self.stack.__exit__(*problem)

    def told(self) -> str:
        """Tell how many there are of each kind, most first, and the first with its place."""
        counts = ", ".join(f"{count:,} {kind}" for kind, count in self.reasons.most_common())
        return f"{counts}; the first: {self.first}"

    def add(self, row: Mapping[str, Any]) -> None:
        self.rows.write(line_of(row))
        if row["reason"] == CONTAMINATED:
            self.given_away.write(line_of(row))
        place = f" ({row['where']})" if "where" in row else ""
        self.first = self.first or f"{row['reason']}{place}"
        self.reasons[row["reason"].split(":")[0]] += 1


def repetition(score: float | None, earlier: Mapping[str, Any]) -> dict[str, Any]:
    """Tell which kept example one repeats."""
    return {"reason": "duplicate", "score": score, "duplicate_of": earlier}


def kept_in(folder: Path) -> Iterator[Example]:
    """Yield the examples that `Kept` wrote to a folder, with what is known of them."""
    from alpaca.doors.rows import rows

    with (folder / PROVENANCE).open("rb") as provenance:
        for row, about in zip(rows(folder / DATA), provenance, strict=True):
            yield Example(**row.value, about=json.loads(about))


def _indented(row: Mapping[str, str]) -> bytes:
    """Write a row of texts as `write_json` writes it within a list, several times faster than json's own indenting."""
    fields = (f"    {ENCODER.encode(key)}: {ENCODER.encode(value)}" for key, value in row.items())
    return ("  {\n" + ",\n".join(fields) + "\n  }").encode("utf-8", "backslashreplace")


class Waiting:
    """Examples whose turn has not come, first in, first out; those beyond `AT_ONCE` wait on the disk.

    So a deduplication may read any number of examples before its first decision.
    """

    def __init__(self) -> None:
        self.soon: deque[Example] = deque()
        self.file = tempfile.TemporaryFile()  # noqa: SIM115
        self.written = self.read = 0  # bytes of the file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def put(self, example: Example) -> None:
        if self.written == self.read and len(self.soon) < AT_ONCE:
            self.soon.append(example)
            return
        self.file.seek(self.written)
        self.written += self.file.write(json.dumps([*example.alpaca().values(), example.about]).encode() + b"\n")

    def get(self) -> Example:
        if not self.soon:
            self.file.seek(self.read)
            lines = list(islice(self.file, AT_ONCE))
            self.read += sum(map(len, lines))
            self.soon.extend(Example(*json.loads(line)) for line in lines)
            if self.read == self.written:
                self.file.truncate(0)
                self.read = self.written = 0
        return self.soon.popleft()
