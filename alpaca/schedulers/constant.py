"""Linear warm-up, then the same learning rate to the end."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR
from transformers import get_constant_schedule_with_warmup

from alpaca.schedulers.warmup import WarmupShare, warmup_steps


def constant_with_warmup(warmup_share: WarmupShare, *, optimizer: Optimizer, total_steps: int) -> LambdaLR:
    """Warm up over `warmup_share` of the steps."""
    schedule: LambdaLR = get_constant_schedule_with_warmup(optimizer, warmup_steps(warmup_share, total_steps))
    return schedule
