"""The loss on examples that are held out of the training (`datamodule.validation_share`)."""

from __future__ import annotations

from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from pydantic import PositiveInt

from alpaca.modules.sft import SFT


class Validation(Callback):
    """Measure it every `every_n_steps` optimizer steps and at the end, where anything is held out."""

    def __init__(self, every_n_steps: PositiveInt) -> None:
        self.every_n_steps = every_n_steps

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        assert isinstance(pl_module, SFT)
        if pl_module.steps_done % self.every_n_steps == 0:
            measure(pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, SFT)
        measure(pl_module)


def measure(module: SFT) -> None:
    """Set and log the module's validation loss: the sum over the held-out target tokens divided by their number."""
    trainer = module.trainer
    batches, targets = trainer.datamodule.validation(module.global_rank, trainer.world_size)  # type: ignore[attr-defined]
    if not batches or module.validated_now:
        return
    wrapped = module.strategy.model
    assert wrapped is not None
    total = torch.zeros((), dtype=torch.float32, device=module.device)
    wrapped.eval()
    with torch.no_grad():
        for batch in batches:
            total += wrapped({name: part.to(module.device) for name, part in batch.items()})
    wrapped.train()
    module.strategy.end_forward()
    module.validation_loss = float(module.strategy.reduce(total, reduce_op="sum")) / targets
    module.validated_after = module.steps_done
    for logger in trainer.loggers:
        logger.log_metrics({"validation_loss": module.validation_loss}, step=module.steps_done)
    trainer.callback_metrics["validation_loss"] = torch.tensor(module.validation_loss)
    for callback in trainer.callbacks:  # type: ignore[attr-defined]  # those of Lightning that look at it
        callback.on_validation_end(trainer, module)
