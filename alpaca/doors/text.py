"""Rows of JSON (a list) and JSONL, one at a time, so that memory does not grow with the file.

What is no JSON is set aside and the reading goes on behind it: in JSONL with the next line, in a list with what next looks
like the start of an object. Beyond JSON's grammar a row is refused for NaN and infinity, which JSON has not, for a key that
occurs twice in an object, and for more than `DEEPEST` levels, which could be read and then not written again.
"""

from __future__ import annotations

import codecs
import io
import json
import re
import zlib
from collections.abc import Iterator
from gzip import BadGzipFile, GzipFile
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

LONGEST: Final = 16 << 20  # bytes of a row (characters in a list)
SHOWN: Final = 1000  # characters of a longer row that are kept
DEEPEST: Final = 100
CHUNK: Final = 1 << 20  # bytes read at a time
KEPT: Final = 1000  # characters at the window's end that the start of a next row may be in
NEAR_THE_END: Final = 16  # an error this near the end of what is read may be only because there is more
BYTE_ORDER_MARK: Final = "\ufeff"
GZIP: Final = b"\x1f\x8b"
NEXT_ROW: Final = re.compile(r',\s*(?=\{\s*")')  # not within a string, where the quote would be escaped
BETWEEN: Final = re.compile(r"[\s,]*")


class Row(NamedTuple):
    """A row with its place; where there is a problem, `value` is its text."""

    where: str
    value: Any
    problem: str | None = None


class Unzipped(io.RawIOBase):
    """The text of a gzip'd file, as much of it as is whole; `problem` tells why there is no more."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.problem = GzipFile(fileobj=file), ""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            return self.file.readinto(buffer)
        except (EOFError, BadGzipFile, zlib.error) as problem:
            self.problem = str(problem)
            return 0


def text_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a JSON list or of JSONL, either of them gzip'd or not."""
    with path.open("rb") as file:
        zipped = file.read(len(GZIP)) == GZIP
        is_list = _first_character(_opened(file, zipped)) == b"["
        handle = _opened(file, zipped)
        yield from JSONList(handle, path).rows() if is_list else lines(handle, path)
        if isinstance(handle.raw, Unzipped) and handle.raw.problem:
            yield Row(str(path), "", f"the compressed file breaks off: {handle.raw.problem}")


def _opened(file: io.BufferedReader, zipped: bool) -> io.BufferedReader:
    file.seek(0)
    return io.BufferedReader(Unzipped(file)) if zipped else file


def _first_character(handle: IO[bytes]) -> bytes:
    while chunk := handle.read(CHUNK):
        if text := chunk.removeprefix(BYTE_ORDER_MARK.encode()).lstrip():
            return text[:1]
    return b""


def lines(handle: IO[bytes], path: Path) -> Iterator[Row]:
    """Yield the row of each line that is not blank; lines are counted from 1."""
    number = 0
    while line := handle.readline(LONGEST):
        number += 1
        if len(line) == LONGEST and not line.endswith(b"\n"):
            while (rest := handle.readline(CHUNK)) and not rest.endswith(b"\n"):
                pass
            yield _too_long(f"{path}:{number}", line.decode("utf-8", "backslashreplace"))
        elif line.strip():
            yield _line(f"{path}:{number}", line)


def _line(where: str, line: bytes) -> Row:
    try:
        text = line.decode("utf-8").removeprefix(BYTE_ORDER_MARK)
    except UnicodeDecodeError as problem:
        return Row(where, line.decode("utf-8", "backslashreplace"), f"not UTF-8 text: byte {problem.start}")
    try:
        return _sound(where, text, DECODER.decode(text))
    except RecursionError:
        return _too_deep(where, text)
    except ValueError as problem:
        return Row(where, text.rstrip("\r\n"), _reason(problem))


class JSONList:
    """A list that is parsed row by row, in a window that slides over the file."""

    def __init__(self, handle: IO[bytes], path: Path) -> None:
        self.handle, self.path = handle, path
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self.window, self.at, self.line = "", 0, 1
        self.more = True  # whether there may be text behind the window

    def rows(self) -> Iterator[Row]:
        self._at_end()
        self._go_to(self.at + 1)
        index, whole = 0, True
        while not (ended := self._at_end()) and self.window[self.at] != "]":
            row = self._row(f"{self.path}:{self.line}[{index}]")
            whole = row.problem is None
            index += 1
            yield row
        if ended and whole:
            yield Row(f"{self.path}:{self.line}[{index}]", "", "the list breaks off before its `]`")
        self._go_to(self.at + 1)
        if not ended and not self._at_end():
            yield Row(f"{self.path}:{self.line}", self.window[self.at :][:SHOWN], "text behind the end of the list")

    def _row(self, where: str) -> Row:
        """Take the row that begins here."""
        while True:
            try:
                value, end = DECODER.raw_decode(self.window, self.at)
            except json.JSONDecodeError as problem:
                if self._may_go_on(problem) and self._read():
                    continue
                return self._set_aside(where, _reason(problem))
            except RecursionError:
                return self._set_aside(where, f"nested more than {DEEPEST} deep")
            except ValueError as problem:
                return self._set_aside(where, str(problem))
            text = self.window[self.at : end]
            self._go_to(end)
            shown = text if text.isascii() else _printable(text)
            return Row(where, shown, "not UTF-8 text") if shown != text else _sound(where, text, value)

    def _may_go_on(self, problem: json.JSONDecodeError) -> bool:
        near = problem.pos > len(self.window) - NEAR_THE_END or problem.msg.startswith("Unterminated string")
        return near and len(self.window) - self.at < LONGEST

    def _set_aside(self, where: str, reason: str) -> Row:
        """Pass over what is no row, up to the next or to the list's end, holding no more of it than a row may have."""
        text = ""
        while not (found := NEXT_ROW.search(self.window, self.at + 1)) and self.more:
            upto = max(self.at, len(self.window) - KEPT)
            text = (text + self.window[self.at : upto])[: LONGEST + 1]
            self._go_to(upto)
            self._read()
        last = re.compile(r"(?=\]\s*\Z)").search(self.window, self.at)
        end = found.start() if found else last.start() if last else len(self.window)
        text = (text + self.window[self.at : end])[: LONGEST + 1]
        self._go_to(end)
        return _too_long(where, text) if len(text) > LONGEST else Row(where, _printable(text.rstrip()), reason)

    def _at_end(self) -> bool:
        """Go to the next row or `]`; tell whether there is none."""
        while True:
            found = BETWEEN.match(self.window, self.at)
            assert found
            self._go_to(found.end())
            if self.at < len(self.window) or not self._read():
                return self.at >= len(self.window)

    def _read(self) -> bool:
        """Read on, as much again as a long row already has, and forget what is behind."""
        new = self.handle.read(max(CHUNK, len(self.window) - self.at))
        self.more = bool(new)
        self.window, self.at = self.window[self.at :] + self.decoder.decode(new, final=not new), 0
        return self.more

    def _go_to(self, place: int) -> None:
        self.line += self.window.count("\n", self.at, place)
        self.at = place


def _sound(where: str, text: str, value: Any) -> Row:
    """Return a parsed row, unless it is not what can be gone on with."""
    if len(text) > LONGEST:
        return _too_long(where, text)
    if text.count("{") + text.count("[") > DEEPEST and not _is_within(value, DEEPEST):
        return _too_deep(where, text)
    return Row(where, value)


def _reason(problem: ValueError) -> str:
    return f"not JSON: {problem.msg}" if isinstance(problem, json.JSONDecodeError) else str(problem)


def _too_long(where: str, text: str) -> Row:
    return Row(where, _printable(text[:SHOWN]), f"a row of more than {LONGEST >> 20} MiB")


def _too_deep(where: str, text: str) -> Row:
    return Row(where, _printable(text[:SHOWN]), f"nested more than {DEEPEST} deep")


def _printable(text: str) -> str:
    """Show bytes that are no UTF-8, which came in as lone surrogates, as escapes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _is_within(value: Any, levels: int) -> bool:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels >= 0 and all(_is_within(child, levels - 1) for child in children)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key `{next(key for key in keys if keys.count(key) > 1)}` occurs twice")
    return row


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


DECODER: Final = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_no_number)
