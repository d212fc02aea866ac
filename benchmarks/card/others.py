"""What a user would take instead: a padded Hugging Face loop and TRL, on the same network, data and device."""

from __future__ import annotations

import importlib.util
import itertools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from alpaca.composition import compose
from alpaca.errors import UserError
from alpaca.models.weights import skeleton
from benchmarks import contestants
from benchmarks.card.place import Learned, Place, slug
from benchmarks.card.trainings import memory, timed
from benchmarks.contestants import Base, Task, Trained
from benchmarks.turns import StepEnds


@dataclass(frozen=True)
class OnDevice(Base):
    """A folder without weights, with the tokenizer that all share."""

    def tokenizer(self, folder: Path, texts: Any) -> Any:
        return Learned(str(self.folder)).tokenizer(folder, texts)


@dataclass(frozen=True, kw_only=True)
class CardTask(Task):
    """The task with random weights that are drawn on the device, in the precision that ours are in."""

    device: str
    dtype: torch.dtype

    def network(self) -> PreTrainedModel:
        before = torch.get_default_dtype()
        torch.set_default_dtype(self.dtype)
        try:
            torch.manual_seed(self.seed)
            with torch.device(self.device):
                return skeleton(self.model.folder).train()
        finally:
            torch.set_default_dtype(before)


def hugging_face(task: Task, step_ends: StepEnds) -> Trained:
    return contestants.plain(task, step_ends)


def trl_default(task: Task, step_ends: StepEnds) -> Trained:
    """Take TRL's defaults to the letter but for weights that are bf16 as ours are: 8 examples, checkpointing, autocast."""
    return contestants.trl_bf16(_with_trl(task), step_ends)


def trl_tuned(task: Task, step_ends: StepEnds) -> Trained:
    """Take what makes TRL fastest without packages of its own: lengths together, nothing computed again, Liger where it is."""
    liger = {"use_liger_kernel": True} if importlib.util.find_spec("liger_kernel") else {}
    kind = {"train_sampling_strategy": "group_by_length", "gradient_checkpointing": False, "bf16": True}
    return contestants.trl(_with_trl(task), step_ends, task.micro_batch_size, num_train_epochs=1, **kind, **liger)


def _with_trl(task: Task) -> Task:
    if importlib.util.find_spec("trl") is None:
        raise UserError("trl is not installed here")
    return task


CONTESTANTS = {"padded Hugging Face loop": hugging_face, "TRL, its defaults": trl_default, "TRL, tuned": trl_tuned}


def measure(place: Place, name: str, shape: str, overrides: list[str], steps: int, warm_up: int) -> dict[str, Any]:
    """Take `steps` steps as another trainer does; rows are as of our own trainings, a step lasts from end to end."""
    settings = compose("train", [*overrides, "model.path=org/name"])
    batching = settings["datamodule"]
    task = CardTask(
        data=place.data(steps * batching["global_batch_size"]),
        folder=place.folder / "runs" / slug(name),
        model=OnDevice(None, place.model(shape)),  # type: ignore[arg-type]
        kernel="plain",
        epochs=1,
        global_batch_size=batching["global_batch_size"],
        max_length=batching["max_length"],
        tokens_per_micro_batch=batching["tokens_per_micro_batch"],
        micro_batch_size=min(4, batching["global_batch_size"]),
        seed=0,
        learning_rate=settings["optimizer"]["lr"],
        gradient_clip=settings["module"]["gradient_clip"],
        device=place.device,
        dtype=torch.bfloat16 if settings["trainer"]["precision"] == "bf16-true" else torch.float32,
    )
    ends = [(time.perf_counter(), 0)]

    def step_ends(tokens: int) -> None:
        if place.device == "cuda":
            torch.cuda.synchronize()
        ends.append((time.perf_counter(), tokens))

    _, loss = CONTESTANTS[name](task, step_ends)
    return timed(_rows(ends, place, loss), warm_up) | memory(place) | {"examples": task.global_batch_size}


def _rows(ends: list[tuple[float, int]], place: Place, loss: float) -> list[dict[str, float]]:
    """Make of the steps' ends what our own trainings log of theirs; target tokens are not counted."""
    from alpaca.modules.meters import peak_memory

    peak = peak_memory(torch.device(place.device)) / 2**30
    return [
        {
            "seconds": now - before,
            "data_wait_seconds": 0.0,
            "tokens": float(tokens),
            "target_tokens": float("nan"),
            "loss": loss,
            "peak_memory_gib": peak,
        }
        for (before, _), (now, tokens) in itertools.pairwise(ends)
    ]
