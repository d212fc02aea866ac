"""Which layers are computed again, and how many of them a device's memory asks for."""

from __future__ import annotations

import functools
import itertools
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from small import EXAMPLES, tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from alpaca.datamodules.encoding import encode
from alpaca.datamodules.tokens import collate
from alpaca.models.shape import Shape
from alpaca.modules.budget import USED, Budget, setup_of, share_to_recompute
from alpaca.modules.checkpointing import checkpoint_activations
from alpaca.modules.loss import target_loss
from alpaca.planning.memory import Setup, again, peak
from alpaca.strategies.exact import ActivationCheckpointing, layers
from alpaca.strategies.fsdp import FSDP
from alpaca.strategies.single import Single


@pytest.mark.parametrize(
    ("how", "count"), [("none", 0), ("full", 10), ("selective", 5), (0.0, 0), (0.1, 1), (0.25, 3), (0.7, 7), (1.0, 10)]
)
def test_a_share_of_the_layers_is_spread_evenly(how: ActivationCheckpointing, count: int) -> None:
    chosen = [layer for layer in range(10) if again(how, layer, 10)]
    assert len(chosen) == count
    if chosen:
        gaps = [after - before for before, after in itertools.pairwise([*chosen, 10])]
        assert chosen[0] == 0
        assert max(gaps) - min(gaps) <= 1


@pytest.mark.parametrize(
    ("how", "times"), [("none", 5), ("full", 10), ("selective", 8), (0.2, 6), (0.6, 8), ("auto", 10)]
)
def test_so_many_layers_run_again(tmp_path: Path, how: ActivationCheckpointing, times: int) -> None:
    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=600, hidden_size=8, intermediate_size=8, num_hidden_layers=5, num_attention_heads=2)
    network = LlamaForCausalLM(config).train()
    checkpoint_activations(network, how)
    ran: Counter[str] = Counter()
    for layer in layers(network):
        layer.input_layernorm.register_forward_hook(lambda *_: ran.update(["a layer"]))  # type: ignore[union-attr]
    tokens = encode(tokenizer(tmp_path), EXAMPLES, 512, "truncate").tokens
    target_loss(network, collate(tokens, [0, 1])).backward()
    assert ran["a layer"] == times


def described(strategy: Single | FSDP, fused: bool = True, precision: str = "bf16-true") -> Setup:
    tokens = SimpleNamespace(target_counts=torch.tensor([5, 7]).numpy(), lengths=torch.tensor([10, 14]).numpy())
    strategy.cluster_environment = SimpleNamespace(world_size=lambda: 1)  # type: ignore[assignment]
    steps = SimpleNamespace(tokens=tokens, capacity=4096)
    shape = Shape(32000, 1024, 2816, 16, 16)
    adamw = functools.partial(torch.optim.AdamW, lr=1e-3)
    return setup_of(shape, strategy, steps, adamw, precision, fused, Budget(0, 1e8))  # type: ignore[arg-type]


def test_a_training_is_described_by_its_own_parts() -> None:
    setup = described(Single("auto", kind="cpu", precision="bf16-true"))
    assert (setup.sharding, setup.offload, setup.reshard, setup.fused_loss) == ("none", False, True, True)
    assert (setup.work.largest, setup.work.targets, setup.optimizer_bytes) == (4096, 2048, 4)
    assert described(Single("auto", kind="cpu", precision="32-true"), precision="32-true").optimizer_bytes == 8


def test_memory_asks_for_the_least_that_fits() -> None:
    setup = described(Single("auto", kind="cpu", precision="bf16-true"))
    totals = [sum(peak(replace(setup, checkpointing=number / 16))[1].values()) for number in range(17)]
    assert totals == sorted(totals, reverse=True)
    for number, total in enumerate(totals):
        assert share_to_recompute(setup, Budget(total / USED + 1, 0.0)) <= number / 16
    assert share_to_recompute(setup, Budget(totals[0] / USED + 1, 0.0)) == 0
    assert 0 < share_to_recompute(setup, Budget((totals[0] + totals[-1]) / 2 / USED, 0.0)) < 1
    assert share_to_recompute(setup, Budget(1.0, 0.0)) == 1


def test_the_processor_has_what_its_ranks_share() -> None:
    one, two = (Budget.of(torch.device("cpu"), ranks) for ranks in (1, 2))
    assert one.free == 2 * two.free > 2**30
    assert one.process > 2**26


@pytest.mark.slow
def test_a_run_says_how_much_it_computes_again(
    alpaca: Callable[..., subprocess.CompletedProcess[str]], tasks_file: Path
) -> None:
    done = alpaca("train", f"data={tasks_file}", "epochs=1", "strategy.activation_checkpointing=auto")
    assert done.returncode == 0, done.stderr
    assert "activation checkpointing: 0% of the layers, for" in done.stderr
