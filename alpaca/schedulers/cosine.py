"""Linear warm-up, then half a cosine to zero."""

from __future__ import annotations

import math
from typing import Annotated

from annotated_types import Interval
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR
from transformers import get_cosine_schedule_with_warmup


def cosine(warmup_share: Annotated[float, Interval(ge=0, le=1)], *, optimizer: Optimizer, total_steps: int) -> LambdaLR:
    """Warm up over `warmup_share` of the steps, rounded up as Hugging Face's trainer does."""
    warmup: LambdaLR = get_cosine_schedule_with_warmup(optimizer, math.ceil(total_steps * warmup_share), total_steps)
    return warmup
