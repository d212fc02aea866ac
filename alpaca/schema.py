"""The configuration's safety: a function's signature is the schema of the keys that are given to it.

`check` walks a resolved configuration beside the signatures of the stage and of every `_target_` in it, and refuses in one
line what the call would not take: unknown keys (with the nearest right one), missing keys, values of a wrong type, input
files that are not there. It returns the values as the signatures want them, ready to be instantiated.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, get_args, get_origin

from annotated_types import Interval
from pydantic import ConfigDict, PydanticSchemaGenerationError, PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import SchemaError
from rapidfuzz.distance import OSA, JaroWinkler

from alpaca.doors.hub import is_elsewhere, is_model_id
from alpaca.errors import UserError
from alpaca.inputs import unfit
from alpaca.parts import lacks
from alpaca.wording import should_be

RESERVED = ("_target_", "_partial_", "_convert_", "_recursive_", "_args_")


@dataclass(frozen=True)
class ExistingPath:
    """Marks a path that must be there before a stage starts and whose hash goes into its manifest."""


@dataclass(frozen=True)
class PathOrHubId:
    """Marks what may name a folder, which is then an input too, or else something on a hub."""


@dataclass(frozen=True)
class ExistingPathOrHubId:
    """Marks a path as `ExistingPath` does, or else an address, or the id of a data set on the hub, whose revision
    the stage finds out.
    """


@dataclass(frozen=True)
class FolderOrHubId:
    """Marks what names a folder, which is then an input too, or else has the form of a model's id on the hub."""


@dataclass(frozen=True)
class MaybePath:
    """Marks a path that a stage can do without, and whose hash, or absence, goes into its manifest."""


@dataclass(frozen=True)
class Described:
    """Marks a part that is not built: only the keys that the annotated class names are read of it, and made into one.

    Where the class has a field `target`, that is the part's `_target_`. Keys that the packaged options of this target have
    are taken on trust, so that a stage that plans imports nothing heavy; with any other the target is imported and asked.
    """


ModelPath = Annotated[str, FolderOrHubId()]
"""A folder in Hugging Face's format, or the id of a model on the hub."""

FileOrName = Annotated[str, PathOrHubId()]
"""A file, or the name of what a library brings or finds on the hub."""

InputPath = Annotated[Path, ExistingPath()]
"""A file or folder that a stage reads."""

DataPath = Annotated[Path, ExistingPathOrHubId()]
"""A file or folder of examples, its address (https://...), or the id of a data set on the hub."""

MARKS = (ExistingPath, ExistingPathOrHubId, FolderOrHubId, PathOrHubId, MaybePath)

Share = Annotated[float, Interval(ge=0, le=1)]
"""A part of a whole."""

Seed = Annotated[int, Interval(ge=0, lt=2**32)]
"""What every random number generator takes."""


@dataclass
class Checked:
    """A configuration that fits: its values, converted, and the input paths found in it."""

    values: dict[str, Any] = field(default_factory=dict)
    inputs: list[Path] = field(default_factory=list)


def check(
    function: Callable[..., Any],
    config: Mapping[str, Any],
    known: Mapping[str, Sequence[str]],
    made_later: Sequence[Path] = (),
    trusted: Mapping[str, Collection[str]] = MappingProxyType({}),
    written: Path | None = None,
) -> Checked:
    """Check `config` against the signature of `function`, all the way down.

    `known` gives the usual names of each mapping of components (the callbacks, say), to tell a new name from a slip. Input
    paths inside the folders `made_later` need not exist yet, and none may be around the folder `written`, where results go.
    `trusted` gives the keys that a target is known to take. Raises UserError, one line, at the first thing that does not fit.
    """
    walk = _Walk(known, made_later, trusted, written)
    walk.checked.values = walk.arguments(function, config, "", partial=False)
    return walk.checked


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate fewest edits away; none where over a third of the word would change."""
    word = str(word)
    ranked = [(OSA.distance(word, c), -JaroWinkler.similarity(word, c), c) for c in dict.fromkeys(candidates)]
    best = min(ranked, default=None)
    return best[2] if best and best[0] <= max(1, max(len(word), len(best[2])) // 3) else None


def unknown(kind: str, word: str, where: str, candidates: Iterable[str]) -> UserError:
    """Say that `word` is not known at `where`, and what was probably meant."""
    listed = list(dict.fromkeys(candidates))
    right = nearest(word, listed)
    hint = (
        f"did you mean `{right}`?"
        if right
        else f"known are {', '.join(sorted(c for c in listed if c[0] != '_' and c != 'defaults')) or 'none'}"
    )
    return UserError(f"unknown {kind} `{word}`{' in ' + where if where else ''}; {hint}")


def locate(target: str) -> Callable[..., Any]:
    """Import what `package.module.name` names; raises UserError where there is no such thing."""
    module, _, name = str(target).rpartition(".")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as problem:
        raise UserError(f"no such _target_ `{target}`: {problem}") from problem
    if not callable(found):
        raise UserError(f"the _target_ `{target}` cannot be called")
    return found


def settable(function: Callable[..., Any], partial: bool) -> dict[str, inspect.Parameter]:
    """Return what a configuration may give: of a part that is completed in code, not its keyword-only requirements."""
    return {
        name: parameter
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and not (partial and parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty)
    }


class _Walk:
    def __init__(
        self,
        known: Mapping[str, Sequence[str]],
        made_later: Sequence[Path],
        trusted: Mapping[str, Collection[str]],
        written: Path | None,
    ) -> None:
        self.known, self.made_later, self.trusted, self.written = known, made_later, trusted, written
        self.checked = Checked()

    def arguments(
        self, function: Callable[..., Any], config: Mapping[str, Any], path: str, *, partial: bool
    ) -> dict[str, Any]:
        parameters = settable(function, partial)
        self.keys(parameters, config, path)
        for name, parameter in parameters.items():
            if parameter.default is parameter.empty and name not in config and not partial:
                raise UserError(f"missing key `{_join(path, name)}`")
        annotations = _annotations(function)
        return {key: self.value(annotations.get(key, Any), value, _join(path, key)) for key, value in config.items()}

    def keys(self, parameters: Iterable[str], config: Iterable[str], path: str) -> None:
        for key in config:
            if key not in parameters:
                raise unknown("key", key, path, [*parameters, *RESERVED, "defaults"])

    def value(self, annotation: Any, value: Any, path: str) -> Any:
        if value == "???":
            raise UserError(f"`{path}` has no value; give one with {path}=...")
        if not isinstance(value, Mapping):
            return self.leaf(annotation, value, path)
        if "_target_" in value and (kind := _described(annotation)):
            return self.described(kind, value, path)
        if "_target_" in value:
            return self.node(annotation, value, path)
        member = _member(annotation)
        if member is None:
            right = next((nearest(key, ["_target_"]) for key in value if key.startswith("_")), None)
            raise (
                unknown("key", next(k for k in value if k.startswith("_")), path, [right])
                if right
                else UserError(
                    f"`{path}` does not say what it is: it has no _target_; choose one of its options with {path}=..."
                )
            )
        return self.members(member, value, path)

    def members(self, member: Any, value: Mapping[str, Any], path: str) -> dict[str, Any]:
        for name, inner in value.items():
            usual = self.known.get(path, ())
            close = nearest(name, usual)
            if (
                usual
                and name not in usual
                and (
                    not isinstance(inner, Mapping)
                    or "_target_" not in inner
                    or (close and OSA.distance(name, close) <= 2)
                )
            ):
                raise unknown("key", name, path, usual)
        return {
            name: self.value(member, inner, _join(path, name)) for name, inner in value.items() if inner is not None
        }

    def node(self, annotation: Any, value: Mapping[str, Any], path: str) -> dict[str, Any]:
        reserved = {key: value[key] for key in RESERVED if key in value}
        given = {key: inner for key, inner in value.items() if key not in RESERVED}
        partial = bool(reserved.get("_partial_", False))
        target = locate(value["_target_"])
        if not partial and (lacking := lacks(target, annotation)):
            raise UserError(f"`{path}`: {value['_target_']} cannot serve here; it has no {lacking}")
        return reserved | self.arguments(target, given, path, partial=partial)

    def described(self, kind: Callable[..., Any], value: Mapping[str, Any], path: str) -> Any:
        target = value["_target_"]
        given = {key: inner for key, inner in value.items() if key not in RESERVED}
        if not set(given) <= set(self.trusted.get(target, ())):
            self.keys(settable(locate(target), bool(value.get("_partial_"))), given, path)
        wanted = settable(kind, partial=False)
        read = {key: inner for key, inner in given.items() if key in wanted and inner != "???"}
        if "target" in wanted:
            read["target"] = target
        return kind(**self.arguments(kind, read, path, partial=False))

    def leaf(self, annotation: Any, value: Any, path: str) -> Any:
        if isinstance(annotation, str):  # a component's type that is not imported until it is needed
            raise UserError(f"`{path}` cannot be {value!r}; choose one of its options with {path}=...")
        if value is None and type(None) in get_args(annotation):
            return None
        try:
            # "3" is a number where a number is wanted, and 3 a name where a text is.
            adapter = TypeAdapter(
                annotation, config=ConfigDict(arbitrary_types_allowed=True, coerce_numbers_to_str=True)
            )
            converted = adapter.validate_python(value)
        except (PydanticSchemaGenerationError, PydanticUserError):
            return value
        except ValidationError as problem:
            raise UserError(f"`{path}` cannot be {value!r}: {should_be(problem, value)}") from problem
        except SchemaError as problem:  # the type of a part
            raise UserError(f"`{path}` cannot be {value!r}; choose one of its options with {path}=...") from problem
        self.inputs(annotation, value, path)
        return converted

    def inputs(self, annotation: Any, value: Any, path: str) -> None:
        """Note the input files that a key names; raises UserError for what can be none."""
        mark = next((mark for mark in MARKS if _is_marked(annotation, mark)), None)
        if mark is None or value is None:
            return
        for each in map(str, value if isinstance(value, list) else [value]):
            if not each.strip():
                raise UserError(f"`{path}` is empty; name a file or folder")
            try:
                self.input(each, mark, path)
            except OSError as problem:
                raise UserError(f"`{path}`: cannot read {each}: {problem.strerror}") from problem

    def input(self, name: str, mark: type, path: str) -> None:
        """Note a file that is there or will be made; raises UserError for one that is missing, and nothing else either."""
        file = Path(name)
        if file.exists() and (reason := unfit(file, self.written)):
            raise UserError(f"`{path}`: {reason}")
        later = any(file.is_relative_to(folder) for folder in self.made_later)
        if file.exists() or later or mark is MaybePath:
            self.checked.inputs.append(file)
        elif mark is FolderOrHubId and not is_model_id(name):
            raise UserError(f"`{path}`: there is no folder {name}, and it is no hub id (org/name) either")
        elif mark is ExistingPath or (mark is ExistingPathOrHubId and not is_elsewhere(file)):
            hint = "" if mark is ExistingPath else ", and it is no address or hub id (org/name) either"
            if (file.parent / "started.json").is_file() and not (file.parent / "manifest.json").is_file():
                hint = f"; `alpaca {file.parent.name}` is not finished there, run it again"
            raise UserError(f"`{path}`: there is no file or folder {file}{hint}")


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _annotations(function: Callable[..., Any]) -> dict[str, Any]:
    """Evaluate the annotations that can be; what is imported for type checking only stays a string."""
    owner = function.__init__ if inspect.isclass(function) else function
    owner = inspect.unwrap(owner)
    found: dict[str, Any] = {}
    for name, annotation in getattr(owner, "__annotations__", {}).items():
        try:
            found[name] = eval(annotation, owner.__globals__) if isinstance(annotation, str) else annotation
        except NameError:
            found[name] = annotation
    return found


def _member(annotation: Any) -> Any:
    """Return what a mapping annotation holds, or None where the annotation is no mapping."""
    if isinstance(annotation, str):
        inside = annotation.split("|")[0].strip()
        return inside.removesuffix("]").split(",", 1)[1].strip() if inside.startswith(("dict[", "Mapping[")) else None
    for option in get_args(annotation) if get_origin(annotation) not in (dict, Mapping) else (annotation,):
        origin = get_origin(option)
        if inspect.isclass(origin) and issubclass(origin, Mapping):
            return get_args(option)[1]
    return Any if annotation in (dict, Any) else None


def _described(annotation: Any) -> Callable[..., Any] | None:
    """Return the class that a part marked as described is to be made into."""
    if any(isinstance(part, Described) for part in get_args(annotation)):
        described: Callable[..., Any] = get_args(annotation)[0]
        return described
    return next((kind for part in get_args(annotation) if (kind := _described(part))), None)


def _is_marked(annotation: Any, marker: type) -> bool:
    return any(isinstance(part, marker) or _is_marked(part, marker) for part in get_args(annotation))
