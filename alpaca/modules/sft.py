"""Supervised fine-tuning: one call of `training_step` is one optimizer step over exactly the examples that it is given.

The loss of a step is the sum over its target tokens divided by their number, over all of its micro-batches on all ranks.
Lightning's own accumulation would divide by the number of micro-batches instead, so the step is done here (manual
optimization).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import lightning
import torch
from pydantic import PositiveFloat
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from alpaca.datamodules.tokens import MicroBatch
from alpaca.errors import UserError
from alpaca.models.weights import Gathered, Tensors, Weights, export
from alpaca.modules.checkpointing import checkpoint_activations
from alpaca.modules.loss import Kernel, target_loss, use_kernel
from alpaca.modules.meters import Meter
from alpaca.strategies.exact import Exact, trainable

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class SFT(lightning.LightningModule):
    """Fine-tunes the network in `folder` on the steps of a datamodule; the weights are read in `configure_model`."""

    def __init__(
        self,
        gradient_clip: PositiveFloat,
        loss: Kernel,
        *,
        folder: Path,
        optimizer: Callable[..., Optimizer],
        scheduler: Callable[..., LRScheduler],
        total_steps: int,
        seed: int,
        first_step: int = 0,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.gradient_clip, self.kernel = gradient_clip, loss
        self.folder, self.optimizer, self.scheduler = folder, optimizer, scheduler
        self.total_steps, self.steps_done = total_steps, first_step
        self.seed = seed
        self.asked_to_stop = False  # this rank, by a signal at any time
        self.stop = False  # all ranks, after the same step
        self.validation_loss, self.validated_after = float("nan"), -1
        self.network: PreTrainedModel | None = None
        self.meter: Meter | None = None

    @property
    def validated_now(self) -> bool:
        """Tell whether `validation_loss` is that of the weights as they are."""
        return self.validated_after == self.steps_done

    @property
    def strategy(self) -> Exact:
        return cast(Exact, self.trainer.strategy)

    def configure_model(self) -> None:
        if self.network is None:
            self.network = self.strategy.build(self.source(), self.adapt)
            self.network.train()

    def on_fit_start(self) -> None:
        """Seed what dropout and stochastic rounding draw; a checkpoint's generators replace this."""
        torch.manual_seed(self.seed + self.global_rank)

    def source(self) -> Weights:
        """Return where the network's weights come from, by their names in the network."""
        return Weights(self.folder)

    def adapt(self, network: PreTrainedModel) -> None:
        """Change what a network computes with, before its weights are there."""
        use_kernel(network, self.kernel)
        checkpoint_activations(network, self.strategy.activation_checkpointing)

    def configure_optimizers(self) -> Any:
        optimizer = self.optimizer(list(trainable(self).items()))
        self.strategy.check(optimizer)
        return [optimizer], [self.scheduler(optimizer=optimizer, total_steps=self.total_steps)]

    def forward(self, batch: MicroBatch) -> Tensor:
        """Return the summed loss of a micro-batch's targets."""
        assert self.network is not None
        return target_loss(self.network, batch)

    def training_step(self, step: dict[str, Any], _: int) -> dict[str, Tensor]:
        """Take and log one optimizer step; callbacks get what it returns as `outputs`."""
        meter = self._meter()
        meter.begin()
        optimizer, schedule = self.optimizers(), self.lr_schedulers()
        loss = self.gradients(step)
        rate = optimizer.param_groups[0]["lr"]  # type: ignore[union-attr]
        norm = self.strategy.clip_and_step(optimizer, self.gradient_clip)
        if not (torch.isfinite(norm) and torch.isfinite(loss)):
            raise UserError(
                f"the loss ({loss:.3g}) or its gradient (norm {norm:.3g}) is not finite at step {self.steps_done}; "
                "lower optimizer.lr; the last checkpoint is kept"
            )
        schedule.step()  # type: ignore[union-attr]
        metrics = {
            "epoch": step["epoch"],
            "loss": float(loss),
            "learning_rate": rate,
            "gradient_norm": float(norm),
        }
        metrics |= meter.end(step)
        for logger in self.loggers:  # `log_dict` would take milliseconds, to average what a step has once
            logger.log_metrics(metrics, step=self.steps_done)
        self.steps_done += 1
        return {"loss": loss}

    def _meter(self) -> Meter:
        """Return the meter, which counts floating-point operations as PaLM's appendix B does (forward and backward)."""
        if self.meter is None:
            assert self.network is not None
            config = self.network.config.get_text_config()
            embedding = self.network.get_input_embeddings().weight
            weights = self.size - self.strategy.shape(cast(Tensor, embedding)).numel() * (
                0 if config.tie_word_embeddings else 1
            )
            attention = 6.0 * config.num_hidden_layers * config.hidden_size  # causal: half of all pairs
            self.meter = Meter(6.0 * weights, attention, self.device, self.trainer.world_size)
        return self.meter

    def gradients(self, step: dict[str, Any]) -> Tensor:
        """Leave the step's gradients in the parameters, and return its loss over all ranks.

        Strategies average gradients over ranks, so each rank's share is taken times their number.
        """
        world, wrapped = self.trainer.world_size, self.strategy.model
        assert wrapped is not None
        total = torch.zeros(2, dtype=torch.float32, device=self.device)  # the loss, and whether a rank wants to stop
        total[1] = self.asked_to_stop
        for number, batch in enumerate(step["micro_batches"], 1):
            with self.strategy.micro_batch(last=number == len(step["micro_batches"])):
                share = wrapped(batch) / step["target_tokens"]
                self.manual_backward(share * world)
            total[0] += share.detach()
        total = self.strategy.reduce(total, reduce_op="sum")
        self.stop = bool(total[1])
        return total[0]

    def export_to(self, folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
        """Write what was trained as a Hugging Face folder; every rank calls this."""
        assert self.network is not None
        export(self.network, tokenizer, folder, self.tensors())

    def tensors(self) -> Tensors | None:
        """Return what an export writes where no rank holds it whole; None where each does."""
        assert self.network is not None
        if not self.strategy.shards_weights:
            return None
        return {name: self._gathered(parameter) for name, parameter in self.network.named_parameters()}

    def _gathered(self, parameter: Tensor) -> Gathered:
        return Gathered(self.strategy.shape(parameter), parameter.dtype, lambda: self.strategy.whole(parameter))

    @property
    def size(self) -> int:
        """How many parameters the network has."""
        return sum(self.strategy.shape(parameter).numel() for parameter in self.parameters())
