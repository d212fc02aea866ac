"""Five ways to take the same optimizer steps: ours, ours without its surroundings, and what people use instead.

All start from the same weights and use the same AdamW, schedule, clipping and global batch, in fp32. All but the one
that groups by length take the same examples in the same steps. Each returns its network and the mean of its steps' losses.
"""

from __future__ import annotations

import csv
import functools
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from transformers import (
    AutoModelForCausalLM,
    LlamaTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    TrainerCallback,
)

from alpaca.callbacks.checkpoint import Checkpoint
from alpaca.callbacks.progress import Progress
from alpaca.datamodules.packed import Packed
from alpaca.models.scratch import Scratch
from alpaca.models.weights import export
from alpaca.modules.loss import Kernel, target_loss, use_kernel
from alpaca.modules.sft import SFT
from alpaca.schedulers.cosine import cosine
from alpaca.strategies.single import Single
from alpaca.train import train
from alpaca.trainers.lightning import configure
from benchmarks.turns import StepEnds

Row = dict[str, list[int]]  # input_ids, and labels that are -100 where there is no target
Trained = tuple[PreTrainedModel, float]


@dataclass(frozen=True)
class Base:
    """The network that all start from, with a tokenizer learned from the data.

    It has no tokens for the texts of the template, which a tokenizer of LLaMA's kind that was learned elsewhere has not either.
    """

    scratch: Scratch
    folder: Path

    def tokenizer(self, folder: Path, texts: Iterable[str]) -> PreTrainedTokenizerBase:
        self.scratch.tokenizer(folder, texts)
        tokenizer: PreTrainedTokenizerBase = LlamaTokenizer.from_pretrained(folder, add_prefix_space=False)
        return tokenizer

    def weights(self, folder: Path, tokenizer: PreTrainedTokenizerBase, seed: int) -> Path:
        return self.folder

    def make(self, tokenizer: PreTrainedTokenizerBase, vocabulary: int, seed: int) -> None:
        """Write the network; its vocabulary may be larger than what the tokenizer has learned from little data."""
        network = self.scratch.network(tokenizer, seed)
        network.resize_token_embeddings(vocabulary, mean_resizing=False)
        export(network, tokenizer, self.folder)


@dataclass(frozen=True)
class Task:
    """What all contestants have in common."""

    data: Path
    folder: Path
    model: Base
    kernel: Kernel  # ours
    epochs: int
    global_batch_size: int
    max_length: int
    tokens_per_micro_batch: int  # ours
    micro_batch_size: int  # examples, of those who pad
    seed: int
    learning_rate: float
    gradient_clip: float
    shared_prefix: bool = False  # ours

    @property
    def datamodule(self) -> functools.partial[Packed]:
        return functools.partial(
            Packed,
            global_batch_size=self.global_batch_size,
            max_length=self.max_length,
            long_examples="truncate",
            weights=None,
            validation_share=0.0,
            cache=self.folder / "cache",
            tokens_per_micro_batch=self.tokens_per_micro_batch,
            fill_rows=False,
            shared_prefix=self.shared_prefix,
        )

    @functools.cached_property
    def packed(self) -> Packed:
        folder = self.folder / "common"
        packed = self.datamodule(
            data=self.data, folder=folder, tokenizer=self.model.tokenizer, epochs=self.epochs, seed=self.seed
        )
        packed.prepare_data()
        packed.setup("fit")
        return packed

    def network(self) -> PreTrainedModel:
        network: PreTrainedModel = AutoModelForCausalLM.from_pretrained(self.model.folder)
        network.train()
        return network

    def optimizer(self, parameters: Any) -> Optimizer:
        return torch.optim.AdamW(parameters, lr=self.learning_rate, weight_decay=0.0, fused=True)

    def scheduler(self, optimizer: Optimizer, total_steps: int) -> LRScheduler:
        return cosine(0.03, optimizer=optimizer, total_steps=total_steps)

    def optimization(self, network: PreTrainedModel) -> tuple[Optimizer, LRScheduler]:
        optimizer = self.optimizer(network.parameters())
        return optimizer, self.scheduler(optimizer, self.packed.total_steps)

    def steps(self) -> Iterator[list[Row]]:
        """Yield the examples of each of our steps, shuffled: we lay them out by length."""
        for number, step in enumerate(self.packed.steps()):
            rows = [row for micro_batch in step["micro_batches"] for row in documents(micro_batch)]
            yield [rows[index] for index in np.random.default_rng([self.seed, number]).permutation(len(rows))]


def documents(micro_batch: dict[str, torch.Tensor]) -> Iterator[Row]:
    """Take a packed micro-batch apart."""
    ids = micro_batch["input_ids"][0]
    labels = torch.full_like(ids, -100)
    labels[micro_batch["predicting"] + 1] = micro_batch["targets"]
    lengths = micro_batch["document_lengths"].tolist()
    for document, targets in zip(ids.split(lengths), labels.split(lengths), strict=True):
        yield {"input_ids": document.tolist(), "labels": targets.tolist()}


class StepEndsCallback(lightning.Callback):
    """Tells Lightning's steps."""

    def __init__(self, step_ends: StepEnds) -> None:
        self.step_ends = step_ends

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.step_ends(batch["tokens"])


def ours(task: Task, step_ends: StepEnds) -> Trained:
    """Run `alpaca train`: its stage with the callbacks and the logger of its configuration."""
    run = task.folder / "ours" / "train"
    train(
        name="ours",
        root=task.folder,
        seed=task.seed,
        data=task.data,
        epochs=task.epochs,
        model=task.model,
        datamodule=task.datamodule,
        module=functools.partial(
            SFT, gradient_clip=task.gradient_clip, loss=task.kernel, attention="auto", compile=False, fp8=False
        ),
        optimizer=task.optimizer,
        scheduler=task.scheduler,
        strategy=functools.partial(Single, "none"),
        trainer=configure("cpu", 1, 1, "32-true", threads=1),
        callbacks={
            "checkpoint": Checkpoint(run / "checkpoints", 100, keep=1, keep_best=True, asynchronous=True),
            "progress": Progress(seconds_between_lines=3600.0),
            "turns": StepEndsCallback(step_ends),
        },
        logger={},
    )
    with (run / "metrics.csv").open(encoding="utf-8", newline="") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    return AutoModelForCausalLM.from_pretrained(run / "model"), statistics.mean(losses)


def bare(task: Task, step_ends: StepEnds) -> Trained:
    """Take our steps in a plain loop, without Lightning, meters and files."""
    network = task.network()
    use_kernel(network, task.kernel)
    optimizer, schedule = task.optimization(network)
    losses = []
    for step in task.packed.steps():
        loss = torch.zeros(())
        for batch in step["micro_batches"]:
            share = target_loss(network, batch) / step["target_tokens"]
            share.backward()
            loss += share.detach()
        torch.nn.utils.clip_grad_norm_(network.parameters(), task.gradient_clip)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        losses.append(loss.item())
        step_ends(step["tokens"])
    return network, statistics.mean(losses)


def padded(rows: list[Row], padding: int, device: torch.device) -> dict[str, torch.Tensor]:
    """Pad to the longest on the right, as Hugging Face's collators do."""

    def together(values: list[list[int]], fill: int) -> torch.Tensor:
        return torch.nn.utils.rnn.pad_sequence([torch.tensor(value) for value in values], True, fill).to(device)

    return {
        "input_ids": together([row["input_ids"] for row in rows], padding),
        "attention_mask": together([[1] * len(row["input_ids"]) for row in rows], 0),
        "labels": together([row["labels"] for row in rows], -100),
    }


def plain(task: Task, step_ends: StepEnds) -> Trained:
    """Run the script that people write: padded micro-batches, the model's own loss, its mean over micro-batches."""
    network, losses = task.network(), []
    optimizer, schedule = task.optimization(network)
    padding = task.packed.load_tokenizer().eos_token_id
    for rows in task.steps():
        micro_batches = [rows[at : at + task.micro_batch_size] for at in range(0, len(rows), task.micro_batch_size)]
        loss = torch.zeros((), device=network.device)
        for micro_batch in micro_batches:
            share = network(**padded(micro_batch, padding, network.device)).loss / len(micro_batches)
            share.backward()
            loss += share.detach()
        torch.nn.utils.clip_grad_norm_(network.parameters(), task.gradient_clip)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        losses.append(loss.item())
        step_ends(sum(len(row["input_ids"]) for row in rows))
    return network, statistics.mean(losses)


class StepEndsTrainerCallback(TrainerCallback):
    """Tells the steps of Hugging Face's trainers, with the tokens that went through the network."""

    def __init__(self, step_ends: StepEnds, network: PreTrainedModel) -> None:
        self.step_ends, self.tokens = step_ends, 0
        self.hook = network.register_forward_pre_hook(self._count, with_kwargs=True)

    def _count(self, network: PreTrainedModel, args: Any, kwargs: dict[str, Any]) -> None:
        self.tokens += int(kwargs["attention_mask"].sum())

    def on_step_end(self, *args: Any, **kwargs: Any) -> None:
        tokens, self.tokens = self.tokens, 0
        self.step_ends(tokens)

    def on_train_end(self, *args: Any, **kwargs: Any) -> None:
        self.hook.remove()


def trl(task: Task, step_ends: StepEnds, micro_batch_size: int = 8, **settings: Any) -> Trained:
    """Run TRL's SFTTrainer at its defaults (8 examples a micro-batch), but for `settings`, in fp32."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    network = task.network()
    trainer = SFTTrainer(
        model=network,
        args=SFTConfig(
            output_dir=str(task.folder / "trl"),
            per_device_train_batch_size=micro_batch_size,
            gradient_accumulation_steps=task.global_batch_size // micro_batch_size,
            max_length=task.max_length,
            max_grad_norm=task.gradient_clip,
            seed=task.seed,
            use_cpu=network.device.type == "cpu",
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            **{"bf16": False} | settings,
        ),
        train_dataset=Dataset.from_list([row for rows in task.steps() for row in rows]),
        processing_class=task.packed.load_tokenizer(),
        optimizers=task.optimization(network),
        callbacks=[StepEndsTrainerCallback(step_ends, network)],
    )
    result = trainer.train()
    return network, result.training_loss


def trl_default(task: Task, step_ends: StepEnds) -> Trained:
    """Take TRL's defaults, and the examples in our order, which is shuffled already."""
    return trl(task, step_ends, train_sampling_strategy="sequential", num_train_epochs=1)


def trl_bf16(task: Task, step_ends: StepEnds) -> Trained:
    """Take TRL's defaults to the letter: bf16 autocast, where all others compute in fp32."""
    return trl(task, step_ends, train_sampling_strategy="sequential", num_train_epochs=1, bf16=True)


def trl_tuned(task: Task, step_ends: StepEnds) -> Trained:
    """Take TRL without activation checkpointing, grouping examples of like lengths."""
    return trl(
        task,
        step_ends,
        micro_batch_size=task.micro_batch_size,
        gradient_checkpointing=False,
        train_sampling_strategy="group_by_length",
        num_train_epochs=1,
    )
