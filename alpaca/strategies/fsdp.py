"""Weights, gradients and optimizer states in shards (FSDP2, on Lightning's ModelParallelStrategy)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from lightning.pytorch.strategies import ModelParallelStrategy
from torch import Tensor, nn
from torch.distributed.fsdp import CPUOffloadPolicy, FSDPModule, MixedPrecisionPolicy, OffloadPolicy, fully_shard
from torch.distributed.tensor import DTensor
from torch.distributed.tensor._utils import compute_local_shape_and_global_offset

from alpaca.models.weights import Weights, skeleton
from alpaca.strategies.exact import ActivationCheckpointing, Adapt, Exact, inside, layers
from alpaca.strategies.parts import Part

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class FSDP(Exact, ModelParallelStrategy):
    """Each decoder layer is a unit of sharding; its weights are gathered for its forward and backward pass alone."""

    sharding = "fsdp"
    shards_weights = True
    mixes_precision = True

    def __init__(
        self,
        activation_checkpointing: ActivationCheckpointing,
        offload_to_cpu: bool,
        reshard_after_forward: bool,
        *,
        kind: str,
        precision: str,
    ) -> None:
        super().__init__(tensor_parallel_size=1)
        self.activation_checkpointing = activation_checkpointing
        self.offload = CPUOffloadPolicy(pin_memory=kind == "cuda") if offload_to_cpu else OffloadPolicy()
        mixed = precision == "bf16-mixed"
        self.mixed = MixedPrecisionPolicy(torch.bfloat16, torch.float32) if mixed else MixedPrecisionPolicy()
        self.offloads, self.reshards = offload_to_cpu, reshard_after_forward

    @property
    def halves(self) -> bool:
        return super().halves or self.mixed.param_dtype is torch.bfloat16

    def setup_environment(self) -> None:
        self._data_parallel_size = self.num_nodes * self.num_processes
        super().setup_environment()

    def build(self, weights: Weights, adapt: Adapt) -> PreTrainedModel:
        from accelerate import init_empty_weights

        with init_empty_weights(include_buffers=False):
            network = skeleton(weights.folder)
            adapt(network)
        mesh = self.device_mesh["data_parallel"]
        settings: dict[str, Any] = {"mesh": mesh, "mp_policy": self.mixed, "offload_policy": self.offload}
        for layer in layers(network):
            fully_shard(layer, reshard_after_forward=self.reshards, **settings)
        fully_shard(network, **settings)
        offloaded = isinstance(self.offload, CPUOffloadPolicy)
        materialize(network, torch.device("cpu") if offloaded else self.root_device)
        self._fill(network, weights)
        return network

    def _fill(self, network: nn.Module, weights: Weights) -> None:
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                assert isinstance(parameter, DTensor)
                begin, count = rows_here(parameter)
                if count:
                    parameter.to_local().copy_(weights.rows(name, begin, begin + count))

    def end_forward(self) -> None:
        assert self.lightning_module is not None
        for module in self.lightning_module.modules():
            if isinstance(module, FSDPModule):
                module.reshard()

    def clip(self, most: float) -> Tensor:
        norm = super().clip(most)
        return norm.full_tensor() if isinstance(norm, DTensor) else norm

    def gradient(self, parameter: nn.Parameter) -> Tensor:
        return self.whole(super().gradient(parameter))

    def whole(self, parameter: Tensor) -> Tensor:
        return parameter.full_tensor() if isinstance(parameter, DTensor) else parameter

    def part(self, tensor: Tensor, loading: bool) -> Part:
        assert isinstance(tensor, DTensor)
        begin, count = rows_here(tensor)
        row = tensor.numel() // max(1, tensor.shape[0])
        return Part(tensor.to_local().detach().view(-1), begin * row if count else 0, tensor.numel())

    def state_parts(self, name: str, state: Tensor, loading: bool) -> dict[str, Part]:
        """Keep what is of few bits as this rank has it: its blocks begin where its rows do, so no other number of ranks fits."""
        assert isinstance(state, DTensor)
        plain = inside(state.to_local())
        if not plain:
            return {name: self.part(state, loading)}
        mine = f"{self.global_rank} of {self.world_size}"
        return {f"{name}/{key}/{mine}": Part.whole(tensor) for key, tensor in plain.items()}


def rows_here(tensor: DTensor) -> tuple[int, int]:
    """Return the first row (of the first dimension) that lies on this rank, and how many do."""
    shape, offset = compute_local_shape_and_global_offset(tensor.shape, tensor.device_mesh, tensor.placements)
    return offset[0], shape[0]


def materialize(network: PreTrainedModel, device: torch.device) -> None:
    """Allocate what lies on the meta device, and leave the buffers as they are."""
    buffers = dict(network.named_buffers())
    network.to_empty(device=device)
    network.tie_weights()
    for name, buffer in buffers.items():
        owner, _, last = name.rpartition(".")
        setattr(network.get_submodule(owner), last, buffer)
