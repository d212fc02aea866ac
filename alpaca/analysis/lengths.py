"""How long texts are, in words and in a tokenizer's tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TypedDict

from alpaca.analysis.sample import chunks
from alpaca.doors.hub import model_folder
from alpaca.errors import UserError

Count = Callable[[Iterable[str]], list[int]]


class Lengths(TypedDict):
    """`counts` tells how many texts have each length, shortest first."""

    texts: int
    median: int
    mean: float
    longest: int
    counts: dict[str, int]


def lengths(values: Sequence[int]) -> Lengths:
    """Sum up the lengths of texts; all 0 where there are none. Of an even number the upper middle is the median."""
    ordered = sorted(values)
    return {
        "texts": len(ordered),
        "median": ordered[len(ordered) // 2] if ordered else 0,
        "mean": round(sum(ordered) / len(ordered), 2) if ordered else 0.0,
        "longest": ordered[-1] if ordered else 0,
        "counts": {str(value): count for value, count in sorted(Counter(ordered).items())},
    }


def words(texts: Iterable[str]) -> list[int]:
    """Count what white space divides."""
    return [len(text.split()) for text in texts]


@cache  # it is loaded when a run is checked, and asked for at the run's end
def tokens(path: str) -> Count:
    """Return what counts tokens with a tokenizer of Hugging Face's, without special ones.

    Raises UserError where `path` has none.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(model_folder(path, weights=False))
    except (OSError, ValueError) as problem:
        raise UserError(f"analysis.tokenizer: no tokenizer at {path}: {str(problem).splitlines()[0]}") from problem

    def lengths_of(batch: list[str]) -> Iterator[int]:
        return map(len, tokenizer(batch, add_special_tokens=False, verbose=False)["input_ids"])

    return lambda texts: [length for batch in chunks(texts, 1000) for length in lengths_of(batch)]
