"""Choices by their place: `candidate=openai` is short for `llm@candidate=openai`, and `scores.llm=vllm` for `llm@scores.llm=vllm`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from yaml import YAMLError

NO_CHOICE = ("", "null", "~", "{", "[", "$", "'", '"')  # how values begin that name no option


def spelled_out(arguments: Sequence[str], roles: Mapping[str, str]) -> list[str]:
    """Write the choices of options, or sweeps over some, that go by their place as Hydra wants them."""

    def argument(text: str) -> str:
        place, equals, value = text.partition("=")
        is_choice = equals and value not in NO_CHOICE and value[0] not in NO_CHOICE
        return f"{roles[place]}={value}" if is_choice and place in roles else text

    return [argument(text) for text in arguments]


def roles(groups: Sequence[str], folders: Sequence[Path]) -> dict[str, str]:
    """Return what each place is called in full, for a stage's groups and what their options in these folders are made of."""
    found = {group.partition("@")[2]: group for group in groups if "@" in group}
    for group in groups:
        name, _, package = group.partition("@")
        for file in (file for folder in folders for file in sorted((folder / name).glob("*.yaml"))):
            for inner, place in _parts(file):
                found[f"{package or name}.{place}"] = f"{inner}@{package or name}.{place}"
    return found


def _parts(option: Path) -> Iterator[tuple[str, str]]:
    """Yield the group and the place of each part that an option takes from another group (`- /llm@llm: openai`)."""
    if b"@" not in option.read_bytes():
        return
    try:
        config = OmegaConf.load(option)
    except YAMLError:
        return  # what is wrong is told when it is composed
    for entry in config.get("defaults", ()) if isinstance(config, DictConfig) else ():
        for key in entry if isinstance(entry, DictConfig) else ():
            group, _, place = str(key).partition("@")
            if place and not place.startswith("_") and " " not in group:
                yield group.lstrip("/"), place
