"""What memory holds where low-rank adapters are trained beside frozen weights."""

from __future__ import annotations

from dataclasses import dataclass

from alpaca.models.shape import Shape

FP32 = 4  # bytes; peft holds and trains adapters in it, and casts what goes into them
NF4 = 0.5 + (1 + 4 / 256) / 64  # bytes of a weight: Dettmers et al. 2023, section 3, blocks of 64 and 256
SHARING = {"k_proj": "q_proj", "v_proj": "q_proj", "up_proj": "gate_proj"}  # that get the same input


@dataclass(frozen=True)
class Adapters:
    """Adapters of rank `r` of the linear layers that `targets` names."""

    r: int
    targets: tuple[str, ...]
    magnitudes: bool  # as DoRA has them
    quantized: bool  # whether the frozen weights of the decoder layers are in 4 bits

    def parameters(self, shape: Shape) -> int:
        """Count the numbers that are trained."""
        sizes = (shape.matrices[target] for target in self.targets)
        each = sum(self.r * (into + out) + (out if self.magnitudes else 0) for into, out in sizes)
        return shape.num_hidden_layers * each

    def frozen_bytes(self, shape: Shape, stored: int) -> float:
        """Return the bytes of the weights beside them, of `stored` bytes each where they are not in 4 bits."""
        matrices = shape.num_hidden_layers * sum(into * out for into, out in shape.matrices.values())
        each = NF4 if self.quantized else stored
        return each * matrices + stored * (shape.parameters - matrices)

    def kept(self, shape: Shape, computed: int) -> float:
        """Return the bytes that autograd keeps of a token for them: what goes into each, in fp32, and comes out of A."""
        inputs = {target: shape.matrices[target][0] for target in self.targets}
        if computed == FP32:  # what is in fp32 already is not cast, and the same for those that share it
            inputs = {SHARING.get(target, target): into for target, into in inputs.items()}
        return FP32 * (sum(inputs.values()) + self.r * len(self.targets))
