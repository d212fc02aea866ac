"""Which file a set of tasks is, and which of its rows can be judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alpaca.doors.address import address_of, here
from alpaca.doors.hub import pinned
from alpaca.errors import UserError
from alpaca.files import sha256
from alpaca.log import logger
from alpaca.records import Example, read_tasks, set_aside


def read_set(
    folder: Path, data: Path, expected: str | None, needs_output: bool
) -> tuple[list[Example], dict[str, Any]]:
    """Return the tasks that can be judged, and counts of those that cannot be; bad rows are set aside in `folder`."""
    path = tasks_file(data, expected)
    examples, bad = read_tasks(path)
    set_aside(folder, bad)
    tasks = [example for example in examples if example.output.strip() or not needs_output]
    if not tasks:
        raise UserError(
            f"no task of {data} has an `output`, which this judge compares answers with; judge=llm needs none"
        )
    if repeated := len(tasks) - len({(task.instruction, task.input) for task in tasks}):
        line = "evaluate: %d of %d tasks repeat an earlier one; each counts as a task of its own"
        logger.warning(line, repeated, len(tasks))
    return tasks, {"data": str(path), "without_reference": len(examples) - len(tasks), "bad_rows": len(bad)}


def tasks_file(data: Path, expected: str | None) -> Path:
    """Return the file, folder or hub id, by commit, that `data` means; raises UserError where its sha256 is not `expected`."""
    address = address_of(data)
    path = here(address, expected, "give the file itself with data=FILE") if address else pinned(data)
    if expected and not path.exists():
        raise UserError(f"data_sha256 is of a file, and {data} is on a hub; pin it by its revision, {data}@REVISION")
    if expected and (found := sha256(path)) != expected:
        raise UserError(f"{data} is not the set that was asked for: its sha256 is {found}, and data_sha256={expected}")
    return path
