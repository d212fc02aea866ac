"""Muon for the matrices of the layers, AdamW for embeddings, head and all that is no matrix: one optimizer.

Both are torch's. They share groups and state with the one that holds them, which schedule and checkpoint see alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import torch
from pydantic import NonNegativeFloat
from torch import nn
from torch.optim import Optimizer

IN_A_LAYER = re.compile(r"\.\d+\.")  # layers are numbered; embeddings and the head are not


class Muon(Optimizer):
    """Updates of matrices are scaled so that they are as large as AdamW's, and take its rate (Liu et al. 2025, section 2.2)."""

    def __init__(
        self,
        parameters: Iterable[tuple[str, nn.Parameter]],
        lr: NonNegativeFloat,
        momentum: NonNegativeFloat,
        betas: tuple[float, float],
        eps: NonNegativeFloat,
        weight_decay: NonNegativeFloat,
    ) -> None:
        named = list(parameters)
        hidden = [(name, part) for name, part in named if part.ndim == 2 and IN_A_LAYER.search(name)]
        rest = [(name, part) for name, part in named if part.ndim != 2 or not IN_A_LAYER.search(name)]
        self.parts: list[Optimizer] = []
        if hidden:
            like_adamw = torch.optim.Muon(
                hidden, lr=lr, momentum=momentum, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"
            )
            self.parts.append(like_adamw)
        if rest:
            self.parts.append(torch.optim.AdamW(rest, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))
        super().__init__([group for part in self.parts for group in part.param_groups], {})
        for part in self.parts:
            part.state = self.state

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = closure() if closure else None
        for part in self.parts:
            part.step()
        return loss
