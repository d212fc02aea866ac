"""Fine-tune a causal language model on Alpaca-format examples: `alpaca train data=alpaca_data.json`.

1. The datamodule tokenizes the examples once and tells the truth about them.
2. The module builds the network and fits it, from the last checkpoint if there is one.
3. The network and its tokenizer go to `model/`, a plain Hugging Face folder.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

from annotated_types import MinLen
from pydantic import PositiveInt

from alpaca.errors import UserError
from alpaca.files import read_json
from alpaca.log import logger as log
from alpaca.manifest import Outcome, stage_folder
from alpaca.schema import DataPath, Seed
from alpaca.stage import launch

if TYPE_CHECKING:
    from lightning import Callback, Trainer
    from lightning.pytorch.loggers import Logger
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler
    from transformers import PreTrainedTokenizerBase

    from alpaca.datamodules.steps import Steps
    from alpaca.modules.sft import SFT
    from alpaca.strategies.exact import Exact


class Model(Protocol):
    """A network and its tokenizer; neither is built before it is asked for."""

    def tokenizer(self, folder: Path, texts: Iterable[str]) -> PreTrainedTokenizerBase: ...

    def settings(self) -> Mapping[str, Any]:
        """Return what config.json tells of the network, or will."""
        ...

    def weights(self, folder: Path, tokenizer: PreTrainedTokenizerBase, seed: int) -> Path: ...


def train(
    name: str,
    root: Path,
    seed: Seed,
    data: DataPath | Annotated[list[DataPath], MinLen(1)],
    epochs: PositiveInt,
    model: Model,
    datamodule: Callable[..., Steps],
    module: Callable[..., SFT],
    optimizer: Callable[..., Optimizer],
    scheduler: Callable[..., LRScheduler],
    strategy: Callable[..., Exact],
    trainer: Callable[..., Trainer],
    callbacks: dict[str, Callback],
    logger: dict[str, Logger],
    export: Literal["last", "best"] = "last",
    max_steps: PositiveInt | None = None,
) -> Outcome:
    """Train and export; results are the final loss (the mean of the last tenth of the steps) and the sizes."""
    from alpaca.callbacks.checkpoint import Best, checkpoints, steps_in
    from alpaca.loggers.csv import CSV
    from alpaca.models.limits import check_ids, check_positions
    from alpaca.processes import rank

    folder = stage_folder(root, name, "train")
    saved = folder / "checkpoints"
    if export == "best":
        callbacks = callbacks | {"export=best": Best(saved)}
    try_out(optimizer)
    loop = trainer(
        strategy=strategy,
        callbacks=list(callbacks.values()),
        logger=[CSV(folder), *logger.values()],
        default_root_dir=folder,
    )
    tell_settings(logger.values(), folder)
    examples = datamodule(
        data=data, folder=folder, tokenizer=model.tokenizer, epochs=epochs, max_steps=max_steps, seed=seed
    )
    check_positions(model.settings(), examples.max_length)
    prepare(examples, callbacks)
    tokenizer = examples.load_tokenizer()
    last = checkpoints(saved)[-1:]
    examples.first_step = steps_in(last[0]) if last else 0
    base = model.weights(folder, tokenizer, seed)
    check_ids(read_json(base / "config.json"), int(examples.tokens.ids.max()), len(tokenizer), str(base))
    tuned = module(
        folder=base,
        optimizer=optimizer,
        scheduler=scheduler,
        total_steps=examples.total_steps,
        seed=seed,
        first_step=examples.first_step,
    )
    loop.fit(tuned, datamodule=examples)
    if rank() == 0:
        tell_end(tuned, saved)
    tuned.export_to(folder / "model", tokenizer)
    return Outcome(_results(folder, tuned), _outputs(folder)) if rank() == 0 else Outcome({})


def try_out(optimizer: Callable[..., Optimizer]) -> None:
    """Raise UserError where an optimizer does not take its settings, before anything is read."""
    import torch

    matrix, vector = torch.zeros(1, 1, requires_grad=True), torch.zeros(1, requires_grad=True)
    try:
        optimizer([("layers.0.weight", matrix), ("bias", vector)])
    except ValueError as problem:
        raise UserError(f"optimizer: {problem}") from problem


def tell_settings(loggers: Iterable[Logger], folder: Path) -> None:
    """Give loggers the resolved configuration, as it is in the beginnings of the manifest."""
    if (started := folder / "started.json").is_file():
        for each in loggers:
            each.log_hyperparams(read_json(started)["config"])


def tell_end(tuned: SFT, checkpoints: Path) -> None:
    """Say where a training ended early, and which of its weights are the best and which are exported."""
    from alpaca.callbacks.checkpoint import best, steps_in

    if tuned.steps_done < tuned.total_steps:
        log.info("stopped early, after step %d of %d", tuned.steps_done, tuned.total_steps)
    if found := best(checkpoints):
        path, loss = found
        exported = tuned.exported_step or tuned.steps_done
        log.info("validation loss: best %.3f at step %d; exported is step %d", loss, steps_in(path), exported)


def prepare(examples: Steps, callbacks: Mapping[str, Callback]) -> None:
    """Tokenize and tell of it; raises UserError where a callback looks at a loss that nothing is held out for."""
    from alpaca.datamodules.report import tell
    from alpaca.processes import rank

    examples.prepare_data()
    examples.setup("fit")
    if rank() == 0:
        tell(read_json(examples.folder / "data_report.json"), examples.global_batch_size)
    for name, callback in callbacks.items():
        if getattr(callback, "monitor", None) == "validation_loss" and not len(examples.held_out):
            raise UserError(
                f"{name} looks at the validation loss, and nothing is held out; give datamodule.validation_share=0.05, say"
            )


def _outputs(folder: Path) -> list[Path]:
    made = ("model", "base", "metrics.csv", "validation.csv", "data_report.json", "bad_rows.jsonl")
    return [folder / part for part in made if (folder / part).exists()]


def _results(folder: Path, tuned: SFT) -> dict[str, Any]:
    report = read_json(folder / "data_report.json")
    with (folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    last = rows[-max(1, len(rows) // 10) :]
    tokens = sum(float(row["tokens"]) for row in rows)
    return {
        "parameters": tuned.size,
        "trainable_parameters": tuned.trained_size,
        "examples": report["examples"],
        "epochs": round(float(rows[-1]["epoch"]), 2),
        "steps": len(rows),
        "tokens": int(tokens),
        "target_tokens": int(sum(float(row["target_tokens"]) for row in rows)),
        "first_loss": float(rows[0]["loss"]),
        "final_loss": sum(float(row["loss"]) for row in last) / len(last),
        "tokens_per_second": tokens / sum(float(row["seconds"]) for row in rows),
        "peak_memory_gib": max(float(row["peak_memory_gib"]) for row in rows),
    } | (
        {"validation_loss": tuned.validation_loss, "exported_step": tuned.exported_step or tuned.steps_done}
        if tuned.validated_now
        else {}
    )


if __name__ == "__main__":
    launch("train")
