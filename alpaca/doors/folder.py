"""A folder of Hugging Face `datasets`, which `datasets.load_from_disk` opens."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from alpaca.files import sha256, write_whole
from alpaca.records import Example

FIELDS: Final = ("instruction", "input", "output")
ROWS_AT_ONCE: Final = 1000


def write_datasets(path: Path, examples: Iterable[Example]) -> None:
    """Write the examples' three fields as one split; memory holds `ROWS_AT_ONCE` of them.

    The folder is the same for the same examples: its fingerprint is a hash of the rows, and not of the time.
    """
    write_whole(path, lambda temporary: _write(temporary, examples))


def _write(path: Path, examples: Iterable[Example]) -> None:
    import datasets
    from datasets.arrow_writer import ArrowWriter

    features = datasets.Features({field: datasets.Value("string") for field in FIELDS})
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        rows = Path(folder) / "rows.arrow"
        with ArrowWriter(path=str(rows), features=features, writer_batch_size=ROWS_AT_ONCE) as writer:
            for example in examples:
                writer.write(example.alpaca())
            writer.finalize()
        table = datasets.Dataset.from_file(str(rows)).data
        datasets.disable_progress_bars()
        datasets.Dataset(table, fingerprint=sha256(rows)[:16]).save_to_disk(str(path))
