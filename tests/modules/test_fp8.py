"""Products in fp8: what they need, that they are right, and that a run tries them without changing."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from test_train import MODULE, trained
from transformers import LlamaConfig, LlamaForCausalLM

from alpaca.errors import UserError
from alpaca.modules.fp8 import Products, refuse, trial
from alpaca.modules.sft import SFT

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torchao", "ignore::FutureWarning:torchao")


class Clock:
    """Time that passes only when something is computed."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def step(self, seconds: list[float], loss: float) -> Callable[[], float]:
        """Return a step that takes each of these times in turn, and has this loss."""
        times = itertools.cycle(seconds)

        def compute() -> float:
            self.now += next(times)
            return loss

        return compute


@pytest.mark.parametrize(
    ("plain", "lowered", "loss", "keeps"),
    [
        ([9, 2, 2, 2], [90, 1, 1, 1], 2.0, True),  # compiling does not count
        ([9, 2, 2, 2], [9, 1, 50, 1], 2.0, True),  # nor does one slow step of three
        ([9, 2, 2, 2], [9, 3, 3, 3], 2.0, False),
        ([9, 2, 2, 2], [9, 2, 2, 2], 2.0, False),
        ([9, 2, 2, 2], [9, 1, 1, 1], 2.019, True),
        ([9, 2, 2, 2], [9, 1, 1, 1], 2.021, False),
        ([9, 2, 2, 2], [9, 1, 1, 1], 1.9, False),
        ([9, 2, 2, 2], [9, 1, 1, 1], float("nan"), False),
    ],
)
def test_fp8_stays_where_it_is_faster_and_right(
    plain: list[float], lowered: list[float], loss: float, keeps: bool
) -> None:
    clock = Clock()
    verdict = trial(clock.step(plain, 2.0), clock.step(lowered, loss), clock)
    assert verdict.keeps == keeps
    assert str(verdict).endswith("going on in fp8" if keeps else "going on in bf16")


def test_both_take_turns() -> None:
    order: list[str] = []
    trial(lambda: order.append("bf16") or 1.0, lambda: order.append("fp8") or 1.0, lambda: 0.0)  # type: ignore[func-returns-value]
    assert order == ["bf16", "fp8"] * 4


@pytest.mark.parametrize(
    ("capability", "halved", "compiled", "sharding", "word"),
    [
        (None, True, True, "none", "CUDA"),
        ((8, 9), True, True, "none", "Hopper"),
        ((9, 0), False, True, "none", "precision"),
        ((9, 0), True, False, "none", "compile"),
        ((9, 0), True, True, "fsdp", "strategy=single"),
    ],
)
def test_what_it_needs_is_said(capability, halved, compiled, sharding, word) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError, match=f"module.fp8=true needs.*{word}"):
        refuse(capability, halved, compiled, sharding)
    refuse((9, 0), True, True, "ddp")


def test_products_in_fp8_are_near_and_leave_no_trace() -> None:
    """Emulated, as a processor can; adapters, heads and what is small stay as they are."""
    from torchao.float8 import Float8LinearConfig

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=300, hidden_size=256, intermediate_size=512, num_hidden_layers=2, num_attention_heads=4
    )
    network, ids = LlamaForCausalLM(config).bfloat16(), torch.randint(300, (1, 64))
    before = {name: parameter.clone() for name, parameter in network.named_parameters()}
    names = [name for name, _ in network.named_modules()]
    plain = network(input_ids=ids, labels=ids).loss
    products = Products(network, Float8LinearConfig(emulate=True))
    assert len(products.places) == 2 * 7
    products.use(True)
    lowered = network(input_ids=ids, labels=ids).loss
    lowered.backward()
    assert plain != lowered
    assert lowered.item() == pytest.approx(plain.item(), rel=2e-2)
    assert all(parameter.grad is not None for parameter in network.parameters())
    products.use(False)
    assert network(input_ids=ids, labels=ids).loss == plain
    assert names == [name for name, _ in network.named_modules()]
    assert all(torch.equal(before[name], parameter) for name, parameter in network.named_parameters())


class Tried(SFT):
    """Tries fp8 on a processor, where no layer can be in fp8, so that both kinds compute the same."""

    def configure_model(self) -> None:
        self.untried_fp8 = False
        super().configure_model()
        self.untried_fp8 = True


def test_trying_changes_nothing_of_a_run(tasks_file: Path, tmp_path: Path) -> None:
    settings = functools.partial(Tried, **MODULE.keywords)
    plain, tried = (trained(tasks_file, tmp_path / name, module=m) for name, m in (("a", MODULE), ("b", settings)))
    assert tried.results["final_loss"] == plain.results["final_loss"]
    assert tried.results["steps"] == plain.results["steps"]
    files = [tmp_path / name / "run" / "train" / "model" / "model.safetensors" for name in ("a", "b")]
    assert files[0].read_bytes() == files[1].read_bytes()
