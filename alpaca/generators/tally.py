"""What has come of a generation so far: counts, reasons, the bill, and how fast it goes."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from alpaca.generators.batch import Batch
from alpaca.progress import Progress

WINDOW = 60.0  # seconds over which speed is measured
REASONS_TOLD = 3


class Tally:
    """Counts of what was kept and rejected; a reply's price is divided evenly among the tasks in it."""

    def __init__(self) -> None:
        self.kept = self.rejected = self.replies = self.prompt_tokens = self.completion_tokens = 0
        self.usd = self.usd_rejected = 0.0
        self.reasons: Counter[str] = Counter()

    def add(self, batch: Batch) -> None:
        self.kept += len(batch.kept)
        self.rejected += len(batch.rejected)
        self.reasons.update(row["reason"].split(":")[0] for row in batch.rejected)
        if batch.reply is None:
            return
        self.replies += 1
        self.prompt_tokens += batch.reply.prompt_tokens
        self.completion_tokens += batch.reply.completion_tokens
        self.usd += batch.reply.usd
        self.usd_rejected += batch.reply.usd * len(batch.rejected) / max(1, len(batch.kept) + len(batch.rejected))

    def results(self, spent_usd: float, paid: Mapping[str, int]) -> dict[str, Any]:
        """Return the headline numbers; `spent_usd` and `paid` are of all that was paid, replies that were not needed too."""
        found: dict[str, Any] = {
            "examples_generated": self.kept + self.rejected,
            "examples_kept": self.kept,
            "usd": spent_usd,
        }
        if self.replies:
            found |= {
                "examples_rejected": self.rejected,
                "reasons": dict(self.reasons.most_common()),
                "requests": self.replies,
                "prompt_tokens": self.prompt_tokens,
                "completion_tokens": self.completion_tokens,
                **paid,
                "usd_per_kept": spent_usd / max(1, self.kept),
                "usd_per_rejected": self.usd_rejected / max(1, self.rejected),
            }
        return found

    def shares(self) -> str:
        """Tell which share is kept, and what befell the rest."""
        total = max(1, self.kept + self.rejected)
        told = [f"{reason} {count / total:.0%}" for reason, count in self.reasons.most_common(REASONS_TOLD)]
        return f"{self.kept / total:.0%} kept" + (f", {', '.join(told)}" if told else "")


class Speed:
    """How fast a generation goes, told by its progress."""

    def __init__(self, wanted: int, tally: Tally, clock: Callable[[], float] = time.monotonic) -> None:
        self.wanted, self.tally, self.clock = wanted, tally, clock
        self.seen: deque[tuple[float, int, int]] = deque([(clock(), 0, 0)])  # time, kept, tokens
        self.progress = Progress("generate", wanted, "example", clock)

    def update(self, spent_usd: float) -> None:
        """Look at the tally again, and tell how it stands if it is time."""
        now = self.clock()
        self.seen.append((now, self.tally.kept, self.tally.completion_tokens))
        while len(self.seen) > 2 and self.seen[1][0] < now - WINDOW:
            self.seen.popleft()
        self.progress.update(self.tally.kept, lambda: self.line(spent_usd))

    def line(self, spent_usd: float) -> str:
        """Tell shares, dollars spent and expected in all, tokens per second and the time left."""
        tally = self.tally
        (before, kept, tokens), (now, kept_now, tokens_now) = self.seen[0], self.seen[-1]
        seconds = max(now - before, 1e-9)
        missing, speed = self.wanted - tally.kept, (kept_now - kept) / seconds
        expected = spent_usd + missing * tally.usd / tally.kept if tally.kept else None
        left = str(timedelta(seconds=round(missing / speed))) if speed else "?"
        of = f" of about ${expected:,.2f}" if expected is not None else ""
        rate = (tokens_now - tokens) / seconds
        return f"{tally.shares()}; ${spent_usd:,.2f}{of}; {rate:,.0f} tok/s; {left} left"

    def close(self) -> None:
        self.progress.close()
