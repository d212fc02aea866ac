"""AdamW with states of few bits, or with weights that are bf16 alone: torchao's, which is an extra (`lowbit`).

torchao leaves the states of tensors under 4096 elements, or that its blocks do not divide, as they are. It compiles the step
when it is first taken; on a processor, where that takes minutes and a C++ compiler, the step is taken as it is written.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
from pydantic import NonNegativeFloat
from torch import Tensor, nn
from torch.optim import Optimizer

from alpaca.errors import UserError

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
    optimizer: Optimizer = _kind(bits)(
        list(parameters),
        lr=lr,
        betas=betas,
        eps=eps,
        weight_decay=weight_decay,
        bf16_stochastic_round=stochastic_rounding,
    )
    optimizer.defaults["stochastic_rounding"] = stochastic_rounding
    _rates_to_numbers(optimizer)
    return optimizer


def _kind(bits: Literal[4, 8, 32]) -> Callable[..., Optimizer]:
    from torchao.optim import AdamW4bit, AdamW8bit, _AdamW

    kind: Any = {4: AdamW4bit, 8: AdamW8bit, 32: _AdamW}[bits]

    class LowBitAdamW(kind):  # type: ignore[misc]
        def step(self, closure: Callable[[], Any] | None = None) -> Any:
            on_processor = self.param_groups[0]["params"][0].device.type == "cpu"
            _rates_to_tensors(self)
            with torch.compiler.set_stance("force_eager" if on_processor else "default"), _numbers_in_fp32():
                loss = super().step(closure)
            _rates_to_numbers(self)
            return loss

        def _new_buffer(self, p: Tensor, signed: bool) -> Tensor:
            if bits == 32:  # whatever the weights are: a second moment in bf16 would hardly move with a beta of 0.999
                return torch.zeros_like(p, dtype=torch.float32)
            state: Tensor = super()._new_buffer(p, signed)
            return state

    return LowBitAdamW


@contextmanager
def _numbers_in_fp32() -> Iterator[None]:
    """Keep torchao from counting steps in the run's dtype: in bf16, 1 - 0.999 ** step begins with 0."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _rates_to_tensors(optimizer: Optimizer) -> None:
    """Give torchao its rates as tensors, so that a new one does not compile the step anew."""
    for group in optimizer.param_groups:
        group["lr"] = torch.tensor(group["lr"], dtype=torch.float32)


def _rates_to_numbers(optimizer: Optimizer) -> None:
    """Give schedule, log and checkpoint numbers, as torch's optimizers do."""
    for group in optimizer.param_groups:
        group["lr"] = float(group["lr"])
