"""Where the time of a step goes: what ran on the device, by kind, and how long it had nothing to do."""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import Any

import lightning
import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

KINDS = {  # by what kernels, and the processor's operators, are called; the first that fits
    "attention": r"flash|fmha|attention|attn|varlen",
    "optimizer": r"adam|multi_tensor|foreach|quantize|lowbit",
    "loss": r"cross_entropy|softmax|nll|logsumexp",
    "matrix products": r"gemm|cutlass|nvjet|cublas|xmma|\bmm\b|::mm|addmm|bmm|linear|scaled_mm",
    "copies": r"memcpy|memset|copy|::to\b|cat|index|gather|scatter|embedding",
    "norms, rotation, activation functions": r"elementwise|vectorized|triton|reduce|::mul|::add|silu|pow|mean|rsqrt|neg|norm",
}
LONGEST = 12  # kernels that are named


class Profiled(lightning.Callback):
    """Profiles the steps from `first` on, `count` of them."""

    def __init__(self, first: int, count: int, cuda: bool) -> None:
        self.first, self.count, self.cuda = first, count, cuda
        kinds = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if cuda else [])]
        self.profile = profile(activities=kinds)

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == self.first:
            self.profile.start()
            self.began = time.perf_counter()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == self.first + self.count - 1:
            if self.cuda:
                torch.cuda.synchronize()
            self.seconds = time.perf_counter() - self.began
            self.profile.stop()

    def told(self) -> dict[str, Any]:
        """Return shares of the profiled time, of each kind and of the longest by name; what is left is waiting."""
        spent: Counter[str] = Counter()
        for event in self.profile.events():
            if self.cuda and event.device_type == DeviceType.CUDA and not event.is_user_annotation:
                spent[event.name] += event.device_time_total
            elif not self.cuda:
                spent[event.name] += event.self_cpu_time_total
        return shares({name: micro / 1e6 for name, micro in spent.items()}, self.seconds)


def shares(spent: dict[str, float], seconds: float) -> dict[str, Any]:
    """Sum seconds by name up by kind, as shares of all the seconds that passed."""
    kinds: Counter[str] = Counter()
    for name, each in spent.items():
        kinds[kind(name)] += each
    longest = sorted(spent.items(), key=lambda item: -item[1])[:LONGEST]
    return {
        "seconds": seconds,
        "kinds": {name: each / seconds for name, each in kinds.most_common()},
        "nothing ran": max(0.0, 1 - sum(spent.values()) / seconds),
        "longest": {name[:80]: each / seconds for name, each in longest},
    }


def kind(name: str) -> str:
    return next((kind for kind, pattern in KINDS.items() if re.search(pattern, name, re.IGNORECASE)), "other")
