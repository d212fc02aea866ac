"""A sweep: jobs that Hydra composes, all of them checked first, each then run in a process of its own under its own name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from alpaca.errors import Stopped, UserError
from alpaca.processes import run_stage

LONGEST_LABEL: Final = 100  # of a job's name, in characters


class Job(NamedTuple):
    """`label` tells its overrides, and is the last part of its run's name; `folders` are those of --config-dir."""

    label: str
    overrides: list[str]
    folders: list[str]


def job_of(config: DictConfig) -> Job:
    """Return the job that Hydra has just composed."""
    job = HydraConfig.get()
    label = re.sub(r"[^\w.-]+", "-", job.job.override_dirname)
    if len(label) > LONGEST_LABEL:
        label = f"{label[:LONGEST_LABEL]}-{hashlib.sha256(label.encode()).hexdigest()[:8]}"
    overrides = [text for text in job.overrides.task if not text.startswith(("name=", "config_dirs="))]
    folders = [source.path for source in job.runtime.config_sources if source.provider == "command-line"]
    return Job(label, [*overrides, f"name='{config.name}/{label}'"], folders)


def sweep(stage: str, jobs: Sequence[Job]) -> None:
    """Run the jobs one after the other, those behind a wrong one too.

    Raises Stopped where one was stopped, and in the end UserError where some did not come to theirs.
    """
    failed: list[str] = []
    for number, job in enumerate(jobs):
        code = run_stage(stage, job.overrides, job.folders)
        if code == 3:
            raise Stopped(f"job {number} of the sweep")
        if code:
            failed.append(f"job {number} ({job.label}) ended with exit code {code}")
    if failed:
        raise UserError(f"{len(failed)} of the {len(jobs)} jobs of the sweep failed: {'; '.join(failed)}")
