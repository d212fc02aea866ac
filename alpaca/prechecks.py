"""Mistakes that only long or paid work would come upon, told before it begins: a stage's parts are asked first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from alpaca.errors import at_key


@runtime_checkable
class Prechecked(Protocol):
    """A part that can tell within seconds, at no cost and writing nothing, whether it will lack something."""

    def precheck(self) -> None:
        """Raise UserError where a key, a price, a package or a file is not to be had that will be needed."""


def precheck(parts: Mapping[str, object]) -> None:
    """Ask each part, by its key, that can be asked, and the members of mappings of parts."""
    for key, part in parts.items():
        with at_key(key):
            if isinstance(part, Mapping):
                precheck(part)
            elif isinstance(part, Prechecked):
                part.precheck()
