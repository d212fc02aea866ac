"""What HELM (crfm-helm, Liang et al. 2022) needs to run its scenarios on a model behind a server: a run file and three YAML files.

The layout is that of HELM's "Adding new models" and of its run entries; keys are those of its registries, in version 0.5.16.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from annotated_types import MinLen

from alpaca.errors import UserError
from alpaca.files import write_text
from alpaca.llms.huggingface import HuggingFace

CLIENTS = {"completions": "VLLMClient", "chat": "VLLMChatClient"}  # which send no key, and work with any such server
README = """Serve the model, then run HELM (pip install crfm-helm) in this folder:

    vllm serve {path} --served-model-name {served}
    helm-run --conf-paths run_entries.conf --local-path . --suite {served} --max-eval-instances 100
    helm-summarize --suite {served}
"""


@dataclass(frozen=True)
class Helm:
    """Points HELM to the server at `base_url`; `scenarios` are run entries without a model, as HELM names them."""

    base_url: str
    api: Literal["completions", "chat"]
    scenarios: Annotated[list[str], MinLen(1)]

    def check(self, model: object) -> HuggingFace:
        """Return the model; raises UserError where it is no folder, as its tokenizer is needed."""
        if not isinstance(model, HuggingFace):
            raise UserError("helm=served takes the tokenizer of a local candidate (llm=huggingface), and this is none")
        return model

    def write(self, folder: Path, name: str, model: object) -> list[Path]:
        """Write the files for the model called `name`; return their folder."""
        model = self.check(model)
        served = "-".join(name.split("/"))
        made: dict[str, Any] = {
            "model_metadata.yaml": {"models": [_metadata(served)]},
            "model_deployments.yaml": {"model_deployments": [self._deployment(served, model)]},
            "tokenizer_configs.yaml": {"tokenizer_configs": [_tokenizer(served, model)]},
        }
        for file, content in made.items():
            write_text(folder / file, yaml.safe_dump(content, sort_keys=False))
        write_text(folder / "run_entries.conf", json.dumps({"entries": self._entries(served)}, indent=2) + "\n")
        write_text(folder / "README.md", README.format(path=model.path.resolve(), served=served))
        return [folder]

    def _entries(self, served: str) -> list[dict[str, Any]]:
        """Return run entries, in HOCON, of which JSON is a part."""
        join = ((entry, "," if ":" in entry else ":") for entry in self.scenarios)
        return [{"description": f"{entry}{comma}model=alpaca/{served}", "priority": 1} for entry, comma in join]

    def _deployment(self, served: str, model: HuggingFace) -> dict[str, Any]:
        return {
            "name": f"alpaca/{served}",
            "model_name": f"alpaca/{served}",
            "tokenizer_name": f"alpaca/{served}",
            "max_sequence_length": model.network.config.max_position_embeddings,
            "client_spec": {
                "class_name": f"helm.clients.vllm_client.{CLIENTS[self.api]}",
                "args": {"base_url": self.base_url, "vllm_model_name": served},
            },
        }


def _metadata(served: str) -> dict[str, Any]:
    about = {"display_name": served, "description": "An instruction-following model", "release_date": None}
    tags = ["TEXT_MODEL_TAG", "PARTIAL_FUNCTIONALITY_TEXT_MODEL_TAG"]
    return {"name": f"alpaca/{served}", "creator_organization_name": "alpaca", "access": "closed", "tags": tags} | about


def _tokenizer(served: str, model: HuggingFace) -> dict[str, Any]:
    made = "helm.tokenizers.huggingface_tokenizer.HuggingFaceTokenizer"
    spec = {"class_name": made, "args": {"pretrained_model_name_or_path": str(model.path.resolve())}}
    ends = {"end_of_text_token": model.tokenizer.eos_token, "prefix_token": model.tokenizer.bos_token}
    return {"name": f"alpaca/{served}", "tokenizer_spec": spec} | ends
