"""What pydantic finds wrong with a value, in the words of a configuration."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError


def should_be(problem: ValidationError, value: Any) -> str:
    """Say what a value should be; where several types would do, what a list should be is told of a list."""
    errors = problem.errors()
    error = errors[-1 if isinstance(value, list) else 0]
    match error["type"]:
        case "path_type":
            return "it should be a path"
        case "list_type" | "sequence_str":
            return f"it should be a list, such as [{value}]" if isinstance(value, str) else "it should be a list"
        case "dict_type":
            return "it should have keys of its own"
        case "too_short":
            return f"it should have at least {error['ctx']['min_length']} of them"
        case "missing":
            return "it has too few values"
        case _:
            return error["msg"].replace("Input should be", "it should be")
