"""What to change where a training does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

from alpaca.planning.memory import peak
from alpaca.planning.recipe import Recipe, Strategy

TOLD = 2  # ways that keep the devices, and as many that take others; the fewest settings first
DEVICES = (2, 4, 8, 16, 32)
APART = ({"layers", "again"}, {"layers", "spread"})  # layerwise recomputes of its own accord, on one device


class Change(NamedTuple):
    """What is changed, the overrides, and what they make of a recipe."""

    kind: str
    text: str
    made: Callable[[Recipe], Recipe]


def fitting(recipe: Recipe, available: float) -> list[str]:
    """Return changes, as overrides, with which the peak is within `available` bytes; none where none helps.

    First those that keep the devices. Of those that change the same things the least is told, and none that only adds to one
    that is told.
    """
    enough = _enough(recipe, list(_changes(recipe)), available)
    here = [text for kinds, text in enough.items() if "spread" not in kinds]
    spread = [text for kinds, text in enough.items() if "spread" in kinds]
    return [*here[:TOLD], *spread[:TOLD]]


def _enough(recipe: Recipe, changes: Sequence[Change], available: float) -> dict[frozenset[str], str]:
    """Return the overrides that are enough by what they change, up to three changes together."""
    enough: dict[frozenset[str], str] = {}
    for together in (1, 2, 3):
        for chosen in combinations(changes, together):
            kinds = frozenset(change.kind for change in chosen)
            told = any(others <= kinds for others in enough)
            if len(kinds) < together or told or any(apart <= kinds for apart in APART):
                continue
            if _peak(recipe, chosen) <= available:
                enough[kinds] = " ".join(change.text for change in chosen)
    return enough


def _peak(recipe: Recipe, changes: Sequence[Change]) -> float:
    for change in changes:
        recipe = change.made(recipe)
    return sum(peak(recipe.setup)[1].values())


def _changes(recipe: Recipe) -> Iterator[Change]:
    """Yield changes, the one that costs least first."""
    strategy, batching = recipe.strategy, recipe.batching
    if recipe.module.loss == "plain":
        yield Change("loss", "module.loss=fused", lambda r: replace(r, module=replace(r.module, loss="fused")))
    least = max(batching.max_length, batching.capacity // 4)
    if batching.tokens_per_micro_batch and least < batching.capacity:
        text = f"datamodule.tokens_per_micro_batch={least}"
        yield Change("tokens", text, lambda r: replace(r, batching=replace(r.batching, tokens_per_micro_batch=least)))
    if strategy.activation_checkpointing != "full":
        recomputing = replace(strategy, activation_checkpointing="full")
        yield Change("again", "strategy.activation_checkpointing=full", lambda r: replace(r, strategy=recomputing))
    if recipe.world == 1 and strategy.sharding != "layerwise":
        layerwise = Strategy("alpaca.strategies.layerwise.Layerwise", gradients="host")
        yield Change("layers", "strategy=layerwise", lambda r: replace(r, strategy=layerwise))
        on_host = replace(layerwise, inputs="host")
        yield Change("layers", "strategy=layerwise strategy.inputs=host", lambda r: replace(r, strategy=on_host))
    if recipe.optimizer.few_bits is None:
        eight, four = replace(recipe.optimizer, bits=8), replace(recipe.optimizer, bits=4)
        yield Change("optimizer", "optimizer=adamw_8bit", lambda r: replace(r, optimizer=eight))
        yield Change("optimizer", "optimizer=adamw_4bit", lambda r: replace(r, optimizer=four))
    yield from _spreads(recipe)


def _spreads(recipe: Recipe) -> Iterator[Change]:
    sharded = recipe.strategy.sharding in ("fsdp", "zero3")
    for devices in (number for number in DEVICES if number > recipe.machine.devices or not sharded):
        if devices >= recipe.machine.devices:
            text = f"trainer.devices={devices}" if sharded else f"strategy=fsdp trainer.devices={devices}"
            yield Change("spread", text, _spread(devices, keep=sharded))
    if recipe.on_gpu and not recipe.strategy.offload_to_cpu:
        text = "strategy=fsdp strategy.offload_to_cpu=true"
        yield Change("spread", text, _spread(recipe.machine.devices, keep=False, offload=True))


def _spread(devices: int, keep: bool, offload: bool = False) -> Callable[[Recipe], Recipe]:
    def change(recipe: Recipe) -> Recipe:
        machine, strategy = replace(recipe.machine, devices=devices), recipe.strategy
        if not keep:
            strategy = replace(strategy, target="alpaca.strategies.fsdp.FSDP", stage=3, offload_to_cpu=offload)
        return replace(recipe, machine=machine, strategy=strategy)

    return change
