"""End a training that no longer gets better on held-out examples."""

from __future__ import annotations

import csv
from pathlib import Path

from lightning import Callback, LightningModule, Trainer
from pydantic import NonNegativeFloat, PositiveInt


class EarlyStopping(Callback):
    """Stop after `patience` measurements in turn that were not `min_delta` below the lowest validation loss before them.

    It looks at validation.csv alone, so that a run that was killed ends at the same step as one that was not.
    """

    def __init__(self, patience: PositiveInt, min_delta: NonNegativeFloat) -> None:
        self.patience, self.min_delta = patience, min_delta
        self.monitor = "validation_loss"  # named as Lightning's callbacks do

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        file = Path(trainer.default_root_dir) / "validation.csv"
        stop = trainer.global_rank == 0 and self.waited(file) >= self.patience
        trainer.should_stop = trainer.strategy.reduce_boolean_decision(stop, all=False)

    def waited(self, file: Path) -> int:
        """Return how many measurements there have been since the last that was better."""
        with file.open(encoding="utf-8", newline="") as lines:
            losses = [float(row["validation_loss"]) for row in csv.DictReader(lines)]
        best, waited = float("inf"), 0
        for loss in losses:
            waited = 0 if loss < best - self.min_delta else waited + 1
            best = loss if waited == 0 else best
        return waited
