"""Packed steps of exactly `global_batch_size` examples, in an order that a continued run takes up where it stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning
import numpy as np
import torch
from pydantic import PositiveInt
from torch.utils.data import DataLoader, IterableDataset

from alpaca.datamodules.packing import pack
from alpaca.datamodules.report import DataReport
from alpaca.datamodules.tokens import LongExamples, Tokens, collate, encode
from alpaca.errors import UserError
from alpaca.files import write_json, write_jsonl
from alpaca.processes import rank
from alpaca.records import Example, read

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Tokenizer = Callable[[Path, Iterable[str]], "PreTrainedTokenizerBase"]


class Packed(lightning.LightningDataModule):
    """Reads and tokenizes `data` once into `folder`; yields a step at a time.

    Raises UserError where no example can be used or a micro-batch cannot hold the longest.
    """

    def __init__(
        self,
        global_batch_size: PositiveInt,
        max_length: PositiveInt,
        long_examples: LongExamples,
        tokens_per_micro_batch: PositiveInt,
        *,
        data: Path,
        folder: Path,
        tokenizer: Tokenizer,
        epochs: int,
        seed: int,
    ) -> None:
        super().__init__()
        if tokens_per_micro_batch < max_length:
            raise UserError(
                f"tokens_per_micro_batch={tokens_per_micro_batch} cannot hold max_length={max_length} tokens"
            )
        self.global_batch_size, self.max_length, self.long_examples = global_batch_size, max_length, long_examples
        self.capacity, self.epochs, self.seed = tokens_per_micro_batch, epochs, seed
        self.data, self.folder, self.learn_tokenizer = data, folder, tokenizer
        self.first_step = 0

    def prepare_data(self) -> None:
        """Tokenize once, and write down the truth about the data."""
        while rank() and not (self.folder / "data_report.json").is_file():
            time.sleep(0.1)
        if not (self.folder / "data_report.json").is_file():
            examples, bad = read(self.data)
            encoded = encode(self.tokenizer(examples), examples, self.max_length, self.long_examples)
            if not len(encoded.tokens.ends):
                raise UserError(
                    f"no example of {self.data} has a target token within max_length={self.max_length} tokens"
                )
            encoded.tokens.save(self.folder / "tokens.npz")
            write_jsonl(self.folder / "bad_rows.jsonl", (row.rejected() for row in bad))
            report = DataReport.of(self.tokenizer(), examples, bad, encoded, self.global_batch_size, self.epochs)
            write_json(self.folder / "data_report.json", report.as_dict())

    def setup(self, stage: str) -> None:
        self.tokens = Tokens.load(self.folder / "tokens.npz")

    def tokenizer(self, examples: Iterable[Example] = ()) -> PreTrainedTokenizerBase:
        """Return the tokenizer, learned from `examples` where the model has none of its own yet."""
        texts = (text for example in examples for text in example.alpaca().values() if text)
        return self.learn_tokenizer(self.folder / "tokenizer", texts)

    @property
    def total_steps(self) -> int:
        return self.epochs * -(-len(self.tokens.ends) // self.global_batch_size)

    def steps(self, first: int = 0, rank: int = 0, world: int = 1) -> Iterator[dict[str, Any]]:
        """Yield the optimizer steps from `first` on; the last of an epoch may hold fewer examples.

        Each is its micro-batches with the counts of its tokens and of its target tokens, and the epoch after it.
        """
        per_epoch = self.total_steps // self.epochs
        for number in range(first, self.total_steps):
            epoch, within = divmod(number, per_epoch)
            order = np.random.default_rng([self.seed, epoch]).permutation(len(self.tokens.ends))
            members = order[within * self.global_batch_size : (within + 1) * self.global_batch_size]
            bins = pack(self.tokens.lengths[members], self.capacity, world)
            yield {
                "micro_batches": [collate(self.tokens, members[bin]) for bin in bins][rank::world],
                "tokens": int(self.tokens.lengths[members].sum()),
                "target_tokens": self.tokens.targets(members),
                "epoch": (number + 1) / per_epoch,
            }

    def train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(_Steps(self), batch_size=None)

    def transfer_batch_to_device(
        self, batch: dict[str, Any], device: torch.device, dataloader_idx: int
    ) -> dict[str, Any]:
        micro_batches = [{name: part.to(device) for name, part in micro.items()} for micro in batch["micro_batches"]]
        return batch | {"micro_batches": micro_batches}


class _Steps(IterableDataset[dict[str, Any]]):
    def __init__(self, packed: Packed) -> None:
        self.packed = packed

    def __iter__(self) -> Iterator[dict[str, Any]]:
        trainer = self.packed.trainer
        assert trainer is not None
        return self.packed.steps(self.packed.first_step, trainer.global_rank, trainer.world_size)
