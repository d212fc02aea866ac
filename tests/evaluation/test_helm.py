"""The files for HELM say what its registries take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from small import SMALL, tokenizer

from alpaca.errors import UserError
from alpaca.evaluation.helm import Helm
from alpaca.llms.huggingface import HuggingFace

HELM = Helm("http://server:8000/v1", "chat", ["gsm", "mmlu:subject=philosophy"])


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def test_the_files_name_one_model_behind_one_server(tmp_path: Path) -> None:
    words = tokenizer(tmp_path)
    SMALL.network(words, seed=0).save_pretrained(tmp_path / "model")
    words.save_pretrained(tmp_path / "model")
    model = HuggingFace(tmp_path / "model", batch_size=4, max_new_tokens=4, temperature=0, top_p=1.0)
    folder = tmp_path / "helm"
    assert HELM.write(folder, "team/run", model) == [folder]
    (metadata,) = read(folder / "model_metadata.yaml")["models"]
    (deployment,) = read(folder / "model_deployments.yaml")["model_deployments"]
    (made,) = read(folder / "tokenizer_configs.yaml")["tokenizer_configs"]
    assert {metadata["name"], deployment["name"], deployment["tokenizer_name"], made["name"]} == {"alpaca/team-run"}
    assert deployment["client_spec"] == {
        "class_name": "helm.clients.vllm_client.VLLMChatClient",
        "args": {"base_url": "http://server:8000/v1", "vllm_model_name": "team-run"},
    }
    assert deployment["max_sequence_length"] == 512
    assert made["tokenizer_spec"]["args"]["pretrained_model_name_or_path"] == str(tmp_path / "model")
    assert (made["prefix_token"], made["end_of_text_token"]) == (words.bos_token, words.eos_token)
    entries = json.loads((folder / "run_entries.conf").read_text("utf-8"))["entries"]
    assert [entry["description"] for entry in entries] == [
        "gsm:model=alpaca/team-run",
        "mmlu:subject=philosophy,model=alpaca/team-run",
    ]


def test_it_takes_the_tokenizer_of_a_local_model() -> None:
    with pytest.raises(UserError, match="helm=served takes the tokenizer of a local candidate"):
        HELM.check(object())
