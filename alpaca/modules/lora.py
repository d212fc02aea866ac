"""Low-rank adapters beside frozen weights, through peft: LoRA, DoRA and, on weights in 4 bits, QLoRA.

Shapes: W is (O, I), A (r, I), B (O, r), a magnitude (O,). A layer computes with W + alpha/r B A; with DoRA, each row of that
is scaled to the length that the magnitude says. Adapters are held and trained in fp32, as peft does by default, whatever
dtype the frozen weights are in (DeepSpeed computes with them in the run's dtype, and keeps them in fp32 beside that).
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import torch
from annotated_types import Interval
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from alpaca.errors import UserError
from alpaca.files import write_whole
from alpaca.models.weights import Gathered, Tensors, Weights, told
from alpaca.modules.loss import Kernel
from alpaca.modules.paths import Attending
from alpaca.modules.sft import SFT
from alpaca.processes import rank
from alpaca.schema import unknown
from alpaca.strategies.ddp import DDP
from alpaca.strategies.deepspeed import DeepSpeed
from alpaca.strategies.exact import layers, trainable
from alpaca.strategies.single import Single

if TYPE_CHECKING:
    from peft import LoraConfig
    from peft.tuners.lora import LoraLayer
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ADAPTER = re.compile(r"(.+)\.lora_(A|B|magnitude_vector)\.default\.weight")
Dropout = Annotated[float, Interval(ge=0, lt=1)]
Export = Literal["merge", "adapter"]


class LoRA(SFT):
    """Trains adapters of the linear layers that `targets` names in every decoder layer, and nothing else.

    `export` says what is left: a model with the adapters merged into it, or a peft adapter folder.
    """

    with_magnitudes = False

    def __init__(
        self,
        gradient_clip: PositiveFloat,
        loss: Kernel,
        attention: Attending,
        compile: bool,
        fp8: bool,
        r: PositiveInt,
        alpha: PositiveInt,
        dropout: Dropout,
        targets: list[str],
        export: Export,
        *,
        folder: Path,
        optimizer: Callable[..., Optimizer],
        scheduler: Callable[..., LRScheduler],
        total_steps: int,
        seed: int,
        first_step: int = 0,
    ) -> None:
        super().__init__(
            gradient_clip,
            loss,
            attention,
            compile,
            fp8,
            folder=folder,
            optimizer=optimizer,
            scheduler=scheduler,
            total_steps=total_steps,
            seed=seed,
            first_step=first_step,
        )
        self.r, self.alpha, self.dropout, self.targets = r, alpha, dropout, targets
        self.exported = export

    def source(self) -> Weights:
        return Adapted(self.folder, self.r, self.seed)

    def adapt(self, network: PreTrainedModel) -> None:
        super().adapt(network)
        inject(network, self.adapter())

    def adapter(self) -> LoraConfig:
        """Return what peft calls the adapters' configuration."""
        from peft import LoraConfig

        return LoraConfig(
            task_type="CAUSAL_LM",
            base_model_name_or_path=str(self.folder.resolve()),
            r=self.r,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=self.targets,
            use_dora=self.with_magnitudes,
            init_lora_weights=False,  # `Adapted` gives the values, the same whatever the strategy
        )

    def tensors(self) -> Tensors:
        """Return the network without adapters, each merged into its layer when it is that tensor's turn."""
        from peft.tuners.lora import LoraLayer

        assert self.network is not None
        found = {
            in_files(name): self._gathered(parameter)
            for name, parameter in self.network.named_parameters()
            if not ADAPTER.fullmatch(name)
        }
        for name, layer in self.network.named_modules():
            if isinstance(layer, LoraLayer):
                found[f"{name}.weight"] = self._merged(layer, found[f"{name}.weight"])
        return found

    def _merged(self, layer: LoraLayer, weight: Gathered) -> Gathered:
        def gather() -> Tensor:
            a, b = self._value(layer.lora_A), self._value(layer.lora_B)
            merged = weight.gather().float() + self.alpha / self.r * (b @ a)  # (O, I)
            if self.with_magnitudes:
                merged *= (self._value(layer.lora_magnitude_vector) / merged.norm(dim=1))[:, None]
            return merged.to(weight.dtype)

        return Gathered(weight.shape, weight.dtype, gather)

    def _value(self, of_adapters: nn.ModuleDict) -> Tensor:
        return self.strategy.whole(cast(nn.Linear, of_adapters["default"]).weight).float()

    def export_to(self, folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
        if self.exported == "merge":
            super().export_to(folder, tokenizer)
            return
        assert self.network is not None
        parts = {name: self.strategy.whole(part).cpu() for name, part in trainable(self.network).items()}
        if rank() == 0:
            write_whole(folder, lambda temporary: self._save(temporary, parts, tokenizer))

    def _save(self, folder: Path, parts: dict[str, Tensor], tokenizer: PreTrainedTokenizerBase) -> None:
        """Write peft's two files, and a tokenizer."""
        from safetensors.torch import save_file

        folder.mkdir(parents=True)
        config = self.adapter()
        config.inference_mode = True
        config.init_lora_weights = True
        config.save_pretrained(str(folder))
        named = {f"base_model.model.{in_peft(name)}": part.contiguous() for name, part in parts.items()}
        save_file(named, folder / "adapter_model.safetensors", {"format": "pt"})
        tokenizer.save_pretrained(folder)


class DoRA(LoRA):
    """LoRA that trains the length of each weight row apart from its direction."""

    with_magnitudes = True

    def configure_model(self) -> None:
        if isinstance(self.strategy, DeepSpeed) and self.strategy.shards_weights:
            raise UserError("module=dora needs whole weights, which ZeRO-3 has not; give strategy=fsdp, ddp or single")
        super().configure_model()


class QLoRA(LoRA):
    """LoRA beside weights that are held in 4 bits (NF4, with scales in 8 bits); a merged model has them as they then are."""

    def configure_model(self) -> None:
        if self.strategy.root_device.type != "cuda" or not isinstance(self.strategy, Single | DDP):
            raise UserError("module=qlora needs a CUDA device and strategy=single or ddp; give module=lora elsewhere")
        super().configure_model()

    def source(self) -> Weights:
        return Quantized(self.folder, self.r, self.seed, self.strategy.root_device)

    def export_to(self, folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
        assert self.network is not None
        del self.network.config.quantization_config  # what is written is not in 4 bits
        super().export_to(folder, tokenizer)

    @property
    def size(self) -> int:
        frozen = sum(tensor.shape.numel() for tensor in self.tensors().values())
        return frozen + sum(parameter.numel() for parameter in trainable(self).values())

    def _gathered(self, parameter: Tensor) -> Gathered:
        from bitsandbytes.functional import dequantize_4bit
        from bitsandbytes.nn import Params4bit

        if not isinstance(parameter, Params4bit):
            return super()._gathered(parameter)
        state = parameter.quant_state
        return Gathered(state.shape, state.dtype, lambda: dequantize_4bit(parameter.data, state))


def qlora(
    gradient_clip: PositiveFloat,
    loss: Kernel,
    attention: Attending,
    compile: bool,
    fp8: bool,
    r: PositiveInt,
    alpha: PositiveInt,
    dropout: Dropout,
    targets: list[str],
    export: Export,
) -> Callable[..., QLoRA]:
    """Return a constructor of the module. Raises UserError, before anything is read, where 4 bits cannot be had."""
    if not torch.cuda.is_available():
        raise UserError("module=qlora needs a CUDA device; give module=lora")
    if importlib.util.find_spec("bitsandbytes") is None:
        raise UserError("module=qlora needs bitsandbytes: pip install 'alpaca-framework[qlora]'; or give module=lora")
    return partial(QLoRA, gradient_clip, loss, attention, compile, fp8, r, alpha, dropout, targets, export)


class Adapted(Weights):
    """A folder's weights under the names of a network with adapters, and values for these to begin with.

    A is Kaiming-uniform, drawn from `seed` and its name alone; B is zero; a magnitude is the length of its row of W.
    """

    def __init__(self, folder: Path, r: int, seed: int) -> None:
        super().__init__(folder)
        self.r, self.seed = r, seed

    def adds(self, name: str) -> bool:
        return ADAPTER.fullmatch(name) is not None

    def whole(self, name: str) -> Tensor:
        if not self.adds(name):
            return super().whole(in_files(name))
        rows, _ = self._sizes(name)
        return self.rows(name, 0, rows)

    def rows(self, name: str, begin: int, end: int) -> Tensor:
        found = ADAPTER.fullmatch(name)
        if found is None:
            return super().rows(in_files(name), begin, end)
        if found[2] == "magnitude_vector":
            weight = super().rows(f"{found[1]}.weight", begin, end).to(torch.get_default_dtype())
            lengths: Tensor = weight.float().norm(dim=1)
            return lengths
        rows, columns = self._sizes(name)
        if found[2] == "B":
            return torch.zeros(end - begin, columns)
        drawn = torch.empty(rows, columns, dtype=torch.float32)
        nn.init.kaiming_uniform_(drawn, a=math.sqrt(5), generator=_generator(self.seed, name))
        return drawn[begin:end]

    def _sizes(self, name: str) -> tuple[int, int]:
        """Return how many rows an adapter has, and of what width."""
        found = ADAPTER.fullmatch(name)
        assert found is not None
        out, into = self.shape(f"{found[1]}.weight")
        return (self.r, into) if found[2] == "A" else (out, self.r)


class Quantized(Adapted):
    """A folder's weights, in 4 bits on a device but for the head's."""

    def __init__(self, folder: Path, r: int, seed: int, device: torch.device) -> None:
        super().__init__(folder, r, seed)
        self.device = device

    def load(self) -> PreTrainedModel:
        from transformers import AutoModelForCausalLM, BitsAndBytesConfig

        dtype = torch.get_default_dtype()
        four_bits = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        )
        with told(self.folder):
            network: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
                self.folder, dtype=dtype, quantization_config=four_bits, device_map={"": self.device}
            )
        return network


def merged(folder: Path) -> PreTrainedModel:
    """Load an adapter folder as the whole network that it makes of its base, in the base's dtype."""
    from peft import PeftConfig, PeftModel
    from transformers import AutoModelForCausalLM

    with told(folder):  # transformers itself loads no magnitudes
        base = AutoModelForCausalLM.from_pretrained(
            PeftConfig.from_pretrained(str(folder)).base_model_name_or_path, dtype="auto"
        )
        network: PreTrainedModel = PeftModel.from_pretrained(base, folder).merge_and_unload()
    return network


def inject(network: PreTrainedModel, config: LoraConfig) -> None:
    """Put adapters into a network and freeze the rest. Raises UserError where no decoder layer has such a linear layer."""
    from peft import inject_adapter_in_model

    known = {
        name.rpartition(".")[2]
        for layer in layers(network)
        for name, part in layer.named_modules()
        if isinstance(part, nn.Linear)
    }
    if not known:
        raise UserError(
            f"the layers of {type(network).__name__} have no nn.Linear (GPT-2's are Conv1D), so no adapters can be put beside "
            "them; give module=sft"
        )
    for target in config.target_modules or ():
        if target not in known:
            raise unknown("layer", target, f"module.targets of {type(network).__name__}", sorted(known))
    inject_adapter_in_model(config, network)


def in_files(name: str) -> str:
    """Return the name that a frozen weight of a network with adapters has without them."""
    return name.replace(".base_layer.", ".")


def in_peft(name: str) -> str:
    """Return the name that an adapter of a network has in peft's file."""
    return name.replace(".lora_magnitude_vector.default.weight", ".lora_magnitude_vector").replace(".default.", ".")


def _generator(seed: int, name: str) -> torch.Generator:
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little", signed=True))
