"""Go through the stages of one experiment in order: `alpaca run experiment=quickstart`.

Each stage that is not finished runs in a process of its own, on the same command line as it would alone. An override for
one stage is written with its name in front: `alpaca run experiment=quickstart train.optimizer.lr=1e-3`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import MinLen
from rich.console import Console

from alpaca.arguments import in_full, quoted
from alpaca.composition import checked, compose
from alpaca.errors import Stopped, UserError
from alpaca.files import write_text
from alpaca.log import announce, logger
from alpaca.manifest import finished, stage_folder
from alpaca.processes import run_stage
from alpaca.reporting.page import render, table
from alpaca.schema import Seed, locate
from alpaca.stage import function, launch


def run(
    name: str,
    root: Path,
    seed: Seed,
    stages: Annotated[list[Literal["generate", "curate", "train", "evaluate"]], MinLen(1)],
    experiment: str | None,
    config_dirs: list[str],
    overrides: dict[str, dict[str, str]],
) -> None:
    """Run what is not finished, then write `report.html` beside the stages' folders.

    `experiment`, `name`, `root` and `seed` are given to every stage that has such a key, and `overrides` to the one they are for.
    Raises UserError before the first stage starts if any configuration is wrong.
    """
    search = config_dirs
    experiment = experiment and experiment.removesuffix("/run")
    commands: dict[str, list[str]] = {
        stage: [*_common(stage, experiment, name, root, seed, search), *overrides.get(stage, {}).values()]
        for stage in stages
    }
    _validate(commands, search)
    for number, (stage, command) in enumerate(commands.items(), 1):
        config = compose(stage, command, search)
        done = finished(stage_folder(Path(config["root"]), config["name"], stage), config)
        if done is not None:
            announce(stage, f"[{number}/{len(commands)}] finished already", done["results"])
        else:
            logger.info("%s: [%d/%d] starts", stage, number, len(commands))
            _start(stage, command, search)
    folder = Path(root) / name
    write_text(folder / "report.html", render(folder))
    Console().print(table(folder))
    logger.info("run: the report is %s", folder / "report.html")


def _common(stage: str, experiment: str | None, name: str, root: Path, seed: int, search: list[str]) -> Iterator[str]:
    """Yield the overrides that every stage is given, the seed only where it has one."""
    chosen = in_full(stage, [f"experiment={experiment}"], search, strict=False) if experiment else []
    yield from chosen
    yield f"name={quoted(name)}"
    yield f"root={quoted(str(root))}"
    if "seed" in compose(stage, chosen, search):
        yield f"seed={seed}"


def _validate(commands: Mapping[str, list[str]], search: list[str]) -> None:
    """Check every stage's configuration before the first starts; files that an earlier one makes need not be there."""
    made: list[Path] = []
    unmade = Path()
    for stage, command in commands.items():
        config = compose(stage, command, search)
        folder = stage_folder(Path(config["root"]), config["name"], stage)
        if stage == "generate" and not (config["num_held_out"] and _computes(config["generator"])):
            unmade = folder / "held_out.jsonl"
        if stage == "evaluate" and config["data"] == str(unmade):
            raise UserError(
                "evaluate: nothing is held out to evaluate with (a generator that computes answers does it, with num_held_out "
                "above 0); choose other tasks: evaluate.tasks=bundled or evaluate.tasks=user_oriented"
            )
        if finished(folder, config) is None:
            checked(function(stage), config, made_later=made)
        made.append(folder)


def _computes(generator: Mapping[str, Any]) -> bool:
    return not getattr(locate(generator["_target_"]), "asks_llm", False)


def _start(stage: str, command: list[str], search: list[str]) -> None:
    code = run_stage(stage, command, search)
    if code == 3:
        raise Stopped(stage)
    if code:
        sys.exit(code)  # the stage has said why


if __name__ == "__main__":
    launch("run")
