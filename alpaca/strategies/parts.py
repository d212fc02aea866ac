"""Checkpoints that do not depend on how a training is spread over devices.

Every tensor is stored flat, under its parameter's name. A rank writes the stretch of it that it holds, and reads the stretch
that it needs, so that a checkpoint of any strategy and number of ranks continues under any other. The files are those of
torch.distributed.checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.checkpoint import state_dict_loader, state_dict_saver
from torch.distributed.checkpoint.default_planner import DefaultLoadPlanner, DefaultSavePlanner
from torch.distributed.checkpoint.filesystem import FileSystemReader, FileSystemWriter
from torch.distributed.checkpoint.metadata import (
    ChunkStorageMetadata,
    MetadataIndex,
    TensorProperties,
    TensorStorageMetadata,
)
from torch.distributed.checkpoint.planner import LoadPlan, SavePlan, TensorWriteData, WriteItem, WriteItemType
from torch.distributed.checkpoint.planner_helpers import create_read_items_for_chunk_list

from alpaca.errors import UserError


@dataclass(frozen=True)
class Part:
    """The stretch of a flat tensor of `numel` elements that begins at `offset`."""

    flat: Tensor  # (n,)
    offset: int
    numel: int

    @classmethod
    def whole(cls, tensor: Tensor) -> Part:
        return cls(tensor.detach().view(-1), 0, tensor.numel())

    @classmethod
    def share(cls, tensor: Tensor, rank: int, world: int) -> Part:
        """Take the `rank`-th of `world` stretches of a tensor that every rank holds."""
        size = -(-tensor.numel() // world)
        return cls(tensor.detach().view(-1)[rank * size : (rank + 1) * size], rank * size, tensor.numel())

    @classmethod
    def nothing(cls, numel: int) -> Part:
        """Take none of a tensor that other ranks hold; every rank names the same tensors."""
        return cls(torch.empty(0), 0, numel)

    def copied(self) -> Part:
        return Part(self.flat.detach().to("cpu", copy=True), self.offset, self.numel)

    @property
    def chunk(self) -> ChunkStorageMetadata:
        return ChunkStorageMetadata(torch.Size([self.offset]), torch.Size([len(self.flat)]))


Parts = Mapping[str, Part]


class _Save(DefaultSavePlanner):
    def __init__(self, parts: Parts) -> None:
        super().__init__(flatten_state_dict=False, flatten_sharded_tensors=False)
        self.parts = parts

    def create_local_plan(self) -> SavePlan:
        self.plan = SavePlan([_write_item(name, part) for name, part in self.parts.items() if len(part.flat)])
        return self.plan

    def lookup_object(self, index: MetadataIndex) -> Tensor:
        return self.parts[index.fqn].flat


class _Load(DefaultLoadPlanner):
    def __init__(self, parts: Parts) -> None:
        super().__init__(flatten_state_dict=False, flatten_sharded_tensors=False)
        self.parts = parts

    def create_local_plan(self) -> LoadPlan:
        assert self.metadata is not None
        stored = self.metadata.state_dict_metadata
        items = []
        for name, part in self.parts.items():
            there = stored.get(name)
            if not isinstance(there, TensorStorageMetadata) or there.size[0] != part.numel:
                raise UserError(
                    f"the checkpoint holds no `{name}` of {part.numel} numbers; it is of another model or optimizer, or, "
                    "where that is of few bits, of another strategy or number of devices"
                )
            if len(part.flat):
                items += create_read_items_for_chunk_list(name, there, [part.chunk])
        return LoadPlan(items)

    def lookup_tensor(self, index: MetadataIndex) -> Tensor:
        return self.parts[index.fqn].flat


def _write_item(name: str, part: Part) -> WriteItem:
    data = TensorWriteData(part.chunk, TensorProperties.create_from_tensor(part.flat), torch.Size([part.numel]))
    return WriteItem(MetadataIndex(name, part.chunk.offsets), WriteItemType.SHARD, tensor_data=data)


def save(parts: Parts, folder: Path, group: dist.ProcessGroup | None) -> None:
    """Write the parts of all ranks of `group`; no group means this process alone."""
    writer = FileSystemWriter(folder, single_file_per_rank=True, sync_files=True)
    state_dict_saver.save({}, storage_writer=writer, planner=_Save(parts), process_group=group, no_dist=group is None)


def load(parts: Parts, folder: Path, group: dist.ProcessGroup | None) -> None:
    """Fill the parts, whoever wrote them. Raises UserError where the checkpoint is of another model or is damaged."""
    reader = FileSystemReader(folder)
    state_dict_loader.load({}, storage_reader=reader, planner=_Load(parts), process_group=group, no_dist=group is None)


def stored(folder: Path) -> Mapping[str, Any]:
    """Return the sizes of what a checkpoint holds, by name."""
    names: Mapping[str, Any] = FileSystemReader(folder).read_metadata().state_dict_metadata
    return names
