"""The whole pipeline, small enough for the default suite; killed and sized as users have it, in the slow one."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from alpaca.files import sha256
from alpaca.stage import prefixed

Run = Callable[..., "subprocess.CompletedProcess[str]"]
STAGES = ("generate", "curate", "train", "evaluate")
SMALL = [
    "experiment=quickstart",
    "generate.num_examples=400",
    "generate.num_held_out=23",
    "train.epochs=2",
    "train.callbacks.checkpoint.every_n_steps=10",
    "evaluate.candidate.max_new_tokens=8",
    "evaluate.reference.max_new_tokens=8",
]


def finishing_times(folder: Path) -> dict[str, int]:
    return {stage: (folder / stage / "manifest.json").stat().st_mtime_ns for stage in STAGES}


def results(folder: Path) -> dict[str, object]:
    """Return what must be the same however often a run is killed."""
    measured = {"tokens_per_second"}
    made = {s: json.loads((folder / s / "manifest.json").read_text("utf-8"))["results"] for s in STAGES}
    numbers = {stage: {k: v for k, v in made[stage].items() if k not in measured} for stage in STAGES}
    files = ("curate/alpaca_data.json", "train/model", "train/base", "evaluate/answers.jsonl", "evaluate/win_rate.json")
    return numbers | {file: sha256(folder / file) for file in files}


@pytest.mark.parametrize(
    ("typed", "handed_on"),
    [
        ("train.optimizer.lr=1e-3", ["++overrides.train.optimizer_lr='optimizer.lr=1e-3'"]),
        ("train.seed=1,2", ["++overrides.train.seed='seed=1','seed=2'"]),
        ("+train.optimizer.amsgrad=true", ["++overrides.train.optimizer_amsgrad='+optimizer.amsgrad=true'"]),
        ("~curate.filters.length", ["++overrides.curate.filters_length='~filters.length'"]),
        ("curate.data='a b.json'", [r"++overrides.curate.data='data=\'a b.json\''"]),
        ("seed=1", ["seed=1"]),
    ],
)
def test_an_override_for_one_stage_is_handed_on(typed: str, handed_on: list[str]) -> None:
    assert prefixed([typed]) == handed_on


def own(tmp_path: Path, **files: str) -> list[str]:
    """Write an experiment with a file a stage; return how it is chosen."""
    for stage, content in files.items():
        file = tmp_path / "mine" / "experiment" / "small" / f"{stage}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# @package _global_\n{content}\n", "utf-8")
    return ["--config-dir", "mine", "experiment=small"]


def test_an_experiment_has_files_for_the_stages_that_differ(alpaca: Run, tmp_path: Path) -> None:
    chosen = own(tmp_path, run="name: small", generate="num_examples: 30\nnum_held_out: 0")
    done = alpaca("run", *chosen, "stages=[generate,curate]")
    assert done.returncode == 0, done.stderr
    made = json.loads((tmp_path / "outputs" / "small" / "generate" / "manifest.json").read_text("utf-8"))
    assert made["config"]["num_examples"] == 30
    assert (tmp_path / "outputs" / "small" / "report.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("stages=[train,curate]", "there is no file or folder outputs/default/curate/alpaca_data.json"),
        ("stages=[generate,train]", "there is no file or folder outputs/default/curate/alpaca_data.json"),
        ("num_examples=30", "`num_examples` is a stage's: write generate.num_examples=..."),
        ("generate.num_held_out=0", "choose other tasks: evaluate.tasks=bundled"),
        ("generate.generator=self_instruct generate.llm=fake", "choose other tasks: evaluate.tasks=bundled"),
    ],
)
def test_what_no_stage_will_make_is_missed_before_the_first(
    alpaca: Run, tmp_path: Path, arguments: str, line: str
) -> None:
    refused = alpaca("run", *arguments.split())
    assert refused.returncode == 2
    assert line in refused.stderr
    assert not (tmp_path / "outputs").exists()


def test_a_stage_understands_its_overrides_as_on_its_own_command_line(alpaca: Run, tmp_path: Path) -> None:
    data = tmp_path / "données d'été.jsonl"
    data.write_text('{"instruction": "Name a bright colour", "output": "red"}\n' * 2, "utf-8")
    given = ["curate.dedup=none", f'curate.data="{data.name}"', "~curate.filters.length"]
    done = alpaca("run", "stages=[curate]", *given)
    assert done.returncode == 0, done.stderr
    config = json.loads((tmp_path / "outputs" / "default" / "curate" / "manifest.json").read_text("utf-8"))["config"]
    assert config["dedup"] == {"_target_": "alpaca.curation.rouge.Everything"}
    assert config["data"] == data.name
    assert "length" not in config["filters"]
    assert "keywords" in config["filters"]


def test_a_run_ends_in_a_report_and_passes_over_what_is_finished(alpaca: Run, tmp_path: Path) -> None:
    first = alpaca("run", *SMALL)
    assert first.returncode == 0, first.stderr
    folder = tmp_path / "outputs" / "quickstart"
    assert "exact match" in first.stdout
    assert (folder / "report.html").read_text("utf-8").startswith("<!doctype html>")
    times = finishing_times(folder)

    again = alpaca("run", *SMALL)
    assert again.stderr.count("finished already") == 4
    assert finishing_times(folder) == times

    reseeded = alpaca("run", *SMALL, "train.seed=1")
    assert reseeded.returncode == 0, reseeded.stderr
    new = finishing_times(folder)
    assert {stage for stage in STAGES if new[stage] != times[stage]} == {"train", "evaluate"}


def test_a_wrong_key_for_the_last_stage_is_told_before_the_first_starts(alpaca: Run, tmp_path: Path) -> None:
    done = alpaca("run", *SMALL, "evaluate.candidate.max_tokens=8")
    assert done.returncode == 2
    assert "did you mean `max_new_tokens`?" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_killed_at_random_moments_a_run_ends_the_same(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "alpaca.run", *SMALL]
    started = time.monotonic()
    subprocess.run([*command, "name=whole"], cwd=tmp_path, check=True, capture_output=True)
    length = time.monotonic() - started
    rng = random.Random(0)
    for _ in range(10):
        process = subprocess.Popen(
            [*command, "name=killed"],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(rng.uniform(0.05, 0.6) * length)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)  # the process alone: its child must not live on
            process.wait()
    subprocess.run([*command, "name=killed"], cwd=tmp_path, check=True, capture_output=True)
    assert results(tmp_path / "outputs" / "killed") == results(tmp_path / "outputs" / "whole")


def test_sigterm_ends_with_exit_code_3_and_the_run_goes_on(alpaca: Run, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "alpaca.run", *SMALL, "train.epochs=50"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    checkpoints = tmp_path / "outputs" / "quickstart" / "train" / "checkpoints"
    while process.poll() is None and not list(checkpoints.glob("step-*")):
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 3, told
    assert "the same command goes on" in told
    assert "Traceback" not in told
