"""Go through the stages of one experiment in order: `alpaca run experiment=quickstart`.

Each stage that is not finished runs in a process of its own, on the same command line as it would alone. An override for
one stage is written with its name in front: `alpaca run experiment=quickstart train.optimizer.lr=1e-3`.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from alpaca.composition import checked, compose
from alpaca.errors import Stopped, UserError
from alpaca.files import write_text
from alpaca.log import announce, logger
from alpaca.manifest import finished, stage_folder
from alpaca.reporting.page import render, table
from alpaca.stage import function, launch


def run(
    name: str,
    root: Path,
    seed: int,
    stages: list[str],
    experiment: str | None,
    config_dirs: list[str],
    generate: dict[str, Any],
    curate: dict[str, Any],
    train: dict[str, Any],
    evaluate: dict[str, Any],
) -> None:
    """Run what is not finished, then write `report.html` beside the stages' folders.

    `experiment`, `name`, `root` and `seed` are given to every stage that has such a key, and each mapping to its stage.
    Raises UserError before the first stage starts if any configuration is wrong.
    """
    search = config_dirs
    experiment = experiment and experiment.removesuffix("/run")
    given = {"generate": generate, "curate": curate, "train": train, "evaluate": evaluate}
    commands = {
        stage: _overrides(stage, experiment, name, root, seed, given[stage], search) for stage in _known(stages)
    }
    _validate(commands, search, Path(root) / name)
    for number, (stage, overrides) in enumerate(commands.items(), 1):
        config = compose(stage, overrides, search)
        done = finished(stage_folder(Path(config["root"]), config["name"], stage), config)
        if done is not None:
            announce(stage, f"[{number}/{len(commands)}] finished already", done["results"])
        else:
            logger.info("%s: [%d/%d] starts", stage, number, len(commands))
            _start(stage, overrides, search)
    folder = Path(root) / name
    write_text(folder / "report.html", render(folder))
    Console().print(table(folder))
    logger.info("run: the report is %s", folder / "report.html")


def _known(stages: list[str]) -> list[str]:
    known = ("generate", "curate", "train", "evaluate")
    for stage in stages:
        if stage not in known:
            raise UserError(f"stages: there is no stage `{stage}` to run; known are {', '.join(known)}")
    return stages


def _overrides(
    stage: str,
    experiment: str | None,
    name: str,
    root: Path,
    seed: int,
    given: Mapping[str, Any],
    search: list[str],
) -> list[str]:
    chosen = [f"experiment={experiment}"] if experiment else []
    has_seed = "seed" in compose(stage, chosen, search)
    seeded = [f"seed={seed}"] if has_seed else []
    return [*chosen, f"name={_value(name)}", f"root={_value(str(root))}", *seeded, *flattened(given)]


def flattened(given: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield the overrides that a nested mapping means: `{"optimizer": {"lr": 0.1}}` is `optimizer.lr=0.1`."""
    for key, value in given.items():
        if isinstance(value, Mapping):
            yield from flattened(value, f"{path}{key}.")
        else:
            yield f"{path}{key}={_value(value)}"


def _value(value: Any) -> str:
    plain = isinstance(value, str) and re.fullmatch(r"[\w./-]+", value)
    return value if plain else json.dumps(value)


def _validate(commands: Mapping[str, list[str]], search: list[str], folder: Path) -> None:
    """Check every stage's configuration before the first starts; files that an earlier stage makes need not be there."""
    for stage, overrides in commands.items():
        config = compose(stage, overrides, search)
        if finished(stage_folder(Path(config["root"]), config["name"], stage), config) is None:
            checked(function(stage), config, made_later=folder)


def _start(stage: str, overrides: list[str], search: list[str]) -> None:
    """Run a stage in a process that ends with this one."""
    folders = [part for folder in search for part in ("--config-dir", folder)]
    process = subprocess.Popen(
        [sys.executable, "-m", f"alpaca.{stage}", *overrides, *folders], preexec_fn=_end_with_parent
    )
    try:
        code = process.wait()
    except (KeyboardInterrupt, Stopped):
        process.send_signal(signal.SIGTERM)
        process.wait()
        raise
    if code == 3:
        raise Stopped(stage)
    if code:
        sys.exit(code)  # the stage has said why


def _end_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies, so that no orphan works on in the folder."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    launch("run")
