from __future__ import annotations

import csv
import functools
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping as Lightnings
from small import SMALL

from alpaca.callbacks.checkpoint import Checkpoint
from alpaca.callbacks.early_stopping import EarlyStopping
from alpaca.callbacks.validation import Validation
from alpaca.datamodules.packed import Packed
from alpaca.errors import UserError
from alpaca.files import read_json
from alpaca.models.weights import Weights
from alpaca.modules.loss import target_loss
from alpaca.modules.sft import SFT
from alpaca.schedulers.cosine import cosine
from alpaca.strategies.single import Single
from alpaca.train import train
from alpaca.trainers.lightning import configure


def trained(
    data: Path, tmp_path: Path, share: float = 0.1, export: Literal["last", "best"] = "last", **callbacks: Callback
) -> Path:
    """Train with a tenth held out, the best and the newest checkpoint kept."""
    checkpoints = tmp_path / "run" / "train" / "checkpoints"
    train(
        name="run",
        root=tmp_path,
        seed=0,
        data=data,
        epochs=2,
        model=SMALL,
        datamodule=functools.partial(Packed, 32, 256, "truncate", None, share, tmp_path / "cache", 1024, False, False),
        module=functools.partial(SFT, 1.0, "plain", "grids", False, False),
        optimizer=functools.partial(torch.optim.AdamW, lr=3e-3),
        scheduler=functools.partial(cosine, 0.03),
        strategy=functools.partial(Single, "none"),
        trainer=configure("cpu", 1, 1, "32-true", None),
        callbacks={"validation": Validation(4), "checkpoint": Checkpoint(checkpoints, 5, 1, True, True)} | callbacks,
        logger={},
        export=export,
    )
    return tmp_path / "run" / "train"


@pytest.fixture
def folder(tasks_file: Path, tmp_path: Path) -> Path:
    return trained(tasks_file, tmp_path)


def measured(folder: Path) -> dict[int, float]:
    with (folder / "validation.csv").open(encoding="utf-8") as file:
        return {int(row["step"]): float(row["validation_loss"]) for row in csv.DictReader(file)}


def loss_of(folder: Path, data: Path) -> float:
    """Return the loss of the exported model on what is held out."""
    steps = Packed(
        32,
        256,
        "truncate",
        None,
        0.1,
        folder.parent.parent / "cache",
        1024,
        False,
        False,
        data=data,
        folder=folder,
        tokenizer=SMALL.tokenizer,
        epochs=2,
        seed=0,
    )
    steps.prepare_data()
    steps.setup("fit")
    batches, targets = steps.validation()
    network = Weights(folder / "model").load()
    with torch.no_grad():
        return sum(float(target_loss(network, batch)) for batch in batches) / targets


def test_the_validation_loss_is_the_mean_over_held_out_target_tokens(folder: Path, tasks_file: Path) -> None:
    losses = measured(folder)
    assert list(losses) == [0, 4, 8, 12]
    assert loss_of(folder, tasks_file) == pytest.approx(losses[12], rel=1e-5)


def test_the_best_checkpoint_is_kept_beside_the_newest(folder: Path) -> None:
    losses = measured(folder)
    kept = {path.name: read_json(path / "state.json") for path in (folder / "checkpoints").iterdir()}
    best = min(
        (state for state in kept.values() if state["validation_loss"]), key=lambda state: state["validation_loss"]
    )
    assert best["validation_loss"] == min(loss for step, loss in losses.items() if step)
    assert "step-00000012" in kept
    assert len(kept) <= 2


@pytest.mark.parametrize(
    "stopping", [EarlyStopping(1, 100.0), Lightnings("validation_loss", patience=1, min_delta=100.0)], ids=type
)
def test_a_training_ends_where_the_validation_loss_no_longer_falls(
    tasks_file: Path, tmp_path: Path, stopping: Callback, caplog: pytest.LogCaptureFixture
) -> None:
    """Here the second measurement, after step 4, is not lower by as much as is asked for."""
    with caplog.at_level("INFO", "alpaca"):
        folder = trained(tasks_file, tmp_path, stopping=stopping)
    assert list(measured(folder)) == [0, 4]
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["step-00000004"]
    assert (folder / "model" / "model.safetensors").is_file()
    assert "stopped early, after step 4 of 12" in caplog.text


def test_a_measurement_is_better_only_than_the_best(tmp_path: Path) -> None:
    (tmp_path / "validation.csv").write_text("step,validation_loss\n0,3\n4,2\n8,2.5\n12,1.99\n", "utf-8")
    assert EarlyStopping(1, 0.0).waited(tmp_path / "validation.csv") == 0
    assert EarlyStopping(1, 0.1).waited(tmp_path / "validation.csv") == 2


def test_early_stopping_needs_something_held_out(tasks_file: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="stopping looks at the validation loss"):
        trained(tasks_file, tmp_path, share=0.0, stopping=EarlyStopping(1, 0.0))


class Spoiling(Callback):
    """Makes a network worse after step 8."""

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        if trainer.global_step > 8:
            with torch.no_grad():
                for parameter in pl_module.parameters():
                    parameter *= 1.5


@pytest.mark.parametrize(("export", "step"), [("last", 12), ("best", 8)])
def test_the_best_weights_can_be_exported(
    tasks_file: Path, tmp_path: Path, export: Literal["last", "best"], step: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "alpaca"):
        folder = trained(tasks_file, tmp_path, export=export, spoiling=Spoiling())
    losses = measured(folder)
    assert f"best {losses[8]:.3f} at step 8; exported is step {step}" in caplog.text
    assert loss_of(folder, tasks_file) == pytest.approx(losses[step], rel=1e-5)
