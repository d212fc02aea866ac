"""What finds the verbs and objects of many instructions: spaCy where a model of it is installed, else our own heuristic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from typing import Literal, NamedTuple, Protocol

from alpaca.analysis.phrases import root_verb_and_object
from alpaca.errors import UserError

HEURISTIC = "a heuristic on the first words (right for 52 of 56 real instructions labelled by hand)"

Pair = tuple[str, str]
Find = Callable[[Iterable[str]], Iterator[Pair | None]]


class Parser(NamedTuple):
    """A way to find verb and object, with the words in which the page names it."""

    name: str
    find: Find


class Token(Protocol):
    """What is asked of spaCy's tokens."""

    @property
    def dep_(self) -> str: ...
    @property
    def pos_(self) -> str: ...
    @property
    def lemma_(self) -> str: ...
    @property
    def children(self) -> Iterable[Token]: ...


class Parsed(Protocol):
    def __iter__(self) -> Iterator[Token]: ...


class Pipeline(Protocol):
    """What is asked of a spaCy model."""

    def pipe(self, texts: Iterable[str], *, batch_size: int) -> Iterator[Parsed]: ...


def parser(kind: Literal["auto", "heuristic", "spacy"]) -> Parser:
    """Return the parser asked for; raises UserError where spaCy or a model of it is asked for and absent."""
    model = None if kind == "heuristic" else installed_model()
    if model is not None:
        return Parser(f"spaCy's {model}", lambda texts: found_by(_loaded(model), texts))
    if kind == "spacy":
        raise UserError(
            "analysis.parser=spacy: no English model of spaCy is installed; pip install spacy, then python -m spacy "
            "download en_core_web_sm, or take analysis.parser=heuristic"
        )
    return Parser(HEURISTIC, lambda texts: map(root_verb_and_object, texts))


def installed_model() -> str | None:
    """Return the first of spaCy's English models that is installed, in the order of their names."""
    if find_spec("spacy") is None:
        return None
    from spacy.util import get_installed_models

    return next((name for name in sorted(get_installed_models()) if name.startswith("en_")), None)


def found_by(pipeline: Pipeline, texts: Iterable[str]) -> Iterator[Pair | None]:
    """Yield the root verb of each text's first sentence with its direct object, as Self-Instruct did (section 3.2)."""
    for document in pipeline.pipe(texts, batch_size=256):
        root = next((token for token in document if token.dep_ == "ROOT"), None)
        yield verb_and_object(root) if root else None


def verb_and_object(node: Token) -> Pair | None:
    """Return the first verb at or below `node` with its direct object; None where that verb has none."""
    if node.pos_ == "VERB":
        noun = next((child.lemma_ for child in node.children if child.dep_ in ("dobj", "obj")), None)
        return (node.lemma_.lower(), noun.lower()) if noun else None
    return next((found for child in node.children if (found := verb_and_object(child))), None)


def _loaded(model: str) -> Pipeline:
    import spacy

    pipeline: Pipeline = spacy.load(model, exclude=["ner"])
    return pipeline
