"""A stage in a process of its own, which ends with the one that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from alpaca.errors import Stopped

PR_SET_PDEATHSIG = 1


def run_stage(stage: str, overrides: Sequence[str], config_dirs: Sequence[str]) -> int:
    """Run a stage on a command line and return its exit code; a stop of this process is handed on to it."""
    folders = [part for folder in config_dirs for part in ("--config-dir", folder)]
    command = [sys.executable, "-m", f"alpaca.{stage}", *folders, *overrides]
    process = subprocess.Popen(command, preexec_fn=_end_with_parent)
    try:
        return process.wait()
    except Stopped:
        process.send_signal(signal.SIGTERM)
        process.wait()
        raise


def rank() -> int:
    """Return which of the launched processes this is, counted over all machines; 0 where there is one."""
    return int(os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0")))


def _end_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies, so that no orphan works on in the folder."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
