"""The learning rates of a run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.optim.lr_scheduler import LRScheduler

from alpaca.schedulers.constant import constant_with_warmup
from alpaca.schedulers.cosine import cosine
from alpaca.schedulers.linear import linear


def rates(schedule: Callable[..., LRScheduler], total: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    made = schedule(0.5, optimizer=optimizer, total_steps=total)
    found = []
    for _ in range(total):
        found.append(made.get_last_lr()[0])
        optimizer.step()
        made.step()
    return found


@pytest.mark.parametrize(
    ("schedule", "after"),
    [(cosine, [1, 0.75, 0.25]), (linear, [1, 2 / 3, 1 / 3]), (constant_with_warmup, [1, 1, 1])],
)
def test_what_comes_after_the_warm_up(schedule: Callable[..., LRScheduler], after: list[float]) -> None:
    assert rates(schedule, 6) == pytest.approx([0, 1 / 3, 2 / 3, *after])


@pytest.mark.parametrize("schedule", [cosine, linear, constant_with_warmup])
def test_a_warm_up_that_takes_all_steps_is_told(
    schedule: Callable[..., LRScheduler], caplog: pytest.LogCaptureFixture
) -> None:
    rates(schedule, 2)
    assert not caplog.messages
    assert rates(schedule, 1) == [0]
    assert "the warm-up takes all steps (1), so the weights do not change" in caplog.text
