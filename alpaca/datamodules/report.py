"""The truth about the training data, told before the first step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alpaca.datamodules.tokens import Encoded, Tokens
from alpaca.errors import UserError
from alpaca.records import BadRow, Example

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class DataReport:
    """Counts of examples and tokens; `sample` is one example in pieces, each with whether the loss is on it."""

    examples: int
    bad_rows: int
    without_target: int
    truncated: int
    dropped: int
    supervised_eos: int
    duplicates: int
    tokens_per_epoch: int
    supervised_share: float
    median_tokens: float
    longest_tokens: int
    steps_per_epoch: int
    steps: int
    sample: list[tuple[str, bool]]

    @classmethod
    def of(
        cls,
        tokenizer: PreTrainedTokenizerBase,
        examples: Sequence[Example],
        bad: Sequence[BadRow],
        encoded: Encoded,
        global_batch_size: int,
        epochs: int,
    ) -> DataReport:
        tokens = encoded.tokens
        verify(tokens, tokenizer.eos_token_id, encoded.truncated)
        steps = -(-len(tokens.ends) // global_batch_size)
        return cls(
            examples=len(tokens.ends),
            bad_rows=len(bad),
            without_target=encoded.without_target,
            truncated=encoded.truncated,
            dropped=encoded.too_long,
            supervised_eos=int((tokens.ids[tokens.ends - 1] == tokenizer.eos_token_id).sum()),
            duplicates=len(examples) - len({(e.instruction, e.input, e.output) for e in examples}),
            tokens_per_epoch=len(tokens.ids),
            supervised_share=tokens.targets(range(len(tokens.ends))) / len(tokens.ids),
            median_tokens=float(np.median(tokens.lengths)),
            longest_tokens=int(tokens.lengths.max()),
            steps_per_epoch=steps,
            steps=steps * epochs,
            sample=_sample(tokenizer, tokens),
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def verify(tokens: Tokens, eos: int, truncated: int) -> None:
    """Refuse a loss mask under which a model would not learn to stop.

    Raises UserError where an example has no target, or more than the truncated ones do not end in a supervised EOS.
    """
    if (tokens.target_starts >= tokens.lengths).any():
        raise UserError("an example has no target token; the loss would be on nothing")
    without_eos = int((tokens.ids[tokens.ends - 1] != eos).sum())
    if without_eos > truncated:
        raise UserError(f"{without_eos - truncated} examples do not end in EOS; a model could not learn where to stop")


def tell(report: Mapping[str, Any]) -> None:
    """Print the report, the sample with the supervised part marked."""
    console = Console(stderr=True)
    table = Table(title="Training data", show_header=False, title_justify="left")
    for name, value in report.items():
        if name != "sample":
            table.add_row(name.replace("_", " "), f"{value:,.3g}" if isinstance(value, float) else f"{value:,}")
    console.print(table)
    text = Text("One example; the loss is on the part in reverse: ")
    for piece, supervised in report["sample"]:
        text.append(piece, style="reverse" if supervised else "dim")
    console.print(text)


def _sample(tokenizer: PreTrainedTokenizerBase, tokens: Tokens) -> list[tuple[str, bool]]:
    """Return the first example as its prompt and its supervised part, decoded from the very ids that are trained on."""
    ids, start = tokens.example(0), int(tokens.target_starts[0])
    return [(str(tokenizer.decode(ids[:start])), False), (str(tokenizer.decode(ids[start:])), True)]
