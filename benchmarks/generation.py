"""Race clients that send many prompts to one server: `python -m benchmarks.generation --peers FOLDER`.

FOLDER has a virtual environment for each peer, of its name; a peer without one is left out. All in one run against the same
local server, in turn: without faults, with a mix of faults, and killed half-way and started again. Prompts are those of
`generator=self_instruct`, and each reply has 17 tasks. Two clocks run: the client's, from the call with the prompts to the
replies in hand (imports do not count), and the server's, from the first prompt to the last reply. The server also tells what
it would bill.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alpaca.prompts.self_instruct import as_text, brief
from alpaca.seeds.tasks import Bundled
from benchmarks.clients import CLIENTS

ROOT = Path(__file__).parent.parent
FAULTS = {"refused": 0.05, "failed": 0.05, "truncated": 0.02, "reset": 0.01, "retry_after": 1}
RECOVERS = ("ours", "curator", "distilabel", "datatrove")  # from faults and kills
LONGEST = 150  # seconds for one run
SHORT = "Write twenty tasks. " * 20  # a prompt of 400 characters, answered with 10 to 40 words


class Server:
    def __init__(self, short: bool = False) -> None:
        self.short = short
        command = [sys.executable, str(ROOT / "tests" / "model_server.py"), "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"

    def behave(self, **behaviour: Any) -> None:
        about = {"timed": SHORT} if self.short else {"timed": brief(None), "writer": "model_server:from_stock"}
        content = json.dumps(about | behaviour).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/reset", content)).read()

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/stats") as response:
            stats: dict[str, Any] = json.load(response)
        return stats


@dataclass
class Race:
    server: Server
    peers: Path
    folder: Path
    count: int
    concurrency: int

    short: bool = False

    def __post_init__(self) -> None:
        texts = [f"{number}. {SHORT}" for number in range(self.count)] if self.short else prompts(self.count)
        self.prompts.write_text(json.dumps(texts))

    @property
    def prompts(self) -> Path:
        return self.folder / "prompts.json"

    def start(self, name: str) -> subprocess.Popen[bytes]:
        python = self.peers / name / "bin" / "python"
        return subprocess.Popen(
            [
                *(python if python.is_file() else sys.executable, str(ROOT / "benchmarks" / "clients.py")),
                *(name, f"{self.server.url}/v1", self.prompts, str(self.concurrency), self.folder / name),
            ],
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / f"{name}.log").open("ab"),
            env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )

    def finish(self, name: str, running: subprocess.Popen[bytes], begun: float) -> str:
        """Wait for a client, and tell how it ended: how many replies it has, or that it has none."""
        try:
            running.wait(max(1, LONGEST - (time.monotonic() - begun)))
        except subprocess.TimeoutExpired:
            kill(running)
            return "hangs"
        try:
            replies = json.loads((self.folder / name / "replies.json").read_text())["texts"]
        except OSError:
            return "aborts"
        whole = sum(map(bool, replies))
        return "complete" if whole == self.count else f"{whole} of {self.count}"

    def run(self, name: str, **behaviour: Any) -> tuple[float, float, str]:
        """Return the client's seconds (the server's where it has none), the server's, and how it ended."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        self.server.behave(**behaviour)
        ended = self.finish(name, self.start(name), time.monotonic())
        seconds = self.server.stats()["seconds"]
        try:
            return json.loads((self.folder / name / "replies.json").read_text())["seconds"], seconds, ended
        except OSError:
            return seconds, seconds, ended

    def killed(self, name: str, **behaviour: Any) -> tuple[int, str]:
        """Kill a client half-way and start it again; return how many replies were billed twice, and how it ended."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        self.server.behave(**behaviour)
        begun, running = time.monotonic(), self.start(name)
        while self.server.stats().get("answered", 0) < self.count / 2 and running.poll() is None:
            time.sleep(0.02)
        kill(running)
        ended = self.finish(name, self.start(name), begun)
        return self.server.stats()["billed_twice"], ended


def prompts(count: int) -> list[str]:
    """Return the prompts of a generation from the project's own seeds: 3 of 20 tasks are given."""
    seeds = Bundled().read()
    return [as_text(brief(None), random.Random(number).sample(seeds, 3), 20) for number in range(count)]


def kill(running: subprocess.Popen[bytes]) -> None:
    """Kill a client and all that it has started."""
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()


def main() -> None:
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        sizes = (options.count, options.concurrency, options.short)
        race = Race(Server(options.short), options.peers, Path(folder), *sizes)
        there = [name for name in CLIENTS if name not in RECOVERS[1:] or (options.peers / name).is_dir()]
        names = [name for name in there if not options.only or name in options.only]
        try:
            table(race, names, options)
        finally:
            race.server.process.kill()
            if options.logs:
                shutil.copytree(folder, options.logs, dirs_exist_ok=True)


def table(race: Race, names: list[str], options: argparse.Namespace) -> None:
    """Print a line for each client as it is done."""
    print(
        f"{race.count} prompts, {options.latency * 1000:g} ms, {race.concurrency} in flight; load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'client':<12}{'no faults':>28}{'faults':>28}{'billed twice after kill -9':>28}")
    calm: dict[str, list[tuple[float, float, str]]] = {name: [] for name in names}
    for _ in range(options.turns):
        for name in names:
            calm[name].append(race.run(name, latency=options.latency))
    seconds = {name: sorted(runs)[len(runs) // 2] for name, runs in calm.items()}
    for name in names:
        cells = ["{:.2f} s ({:.2f}) {}".format(*seconds[name])]
        if name in RECOVERS and not options.calm:
            faulty = race.run(name, latency=options.latency, **FAULTS)
            twice, again = race.killed(name, latency=options.latency)
            cells += ["{:.1f} s ({:.1f}) {}".format(*faulty), f"{twice}, {again}"]
        print(f"{name:<12}" + "".join(f"{cell:>28}" for cell in cells), flush=True)
    for name in names:
        if "ours" in seconds and name != "ours":
            calls, server = (seconds[name][clock] / seconds["ours"][clock] for clock in (0, 1))
            print(f"ours has {calls:.2f} times the replies a second of {name} ({server:.2f} by the server's clock)")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, default=Path("peers"), help="folder of virtual environments")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--latency", type=float, default=0.1, help="seconds")
    parser.add_argument("--turns", type=int, default=5, help="of all clients; the median counts")
    parser.add_argument("--short", action="store_true", help="short prompts and replies instead of generation's")
    parser.add_argument("--calm", action="store_true", help="without faults and kills")
    parser.add_argument("--only", nargs="*", choices=list(CLIENTS))
    parser.add_argument("--logs", type=Path, help="where to leave what clients wrote")
    return parser.parse_args()


if __name__ == "__main__":
    main()
