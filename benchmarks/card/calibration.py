"""What `alpaca plan` needs to know of a device, from small trainings of the same kind: a fit, and a file that holds it.

Time is a sum over the parts of the work (`planning.cost.Work`), each at a rate of its own, and memory a sum over what the plan
computes, each times a factor of its own. Both are fitted by least squares of relative differences, none below 0.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from alpaca.files import write_text
from alpaca.planning.cost import Work
from alpaca.planning.gpu import GPU, Measured
from benchmarks.card.place import Place

FITTED = ("activations", "logits")  # parts of the memory; what a step is made of besides is counted to the byte
UNITS = tuple(field.name for field in fields(Work))


def fit(rows: Sequence[dict[str, Any]]) -> Measured:
    """Return the rates and factors under which the plans of the trainings come nearest to what these took."""
    rates = times(rows)
    process, factors = sizes(rows)
    return Measured(**rates, process_gib=process, factors=factors)


def times(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return seconds a unit of each part of the work, from seconds a step."""
    work = np.array([[row["plan"]["work"][unit] / row["plan"]["steps"] for unit in UNITS] for row in rows])
    return dict(zip(UNITS, nonnegative(work, np.array([row["seconds_a_step"] for row in rows])), strict=True))


def sizes(rows: Sequence[dict[str, Any]]) -> tuple[float, dict[str, float]]:
    """Return the GiB of a process, and the factors of the parts of its memory.

    A part that the fit gives nothing keeps the factor 1: the trainings did not tell it from the others.
    """
    parts = [row["plan"]["memory_gib"] for row in rows]
    columns = np.array([[1.0, *(part.get(name, 0.0) for name in FITTED)] for part in parts])
    counted = np.array([sum(size for name, size in part.items() if name not in ("process", *FITTED)) for part in parts])
    peaks = np.array([taken(row) for row in rows])
    process, *factors = nonnegative(columns, peaks - counted, peaks)
    return process, {name: factor or 1.0 for name, factor in zip(FITTED, factors, strict=True)}


def taken(row: dict[str, Any]) -> float:
    """Return the peak of a training's memory, in GiB: allocated, and what the process takes beside it."""
    return float(row["peak_memory_gib"] + row.get("context_gib", 0.0))


def nonnegative(rows: np.ndarray, values: np.ndarray, scale: np.ndarray | None = None) -> list[float]:
    """Fit weights (n,) of the columns of `rows` (m, n) to `values` (m,), each difference over its `scale`; none is below 0.

    Columns whose weight would be are left out, the most negative first.
    """
    over = values if scale is None else scale
    weighted, aim = rows / over[:, None], values / over
    size = np.linalg.norm(weighted, axis=0)
    left = [column for column in range(rows.shape[1]) if size[column] > 0]
    found = np.zeros(rows.shape[1])
    while left:
        fitted = np.linalg.lstsq(weighted[:, left] / size[left], aim, rcond=None)[0]
        if fitted.min() >= 0:
            found[left] = fitted / size[left]
            break
        del left[int(fitted.argmin())]
    return [float(value) for value in found]


def write(gpu: GPU, name: str, rows: Sequence[dict[str, Any]], folder: Path) -> Path:
    """Write the device as an option of conf/gpu: `alpaca plan --config-dir FOLDER gpu=measured`."""
    file = folder / "gpu" / "measured.yaml"
    about = f"# {name}, measured on {datetime.date.today()} by {len(rows)} small trainings (python -m benchmarks.gpu)\n"
    given = {"_target_": "alpaca.planning.gpu.GPU"} | asdict(gpu)
    given["measured"] = {"_target_": "alpaca.planning.gpu.Measured"} | given["measured"]
    write_text(file, about + yaml.safe_dump(given, sort_keys=False))
    return file


def beside(row: dict[str, Any], plan: dict[str, Any]) -> dict[str, float]:
    """Return what was planned and what was measured of a training, and by how much the plan is off."""
    peak, seconds = taken(row), row["seconds_a_step"]
    return {
        "planned_gib": plan["peak_memory_gib"],
        "measured_gib": peak,
        "gib_off": plan["peak_memory_gib"] / peak - 1,
        "planned_seconds": plan["seconds_a_step"],
        "measured_seconds": seconds,
        "seconds_off": plan["seconds_a_step"] / seconds - 1,
    }


def folder(place: Place) -> Path:
    return place.folder / "conf"
