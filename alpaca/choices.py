"""Options of a group: what one holds, which of them has a key, and what is told where none was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from alpaca.errors import UserError
from alpaca.roles import NO_CHOICE

Folders = Sequence[Path]


def options(group: Path) -> list[str]:
    """Return the options of a group; a folder (an experiment with a file a stage) is one option."""
    return sorted({entry.stem for entry in group.glob("*") if entry.suffix == ".yaml" or entry.is_dir()})


def own(file: Path) -> dict[str, Any]:
    """Read an option with those of its group that it builds on, without composing it."""
    config = OmegaConf.load(file)
    assert isinstance(config, DictConfig)
    bases = [str(entry) for entry in config.pop("defaults", []) if isinstance(entry, str) and entry != "_self_"]
    merged = OmegaConf.merge(*(own(file.with_name(f"{base}.yaml")) for base in bases), config)
    return OmegaConf.to_container(merged)  # type: ignore[return-value]


def having(key: str, group: str, folders: Folders) -> list[str]:
    """Return the options of a group that have a key."""
    files = (file for folder in folders for file in sorted((folder / group).glob("*.yaml")))
    return [file.stem for file in files if key in own(file)]


def not_chosen(arguments: Sequence[str], places: Mapping[str, str], folders: Folders) -> UserError | None:
    """Say which argument chooses no option where one is wanted (`dedup=null`), and what it could be.

    `places` gives, for how a choice is typed, the group that it is in.
    """
    for text in arguments:
        place, equals, value = text.lstrip("+").partition("=")
        if equals and place in places and value in NO_CHOICE:
            found = [option for folder in folders for option in options(folder / places[place])]
            hint = f"did you mean `{place}=none`?" if "none" in found else f"its options are {', '.join(found)}"
            return UserError(f"`{text}` chooses no option of {place}; {hint}")
    return None
