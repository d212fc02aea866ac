"""One process, one device."""

from __future__ import annotations

from lightning.pytorch.strategies import SingleDeviceStrategy

from alpaca.strategies.exact import ActivationCheckpointing, Exact


class Single(Exact, SingleDeviceStrategy):
    """Everything on one device."""

    def __init__(self, activation_checkpointing: ActivationCheckpointing, *, kind: str, precision: str) -> None:
        super().__init__(device=f"{kind}:0" if kind == "cuda" else kind)
        self.activation_checkpointing = activation_checkpointing
