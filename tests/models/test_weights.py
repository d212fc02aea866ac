"""Weights in and out a tensor at a time, and folders that are damaged."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small import SMALL, tokenizer

from alpaca.errors import UserError
from alpaca.models import weights
from alpaca.models.pretrained import Pretrained
from alpaca.models.weights import Gathered, Weights, export


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    words = tokenizer(tmp_path)
    export(SMALL.network(words, seed=0), words, tmp_path / "model")
    return tmp_path / "model"


def test_what_is_gathered_tensor_by_tensor_is_the_same_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In several files here, each of which is in memory alone."""
    monkeypatch.setattr(weights, "SHARD_BYTES", 20_000)
    network = Weights(folder).load()
    most: list[str] = []

    def gathered(name: str, parameter: torch.Tensor) -> Gathered:
        def gather() -> torch.Tensor:
            most.append(name)
            return parameter.detach()

        return Gathered(parameter.shape, parameter.dtype, gather)

    export(
        network,
        tokenizer(tmp_path),
        tmp_path / "parts",
        {name: gathered(name, parameter) for name, parameter in network.named_parameters()},
    )
    assert len(list((tmp_path / "parts").glob("*.safetensors"))) > 1
    assert sorted(most) == sorted(name for name, _ in network.named_parameters())
    again = Weights(tmp_path / "parts").load()
    for (name, one), (_, other) in zip(network.named_parameters(), again.named_parameters(), strict=True):
        assert torch.equal(one, other), name
        assert torch.equal(Weights(tmp_path / "parts").rows(name, 1, 3), one[1:3])


def test_a_truncated_file_is_one_line(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(UserError, match="cannot be loaded"):
        Weights(folder)


def test_a_missing_tensor_is_not_replaced_by_random_numbers(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(UserError, match=r"have no `model.layers.1.mlp.up_proj.weight`"):
        Weights(folder).load()
    with pytest.raises(UserError, match=r"have no `model.layers.1.mlp.up_proj.weight`"):
        Weights(folder).whole("model.layers.1.mlp.up_proj.weight")


def test_a_folder_without_safetensors_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no safetensors file"):
        Weights(tmp_path)


def test_a_folder_without_a_tokenizer_is_refused(folder: Path) -> None:
    Pretrained(str(folder)).precheck()
    for file in folder.glob("tokenizer*"):
        file.unlink()
    with pytest.raises(UserError, match="has no tokenizer; save one there"):
        Pretrained(str(folder)).precheck()
    with pytest.raises(UserError, match="has no tokenizer; save one there"):
        Pretrained(str(folder)).tokenizer(folder, ())


def test_weights_that_are_cut_off_or_missing_are_refused(folder: Path) -> None:
    file = folder / "model.safetensors"
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match="cannot be loaded"):
        Pretrained(str(folder)).precheck()
    file.unlink()
    with pytest.raises(UserError, match="no safetensors file"):
        Pretrained(str(folder)).precheck()
