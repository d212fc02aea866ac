"""What a command line says, written out as Hydra takes it, and where the options that it chooses lie."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, RangeSweep
from omegaconf import DictConfig, OmegaConf

from alpaca.errors import UserError
from alpaca.roles import roles, spelled_out

VALUED_FLAGS = ("--config-path", "-cp", "--config-name", "-cn", "--config-dir", "-cd", "--cfg", "-c", "--package", "-p")


def conf_folder() -> Path:
    """Return the folder of the packaged YAML: inside the package in a wheel, beside it in a checkout."""
    here = Path(__file__).parent
    return next(folder for folder in (here / "conf", here.parent / "conf") if (folder / "train.yaml").is_file())


def groups(stage: str) -> dict[str, str]:
    """Return the groups in a stage's defaults list, each with its default option."""
    entries = OmegaConf.load(conf_folder() / f"{stage}.yaml").defaults
    others = [groups(entry) for entry in entries if isinstance(entry, str) and entry != "_self_"]
    pairs = [
        (str(key), str(value)) for entry in entries if isinstance(entry, DictConfig) for key, value in entry.items()
    ]
    return {group: option for other in others for group, option in other.items()} | {
        key.split(" ")[-1].lstrip("/"): value for key, value in pairs if key != "hydra"
    }


def in_full(stage: str, arguments: Sequence[str], search: Sequence[str] = (), strict: bool = True) -> list[str]:
    """Write out what is short for something: an experiment's file for the stage, and choices that go by their place."""
    folders = folders_of(arguments, search)
    names = roles(list(groups(stage)), folders)
    return spelled_out(with_experiment(stage, arguments, folders, strict), names)


def with_experiment(stage: str, arguments: Sequence[str], folders: Sequence[Path], strict: bool) -> list[str]:
    """Turn `experiment=NAME` into `experiment=NAME/<stage>` where the experiment is a folder with a file a stage.

    Where the folder has none for this stage, nothing differs in it, and the choice is left out; `strict` refuses that, as a
    slip of who typed it. A plan takes the training's.
    """

    def choice(name: str) -> str | None:
        homes = [folder / "experiment" / name for folder in folders]
        for file in settings_for(stage):
            if any((home / file).is_file() for home in homes):
                return f"{name}/{Path(file).stem}"
        told = sorted(file.stem for home in homes for file in home.glob("*.yaml"))
        if told and strict:
            hint = f": alpaca {told[0]} experiment={name}" if stage == "run" else ""
            raise UserError(f"experiment `{name}` has no settings for {stage}; it has some for {', '.join(told)}{hint}")
        return None if told else name

    def written(text: str) -> str | None:
        key, equals, names = text.partition("=")
        if key.lstrip("+") != "experiment" or not equals:
            return text
        chosen = [name for name in map(choice, names.split(",")) if name is not None]
        return f"experiment={','.join(chosen)}" if chosen else None

    return [text for text in map(written, arguments) if text is not None]


def settings_for(stage: str) -> list[str]:
    """Return the names that a file of an experiment's folder may have to be for a stage, the first that is there."""
    return [f"{stage}.yaml", *(["train.yaml"] if stage == "plan" else [])]


def config_dirs(arguments: Sequence[str]) -> list[str]:
    """Return the folders given with Hydra's --config-dir (or -cd)."""
    joined = [text.split("=", 1)[1] for text in arguments if text.startswith("--config-dir=")]
    apart = [after for flag, after in pairwise(arguments) if flag in ("--config-dir", "-cd")]
    return joined + apart


def as_text(override: str) -> str:
    """Quote an override as a text value; one that sweeps becomes a sweep over texts."""
    parsed = OverridesParser.create().parse_override(override)
    swept = isinstance(parsed.value(), ChoiceSweep | RangeSweep | IntervalSweep)
    prefix = override.partition("=")[0]
    texts = [f"{prefix}={value}" for value in parsed.sweep_string_iterator()] if swept else [override]
    return ",".join(map(quoted, texts))


def quoted(text: str) -> str:
    """Quote a text for Hydra's command line."""
    return "'" + text.replace("'", "\\'") + "'"


def flags_first(arguments: Sequence[str]) -> list[str]:
    """Put Hydra's flags with their values before the overrides, in any order of which a user may type them.

    Raises UserError for what is no flag of Hydra's.
    """
    flags: list[str] = []
    overrides: list[str] = []
    rest = iter(arguments)
    for text in rest:
        if text in VALUED_FLAGS:
            flags += [text, *(value for value in [next(rest, None)] if value is not None)]
        else:
            (flags if text.startswith("-") else overrides).append(text)
    parser = get_args_parser()
    parser.error = _refuse  # type: ignore[method-assign]
    parser.parse_args([*flags, *overrides])
    return [*flags, *overrides]


def _refuse(message: str) -> NoReturn:
    raise UserError(message)


def folders_of(arguments: Sequence[str], search: Sequence[str]) -> list[Path]:
    """Return where options are looked for: the packaged ones, those of an experiment, those of the command line."""
    return [conf_folder(), *map(Path, [*search, *config_dirs(arguments)])]
