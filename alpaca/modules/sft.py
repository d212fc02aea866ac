"""Supervised fine-tuning: one call of `training_step` is one optimizer step over exactly the examples that it is given.

The loss of a step is the sum over its target tokens divided by their number, over all of its micro-batches. Lightning's own
accumulation would divide by the number of micro-batches instead, so the step is done here (manual optimization).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import lightning
import torch
import torch.nn.functional as F
from pydantic import PositiveFloat
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from transformers import PreTrainedModel

from alpaca.datamodules.tokens import MicroBatch
from alpaca.errors import UserError
from alpaca.modules.attention import Documents, use_packed_attention


def target_loss(network: PreTrainedModel, batch: MicroBatch) -> Tensor:
    """Return the summed cross-entropy of a packed micro-batch's target tokens, a scalar.

    Only the positions that predict a target go through the language-model head.
    """
    logits = network(
        input_ids=batch["input_ids"],
        position_ids=batch["position_ids"],
        documents=Documents.of(batch["document_lengths"]),
        logits_to_keep=batch["predicting"],
        use_cache=False,
    ).logits[0]  # (K, V)
    return F.cross_entropy(logits.float(), batch["targets"], reduction="sum")


class SFT(lightning.LightningModule):
    """Fine-tunes a network on packed steps; the weights are built in `configure_model`."""

    def __init__(
        self,
        gradient_clip: PositiveFloat,
        *,
        build: Callable[[], PreTrainedModel],
        optimizer: Callable[..., Optimizer],
        scheduler: Callable[..., LRScheduler],
        total_steps: int,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.build, self.optimizer, self.scheduler = build, optimizer, scheduler
        self.total_steps, self.gradient_clip = total_steps, gradient_clip
        self.network: PreTrainedModel | None = None

    def configure_model(self) -> None:
        if self.network is None:
            self.network = self.build()
            use_packed_attention(self.network)
            self.network.train()

    def configure_optimizers(self) -> Any:
        optimizer = self.optimizer(self.parameters())
        return [optimizer], [self.scheduler(optimizer=optimizer, total_steps=self.total_steps)]

    def training_step(self, step: dict[str, Any], _: int) -> dict[str, Tensor]:
        """Take and log one optimizer step; callbacks get what it returns as `outputs`."""
        began = time.perf_counter()
        optimizer, schedule = self.optimizers(), self.lr_schedulers()
        loss = torch.zeros((), device=self.device)
        for batch in step["micro_batches"]:
            share = target_loss(self._built(), batch) / step["target_tokens"]
            self.manual_backward(share)
            loss += share.detach()
        norm = torch.nn.utils.clip_grad_norm_(self.parameters(), self.gradient_clip)
        if not torch.isfinite(norm):
            raise UserError(f"the gradient is not finite at step {self.global_step}; lower optimizer.lr")
        rate = optimizer.param_groups[0]["lr"]  # type: ignore[union-attr]
        optimizer.step()  # type: ignore[union-attr]
        optimizer.zero_grad()  # type: ignore[union-attr]
        schedule.step()  # type: ignore[union-attr]
        metrics = {
            "epoch": step["epoch"],
            "loss": float(loss),
            "learning_rate": rate,
            "gradient_norm": float(norm),
            "tokens": float(step["tokens"]),
            "target_tokens": float(step["target_tokens"]),
            "tokens_per_second": step["tokens"] / (time.perf_counter() - began),
        }
        for logger in self.loggers:  # `log_dict` would take milliseconds, to average what a step has once
            logger.log_metrics(metrics, step=self.global_step)
        return {"loss": loss}

    def _built(self) -> PreTrainedModel:
        assert self.network is not None
        return self.network
