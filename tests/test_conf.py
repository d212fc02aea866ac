"""Every option of every group: it composes, fits its signature, mirrors a package, and no slip in a key gets through."""

from __future__ import annotations

import importlib
import itertools
import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from alpaca.arguments import conf_folder, groups
from alpaca.composition import checked, compose
from alpaca.errors import UserError
from alpaca.stage import STAGES, function

CONF = conf_folder()
NEEDS = {
    "hub": ["model.path=org/name"],
    "file": ["seeds.path=outputs/seeds.jsonl"],
    "lm_eval": ["harness.tasks=[hellaswag]"],
    "stored": ["judge.path=outputs/annotations.json"],
    **{
        model: ["model.path=org/name"]
        for model in ("llama_7b", "llama_13b", "llama_30b", "llama_65b", "llama3_8b", "qwen2_5_7b")
    },
    **{
        f"alpaca_{recipe}/train": ["model.path=org/name"]
        for recipe in ("7b", "7b_one_gpu", "13b", "7b_24gb", "7b_24gb_lora", "7b_24gb_qlora")
    },
}
EDITS_A_KEY = 4


def options() -> list[tuple[str, str, str]]:
    """List (stage, group, option) for every option of every group."""
    return [
        (stage, group, file.stem)
        for stage in STAGES
        for group in groups(stage)
        if group != "experiment"
        for file in sorted((CONF / group.split("@")[0]).glob("*.yaml"))
    ]


def experiments() -> list[tuple[str, str]]:
    return [(file.stem, f"{file.parent.name}/{file.stem}") for file in sorted((CONF / "experiment").glob("*/*.yaml"))]


@cache
def composed(stage: str, overrides: tuple[str, ...]) -> dict[str, Any]:
    return compose(stage, list(overrides))


def fits(stage: str, config: dict[str, Any]) -> None:
    checked(function(stage), config, made_later=[Path(config.get("root", "outputs"))])


@pytest.mark.parametrize(("stage", "group", "option"), options())
def test_option_fits_its_signature(stage: str, group: str, option: str) -> None:
    local = group.startswith("llm") and option in ("huggingface", "huggingface_writer", "vllm", "answers")
    needs = [f"{group.removeprefix('llm@')}.path={CONF}"] if local else NEEDS.get(option, [])
    fits(stage, composed(stage, (f"{group}={option}", *needs)))


@pytest.mark.parametrize(("stage", "experiment"), experiments())
def test_experiment_composes(stage: str, experiment: str) -> None:
    if stage != "run":
        fits(stage, composed(stage, (f"experiment={experiment}", *NEEDS.get(experiment, []))))


def test_option_begins_with_a_line_that_describes_it() -> None:
    for file in CONF.rglob("*.yaml"):
        comments = [line for line in file.read_text("utf-8").splitlines()[:2] if not line.startswith("# @package")]
        assert comments[0].startswith("# "), file


def test_every_group_mirrors_a_package() -> None:
    """`conf/<group>` is the singular of the package its targets live in, but for groups that parts of a package share."""
    shared = {
        "gpu": "planning",
        "dedup": "curation",
        "filters": "curation",
        "mends": "curation",
        "decontamination": "curation",
        "judge": "evaluation",
        "harness": "evaluation",
        "helm": "evaluation",
        "logger": "lightning",
        "scores": "curation",
        "selection": "curation",
    }
    for group in sorted(folder.name for folder in CONF.iterdir() if folder.is_dir()):
        targets = re.findall(
            r"_target_: ([\w.]+)", "".join(f.read_text("utf-8") for f in (CONF / group).glob("*.yaml"))
        )
        plural = shared.get(
            group, group if group.endswith("s") else re.sub("y?$", lambda y: "ies" if y[0] else "s", group, count=1)
        )
        assert all(plural in target.split(".")[:2] or target.startswith("torch.optim") for target in targets), group


def test_targets_are_importable() -> None:
    for file in CONF.rglob("*.yaml"):
        for target in re.findall(r"_target_: ([\w.]+)", file.read_text("utf-8")):
            module, _, name = target.rpartition(".")
            assert hasattr(importlib.import_module(module), name), target


def keys(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every key of a YAML mapping with its path and value."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield (*path, key), inner
        yield from keys(inner, (*path, key))


def edits(word: str) -> list[str]:
    """Return all words that are one inserted, deleted, replaced or swapped character away and can be a key."""
    letters = "abcdefghijklmnopqrstuvwxyz_"
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    found = {a + b[1:] for a, b in cuts if b} | {a + c + b for a, b in cuts for c in letters}
    found |= {a + c + b[1:] for a, b in cuts if b for c in letters}
    found |= {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    return sorted(edit for edit in found - {word} if re.fullmatch(r"[a-z_]+", edit))


def slips(seed: int, each: int) -> Iterator[tuple[str, list[str], tuple[str, ...], str, Any]]:
    """Yield (stage, overrides that choose the option, path of the key, edited key, value) over all of `conf/`."""
    rng = random.Random(seed)
    sources = [(s, [f"{g}={o}"], package(g, o), CONF / g.split("@")[0] / f"{o}.yaml") for s, g, o in options()]
    sources += [(stage, [], (), CONF / f"{stage}.yaml") for stage in STAGES]
    sources += [(s, [f"experiment={e}"], (), CONF / "experiment" / f"{e}.yaml") for s, e in experiments() if s != "run"]
    sources += [(stage, [], ("hydra",), CONF / "hydra" / "default.yaml") for stage in STAGES if stage != "run"]
    for stage, choice, where, file in sources:
        needed = NEEDS.get(choice[0].split("=")[1], []) if choice else []
        for path, value in keys(yaml.safe_load(file.read_text("utf-8"))):
            known = sibling_names(file, path)
            wrong = [edit for edit in edits(path[-1]) if edit not in known]
            for edit in rng.sample(wrong, min(each, len(wrong))):
                yield stage, [*choice, *needed], (*where, *path), edit, value


def package(group: str, option: str) -> tuple[str, ...]:
    """Return where an option's keys are in the configuration: under its group, unless it says otherwise."""
    text = (CONF / group.split("@")[0] / f"{option}.yaml").read_text("utf-8")
    return () if text.startswith("# @package _global_") else (group.split("@")[-1],)


def sibling_names(file: Path, path: tuple[str, ...]) -> set[str]:
    """Return the keys beside one, which an edit may happen to spell."""
    value = yaml.safe_load(file.read_text("utf-8"))
    for part in path[:-1]:
        value = value[part]
    return set(value)


def refusal(stage: str, overrides: list[str], search: list[str]) -> str | None:
    """Return the one line with which a command is refused, or None if it is not."""
    try:
        fits(stage, compose(stage, overrides, search))
    except UserError as mistake:
        return str(mistake)
    return None


def yaml_of(path: tuple[str, ...], value: Any) -> Any:
    return {path[0]: yaml_of(path[1:], value)} if path else value


def slip_lines(tmp_path: Path, seed: int, each: int, share: int = 1) -> Iterator[tuple[str, str, str | None]]:
    """Yield (what was written, the right key, the refusal) for slips on the command line and in a user's own YAML.

    One slip in `share` is tried.
    """
    (tmp_path / "experiment").mkdir(exist_ok=True)
    for stage, choice, path, edit, value in itertools.islice(slips(seed, each), 0, None, share):
        wrong = (*path[:-1], edit)
        if stage != "run":
            override = f"{'.'.join(wrong)}={value if isinstance(value, int | float) else 'x'}"
            yield f"alpaca {stage} {' '.join(choice)} {override}", path[-1], refusal(stage, [*choice, override], [])
        mine = tmp_path / "experiment" / "mine.yaml"
        chosen = [_default(part) for part in choice if not part.startswith("model.path")]
        text = "# @package _global_\n" + ("defaults:\n" + "".join(f"  - {c}\n" for c in chosen) if chosen else "")
        mine.write_text(text + yaml.safe_dump(yaml_of(wrong, value)), "utf-8")
        needed = [c for c in choice if c.startswith("model.path")] + (["experiment=mine"])
        yield mine.read_text("utf-8"), path[-1], refusal(stage, needed, [str(tmp_path)])


def _default(choice: str) -> str:
    """Return the entry of a defaults list that chooses an option as the command line does."""
    group, option = choice.split("=")
    return f"/experiment/{option}" if group == "experiment" else f"override /{group}: {option}"


def check_slips(lines: list[tuple[str, str, str | None]]) -> None:
    accepted = [written for written, _, line in lines if line is None]
    assert not accepted, f"{len(accepted)} of {len(lines)} accepted, such as {accepted[0]}"
    assert all("\n" not in line for _, _, line in lines if line)
    told = [f"did you mean `{right}`?" in (line or "") for _, right, line in lines]
    missed = [(written, right, line) for (written, right, line), hit in zip(lines, told, strict=True) if not hit]
    assert sum(told) >= 0.95 * len(told), f"{len(missed)} of {len(told)} not corrected, such as {missed[:20]}"


def test_slips_in_keys_are_refused_and_corrected(tmp_path: Path) -> None:
    check_slips(list(slip_lines(tmp_path, seed=0, each=1, share=20)))


@pytest.mark.slow
def test_many_slips_in_keys_are_refused_and_corrected(tmp_path: Path) -> None:
    check_slips(list(slip_lines(tmp_path, seed=1, each=EDITS_A_KEY)))
