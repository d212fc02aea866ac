"""A stage in processes of its own, which end with the one that started them."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from alpaca.errors import Stopped

PR_SET_PDEATHSIG = 1
SECONDS_BETWEEN_LOOKS = 0.1  # at a file that another process is to make
SECONDS_TO_STOP = 300  # a rank that is asked to stop ends its step and saves


def rank() -> int:
    """Return this process's place among those that train together, of whoever started them; 0 for one alone."""
    names = ("RANK", "SLURM_PROCID", "LOCAL_RANK")
    return next((int(os.environ[name]) for name in names if name in os.environ), 0)


def is_rank() -> bool:
    """Tell whether this process is one of several: started by `run_ranks`, torchrun or srun."""
    return "LOCAL_RANK" in os.environ or (int(os.environ.get("SLURM_NTASKS", 1)) > 1 and "SLURM_PROCID" in os.environ)


def run_stage(stage: str, overrides: Sequence[str], config_dirs: Sequence[str]) -> int:
    """Run a stage on a command line and return its exit code; a stop of this process is handed on to it."""
    folders = [part for folder in config_dirs for part in ("--config-dir", folder)]
    process = _start(stage, [*folders, *overrides], os.environ)
    try:
        return process.wait()
    except Stopped:
        process.send_signal(signal.SIGTERM)
        process.wait()
        raise


def run_ranks(stage: str, arguments: Sequence[str], count: int, nodes: int) -> int:
    """Run a stage in `count` processes, one a device, and return the exit code of the first that fails, or 0.

    When one ends early the others are ended too. Raises Stopped where one was killed.
    """
    port = os.environ.get("MASTER_PORT") or str(free_port())
    node = int(os.environ.get("NODE_RANK", 0))
    shared = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
    shared |= {"MASTER_ADDR": os.environ.get("MASTER_ADDR", "127.0.0.1"), "MASTER_PORT": port}
    shared |= {"WORLD_SIZE": str(count * nodes), "NODE_RANK": str(node)}
    ranks = [
        _start(stage, arguments, shared | {"LOCAL_RANK": str(local), "RANK": str(node * count + local)})
        for local in range(count)
    ]
    try:
        code = _first_failure(ranks)
    except Stopped:
        for process in ranks:
            process.send_signal(signal.SIGTERM)
        _await(ranks, SECONDS_TO_STOP)
        raise
    finally:
        for process in ranks:
            process.kill()
    if code < 0:
        number = next(number for number, process in enumerate(ranks) if process.returncode == code)
        raise Stopped(f"rank {number} was ended by {signal.Signals(-code).name}")
    return code


def _first_failure(ranks: Sequence[subprocess.Popen[bytes]]) -> int:
    """Wait until all are done (0) or one has failed (its exit code)."""
    while True:
        codes = [process.poll() for process in ranks]
        failed = [code for code in codes if code]
        if failed or all(code == 0 for code in codes):
            return failed[0] if failed else 0
        time.sleep(0.05)


def _await(ranks: Sequence[subprocess.Popen[bytes]], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and any(process.poll() is None for process in ranks):
        time.sleep(0.05)


def _start(stage: str, arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"alpaca.{stage}", *arguments]
    return subprocess.Popen(command, preexec_fn=end_with_parent, env=environment)


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def end_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies, so that no orphan works on in the folder."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
