"""The truth about the training data, told before the first step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alpaca.datamodules.encoding import Encoded
from alpaca.datamodules.mixing import Mixture
from alpaca.datamodules.tokens import Tokens
from alpaca.errors import UserError
from alpaca.log import logger
from alpaca.records import Conversation, Record

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class DataReport:
    """Counts of examples and tokens, the validation's included but for what is per epoch.

    `sample` is one example in pieces, each with whether the loss is on it.
    """

    examples: int
    conversations: int
    without_target: int
    truncated: int
    dropped: int
    supervised_eos: int
    duplicates: int
    examples_per_epoch: int
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
        records: Sequence[Record],
        encoded: Encoded,
        mixture: Mixture,
        epochs: int,
        global_batch_size: int,
        max_steps: int | None,
    ) -> DataReport:
        """Count what is trained on; tokens per epoch are the mean over the epochs."""
        tokens = encoded.tokens
        conversations = sum(isinstance(records[index], Conversation) for index in encoded.kept)
        verify(tokens, tokenizer.eos_token_id, encoded.truncated, conversations)
        taken = np.concatenate([mixture.order(epoch) for epoch in range(epochs)])
        steps = -(-len(mixture) // global_batch_size)
        return cls(
            examples=len(tokens.ends),
            conversations=conversations,
            without_target=encoded.without_target,
            truncated=encoded.truncated,
            dropped=encoded.too_long,
            supervised_eos=int(_ends_in(tokens, tokenizer.eos_token_id).sum()),
            duplicates=len(records) - len(set(records)),
            examples_per_epoch=len(mixture),
            tokens_per_epoch=round(tokens.lengths[taken].sum() / epochs),
            supervised_share=float(tokens.target_counts[taken].sum() / tokens.lengths[taken].sum()),
            median_tokens=float(np.median(tokens.lengths)),
            longest_tokens=int(tokens.lengths.max()),
            steps_per_epoch=steps,
            steps=min(steps * epochs, max_steps or steps * epochs),
            sample=_sample(tokenizer, tokens),
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def verify(tokens: Tokens, eos: int, truncated: int, conversations: int = 0) -> None:
    """Refuse a loss mask under which a model would not learn to stop.

    Raises UserError where an example has no target; more than the truncated ones do not end in a target; or more than those
    and the conversations, whose turns the chat template ends in its own way, do not end in EOS.
    """
    if not tokens.target_counts.all():
        raise UserError("an example has no target token; the loss would be on nothing")
    unending = int((~tokens.targets[tokens.ends - 1]).sum())
    if unending > truncated:
        raise UserError(f"the loss is not on the end of {unending} examples; a model could not learn where to stop")
    without_eos = int((~_ends_in(tokens, eos)).sum()) - truncated - conversations
    if without_eos > 0:
        raise UserError(f"{without_eos} examples do not end in EOS; a model could not learn where to stop")


def _ends_in(tokens: Tokens, eos: int) -> np.ndarray:
    """Tell of each example whether its last token is a supervised EOS."""
    last = tokens.ends - 1
    supervised: np.ndarray = (tokens.ids[last] == eos) & tokens.targets[last]
    return supervised


def tell(report: Mapping[str, Any], global_batch_size: int) -> None:
    """Print the report, the sample with the supervised parts marked; warn where a step has too few examples."""
    console = Console(stderr=True)
    table = Table(title="Training data", show_header=False, title_justify="left")
    for name, value in report.items():
        if isinstance(value, int | float):
            table.add_row(name.replace("_", " "), f"{value:,.3g}" if isinstance(value, float) else f"{value:,}")
    for each in report["data_sets"] if len(report["data_sets"]) > 1 else ():
        table.add_row(each["path"], f"{each['examples']:,}, taken {each['examples_per_epoch']:,} an epoch")
    console.print(table)
    if report["examples_per_epoch"] < global_batch_size:
        logger.warning(
            "datamodule.global_batch_size=%d is more than the %d examples: an epoch is one step over all of them",
            global_batch_size,
            report["examples_per_epoch"],
        )
    text = Text("One example; the loss is on the part in reverse: ")
    for piece, supervised in report["sample"]:
        text.append(piece, style="reverse" if supervised else "dim")
    console.print(text)


def _sample(tokenizer: PreTrainedTokenizerBase, tokens: Tokens) -> list[tuple[str, bool]]:
    """Return the first example in pieces with and without loss, decoded from the very ids that are trained on."""
    ids, targets = tokens.example(0), tokens.mask(0)
    cuts = np.flatnonzero(np.diff(targets)) + 1
    pieces = zip(np.split(ids, cuts), np.split(targets, cuts), strict=True)
    return [(str(tokenizer.decode(piece)), bool(supervised[0])) for piece, supervised in pieces]
