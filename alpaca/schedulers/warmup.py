"""What all schedules begin with."""

from __future__ import annotations

import math
from typing import Annotated

from annotated_types import Interval

from alpaca.log import logger
from alpaca.processes import rank

WarmupShare = Annotated[float, Interval(ge=0, le=1)]


def warmup_steps(share: float, total: int) -> int:
    """Return so large a share of the steps, rounded up as Hugging Face's trainer does; warn where it is all of them."""
    steps = math.ceil(total * share)
    if steps >= total and rank() == 0:
        change = "the weights do not change" if total == 1 else "the learning rate only rises"
        logger.warning(
            "the warm-up takes all steps (%d), so %s; give more epochs or examples, a smaller datamodule.global_batch_size "
            "or scheduler.warmup_share=0",
            total,
            change,
        )
    return steps
