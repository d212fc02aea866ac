"""AdamW with states of few bits, or with weights that are bf16 alone: torchao's, which is an extra (`lowbit`).

torchao compiles the step where it is first taken, with triton on a GPU and with a C++ compiler on a processor. It leaves the
states of tensors under 4096 elements, or that its blocks do not divide, as they are.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import torch
from pydantic import NonNegativeFloat
from torch import Tensor, nn
from torch.optim import Optimizer

from alpaca.errors import UserError

if TYPE_CHECKING:
    from torchao.optim import _AdamW

Named = Iterable[tuple[str, nn.Parameter]]


def adamw(
    parameters: Named,
    lr: NonNegativeFloat,
    betas: tuple[float, float],
    eps: NonNegativeFloat,
    weight_decay: NonNegativeFloat,
    bits: Literal[4, 8, 32],
    stochastic_rounding: bool,
) -> Optimizer:
    """Return AdamW with states of so many bits; stochastic rounding is of weights that are bf16.

    Raises UserError where torchao is not installed.
    """
    if importlib.util.find_spec("torchao") is None:
        raise UserError("this optimizer needs torchao: pip install 'alpaca-framework[lowbit]'; or give optimizer=adamw")
    from torchao.optim import AdamW4bit, AdamW8bit

    made = {4: AdamW4bit, 8: AdamW8bit}[bits] if bits < 32 else _plain()
    optimizer: Optimizer = made(
        list(parameters),
        lr=lr,
        betas=betas,
        eps=eps,
        weight_decay=weight_decay,
        bf16_stochastic_round=stochastic_rounding,
    )
    optimizer.register_step_pre_hook(_rates_to_tensors)
    optimizer.register_step_post_hook(_rates_to_numbers)
    _rates_to_numbers(optimizer)
    return optimizer


def _plain() -> type[_AdamW]:
    from torchao.optim import _AdamW

    class AdamW32bit(_AdamW):  # type: ignore[misc]
        """States in fp32 whatever the weights are: a second moment in bf16 would hardly move with a beta of 0.999."""

        def _new_buffer(self, p: Tensor, signed: bool) -> Tensor:
            return torch.zeros_like(p, dtype=torch.float32)

    return AdamW32bit


def _rates_to_tensors(optimizer: Optimizer, *_: Any) -> None:
    """Give torchao its rates as tensors, so that a new one does not compile the step anew."""
    for group in optimizer.param_groups:
        group["lr"] = torch.tensor(group["lr"], dtype=torch.float32)


def _rates_to_numbers(optimizer: Optimizer, *_: Any) -> None:
    """Give schedule, log and checkpoint numbers, as torch's optimizers do."""
    for group in optimizer.param_groups:
        group["lr"] = float(group["lr"])
