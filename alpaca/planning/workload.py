"""How many tokens a training goes through, and its largest micro-batch, from the data's characters or from assumptions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from alpaca.datamodules.packing import alike, pack
from alpaca.prompts.alpaca import PIECES, prompt
from alpaca.records import Example, read

SAMPLE = 1000  # examples that are tokenized, to learn how many characters a token has
LOOKED_AT = 2000  # steps, for the largest micro-batch
PADDING = 1.15  # ASSUMED of attention's grids where no lengths are known: between none and twice


@dataclass(frozen=True, eq=False)
class Documents:
    """Tokens of each example, how many of them are targets, and where this is known from; equal to itself alone."""

    lengths: np.ndarray  # (examples,)
    targets: np.ndarray  # (examples,)
    source: str


@dataclass(frozen=True)
class Workload:
    """The steps of a training and its largest micro-batch, on one device."""

    steps: int
    tokens: int  # of the whole training
    tokens_squared: float  # the sum of the squares of documents' tokens, for attention
    largest: int  # tokens of the largest micro-batch
    targets: int  # of it
    padding: float  # places of its attention grids a token
    micro_batches: int  # of a step on a device, at most


def assumed(num_examples: int, mean_tokens: float, supervised_share: float) -> Documents:
    """Take every example to be of the mean length."""
    lengths = np.full(num_examples, round(mean_tokens))
    source = f"no data: {num_examples:,} examples of {mean_tokens:g} tokens are ASSUMED (num_examples, mean_tokens)"
    return Documents(lengths, np.ceil(lengths * supervised_share).astype(int), source)


def measured(
    data: Path, model: Path | None, characters_per_token: float, max_length: int, own_pieces: bool
) -> Documents:
    """Estimate tokens from characters, of which a sample tells how many make a token where the model has a tokenizer.

    `own_pieces`: the templates' fixed texts are a token each. Raises UserError where the file has no usable example.
    """
    examples, _ = read(data)
    fixed = PIECES if own_pieces else ()
    prompts = np.array([_characters(prompt(e.instruction, e.input), fixed) for e in examples])
    outputs = np.array([len(e.output) for e in examples])
    (of_prompt, of_output), source = _rates(model, examples, characters_per_token)
    ends = 2 + (3 if own_pieces else 0)  # BOS and EOS, and the pieces
    targets = np.rint(outputs / of_output).astype(int) + 1
    lengths = np.minimum(np.rint(prompts / of_prompt).astype(int) + targets + ends - 1, max_length)
    targets = np.minimum(targets, lengths)
    return Documents(lengths, targets, f"{len(examples):,} examples of {data}; {source}")


def _characters(text: str, fixed: tuple[str, ...]) -> int:
    return len(text) - sum(len(piece) for piece in fixed if piece in text)


def _rates(model: Path | None, examples: list[Example], characters_per_token: float) -> tuple[tuple[float, float], str]:
    """Return how many characters a token of a prompt has, and one of an output, and how that is known."""
    file = model / "tokenizer.json" if model else None
    if file is None or not file.is_file():
        source = f"{characters_per_token:g} characters a token are ASSUMED (characters_per_token)"
        return (characters_per_token, characters_per_token), source
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    sample = examples[:: max(1, len(examples) // SAMPLE)]
    prompts = [prompt(e.instruction, e.input) for e in sample]
    of_prompt, of_output = (
        sum(map(len, texts))
        / max(1, sum(len(encoding.ids) for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)))
        for texts in (prompts, [e.output for e in sample])
    )
    return (of_prompt, of_output or characters_per_token), f"{len(sample):,} of them tokenized by the model's tokenizer"


@lru_cache(maxsize=32)  # of a few settings that are tried in turn
def workload(
    documents: Documents,
    epochs: int,
    global_batch_size: int,
    capacity: int,
    world: int,
    seed: int,
    max_steps: int | None = None,
) -> Workload:
    """Lay out the steps as the datamodule does. Raises UserError where a micro-batch cannot hold the longest example."""
    lengths, count = documents.lengths, len(documents.lengths)
    per_epoch = -(-count // global_batch_size)
    largest, members, most = 0, np.zeros(0, int), 0
    order = np.random.default_rng([seed, 0]).permutation(count)  # the first epoch's
    for number in range(min(per_epoch, LOOKED_AT)):
        step = order[number * global_batch_size : (number + 1) * global_batch_size]
        bins = pack(lengths[step], capacity, world)
        most = max(most, -(-len(bins) // world))
        biggest = max(bins, key=lambda bin: int(lengths[step[bin]].sum()))
        if (size := int(lengths[step[biggest]].sum())) > largest:
            largest, members = size, step[biggest]
    steps = min(epochs * per_epoch, max_steps or epochs * per_epoch)
    taken = steps / per_epoch  # epochs
    return Workload(
        steps=steps,
        tokens=round(taken * int(lengths.sum())),
        tokens_squared=float(taken * (lengths.astype(float) ** 2).sum()),
        largest=largest,
        targets=int(documents.targets[members].sum()),
        padding=_padding(np.sort(lengths[members])),
        micro_batches=most,
    )


def _padding(lengths: np.ndarray) -> float:
    if lengths.min() == lengths.max():  # as where they are assumed
        return PADDING
    places = sum(len(group) * max(group) for group in alike(lengths.tolist()))
    return float(places / lengths.sum())
