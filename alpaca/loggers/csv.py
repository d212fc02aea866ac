"""Metrics as a CSV file that a continued run continues."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from alpaca.files import write_text


class CSV(Logger):
    """One row an optimizer step in `metrics.csv`, one a measurement in `validation.csv`.

    Rows that a killed run wrote after its last checkpoint are written anew.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.columns: dict[str, list[str]] = {}

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
        table = "validation" if "validation_loss" in metrics else "metrics"
        row = {"step": step} | metrics
        path = self.folder / f"{table}.csv"
        if table not in self.columns:
            self.columns[table] = list(row)
            _keep_before(path, self.columns[table], row["step"])
        with path.open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, self.columns[table]).writerow(row)


def _keep_before(path: Path, columns: list[str], step: float) -> None:
    """Drop what an earlier process logged from `step` on; begin the file where there is none."""
    rows = path.read_text("utf-8").splitlines()[1:] if path.is_file() else []
    kept = [row for row in rows if row.split(",")[0].isdigit() and int(row.split(",")[0]) < step]
    write_text(path, "\n".join([",".join(columns), *kept]) + "\n")
