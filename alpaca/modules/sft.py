"""Supervised fine-tuning: one call of `training_step` is one optimizer step over exactly the examples that it is given.

The loss of a step is the sum over its target tokens divided by their number, over all of its micro-batches on all ranks.
Lightning's own accumulation would divide by the number of micro-batches instead, so the step is done here (manual
optimization).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
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
from alpaca.log import logger
from alpaca.models.shape import Shape
from alpaca.models.weights import Gathered, Tensors, Weights, export
from alpaca.modules import fp8 as lowering
from alpaca.modules.attention import LayOut, grids
from alpaca.modules.budget import Budget, setup_of, share_to_recompute
from alpaca.modules.checkpointing import checkpoint_activations
from alpaca.modules.compiling import compile_layers
from alpaca.modules.loss import Kernel, target_loss, use_kernel
from alpaca.modules.meters import Meter
from alpaca.modules.paths import Attending, capability_of, lay_out_by
from alpaca.strategies.exact import Exact, trainable

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from alpaca.datamodules.steps import Steps


class SFT(lightning.LightningModule):
    """Fine-tunes the network in `folder` on the steps of a datamodule; the weights are read in `configure_model`."""

    def __init__(
        self,
        gradient_clip: PositiveFloat,
        loss: Kernel,
        attention: Attending,
        compile: bool,
        fp8: bool,
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
        self.gradient_clip, self.kernel, self.attention = gradient_clip, loss, attention
        self.compiled, self.lay_out = compile, cast(LayOut, grids)
        self.untried_fp8 = fp8
        self.folder, self.optimizer, self.scheduler = folder, optimizer, scheduler
        self.total_steps, self.steps_done = total_steps, first_step
        self.seed = seed
        self.asked_to_stop = False  # this rank, by a signal at any time
        self.stop = False  # all ranks, after the same step
        self.validation_loss, self.validated_after = float("nan"), -1
        self.exported_step: int | None = None  # where the weights are no longer those after `steps_done`
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
            device, halves = self.strategy.root_device, self.strategy.halves
            self.lay_out = lay_out_by(self.attention, device, halves)
            if self.compiled and self.strategy.sharding == "zero3":
                raise UserError(
                    "module.compile=true needs whole layers, which ZeRO-3 has not; give strategy=fsdp or single"
                )
            if self.untried_fp8:
                lowering.refuse(capability_of(device), halves, self.compiled, self.strategy.sharding)
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
        if self.compiled:
            compile_layers(network)
        how = self.strategy.activation_checkpointing
        checkpoint_activations(network, self.fitting(network) if how == "auto" else how)

    def fitting(self, network: PreTrainedModel) -> float:
        """Return the share of the layers that must be computed again for the training to fit its device."""
        steps, device = cast("Steps", self.trainer.datamodule), self.strategy.root_device  # type: ignore[attr-defined]
        shape = Shape.of(network.config.get_text_config().to_dict(), str(self.folder))
        budget = Budget.of(device, self.trainer.world_size)
        precision = str(self.trainer.precision)
        setup = setup_of(shape, self.strategy, steps, self.optimizer, precision, self.kernel != "plain", budget)
        share = share_to_recompute(setup, budget)
        logger.info("activation checkpointing: %.0f%% of the layers, for %.1f GiB", 100 * share, budget.free / 2**30)
        return share

    def configure_optimizers(self) -> Any:
        optimizer = self.optimizer(list(trainable(self).items()))
        self.strategy.check(optimizer)
        if self.global_rank == 0 and self.trained_size < self.size:
            logger.info("%s of %s parameters are trained", f"{self.trained_size:,}", f"{self.size:,}")
        return [optimizer], [self.scheduler(optimizer=optimizer, total_steps=self.total_steps)]

    def forward(self, batch: MicroBatch) -> Tensor:
        """Return the summed loss of a micro-batch's targets."""
        assert self.network is not None
        return target_loss(self.network, batch, self.lay_out)

    def on_train_batch_start(self, step: dict[str, Any], _: int) -> int | None:
        """Take no further step where a callback has ended the training."""
        return -1 if self.trainer.should_stop else None

    def training_step(self, step: dict[str, Any], _: int) -> dict[str, Tensor]:
        """Take and log one optimizer step; callbacks get what it returns as `outputs`."""
        if self.untried_fp8:
            self._try_fp8(step)
        meter = self._meter()
        meter.begin()
        optimizer, schedule = self.optimizers(), self.lr_schedulers()
        loss = self.gradients(step)
        rate = optimizer.param_groups[0]["lr"]  # type: ignore[union-attr]
        norm = self.strategy.clip_and_step(optimizer, self.gradient_clip)
        if not (torch.isfinite(norm) and torch.isfinite(loss)):
            raise self.not_finite(float(loss), float(norm))
        schedule.step()  # type: ignore[union-attr]
        metrics = {
            "epoch": step["epoch"],
            "loss": float(loss),
            "learning_rate": rate,
            "gradient_norm": float(norm),
        }
        metrics |= meter.end(step)
        for each in self.loggers:  # `log_dict` would take milliseconds, to average what a step has once
            each.log_metrics(metrics, step=self.steps_done)
        self.steps_done += 1
        return {"loss": loss}

    def not_finite(self, loss: float, norm: float) -> UserError:
        """Say so, and what is at fault: before the first step, whose learning rate may be any, only the weights can be."""
        what = f"the loss ({loss:.3g}) or its gradient (norm {norm:.3g}) is not finite at step {self.steps_done}"
        if self.steps_done == 0:
            return UserError(
                f"{what}, before any change: the weights in {self.folder} are at fault, or trainer.precision"
            )
        kept = any(Path(self.trainer.default_root_dir, "checkpoints").glob("step-*"))
        return UserError(f"{what}; lower optimizer.lr{'; the last checkpoint is kept' if kept else ''}")

    def _try_fp8(self, step: dict[str, Any]) -> None:
        """Compute in fp8 from now on if that is faster and right; weights, gradients and random numbers stay as they are."""
        assert self.network is not None
        products = lowering.Products(self.network)

        def compute(lowered: bool) -> float:
            products.use(lowered)
            loss = float(self.gradients(step))
            self.optimizers().zero_grad()  # type: ignore[union-attr]
            return loss

        with torch.random.fork_rng([self.device] if self.device.type == "cuda" else []):
            verdict = lowering.trial(lambda: compute(False), lambda: compute(True), self._clock)
        seconds = self.strategy.reduce(torch.tensor(verdict.seconds, device=self.device), reduce_op="sum")
        verdict = replace(verdict, seconds=tuple(seconds.tolist()))  # all ranks decide alike
        products.use(verdict.keeps)
        self.untried_fp8 = False
        logger.info("%s", verdict)

    def _clock(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()

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

    @property
    def trained_size(self) -> int:
        """How many of them are trained."""
        return sum(self.strategy.shape(parameter).numel() for parameter in trainable(self).values())
