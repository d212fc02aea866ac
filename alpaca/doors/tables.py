"""Rows of Parquet files and of the folders of Hugging Face `datasets`, a batch at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from alpaca.doors.text import Row
from alpaca.errors import UserError

if TYPE_CHECKING:
    from pyarrow import RecordBatch

PARQUET: Final = b"PAR1"
ROWS_AT_ONCE: Final = 1000


def parquet_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a Parquet file, counted from 0; a damaged row group is passed over from where the damage is."""
    import pyarrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as problem:
        raise UserError(f"{path} is not a whole Parquet file: {problem}") from problem
    first = 0
    for group in range(file.num_row_groups):
        done = 0
        try:
            for batch in file.iter_batches(ROWS_AT_ONCE, row_groups=[group], use_threads=False):
                yield from _batch(batch, path, first + done)
                done += batch.num_rows
        except (pyarrow.ArrowException, OSError) as problem:
            yield Row(f"{path}[{first + done}]", "", f"row group {group} is damaged from here on: {problem}")
        first += file.metadata.row_group(group).num_rows


def _batch(batch: RecordBatch, path: Path, first: int) -> Iterator[Row]:
    try:
        yield from plain_rows(batch.to_pylist(), path, first)
    except UnicodeDecodeError:
        for number in range(batch.num_rows):
            try:
                yield from plain_rows(batch.slice(number, 1).to_pylist(), path, first + number)
            except UnicodeDecodeError as problem:
                yield Row(f"{path}[{first + number}]", "", f"not UTF-8 text: {problem.reason}")


def is_datasets_folder(path: Path) -> bool:
    return any((path / name).is_file() for name in ("state.json", "dataset_dict.json"))


def datasets_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a folder that `Dataset.save_to_disk` wrote; its files are mapped, not read."""
    import datasets

    try:
        found = datasets.load_from_disk(str(path))
    except (OSError, ValueError) as problem:
        raise UserError(f"{path} cannot be read as a folder of `datasets`: {problem}") from problem
    if isinstance(found, datasets.DatasetDict):
        raise UserError(f"{path} holds several splits; give one, such as {path / next(iter(found), 'train')}")
    yield from plain_rows(found, path)


def plain_rows(rows: Iterable[dict[str, Any]], place: Path | str, first: int = 0) -> Iterator[Row]:
    """Give each row its place, and values that JSON has: null for NaN, a text for a date or a number of another kind."""
    for number, row in enumerate(rows, first):
        yield Row(f"{place}[{number}]", _plain(row))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else _shown(value)


def _shown(value: object) -> str:
    return f"{len(value)} bytes" if isinstance(value, bytes) else str(value)
