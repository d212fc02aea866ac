"""What `alpaca <stage> --help` tells: groups with their options, keys, examples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from omegaconf import OmegaConf

from alpaca.arguments import conf_folder, config_dirs, groups, settings_for
from alpaca.choices import options
from alpaca.composition import compose_unresolved


def help_text(stage: str, summary: str, arguments: Sequence[str]) -> str:
    """Tell a stage's groups with their options (a line each), its keys as composed, and examples."""
    search = config_dirs(arguments)
    overrides = [a for a in arguments if "=" in a and not a.startswith("-")]
    shown = OmegaConf.create(compose_unresolved(stage, overrides, search))
    return "\n".join(
        [
            f"alpaca {stage}: {summary}",
            "",
            f"usage: alpaca {stage} [key=value ...] [group=option ...] [Hydra's flags: --cfg job, -m, --config-dir DIR, ...]",
            "",
            "Groups and their options (* is the default):",
            *_group_lines(stage, search),
            "",
            "Keys and values as they stand:",
            *(f"  {line}" for line in OmegaConf.to_yaml(shown).splitlines()),
            "",
            "Examples:",
            *(f"  {line}" for line in _examples(stage)),
        ]
    )


def _group_lines(stage: str, search: Sequence[str]) -> Iterator[str]:
    for group, default in groups(stage).items():
        yield f"  {group}"
        for folder in (conf_folder(), *map(Path, search)):
            for option in _applying(stage, folder / group.split("@")[0]):
                star = "*" if option == default else " "
                yield f"   {star} {option:<24} {_first_comment(folder / group.split('@')[0], option, stage)}"


def _applying(stage: str, group: Path) -> list[str]:
    """Return the options of a group, of experiments that are folders those with settings for a stage."""
    files = settings_for(stage)
    return [
        option
        for option in options(group)
        if not (group / option).is_dir() or any((group / option / file).is_file() for file in files)
    ]


def _first_comment(group: Path, option: str, stage: str) -> str:
    file = next(
        (
            f
            for f in (group / f"{option}.yaml", *(group / option / name for name in settings_for(stage)))
            if f.is_file()
        ),
        None,
    )
    comments = re.findall(r"^# (?!@package)(.+)$", file.read_text("utf-8"), re.MULTILINE) if file else []
    return comments[0] if comments else ""


def _examples(stage: str) -> list[str]:
    """Return the example commands in the first lines of a stage's root YAML (`#   alpaca ...`)."""
    text = (conf_folder() / f"{stage}.yaml").read_text("utf-8")
    return re.findall(rf"^# +(alpaca {stage}.*)$", text, re.MULTILINE)
