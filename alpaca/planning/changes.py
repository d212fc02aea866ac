"""What to change where a training does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from alpaca.composition import conf_folder
from alpaca.planning.memory import peak
from alpaca.planning.recipe import Recipe

Change = Callable[[Recipe], Recipe]
TOLD = 3  # changes, the fewest settings first
DEVICES = (2, 4, 8, 16, 32)


def fitting(recipe: Recipe, available: float) -> list[str]:
    """Return the first changes, as overrides, with which the peak is within `available` bytes; none where none helps.

    Of those that change the same things the least is told, and none that only adds to one that is told.
    """
    enough: dict[frozenset[str], str] = {}  # by what they change
    rest: list[tuple[str, str, Change]] = []
    for kind, text, change in _changes(recipe):
        if frozenset([kind]) in enough:
            continue
        if _peak(recipe, [change]) <= available:
            enough[frozenset([kind])] = text
        else:
            rest.append((kind, text, change))
    for together in (2, 3):
        for chosen in combinations(rest, together):
            kinds = frozenset(kind for kind, _, _ in chosen)
            if len(kinds) < together or len(enough) >= TOLD or kinds in enough:
                continue
            if _peak(recipe, [change for _, _, change in chosen]) <= available:
                enough[kinds] = " ".join(text for _, text, _ in chosen)
    return list(enough.values())[:TOLD]


def _peak(recipe: Recipe, changes: Sequence[Change]) -> float:
    for change in changes:
        recipe = change(recipe)
    return sum(peak(recipe.setup)[1].values())


def _changes(recipe: Recipe) -> Iterator[tuple[str, str, Change]]:
    """Yield changes with what they change and their overrides, the one that costs least first."""
    if recipe.loss.loss == "plain":
        yield "loss", "module.loss=fused", lambda r: replace(r, loss=replace(r.loss, loss="fused"))
    least = max(recipe.batching.max_length, recipe.batching.capacity // 4)
    if recipe.batching.tokens_per_micro_batch and least < recipe.batching.capacity:
        text = f"datamodule.tokens_per_micro_batch={least}"
        yield "tokens", text, lambda r: replace(r, batching=replace(r.batching, tokens_per_micro_batch=least))
    if recipe.strategy.activation_checkpointing != "full":
        text = "strategy.activation_checkpointing=full"
        yield "again", text, lambda r: replace(r, strategy=replace(r.strategy, activation_checkpointing="full"))
    if (conf_folder() / "optimizer" / "adamw_8bit.yaml").is_file() and recipe.optimizer.few_bits is None:
        eight = replace(recipe.optimizer, bits=8)
        yield "optimizer", "optimizer=adamw_8bit", lambda r: replace(r, optimizer=eight)
    yield from _spreads(recipe)


def _spreads(recipe: Recipe) -> Iterator[tuple[str, str, Change]]:
    sharded = recipe.strategy.sharding in ("fsdp", "zero3")
    for devices in (number for number in DEVICES if number > recipe.machine.devices or not sharded):
        if devices >= recipe.machine.devices:
            text = f"trainer.devices={devices}" if sharded else f"strategy=fsdp trainer.devices={devices}"
            yield "spread", text, _spread(devices, keep=sharded)
    if recipe.on_gpu and not recipe.strategy.offload_to_cpu:
        text = "strategy=fsdp strategy.offload_to_cpu=true"
        yield "spread", text, _spread(recipe.machine.devices, keep=False, offload=True)


def _spread(devices: int, keep: bool, offload: bool = False) -> Change:
    def change(recipe: Recipe) -> Recipe:
        machine, strategy = replace(recipe.machine, devices=devices), recipe.strategy
        if not keep:
            strategy = replace(strategy, target="alpaca.strategies.fsdp.FSDP", stage=3, offload_to_cpu=offload)
        return replace(recipe, machine=machine, strategy=strategy)

    return change
