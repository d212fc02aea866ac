"""What a device can do and costs."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import NonNegativeFloat, PositiveFloat


@dataclass(frozen=True)
class GPU:
    """Peaks are dense, without sparsity; the price is of one device."""

    memory_gib: PositiveFloat
    bf16_tflops: PositiveFloat
    fp32_tflops: PositiveFloat
    usd_per_hour: NonNegativeFloat

    def flops(self, precision: str) -> float:
        """Return the peak of floating-point operations a second."""
        return 1e12 * (self.fp32_tflops if precision == "32-true" else self.bf16_tflops)
