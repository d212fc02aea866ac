"""Whether a class makes parts that can do what is asked of them where they are given."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_args, get_origin


def lacks(target: Callable[..., Any], annotation: Any) -> str | None:
    """Return the first method that what is annotated so must have, and instances of the class `target` have not.

    Nothing is known of what a function returns, nor where only a name is annotated.
    """
    if not inspect.isclass(target):
        return None
    missing = [
        [name for name in _methods(option) if not any(name in vars(kind) for kind in target.__mro__)]
        for option in _options(annotation)
    ]
    return min(missing, key=len)[0] if missing and all(missing) else None


def _options(annotation: Any) -> list[Any]:
    """Return the types of which one is wanted."""
    inside = get_args(annotation)
    if inside and get_origin(annotation) is not Callable:
        return [option for part in inside for option in _options(part)]
    return [] if annotation is type(None) else [annotation]


def _methods(kind: Any) -> list[str]:
    if get_origin(kind) is Callable:
        return ["__call__"]
    if not (inspect.isclass(kind) and getattr(kind, "_is_protocol", False)):
        return []
    return [
        name
        for name, what in vars(kind).items()
        if inspect.isfunction(what) and name not in ("__init__", "__subclasshook__")
    ]
