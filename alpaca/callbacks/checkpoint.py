"""Checkpoints that are whole or absent, so that a run can be killed at any instant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightning import Callback, Trainer
from pydantic import PositiveInt

from alpaca.files import remove, write_whole


class Checkpoint(Callback):
    """Save every `every_n_steps` optimizer steps, and keep the newest `keep`."""

    def __init__(self, folder: Path, every_n_steps: PositiveInt, keep: PositiveInt) -> None:
        self.folder, self.every_n_steps, self.keep = folder, every_n_steps, keep

    def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
        """Save between steps, when the last one is in the logs too."""
        path = self.folder / f"step-{trainer.global_step:08}.ckpt"
        if trainer.global_step % self.every_n_steps == 0 and trainer.global_step and not path.exists():
            write_whole(path, trainer.save_checkpoint)
            for old in checkpoints(self.folder)[: -self.keep]:
                remove(old)


def checkpoints(folder: Path) -> list[Path]:
    """List the checkpoints in `folder`, the newest last."""
    return sorted(folder.glob("step-*.ckpt"))
