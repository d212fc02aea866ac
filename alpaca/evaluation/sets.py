"""Which file a set of tasks is."""

from __future__ import annotations

from pathlib import Path

from alpaca.doors.address import address_of, here
from alpaca.doors.hub import pinned
from alpaca.errors import UserError
from alpaca.files import sha256


def tasks_file(data: Path, expected: str | None) -> Path:
    """Return the file, folder or hub id, by commit, that `data` means; raises UserError where its sha256 is not `expected`."""
    address = address_of(data)
    path = here(address, expected, "give the file itself with data=FILE") if address else pinned(data)
    if expected and not path.exists():
        raise UserError(f"data_sha256 is of a file, and {data} is on a hub; pin it by its revision, {data}@REVISION")
    if expected and (found := sha256(path)) != expected:
        raise UserError(f"{data} is not the set that was asked for: its sha256 is {found}, and data_sha256={expected}")
    return path
