"""One device that holds the gradients of one decoder layer at a time, clipping still by the global norm of all.

1. Each micro-batch goes forward; of a decoder layer stays what went into it, and the gradient of its loss goes back to the last.
2. From the last layer to the first, each goes back through all micro-batches of the step. Its gradients are then those of the
   whole step; their norm is taken, and they wait in the processor's memory or are dropped.
3. When all norms are there, the layers are stepped one after the other, where gradients were dropped in a second backward pass.

LOMO (Lv et al. 2023) updates weights within the backward pass too, but a micro-batch at a time; it clips by value or takes
two passes for the norm, and takes no moments. Here a step is what it is under any other strategy.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, get_gradient_edge, save_on_cpu
from torch.utils._python_dispatch import is_traceable_wrapper_subclass, transform_subclass

from alpaca.models.weights import Weights
from alpaca.strategies.exact import Adapt, layers, trainable
from alpaca.strategies.single import Single

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Forward = Callable[..., Tensor]
Place = Literal["device", "host"]


@dataclass
class Passage:
    """A micro-batch's way through the decoder layers, as edges of autograd's graph; None where no gradient flows."""

    edges: list[GradientEdge | None] = field(default_factory=list)  # into each layer, and out of the last
    output: Tensor | None = None  # of the last, from which the rest of the network begins a graph of its own
    gradient: Tensor | None = None  # of that output


class Layerwise(Single):
    """`gradients`: where a layer's wait for the global norm; `again` computes them a second time instead.

    `inputs`: where what goes into each layer waits for its backward pass, and `states` those of the optimizer for its step.
    From CUDA, the host's memory is pinned, which torch allocates in powers of two.
    """

    sharding = "layerwise"

    def __init__(
        self, gradients: Literal["host", "again"], inputs: Place, states: Place, *, kind: str, precision: str
    ) -> None:
        super().__init__("full", kind=kind, precision=precision)
        self.again, self.inputs_on_host, self.states_on_host = gradients == "again", inputs == "host", states == "host"
        self.pinned = kind == "cuda"
        self.layers: list[nn.Module] = []
        self.passages: list[Passage] = []
        self.norms: dict[nn.Parameter, Tensor] = {}
        self.host: dict[nn.Parameter, Tensor] = {}

    def build(self, weights: Weights, adapt: Adapt) -> PreTrainedModel:
        network = super().build(weights, adapt)
        self.layers = list(layers(network))
        for layer in self.layers:
            last = layer is self.layers[-1]
            layer.forward = functools.partial(self._forward, layer.forward, last)
        return network

    def _forward(self, forward: Forward, last: bool, hidden: Tensor, *others: Any, **named: Any) -> Tensor:
        """Go through a layer, and note where its graph begins and ends; (B, L, D) in and out."""
        if not torch.is_grad_enabled():
            return forward(hidden, *others, **named)
        passage = self.passages[-1]
        passage.edges.append(_edge(hidden))
        with save_on_cpu(self.pinned) if self.inputs_on_host else nullcontext():
            out = forward(hidden, *others, **named)
        if last:
            passage.edges.append(_edge(out))
            out = passage.output = out.detach().requires_grad_()
        return out

    @contextmanager
    def micro_batch(self, last: bool) -> Iterator[None]:
        """Enclose a micro-batch; after the last one of a step follows the backward pass of the layers."""
        self.passages.append(passage := Passage())
        yield
        assert passage.output is not None
        passage.gradient, passage.output = passage.output.grad, None
        if last:
            for layer in self._backward(first=True):
                self._note_norms(layer)
                self._leave(layer)
            self._note_norms(self._module)

    def _backward(self, first: bool) -> Iterator[nn.Module]:
        """Go back through the layers; yield each when its gradients, of all micro-batches, are in its parameters.

        The first time goes on to the embeddings, whose gradients stay as those of all that is in no layer do.
        """
        flowing = [passage.gradient for passage in self.passages]
        for number in reversed(range(len(self.layers))):
            parameters = list(trainable(self.layers[number]).values())
            for index, passage in enumerate(self.passages):
                into, out = passage.edges[number : number + 2]
                flowing[index] = _through(out, flowing[index], parameters, into, keep=first and self.again)
            yield self.layers[number]
        for passage, gradient in zip(self.passages, flowing, strict=True):
            if first and passage.edges[0]:
                torch.autograd.backward([passage.edges[0]], [gradient])

    def _note_norms(self, module: nn.Module) -> None:
        for parameter in module.parameters():
            if parameter.grad is not None:
                self.norms[parameter] = torch.linalg.vector_norm(parameter.grad, dtype=torch.float32)

    def _leave(self, layer: nn.Module) -> None:
        """Put a layer's gradients where they wait."""
        for parameter in layer.parameters():
            gradient, parameter.grad = parameter.grad, None
            if gradient is None or self.again:
                continue
            if parameter in self.host:
                self.host[parameter].copy_(gradient, non_blocking=True)
            else:
                self.host[parameter] = self._on_host(gradient)

    def _on_host(self, tensor: Tensor) -> Tensor:
        return torch.empty_like(tensor, device="cpu", pin_memory=self.pinned).copy_(tensor, non_blocking=True)

    def clip_and_step(self, optimizer: Any, most: float) -> Tensor:
        """Clip and step a layer at a time; Lightning counts the one of what is in no layer."""
        norms = [self.norms[parameter] for parameter in self._module.parameters() if parameter in self.norms]
        norm: Tensor = torch.linalg.vector_norm(torch.stack(norms))
        if torch.isfinite(norm):
            self._clip_and_step(optimizer, self._module, most, norm)
            for layer in self._backward(first=False) if self.again else self._brought():
                self._clip_and_step(optimizer.optimizer, layer, most, norm)
        optimizer.zero_grad()
        self.passages.clear()
        self.norms.clear()
        return norm

    def _clip_and_step(self, optimizer: Any, module: nn.Module, most: float, norm: Tensor) -> None:
        """Step those of a module's parameters whose gradients are there."""
        parameters = [parameter for parameter in module.parameters() if parameter.grad is not None]
        nn.utils.clip_grads_with_norm_(parameters, most, norm)
        self.step_some(optimizer, parameters)
        optimizer.zero_grad()

    def _brought(self) -> Iterator[nn.Module]:
        """Yield each layer when its gradients are back on the device."""
        for layer in self.layers:
            for parameter in layer.parameters():
                if parameter in self.norms:
                    parameter.grad = self.host[parameter].to(parameter.device, non_blocking=True)
            yield layer

    def step_some(self, optimizer: Any, parameters: list[nn.Parameter]) -> None:
        """Step with states that come to the device for it where they are on the host."""
        if not self.states_on_host:
            super().step_some(optimizer, parameters)
            return
        states = [optimizer.state[parameter] for parameter in parameters]
        _move(states, lambda tensor: tensor.to(self.root_device, non_blocking=True))
        super().step_some(optimizer, parameters)
        _move(states, self._on_host)

    def gradient(self, parameter: nn.Parameter) -> Tensor:
        if parameter in self.host:
            return self.host[parameter].to(parameter.device)
        return super().gradient(parameter) if parameter.grad is not None else self._computed(parameter)

    def _computed(self, parameter: nn.Parameter) -> Tensor:
        for layer in self._backward(first=True):
            found = parameter.grad
            layer.zero_grad()
            if found is not None:
                break
        assert found is not None
        return found

    @property
    def _module(self) -> nn.Module:
        assert self.lightning_module is not None
        return self.lightning_module


def _edge(tensor: Tensor) -> GradientEdge | None:
    return get_gradient_edge(tensor) if tensor.requires_grad else None


def _move(states: Iterable[dict[str, Tensor]], move: Callable[[Tensor], Tensor]) -> None:
    """Replace an optimizer's states, those of few bits as the plain tensors that they are made of; not counts of steps."""
    for state in states:
        for key, tensor in state.items():
            if is_traceable_wrapper_subclass(tensor):
                state[key] = transform_subclass(tensor, lambda _, inner: move(inner))
            elif tensor.dim():
                state[key] = move(tensor)


def _through(
    out: GradientEdge | None,
    gradient: Tensor | None,
    parameters: list[nn.Parameter],
    into: GradientEdge | None,
    keep: bool,
) -> Tensor | None:
    """Add a layer's gradients of a micro-batch to its parameters', and return that of what went into it."""
    if out is None:
        return None
    wanted: list[Any] = [*parameters, *([into] if into else [])]
    found = torch.autograd.grad([out], wanted, [gradient], retain_graph=keep, allow_unused=True)
    for parameter, new in zip(parameters, found, strict=False):
        if new is not None:
            parameter.grad = new if parameter.grad is None else parameter.grad.add_(new)
    return found[-1] if into else None
