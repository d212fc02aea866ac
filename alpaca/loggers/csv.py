"""Metrics as a CSV file that a continued run continues."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from alpaca.files import write_text


class CSV(Logger):
    """One row an optimizer step. Rows that a killed run wrote after its last checkpoint are written anew."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.columns: list[str] | None = None

    @property
    def name(self) -> str:
        return "csv"

    @property
    def version(self) -> int:
        return 0

    def log_hyperparams(self, *_: Any, **__: Any) -> None:
        """Leave these to the manifest."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        assert step is not None
        row = {"step": step} | metrics
        if self.columns is None:
            self.columns = list(row)
            self._keep_before(row["step"])
        with self.path.open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, self.columns).writerow(row)

    def _keep_before(self, step: float) -> None:
        """Drop what an earlier process logged from `step` on; begin the file where there is none."""
        rows = self.path.read_text("utf-8").splitlines()[1:] if self.path.is_file() else []
        kept = [row for row in rows if row.split(",")[0].isdigit() and int(row.split(",")[0]) < step]
        assert self.columns is not None
        write_text(self.path, "\n".join([",".join(self.columns), *kept]) + "\n")
