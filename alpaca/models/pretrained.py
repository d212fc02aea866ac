"""Any causal language model in Hugging Face's format, from a folder or by its id on the hub."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alpaca.doors.hub import model_folder
from alpaca.errors import UserError
from alpaca.files import read_json
from alpaca.models.shape import Shape
from alpaca.prompts.alpaca import CHAT_TEMPLATE
from alpaca.schema import ModelPath

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TOKENIZERS = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json", "vocab.txt", "spiece.model")


@dataclass(frozen=True)
class Pretrained:
    """Weights and tokenizer at `path`; nothing else is downloaded than what this names.

    `shape` is for `alpaca plan`, which has no weights to ask.
    """

    path: ModelPath
    shape: Shape | None = None

    def __post_init__(self) -> None:
        local = Path(self.path)
        if local.exists() and not (local / "config.json").is_file():
            raise UserError(f"model.path: {self.path} is no model folder of Hugging Face's; it has no config.json")

    def precheck(self) -> None:
        """Raise UserError where the folder has no tokenizer, or no whole safetensors files."""
        from alpaca.models.weights import Weights

        if Path(self.path).is_dir():
            _check_tokenizer(Path(self.path))
            Weights(Path(self.path))

    def tokenizer(self, folder: Path, texts: Iterable[str]) -> PreTrainedTokenizerBase:
        """Load the model's own tokenizer; `folder` and `texts` are for models that learn theirs."""
        from transformers import AutoTokenizer

        folder = model_folder(self.path, weights=False)
        _check_tokenizer(folder)
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
        if tokenizer.eos_token_id is None:
            raise UserError(f"the tokenizer of {self.path} has no EOS token, so a model could not learn where to stop")
        tokenizer.chat_template = tokenizer.chat_template or CHAT_TEMPLATE
        return tokenizer

    def settings(self) -> Mapping[str, Any]:
        settings: Mapping[str, Any] = read_json(model_folder(self.path, weights=False) / "config.json")
        return settings

    def weights(self, folder: Path, tokenizer: PreTrainedTokenizerBase, seed: int) -> Path:
        """Return the folder of the weights, downloaded where `path` is an id on the hub."""
        return model_folder(self.path, weights=True)


def _check_tokenizer(folder: Path) -> None:
    if not any((folder / name).is_file() for name in TOKENIZERS):
        raise UserError(f"{folder} has no tokenizer; save one there with tokenizer.save_pretrained")
