"""A model server in a process of its own, and doors to it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alpaca.llms.openai import OpenAI
from alpaca.llms.openai_batch import OpenAIBatch
from alpaca.llms.price import Price

KEY = "sk-secret-0123456789abcdef"
PRICE = Price(1.0, 3.0)


class Server:
    """The server's address, and what tests ask of it beside completions."""

    def __init__(self, port: str) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def behave(self, **behaviour: Any) -> None:
        """Forget all, and behave so from now on."""
        request = urllib.request.Request(f"{self.url}/reset", json.dumps(behaviour).encode())
        urllib.request.urlopen(request).read()

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/stats") as response:
            stats: dict[str, Any] = json.load(response)
        return stats

    def usd(self, price: Price = PRICE) -> float:
        """Return what the server bills."""
        tokens = self.stats()["tokens"]
        return price.of(tokens.get("input", 0), tokens.get("output", 0))

    def common(self) -> dict[str, Any]:
        """Return the options that both doors have."""
        return {
            "model": "m",
            "base_url": f"{self.url}/v1",
            "key_name": "TEST_KEY",
            "api": "chat",
            "max_tokens": 256,
            "temperature": 1.0,
            "top_p": None,
            "stop": [],
            "price": PRICE,
        }

    def door(self, **changes: Any) -> OpenAI:
        options = self.common() | {
            "stream": False,
            "concurrency": 16,
            "ahead": 64,
            "requests_per_minute": None,
            "tokens_per_minute": None,
            "timeout": 20,
            "attempts": 8,
        }
        return OpenAI(**options | changes)

    def batch_door(self, **changes: Any) -> OpenAIBatch:
        options = self.common() | {
            "requests_per_batch": 20,
            "seconds_between_looks": 0.02,
            "attempts": 5,
            "discount": 0.5,
        }
        return OpenAIBatch(**options | changes)


@pytest.fixture(scope="session")
def process() -> Iterator[Server]:
    command = [sys.executable, str(Path(__file__).parent / "model_server.py"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        yield Server(running.stdout.readline().strip())
        running.kill()


@pytest.fixture
def server(process: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("TEST_KEY", KEY)
    process.behave()
    return process
