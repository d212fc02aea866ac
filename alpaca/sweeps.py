"""A sweep: jobs that Hydra composes, all of them checked first, each then run in a process of its own under its own name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from alpaca.errors import Stopped, UserError
from alpaca.processes import run_stage

LONGEST_LABEL: Final = 100  # of a job's name, in characters


class Job(NamedTuple):
    """A command line: `overrides` without the name, which gets a part of its own; `folders` are those of --config-dir."""

    overrides: list[str]
    root: Path
    name: str
    folders: list[str]


def job_of(config: DictConfig) -> Job:
    """Return the job that Hydra has just composed."""
    job = HydraConfig.get()
    folders = [source.path for source in job.runtime.config_sources if source.provider == "command-line"]
    overrides = [text for text in job.overrides.task if not text.startswith(("name=", "config_dirs="))]
    return Job(overrides, Path(str(config.root)), str(config.name), folders)


def labels(jobs: Sequence[Job]) -> list[str]:
    """Name each job after its overrides, those first in which it differs from others; a long name ends in a hash."""
    shared = {text for text in jobs[0].overrides if all(text in job.overrides for job in jobs)}
    made = []
    for job in jobs:
        told = sorted((text for text in job.overrides if not text.startswith("root=")), key=lambda text: text in shared)
        label = re.sub(r"[^\w.-]+", "-", ",".join(map(_typed, told)))
        if len(label) > LONGEST_LABEL:
            label = f"{label[:LONGEST_LABEL]}-{hashlib.sha256(label.encode()).hexdigest()[:8]}"
        made.append(label)
    return made


def _typed(override: str) -> str:
    """Return an override as it was typed, one for a stage of `run` too."""
    handed_on = re.fullmatch(r"\+\+overrides\.(\w+)\.\w+='?[+~]*(.*?)'?", override, re.DOTALL)
    return f"{handed_on[1]}.{handed_on[2]}" if handed_on else override.lstrip("+~")


def sweep(stage: str, jobs: Sequence[Job]) -> None:
    """Run the jobs one after the other, those behind a wrong one too, and show what came out of each.

    Raises Stopped where one was stopped, and in the end UserError where some did not come to theirs.
    """
    from rich.console import Console

    from alpaca.reporting.page import compared

    failed: list[str] = []
    named = list(zip(labels(jobs), jobs, strict=True))
    for number, (label, job) in enumerate(named):
        code = run_stage(stage, [*job.overrides, f"name='{job.name}/{label}'"], job.folders)
        if code == 3:
            raise Stopped(f"job {number} of the sweep")
        if code:
            failed.append(f"job {number} ({label}) ended with exit code {code}")
    Console().print(compared({label: job.root / job.name / label for label, job in named}))
    if failed:
        raise UserError(f"{len(failed)} of the {len(jobs)} jobs of the sweep failed: {'; '.join(failed)}")
