"""What is fastest, and how long it takes, by rates that were measured on a device."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from alpaca.models.shape import Shape
from alpaca.planning.choice import Choice, fastest
from alpaca.planning.cost import Work, flops, hours
from alpaca.planning.gpu import GPU, Measured
from alpaca.planning.memory import moments, peak
from alpaca.planning.recipe import Batching, Machine, Module, Optimizer, Recipe, Strategy
from alpaca.planning.workload import Documents

SHAPE = Shape(1000, 256, 704, 4, 4)
LENGTHS = np.random.default_rng(0).integers(20, 400, 600)
CARD = GPU(memory_gib=1.0, bf16_tflops=100.0, fp32_tflops=10.0, usd_per_hour=1.0)
NOTHING = Measured(
    products=0.0, attention=0.0, passed=0.0, updated=0.0, calls=0.0, steps=0.0, process_gib=0.0, factors={}
)
GIB = 2**30


def recipe(how: str = "none", tokens: int = 4096, **different: Any) -> Recipe:
    usual = Recipe(
        shape=SHAPE,
        documents=Documents(LENGTHS, LENGTHS // 2, ""),
        epochs=2,
        seed=0,
        batching=Batching(global_batch_size=128, max_length=512, tokens_per_micro_batch=tokens),
        module=Module("alpaca.modules.sft.SFT"),
        optimizer=Optimizer("torch.optim.AdamW"),
        strategy=Strategy("alpaca.strategies.single.Single", how),  # type: ignore[arg-type]
        machine=Machine("cuda", 1, 1, "bf16-true"),
        callbacks=(),
        on_gpu=True,
        process=0.0,
    )
    return replace(usual, **different)


def chosen(gpu: GPU, gib: float) -> Choice | None:
    return fastest(recipe(), gpu, gib * GIB, 0.4)


def test_the_largest_micro_batch_that_fits_is_taken_where_nothing_is_known_of_its_speed() -> None:
    best = chosen(CARD, 100.0)
    assert best
    assert best.overrides == ["datamodule.tokens_per_micro_batch=32768", "strategy.activation_checkpointing=none"]


def test_less_memory_leaves_smaller_micro_batches_before_anything_is_computed_again() -> None:
    room = sum(peak(recipe(tokens=2048).setup)[1].values()) / GIB
    best = chosen(CARD, room * 1.01)
    assert best
    assert best.overrides == ["datamodule.tokens_per_micro_batch=2048", "strategy.activation_checkpointing=none"]
    assert best.peak_gib <= room * 1.01


def test_what_is_least_is_taken_before_nothing_is() -> None:
    least = sum(peak(recipe("full", 1024).setup)[1].values()) / GIB
    best = chosen(CARD, least * 1.0001)
    assert best
    assert best.overrides == ["datamodule.tokens_per_micro_batch=1024", "strategy.activation_checkpointing=full"]
    assert chosen(CARD, least * 0.99) is None


def test_measured_rates_may_favour_another_micro_batch() -> None:
    slow_calls = replace(CARD, measured=replace(NOTHING, calls=1.0))
    best = chosen(slow_calls, 100.0)
    assert best
    assert best.hours == pytest.approx(Work.of(recipe(tokens=32768)).calls / 3600)


def test_hours_are_the_sum_of_the_parts() -> None:
    work = Work.of(recipe())
    for part in fields(Work):
        card = replace(CARD, measured=replace(NOTHING, **{part.name: 2.0}))
        assert hours(recipe(), card, 0.4) == pytest.approx(2 * getattr(work, part.name) / 3600)
    assert hours(recipe(), CARD, 0.5) == pytest.approx(flops(recipe()) / 50e12 / 3600)


def test_computing_again_adds_a_third_to_the_layers() -> None:
    none, some, every = (flops(recipe(how)) for how in ("none", "selective", "full"))
    head = 6 * SHAPE.vocabulary * 2 * (LENGTHS // 2).sum()
    assert every - head == pytest.approx(4 / 3 * (none - head))
    assert some - none == pytest.approx((every - none) / 2)


def test_measured_factors_scale_their_part_of_the_memory() -> None:
    plain, more = recipe(), recipe(factors={"activations": 1.5})
    before, after = (moments(each.setup)["loss"] for each in (plain, more))
    assert after["activations"] == pytest.approx(1.5 * before["activations"])
    assert after["weights"] == before["weights"]


@pytest.mark.parametrize(("bits", "size"), [(4, 1.0625), (8, 2.03125), (32, 8.0), (None, 4.0)])
def test_states_of_few_bits_are_smaller(bits: int | None, size: float) -> None:
    optimizer = Optimizer("alpaca.optimizers.lowbit.adamw", bits=bits)  # type: ignore[arg-type]
    assert optimizer.bytes_of_states(2) == size
