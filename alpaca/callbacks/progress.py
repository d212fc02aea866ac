"""How far the training is: loss, tokens per second, time left."""

from __future__ import annotations

import time
from typing import Any

from lightning import Callback, LightningModule, Trainer
from pydantic import PositiveFloat
from tqdm import tqdm

from alpaca.modules.sft import SFT


class Progress(Callback):
    """A bar on a terminal; elsewhere a line now and then."""

    def __init__(self, seconds_between_lines: PositiveFloat) -> None:
        self.seconds_between_lines = seconds_between_lines

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, SFT)
        self.bar = tqdm(
            total=pl_module.total_steps,
            initial=pl_module.steps_done,
            desc="train",
            unit="step",
            disable=trainer.global_rank > 0,
        )
        if not self.bar.disable and not self.bar.fp.isatty():
            self.bar.mininterval = self.seconds_between_lines
        self.began, self.tokens = time.monotonic(), 0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.tokens += batch["tokens"]
        rate = self.tokens / (time.monotonic() - self.began)
        self.bar.set_postfix_str(f"loss {outputs['loss']:.3f}, {rate:,.0f} tok/s", refresh=False)
        self.bar.update()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.bar.close()
