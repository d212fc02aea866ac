"""A plan on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alpaca.files import read_json
from alpaca.manifest import stage_folder

WRITING = ("generator", "llm", "seeds", "num_examples", "budget_usd", "name", "root", "seed")  # what is no training's


def show(config: Mapping[str, Any], arguments: Sequence[str] = ()) -> None:
    """Print the plan of a configuration, which has been written; of a generation alone where no more was asked for."""
    planned = read_json(stage_folder(config["root"], config["name"], "plan") / "plan.json")
    if written := planned["generation"]:
        Console().print(generation(written))
        for line in assumptions(written):
            print(line)
        if only_written(arguments):
            return
    Console().print(table(planned))
    for line in advice(planned):
        print(line)


def only_written(arguments: Sequence[str]) -> bool:
    """Tell whether a command line speaks of having data written, and of no training."""
    keys = (argument.partition("=")[0].lstrip("+~").rpartition("@")[2] for argument in arguments)
    return bool(arguments) and all(key.partition(".")[0] in WRITING for key in keys)


def table(planned: Mapping[str, Any]) -> Table:
    """Return the numbers, the memory of one device part by part."""
    grid = _grid("Plan of the training" if planned["generation"] else "Plan")
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
    return grid


def generation(written: Mapping[str, Any]) -> Table:
    """Return the numbers of having the data written."""
    grid = _grid("Plan of the generation")
    for key in ("requests", "prompt_tokens", "completion_tokens"):
        grid.add_row(_words(key), f"{written[key]:,}")
    grid.add_row(f"time ({written['speed']})", f"{written['seconds'] / 3600:,.2f} h")
    grid.add_row("cost", f"{written['usd']:,.2f} USD {written['rate']}".rstrip())
    return grid


def _grid(title: str) -> Table:
    grid = Table(box=SIMPLE_HEAD, show_header=False, title=title, title_justify="left")
    grid.add_column()
    grid.add_column(justify="right")
    return grid


def assumptions(written: Mapping[str, Any]) -> list[str]:
    """Return what was taken for granted of a generation, and how far its budget goes."""
    shortage = [f"{written['shortage']}."] if written["shortage"] else []
    return ["ASSUMED are the length of replies and the share that is kept; `alpaca generate` learns them.", *shortage]


def advice(planned: Mapping[str, Any]) -> list[str]:
    """Return what was taken for granted, whether it fits, and what to change where it does not."""
    lines = [f"Data: {planned['data']}."]
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
