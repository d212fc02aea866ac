"""DeepSpeed's ZeRO: optimizer states and gradients in shards (stage 2), and the weights too (stage 3)."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Literal

import torch
from lightning.fabric.utilities.seed import reset_seed
from lightning.pytorch.strategies import DDPStrategy, DeepSpeedStrategy
from torch import Tensor, nn
from torch.optim import Optimizer

from alpaca.errors import UserError
from alpaca.models.weights import Weights, skeleton
from alpaca.strategies.exact import ActivationCheckpointing, Adapt, Exact, trainable
from alpaca.strategies.parts import Part

if TYPE_CHECKING:
    from transformers import PreTrainedModel

STEPS_PER_PRINT = 1 << 60  # DeepSpeed tells nothing that we do not
BUCKET = 50_000_000  # numbers that are reduced at a time, in a buffer; DeepSpeed's default is ten times as many


class DeepSpeed(Exact, DeepSpeedStrategy):
    """ZeRO as DeepSpeed does it, on processors too (with gloo), where Lightning's own refuses."""

    def __init__(
        self,
        stage: Literal[2, 3],
        activation_checkpointing: ActivationCheckpointing,
        offload_to_cpu: bool,
        *,
        kind: str,
        precision: str,
    ) -> None:
        offload = {"device": "cpu", "pin_memory": kind == "cuda"} if offload_to_cpu else None
        zero: dict[str, Any] = {"stage": stage, "overlap_comm": kind == "cuda", "reduce_bucket_size": BUCKET}
        if offload:
            zero |= {"offload_optimizer": offload} | ({"offload_param": offload} if stage == 3 else {})
        super().__init__(
            config={
                "zero_optimization": zero,
                "zero_allow_untested_optimizer": True,
                "zero_force_ds_cpu_optimizer": False,
                "train_micro_batch_size_per_gpu": 1,
                "gradient_clipping": 0.0,  # set with the step
                "steps_per_print": STEPS_PER_PRINT,
            },
            logging_level=logging.ERROR,
        )
        self.activation_checkpointing = activation_checkpointing
        self.shards_weights, self.offloads = stage == 3, offload_to_cpu
        self.sharding = "zero3" if stage == 3 else "zero2"
        self.kind = kind

    def setup_environment(self) -> None:
        DDPStrategy.setup_environment(self)

    def setup_distributed(self) -> None:
        if self.kind == "cuda":
            super().setup_distributed()
        else:
            import deepspeed

            deepspeed.ops.__compatible_ops__ = {}  # or else it compiles an all-reduce of its own, for a minute
            reset_seed()
            self.set_world_ranks()
            self._init_deepspeed_distributed()

    @property
    def root_device(self) -> torch.device:
        return torch.device("cpu", 0) if self.kind == "cpu" else super().root_device

    def build(self, weights: Weights, adapt: Adapt) -> PreTrainedModel:
        if not self.shards_weights:
            return super().build(weights, adapt)
        network = skeleton(weights.folder)
        adapt(network)
        for name, parameter in network.named_parameters():
            with self._gathered(parameter, writer=0), torch.no_grad():
                if self.global_rank == 0:
                    parameter.copy_(weights.whole(name))
        return network

    def micro_batch(self, last: bool) -> AbstractContextManager[Any]:
        self.deepspeed_engine.set_gradient_accumulation_boundary(last)
        return nullcontext()

    def clip_and_step(self, optimizer: Any, most: float) -> Tensor:
        """Let the engine do both; it knows the norm afterwards."""
        self._zero.clip_grad = most
        optimizer.step()
        return torch.as_tensor(self.deepspeed_engine.get_global_grad_norm(), dtype=torch.float32)

    def gradient(self, parameter: nn.Parameter) -> Tensor:
        from deepspeed.utils import safe_get_full_grad

        gradient: Tensor = safe_get_full_grad(parameter)
        return gradient

    def whole(self, parameter: Tensor) -> Tensor:
        with self._gathered(parameter):
            return parameter.detach().clone() if self.shards_weights else parameter.detach()

    def shape(self, parameter: Tensor) -> torch.Size:
        return parameter.ds_shape if self.shards_weights else parameter.shape  # type: ignore[attr-defined]

    def parts(self, optimizer: Optimizer, loading: bool) -> dict[str, Part]:
        assert self.lightning_module is not None
        found: dict[str, Part] = {}
        for name, parameter in trainable(self.lightning_module).items():
            found |= self._stage3_parts(name, parameter) if self.shards_weights else self._stage2_parts(name, parameter)
        return found

    def _stage3_parts(self, name: str, parameter: nn.Parameter) -> dict[str, Part]:
        """Take a flat partition of each parameter; the last is padded."""
        group, begin, size = self._zero.grad_position[self._zero.get_param_id(parameter)]
        flat = self._zero.fp32_partitioned_groups_flat[group]
        numel = parameter.ds_numel  # type: ignore[attr-defined]
        offset = min(self.global_rank * size, numel)

        def part(of: Tensor) -> Part:
            return Part(of.detach().narrow(0, begin, min(size, numel - offset)), offset, numel)

        state = self._zero.optimizer.state[flat]
        return {name: part(flat)} | {f"{name}/{key}": part(of) for key, of in state.items() if of.dim()}

    def _stage2_parts(self, name: str, parameter: nn.Parameter) -> dict[str, Part]:
        """Take what lies of a parameter in this rank's stretch of all parameters laid end to end."""
        self._zero._lazy_init_hp_params_optimizer_state()
        stretch = parameter._hp_mapping  # type: ignore[attr-defined]
        if stretch is None:
            keys = (key for key, of in next(iter(self._zero.optimizer.state.values())).items() if of.dim())
            return {key: Part.nothing(parameter.numel()) for key in (name, *(f"{name}/{key}" for key in keys))}
        begin = stretch.lp_fragment_address.start
        held = {name: stretch.hp_fragment} | {f"{name}/{key}": of for key, of in stretch.optim_fragment.items()}
        return {key: Part(of.detach(), begin, parameter.numel()) for key, of in held.items()}

    def check(self, optimizer: Optimizer) -> None:
        if type(optimizer).__module__.startswith(("torchao.", "alpaca.")):
            raise UserError(
                f"{type(optimizer).__name__} needs the weights in their shapes, and DeepSpeed lays them end to end; "
                "give strategy=fsdp, or optimizer=adamw"
            )

    def begin_states(self, optimizer: Optimizer) -> None:
        if self.shards_weights:
            self._zero._set_fp32_optimizer_param_groups()
        super().begin_states(self._zero.optimizer)
        if self.shards_weights:
            self._zero._clear_fp32_optimizer_param_groups()

    def end_loading(self, optimizer: Optimizer, step: int) -> None:
        """Hand the fp32 weights on to those that are trained with."""
        super().end_loading(self._zero.optimizer, step)
        if not self.shards_weights:
            self._zero.update_lp_params()
            return
        for group in range(len(self._zero.fp32_partitioned_groups_flat)):
            self._zero._reassign_or_swap_out_partitioned_parameters(group)
        if kept := self._zero.persistent_parameters:
            kept[0].partition(kept)
            kept[0].all_gather(kept)

    @property
    def _zero(self) -> Any:
        return self.deepspeed_engine.optimizer

    def _gathered(self, parameter: Tensor, writer: int | None = None) -> AbstractContextManager[Any]:
        import deepspeed

        gathered: AbstractContextManager[Any] = deepspeed.zero.GatheredParameters(
            [parameter], modifier_rank=writer, enabled=self.shards_weights
        )
        return gathered
