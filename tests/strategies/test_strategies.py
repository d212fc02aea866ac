"""Two ranks on processors: the same steps under every strategy, and checkpoints that go from one to another."""

from __future__ import annotations

import csv
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

ROOT = Path(__file__).parent.parent.parent
RECIPE = [
    "datamodule.global_batch_size=16",
    "epochs=2",
    "trainer.threads=1",
    "model.hidden_size=32",
    "model.head_dim=16",
    "model.num_attention_heads=2",
    "callbacks.checkpoint.every_n_steps=4",
]
RANKS = "trainer.devices=2"
Train = Callable[..., "subprocess.CompletedProcess[str]"]


def command(data: Path, *overrides: str) -> list[str]:
    return [sys.executable, "-m", "alpaca.train", f"data={data}", *RECIPE, *overrides]


@pytest.fixture
def train(tasks_file: Path, tmp_path: Path) -> Train:
    def run(*overrides: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command(tasks_file, *overrides), cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False
        )
        assert done.returncode == 0, done.stderr
        return done

    return run


def stopped_at_first_checkpoint(data: Path, folder: Path, *overrides: str) -> str:
    """Start a training, ask it to stop when there is a checkpoint, and return what it said."""
    process = subprocess.Popen(command(data, *overrides), cwd=folder, stderr=subprocess.PIPE, text=True)
    checkpoints = folder / "outputs" / "default" / "train" / "checkpoints"
    while process.poll() is None and not list(checkpoints.glob("step-*")):
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 3, told
    return told


def losses(folder: Path, name: str = "default") -> list[float]:
    with (folder / "outputs" / name / "train" / "metrics.csv").open(encoding="utf-8") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


def test_every_strategy_computes_the_step_of_one_example_at_a_time() -> None:
    """The certificate's table in short: each strategy and layout, full and low-rank, with two ranks."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.certificate", "--few"],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "30 cases, 0 off" in done.stdout


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (["strategy=fsdp", RANKS], ["strategy=single"]),
        pytest.param(["strategy=single"], ["strategy=deepspeed_zero3", RANKS], marks=pytest.mark.slow),
    ],
)
def test_a_checkpoint_continues_under_another_strategy_and_number_of_ranks(
    tasks_file: Path, tmp_path: Path, train: Train, first: list[str], then: list[str]
) -> None:
    train("strategy=single", "name=whole")
    told = stopped_at_first_checkpoint(tasks_file, tmp_path, *first)
    assert "the same command goes on" in told
    assert "Traceback" not in told
    train(*then)
    assert losses(tmp_path) == pytest.approx(losses(tmp_path, "whole"), rel=1e-5)
    assert not (tmp_path / "outputs" / "default" / "train.previous").exists()


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "deepspeed_zero2", "deepspeed_zero3_offload"])
def test_the_other_strategies_too(tasks_file: Path, tmp_path: Path, train: Train, strategy: str) -> None:
    train("strategy=single", "name=whole")
    stopped_at_first_checkpoint(tasks_file, tmp_path, f"strategy={strategy}", RANKS)
    train(f"strategy={strategy}", RANKS)
    assert losses(tmp_path) == pytest.approx(losses(tmp_path, "whole"), rel=1e-5)


def test_a_rank_that_is_killed_ends_the_run_with_a_line(tasks_file: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(tasks_file, "strategy=ddp", RANKS, "epochs=200"), cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    checkpoints = tmp_path / "outputs" / "default" / "train" / "checkpoints"
    while process.poll() is None and not list(checkpoints.glob("step-*")):
        time.sleep(0.02)
    ranks = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True).stdout
    os.kill(int(ranks.split()[-1]), signal.SIGKILL)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "rank 1 was ended by SIGKILL" in told
    assert "Traceback" not in told
    assert list(checkpoints.glob("step-*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "hardware", [["strategy=single"], ["strategy=fsdp", RANKS], ["strategy=deepspeed_zero3", RANKS]]
)
def test_killed_at_random_moments_a_run_ends_in_the_same_bits(
    tasks_file: Path, tmp_path: Path, train: Train, hardware: list[str]
) -> None:
    began = time.monotonic()
    train(*hardware, "name=whole", "epochs=6")
    length = time.monotonic() - began
    rng, kills = random.Random(0), 0
    while kills < 17:
        process = subprocess.Popen(
            command(tasks_file, *hardware, "epochs=6"),
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(rng.uniform(0.3, 0.95) * length)
            break  # it is done
        except subprocess.TimeoutExpired:
            process.kill()  # the process alone: its ranks must not live on
            process.wait()
            kills += 1
    train(*hardware, "epochs=6")
    assert kills > 2
    for made in ("model", "base"):
        whole, killed = (tmp_path / "outputs" / name / "train" / made for name in ("whole", "default"))
        assert sha256(whole) == sha256(killed)
    assert losses(tmp_path) == losses(tmp_path, "whole")
