"""How many decoder layers a device's memory asks to compute again, by what `alpaca plan` computes from the same sizes."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from alpaca.models.shape import Shape
from alpaca.modules.meters import peak_memory
from alpaca.planning.memory import Setup, least_recomputed
from alpaca.planning.recipe import Optimizer
from alpaca.planning.workload import PADDING, Workload

if TYPE_CHECKING:
    from alpaca.datamodules.steps import Steps
    from alpaca.strategies.exact import Exact

USED = 0.95  # ASSUMED share of a device's free memory that an allocator can use, the rest being gaps


@dataclass(frozen=True)
class Budget:
    """Bytes that are free on a device, and that the process has already where they count too."""

    free: float
    process: float

    @classmethod
    def of(cls, device: torch.device, ranks: int) -> Budget:
        """Ask the device, or take a rank's share of the processor's memory."""
        if device.type == "cuda":
            free, total = torch.cuda.mem_get_info(device)
            most = torch.cuda.get_per_process_memory_fraction(device) * total
            return cls(min(free + torch.cuda.memory_reserved(device), most), 0.0)
        pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return cls(pages / ranks, peak_memory(device))


def share_to_recompute(setup: Setup, budget: Budget) -> float:
    """Return the least share of the layers with which a training fits; all of them where it may not even then."""
    return least_recomputed(setup, USED * budget.free)


def setup_of(
    shape: Shape,
    strategy: Exact,
    steps: Steps,
    optimizer: Callable[..., torch.optim.Optimizer],
    precision: str,
    fused_loss: bool,
    budget: Budget,
) -> Setup:
    """Describe a training as a plan does; every micro-batch counts as if it were full."""
    tokens = steps.tokens
    work = Workload(
        steps=0,
        tokens=0,
        tokens_squared=0.0,
        largest=steps.capacity,
        targets=round(steps.capacity * tokens.target_counts.sum() / tokens.lengths.sum()),
        padding=PADDING,
        micro_batches=2,
    )
    bf16 = precision == "bf16-true" and strategy.sharding not in ("zero2", "zero3")
    return Setup(
        shape=shape,
        work=work,
        precision=precision,
        optimizer_bytes=_described(optimizer).bytes_of_states(2 if bf16 else 4),
        sharding=strategy.sharding,
        world=strategy.world_size,
        checkpointing="none",
        fused_loss=fused_loss,
        offload=strategy.offloads,
        reshard=strategy.reshards,
        saves_meanwhile=False,
        on_gpu=strategy.root_device.type == "cuda",
        process=budget.process,
    )


def _described(optimizer: Callable[..., torch.optim.Optimizer]) -> Optimizer:
    """Return what a plan knows of an optimizer, from its constructor and the settings that it was given."""
    kind, given = (optimizer.func, optimizer.keywords) if isinstance(optimizer, functools.partial) else (optimizer, {})
    known = {name: given[name] for name in Optimizer.__dataclass_fields__ if name in given}
    return Optimizer(f"{kind.__module__}.{kind.__qualname__}", **known)
