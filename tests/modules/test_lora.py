"""Adapters against a reference, and what an export leaves of them."""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from peft import LoraConfig
from safetensors.torch import load_file
from small import EXAMPLES, SMALL, tokenizer
from test_sft import packed_gradients, reference_gradients
from test_train import KilledAt, trained
from transformers import AutoModelForCausalLM, PreTrainedModel

from alpaca.callbacks.checkpoint import checkpoints
from alpaca.datamodules.encoding import encode
from alpaca.datamodules.tokens import Tokens
from alpaca.errors import Stopped, UserError
from alpaca.files import sha256
from alpaca.llms.huggingface import HuggingFace
from alpaca.models.weights import export
from alpaca.modules.lora import Adapted, DoRA, Export, LoRA, inject, qlora
from alpaca.strategies.exact import fill_rest
from alpaca.strategies.parts import stored
from alpaca.strategies.single import Single

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    words = tokenizer(tmp_path)
    export(SMALL.network(words, seed=0), words, tmp_path / "base")
    return tmp_path / "base"


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return encode(tokenizer(tmp_path), EXAMPLES, 512, "truncate").tokens


def adapted(base: Path, dora: bool, how: Export = "merge", targets: list[str] = TARGETS) -> LoRA:
    """Return a module with its network built, and with adapters that are not as they begin."""
    module = (DoRA if dora else LoRA)(
        1.0, "plain", "grids", False, False, 4, 8, 0.0, targets, how, folder=base, optimizer=torch.optim.SGD,
        scheduler=torch.optim.lr_scheduler.LambdaLR, total_steps=1, seed=3,
    )  # fmt: skip
    strategy = Single("none", kind="cpu", precision="32-true")
    module._trainer = SimpleNamespace(strategy=strategy)  # type: ignore[assignment]
    module.configure_model()
    assert module.network is not None
    module.network.set_attn_implementation("sdpa")
    torch.manual_seed(5)
    for parameter in trainable_of(module.network).values():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return module


def trainable_of(network: PreTrainedModel) -> dict[str, torch.nn.Parameter]:
    return {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}


@torch.no_grad()
def logits(network: Any, tokens: Tokens) -> torch.Tensor:
    ids = torch.from_numpy(tokens.example(0).astype("int64"))[None]
    return network.eval()(input_ids=ids).logits


@pytest.mark.parametrize("dora", [False, True])
@pytest.mark.parametrize("capacity", [200, 4096])
def test_loss_and_gradients_do_not_depend_on_packing(base: Path, tokens: Tokens, dora: bool, capacity: int) -> None:
    network = adapted(base, dora).network
    assert network is not None
    assert all(".lora_" in name for name in trainable_of(network))
    loss, gradients = reference_gradients(network, tokens)
    packed_loss, packed_grads = packed_gradients(network, tokens, capacity)
    assert packed_loss == pytest.approx(loss, rel=1e-6)
    assert len(gradients) == 2 * 7 * (3 if dora else 2)
    for ours, theirs in zip(packed_grads, gradients, strict=True):
        assert theirs.norm() > 0
        assert (ours - theirs).norm() <= 1e-5 * theirs.norm()


@pytest.mark.parametrize("dora", [False, True])
def test_a_network_begins_as_its_base(base: Path, tokens: Tokens, dora: bool) -> None:
    module = adapted(base, dora)
    network = module.network
    assert network is not None
    fill_rest(network, module.source())
    assert torch.allclose(
        logits(network, tokens), logits(AutoModelForCausalLM.from_pretrained(base), tokens), atol=1e-5
    )


@pytest.mark.parametrize("dora", [False, True])
def test_the_merged_model_gives_the_adapted_networks_logits(
    base: Path, tokens: Tokens, tmp_path: Path, dora: bool
) -> None:
    module = adapted(base, dora)
    module.export_to(tmp_path / "model", tokenizer(tmp_path))
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    ours = logits(module.network, tokens)
    assert torch.allclose(ours, logits(merged, tokens), atol=1e-5)
    assert not torch.allclose(ours, logits(AutoModelForCausalLM.from_pretrained(base), tokens), atol=0.1)
    assert merged.state_dict().keys() == AutoModelForCausalLM.from_pretrained(base).state_dict().keys()


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")  # peft asks for it
@pytest.mark.parametrize("dora", [False, True])
def test_peft_loads_the_adapter_folder(base: Path, tokens: Tokens, tmp_path: Path, dora: bool) -> None:
    from peft import PeftModel

    module = adapted(base, dora, "adapter")
    module.export_to(tmp_path / "adapter", tokenizer(tmp_path))
    theirs = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), tmp_path / "adapter")
    ours = logits(module.network, tokens)
    assert torch.allclose(ours, logits(theirs, tokens), atol=1e-5)
    llm = HuggingFace(tmp_path / "adapter", batch_size=1, max_new_tokens=1, temperature=0, top_p=1)
    assert torch.allclose(ours, logits(llm.network, tokens).cpu(), atol=1e-5)


def test_an_adapters_first_value_depends_on_seed_and_name_alone(base: Path) -> None:
    name = "model.layers.1.mlp.up_proj.lora_{}.default.weight"
    source = Adapted(base, r=4, seed=0)
    whole = source.whole(name.format("A"))
    assert whole.shape == (4, 32)
    assert 0.8 / 32**0.5 < whole.abs().max() <= 1 / 32**0.5
    assert torch.equal(torch.cat([source.rows(name.format("A"), 0, 3), source.rows(name.format("A"), 3, 4)]), whole)
    assert torch.equal(Adapted(base, r=4, seed=0).whole(name.format("A")), whole)
    assert not torch.equal(Adapted(base, r=4, seed=1).whole(name.format("A")), whole)
    assert not torch.equal(source.whole(name.format("A").replace("layers.1", "layers.0")), whole)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)  # as while a network is built for trainer.precision=bf16-true
    try:
        assert torch.equal(source.whole(name.format("A")), whole)
    finally:
        torch.set_default_dtype(before)
    assert not source.whole(name.format("B")).any()
    magnitude = source.whole(name.format("magnitude_vector"))
    assert torch.equal(magnitude, source.whole("model.layers.1.mlp.up_proj.base_layer.weight").norm(dim=1))


def test_a_layer_that_is_not_there_is_refused(base: Path) -> None:
    with pytest.raises(UserError, match="did you mean `q_proj`"):
        adapted(base, dora=False, targets=["q_prj"])


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_four_bits_without_cuda_are_refused_at_once() -> None:
    with pytest.raises(UserError, match="module=qlora needs a CUDA device"):
        qlora(1.0, "plain", "grids", False, False, 4, 8, 0.0, TARGETS, "merge")


@pytest.mark.parametrize("how", ["merge", "adapter"])
def test_a_killed_run_goes_on_from_adapters_alone(tasks_file: Path, tmp_path: Path, how: Export) -> None:
    module = functools.partial(
        LoRA,
        gradient_clip=1.0,
        loss="plain",
        attention="auto",
        compile=False,
        fp8=False,
        r=4,
        alpha=8,
        dropout=0.1,
        targets=TARGETS,
        export=how,
    )
    whole = trained(tasks_file, tmp_path / "whole", module=module, lr=1e-2)
    assert whole.results["final_loss"] < whole.results["first_loss"] - 0.05
    with pytest.raises(Stopped):
        trained(tasks_file, tmp_path / "killed", {"killed": KilledAt(4)}, module=module, lr=1e-2)
    a_layer = 4 * (4 * (32 + 32) + 3 * (32 + 64))  # r times the widths into and out of its seven matrices
    assert whole.results["trainable_parameters"] == 2 * a_layer < whole.results["parameters"]
    states = stored(checkpoints(tmp_path / "killed" / "run" / "train" / "checkpoints")[0])
    assert all(".lora_" in name for name in states if not name.startswith("rng/"))
    trained(tasks_file, tmp_path / "killed", module=module, lr=1e-2)
    name = "model.safetensors" if how == "merge" else "adapter_model.safetensors"
    files = [tmp_path / run / "run" / "train" / "model" / name for run in ("whole", "killed")]
    assert sha256(files[0]) == sha256(files[1])


@pytest.mark.slow
def test_ranks_train_the_same_adapters_as_one(
    alpaca: Callable[..., subprocess.CompletedProcess[str]], tasks_file: Path, tmp_path: Path
) -> None:
    shared = [f"data={tasks_file}", "module=lora", "optimizer.lr=1e-3", "epochs=1", "datamodule.global_batch_size=32"]
    spread = ["strategy=fsdp", "trainer.devices=2", "datamodule.tokens_per_micro_batch=1024"]
    for name, more in (("one", []), ("two", spread)):
        done = alpaca("train", *shared, *more, f"name={name}", "trainer.threads=1", f"root={tmp_path}")
        assert done.returncode == 0, done.stderr
    one, two = (load_file(tmp_path / name / "train" / "model" / "model.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys()
    assert all(torch.allclose(one[name], two[name], atol=1e-6) for name in one)


def test_a_network_without_linear_layers_is_refused() -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    network = GPT2LMHeadModel(GPT2Config(vocab_size=8, n_positions=8, n_embd=8, n_layer=1, n_head=1))
    with pytest.raises(UserError, match="the layers of GPT2LMHeadModel have no"):
        inject(network, LoraConfig(r=2, target_modules=["q_proj"]))
