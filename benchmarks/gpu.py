"""All that a card can show of this project, in one command and under 20 minutes: correctness first, then speed.

    make gpu                                    # on a CUDA machine; DATA=alpaca_data.json for other examples
    python -m benchmarks.gpu --device cpu       # the rehearsal: the same code, all of it small

Each step works in a process of its own, with a limit of time: what fails (memory, a package that is not there, an option that
this build has not) is a row that says so. What is done is kept in FOLDER/steps; after a kill, or where the time was up, the same
command goes on with what is missing. FOLDER/gpu.json and FOLDER/gpu.md hold all of it.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

import torch

from alpaca.errors import UserError
from alpaca.files import read_json, sha256, write_json, write_text
from alpaca.processes import end_with_parent
from benchmarks.card.place import Place, slug
from benchmarks.card.steps import Step, steps, stored
from benchmarks.card.table import markdown

LEAST_SECONDS = 15.0  # for which a step is worth beginning
ALWAYS = ("facts",)  # groups that the others need


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--data", type=Path, help="an Alpaca-format file; without it, procedural tasks")
    parser.add_argument("--folder", type=Path, help="outputs/gpu, or outputs/gpu_rehearsal with --device cpu")
    parser.add_argument("--seconds", type=float, default=1200.0, help="in which all of it has to end")
    parser.add_argument("--only", default="", help="steps whose names hold this, and what they need")
    parser.add_argument("--retry", action="store_true", help="take up again what failed")
    return parser.parse_args(given)


@dataclass
class Runner:
    """Takes steps one after the other, each in a process, until the time is up."""

    place: Place
    data: Path | None
    ends: float  # by time.monotonic
    context: BaseContext
    took: int = 0

    def take(self, step: Step) -> dict[str, Any] | None:
        """Return what a step left; None where no time was left for it."""
        seconds = min(step.seconds, self.ends - time.monotonic())
        if seconds < LEAST_SECONDS:
            return None
        began = time.monotonic()
        process = self.context.Process(target=work, args=(self.place, step.name, self.data))  # type: ignore[attr-defined]
        process.start()
        process.join(seconds)
        late = process.is_alive()
        process.kill()
        process.join()
        self.took += 1
        if late and seconds < step.seconds:  # it was the end of the time, and no fault of the step's
            return None
        if late or stored(self.place, step) is None:
            problem = f"took longer than {step.seconds:.0f} s" if late else f"ended with exit code {process.exitcode}"
            leave(self.place, step, {"problem": problem})
        row = stored(self.place, step)
        print(f"{time.monotonic() - began:6.1f} s  {step.name}: {(row or {}).get('problem', 'done')}", flush=True)
        return row

    def all(self, chosen: Sequence[Step], retry: bool) -> list[Step]:
        """Take what has not been taken; return what is left. Plans are made anew where there is anything to hold them against."""
        left = []
        for step in chosen:
            row = stored(self.place, step)
            done = row is not None and not (retry and "problem" in row)
            if (not done or (step.group == "beside" and self.took)) and self.take(step) is None:
                left.append(step)
            tell(self.place, self.data)
        return left


def work(place: Place, name: str, data: Path | None) -> None:
    """Take a step, in a process of its own, and leave its row."""
    end_with_parent()
    step = next(step for step in steps(place, data) if step.name == name)
    log = place.folder / "logs" / f"{slug(step.name)}.txt"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        began = time.monotonic()
        row = attempt(place, step)
        leave(place, step, row | {"seconds": time.monotonic() - began})


def attempt(place: Place, step: Step) -> dict[str, Any]:
    """Return the result of a step, or the problem with it, in one line; the rest of it is in the log."""
    try:
        return {"result": step.run(place)}
    except UserError as problem:
        return {"problem": str(problem)}
    except Exception as problem:  # of any library, on a machine that is not known
        traceback.print_exc()
        text = " ".join(str(problem).split())
        return {"problem": f"{type(problem).__name__}: {text[:200]}"}


def leave(place: Place, step: Step, row: dict[str, Any]) -> None:
    write_json(place.folder / step.file, {"step": step.name, "group": step.group} | row)


def tell(place: Place, data: Path | None) -> list[dict[str, Any]]:
    """Write all rows, as JSON and as tables; return them."""
    rows = [row for step in steps(place, data) if (row := stored(place, step))]
    write_json(place.folder / "gpu.json", rows)
    write_text(place.folder / "gpu.md", markdown(rows))
    return rows


def started(place: Place, data: Path | None, ends: float) -> Runner:
    """Return a runner whose processes are forked from one that has imported what they need, or else begin with nothing.

    A fork cannot use CUDA where an import has; the first step finds that out. Raises UserError where there is no such device.
    """
    if place.device == "cuda" and not torch.cuda.is_available():
        raise UserError("torch finds no CUDA device; --device cpu is the rehearsal")
    first = next(iter(steps(place, data)))
    row: dict[str, Any] = {}
    for method in ("forkserver", "spawn"):
        context = multiprocessing.get_context(method)
        context.set_forkserver_preload(["benchmarks.card.steps"])
        runner = Runner(place, data, ends, context)
        (place.folder / first.file).unlink(missing_ok=True)
        row = runner.take(first) or {}
        if "result" in row:
            return runner
    raise UserError(f"nothing can be measured on {place.device}: {row.get('problem')}")


def same(place: Place, data: Path | None) -> None:
    """Raise UserError where the folder holds what was measured on other data, or by other code."""
    settings = place.folder / "settings.json"
    given = {"device": place.device, "data": str(data), "code": code()}
    if settings.is_file() and (before := read_json(settings)) != given:
        differs = next(key for key in given if before.get(key) != given[key])
        raise UserError(f"{place.folder} holds results of other {differs}; remove it, or give --folder")
    write_json(settings, given)


def code() -> str:
    """Hash what is measured, and what measures it."""
    root = Path(__file__).parent.parent
    files = (file for part in ("alpaca", "benchmarks", "conf") for file in (root / part).rglob("*.*"))
    kept = sorted(file for file in files if file.suffix in (".py", ".yaml"))
    return hashlib.sha256("".join(sha256(file) for file in kept).encode()).hexdigest()


def main(given: Sequence[str] | None = None) -> int:
    """Return 0 where all is done and right, 1 where something is not right, 2 for a mistake, 3 where the time was up."""
    asked = arguments(given)
    ends = time.monotonic() + asked.seconds
    usual = Path("outputs/gpu" if asked.device == "cuda" else "outputs/gpu_rehearsal")
    place = Place((asked.folder or usual).absolute(), asked.device)
    os.environ.setdefault("PYTORCH_ALLOC_CONF", "expandable_segments:True")
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")  # so that asking for a device spoils no fork
    if place.small:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        same(place, asked.data)
        runner = started(place, asked.data, ends)
    except UserError as mistake:
        print(mistake, file=sys.stderr)
        return 2
    chosen = [step for step in steps(place, asked.data) if step.group in ALWAYS or asked.only in step.name]
    left = runner.all(chosen, asked.retry)
    rows = tell(place, asked.data)
    print((place.folder / "gpu.md").read_text("utf-8"))
    for step in left:
        print(f"not reached within {asked.seconds:.0f} s: {step.name}; the same command goes on")
    wrong = any(not case.get("good", True) for row in rows for case in row.get("result", {}).get("rows", ()))
    return 1 if wrong else 3 if left else 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
