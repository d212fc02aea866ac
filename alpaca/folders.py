"""The folder of a stage: held by one process, and what lies in it moved out of the way of another configuration."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from alpaca.errors import UserError
from alpaca.files import remove
from alpaca.log import logger

Moves = list[tuple[Path, Path]]  # from where to where


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """Hold a stage's folder for this process; yield the file that tells others."""
    lock_path = folder.parent / f".{folder.name}.lock"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = lock_path.open("w")
    except OSError as problem:
        raise UserError(f"cannot write in {folder.parent}: {problem.strerror}") from problem
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            raise UserError(
                f"another process is at work in {folder}; wait for it, or give this run a name="
            ) from problem
        aside = _aside(folder)
        if aside.exists():  # a process was killed while two changed places
            aside.rename((_kept(aside, folder) or older(folder)) if folder.exists() else folder)
        yield lock_path


def put_back(folder: Path, moved: Moves) -> None:
    remove(folder)
    for here, there in reversed(moved):
        there.rename(here)


def tell(folder: Path, moved: Moves) -> None:
    """Say where lies now what another configuration had made, and what came back."""
    for here, there in moved:
        if there == folder:
            logger.info("%s: what is of this configuration is back from %s", folder.name, here)
        elif not there.name.startswith("."):
            logger.info("%s: what another configuration had made is in %s", folder.name, there)


def move(folder: Path, back: Path | None) -> Moves:
    """Move what lies in a stage's folder out of the way, and `back` into it; return what was renamed, in order.

    What is finished goes to `<stage>.previous`, a training with checkpoints to `<stage>.stopped`; each takes the place of the
    one before, which is removed once the stage is done. Of anything else nothing is kept.
    """
    aside, before, kept = _aside(folder), older(folder), _kept(folder, folder)
    if kept is None:
        moved = _rename([(folder, before)])
    elif kept == back:
        moved = _rename([(folder, aside)])
    else:
        moved = _rename([(kept, before), (folder, kept)])
    return moved + (_rename([(back, folder), (aside, back)]) if back is not None else [])


def _rename(moves: Moves) -> Moves:
    return [(here, there) for here, there in moves if here.exists() and here.rename(there)]


def older(folder: Path) -> Path:
    """Remove what was left from before the previous time, as far as that can be; return a free name for it."""
    names = (folder.with_name(f".{folder.name}.older{number or ''}") for number in count())
    return next(name for name in names if _is_gone(name))


def _is_gone(path: Path) -> bool:
    """Remove a file or folder if that can be; it is in nobody's way."""
    with suppress(OSError):
        remove(path)
    return not os.path.lexists(path)


def previous(folder: Path) -> Path:
    """Return where what a stage had finished before lies."""
    return folder.with_name(f"{folder.name}.previous")


def stopped(folder: Path) -> Path:
    """Return where a training lies that was stopped before another configuration came."""
    return folder.with_name(f"{folder.name}.stopped")


def _aside(folder: Path) -> Path:
    """Return where one of two lies while they change places."""
    return folder.with_name(f".{folder.name}.aside")


def _kept(made: Path, folder: Path) -> Path | None:
    """Return where that what was made in a stage's folder is kept, None where it is not worth it."""
    if (made / "manifest.json").is_file():
        return previous(folder)
    return stopped(folder) if any((made / "checkpoints").glob("step-*")) else None


def remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return
