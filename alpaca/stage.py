"""The Hydra door: `alpaca <stage> [overrides]`, the same as `python -m alpaca.<stage> [overrides]`.

A stage is a typed function of the same name as its module and its root YAML. The door composes the configuration, passes
over a stage that is finished, checks every key and value against the signatures, instantiates the parts and asks them
whether they have what they need, calls the function and writes its manifest. Past it nothing sees Hydra or OmegaConf.
"""

from __future__ import annotations

import errno
import importlib
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from alpaca import processes
from alpaca.errors import Stopped, UserError

PIPELINE = ("generate", "curate", "train", "evaluate")  # what `run` goes through
STAGES = (*PIPELINE, "plan", "run")


def main() -> None:
    """Run the console script `alpaca`."""
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(overview())
    elif sys.argv[1] in ("-V", "--version"):
        print(importlib.import_module("alpaca").__version__)
    elif sys.argv[1] == "-sc":
        complete(sys.argv[2:])
    else:
        launch(sys.argv[1], sys.argv[2:])


def complete(arguments: Sequence[str]) -> None:
    """Answer a shell that Hydra's completion was installed in, and that knows nothing of stages."""
    program, *words = os.environ.get("COMP_LINE", "").split(" ")
    if len(words) < 2:
        print(" ".join(STAGES))
    elif words[0] in STAGES:
        os.environ["COMP_LINE"] = " ".join([program, *words[1:]])
        launch(words[0], ["-sc", *arguments])


def overview() -> str:
    """List the stages, a line each."""
    lines = (f"  {stage:<10} {_summary(stage)}" for stage in STAGES)
    return "\n".join(
        [
            "usage: alpaca <stage> [key=value ...]",
            "",
            *lines,
            "",
            "alpaca <stage> --help tells the keys and options of one.",
        ]
    )


def launch(stage: str, arguments: Sequence[str] | None = None) -> None:
    """Run one stage on its command line and leave the process with its exit code.

    0 done, 1 a bug (with its traceback), 2 the user's mistake, 3 stopped, and the same command goes on.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        _launch(stage, arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(3)
    except UserError as mistake:
        _leave(f"alpaca {stage}: {mistake}", 2)
    except Stopped as stop:
        _leave(f"alpaca {stage}: {stopped(str(stop), stop.needs)}", 3)
    except Exception as problem:
        if (full := _full_disk(problem)) is not None:
            _leave(f"alpaca {stage}: {stopped(full, 'with more room')}", 3)
        _let_others_speak()
        raise


def stopped(reason: str, needs: str) -> str:
    """Tell why a stage stopped, and how it goes on."""
    how = f"{needs} the same command" if needs else "the same command"
    return f"stopped{f' ({reason})' if reason else ''}; {how} goes on from here"


def execute(stage: str, config: dict[str, Any], arguments: Sequence[str] = ()) -> None:
    """Run a stage on its resolved configuration, unless it is finished, and write its manifest.

    Where it takes several processes, each is started with the same `arguments`, and the first writes the manifest.
    """
    from alpaca import composition, manifest
    from alpaca.log import announce
    from alpaca.prechecks import precheck

    folder = manifest.stage_folder(config.get("root", ""), config.get("name", ""), stage)
    done = manifest.taken_back(folder, config, processes.rank() == 0) or manifest.finished(folder, config)
    if done is not None:
        if processes.rank() == 0:
            announce(stage, f"finished already: {folder}", done["results"])
        return
    if processes.rank():
        fits = composition.checked(function(stage), config)
        manifest.await_begin(folder, config, fits.inputs)
        function(stage)(**composition.instantiated(fits.values))
        return
    devices, nodes = _ranks(config) if stage != "plan" else (1, 1)  # which only speaks of devices
    if devices * nodes > 1 and not processes.is_rank():
        if code := processes.run_ranks(stage, arguments, devices, nodes):
            sys.exit(code)  # the rank has said why
        return
    fits = composition.checked(function(stage), config)
    parts = composition.instantiated(fits.values)
    if stage != "plan":  # which asks nobody
        precheck(parts)
    with manifest.begin(folder, config, fits.inputs) as hashes:
        start = time.monotonic()
        outcome = function(stage)(**parts)
        seconds = time.monotonic() - start
        manifest.end(folder, config, hashes, outcome, seconds)
    pages = "".join(f", with {file.name}" for file in outcome.outputs if file.suffix == ".html")
    announce(stage, f"done in {seconds:.1f} s: {folder}{pages}", outcome.results)


def _ranks(config: dict[str, Any]) -> tuple[int, int]:
    """Return how many devices a node and how many nodes a stage wants, of a configuration that is not checked yet."""
    trainer = config.get("trainer")
    wanted = [trainer.get(key, 1) if isinstance(trainer, dict) else 1 for key in ("devices", "num_nodes")]
    devices, nodes = (number if isinstance(number, int) else 1 for number in wanted)
    return devices, nodes


def function(stage: str) -> Callable[..., Any]:
    """Return the typed function that a stage is."""
    return getattr(importlib.import_module(f"alpaca.{stage}"), stage)  # type: ignore[no-any-return]


def _launch(stage: str, arguments: Sequence[str]) -> None:
    from alpaca import composition
    from alpaca.log import setup_logging
    from alpaca.schema import unknown

    if stage not in STAGES:
        raise unknown("stage", stage, "", STAGES)
    if {"-h", "--help"} & set(arguments):
        from alpaca.help import help_text

        print(help_text(stage, _summary(stage), arguments))
        return
    setup_logging()

    def check(config: dict[str, Any]) -> None:
        composition.checked(function(stage), config)

    if stage == "run":
        composition.launch(stage, prefixed(arguments), _run, lambda config: None)  # it checks each stage itself
    elif stage == "plan":
        composition.launch(stage, arguments, lambda config: _plan(config, arguments), check)
    else:
        composition.launch(stage, arguments, lambda config: execute(stage, config, arguments), check)


def _run(config: dict[str, Any]) -> None:
    from alpaca import composition

    run = function("run")
    run(**composition.checked(run, config).values)


def _plan(config: dict[str, Any], arguments: Sequence[str]) -> None:
    from alpaca.planning.table import show

    execute("plan", config)
    show(config, arguments)


def prefixed(arguments: Sequence[str]) -> list[str]:
    """Hand `train.optimizer.lr=1e-3` (and `+train.`, `~train.`) and --config-dir on to `run`, which gives them to stages.

    An override of a stage travels as a text, so that it means what it does on the stage's own command line.
    """
    from alpaca.arguments import as_text, config_dirs

    own: list[str] = []
    for text in arguments:
        found = re.fullmatch(rf"([+~]{{0,2}})({'|'.join(PIPELINE)})\.(.+)", text, re.DOTALL)
        if found:
            key = re.sub(r"\W+", "_", found[3].partition("=")[0])
            own.append(f"++overrides.{found[2]}.{key}={as_text(found[1] + found[3])}")
        else:
            own.append(text)
    folders = config_dirs(arguments)
    return own + ([f"config_dirs=[{','.join(map(repr, folders))}]"] if folders else [])


def _summary(stage: str) -> str:
    """Return the first line of a stage's docstring."""
    documentation = importlib.import_module(f"alpaca.{stage}").__doc__ or ""
    return documentation.splitlines()[0]


def _stop(number: int, frame: object) -> None:
    raise Stopped(signal.Signals(number).name)


def _full_disk(problem: BaseException) -> str | None:
    """Return what the system says where the disk is full, which any library may have found out."""
    if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return str(problem)
    text = str(problem)
    if os.strerror(errno.ENOSPC) in text:
        return os.strerror(errno.ENOSPC)
    cause = problem.__cause__ or problem.__context__
    return _full_disk(cause) if cause else None


def _let_others_speak() -> None:
    """Wait, where this is one of several processes: whichever failed first has its say, and then all are ended."""
    if processes.is_rank():
        time.sleep(10 if processes.rank() else 2)


def _leave(line: str, code: int) -> None:
    if processes.rank():
        _let_others_speak()
    print(line, file=sys.stderr)
    sys.exit(code)
