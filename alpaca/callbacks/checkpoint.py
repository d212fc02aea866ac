"""Checkpoints that are whole or absent, so that a run can be killed at any instant, and that any strategy can read."""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from pydantic import PositiveInt
from torch.distributed import ProcessGroup
from torch.distributed.checkpoint.api import CheckpointException

from alpaca.errors import Stopped, UserError
from alpaca.files import complete, partial, read_json, remove, write_json
from alpaca.modules.sft import SFT
from alpaca.strategies.parts import Part, load, save, stored


class Checkpoint(Callback):
    """Save every `every_n_steps` optimizer steps and at the end; keep the newest `keep`, and the best by validation loss.

    Writing goes on beside the training (`asynchronous`), from a copy in the processor's memory. Asked to stop (SIGTERM, as
    a scheduler sends it, or SIGINT), it saves after the step and raises Stopped.
    """

    def __init__(
        self, folder: Path, every_n_steps: PositiveInt, keep: PositiveInt, keep_best: bool, asynchronous: bool
    ) -> None:
        self.folder, self.every_n_steps, self.keep = folder, every_n_steps, keep
        self.keep_best, self.asynchronous = keep_best, asynchronous
        self.writer = ThreadPoolExecutor(1)
        self.writing: Future[None] | None = None
        self.group: ProcessGroup | None = None
        self.saved_after = 0  # steps
        self.handlers: dict[signal.Signals, Any] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take up the state of the checkpoint that the module is to go on from."""
        assert isinstance(pl_module, SFT)
        if threading.current_thread() is threading.main_thread():  # no other may
            handler = _asking(pl_module)  # in place of Lightning's, which leave at once
            self.handlers = {number: signal.signal(number, handler) for number in (signal.SIGTERM, signal.SIGINT)}
        if trainer.global_rank == 0:
            for left in self.folder.glob(".step-*.partial"):
                remove(left)
        self.group = pl_module.strategy.group()
        self.saved_after = pl_module.steps_done
        if pl_module.steps_done:
            restore(self._path(pl_module), pl_module, self.group)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Save between steps, when the last one is in the logs too."""
        assert isinstance(pl_module, SFT)
        due = pl_module.steps_done % self.every_n_steps == 0 or (self.keep_best and pl_module.validated_now)
        if pl_module.stop:
            self.save(pl_module, beside=False)
            raise Stopped(f"after step {pl_module.steps_done}")
        if due and pl_module.steps_done:
            self.save(pl_module, beside=self.asynchronous)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, SFT)
        self.save(pl_module, beside=False)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        if not isinstance(exception, UserError):
            self.finish()

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        for number, handler in self.handlers.items():
            signal.signal(number, handler)

    def save(self, module: SFT, beside: bool) -> None:
        """Write a checkpoint of this moment, unless there is one, `beside` the training or before it goes on.

        Whether there is one each rank remembers: the file system might tell them different things.
        """
        self.finish()
        if self.saved_after == module.steps_done:
            return
        self.saved_after, path = module.steps_done, self._path(module)
        parts = parts_of(module, loading=False)
        if beside:
            parts = {name: part.copied() for name, part in parts.items()}
        state = state_of(module)

        def write() -> None:
            save(parts, partial(path), self.group)
            if module.global_rank == 0:
                write_json(partial(path) / "state.json", state)
                complete(path)
                for old in self._superfluous():
                    remove(old)

        self.writing = self.writer.submit(write)
        if not beside:
            self.finish()

    def finish(self) -> None:
        """Wait for the checkpoint that is being written. Raises Stopped where it could not be."""
        writing, self.writing = self.writing, None
        try:
            if writing:
                writing.result()
        except (OSError, CheckpointException) as problem:
            full = shutil.disk_usage(self.folder).free < 1 << 20
            why = "the disk is full" if full else _root(problem)
            raise Stopped(f"cannot write a checkpoint in {self.folder}: {why}") from problem

    def _path(self, module: SFT) -> Path:
        return self.folder / f"step-{module.steps_done:08}"

    def _superfluous(self) -> list[Path]:
        there = checkpoints(self.folder)
        kept = best(self.folder) if self.keep_best else None
        return [path for path in there[: -self.keep] if not kept or path != kept[0]]


class Best(Callback):
    """At the end, put back the weights of the checkpoint in `folder` with the lowest validation loss."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.monitor = folder, "validation_loss"

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, SFT)
        found = trainer.strategy.broadcast(best(self.folder) if trainer.global_rank == 0 else None)
        if found:
            path, pl_module.validation_loss = found
            restore(path, pl_module, pl_module.strategy.group())
            pl_module.exported_step = steps_in(path)


def best(folder: Path) -> tuple[Path, float] | None:
    """Return the checkpoint with the lowest validation loss, and that; None where none was measured."""
    losses = {path: read_json(path / "state.json")["validation_loss"] for path in checkpoints(folder)}
    measured = [(loss, path) for path, loss in losses.items() if loss is not None]
    return min(measured)[::-1] if measured else None


def checkpoints(folder: Path) -> list[Path]:
    """List the checkpoints in `folder`, the newest last."""
    return sorted(folder.glob("step-*"))


def steps_in(checkpoint: Path) -> int:
    """Return after how many steps a checkpoint was written."""
    steps: int = read_json(checkpoint / "state.json")["step"]
    return steps


def parts_of(module: SFT, loading: bool) -> dict[str, Part]:
    """Return what this rank writes or reads: weights, optimizer states, and its random number generators."""
    parts = module.strategy.parts(module.trainer.optimizers[0], loading)
    for kind, state in _generators(module.device).items():
        for rank in range(module.trainer.world_size):
            mine = rank == module.global_rank
            parts[f"rng/{rank}/{kind}"] = Part.whole(state) if mine else Part.nothing(state.numel())
    return parts


def state_of(module: SFT) -> dict[str, Any]:
    """Return what is small and the same on every rank."""
    return {
        "step": module.steps_done,
        "world_size": module.trainer.world_size,
        "validation_loss": module.validation_loss if module.validated_now else None,
        "scheduler": module.lr_schedulers().state_dict(),  # type: ignore[union-attr]
    }


def restore(path: Path, module: SFT, group: ProcessGroup | None) -> None:
    """Set weights, optimizer, schedule and generators to what a checkpoint holds, whatever strategy wrote it."""
    optimizer, schedule = module.trainer.optimizers[0], module.lr_schedulers()
    state = read_json(path / "state.json")
    module.strategy.begin_states(optimizer)
    known = stored(path)
    parts = {name: part for name, part in parts_of(module, loading=True).items() if name[:4] != "rng/" or name in known}
    try:
        load(parts, path, group)
    except CheckpointException as problem:
        raise UserError(
            f"the checkpoint {path} cannot be read: {_root(problem)}; remove it to go on from before"
        ) from problem
    module.strategy.end_loading(optimizer, state["step"])
    schedule.load_state_dict(state["scheduler"])  # type: ignore[union-attr]
    for group_, rate in zip(optimizer.param_groups, schedule.get_last_lr(), strict=True):  # type: ignore[union-attr]
        group_["lr"] = rate
    mine = f"rng/{module.global_rank}/"
    states = {name.removeprefix(mine): part.flat for name, part in parts.items() if name.startswith(mine)}
    _set_generators(states, module.device)


def _generators(device: torch.device) -> dict[str, torch.Tensor]:
    states = {"cpu": torch.get_rng_state()}
    return states | ({"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {})


def _set_generators(states: dict[str, torch.Tensor], device: torch.device) -> None:
    if "cpu" in states:
        torch.set_rng_state(states["cpu"])
    if "cuda" in states and device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)


def _asking(module: LightningModule) -> Callable[[int, object], None]:
    def handler(number: int, frame: object) -> None:
        module.asked_to_stop = True  # type: ignore[assignment]

    return handler


def _root(problem: BaseException) -> str:
    """Return what first went wrong, on whichever rank."""
    if isinstance(problem, CheckpointException):
        return _root(next(iter(problem.failures.values()))[0])
    return str(problem) or type(problem).__name__
