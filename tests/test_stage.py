"""The command line as a user meets it."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from alpaca.composition import checked, compose, instantiated
from alpaca.errors import Stopped, UserError
from alpaca.stage import _stop, execute, function, stopped
from alpaca.sweeps import Job, labels

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line with which a command was refused."""
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.strip().splitlines()
    return line


def test_alpaca_alone_lists_the_stages(alpaca: Run) -> None:
    done = alpaca()
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()[2:8]] == [
        "generate",
        "curate",
        "train",
        "evaluate",
        "plan",
        "run",
    ]


def test_help_lists_groups_options_and_three_examples(alpaca: Run) -> None:
    done = alpaca("train", "--help")
    assert done.returncode == 0
    for line in ("  optimizer", "   * tiny ", "     llama_7b ", "     alpaca_7b ", "  epochs: 3"):
        assert f"\n{line}" in done.stdout
    assert len(re.findall(r"^  alpaca train ", done.stdout, re.MULTILINE)) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["train", "--help"],
        ["train", "--cfg", "job"],
        ["run", "--help"],
        ["curate", "lr=1"],
        ["plan", "model=llama_7b"],
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(arguments: list[str], tmp_path: Path) -> None:
    code = (
        "import sys, atexit\n"
        "atexit.register(lambda: print('heavy:', sorted({'torch', 'transformers', 'lightning'} & set(sys.modules))))\n"
        f"sys.argv = ['alpaca', *{arguments!r}]\n"
        "from alpaca.stage import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "heavy: []" in done.stdout, done


def test_hydras_command_line_works_through_both_doors(alpaca: Run, tmp_path: Path) -> None:
    overrides = ["train", "--cfg", "job", "model=llama_7b", "model.path=a/b", "epochs=7", "+optimizer.amsgrad=true"]
    done = alpaca(*overrides)
    assert done.returncode == 0, done.stderr
    for line in ("  path: a/b", "epochs: 7", "  amsgrad: true"):
        assert f"\n{line}\n" in done.stdout
    command = [sys.executable, "-m", "alpaca.train", *overrides[1:]]
    other = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert other.stdout == done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["tran"], "unknown stage `tran`; did you mean `train`?"),
        (["train", "optimizer.lrr=1"], "unknown key `lrr` in optimizer; did you mean `lr`?"),
        (["curate", "+dedup.treshold=1"], "unknown key `treshold` in dedup; did you mean `threshold`?"),
        (["train", "optimzer=adamw"], "unknown key `optimzer`; did you mean `optimizer`?"),
        (["train", "model=tny"], "unknown option `tny` in model; did you mean `tiny`?"),
        (["train", "experiment=quickstrat"], "unknown option `quickstrat` in experiment; did you mean `quickstart`?"),
        (
            ["curate", "experiment=alpaca_7b"],
            "experiment `alpaca_7b` has no settings for curate; it has some for train",
        ),
        (["train", "optimizer.amsgrad=true"], "`amsgrad` is not set in optimizer; add it with +optimizer.amsgrad=..."),
        (["curate", "dedup.threshold=high", "data=."], "`dedup.threshold` cannot be 'high'"),
        (
            ["curate", "dedup.threshold=7", "data=."],
            "`dedup.threshold` cannot be 7: it should be less than or equal to 1",
        ),
        (["curate", "dedup.fields=[text]", "data=."], "it should be 'instruction', 'input' or 'output'"),
        (["generate", "~num_held_out"], "missing key `num_held_out`"),
        (["generate", "num_examples=0"], "`num_examples` cannot be 0: it should be greater than 0"),
        (["generate", "seeds=self_instruct", "seeds.path=nowhere.jsonl"], "`seeds.path`: there is no file"),
        (["curate", "data=nowhere.json"], "`data`: there is no file or folder nowhere.json"),
        (["curate", "filters.lenght.least=3"], "unknown key `lenght` in filters; did you mean `length`?"),
        (["train", "hydra.rnu.dir=x"], "unknown key `rnu` in hydra; did you mean `run`?"),
        (["train", "optimizer=[1"], "no viable alternative"),
        (
            ["generate", "llm=openai", "llm.base_url=http://h/v1?api_key=x"],
            "cannot read llm.base_url=... (mismatched input '=' expecting <EOF>); a value with such signs is quoted twice: "
            "'llm.base_url=\"...\"'",
        ),
        (["train", "name=../elsewhere"], "must be a path inside"),
        (["train", "name=null"], "`name` must be a text"),
        (
            ["run", "experiment=quickstart", "train.optimizer.lrr=1"],
            "unknown key `lrr` in optimizer; did you mean `lr`?",
        ),
        (["run", "stages=[generate,curat]"], "it should be 'generate', 'curate', 'train' or 'evaluate'"),
    ],
)
def test_wrong_input_gets_one_line_and_writes_nothing(
    alpaca: Run, tmp_path: Path, arguments: list[str], line: str
) -> None:
    assert line in one_line(alpaca(*arguments))
    assert not list(tmp_path.iterdir())


def test_what_does_not_go_together_gets_one_line_and_leaves_no_folder(
    alpaca: Run, tmp_path: Path, tasks_file: Path
) -> None:
    done = alpaca("train", f"data={tasks_file}", "datamodule.tokens_per_micro_batch=100")
    assert "tokens_per_micro_batch=100 cannot hold max_length=512" in one_line(done)
    assert not (tmp_path / "outputs" / "default" / "train").exists()


@pytest.mark.parametrize(
    ("pair", "line"),
    [
        ("trainer.devices=64", r"trainer\.devices=64: there"),
        ("model=hub model.path=./nowhere", r"there is no folder \./nowhere"),
        ("model=hub", r"`model\.path` has no value; give one with model\.path="),
        ("trainer.precision=fp8", "it should be '32-true', 'bf16-true' or 'bf16-mixed'"),
        ("+datamodule.seed=3", "unknown key `seed` in datamodule"),
        ("+callbacks.mine=3", "unknown key `mine` in callbacks"),
    ],
)
def test_what_a_part_refuses(tasks_file: Path, pair: str, line: str) -> None:
    with pytest.raises(UserError, match=line):
        instantiated(checked(function("train"), compose("train", [f"data={tasks_file}", *pair.split()])).values)


@pytest.mark.parametrize(
    ("pair", "line"),
    [
        ("scores=judge scores.llm.key_name=NO_SUCH_KEY", "set NO_SUCH_KEY"),
        ("scores=judge scores.llm=openai_batch scores.llm.model=mine", "no price is known for the model mine"),
        ("analysis.tokenizer=./nowhere", "nowhere"),
    ],
)
def test_what_a_part_lacks_is_told_before_any_work(tasks_file: Path, tmp_path: Path, pair: str, line: str) -> None:
    config = compose("curate", [f"data={tasks_file}", f"root={tmp_path / 'outputs'}", *pair.split()])
    with pytest.raises(UserError, match=line):
        execute("curate", config)
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(
    ("stage", "place", "options"),
    [
        ("generate", "llm", ["generator=self_instruct", "llm=openai"]),
        ("curate", "scores.llm", ["scores=judge"]),
        ("evaluate", "candidate", ["candidate=openai", "reference=fake"]),
        ("evaluate", "judge.llm", ["candidate=fake", "reference=fake", "judge=llm"]),
        ("plan", "llm", ["generator=self_instruct", "llm=openai"]),
    ],
)
def test_a_price_is_asked_for_by_keys_that_are_taken(
    tasks_file: Path, tmp_path: Path, stage: str, place: str, options: list[str]
) -> None:
    data = [f"data={tasks_file}"] if stage in ("curate", "evaluate") else []
    config = compose(stage, [*options, *data, f"{place}.model=mine", f"root={tmp_path}"])
    with pytest.raises(UserError, match="no price is known for the model mine") as told:
        execute(stage, config)
    keys = re.findall(r"\S*price\.\w+=0", str(told.value))
    assert keys == [f"{place}.price.input=0", f"{place}.price.output=0"]
    checked(function(stage), compose(stage, [*options, *data, *keys]))


def test_a_slip_in_a_yaml_file_of_the_users_own(alpaca: Run, tmp_path: Path) -> None:
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    file = tmp_path / "mine" / "experiment" / "wide.yaml"
    file.write_text("# @package _global_\ndatamodule:\n  max_lenght: 64\n", "utf-8")
    line = one_line(alpaca("train", "--config-dir", "mine", "experiment=wide"))
    assert line == "alpaca train: unknown key `max_lenght` in datamodule; did you mean `max_length`?"
    file.write_text("# @package _global_\ndatamodule:\n  max_length: 64\n", "utf-8")
    assert "max_length: 64" in alpaca("train", "--config-dir", "mine", "experiment=wide", "--cfg", "job").stdout
    file.write_text("datamodule: [\n", "utf-8")
    assert "YAML" in one_line(alpaca("train", "--config-dir", "mine", "experiment=wide"))


def test_a_finished_stage_is_passed_over_until_something_changes(alpaca: Run, tmp_path: Path) -> None:
    command = ["generate", "num_examples=20"]
    assert "done in" in alpaca(*command).stderr
    folder = tmp_path / "outputs" / "default" / "generate"
    first = (folder / "raw.jsonl").read_bytes()
    assert "finished already" in alpaca(*command).stderr
    assert "done in" in alpaca(*command, "seed=1").stderr
    assert (folder / "raw.jsonl").read_bytes() != first
    assert (folder.with_name("generate.previous") / "raw.jsonl").read_bytes() == first
    again = alpaca(*command).stderr
    assert "back from outputs/default/generate.previous" in again
    assert "finished already" in again
    (folder / "raw.jsonl").unlink()
    assert "done in" in alpaca(*command).stderr
    assert (folder / "raw.jsonl").read_bytes() == first


def test_the_manifest_tells_what_was_done(alpaca: Run, tmp_path: Path, tasks_file: Path) -> None:
    alpaca("curate", f"data={tasks_file}", "name=mine")
    manifest = json.loads((tmp_path / "outputs" / "mine" / "curate" / "manifest.json").read_text("utf-8"))
    assert manifest["config"]["data"] == str(tasks_file)
    assert len(manifest["inputs"][str(tasks_file)]) == 64
    data = {"alpaca_data.json", "provenance.jsonl", "rejected.jsonl", "contaminated.jsonl"}
    assert set(manifest["outputs"]) == data | {"analysis.json", "analysis.html"}
    assert manifest["results"]["examples_read"] == 200
    assert manifest["versions"]["alpaca"]


def test_a_sweep_runs_each_job_under_a_name_of_its_own(alpaca: Run, tmp_path: Path) -> None:
    done = alpaca("generate", "-m", "num_examples=5", "seed=1,2", "name=sweep")
    assert done.returncode == 0, done.stderr
    made = sorted(file.relative_to(tmp_path / "outputs").as_posix() for file in tmp_path.rglob("manifest.json"))
    assert made == [f"sweep/seed-{seed}-num_examples-5/generate/manifest.json" for seed in (1, 2)]
    assert re.search(r"seed-2-num_examples-5\s+5 examples", done.stdout)


def test_a_job_is_named_after_what_differs_first() -> None:
    sweeps = [
        Job(
            [f"data={'x' * 200}", "++overrides.train.optimizer_lr='optimizer.lr=1e-3'", f"+seed={n}"],
            Path("o"),
            "n",
            [],
        )
        for n in (1, 2)
    ]
    made = labels(sweeps)
    assert all(name.startswith(f"seed-{n}-data-xxx") for n, name in zip((1, 2), made, strict=True))
    assert len(set(made)) == 2
    assert labels([sweeps[0]._replace(overrides=sweeps[0].overrides[1:])]) == ["train.optimizer.lr-1e-3-seed-1"]


def test_a_wrong_job_is_told_before_any_of_the_sweep_runs(alpaca: Run, tmp_path: Path) -> None:
    assert "`num_examples` cannot be 0" in one_line(alpaca("generate", "-m", "num_examples=1,0"))
    assert not list(tmp_path.rglob("manifest.json"))


def test_a_sweep_goes_on_behind_a_job_that_failed(alpaca: Run, tmp_path: Path, tasks_file: Path) -> None:
    (tmp_path / "bad.json").write_text("[{", "utf-8")
    done = alpaca("curate", "-m", f"data=bad.json,{tasks_file}")
    assert done.returncode == 2
    assert "1 of the 2 jobs of the sweep failed: job 0 (data-bad.json) ended with exit code 2" in done.stderr
    assert len(list(tmp_path.rglob("manifest.json"))) == 1


def test_a_stop_tells_what_it_needs_to_go_on() -> None:
    assert stopped("", "") == "stopped; the same command goes on from here"
    told = stopped("0.5 USD of the budget are spent", "with a larger budget_usd")
    assert (
        told == "stopped (0.5 USD of the budget are spent); with a larger budget_usd the same command goes on from here"
    )


def test_two_processes_do_not_share_a_folder(alpaca: Run, tmp_path: Path) -> None:
    import fcntl

    (tmp_path / "outputs" / "default").mkdir(parents=True)
    with (tmp_path / "outputs" / "default" / ".generate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another process is at work" in one_line(alpaca("generate", "num_examples=5"))


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("alpaca tr", "train"), ("alpaca train optim", "optimizer="), ("alpaca train optimizer=ada", "optimizer=adamw")],
)
def test_a_shell_completes_stages_and_their_keys(typed: str, offered: str) -> None:
    command = [sys.executable, "-m", "alpaca", "-sc", "query=bash"]
    done = subprocess.run(command, env=os.environ | {"COMP_LINE": typed}, capture_output=True, text=True, check=True)
    assert offered in done.stdout.split()


@pytest.mark.parametrize("arguments", ["train --help", "train --hydra-help", "train --cfg job"])
def test_who_has_seen_enough_may_close_the_pipe(arguments: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "alpaca", *arguments.split()]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (3, "")


def test_flags_and_overrides_may_stand_in_any_order(alpaca: Run, tmp_path: Path) -> None:
    (tmp_path / "mine" / "experiment").mkdir(parents=True)
    (tmp_path / "mine" / "experiment" / "few.yaml").write_text("# @package _global_\nnum_examples: 7\n", "utf-8")
    done = alpaca("generate", "seed=3", "--config-dir", "mine", "experiment=few", "--cfg", "job")
    assert "num_examples: 7" in done.stdout
    assert "seed: 3" in done.stdout
    assert "--foo" in one_line(alpaca("generate", "--foo", "seed=3"))


def test_an_input_that_is_refused_leaves_nothing_and_takes_nothing_away(
    alpaca: Run, tmp_path: Path, tasks_file: Path
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("[{", "utf-8")
    assert "not JSON" in one_line(alpaca("curate", f"data={bad}"))
    assert [path.name for path in tmp_path.iterdir()] == ["bad.json"]
    assert alpaca("curate", f"data={tasks_file}").returncode == 0
    assert alpaca("curate", f"data={tasks_file}", "dedup=none").returncode == 0
    before = sorted(path for path in (tmp_path / "outputs").rglob("*") if "lock" not in path.name)
    assert "not JSON" in one_line(alpaca("curate", f"data={bad}"))
    assert sorted(path for path in (tmp_path / "outputs").rglob("*") if "lock" not in path.name) == before


def test_a_broken_manifest_means_not_finished(alpaca: Run, tmp_path: Path) -> None:
    alpaca("generate", "num_examples=5")
    (tmp_path / "outputs" / "default" / "generate" / "manifest.json").write_text('{"a"', "utf-8")
    assert "done in" in alpaca("generate", "num_examples=5").stderr


def test_ctrl_c_in_training_ends_with_3(alpaca: Run, tmp_path: Path, tasks_file: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "alpaca",
        "train",
        f"data={tasks_file}",
        "epochs=500",
        "callbacks.checkpoint.every_n_steps=1",
    ]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not list(tmp_path.glob("outputs/default/train/checkpoints/step-*")):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 3, told
    assert "Traceback" not in told


def test_a_leftover_that_cannot_be_removed_is_in_nobodys_way(tmp_path: Path) -> None:
    """A link to a folder stands for it, since whoever runs the tests may be allowed to remove all else."""
    elsewhere, run = tmp_path / "elsewhere", tmp_path / "outputs/run"
    for count in (3, 4, 5, 6):
        execute("generate", compose("generate", ["name=run", f"root={run.parent}", f"num_examples={count}"]))
        if count == 4:
            elsewhere.mkdir()
            (run / ".generate.older").symlink_to(elsewhere)
    assert (run / "generate/manifest.json").is_file()
    assert json.loads((run / "generate.previous/manifest.json").read_text("utf-8"))["config"]["num_examples"] == 5
    assert {path.name for path in run.iterdir() if "older" in path.name} == {".generate.older"}


def test_the_last_line_names_the_page(tasks_file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "alpaca")
    execute("curate", compose("curate", [f"data={tasks_file}", f"root={tmp_path}", "name=run", "filters=none"]))
    assert f": {tmp_path}/run/curate, with analysis.html; examples_read" in caplog.messages[-1]


def test_a_signal_inside_a_library_is_told_as_it_is() -> None:
    OmegaConf.register_new_resolver("stop", lambda: _stop(signal.SIGTERM, None))
    config = OmegaConf.create({"inner": {"key": "${stop:}"}})
    try:
        with pytest.raises(Stopped) as told:
            OmegaConf.to_container(config, resolve=True)
    finally:
        OmegaConf.clear_resolver("stop")
    assert str(told.value) == "SIGTERM"
