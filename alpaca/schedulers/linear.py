"""Linear warm-up, then a line to zero."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR
from transformers import get_linear_schedule_with_warmup

from alpaca.schedulers.warmup import WarmupShare, warmup_steps


def linear(warmup_share: WarmupShare, *, optimizer: Optimizer, total_steps: int) -> LambdaLR:
    """Warm up over `warmup_share` of the steps."""
    schedule: LambdaLR = get_linear_schedule_with_warmup(
        optimizer, warmup_steps(warmup_share, total_steps), total_steps
    )
    return schedule
