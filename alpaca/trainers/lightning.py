"""Lightning's trainer with what the recipe leaves to the hardware, checked against the hardware that is there."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Callable
from typing import Literal

import torch
from lightning import Trainer
from pydantic import PositiveInt

from alpaca.errors import UserError
from alpaca.log import quieten_libraries
from alpaca.strategies.exact import Exact
from alpaca.strategies.single import Single

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h
RETURNED, KEPT = 2 << 20, 64 << 20  # bytes of a block, and of free memory at the end of the heap

Accelerator = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["32-true", "bf16-true", "bf16-mixed"]


def configure(
    accelerator: Accelerator,
    devices: PositiveInt,
    num_nodes: PositiveInt,
    precision: Precision,
    threads: PositiveInt | None,
) -> Callable[..., Trainer]:
    """Return a constructor of the trainer, to be given the strategy, callbacks and loggers.

    Raises UserError where there is no such accelerator, too few devices, or no bf16 in them.
    """
    quieten_libraries()
    if threads:
        torch.set_num_threads(threads)
    kind = _present(accelerator)
    if kind == "cpu":
        os.environ.setdefault("DS_ACCELERATOR", "cpu")  # or else DeepSpeed warns that it found no other
        _give_freed_memory_back()
    count = torch.cuda.device_count() if kind == "cuda" else cores()
    if not 1 <= devices <= count:
        raise UserError(
            f"trainer.devices={devices}: there {'is' if count == 1 else 'are'} {count} ({kind}) to train on"
        )
    if precision.startswith("bf16") and not has_bf16(kind):
        raise UserError(f"trainer.precision={precision}: this {kind} has no bf16; give trainer.precision=32-true")

    def build(strategy: Callable[..., Exact], **arguments: object) -> Trainer:
        spread = strategy(kind=kind, precision=precision)
        if devices * num_nodes > 1 and isinstance(spread, Single):
            raise UserError(
                f"strategy={type(spread).__name__.lower()} trains on one device, not {devices * num_nodes}; give strategy=fsdp or ddp"
            )
        return Trainer(
            accelerator=kind,
            devices=devices,
            num_nodes=num_nodes,
            strategy=spread,
            precision="32-true" if spread.mixes_precision and precision == "bf16-mixed" else precision,
            max_epochs=1,
            val_check_interval=1,  # this and the next let early stopping look when we measure, not after the epoch
            check_val_every_n_epoch=None,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
            log_every_n_steps=1,
            **arguments,  # type: ignore[arg-type]
        )

    return build


def _give_freed_memory_back() -> None:
    """Make the allocator of a processor's memory return large blocks when they are freed.

    As it comes, glibc raises the size from which it does so to 32 MiB, keeps activations below that in a heap that grows
    full of holes, and a training takes up to half as much again as it holds.
    """
    if platform.libc_ver()[0] == "glibc":
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, RETURNED)
        mallopt(M_TRIM_THRESHOLD, KEPT)


def _present(accelerator: Accelerator) -> str:
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if accelerator == "auto":
        return next(kind for kind in ("cuda", "mps", "cpu") if present[kind])
    if not present[accelerator]:
        raise UserError(f"trainer.accelerator={accelerator}: this machine has none; give trainer.accelerator=cpu")
    return accelerator


def has_bf16(kind: str) -> bool:
    """Tell whether the device computes in bf16 itself instead of emulating it."""
    if kind == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if kind == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return False


def cores() -> int:
    """Return how many processors this process may run on, each of which can be a device."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
