"""What a device can do and costs."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import NonNegativeFloat, PositiveFloat

Factors = dict[str, PositiveFloat]


@dataclass(frozen=True)
class Measured:
    """What parts of a training took on a device: seconds a unit of work, and memory over what was computed.

    `python -m benchmarks.gpu` measures them on small trainings of the same kind; `planning.cost.Work` names the units.
    """

    products: NonNegativeFloat  # seconds for 1e12 operations of matrix products
    attention: NonNegativeFloat  # seconds for 1e12 operations of attention
    passed: NonNegativeFloat  # seconds for 2**30 bytes of activations, forth and back
    updated: NonNegativeFloat  # seconds for 2**30 bytes of weights, gradients and states
    calls: NonNegativeFloat  # seconds for a decoder layer of a micro-batch, whatever its size
    steps: NonNegativeFloat  # seconds for a step, whatever its size
    process_gib: NonNegativeFloat  # of a process before it has a network
    factors: Factors  # by part of the memory


@dataclass(frozen=True)
class GPU:
    """Peaks are dense, without sparsity; the price is of one device."""

    memory_gib: PositiveFloat
    bf16_tflops: PositiveFloat
    fp32_tflops: PositiveFloat
    usd_per_hour: NonNegativeFloat
    measured: Measured | None = None

    def flops(self, precision: str) -> float:
        """Return the peak of floating-point operations a second."""
        return 1e12 * (self.fp32_tflops if precision == "32-true" else self.bf16_tflops)
