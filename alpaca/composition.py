"""Configurations: how Hydra composes them, what is checked and built of them, and what its errors mean."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from alpaca.arguments import conf_folder, config_dirs, flags_first, folders_of, groups, in_full
from alpaca.choices import having, not_chosen, options, own
from alpaca.errors import UserError
from alpaca.manifest import stage_folder
from alpaca.roles import roles
from alpaca.schema import RESERVED, Checked, check, locate, nearest, settable, unknown
from alpaca.stage import PIPELINE
from alpaca.sweeps import Job, job_of, sweep

CONFIGURATION_ERRORS = (HydraException, OmegaConfBaseException, YAMLError, ValueError)  # the last for `group=null`


def launch(
    stage: str,
    arguments: Sequence[str],
    run: Callable[[dict[str, Any]], None],
    check_job: Callable[[dict[str, Any]], object],
) -> None:
    """Give a command line to Hydra and call `run` with the resolved configuration.

    Of a sweep, `check_job` is called with each configuration first, and then each job is run in a process of its own.
    """
    failures: list[BaseException] = []  # Hydra would print more than our one line
    jobs: list[Job] = []

    def task(config: DictConfig) -> None:
        try:
            if failures:
                return  # an earlier job of the sweep ended it
            if HydraConfig.get().mode == RunMode.MULTIRUN:
                jobs.append(job_of(config))
                check_job(resolved(config))
            else:
                run(resolved(config))
        except BaseException as failure:
            failures.append(failure)

    arguments = flags_first(in_full(stage, arguments))
    sys.argv = [sys.argv[0], *arguments]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises its errors instead of printing them
    try:
        hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name=stage)(task)()
    except CONFIGURATION_ERRORS as problem:
        raise explain(problem, stage, arguments) from problem
    if failures and isinstance(failures[0], OmegaConfBaseException):  # an interpolation that leads nowhere
        raise explain(failures[0], stage, arguments) from failures[0]
    if failures:
        raise failures[0]
    if jobs:
        sweep(stage, jobs)


def compose(stage: str, overrides: Sequence[str], search: Sequence[str] = ()) -> dict[str, Any]:
    """Compose a stage's configuration as its command line would, with `search` as further folders of YAML."""
    overrides = in_full(stage, overrides, search, strict=False)
    try:
        return resolved(_compose(stage, overrides, search))
    except CONFIGURATION_ERRORS as problem:
        raise explain(problem, stage, overrides, search) from problem


def _compose(stage: str, overrides: Sequence[str], search: Sequence[str] = (), with_hydra: bool = False) -> DictConfig:
    GlobalHydra.instance().clear()
    paths = (
        [f"hydra.searchpath=[{','.join(f'file://{Path(folder).absolute()}' for folder in search)}]"] if search else []
    )
    with hydra.initialize_config_dir(version_base="1.3", config_dir=str(conf_folder())):
        config = hydra.compose(stage, [*overrides, *paths], return_hydra_config=True)
    HydraConfig.instance().set_config(config)  # for ${hydra:...}
    if not with_hydra:
        with open_dict(config):
            del config["hydra"]
    return config


def resolved(config: DictConfig) -> dict[str, Any]:
    """Return plain values with every interpolation filled in."""
    plain = OmegaConf.to_container(config, resolve=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def checked(function: Callable[..., Any], config: dict[str, Any], made_later: Sequence[Path] = ()) -> Checked:
    """Check a configuration against a stage's signature, with the packaged names of callbacks, filters and loggers."""
    written = stage_folder(config.get("root", ""), config.get("name", ""), function.__name__)
    return check(function, config, _usual_names(), made_later, _packaged_keys(), written)


def instantiated(values: dict[str, Any]) -> dict[str, Any]:
    """Build the parts; their constructors are cheap and refuse what makes no sense."""
    return {key: _instantiate(value) for key, value in values.items()}


def _instantiate(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "_target_" not in value:
        return {key: _instantiate(inner) for key, inner in value.items()}
    try:
        return hydra.utils.instantiate(value, _convert_="all")
    except HydraException as problem:
        if isinstance(problem.__cause__, UserError):
            raise problem.__cause__ from problem
        if isinstance(problem.__cause__, ValueError | TypeError):
            raise UserError(f"{value.get('_target_', 'configuration')}: {problem.__cause__}") from problem
        raise


@cache
def _usual_names() -> dict[str, list[str]]:
    """Return, for groups whose options are mappings of named components, the names that the packaged options use."""
    names: dict[str, list[str]] = {}
    for group in ("callbacks", "logger", "filters", "mends"):
        for file in sorted((conf_folder() / group).glob("*.yaml")):
            names.setdefault(group, []).extend(str(key) for key in OmegaConf.load(file) if key != "defaults")
    return names


@cache
def _packaged_keys() -> dict[str, set[str]]:
    """Return, for each target of the packaged options, the keys that these give to it; a test holds them to its signature."""
    found: dict[str, set[str]] = {}
    for file in sorted(conf_folder().glob("*/*.yaml")):
        for target, keys in _keys_by_target(own(file)):
            found.setdefault(target, set()).update(keys)
    return found


def _keys_by_target(config: dict[Any, Any]) -> Iterator[tuple[str, set[str]]]:
    if "_target_" in config:
        yield str(config["_target_"]), {str(key) for key in config if key not in RESERVED}
    for inner in config.values():
        if isinstance(inner, dict):
            yield from _keys_by_target(inner)


def explain(problem: Exception, stage: str, arguments: Sequence[str], search: Sequence[str] = ()) -> UserError:
    """Turn one of Hydra's or OmegaConf's errors into one line that says what to do."""
    cause = problem.__cause__ if isinstance(problem.__cause__, OmegaConfBaseException) else problem
    text = f"{problem}\n{cause}"
    folders = folders_of(arguments, search)
    is_choice = isinstance(problem, MissingConfigException) or "Config group override must be" in text
    if is_choice and (mistake := not_chosen(arguments, _places(stage, folders), folders)):
        return mistake
    if isinstance(problem, MissingConfigException):
        return _missing_option(problem, stage)
    if refused := re.search(r"Could not (?:override|delete(?: from config)?|append to config)\.? '([^']+)'", text):
        return _wrong_key(refused[1], stage, arguments, search, text)
    if typed := re.search(r"Key '[^']+' not in '\w+'\s+full_key: (\S+)\.(\S+)", text):
        return unknown("key", typed[2], typed[1], _hydras_keys(stage, typed[1]))
    if isinstance(problem, OverrideParseException):
        key, reason = problem.override.partition("=")[0], problem.message.splitlines()[0]
        return UserError(f"cannot read {key}=... ({reason}); a value with such signs is quoted twice: '{key}=\"...\"'")
    if isinstance(problem, YAMLError):
        return UserError("not YAML: " + " ".join(str(problem).split()))
    lines = [line.strip() for line in str(problem if str(problem) else cause).splitlines() if line.strip()]
    return UserError(lines[0] if lines else type(problem).__name__)


def _places(stage: str, folders: Sequence[Path]) -> dict[str, str]:
    """Return the group of each place that takes a choice, by all that it may be called."""
    found = roles(list(groups(stage)), folders)
    names = {**{group: group for group in groups(stage)}, **found, **{full: full for full in found.values()}}
    return {name: full.partition("@")[0] for name, full in names.items()}


def _hydras_keys(stage: str, path: str) -> list[str]:
    """Return the keys of Hydra's own configuration, which is typed, at a path."""
    return [str(key) for key in OmegaConf.select(_compose(stage, [], with_hydra=True), path)]


def _missing_option(problem: MissingConfigException, stage: str) -> UserError:
    group, _, option = (problem.missing_cfg_file or "").partition("/")
    if not option:
        return UserError(f"there is no configuration `{problem.missing_cfg_file}`")
    mistake = unknown("option", option, group, problem.options or options(conf_folder() / group))
    is_path = "/" in option and group != "experiment"
    return (
        UserError(f"{mistake}; a file or folder is given by a key of an option, such as .path") if is_path else mistake
    )


def _wrong_key(key: str, stage: str, arguments: Sequence[str], search: Sequence[str], text: str) -> UserError:
    """Follow a dotted key that Hydra refused as far as the configuration goes, and name what comes nearest."""
    others = [a for a in arguments if "=" in a and not a.startswith("-") and a.split("=")[0].lstrip("+~") != key]
    with_hydra = key.startswith("hydra.")
    try:
        node: Any = _compose(stage, others, [*search, *config_dirs(arguments)], with_hydra)
    except CONFIGURATION_ERRORS:
        node = _compose(stage, [], with_hydra=with_hydra)
    *parents, last = key.split("@")[0].split(".")
    path: list[str] = []
    for part in [*parents, last]:
        if not isinstance(node, DictConfig):
            return UserError(f"`{'.'.join(path)}` is a value and has no key `{part}`")
        if part not in node:
            if stage == "run" and not path and (owners := _owners(part)):
                return UserError(f"`{key}` is a stage's: write {' or '.join(f'{owner}.{key}=...' for owner in owners)}")
            here = [str(name) for name in node] + ([] if path else [*groups(stage), "hydra"])
            folders = folders_of(arguments, search)
            places = _places(stage, folders)
            others_have = having(part, places[".".join(path)], folders) if ".".join(path) in places else []
            return _unset(part, path, node, here, others_have)
        node = node[part]
        path.append(part)
    return UserError(" ".join(text.split()))


def _owners(key: str) -> list[str]:
    """Return the stages of a pipeline that have a key or a group of this name."""
    return [stage for stage in PIPELINE if key in _compose(stage, []) or key in groups(stage)]


def _unset(part: str, path: list[str], node: DictConfig, candidates: list[str], options: list[str]) -> UserError:
    """Say that `part` is no key of `node`; or, where its target would take it, how to add it, or which options have it."""
    where = ".".join(path)
    target = node.get("_target_")
    meant = nearest(part, candidates)
    if target and meant is None and part in settable(locate(target), bool(node.get("_partial_"))):
        return UserError(f"`{part}` is not set in {where}; add it with +{where}.{part}=...")
    if options and meant is None:
        return UserError(f"`{part}` belongs to {' or '.join(f'{where}={option}' for option in options)}")
    return unknown("key", part, where, [*candidates, "defaults"])


def compose_unresolved(stage: str, overrides: Sequence[str], search: Sequence[str]) -> DictConfig:
    overrides = in_full(stage, overrides, search)
    try:
        return _compose(stage, overrides, search)
    except CONFIGURATION_ERRORS as problem:
        raise explain(problem, stage, overrides, search) from problem
