"""What can be no input although it is there: what may not be read, or only once, and a folder that the run writes in."""

from __future__ import annotations

import os
from pathlib import Path


def unfit(path: Path, written: Path | None) -> str | None:
    """Say why what lies at `path` can be no input of a stage that writes in the folder `written`; None where it can."""
    if not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
        return f"there is no permission to read {path}"
    if path.is_file():
        return None
    if not path.is_dir():
        return f"{path} is no regular file, and a pipe or device can be read only once; write it to a file first"
    if written and written.resolve().is_relative_to(path.resolve()):
        return f"the folder {path} holds {written}, where this run writes; give a folder or file that does not"
    return None
