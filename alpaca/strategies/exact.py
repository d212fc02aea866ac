"""What the exact optimizer step asks of a strategy, beyond what Lightning's strategies give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from lightning.pytorch.strategies import Strategy
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

from alpaca.models.weights import Weights
from alpaca.planning.memory import Checkpointing, Sharding
from alpaca.strategies.parts import Part

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ActivationCheckpointing = Checkpointing
Adapt = Callable[["PreTrainedModel"], None]


class Exact(Strategy):
    """One optimizer step over several micro-batches on each rank, its state in parts, and weights that come and go by name.

    The defaults are right where each rank holds the whole network. Mixed into one of Lightning's strategies.
    """

    activation_checkpointing: ActivationCheckpointing
    global_rank: int
    world_size: int
    sharding: Sharding = "none"
    shards_weights = False
    offloads = False  # what it shards, to the processor's memory
    reshards = True  # weights after a layer's forward pass, where they are in shards
    mixes_precision = False  # itself, instead of Lightning's plugin

    @property
    def halves(self) -> bool:
        """Tell whether activations are in bf16."""
        return "bf16" in self.precision_plugin.precision

    def training_step(self, *args: Any, **kwargs: Any) -> Any:
        """Call the module itself: each of its micro-batches goes through the wrapped network, not the step as a whole."""
        assert self.lightning_module is not None
        with self.precision_plugin.train_step_context():
            return self.lightning_module.training_step(*args, **kwargs)

    def build(self, weights: Weights, adapt: Adapt) -> PreTrainedModel:
        """Build the network with its weights, where and as far as this rank holds them."""
        network = weights.load()
        adapt(network)
        fill_rest(network, weights)
        return network

    def micro_batch(self, last: bool) -> AbstractContextManager[Any]:
        """Enclose the forward and backward pass of a micro-batch; gradients need be shared after the last one only."""
        return nullcontext()

    def clip_and_step(self, optimizer: Any, most: float) -> Tensor:
        """Clip by the global norm and step; return the norm as it was. A norm that is not finite steps nothing."""
        norm = self.clip(most)
        if torch.isfinite(norm):
            optimizer.step()
        optimizer.zero_grad()
        return norm

    def clip(self, most: float) -> Tensor:
        assert self.lightning_module is not None
        return nn.utils.clip_grad_norm_(trainable(self.lightning_module).values(), most)

    def end_forward(self) -> None:
        """Free what a forward pass without a backward pass leaves gathered."""

    def gradient(self, parameter: nn.Parameter) -> Tensor:
        """Return the whole gradient of a parameter, on every rank."""
        assert parameter.grad is not None
        return parameter.grad

    def whole(self, parameter: Tensor) -> Tensor:
        """Return a whole parameter, on every rank."""
        return parameter.detach()

    def shape(self, parameter: Tensor) -> torch.Size:
        """Return the shape of a whole parameter."""
        return parameter.shape

    def part(self, tensor: Tensor, loading: bool) -> Part:
        """Return what this rank writes (or, when loading, reads) of a parameter or of a tensor of its size."""
        return Part.whole(tensor) if loading else Part.share(tensor, self.global_rank, self.world_size)

    def parts(self, optimizer: Optimizer, loading: bool) -> dict[str, Part]:
        """Return this rank's parts of the trainable weights and of the optimizer's state for each."""
        assert self.lightning_module is not None
        found = {}
        for name, parameter in trainable(self.lightning_module).items():
            found[name] = self.part(parameter, loading)
            for key, value in optimizer.state[parameter].items():
                if value.numel() == parameter.numel() and value.dim():
                    found |= self.state_parts(f"{name}/{key}", value, loading)
        return found

    def state_parts(self, name: str, state: Tensor, loading: bool) -> dict[str, Part]:
        """Return this rank's parts of an optimizer's state; one of few bits goes as the plain tensors that it is made of."""
        plain = inside(state)
        if not plain:
            return {name: self.part(state, loading)}
        return {f"{name}/{key}": self.part(tensor, loading) for key, tensor in plain.items()}

    def check(self, optimizer: Optimizer) -> None:
        """Raise UserError where the strategy cannot spread what an optimizer holds."""

    def begin_states(self, optimizer: Optimizer) -> None:
        """Make the optimizer's state as it is before the first step, so that there is something to load into."""
        rates = [group["lr"] for group in optimizer.param_groups]
        for group in optimizer.param_groups:
            group["lr"] = 0.0
        for parameter in [parameter for group in optimizer.param_groups for parameter in group["params"]]:
            parameter.grad = torch.zeros_like(parameter)  # one at a time: all of them might not fit
            self.step_some(optimizer, [parameter])
            parameter.grad = None
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate

    def step_some(self, optimizer: Any, parameters: list[nn.Parameter]) -> None:
        """Step the parameters that have gradients, which are these."""
        optimizer.step()

    def end_loading(self, optimizer: Optimizer, step: int) -> None:
        """Set what is not in the parts: how many steps the optimizer has taken."""
        for state in optimizer.state.values():
            if "step" in state:
                state["step"] = torch.full_like(state["step"], step)

    def group(self) -> dist.ProcessGroup | None:
        """Return a group of all ranks that talks between processors; None for one process alone."""
        return dist.new_group(backend="gloo") if dist.is_initialized() and self.world_size > 1 else None


def trainable(module: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters that training changes, by their names in the network."""
    return {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}


def inside(tensor: Tensor) -> dict[str, Tensor]:
    """Return the plain tensors that a quantized one is made of; none where it is plain itself."""
    if not is_traceable_wrapper_subclass(tensor):
        return {}
    names, _ = tensor.__tensor_flatten__()
    return {name: getattr(tensor, name) for name in names}


def fill_rest(network: nn.Module, weights: Weights) -> None:
    """Give values to what was added to a network after its own weights were loaded."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if weights.adds(name):
                parameter.copy_(weights.whole(name))


def layers(network: PreTrainedModel) -> Iterator[nn.Module]:
    """Yield the decoder layers."""
    names = network._no_split_modules or ()
    yield from (module for module in network.modules() if type(module).__name__ in names)
