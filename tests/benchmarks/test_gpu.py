"""The measurements of a card, rehearsed on a processor: steps, tables, rates."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from alpaca.composition import checked, compose, instantiated
from alpaca.errors import UserError
from alpaca.planning.cost import Work
from alpaca.stage import function
from benchmarks.card import calibration, certificates
from benchmarks.card.place import Place
from benchmarks.card.profile import kind, shares
from benchmarks.card.steps import (
    EAGER,
    SMALL_CARD,
    TIMES_SMALLER,
    Step,
    Training,
    calibrations,
    more_plans,
    slug,
    steps,
)
from benchmarks.card.table import ALPACA, TOKENS, markdown
from benchmarks.card.trainings import known, timed
from benchmarks.gpu import attempt, leave, main, same, tell

ROOT = Path(__file__).parent.parent.parent
TRUE = {"products": 0.5, "attention": 0.25, "passed": 0.125, "updated": 0.0625, "calls": 1e-3, "steps": 0.0}
FACTORS = {"activations": 1.5, "logits": 0.5}
PROCESS = 0.75


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "gpu", "cpu")


def rows(count: int, noise: float = 0.0) -> list[dict[str, Any]]:
    """Make trainings whose time and memory follow from TRUE, FACTORS and PROCESS."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(count):
        work = {unit: float(rng.uniform(1, 9)) for unit in calibration.UNITS}
        parts = {"process": 9.0, "weights": 2.0} | {name: float(rng.uniform(1, 9)) for name in FACTORS}
        seconds = sum(TRUE[unit] * work[unit] for unit in TRUE) / 3 * (1 + noise * rng.standard_normal())
        peak = PROCESS + parts["weights"] + sum(FACTORS[name] * parts[name] for name in FACTORS)
        plan = {"steps": 3, "work": work, "memory_gib": parts}
        made.append({"plan": plan, "seconds_a_step": seconds, "peak_memory_gib": peak - 0.25, "context_gib": 0.25})
    return made


def test_rates_are_found_again() -> None:
    found = calibration.fit(rows(12))
    assert found.factors == pytest.approx(FACTORS)
    assert found.process_gib == pytest.approx(PROCESS)
    for unit, rate in TRUE.items():
        assert getattr(found, unit) == pytest.approx(rate, abs=1e-9)


def test_no_rate_is_below_nothing_however_noisy() -> None:
    found = calibration.fit(rows(7, noise=0.3))
    assert min(getattr(found, unit) for unit in TRUE) >= 0
    assert calibration.nonnegative(np.array([[1.0, 1.0], [1.0, 2.0]]), np.array([2.0, 1.0]))[1] == 0


def test_what_was_measured_is_an_option_of_the_plan(place: Place, tmp_path: Path) -> None:
    measured = rows(12)
    calibration.write(known(place, calibration.fit(measured)), "a card", measured, tmp_path / "conf")
    given = ["gpu=measured", "num_examples=1000", f"root={tmp_path}", "name=mine", "model=llama_7b"]
    config = compose("plan", given, [str(tmp_path / "conf")])
    function("plan")(**instantiated(checked(function("plan"), config).values))
    plan = json.loads((tmp_path / "mine" / "plan" / "plan.json").read_text("utf-8"))
    work = Work(**plan["work"])
    assert plan["measured"]
    assert plan["seconds"] == pytest.approx(sum(getattr(work, unit) * rate for unit, rate in TRUE.items()))
    assert plan["memory_gib"]["process"] == pytest.approx(PROCESS)


def test_the_first_steps_are_not_counted_and_waiting_is() -> None:
    step = {"tokens": 10.0, "target_tokens": 4.0, "loss": 1.0, "peak_memory_gib": 1.0, "data_wait_seconds": 1.0}
    found = timed([step | {"seconds": seconds} for seconds in (50.0, 3.0, 1.0, 1.0)], warm_up=1)
    assert found["steps"] == 3
    assert found["tokens_per_second"] == pytest.approx(30 / 8)
    assert found["target_tokens_per_second"] == pytest.approx(12 / 8)
    assert found["seconds_a_step"] == 2.0
    assert found["spread"] == 1.0
    assert found["mfu"] is None


def test_kernels_have_kinds() -> None:
    assert kind("void flash_fwd_kernel<...>") == "attention"
    assert kind("nvjet_tst_128x256_64x4_2x1_v_bz_TNT") == "matrix products"
    assert kind("aten::mm") == "matrix products"
    assert kind("Memcpy HtoD (Pinned -> Device)") == "copies"
    assert kind("void at::native::vectorized_elementwise_kernel<4>") == "norms, rotation, activation functions"
    told = shares({"aten::mm": 1.0, "aten::addmm": 1.0, "strange": 0.5}, 5.0)
    assert told["kinds"] == {"matrix products": 0.4, "other": 0.1}
    assert told["nothing ran"] == 0.5


def test_a_case_in_bf16_may_be_off_by_its_noise_and_half_as_much_again() -> None:
    noise = dict.fromkeys((certificates.WORST, certificates.WHOLE, certificates.LOSS), 0.01)
    near, far = noise | {certificates.LOSS: 1.0}, noise | {certificates.WORST: 0.016}
    assert certificates.judged(near, "bf16-true", noise)["good"]
    assert not certificates.judged(far, "bf16-true", noise)["good"]
    assert not certificates.judged(noise, "32-true", noise)["good"]


def test_what_a_build_has_not_is_a_row_that_says_so(place: Place) -> None:
    training = Training("mine", "llama_7b", (*EAGER, "module.no_such_thing=true"))
    row = attempt(place, Step("mine", "speed", training))
    assert row["problem"].startswith("not of this build: ")
    assert "no_such_thing" in row["problem"]


def test_a_bug_is_a_row_too(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_: Place) -> dict[str, Any]:
        raise RuntimeError("CUDA out of\nmemory")

    assert attempt(place, Step("mine", "speed", fail)) == {"problem": "RuntimeError: CUDA out of memory"}
    assert "Traceback" in capsys.readouterr().err


def test_a_rehearsal_takes_what_a_card_does_but_smaller(place: Place) -> None:
    card = Place(place.folder, "cuda")
    for training in list(more_plans(place))[::2]:
        given, whole = training.given(place), training.given(card)
        assert whole == ["model=" + training.shape, *training.overrides]
        small, large = (compose("train", [*each, "model.path=org/name"])["datamodule"] for each in (given, whole))
        assert large["tokens_per_micro_batch"] == TIMES_SMALLER * small["tokens_per_micro_batch"]
        assert (large["global_batch_size"], small["global_batch_size"]) == (128, 8)


def test_names_are_files_of_their_own_and_plans_are_of_eight_configurations(place: Place) -> None:
    names = [step.name for step in steps(place, None)]
    assert len({slug(name) for name in names}) == len(names)
    assert len(SMALL_CARD) == 3
    assert len(list(calibrations(place))) >= len(calibration.UNITS)
    card = Place(place.folder, "cuda")
    others = {(training.shape, training.overrides) for training in more_plans(card)}
    assert len(others | {("llama_7b", EAGER)}) == 8


def test_a_shape_is_the_packaged_one_or_a_small_one_of_its_kind(place: Place) -> None:
    whole = Place(place.folder, "cuda").shape("llama3_8b/3")
    assert (whole.num_hidden_layers, whole.hidden_size, whole.num_key_value_heads) == (3, 4096, 8)
    small = place.shape("llama3_8b")
    assert small.hidden_size == 128
    assert small.num_attention_heads == 4 * (small.num_key_value_heads or 0)


def test_a_small_file_is_gone_through_again_and_without_one_there_are_tasks(place: Place, tmp_path: Path) -> None:
    (tmp_path / "few.json").write_text(
        json.dumps([{"instruction": f"Count to {n}.", "input": "", "output": "1 2"} for n in range(9)]), "utf-8"
    )
    assert place.prepare(tmp_path / "few.json", 20)["examples"] == 20
    assert len(json.loads(place.data(15).read_text("utf-8"))) == 15
    assert Place(tmp_path / "made", "cpu").prepare(None, 30)["data"] == "procedural tasks"


def test_results_of_other_data_or_code_are_not_mixed(place: Place, tmp_path: Path) -> None:
    same(place, None)
    same(place, None)
    with pytest.raises(UserError, match="results of other data"):
        same(place, tmp_path / "other.json")


def test_the_table_tells_what_was_measured_and_what_was_not(place: Place) -> None:
    ours = {
        "tokens_per_second": 2000.0,
        "target_tokens_per_second": 900.0,
        "mfu": 0.5,
        "peak_memory_gib": 70.0,
        "seconds_a_step": 1.0,
        "spread": 0.01,
        "tokens_per_step": 12800.0,
        "examples": 128,
        "overrides": ["a=b"],
    }
    theirs = {key: value for key, value in ours.items() if key != "overrides"} | {
        "tokens_per_second": 500.0,
        "target_tokens_per_second": float("nan"),
        "mfu": None,
    }
    found = [
        {
            "step": "device",
            "group": "facts",
            "result": {"device": "X", "python": "3", "versions": {}, "usd_per_hour": 3.0},
        },
        {"step": "llama_7b full", "group": "speed", "result": ours},
        {"step": "TRL, tuned", "group": "speed", "result": theirs},
        {"step": "llama_7b full, fp8", "group": "speed", "problem": "no fp8 here"},
    ]
    lines = markdown(found).splitlines()
    minutes, known_minutes = ALPACA * 100 / 2000 / 60, TOKENS / 2000 / 60
    first = (
        f"| llama_7b full | 2,000 | 900 | 50.0% | 70.0 | 1.000 | 1% | {minutes:,.0f} | {known_minutes:,.0f} | 8.33 |  |"
    )
    assert first in lines
    assert any(line.startswith("| TRL, tuned | 500 |") and line.endswith("| 4.00 times |") for line in lines)
    assert any(line.startswith("| llama_7b full, fp8 |") and "no fp8 here" in line for line in lines)


def test_rows_are_kept_and_told(place: Place) -> None:
    step = next(iter(steps(place, None)))
    leave(place, step, {"problem": "nothing there"})
    assert [row["problem"] for row in tell(place, None)] == ["nothing there"]
    assert "nothing there" in (place.folder / "gpu.md").read_text("utf-8")
    assert json.loads((place.folder / "gpu.json").read_text("utf-8"))[0]["step"] == step.name


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")
def test_without_a_card_it_says_so_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--folder", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "torch finds no CUDA device; --device cpu is the rehearsal\n"


@pytest.mark.slow
def test_a_rehearsal_that_is_killed_goes_on(tmp_path: Path) -> None:
    """The first training, killed while it is at work, and then again: what was done is not done anew."""
    given = ["--folder", str(tmp_path / "gpu"), "--device", "cpu", "--only", "llama_7b full, eager"]
    rehearsal = [sys.executable, "-m", "benchmarks.gpu", *given]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(rehearsal, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    noise = tmp_path / "gpu" / "steps" / "noise-of-bf16.json"
    while not noise.is_file():
        assert process.poll() is None
        time.sleep(0.1)
    process.kill()
    process.wait()
    before = noise.stat().st_mtime_ns
    done = subprocess.run(
        rehearsal, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert noise.stat().st_mtime_ns == before
    rows = {row["step"]: row for row in json.loads((tmp_path / "gpu" / "gpu.json").read_text("utf-8"))}
    ours = rows["llama_7b full, eager"]["result"]
    assert ours["tokens_per_second"] > 0
    assert len(ours["losses"]) == 4
    assert ours["plan"]["parameters"] == ours["parameters"]
