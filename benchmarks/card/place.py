"""Where the steps work, and what all of them share: the data, its tokenizer, and folders of networks without weights."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import LlamaTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from alpaca.composition import compose
from alpaca.files import read_json, write_json, write_whole
from alpaca.generators.procedural import Procedural
from alpaca.models.pretrained import Pretrained
from alpaca.models.scratch import Scratch
from alpaca.models.shape import Shape
from alpaca.models.weights import skeleton
from alpaca.modules.lora import QLoRA
from alpaca.modules.sft import SFT
from alpaca.planning.gpu import GPU
from alpaca.records import read
from benchmarks.contestants import Base

SHAPES = ("llama_7b", "llama3_8b", "qwen2_5_7b")
SHRUNK = {"vocab_size": 3000, "hidden_size": 128, "intermediate_size": 352, "num_hidden_layers": 4}
TOKENIZER = Scratch(
    vocab_size=16_000,  # at most; a few thousand examples teach it fewer
    hidden_size=1,
    intermediate_size=1,
    num_hidden_layers=1,
    num_attention_heads=1,
    head_dim=1,
    max_position_embeddings=1,
    initializer_range=1.0,
    rope_theta=1.0,
    tie_word_embeddings=False,
)
CARDS = {  # options of conf/gpu, by what CUDA calls a device
    "H200": "h200",
    "H100": "h100_80gb",
    "A100-SXM4-40GB": "a100_40gb",
    "A100": "a100_80gb",
    "RTX 4090": "rtx_4090",
    "L4": "l4",
}


@dataclass(frozen=True)
class Place:
    """A folder of results, and the device that they are of."""

    folder: Path
    device: str  # cuda, cpu

    @property
    def small(self) -> bool:
        """Tell whether this is a rehearsal, for which all is made small."""
        return self.device == "cpu"

    @property
    def overrides(self) -> list[str]:
        return [f"trainer.accelerator={self.device}", "trainer.threads=1" if self.small else "trainer.threads=null"]

    def data(self, count: int) -> Path:
        """Return a file of the first `count` of the prepared examples."""
        file = self.folder / f"data-{count}.json"
        if not file.is_file():
            write_json(file, read_json(self.folder / "data.json")[:count])
        return file

    def model(self, name: str) -> Path:
        """Return a folder with the configuration of a network, and a tokenizer, but no weights."""
        folder = self.folder / "models" / slug(name)
        if not folder.is_dir():
            shape = self.shape(name)
            write_whole(folder, lambda temporary: self._describe(shape, temporary))
        return folder

    def shape(self, name: str) -> Shape:
        """Return a packaged model's shape; `name` may end in /LAYERS for fewer layers than it has."""
        option, _, layers = name.partition("/")
        config = compose("plan", [f"model={option}", "model.path=org/name"])
        shape = Shape.of(config["model"]["shape"], option)
        if self.small:
            few = max(1, round(4 * (shape.num_key_value_heads or 4) / shape.num_attention_heads))
            heads = {"num_attention_heads": 4, "num_key_value_heads": few}
            shape = replace(shape, **SHRUNK, **(heads if shape.num_key_value_heads else {"num_attention_heads": 4}))
        return replace(shape, num_hidden_layers=int(layers)) if layers else shape

    def prepare(self, data: Path | None, count: int) -> dict[str, Any]:
        """Write the examples that all steps take, a random choice of those in `data`, and learn their tokenizer."""
        examples = read(data)[0] if data else Procedural().held_out(count, seed=0)
        shuffled = random.Random(0).sample(examples, len(examples))
        chosen = list(itertools.islice(itertools.cycle(shuffled), count))  # a small file is gone through again
        write_json(self.folder / "data.json", [example.alpaca() for example in chosen])
        smaller = replace(TOKENIZER, vocab_size=2000) if self.small else TOKENIZER
        base = Base(smaller, self.folder)
        tokenizer = base.tokenizer(self.folder / "learned", [text for each in chosen for text in each.texts()])
        tokenizer.save_pretrained(self.folder / "tokenizer")
        return {"data": str(data or "procedural tasks"), "examples": len(chosen), "vocabulary": len(tokenizer)}

    def card(self) -> str | None:
        """Return the option of conf/gpu that this device is, where it is one."""
        name = torch.cuda.get_device_name() if self.device == "cuda" else ""
        return next((option for part, option in CARDS.items() if part in name), None)

    def gpu(self) -> GPU | None:
        option = self.card()
        if option is None:
            return None
        config = compose("plan", [f"gpu={option}"])["gpu"]
        return GPU(**{key: value for key, value in config.items() if key != "_target_"})

    def _describe(self, shape: Shape, folder: Path) -> None:
        from safetensors.torch import save_file
        from transformers import AutoConfig

        tokenizer = LlamaTokenizer.from_pretrained(self.folder / "tokenizer", add_prefix_space=False)
        sizes = {key: value for key, value in asdict(shape).items() if value is not None and key != "attention_bias"}
        ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
        AutoConfig.for_model(**sizes | ends).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        save_file({"none": torch.zeros(1)}, folder / "model.safetensors", {"format": "pt"})


@dataclass(frozen=True)
class Learned(Pretrained):
    """A folder of `Place.model` with the tokenizer that all share, of whatever kind the network's own would be."""

    def tokenizer(self, folder: Path, texts: Iterable[str]) -> PreTrainedTokenizerBase:
        tokenizer: PreTrainedTokenizerBase = LlamaTokenizer.from_pretrained(self.path, add_prefix_space=False)
        return tokenizer


def slug(name: str) -> str:
    """Return a name as that of a file, and of a run."""
    return re.sub(r"[^\w.]+", "-", name)


class Drawn:
    """Random values where a file of weights would be read, on a device and in torch's default dtype."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        self.folder, self.device = folder, device
        with torch.device("meta"):
            self.shapes = {name: part.shape for name, part in skeleton(folder).named_parameters()}

    def load(self) -> PreTrainedModel:
        """Build the whole network where it will be, as transformers begins one."""
        with self.device:
            return skeleton(self.folder)

    def get_tensor(self, name: str) -> Tensor:
        return self.get_slice(name)[0 : self.shapes[name][0]]

    def get_slice(self, name: str) -> DrawnSlice:
        return DrawnSlice(self.shapes[name], self.device)


@dataclass(frozen=True)
class DrawnSlice:
    size: torch.Size
    device: torch.device

    def get_shape(self) -> list[int]:
        return list(self.size)

    def __getitem__(self, rows: slice) -> Tensor:
        return 0.02 * torch.randn(rows.stop - rows.start, *self.size[1:], device=self.device)


def unexported(kind: type[SFT]) -> type[SFT]:
    """Make a module leave no model behind."""

    class Unexported(kind):  # type: ignore[misc, valid-type]
        def export_to(self, folder: Path, tokenizer: Any) -> None:
            pass

    return Unexported


def untrained(kind: type[SFT]) -> type[SFT]:
    """Make a module begin with random weights, whatever its strategy, and leave no model behind.

    Speed needs no real weights, and drawing them on the device takes a second where reading them takes minutes.
    """

    class Untrained(unexported(kind)):  # type: ignore[misc]
        def source(self) -> Any:
            source = super().source()
            drawn = Drawn(self.folder, self.strategy.root_device)
            source.home = dict.fromkeys(drawn.shapes, drawn)
            if not isinstance(self, QLoRA):
                torch.manual_seed(self.seed)
                source.load = drawn.load
            return source

    return Untrained
