"""A plan's arithmetic, against what torch counts and what is known of LLaMA."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from peft import LoraConfig
from transformers import LlamaConfig, LlamaForCausalLM

from alpaca.composition import checked, compose, instantiated
from alpaca.errors import UserError
from alpaca.models.shape import Shape
from alpaca.modules.attention import use_packed_attention
from alpaca.modules.checkpointing import checkpoint_activations
from alpaca.modules.lora import inject
from alpaca.modules.loss import target_loss
from alpaca.optimizers.lowbit import adamw
from alpaca.planning.adapters import Adapters
from alpaca.planning.memory import Setup, activations, checkpoint_copy, gradients, host_bytes, logits, moments, states
from alpaca.planning.recipe import Optimizer
from alpaca.planning.table import assumptions, only_written
from alpaca.planning.workload import Workload, workload
from alpaca.stage import execute, function
from alpaca.strategies.exact import inside

SMALL = Shape(1000, 256, 704, 2, 4, 2, 64, tie_word_embeddings=True)
WORK = Workload(steps=3, tokens=3072, tokens_squared=0.0, largest=1024, targets=500, padding=1.0, micro_batches=1)


def setup(**different: Any) -> Setup:
    usual = Setup(
        shape=SMALL,
        work=WORK,
        precision="32-true",
        optimizer_bytes=8,
        sharding="none",
        world=1,
        checkpointing="none",
        fused_loss=False,
        offload=False,
        reshard=True,
        saves_meanwhile=False,
        on_gpu=False,
        process=0.0,
    )
    return replace(usual, **different)


@pytest.fixture
def default_dtype() -> Iterator[Callable[[str], None]]:
    """Set torch's default dtype for a test, to that of a precision."""
    before = torch.get_default_dtype()
    yield lambda precision: torch.set_default_dtype(torch.bfloat16 if precision == "bf16-true" else torch.float32)
    torch.set_default_dtype(before)


def planned(tmp_path: Path, *overrides: str) -> dict[str, Any]:
    config = compose("plan", [*overrides, f"root={tmp_path}", "name=mine"])
    function("plan")(**instantiated(checked(function("plan"), config).values))
    plan: dict[str, Any] = json.loads((tmp_path / "mine" / "plan" / "plan.json").read_text("utf-8"))
    return plan


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("llama_7b", 6_738_415_616),
        ("llama_13b", 13_015_864_320),
        ("llama_30b", 32_528_943_616),
        ("llama_65b", 65_285_660_672),
        ("llama3_8b", 8_030_261_248),
        ("qwen2_5_7b", 7_615_616_512),
        ("smollm2_135m", 134_515_008),
        ("smollm2_360m", 361_821_120),
    ],
)
def test_parameters_are_exact(tmp_path: Path, model: str, parameters: int) -> None:
    assert planned(tmp_path, f"model={model}", "num_examples=10")["parameters"] == parameters


def network(shape: Shape) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(**{key: value for key, value in vars(shape).items() if key != "model_type"})
    built = LlamaForCausalLM(config)
    built.train()
    use_packed_attention(built)
    return built


@pytest.mark.parametrize("biased", [False, True])
def test_parameters_are_those_of_transformers(biased: bool) -> None:
    shape = replace(SMALL, tie_word_embeddings=False, attention_bias=biased)
    assert shape.parameters == sum(parameter.numel() for parameter in network(shape).parameters())


def kept(shape: Shape, how: str, adapters: Adapters | None = None) -> int:
    """Return the bytes of all storages that autograd keeps of a micro-batch as in WORK, but for the logits and indices."""
    built = network(shape)
    if adapters:
        inject(built, LoraConfig(r=adapters.r, target_modules=list(adapters.targets)))
        assert adapters.parameters(shape) == sum(p.numel() for p in built.parameters() if p.requires_grad)
        for parameter in built.parameters():
            parameter.data = parameter.data.float() if parameter.requires_grad else parameter.data
    checkpoint_activations(built, how)  # type: ignore[arg-type]
    own = {parameter.untyped_storage().data_ptr() for parameter in built.parameters()}
    seen: dict[int, torch.Tensor] = {}  # which also keeps a storage from being used again

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        if (where := tensor.untyped_storage().data_ptr()) not in own:
            seen[where] = tensor
        return tensor

    batch = {
        "input_ids": torch.zeros(1, 1024, dtype=torch.long),
        "position_ids": torch.arange(64).repeat(16)[None],
        "document_lengths": torch.full((16,), 64),
        "predicting": torch.arange(500),
        "targets": torch.zeros(500, dtype=torch.long),
    }
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        target_loss(built, batch)
    stored = [tensor for tensor in seen.values() if tensor.is_floating_point() and tensor.shape[-1:] != (1000,)]
    return sum(tensor.untyped_storage().nbytes() for tensor in stored)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("how", ["none", "full"])
@pytest.mark.parametrize("precision", ["32-true", "bf16-true"])
def test_activations_are_what_autograd_keeps(how: str, precision: str, default_dtype: Callable[[str], None]) -> None:
    default_dtype(precision)
    found = kept(SMALL, how)
    sizes = setup(checkpointing=how, precision=precision)
    positions = 2 * 1024 * 64 * sizes.computed if how == "full" else 0  # sines and cosines, which layers are handed
    assert activations(sizes) == pytest.approx(found + positions, rel=0.01)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("precision", ["32-true", "bf16-true"])
def test_activations_of_adapters_are_little_less(precision: str, default_dtype: Callable[[str], None]) -> None:
    """The first layer keeps less than the others, which is left out of account."""
    adapters = Adapters(8, tuple(SMALL.matrices), magnitudes=False, quantized=False)
    default_dtype(precision)
    found = kept(SMALL, "none", adapters)
    assert found <= activations(setup(precision=precision, adapters=adapters)) <= 1.07 * found


def test_steps_are_those_of_the_recipe(tmp_path: Path) -> None:
    plan = planned(tmp_path, "experiment=alpaca_7b", "gpu=a100_80gb", "strategy=fsdp", "trainer.devices=8")
    assert plan["steps"] == 1221
    assert plan["examples"] == 52002
    assert "ASSUMED" in plan["data"]
    assert plan["fits"]
    assert plan["seconds"] > 0
    assert plan["usd"] == pytest.approx(plan["seconds"] / 3600 * 8 * 1.8)


def test_the_seven_billion_fit_one_gpu_as_a_whole(tmp_path: Path) -> None:
    plan = planned(tmp_path, "experiment=alpaca_7b_one_gpu", "gpu=h100_80gb")
    assert plan["fits"]
    assert plan["peak_memory_gib"] < 78
    assert plan["memory_gib"]["optimizer"] == pytest.approx(6_738_415_616 * 2 * (1 + 4 / 256) / 2**30)
    assert plan["fastest"]["overrides"] == [
        "datamodule.tokens_per_micro_batch=4096",
        "strategy.activation_checkpointing=none",
    ]
    composed = compose("train", ["experiment=alpaca_7b_one_gpu", "model.path=a/b"])
    assert composed["datamodule"]["tokens_per_micro_batch"] == 4096
    assert composed["strategy"]["activation_checkpointing"] == "auto"
    assert composed["optimizer"]["stochastic_rounding"]


def test_thirteen_billion_differ_in_rate_and_epochs_alone(tmp_path: Path) -> None:
    small = compose("train", ["experiment=alpaca_7b", "model.path=a/b"])
    large = compose("train", ["experiment=alpaca_13b", "model.path=a/b"])
    assert (large["epochs"], large["optimizer"]["lr"]) == (5, 1e-5)
    changed = {"name", "model", "epochs", "optimizer", "callbacks", "data"}
    assert {key for key in small if small[key] != large[key]} == changed
    assert small["trainer"]["precision"] == large["trainer"]["precision"] == "bf16-true"


def test_shards_are_shares() -> None:
    whole, shared = states(setup()), states(setup(sharding="fsdp", world=8))
    assert shared["weights"] == whole["weights"] / 8 == SMALL.parameters * 4 / 8
    assert shared["optimizer"] == whole["optimizer"] / 8
    assert checkpoint_copy(setup(sharding="ddp", world=8)) == pytest.approx(checkpoint_copy(setup()) / 8)
    assert checkpoint_copy(setup()) == SMALL.parameters * 12


def test_deepspeed_keeps_weights_in_fp32_beside_those_in_bf16() -> None:
    zero = states(setup(sharding="zero3", world=2, precision="bf16-true"))
    assert zero["weights"] == SMALL.parameters * 2 / 2
    assert zero["optimizer"] == SMALL.parameters * (4 + 8) / 2


def test_logits_are_three_times_those_of_the_targets_and_none_of_a_fused_loss() -> None:
    many = setup(shape=replace(SMALL, vocab_size=50_000), work=replace(WORK, targets=5_000))
    assert logits(many) == 3 * 4 * 5_000 * 50_000
    assert logits(replace(many, fused_loss=True)) < logits(many) / 3


def test_a_checkpoint_beside_the_training_is_written_from_a_copy_which_a_gpu_does_not_hold() -> None:
    meanwhile = {"saves_meanwhile": True}
    assert any("checkpoint" in parts for parts in moments(setup(**meanwhile)).values())
    assert not any("checkpoint" in parts for parts in moments(setup()).values())
    assert not any("checkpoint" in parts for parts in moments(setup(on_gpu=True, **meanwhile)).values())


def test_a_layer_at_a_time_has_the_gradients_of_two_beside_those_of_none() -> None:
    """A micro-batch's are added to those of the ones before it."""
    apart = setup(sharding="layerwise", checkpointing="full", on_gpu=True)
    assert gradients(apart) == 4 * (2 * SMALL.layer + SMALL.outside)
    assert gradients(setup(checkpointing="full", on_gpu=True)) == 4 * SMALL.parameters
    waiting = replace(apart, gradients_on_host=True)
    assert gradients(waiting) == gradients(apart)
    assert host_bytes(waiting) - host_bytes(apart) >= 4 * (SMALL.parameters - SMALL.outside - 5 * 2 * 256)


def test_inputs_of_layers_are_of_all_micro_batches_unless_the_host_has_them() -> None:
    many = setup(sharding="layerwise", checkpointing="full", on_gpu=True, work=replace(WORK, micro_batches=5))
    input_of_a_layer = 1024 * 256 * 4
    assert activations(many) - activations(replace(many, inputs_on_host=True)) == (5 * 2 - 1) * input_of_a_layer
    assert host_bytes(replace(many, inputs_on_host=True)) - host_bytes(many) == 5 * 2 * input_of_a_layer


@pytest.mark.parametrize(("experiment", "weights"), [("", 12.55), ("_lora", 12.70), ("_qlora", 3.75)])
def test_seven_billion_fit_into_24_gb(tmp_path: Path, experiment: str, weights: float) -> None:
    plan = planned(tmp_path, f"experiment=alpaca_7b_24gb{experiment}", "gpu=rtx_4090")
    assert plan["memory_gib"]["weights"] == pytest.approx(weights, abs=0.005)
    assert plan["peak_memory_gib"] < plan["available_gib"] == 23.5


def test_neither_all_gradients_nor_all_states_of_8_bits_fit_beside_the_weights(tmp_path: Path) -> None:
    fewer_bits = ["experiment=alpaca_7b", "optimizer=adamw_4bit", "strategy.activation_checkpointing=full"]
    assert not planned(tmp_path, *fewer_bits, "gpu=rtx_4090")["fits"]
    eight_bits = ["experiment=alpaca_7b_24gb", "optimizer.bits=8"]
    assert not planned(tmp_path, *eight_bits, "gpu=rtx_4090")["fits"]
    on_host = planned(tmp_path, *eight_bits, "strategy.states=host", "gpu=rtx_4090")
    assert on_host["fits"]
    assert on_host["memory_gib"]["optimizer"] < 1


def test_a_second_backward_pass_takes_three_forward_passes_more(tmp_path: Path) -> None:
    """A forward pass, and then once or twice the same again and two for the gradients: 4 and 7."""
    command = ["experiment=alpaca_7b_24gb", "gpu=rtx_4090"]
    once = planned(tmp_path, *command)["seconds"]
    assert 1.7 < planned(tmp_path, *command, "strategy.gradients=again")["seconds"] / once < 7 / 4


@pytest.mark.parametrize("bits", [4, 8, 32])
def test_states_of_few_bits_are_as_large_as_torchaos(bits: Literal[4, 8, 32]) -> None:
    pytest.importorskip("torchao")
    weight = torch.nn.Parameter(torch.zeros(256, 4096, dtype=torch.bfloat16))
    weight.grad = torch.zeros_like(weight)
    low = adamw([("w", weight)], 1e-3, (0.9, 0.999), 1e-8, 0.0, bits=bits, stochastic_rounding=True)
    low.step()
    held = [part for state in low.state[weight].values() for part in (inside(state).values() or [state])]
    size = sum(part.nbytes for part in held if part.numel() > 256)  # but for what does not grow with the weights
    assert Optimizer("", bits=bits).bytes_of_states(stored=2) == size / weight.numel()


def test_every_second_layer_is_computed_again_selectively() -> None:
    kept = {how: activations(setup(checkpointing=how)) for how in ("none", "selective", "full")}
    assert kept["selective"] - kept["full"] == pytest.approx(kept["none"] - kept["selective"])


def test_as_many_layers_are_computed_again_as_the_memory_asks_for(tmp_path: Path) -> None:
    """Between none, which does not fit, and all."""
    asked = ["experiment=alpaca_7b", "gpu=h100_80gb", "module.loss=fused", "num_examples=1000"]
    asked += ["datamodule.tokens_per_micro_batch=16384", "mean_tokens=400"]
    plans = {how: planned(tmp_path, *asked, f"strategy.activation_checkpointing={how}") for how in ("none", "auto")}
    share = plans["auto"]["activation_checkpointing"]
    assert not plans["none"]["fits"]
    assert plans["auto"]["fits"]
    assert 0 < share < 1
    assert plans["none"]["seconds"] < plans["auto"]["seconds"]
    assert not planned(tmp_path, *asked, f"strategy.activation_checkpointing={share - 1 / 32}")["fits"]


def test_the_largest_micro_batch_is_that_of_the_steps(tasks_file: Path, tmp_path: Path) -> None:
    plan = planned(tmp_path, f"data={tasks_file}", "datamodule.global_batch_size=50", "epochs=2")
    assert plan["steps"] == 8
    assert plan["examples"] == 200
    assert plan["largest_micro_batch"] <= 4096


@pytest.mark.parametrize("gpu", ["a100_40gb", "rtx_4090"])
def test_changes_make_it_fit(tmp_path: Path, gpu: str) -> None:
    command = ["experiment=alpaca_7b", f"gpu={gpu}"]
    plan = planned(tmp_path, *command)
    assert not plan["fits"]
    assert any("strategy=layerwise" in change for change in plan["changes"])  # on the one device that there is
    assert any("trainer.devices=" in change for change in plan["changes"])
    for change in plan["changes"]:
        assert planned(tmp_path, *command, *change.split())["fits"], change


def test_a_plan_is_made_again_for_what_changes_only_the_speed(tmp_path: Path) -> None:
    def run(*overrides: str) -> int:
        execute("plan", compose("plan", ["model=tiny", *overrides, f"root={tmp_path}", "name=mine"]))
        micro_batches: int = json.loads((tmp_path / "mine" / "plan" / "plan.json").read_text("utf-8"))["micro_batches"]
        return micro_batches

    assert run("datamodule.tokens_per_micro_batch=4096") > run("datamodule.tokens_per_micro_batch=32768")


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        ("datamodule.max_lenght=5", "unknown key `max_lenght` in datamodule; did you mean `max_length`?"),
        ("gpu=h10", "unknown option `h10` in gpu"),
        ("+optimizer.amsgrd=true", "unknown key `amsgrd` in optimizer; did you mean `amsgrad`?"),
        ("datamodule.max_length=long", "`datamodule.max_length` cannot be 'long'"),
        ("trainer.precision=fp8", "`trainer.precision` cannot be 'fp8'"),
        ("model=hub", "the sizes of the model are not known"),
        ("trainer.devices=2", "strategy=single trains on one device, not 2"),
        ("datamodule.tokens_per_micro_batch=9", "tokens_per_micro_batch=9 cannot hold max_length=512"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(tmp_path: Path, overrides: str, line: str) -> None:
    with pytest.raises(UserError) as mistake:
        planned(tmp_path, *overrides.split())
    assert line in str(mistake.value)
    assert "\n" not in str(mistake.value)


def test_a_folder_tells_its_shape(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(json.dumps(vars(SMALL) | {"architectures": []}), "utf-8")
    plan = planned(tmp_path, "model=hub", f"model.path={tmp_path / 'model'}", "num_examples=10")
    assert plan["parameters"] == SMALL.parameters


def test_steps_of_one_length_fill_micro_batches() -> None:
    import numpy as np

    from alpaca.planning.workload import Documents

    work = workload(Documents(np.full(100, 10), np.full(100, 5), ""), 2, 50, 100, 2, 0)
    assert (work.steps, work.tokens, work.largest, work.targets, work.micro_batches) == (4, 2000, 90, 45, 3)


def test_a_plan_takes_no_more_steps_than_are_asked_for(tmp_path: Path) -> None:
    whole = planned(tmp_path, "model=tiny", "num_examples=1280", "epochs=2")
    part = planned(tmp_path, "model=tiny", "num_examples=1280", "epochs=2", "max_steps=5")
    assert (whole["steps"], part["steps"]) == (20, 5)
    assert part["tokens"] == whole["tokens"] / 4


def test_a_plan_is_shown_again_and_made_anew_when_data_comes(
    alpaca: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, tasks_file: Path
) -> None:
    first = alpaca("plan", "data=tasks.jsonl")
    assert first.returncode == 0, first.stderr
    assert "ASSUMED" in first.stdout
    again = alpaca("plan", "data=tasks.jsonl")
    assert again.stdout == first.stdout
    assert "finished already" in again.stderr
    (tmp_path / "tasks.jsonl").write_bytes(tasks_file.read_bytes())
    anew = alpaca("plan", "data=tasks.jsonl")
    assert "200 examples of tasks.jsonl" in anew.stdout


def test_a_plan_of_a_generation_alone_shows_no_training() -> None:
    writing = ["generator=self_instruct", "llm=openai", "llm.model=mine", "dedup@generator.dedup=none", "name=a"]
    assert only_written(writing)
    assert not only_written([*writing, "gpu=h200"])
    assert not only_written([])


def test_having_the_data_written_is_planned_too(tmp_path: Path) -> None:
    plan = planned(tmp_path, "generator=self_instruct", "llm=openai", "num_examples=52002", "budget_usd=1")
    written = plan["generation"]
    assert written["requests"] == 4370
    assert written["usd"] == pytest.approx(
        written["prompt_tokens"] * 0.15e-6 + written["completion_tokens"] * 0.6e-6, rel=1e-3
    )
    assert assumptions(written)[-1].startswith("budget_usd=1 is expected to be enough for about ")
    assert len(assumptions(written | {"shortage": None})) == 1
    assert planned(tmp_path, "num_examples=10")["generation"] is None
    with pytest.raises(UserError, match="give both generator=self_instruct and llm="):
        planned(tmp_path, "llm=openai", "num_examples=10")
