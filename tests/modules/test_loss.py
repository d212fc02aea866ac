"""The loss in few rows at a time against the plain one."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from alpaca.datamodules.tokens import IGNORED
from alpaca.modules.loss import FUSED_ROWS, Chunked


@pytest.mark.parametrize("rows", [1, FUSED_ROWS, 2 * FUSED_ROWS + 7])
@pytest.mark.parametrize("frozen", [False, True])
def test_rows_at_a_time_give_the_loss_and_its_gradients(rows: int, frozen: bool) -> None:
    torch.manual_seed(0)
    hidden, weight = torch.randn(rows, 16, requires_grad=True), torch.randn(50, 16, requires_grad=not frozen)
    targets = torch.randint(50, (rows,))
    targets[::5] = IGNORED
    chunked, plain = (
        Chunked.apply(hidden, weight, targets),
        F.cross_entropy(hidden @ weight.T, targets, reduction="sum"),
    )
    assert torch.allclose(chunked, plain)
    wanted = [hidden] if frozen else [hidden, weight]
    for ours, theirs in zip(*(torch.autograd.grad(3 * x, wanted) for x in (chunked, plain)), strict=True):
        assert (ours - theirs).norm() <= 1e-5 * theirs.norm()


def test_no_more_than_some_rows_of_logits_are_held() -> None:
    """What autograd keeps has the sizes of the inputs."""
    kept: list[torch.Size] = []
    hidden, weight = torch.randn(2 * FUSED_ROWS, 4, requires_grad=True), torch.randn(900, 4, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x.shape) or x, lambda x: x):  # type: ignore[func-returns-value]
        Chunked.apply(hidden, weight, torch.zeros(2 * FUSED_ROWS, dtype=torch.long))
    assert sorted(kept) == sorted([hidden.shape, weight.shape])
