"""A plan on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alpaca.files import read_json
from alpaca.manifest import stage_folder


def show(config: Mapping[str, Any]) -> None:
    """Print the plan of a configuration, which has been written."""
    planned = read_json(stage_folder(config["root"], config["name"], "plan") / "plan.json")
    Console().print(table(planned))
    for line in advice(planned):
        print(line)


def table(planned: Mapping[str, Any]) -> Table:
    """Return the numbers, the memory of one device part by part."""
    grid = Table(box=SIMPLE_HEAD, show_header=False, title="Plan", title_justify="left")
    grid.add_column()
    grid.add_column(justify="right")
    for key in ("parameters", "devices", "examples", "tokens", "steps", "micro_batches", "largest_micro_batch"):
        grid.add_row(_words(key), f"{planned[key]:,}")
    grid.add_section()
    grid.add_row("activation checkpointing", _share(planned["activation_checkpointing"]))
    for part, size in planned["memory_gib"].items():
        grid.add_row(Text(f"  {_words(part)}"), f"{size:,.2f} GiB")
    grid.add_row(f"peak a device, at: {planned['peak_at']}", f"{planned['peak_memory_gib']:,.2f} GiB")
    for key, words in (("available_gib", "it has"), ("host_gib", "processor's memory, a node")):
        if planned[key]:
            grid.add_row(words, f"{planned[key]:,.2f} GiB")
    grid.add_section()
    if planned["seconds"] is not None:
        known = "as measured on it, " if planned["measured"] else ""
        grid.add_row(f"time, {known}at {planned['utilisation']:.0%} of the peak", f"{planned['seconds'] / 3600:,.2f} h")
        grid.add_row("cost", f"{planned['usd']:,.2f} USD")
    if written := planned["generation"]:
        grid.add_section()
        for key in ("requests", "prompt_tokens", "completion_tokens"):
            grid.add_row(f"generation: {_words(key)}", f"{written[key]:,}")
        grid.add_row("generation: time", f"{written['seconds'] / 3600:,.2f} h")
        grid.add_row("generation: cost", f"{written['usd']:,.2f} USD {written.get('rate', '')}".rstrip())
    return grid


def advice(planned: Mapping[str, Any]) -> list[str]:
    """Return what was taken for granted, whether it fits, and what to change where it does not."""
    lines = [f"Data: {planned['data']}."]
    if planned["generation"]:
        lines.append(
            "Generation: ASSUMED are the length of replies and the share that is kept; `alpaca generate` learns them."
        )
    if planned["seconds"] is None:
        lines.append("Time and cost: name a GPU with gpu=, such as gpu=h100_80gb.")
    if planned["fits"] is None:
        return [*lines, "Whether it fits: name a GPU with gpu=."]
    if best := planned["fastest"]:
        fastest = f"{best['peak_gib']:.1f} GiB, {best['hours']:.2f} h"
        lines.append(f"Fastest that fits ({fastest}): {' '.join(best['overrides'])}")
    if planned["fits"]:
        return [*lines, "It fits."]
    changes = [f"  {change}" for change in planned["changes"]] or ["  nothing that was tried is enough"]
    return [*lines, "It does not fit. To make it fit, one of:", *changes]


def _share(how: str | float) -> str:
    return how if isinstance(how, str) else f"{how:.0%} of the layers"


def _words(key: str) -> str:
    return key.replace("_", " ")
