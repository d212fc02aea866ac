"""Which way of attending within packed documents a device can take."""

from __future__ import annotations

import functools
from typing import Literal

import torch

from alpaca.errors import UserError
from alpaca.modules.attention import LayOut, grids

Attending = Literal["auto", "grids", "varlen", "flex"]
AMPERE = (8, 0)  # the oldest compute capability whose cores have bf16, which the kernels need


def lay_out_by(asked: Attending, device: torch.device, halved: bool) -> LayOut:
    """Return what lays micro-batches out; `halved` tells that activations are in bf16.

    Automatically, that is `varlen` where it can be, and else `grids`. Raises UserError where what is asked for cannot be.
    """
    missing = lacking(capability_of(device), halved)
    if asked == "grids" or (asked == "auto" and missing):
        return grids
    if missing:
        raise UserError(f"module.attention={asked} needs {missing}; give module.attention=auto")
    if asked == "flex":
        from alpaca.modules.flex import Flex, compiled

        kernel, make = compiled()
        return functools.partial(Flex.of, kernel=kernel, make=make)
    from alpaca.modules.varlen import Varlen, varlen_kernel

    return functools.partial(Varlen.of, kernel=varlen_kernel())


def capability_of(device: torch.device) -> tuple[int, int] | None:
    """Return the CUDA compute capability of a device; None for one of another kind."""
    return torch.cuda.get_device_capability(device) if device.type == "cuda" else None


def lacking(capability: tuple[int, int] | None, halved: bool) -> str | None:
    """Return what a device (of this CUDA compute capability) or a training lacks for the kernels; None where all is there."""
    if capability is None or capability < AMPERE:
        return "a CUDA device from Ampere on"
    if not halved:
        return "trainer.precision=bf16-true or bf16-mixed"
    return None
