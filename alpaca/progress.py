"""How far a long stage is: a bar on a terminal; elsewhere a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable

from tqdm import tqdm

from alpaca.log import logger

SECONDS_BETWEEN_LINES = 10.0  # on a log; a terminal has a bar


class Progress:
    """Tells how many of the `wanted` are there, or only how many where that is not known, with what else there is to say."""

    def __init__(self, stage: str, wanted: int | None, unit: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.stage, self.wanted, self.unit, self.clock = stage, wanted, unit, clock
        self.told = clock()
        self.bar = tqdm(total=wanted, desc=stage, unit=unit, disable=None)  # None: where there is no terminal

    def update(self, done: int, line: Callable[[], str]) -> None:
        """Tell how it stands, if it is time."""
        if not self.bar.disable:
            self.bar.set_postfix_str(line(), refresh=False)
            self.bar.update(done - self.bar.n)
        elif (now := self.clock()) - self.told >= SECONDS_BETWEEN_LINES:
            self.told = now
            of = "" if self.wanted is None else f" of {self.wanted:,}"
            logger.info("%s: %s%s %ss; %s", self.stage, f"{done:,}", of, self.unit, line())

    def close(self) -> None:
        self.bar.close()
