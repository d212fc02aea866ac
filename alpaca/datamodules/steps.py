"""The optimizer steps over one or several data sets, whatever their layout as micro-batches.

1. Rank 0 reads the data and tokenizes it, or takes the tokens from the cache, and writes down the truth about it.
2. Every rank loads the tokens; a share of the examples may be held out, the others are mixed by weight.
3. Each step takes the next `global_batch_size` examples of the epoch, and divides them among the ranks.
"""
# Annotations are values here, not texts: the subclasses, in modules of their own, have them in their signatures.

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import lightning
import numpy as np
import torch
from annotated_types import Interval
from pydantic import PositiveFloat, PositiveInt
from torch.utils.data import DataLoader, IterableDataset

from alpaca.datamodules.cache import cached, fingerprint, load
from alpaca.datamodules.encoding import Encoded, LongExamples, encode
from alpaca.datamodules.mixing import Mixture, hold_out
from alpaca.datamodules.packing import Rows
from alpaca.datamodules.report import DataReport
from alpaca.datamodules.tokens import LAYOUT, Indices, MicroBatch, without_targets
from alpaca.doors.hub import pinned
from alpaca.errors import UserError
from alpaca.files import read_json, write_json
from alpaca.processes import SECONDS_BETWEEN_LOOKS, rank
from alpaca.records import BadRow, Conversation, Record, read_with_chats, set_aside

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LearnTokenizer = Callable[[Path, Iterable[str]], "PreTrainedTokenizerBase"]
Share = Annotated[float, Interval(ge=0, lt=1)]


@dataclass(eq=False, repr=False)
class Steps(lightning.LightningDataModule, ABC):
    """Reads and tokenizes `data` once; yields a step at a time, from `first_step` on.

    `weights` says how often the examples of each path are taken an epoch; without it, once each. Raises UserError where no
    example can be used, or the weights do not fit the paths.
    """

    global_batch_size: PositiveInt
    max_length: PositiveInt
    long_examples: LongExamples
    weights: list[PositiveFloat] | None
    validation_share: Share
    cache: Path
    data: Path | Sequence[Path] = field(kw_only=True)
    folder: Path = field(kw_only=True)
    tokenizer: LearnTokenizer = field(kw_only=True)
    epochs: int = field(kw_only=True)
    max_steps: int | None = field(kw_only=True, default=None)
    seed: int = field(kw_only=True)
    first_step: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        super().__init__()
        self.paths = [self.data] if isinstance(self.data, Path) else list(self.data)
        if self.weights is not None and len(self.weights) != len(self.paths):
            raise UserError(
                f"datamodule.weights={self.weights}: data has {len(self.paths)} paths; give a weight for each"
            )
        self._encoded: Encoded | None = None

    @abstractmethod
    def divide(self, members: np.ndarray, ranks: int) -> Rows:
        """Divide examples among micro-batches, as many for each rank."""

    @abstractmethod
    def collate(self, members: Indices) -> MicroBatch:
        """Lay examples out as one micro-batch."""

    @property
    @abstractmethod
    def capacity(self) -> int:
        """Return how many places a micro-batch has at most."""

    @abstractmethod
    def places(self, members: np.ndarray) -> int:
        """Count the places, padding included, of a micro-batch of these examples."""

    def prepare_data(self) -> None:
        """Tokenize once, on rank 0; the others come back when the tokens are there, which they see from the files alone.

        A collective would time out while rank 0 is at work. If rank 0 fails, the launcher ends the others.
        """
        self._encoded = self._encoded or self._prepared()
        if self._encoded is None and rank() == 0:
            self._encoded = self._prepare()
        while self._encoded is None:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            self._encoded = self._prepared()

    def setup(self, stage: str) -> None:
        assert self._encoded is not None
        counts = [each["examples"] for each in read_json(self.folder / "data_report.json")["data_sets"]]
        self.tokens = self._encoded.tokens
        self.held_out, self.mixture = self._chosen(counts)

    def load_tokenizer(self) -> "PreTrainedTokenizerBase":
        """Return the tokenizer that the data was tokenized with."""
        return self.tokenizer(self.folder / "tokenizer", ())

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.mixture) // self.global_batch_size)

    @property
    def total_steps(self) -> int:
        steps = self.epochs * self.steps_per_epoch
        return min(steps, self.max_steps or steps)

    def steps(self, first: int = 0, rank: int = 0, world: int = 1) -> Iterator[dict[str, Any]]:
        """Yield this rank's part of the optimizer steps from `first` on; the last of an epoch may hold fewer examples.

        A step is its micro-batches, as many on every rank; the counts, over all ranks, of its examples, its tokens, the pairs
        of tokens of one document, its places (padding included) and its target tokens; and the epochs done after it.
        """
        for epoch in range(first // self.steps_per_epoch, self.epochs):
            order = self.mixture.order(epoch)
            begin = epoch * self.steps_per_epoch
            for number in range(max(first, begin), min(begin + self.steps_per_epoch, self.total_steps)):
                members = order[(number - begin) * self.global_batch_size :][: self.global_batch_size]
                yield self._step(members, rank, world) | {"epoch": (number + 1) / self.steps_per_epoch}

    def validation(self, rank: int = 0, world: int = 1) -> tuple[list[MicroBatch], int]:
        """Return this rank's micro-batches of the examples held out, and how many target tokens all ranks' have."""
        if not len(self.held_out):
            return [], 0
        step = self._step(self.held_out, rank, world)
        return step["micro_batches"], step["target_tokens"]

    def train_dataloader(self) -> DataLoader[Any]:
        generator = torch.Generator()  # of its own: the global one is restored with a checkpoint
        return DataLoader(_Steps(self), batch_size=None, generator=generator)

    def transfer_batch_to_device(
        self, batch: dict[str, Any], device: torch.device, dataloader_idx: int
    ) -> dict[str, Any]:
        """Move all but what layouts are made from on the processor, so that none waits for the device."""
        micro_batches = [
            {name: part if name in LAYOUT else part.to(device) for name, part in micro.items()}
            for micro in batch["micro_batches"]
        ]
        return batch | {"micro_batches": micro_batches}

    def _step(self, members: np.ndarray, rank: int, world: int) -> dict[str, Any]:
        """Divide examples among the ranks; one that has none for a micro-batch gets the shortest, without targets."""
        lengths = self.tokens.lengths[members]
        shortest = members[[lengths.argmin()]]
        rows = self.divide(members, world)
        return {
            "micro_batches": [
                self.collate(row) if len(row) else without_targets(self.collate(shortest)) for row in rows[rank::world]
            ],
            "examples": len(members),
            "tokens": int(lengths.sum()),
            "pairs": int((lengths**2).sum()),
            "padded_tokens": sum(self.places(row if len(row) else shortest) for row in rows),
            "target_tokens": int(self.tokens.target_counts[members].sum()),
        }

    def _prepared(self) -> Encoded | None:
        """Return the tokens that the report in the run's folder is about, if it is there and they are whole."""
        report = self.folder / "data_report.json"
        return load(self._kept_at(read_json(report)["fingerprint"])) if report.is_file() else None

    def _prepare(self) -> Encoded:
        paths = [pinned(path) for path in self.paths]
        sets, bad = self._read(paths)
        records = [record for records in sets for record in records]
        tokenizer = self.tokenizer(self.folder / "tokenizer", (text for record in records for text in record.texts()))
        name = fingerprint(paths, tokenizer, self.max_length, self.long_examples)
        encoded = cached(self._kept_at(name), lambda: encode(tokenizer, records, self.max_length, self.long_examples))
        bad += [_refused(records[index], reason) for index, reason in encoded.refused.items()]
        self._refuse_empty(encoded, bad)
        ends = np.cumsum([len(records) for records in sets])
        counts = np.diff(np.searchsorted(encoded.kept, ends), prepend=0).tolist()
        held_out, mixture = self._chosen(counts)
        set_aside(self.folder, bad)
        report = DataReport.of(
            tokenizer, records, encoded, mixture, self.epochs, self.global_batch_size, self.max_steps
        )
        about = {
            "bad_rows": len(bad),
            "validation_examples": len(held_out),
            "data_sets": [
                {"path": str(path), "examples": count, "examples_per_epoch": size}
                for path, count, size in zip(paths, counts, mixture.sizes, strict=True)
            ],
            "fingerprint": name,
        }
        write_json(self.folder / "data_report.json", report.as_dict() | about)
        return encoded

    def _read(self, paths: Sequence[Path]) -> tuple[list[list[Record]], list[BadRow]]:
        read = [read_with_chats(path) for path in paths]
        return [records for records, _ in read], [row for _, bad in read for row in bad]

    def _kept_at(self, name: str) -> Path:
        return self.cache / f"{name}.npz"

    def _refuse_empty(self, encoded: Encoded, bad: Sequence[BadRow]) -> None:
        if not len(encoded.kept):
            raise UserError(
                f"no example of {', '.join(map(str, self.paths))} can be trained on: {encoded.without_target} have no "
                f"target within max_length={self.max_length} tokens, {encoded.too_long} are longer, {len(bad)} are bad rows"
                + (f" (the last: {bad[-1].reason})" if bad else "")
            )

    def _chosen(self, counts: Sequence[int]) -> tuple[np.ndarray, Mixture]:
        """Return the examples that are held out, and the mixture of the others; `counts` are those of each data set."""
        held_out = hold_out(sum(counts), self.validation_share, self.seed)
        mixture = Mixture.of(counts, self.weights, held_out, self.seed)
        if not len(mixture):
            raise UserError(
                f"datamodule.validation_share={self.validation_share} and weights={self.weights} leave none of "
                f"{sum(counts)} examples to train on"
            )
        return held_out, mixture


def _refused(record: Record, reason: str) -> BadRow:
    assert isinstance(record, Conversation)  # no template stands between an example and its text
    return BadRow(record.where, reason, {"messages": record.messages()} | record.about)


class _Steps(IterableDataset[dict[str, Any]]):
    """This rank's part of the steps, which Lightning's loop asks for one at a time."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps

    def __iter__(self) -> Iterator[dict[str, Any]]:
        trainer = self.steps.trainer
        assert trainer is not None
        return self.steps.steps(self.steps.first_step, trainer.global_rank, trainer.world_size)
