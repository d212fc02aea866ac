"""Examples and conversations to token ids with a loss mask.

A text is tokenized as a whole, and where the loss begins and ends is found in its tokens: the first token that holds a
character of a supervised span is the first target, and the last that holds one is the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from jinja2 import TemplateError

from alpaca.datamodules.tokens import Tokens
from alpaca.errors import UserError
from alpaca.prompts.alpaca import prompt
from alpaca.records import Conversation, Example, Record

if TYPE_CHECKING:
    from transformers import BatchEncoding, PreTrainedTokenizerBase

LongExamples = Literal["truncate", "drop"]

TEXTS_AT_ONCE: Final = 1000
CONTENT: Final = "alpaca:content"  # stands for what an assistant says, to see what a chat template writes around it
DATE: Final = (
    "26 Jul 2024"  # for templates that write one: Llama 3.1's own; today's would make each day's tokens others
)


@dataclass(frozen=True)
class Encoded:
    """What tokenizing made of the records, and what it could not use."""

    tokens: Tokens
    kept: np.ndarray  # (examples,) int64, the index of the record that each example is
    truncated: int
    too_long: int
    without_target: int
    refused: dict[int, str]  # the records that the chat template does not take, and why


@dataclass(frozen=True)
class Rendered:
    """A text to tokenize, and the spans of its characters that the loss is on."""

    text: str
    spans: list[tuple[int, int]]
    whole: bool  # the text brings its own BOS and other special tokens
    add_eos: bool  # with loss


@dataclass
class _Rows:
    """The examples so far."""

    ids: list[np.ndarray] = field(default_factory=list)
    targets: list[np.ndarray] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)

    def tokens(self) -> Tokens:
        lengths = [len(ids) for ids in self.ids]
        empty = np.empty(0, np.int32)
        return Tokens(
            np.concatenate([empty, *self.ids]),
            np.concatenate([empty.astype(bool), *self.targets]),
            np.cumsum(lengths, dtype=np.int64),
        )


def encode(
    tokenizer: PreTrainedTokenizerBase, records: Sequence[Record], max_length: int, long_examples: LongExamples
) -> Encoded:
    """Tokenize records: of an example the loss is on output + EOS, of a conversation on the assistant's turns.

    Those longer than `max_length` tokens are cut at the end (losing EOS) or dropped; one whose targets are all cut, or whose
    output is empty, is dropped too. Raises UserError for a tokenizer that cannot tell where a token lies, or has no EOS.
    """
    _check(tokenizer)
    rows = _Rows()
    refused: dict[int, str] = {}
    truncated = too_long = without_target = 0
    for first in range(0, len(records), TEXTS_AT_ONCE):
        rendered: dict[int, Rendered] = {}
        for index, record in enumerate(records[first : first + TEXTS_AT_ONCE], first):
            try:
                rendered[index] = render(tokenizer, record)
            except ValueError as problem:
                refused[index] = str(problem)
        for index, (ids, targets) in _tokenized(tokenizer, rendered).items():
            if len(ids) > max_length and long_examples == "drop":
                too_long += 1
            elif not targets[:max_length].any():
                without_target += 1
            else:
                truncated += len(ids) > max_length
                rows.ids.append(ids[:max_length])
                rows.targets.append(targets[:max_length])
                rows.kept.append(index)
    return Encoded(rows.tokens(), np.array(rows.kept, np.int64), truncated, too_long, without_target, refused)


def render(tokenizer: PreTrainedTokenizerBase, record: Record) -> Rendered:
    """Write a record as the text that is trained on; raises ValueError where the chat template does not take it."""
    if isinstance(record, Example):
        text = prompt(record.instruction, record.input)
        whole = text + record.output
        return Rendered(whole, [(len(text), len(whole))], whole=False, add_eos=True)
    try:
        return _chat(tokenizer, record)
    except TemplateError as problem:
        raise ValueError(f"the chat template refuses the conversation: {problem}") from problem


def _chat(tokenizer: PreTrainedTokenizerBase, conversation: Conversation) -> Rendered:
    """Write a conversation up to the assistant's last turn; EOS is added where the template ends that turn with nothing.

    A turn's span is from its content to all that the template writes before the next turn. It is found by writing the
    conversation up to there, which must be how the whole one begins.
    """
    if not tokenizer.chat_template:
        raise UserError(f"{conversation.where} is a chat, and the tokenizer has no chat template to write it with")
    messages = conversation.messages()
    turns = [index for index, message in enumerate(messages) if message["role"] == "assistant"]
    text = _written(tokenizer, messages[: turns[-1] + 1])
    spans, closing = [], ""
    for turn in turns:
        stand_in = {"role": "assistant", "content": CONTENT}
        opening, _, closing = _written(tokenizer, [*messages[:turn], stand_in]).rpartition(CONTENT)
        until = _written(tokenizer, messages[: turn + 1])
        if not (text.startswith(opening) and text.startswith(until)):
            raise ValueError("the chat template writes an earlier turn in another way once the conversation goes on")
        spans.append((len(opening), len(until)))
    return Rendered(text, spans, whole=True, add_eos=not closing.strip())


def _written(tokenizer: PreTrainedTokenizerBase, messages: list[dict[str, str]]) -> str:
    return str(tokenizer.apply_chat_template(messages, tokenize=False, date_string=DATE))


def _check(tokenizer: PreTrainedTokenizerBase) -> None:
    if not tokenizer.is_fast:
        raise UserError(
            f"the tokenizer ({type(tokenizer).__name__}) is a slow one, which cannot tell where in a text a token lies; "
            "give a model with a tokenizer.json"
        )
    if tokenizer.eos_token_id is None:
        raise UserError("the tokenizer has no EOS token, so a model could not learn where to stop")


def _tokenized(
    tokenizer: PreTrainedTokenizerBase, rendered: dict[int, Rendered]
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Return the ids and the loss mask of each text, in the order of their indices."""
    rows = _without_offsets(tokenizer, {index: text for index, text in rendered.items() if not text.whole})
    for whole in (False, True):
        texts = {index: text for index, text in rendered.items() if text.whole == whole and index not in rows}
        if texts:
            batch = tokenizer(
                [text.text for text in texts.values()],
                add_special_tokens=not whole,
                return_attention_mask=False,
                return_token_type_ids=False,
                verbose=False,
            )
            for place, (index, text) in enumerate(texts.items()):
                rows[index] = _row(batch, place, text, tokenizer.eos_token_id)
    return dict(sorted(rows.items()))


def _without_offsets(
    tokenizer: PreTrainedTokenizerBase, rendered: dict[int, Rendered]
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Return the ids and the loss mask of those examples whose tokens begin with all the tokens of their prompt alone.

    There the boundary is between two tokens, and known without the tokens' offsets, which cost twice what the ids do. Where
    a token holds the end of the prompt and the start of the output, only its offsets tell; such an example is left out here.
    """
    backend, eos = tokenizer.backend_tokenizer, tokenizer.eos_token_id
    backend.no_truncation()
    backend.no_padding()
    wholes = backend.encode_batch_fast([text.text for text in rendered.values()])
    prompts = backend.encode_batch_fast([text.text[: text.spans[0][0]] for text in rendered.values()])
    rows = {}
    for index, whole, before in zip(rendered, wholes, prompts, strict=True):
        ids, prompt_ids = (each[:-1] if each[-1] == eos else each for each in (whole.ids, before.ids))
        start = len(prompt_ids)
        if ids[:start] == prompt_ids:
            targets = np.zeros(len(ids) + 1, bool)
            targets[start:] = len(ids) > start  # an empty output has no target, not even EOS
            rows[index] = np.array([*ids, eos], np.int32), targets
    return rows


def _row(batch: BatchEncoding, place: int, rendered: Rendered, eos: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids (T,) of one text of a batch, and of each whether the loss is on it (T,)."""
    ids = batch["input_ids"][place]
    if rendered.add_eos:
        ids = [*ids, eos] if ids[-1] != eos else ids  # some tokenizers add it themselves
    targets = np.zeros(len(ids), bool)
    for begin, end in rendered.spans:
        first = _token_from(batch, place, begin, end)
        if first is not None:
            targets[first : _token_past(batch, place, end, len(rendered.text))] = True
    targets[0] = False  # nothing predicts it
    return np.array(ids, np.int32), targets


def _token_from(batch: BatchEncoding, place: int, begin: int, end: int) -> int | None:
    """Return the first token that holds one of the characters from `begin` until `end`; some may be in none."""
    found = (batch.char_to_token(place, character) for character in range(begin, end))
    return next((token for token in found if token is not None), None)


def _token_past(batch: BatchEncoding, place: int, end: int, length: int) -> int | None:
    """Return the first token that holds no character before `end`; None where the text of that length goes no further."""
    token = _token_from(batch, place, end, length)
    span = None if token is None else batch.token_to_chars(place, token)
    return token if token is None or span is None or span.start >= end else token + 1
