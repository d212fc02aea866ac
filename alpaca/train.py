"""Fine-tune a causal language model on Alpaca-format examples: `alpaca train data=alpaca_data.json`.

1. The datamodule tokenizes the examples once and tells the truth about them.
2. The module builds the network and fits it, from the last checkpoint if there is one.
3. The network and its tokenizer go to `model/`, a plain Hugging Face folder.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from annotated_types import MinLen
from pydantic import PositiveInt

from alpaca.errors import UserError
from alpaca.files import read_json, write_whole
from alpaca.manifest import Outcome, stage_folder
from alpaca.schema import InputPath, Seed
from alpaca.stage import launch

if TYPE_CHECKING:
    from lightning import Callback, Trainer
    from lightning.pytorch.loggers import Logger
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from alpaca.datamodules.steps import Steps
    from alpaca.modules.sft import SFT


class Model(Protocol):
    """A network and its tokenizer; neither is built before it is asked for."""

    def tokenizer(self, folder: Path, texts: Iterable[str]) -> PreTrainedTokenizerBase: ...

    def network(self, tokenizer: PreTrainedTokenizerBase, seed: int) -> PreTrainedModel: ...


def train(
    name: str,
    root: Path,
    seed: Seed,
    data: InputPath | Annotated[list[InputPath], MinLen(1)],
    epochs: PositiveInt,
    model: Model,
    datamodule: Callable[..., Steps],
    module: Callable[..., SFT],
    optimizer: Callable[..., Optimizer],
    scheduler: Callable[..., LRScheduler],
    trainer: Callable[..., Trainer],
    callbacks: dict[str, Callback],
    logger: dict[str, Logger],
) -> Outcome:
    """Train and export; results are the final loss (the mean of the last tenth of the steps) and the sizes."""
    from alpaca.callbacks.checkpoint import checkpoints
    from alpaca.datamodules.report import tell
    from alpaca.loggers.csv import CSV
    from alpaca.models.scratch import Scratch

    folder = stage_folder(root, name, "train")
    try_out(optimizer)
    examples = datamodule(data=data, folder=folder, tokenizer=model.tokenizer, epochs=epochs, seed=seed)
    examples.prepare_data()
    examples.setup("fit")
    tell(read_json(folder / "data_report.json"))
    tokenizer = examples.load_tokenizer()

    def build() -> PreTrainedModel:
        return model.network(tokenizer, seed)

    if isinstance(model, Scratch) and not (folder / "base").is_dir():
        export(build(), tokenizer, folder / "base")
    tuned = module(build=build, optimizer=optimizer, scheduler=scheduler, total_steps=examples.total_steps)
    loop = trainer(
        max_steps=examples.total_steps,
        max_epochs=1,
        callbacks=list(callbacks.values()),
        logger=[CSV(folder / "metrics.csv"), *logger.values()],
        default_root_dir=folder,
    )
    last = checkpoints(folder / "checkpoints")[-1:]
    examples.first_step = int(last[0].stem.removeprefix("step-")) if last else 0
    loop.fit(tuned, datamodule=examples, ckpt_path=last[0] if last else None, weights_only=bool(last) or None)
    assert tuned.network is not None
    export(tuned.network, tokenizer, folder / "model")
    return Outcome(_results(folder, tuned), _outputs(folder))


def try_out(optimizer: Callable[..., Optimizer]) -> None:
    """Raise UserError where an optimizer does not take its settings, before anything is read."""
    import torch

    try:
        optimizer([torch.zeros(1, requires_grad=True)])
    except ValueError as problem:
        raise UserError(f"optimizer: {problem}") from problem


def export(network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a Hugging Face folder: safetensors, tokenizer with its chat template, generation config."""

    def write(temporary: Path) -> None:
        network.generation_config.eos_token_id = tokenizer.eos_token_id
        network.generation_config.bos_token_id = tokenizer.bos_token_id
        network.save_pretrained(temporary)
        tokenizer.save_pretrained(temporary)

    write_whole(folder, write)


def _outputs(folder: Path) -> list[Path]:
    made = ("model", "base", "metrics.csv", "data_report.json", "bad_rows.jsonl")
    return [folder / part for part in made if (folder / part).exists()]


def _results(folder: Path, tuned: SFT) -> dict[str, Any]:
    report = read_json(folder / "data_report.json")
    with (folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    last = rows[-max(1, len(rows) // 10) :]
    tokens = sum(float(row["tokens"]) for row in rows)
    return {
        "parameters": sum(parameter.numel() for parameter in tuned.parameters()),
        "examples": report["examples"],
        "epochs": round(float(rows[-1]["epoch"])),
        "steps": len(rows),
        "tokens": int(tokens),
        "target_tokens": int(sum(float(row["target_tokens"]) for row in rows)),
        "first_loss": float(rows[0]["loss"]),
        "final_loss": sum(float(row["loss"]) for row in last) / len(last),
        "tokens_per_second": tokens / sum(float(row["tokens"]) / float(row["tokens_per_second"]) for row in rows),
    }


if __name__ == "__main__":
    launch("train")
