"""Completions of many prompts by a local network: rows that end leave the batch at once, and others take their place.

`generate` of transformers pays for the longest row of a batch, and for the padding of its longest prompt. Here it is called for
a few tokens at a time, on prompts that are alike in length. What ends is dropped from the cache, and what goes on is
joined with the prompts that come next. R are rows, T the tokens of the longest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import torch
from torch import Tensor
from torch.nn.functional import pad
from transformers import DynamicCache, GenerationConfig
from transformers.cache_utils import Cache, DynamicLayer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SLICE: Final = 8  # tokens between looks at what has ended
ALIKE: Final = 1.5  # how many times as long as the shortest a prompt may be beside which it begins
ROOM: Final = 64  # tokens that a cache has room for beyond those it holds, when it grows
LEAST_ROOM: Final = 4  # new rows are taken where the free places are at least this part of all


@dataclass(frozen=True)
class Rows:
    """Sequences under way, padded on the left; the cache holds all but their last token."""

    numbers: list[int]  # which prompts they are
    ids: Tensor  # (R, T)
    mask: Tensor  # (R, T)
    made: Tensor  # (R,) tokens that are not the prompt's
    cache: Cache | None

    def keep(self, rows: Tensor) -> Rows:
        """Return only these rows, without the columns that are padding in all of them."""
        if len(rows) == len(self.numbers):
            return self
        start = int(self.mask[rows].any(0).int().argmax())
        for layer in _layers(self.cache):
            layer.keys, layer.values = layer.keys[rows, :, start:], layer.values[rows, :, start:]
        numbers = [self.numbers[row] for row in rows.tolist()]
        return Rows(numbers, self.ids[rows, start:], self.mask[rows, start:], self.made[rows], self.cache)

    def joined(self, other: Rows) -> Rows:
        """Return the rows of both, padded to the longer."""
        length = max(self.ids.shape[1], other.ids.shape[1])
        one, two = self.padded(length), other.padded(length)
        for ours, theirs in zip(_layers(one.cache), _layers(two.cache), strict=True):
            ours.keys, ours.values = torch.cat([ours.keys, theirs.keys]), torch.cat([ours.values, theirs.values])
        ids, mask = torch.cat([one.ids, two.ids]), torch.cat([one.mask, two.mask])
        return Rows(one.numbers + two.numbers, ids, mask, torch.cat([one.made, two.made]), one.cache)

    def padded(self, length: int) -> Rows:
        """Return the same rows, so many tokens long."""
        missing = length - self.ids.shape[1]
        for layer in _layers(self.cache):
            layer.keys, layer.values = (pad(part, (0, 0, missing, 0)) for part in (layer.keys, layer.values))
        return Rows(self.numbers, pad(self.ids, (missing, 0)), pad(self.mask, (missing, 0)), self.made, self.cache)


class Layer(DynamicLayer):
    """What a cache holds of a layer, with room for more tokens, so that one more does not copy all that are there."""

    keys: Tensor  # (R, heads, T - 1, head), the beginning of what there is room for
    values: Tensor
    room: tuple[Tensor, Tensor] | None = None

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Append the keys and values of new tokens; return those of all."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self.keys, self.values = key_states[:, :, :0], value_states[:, :, :0]
        held = self.keys.shape[2]
        total = held + key_states.shape[2]
        if self.room is None or self.keys.data_ptr() != self.room[0].data_ptr() or self.room[0].shape[2] < total:
            self.room = _roomier(self.keys, total + ROOM), _roomier(self.values, total + ROOM)
        for room, new in zip(self.room, (key_states, value_states), strict=True):
            room[:, :, held:total] = new
        self.keys, self.values = self.room[0][:, :, :total], self.room[1][:, :, :total]
        return self.keys, self.values


def _roomier(part: Tensor, length: int) -> Tensor:
    room = part.new_empty(*part.shape[:2], length, part.shape[3])
    room[:, :, : part.shape[2]] = part
    return room


def _layers(cache: Cache | None) -> list[Layer]:
    assert cache is not None
    return cast(list[Layer], cache.layers)


class Decoder:
    """Completes prompts as `generate` does each alone, `at_once` at a time; `config` holds the limit, the ends and the sampling."""

    def __init__(self, network: PreTrainedModel, config: GenerationConfig, at_once: int) -> None:
        self.network, self.config, self.at_once = network, config, at_once
        self.most = int(config.max_new_tokens)
        layers = DynamicCache(config=network.config).layers
        self.layers = len(layers)
        self.can_join = all(type(layer) is DynamicLayer for layer in layers)  # no windows, no other kind of state

    def complete(self, prompts: Sequence[Sequence[int]]) -> Iterator[tuple[int, list[int]]]:
        """Yield each prompt's number and the tokens that follow it, its end with them, in no order."""
        waiting = deque(sorted(range(len(prompts)), key=lambda number: len(prompts[number])))
        running: Rows | None = None
        while waiting or running:
            room = self.at_once - (len(running.numbers) if running else 0)
            if waiting and (not running or (self.can_join and LEAST_ROOM * room >= self.at_once)):
                rows, ended = self._advanced(self._begun(waiting, prompts, room))
                running = running.joined(rows) if running and rows else rows or running
            else:
                assert running is not None
                running, ended = self._advanced(running)
            yield from ended

    def _begun(self, waiting: deque[int], prompts: Sequence[Sequence[int]], room: int) -> Rows:
        """Take prompts that are alike, the shortest first."""
        numbers = [waiting.popleft()]
        while waiting and len(numbers) < room and len(prompts[waiting[0]]) <= ALIKE * len(prompts[numbers[0]]):
            numbers.append(waiting.popleft())
        length, device = len(prompts[numbers[-1]]), self.network.device
        ids = [[0] * (length - len(prompts[number])) + list(prompts[number]) for number in numbers]
        mask = [[0] * (length - len(prompts[number])) + [1] * len(prompts[number]) for number in numbers]
        made = torch.zeros(len(numbers), dtype=torch.long, device=device)
        layers: list[Any] = [Layer() for _ in range(self.layers)]  # type: ignore[no-untyped-call]
        cache = Cache(layers=layers) if self.can_join else None
        return Rows(numbers, torch.tensor(ids, device=device), torch.tensor(mask, device=device), made, cache)

    def _advanced(self, rows: Rows) -> tuple[Rows | None, list[tuple[int, list[int]]]]:
        """Let rows grow by some tokens; return those that go on, and what the others have become."""
        config, before = copy(self.config), rows.ids.shape[1]
        begins = not int(rows.made.max())  # a token each, before they join the others
        config.max_new_tokens = (
            min(1 if begins else SLICE, self.most - int(rows.made.max())) if self.can_join else self.most
        )
        config.return_dict_in_generate = True
        grown = self.network.generate(  # type: ignore[operator]
            rows.ids, attention_mask=rows.mask, past_key_values=rows.cache, generation_config=config
        )
        ids: Tensor = grown.sequences
        ends = torch.isin(ids[:, before:], torch.tensor(self.config.eos_token_id, device=ids.device))
        has_ended = ends.any(1)
        new = torch.where(has_ended, ends.int().argmax(1) + 1, ends.shape[1])  # (R,)
        made = rows.made + new
        over = has_ended | (made >= self.most)
        ended = [
            (rows.numbers[row], ids[row, before - int(rows.made[row]) : before + int(new[row])].tolist())
            for row in over.nonzero()[:, 0].tolist()
        ]
        if over.all():
            return None, ended
        mask = pad(rows.mask, (0, ends.shape[1]), value=1)
        return Rows(rows.numbers, ids, mask, made, grown.past_key_values).keep((~over).nonzero()[:, 0]), ended
