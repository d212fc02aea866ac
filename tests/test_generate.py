"""The stage with a model behind HTTP: files, bill, stops, and that it goes on."""

from __future__ import annotations

import json
import logging
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

from alpaca.composition import checked, compose, instantiated
from alpaca.errors import Stopped, UserError
from alpaca.files import sha256
from alpaca.generate import _write
from alpaca.generators.batch import Batch
from alpaca.generators.tally import Speed, Tally
from alpaca.llms.request import Reply
from alpaca.manifest import Outcome
from alpaca.records import Example, read
from alpaca.stage import function

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


def overrides(address: str, *more: str) -> list[str]:
    own = ["generator=self_instruct", "llm=openai", f"llm.base_url={address}/v1", "llm.concurrency=8", "llm.ahead=16"]
    return [*own, "llm.price.input=0.15", "llm.price.output=0.6", *more]


def command(address: str, *more: str) -> list[str]:
    return ["generate", *overrides(address, *more)]


def run(root: Path, *given: str) -> dict[str, Any]:
    """Run the stage in this process, under the name `mine`, and return its results."""
    config = compose("generate", [*given, f"root={root}", "name=mine"])
    outcome: Outcome = function("generate")(**instantiated(checked(function("generate"), config).values))
    return outcome.results


def test_a_run_tells_what_it_expects_and_what_it_took(
    tmp_path: Path, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "alpaca")
    behave(address)
    found = run(tmp_path, *overrides(address, "num_examples=100", "budget_usd=1", "with_seeds=true"))
    told = r"expects 9 requests, [\d,]+ tokens of prompts, [\d,]+ of replies \(assumed\), \$0\.0\d \(at \$0\.15 and \$0\.60 a million tokens\)"
    assert re.search(told, caplog.text), caplog.text
    assert "writes no held_out.jsonl; num_held_out is for" in caplog.text
    folder = tmp_path / "mine" / "generate"
    rows, bad = read(folder / "raw.jsonl")
    assert len(rows) == 275
    assert not bad
    billed = stats(address)["tokens"]
    assert found["usd"] == pytest.approx((0.15 * billed["input"] + 0.6 * billed["output"]) / 1e6)
    assert found["prompt_tokens_paid"] == billed["input"] >= found["prompt_tokens"]
    assert found["completion_tokens_paid"] == billed["output"] >= found["completion_tokens"]
    assert found["requests_paid"] == stats(address)["billed"] >= found["requests"]
    assert found["usd_per_kept"] == pytest.approx(found["usd"] / 100)
    assert found["examples_generated"] == found["examples_kept"] + found["examples_rejected"] == 17 * found["requests"]
    rejected = (folder / "rejected.jsonl").read_text("utf-8").splitlines()
    assert len(rejected) == found["examples_rejected"] == sum(found["reasons"].values())
    run(tmp_path, *overrides(address, "num_examples=120", "with_seeds=true"))
    assert read(folder / "raw.jsonl")[0][:275] == rows
    assert stats(address)["billed_twice"] == 0


def test_a_budget_stops_it_and_more_goes_on(tmp_path: Path, address: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "alpaca")
    behave(address)
    usd = run(tmp_path / "whole", *overrides(address, "num_examples=200"))["usd"]
    behave(address)
    with pytest.raises(Stopped, match="of the budget are spent") as stop:
        run(tmp_path / "short", *overrides(address, "num_examples=200", f"budget_usd={usd * 0.6}"))
    assert stop.value.needs == "with a larger budget_usd"
    assert "is expected to be enough for about" in caplog.text
    assert re.search(r"\d+ of 200 examples; .* ends with those that are there", caplog.text)
    run(tmp_path / "short", *overrides(address, "num_examples=200", "budget_usd=1"))
    assert stats(address)["billed_twice"] == 0
    whole, short = (tmp_path / name / "mine" / "generate" / "raw.jsonl" for name in ("whole", "short"))
    assert sha256(whole) == sha256(short)


def test_ctrl_c_ends_it_with_3_and_what_was_paid_is_stored(tmp_path: Path, address: str) -> None:
    behave(address, latency=0.3)
    started = [sys.executable, "-m", "alpaca", *command(address, "num_examples=400", "root=.", "name=mine")]
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
    found = run(tmp_path, *overrides(address, "num_examples=400"))
    assert before + stats(address)["requests"] == found["requests_paid"]


class Stopping(Example):
    """An example at whose writing a signal comes."""

    def row(self) -> dict[str, Any]:
        raise Stopped("SIGTERM")


def test_a_signal_between_replies_closes_the_door_to_the_model_too(tmp_path: Path) -> None:
    closed: list[bool] = []

    def batches() -> Iterator[Batch]:
        try:
            yield Batch([Stopping("a", "", "b")])
        finally:
            closed.append(True)

    written = batches()
    with pytest.raises(Stopped):
        _write(written, 1, [], tmp_path, None)
    assert closed
    assert not list(tmp_path.iterdir())


def test_a_model_that_writes_nothing_is_the_users_matter(tmp_path: Path, address: str) -> None:
    behave(address, length_share=1.0)
    with pytest.raises(
        UserError, match=r"nothing of 3 replies is kept \(0% kept, cut 100%\); raise llm.max_tokens .*, which is 20"
    ):
        run(tmp_path, *overrides(address, "num_examples=10", "generator.barren_requests=3", "llm.max_tokens=20"))
    assert not (tmp_path / "mine" / "generate" / "raw.jsonl").exists()


def test_a_generator_and_its_model_come_together(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="give llm=openai, or llm=fake"):
        run(tmp_path, "generator=self_instruct")
    with pytest.raises(UserError, match="asks no language model"):
        run(tmp_path, "llm=fake")
    assert not list(tmp_path.iterdir())


def test_progress_tells_shares_dollars_speed_and_time_left(caplog: pytest.LogCaptureFixture) -> None:
    clock = iter([0.0, 0.0, 5.0, 5.0, 20.0, 20.0])
    tally = Tally()
    speed = Speed(100, tally, lambda: next(clock))
    batch = Batch([Example("a", "", "b")] * 4, [{"reason": "duplicate"}], Reply("", "", "stop", "m", 10, 500, 0.5))
    for _ in range(2):
        tally.add(batch)
        speed.update(tally.usd)
    assert speed.line(1.0) == "80% kept, duplicate 20%; $1.00 of about $12.50; 50 tok/s; 0:03:50 left"
    assert tally.results(1.0, {})["usd_per_rejected"] == pytest.approx(0.1)


@pytest.mark.slow
def test_killed_twenty_times_the_files_are_the_same(alpaca: Run, tmp_path: Path, address: str) -> None:
    """Each kill comes a random time after one to three more replies, so that some replies are in flight."""
    arguments = command(address, "num_examples=1500")
    behave(address)
    assert alpaca(*arguments, "name=whole").returncode == 0
    behave(address, latency=0.1, failed=0.05, truncated=0.02, reset=0.01)
    rng = random.Random(0)
    started = [sys.executable, "-m", "alpaca", *arguments, "name=killed"]
    for _ in range(20):
        enough = stats(address).get("answered", 0) + rng.randint(1, 3)
        process = subprocess.Popen(started, cwd=tmp_path, stderr=subprocess.DEVNULL)
        while process.poll() is None and stats(address).get("answered", 0) < enough:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.1))
        assert process.poll() is None
        process.kill()
        process.wait()
    last = alpaca(*arguments, "name=killed")
    assert last.returncode == 0, last.stderr
    assert stats(address)["billed_twice"] == 0
    for file in ("raw.jsonl", "rejected.jsonl"):
        assert sha256(tmp_path / "outputs/killed/generate" / file) == sha256(tmp_path / "outputs/whole/generate" / file)
