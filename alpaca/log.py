"""One line at a stage's start and end, on standard error."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Mapping
from typing import Any

logger = logging.getLogger("alpaca")


LOUD = {  # libraries that say at once what is no concern of the user's
    "torch.utils._pytree": logging.ERROR,
    "torchao": logging.ERROR,
    "DeepSpeed": logging.ERROR,
}


def setup_logging() -> None:
    """Send the project's lines to standard error, once, and little of the libraries'."""
    for name, level in LOUD.items():
        logging.getLogger(name).setLevel(level)
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False


def quieten_libraries() -> None:
    """Show no bars of transformers, and none of the warnings that are not for the user; after their import."""
    from transformers.utils import logging as transformers_logging

    for name in ("lightning.pytorch", "lightning.fabric"):  # which set their own level when imported
        logging.getLogger(name).setLevel(logging.WARNING)
    transformers_logging.disable_progress_bar()
    warnings.filterwarnings("ignore", "The '.*dataloader' does not have many workers")  # ours has nothing to wait for
    warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)` is deprecated", FutureWarning)
    warnings.filterwarnings("ignore", "torch.distributed is disabled")  # a checkpoint of one process
    warnings.filterwarnings("ignore", r"`torch.distributed.\w+` is deprecated", FutureWarning)


def announce(stage: str, what: str, results: Mapping[str, Any]) -> None:
    """Tell what a stage did, with its headline numbers."""
    numbers = ", ".join(
        f"{key} {value:,.4g}" if isinstance(value, float) else f"{key} {value:,}"
        for key, value in results.items()
        if isinstance(value, int | float)
    )
    logger.info("%s: %s%s", stage, what, f"; {numbers}" if numbers else "")
