"""Muon and AdamW as one optimizer, against torch's two."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
import torch
from small import SMALL, tokenizer
from test_train import KilledAt, losses, trained

from alpaca.errors import Stopped, UserError
from alpaca.files import sha256
from alpaca.optimizers.muon import Muon
from alpaca.train import try_out

MUON = functools.partial(Muon, lr=3e-3, momentum=0.95, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1)


def test_it_is_torchs_muon_for_matrices_of_layers_and_adamw_for_the_rest(tmp_path: Path) -> None:
    ours, theirs = (SMALL.network(tokenizer(tmp_path), seed=0) for _ in range(2))
    one = MUON(list(ours.named_parameters()))
    hidden = [p for name, p in theirs.named_parameters() if "proj" in name]
    rest = [p for name, p in theirs.named_parameters() if "proj" not in name]
    two = [
        torch.optim.Muon(hidden, lr=3e-3, momentum=0.95, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=3e-3, weight_decay=0.1),
    ]
    schedule = torch.optim.lr_scheduler.LambdaLR(one, lambda step: 1 / (1 + step))
    for step in range(3):
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            a.grad = b.grad = torch.randn_like(a)
        one.step()
        schedule.step()
        for optimizer in two:
            for group in optimizer.param_groups:
                group["lr"] = 3e-3 / (1 + step)
            optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
    assert len(one.state) == len(list(ours.parameters()))


def test_a_killed_run_ends_in_the_same_weights(tasks_file: Path, tmp_path: Path) -> None:
    whole = trained(tasks_file, tmp_path / "whole", optimizer=MUON)
    assert whole.results["final_loss"] < whole.results["first_loss"] - 0.3
    with pytest.raises(Stopped):
        trained(tasks_file, tmp_path / "killed", {"killed": KilledAt(4)}, optimizer=MUON)
    trained(tasks_file, tmp_path / "killed", optimizer=MUON)
    folders = [tmp_path / name / "run" / "train" / "model" for name in ("whole", "killed")]
    assert sha256(folders[0]) == sha256(folders[1])
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")


def test_a_setting_that_it_does_not_take_is_told_at_once() -> None:
    try_out(MUON)
    with pytest.raises(UserError, match="optimizer: Invalid beta"):
        try_out(functools.partial(MUON, betas=(1.5, 0.9)))
