"""Weights between safetensors and a network, a tensor at a time, so that no process need hold them all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from alpaca.errors import UserError
from alpaca.files import write_json, write_whole
from alpaca.processes import rank

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

INDEX = "model.safetensors.index.json"
SHARD_BYTES = 256 << 20  # of a file, which is in memory as a whole when it is written


@dataclass(frozen=True)
class Gathered:
    """A tensor that is in pieces; every rank calls `gather` to have it whole."""

    shape: torch.Size
    dtype: torch.dtype
    gather: Callable[[], Tensor]


Tensors = Mapping[str, Gathered]


class Weights:
    """The safetensors files of a Hugging Face folder, read where they are needed.

    Raises UserError where there are none, one is damaged, or one lacks what the network has.
    """

    def __init__(self, folder: Path) -> None:
        from safetensors import safe_open

        self.folder = folder
        index = folder / INDEX
        names = set(json.loads(index.read_text("utf-8"))["weight_map"].values()) if index.is_file() else None
        files = [folder / name for name in sorted(names)] if names else sorted(folder.glob("*.safetensors"))
        if not files:
            raise UserError(f"{folder} has no safetensors file; save its weights anew with transformers")
        with told(folder):
            opened = [safe_open(file, "pt") for file in files]
        self.home = {name: file for file in opened for name in file.keys()}  # noqa: SIM118

    def load(self) -> PreTrainedModel:
        """Build the whole network with the weights of the files, in torch's default dtype."""
        from transformers import AutoModelForCausalLM, PreTrainedModel

        load: Any = AutoModelForCausalLM.from_pretrained  # whose result depends on output_loading_info
        with told(self.folder):
            network, found = load(self.folder, dtype=torch.get_default_dtype(), output_loading_info=True)
        assert isinstance(network, PreTrainedModel)
        for missing in sorted(found["missing_keys"]):  # transformers would go on with random values
            self._file(missing)
        return network

    def shape(self, name: str) -> list[int]:
        sizes: list[int] = self._file(name).get_slice(name).get_shape()
        return sizes

    def adds(self, name: str) -> bool:
        """Tell whether a tensor is not in the files but added to the network, with a value of its own."""
        return False

    def whole(self, name: str) -> Tensor:
        tensor: Tensor = self._file(name).get_tensor(name)
        return tensor

    def rows(self, name: str, begin: int, end: int) -> Tensor:
        """Read some rows (of the first dimension) of a tensor, and no more than these."""
        tensor: Tensor = self._file(name).get_slice(name)[begin:end]
        return tensor

    def _file(self, name: str):  # type: ignore[no-untyped-def]
        if name not in self.home:
            raise UserError(f"the weights in {self.folder} have no `{name}`; are they of its config.json?")
        return self.home[name]


def skeleton(folder: Path) -> PreTrainedModel:
    """Build a network of the folder's shape, in torch's default dtype; where its tensors lie depends on the context."""
    from transformers import AutoConfig, AutoModelForCausalLM

    with told(folder):
        config = AutoConfig.from_pretrained(folder)
        network: PreTrainedModel = AutoModelForCausalLM.from_config(config, dtype=torch.get_default_dtype())
    network.tie_weights()
    return network


def export(
    network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path, tensors: Tensors | None = None
) -> None:
    """Write a Hugging Face folder: safetensors, tokenizer with its chat template, generation config.

    Where no process holds the whole network, `tensors` gives it, and every rank calls this; the first writes.
    """

    def write(temporary: Path) -> None:
        network.generation_config.eos_token_id = tokenizer.eos_token_id
        network.generation_config.bos_token_id = tokenizer.bos_token_id
        if tensors is None:
            network.save_pretrained(temporary)
        else:
            _save_pretrained(network, tensors, temporary)
        tokenizer.save_pretrained(temporary)

    if rank() == 0:
        write_whole(folder, write)
    elif tensors is not None:
        for _ in _shards(tensors):
            pass  # this rank's part in gathering them


def _save_pretrained(network: PreTrainedModel, tensors: Tensors, folder: Path) -> None:
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    network.config.architectures = [type(network).__name__.removeprefix("FSDP")]
    network.config.dtype = next(iter(tensors.values())).dtype
    network.config.save_pretrained(folder)
    network.generation_config.save_pretrained(folder)
    weight_map: dict[str, str] = {}
    total = 0
    for file, shard in _shards(tensors):
        save_file(shard, folder / file, {"format": "pt"})
        weight_map |= dict.fromkeys(shard, file)
        total += sum(tensor.nbytes for tensor in shard.values())
    if len(set(weight_map.values())) > 1:
        write_json(folder / INDEX, {"metadata": {"total_size": total}, "weight_map": weight_map})


def _shards(tensors: Tensors) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Yield file names and what goes into each, gathered when it is its turn; the tensors are on the first rank alone."""
    from huggingface_hub import split_torch_state_dict_into_shards

    empty = {name: torch.empty(t.shape, dtype=t.dtype, device="meta") for name, t in tensors.items()}
    layout = split_torch_state_dict_into_shards(empty, max_shard_size=SHARD_BYTES)
    for file, names in layout.filename_to_tensors.items():
        shard = {}
        for name in names:
            tensor = tensors[name].gather()
            if rank() == 0:
                shard[name] = tensor.to("cpu", copy=True).contiguous()
        yield file, shard


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Turn what safetensors and transformers say of a damaged folder into one line."""
    from safetensors import SafetensorError

    try:
        yield
    except (SafetensorError, OSError, RuntimeError, ValueError) as problem:
        raise UserError(f"the model in {folder} cannot be loaded: {' '.join(str(problem).split())[:300]}") from problem
