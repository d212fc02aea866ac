"""The whole network on every device; gradients are averaged (DistributedDataParallel)."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer

from alpaca.errors import UserError
from alpaca.strategies.exact import ActivationCheckpointing, Exact


class DDP(Exact, DDPStrategy):
    """Each rank takes its micro-batches of a step; the gradients are averaged in the last one."""

    sharding = "ddp"

    def __init__(self, activation_checkpointing: ActivationCheckpointing, *, kind: str, precision: str) -> None:
        super().__init__(gradient_as_bucket_view=True)
        self.activation_checkpointing = activation_checkpointing

    def micro_batch(self, last: bool) -> AbstractContextManager[Any]:
        assert isinstance(self.model, DistributedDataParallel)
        return nullcontext() if last else self.model.no_sync()

    def check(self, optimizer: Optimizer) -> None:
        if optimizer.defaults.get("stochastic_rounding"):
            raise UserError(
                "optimizer.stochastic_rounding would round the weights otherwise on every device, and strategy=ddp needs "
                "them equal; give strategy=fsdp"
            )

    def pre_backward(self, closure_loss: Tensor) -> None:
        """Leave it to the wrapper, through whose forward pass each micro-batch goes."""

    def post_backward(self, closure_loss: Tensor) -> None:
        """Nothing is left to do."""
