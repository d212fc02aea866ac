"""The stage with a model behind HTTP: files, bill, stops, and that it goes on."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alpaca.files import sha256
from alpaca.generators.batch import Batch
from alpaca.generators.tally import Progress, Tally
from alpaca.llms.request import Reply
from alpaca.records import Example, read

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    command = [sys.executable, str(Path(__file__).parent / "model_server.py"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        yield f"http://127.0.0.1:{running.stdout.readline().strip()}"
        running.kill()


def behave(address: str, **behaviour: Any) -> None:
    content = json.dumps({"writer": "exercises:write", "honours_keys": True} | behaviour).encode()
    urllib.request.urlopen(urllib.request.Request(f"{address}/reset", content)).read()


def stats(address: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{address}/stats") as response:
        found: dict[str, Any] = json.load(response)
    return found


def command(address: str, *more: str) -> list[str]:
    own = ["generator=self_instruct", "llm=openai", f"llm.base_url={address}/v1", "llm.concurrency=8", "llm.ahead=16"]
    return ["generate", *own, "llm.price.input=0.15", "llm.price.output=0.6", *more]


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "generate" / "manifest.json").read_text("utf-8"))["results"]
    return found


def test_a_run_tells_what_it_expects_and_what_it_took(alpaca: Run, tmp_path: Path, address: str) -> None:
    behave(address)
    done = alpaca(*command(address, "num_examples=100", "budget_usd=1", "with_seeds=true"))
    assert done.returncode == 0, done.stderr
    assert re.search(
        r"expects 9 requests, [\d,]+ tokens of prompts, [\d,]+ of replies \(assumed\), \$0\.0\d", done.stderr
    )
    folder = tmp_path / "outputs" / "default"
    rows, bad = read(folder / "generate" / "raw.jsonl")
    assert len(rows) == 275
    assert not bad
    found = results(folder)
    billed = stats(address)["tokens"]
    assert found["usd"] == pytest.approx((0.15 * billed["input"] + 0.6 * billed["output"]) / 1e6)
    assert found["usd_per_kept"] == pytest.approx(found["usd"] / 100)
    assert found["examples_generated"] == found["examples_kept"] + found["examples_rejected"] == 17 * found["requests"]
    rejected = (folder / "generate" / "rejected.jsonl").read_text("utf-8").splitlines()
    assert len(rejected) == found["examples_rejected"] == sum(found["reasons"].values())
    more = alpaca(*command(address, "num_examples=120", "with_seeds=true"))
    assert more.returncode == 0, more.stderr
    assert read(folder / "generate" / "raw.jsonl")[0][:275] == rows
    assert stats(address)["billed_twice"] == 0


def test_a_budget_stops_it_and_more_goes_on(alpaca: Run, tmp_path: Path, address: str) -> None:
    behave(address)
    whole = alpaca(*command(address, "num_examples=200", "name=whole"))
    assert whole.returncode == 0, whole.stderr
    usd = results(tmp_path / "outputs" / "whole")["usd"]
    behave(address)
    short = alpaca(*command(address, "num_examples=200", "name=short", f"budget_usd={usd * 0.6}"))
    assert short.returncode == 3, short.stderr
    assert "is expected to be enough for about" in short.stderr
    assert re.search(r"\d+ of 200 examples; .* would make do with them", short.stderr)
    assert "the same command goes on" in short.stderr
    more = alpaca(*command(address, "num_examples=200", "name=short", "budget_usd=1"))
    assert more.returncode == 0, more.stderr
    assert stats(address)["billed_twice"] == 0
    files = [tmp_path / "outputs" / name / "generate" / "raw.jsonl" for name in ("whole", "short")]
    assert sha256(files[0]) == sha256(files[1])


def test_ctrl_c_ends_it_with_3_and_what_was_paid_is_stored(alpaca: Run, tmp_path: Path, address: str) -> None:
    behave(address, latency=0.3)
    started = [sys.executable, "-m", "alpaca", *command(address, "num_examples=400")]
    process = subprocess.Popen(started, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and stats(address).get("answered", 0) < 10:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 3, told
    assert "SIGINT" in told
    assert "the same command goes on" in told
    assert "Traceback" not in told
    before = stats(address)["requests"]
    behave(address)
    assert alpaca(*command(address, "num_examples=400")).returncode == 0
    assert before + stats(address)["requests"] <= results(tmp_path / "outputs" / "default")["requests"] + 2


def test_a_model_that_writes_nothing_is_the_users_matter(alpaca: Run, tmp_path: Path, address: str) -> None:
    behave(address, length_share=1.0)
    done = alpaca(*command(address, "num_examples=10", "generator.barren_requests=3", "llm.max_tokens=20"))
    assert done.returncode == 2
    assert "nothing of 3 replies is kept (0% kept, cut 100%)" in done.stderr
    assert not (tmp_path / "outputs" / "default" / "generate").exists()


def test_a_generator_and_its_model_come_together(alpaca: Run, tmp_path: Path) -> None:
    assert "give llm=openai, or llm=fake" in alpaca("generate", "generator=self_instruct").stderr
    assert "asks no language model" in alpaca("generate", "llm=fake").stderr
    assert not list(tmp_path.iterdir())


def test_progress_tells_shares_dollars_speed_and_time_left(caplog: pytest.LogCaptureFixture) -> None:
    clock = iter([0.0, 0.0, 5.0, 20.0])
    tally = Tally()
    progress = Progress(100, tally, lambda: next(clock))
    batch = Batch([Example("a", "", "b")] * 4, [{"reason": "duplicate"}], Reply("", "", "stop", "m", 10, 500, 0.5))
    for _ in range(2):
        tally.add(batch)
        progress.update(tally.usd)
    assert progress.line(1.0) == "80% kept, duplicate 20%; $1.00 of about $12.50; 50 tok/s; 0:03:50 left"
    assert tally.results(1.0)["usd_per_rejected"] == pytest.approx(0.1)


@pytest.mark.slow
def test_killed_at_random_moments_the_files_are_the_same(alpaca: Run, tmp_path: Path, address: str) -> None:
    behave(address, latency=0.1)
    arguments = command(address, "num_examples=1500")
    start = time.monotonic()
    assert alpaca(*arguments, "name=whole").returncode == 0
    length = time.monotonic() - start
    behave(address, latency=0.1, failed=0.05, truncated=0.02, reset=0.01)
    rng = random.Random(0)
    killed = 0
    while killed < 20:
        process = subprocess.Popen(
            [sys.executable, "-m", "alpaca", *arguments, "name=killed"], cwd=tmp_path, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(rng.uniform(0.2, 0.6) * length)
            break
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
        if killed % 4 == 0:  # or it would be done too soon
            behave(address, latency=0.1 + 0.1 * killed, failed=0.05, seed=killed)
    last = alpaca(*arguments, "name=killed")
    assert last.returncode == 0, last.stderr
    assert killed >= 10
    assert stats(address)["billed_twice"] == 0
    for file in ("raw.jsonl", "rejected.jsonl"):
        assert sha256(tmp_path / "outputs/killed/generate" / file) == sha256(tmp_path / "outputs/whole/generate" / file)
