"""A layer at a time: the same steps as with the gradients of all, which are never there at once."""

from __future__ import annotations

import csv
import dataclasses
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from small import SMALL
from test_train import MODULE, SINGLE, KilledAt, losses, trained
from torch import Tensor, nn

from alpaca.callbacks.validation import Validation
from alpaca.errors import Stopped
from alpaca.files import sha256
from alpaca.modules.lora import LoRA
from alpaca.strategies.layerwise import Layerwise

HOST = functools.partial(Layerwise, "host", "device", "device")
AGAIN = functools.partial(Layerwise, "again", "host", "host")
MODELS = {tied: dataclasses.replace(SMALL, tie_word_embeddings=tied, num_hidden_layers=3) for tied in (True, False)}
LORA = functools.partial(
    LoRA, 1.0, "plain", "auto", False, False, r=4, alpha=8, dropout=0.2, targets=["q_proj", "down_proj"], export="merge"
)
Run = Callable[..., Path]


def settings(tied: bool, most: float) -> dict[str, Any]:
    module = functools.partial(MODULE, gradient_clip=most)
    return {
        "model": MODELS[tied],
        "module": module,
        "validation_share": 0.1,
        "callbacks": {"validation": Validation(3)},
    }


def weights(root: Path) -> dict[str, Tensor]:
    return load_file(root / "run" / "train" / "model" / "model.safetensors")


def norms(root: Path) -> list[float]:
    with (root / "run" / "train" / "metrics.csv").open(encoding="utf-8") as file:
        return [float(row["gradient_norm"]) for row in csv.DictReader(file)]


def assert_same(one: Path, other: Path) -> None:
    """Compare curves, and final weights by the largest relative difference of a tensor."""
    assert losses(one) == pytest.approx(losses(other), rel=1e-6)
    ours, theirs = weights(one), weights(other)
    assert max(float((ours[name] - theirs[name]).norm() / theirs[name].norm()) for name in theirs) < 1e-5


@pytest.fixture(scope="module")
def data(tasks_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("few") / "tasks.jsonl"
    path.write_text("".join(tasks_file.read_text("utf-8").splitlines(keepends=True)[:100]), "utf-8")
    return path


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Train once with a strategy, a model and a largest norm; return the run's folder."""

    @functools.cache
    def once(strategy: Any, tied: bool, most: float) -> Path:
        root = tmp_path_factory.mktemp("run")
        trained(data, root, strategy=strategy, **settings(tied, most))
        return root

    return once


@pytest.mark.parametrize(
    ("strategy", "tied", "most"),
    [(HOST, True, 0.5), (AGAIN, True, 0.5), (AGAIN, False, 0.5), (HOST, False, 100.0)],
)
def test_curve_and_weights_are_those_of_single(run: Run, strategy: Any, tied: bool, most: float) -> None:
    assert_same(run(strategy, tied, most), run(SINGLE, tied, most))
    assert all((norm > most) == (most < 1) for norm in norms(run(strategy, tied, most)))


@pytest.mark.gpu
@pytest.mark.parametrize("strategy", [HOST, AGAIN, functools.partial(Layerwise, "host", "host", "host")])
def test_what_waits_on_the_host_comes_back_to_a_gpu(data: Path, tmp_path: Path, strategy: Any) -> None:
    for name, way in (("single", SINGLE), ("layerwise", strategy)):
        trained(data, tmp_path / name, strategy=way, accelerator="cuda", **settings(tied=False, most=0.5))
    assert losses(tmp_path / "layerwise") == pytest.approx(losses(tmp_path / "single"), rel=1e-4)


def test_dropout_drops_the_same_when_a_layer_is_computed_again(data: Path, tmp_path: Path) -> None:
    for name, strategy in (("single", SINGLE), ("again", AGAIN)):
        trained(data, tmp_path / name, module=LORA, strategy=strategy)
    assert_same(tmp_path / "again", tmp_path / "single")


class Counted(Layerwise):
    """Notes the most bytes of gradients that are there when a layer's are whole."""

    most = 0

    def _backward(self, first: bool) -> Iterator[nn.Module]:
        for layer in super()._backward(first):
            assert self.lightning_module is not None
            gradients = [p.grad for p in self.lightning_module.parameters() if p.grad is not None]
            self.most = max(self.most, sum(gradient.nbytes for gradient in gradients))
            yield layer


def test_gradients_are_those_of_a_layer_and_the_head(data: Path, tmp_path: Path) -> None:
    made: list[Counted] = []

    def strategy(**given: Any) -> Counted:
        made.append(Counted("again", "device", "device", **given))
        return made[0]

    trained(data, tmp_path, model=MODELS[False], strategy=strategy)
    ours = weights(tmp_path)
    layer = sum(weight.nbytes for name, weight in ours.items() if ".layers.0." in name)
    assert made[0].most == layer + ours["lm_head.weight"].nbytes + ours["model.norm.weight"].nbytes
    assert not made[0].host


@pytest.mark.parametrize(("first", "then"), [(AGAIN, AGAIN), (AGAIN, SINGLE), (SINGLE, HOST)])
def test_a_killed_run_goes_on_under_it_and_under_single(
    data: Path, tmp_path: Path, run: Run, first: Any, then: Any
) -> None:
    how = settings(tied=False, most=0.5)
    with pytest.raises(Stopped):
        trained(data, tmp_path, strategy=first, **how | {"callbacks": how["callbacks"] | {"killed": KilledAt(4)}})
    trained(data, tmp_path, strategy=then, **how)
    whole = run(first, False, 0.5)
    assert_same(tmp_path, whole)
    if first is then:
        assert sha256(tmp_path / "run" / "train" / "model") == sha256(whole / "run" / "train" / "model")
