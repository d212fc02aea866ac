"""The one way in: rows of a file, a folder or a hub id, told apart by what they hold and not by their names.

A file is JSON (a list), JSONL, either gzip'd, or Parquet; a folder is one of Hugging Face `datasets`, or holds such files;
hidden ones (`.git`, `.cache`) are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from alpaca.doors.hub import HubId, hub_rows
from alpaca.doors.tables import PARQUET, datasets_rows, is_datasets_folder, parquet_rows
from alpaca.doors.text import Row, text_rows
from alpaca.errors import UserError

DATA_FILES: Final = (".json", ".jsonl", ".json.gz", ".jsonl.gz", ".parquet")


def rows(path: Path) -> Iterator[Row]:
    """Yield every row with its place, the malformed ones with their problem; raises UserError where nothing can be read."""
    if path.is_dir():
        yield from _folder(path)
    elif hub_id := HubId.of(path):
        yield from hub_rows(hub_id)
    else:
        try:
            with path.open("rb") as handle:
                is_parquet = handle.read(len(PARQUET)) == PARQUET
            yield from parquet_rows(path) if is_parquet else text_rows(path)
        except OSError as problem:
            raise UserError(f"cannot read {path}: {problem.strerror or problem}") from problem


def _folder(path: Path) -> Iterator[Row]:
    if is_datasets_folder(path):
        yield from datasets_rows(path)
        return
    files = sorted(file for file in path.rglob("*") if file.name.endswith(DATA_FILES) and _is_shown(file, path))
    if not files:
        raise UserError(f"the folder {path} holds no data: no file ends in {', '.join(DATA_FILES)}")
    for file in files:
        yield from rows(file)


def _is_shown(file: Path, folder: Path) -> bool:
    """Tell whether a file lies in no hidden folder of `folder`, which tools keep to themselves, and is not hidden itself."""
    return file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts)
