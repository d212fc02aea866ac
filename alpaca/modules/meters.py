"""What a step costs: tokens per second of each kind, use of the hardware, memory, waiting.

The use of the hardware is PaLM's MFU: what the documents ask for, each alone, over what the device could do. Recomputing does
not count, padding does not, and a prefix that is computed once counts for each of its documents.
"""

from __future__ import annotations

import resource
import sys
import time
from typing import Any

import torch

PEAK_FLOPS = {  # dense bf16, from NVIDIA's data sheets
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "RTX 4090": 165e12,
    "L4": 121e12,
    "A10": 125e12,
}


class Meter:
    """Times the steps of one rank; the counts of tokens are over all ranks."""

    def __init__(self, flops_per_token: float, attention_flops: float, device: torch.device, world: int) -> None:
        """Take the cost of a token's products with the weights, and of a token's attention to one other."""
        self.flops_per_token, self.attention_flops = flops_per_token, attention_flops
        self.device, self.world = device, world
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
        self.peak = next((flops for kind, flops in PEAK_FLOPS.items() if kind in name), None)
        self.began = self.ended = time.perf_counter()

    def begin(self) -> None:
        """Note that the step's data are there."""
        self.began = time.perf_counter()
        self.waited, self.ended = self.began - self.ended, self.began

    def end(self, step: dict[str, Any]) -> dict[str, float]:
        """Return the meters of the step that ends here."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        self.ended = time.perf_counter()
        seconds = self.ended - self.began
        meters = {
            "tokens": float(step["tokens"]),
            "target_tokens": float(step["target_tokens"]),
            "tokens_per_second": step["tokens"] / seconds,
            "target_tokens_per_second": step["target_tokens"] / seconds,
            "padded_tokens_per_second": step["padded_tokens"] / seconds,
            "seconds": seconds,
            "data_wait_seconds": self.waited,
            "peak_memory_gib": peak_memory(self.device) / 2**30,
        }
        if self.peak:
            meters["mfu"] = self._flops(step) / (seconds * self.peak * self.world)
        return meters

    def _flops(self, step: dict[str, Any]) -> float:
        return self.flops_per_token * float(step["tokens"]) + self.attention_flops * float(step["pairs"])


def peak_memory(device: torch.device) -> int:
    """Return the most memory that this process has had, in bytes: of the GPU, or its resident set."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
