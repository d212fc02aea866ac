"""What sends many prompts to a server, each set up as its makers mean it: `python clients.py NAME URL PROMPTS CONCURRENCY FOLDER`.

Each runs in the environment that it is installed in, so nothing here is imported before it is needed. It reads the list in
PROMPTS, writes the texts of the replies to FOLDER/replies.json, and keeps in FOLDER what it needs to go on after a kill.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIMIT = 3072  # tokens of a reply, as in conf/llm/openai.yaml
Client = Callable[[str, list[str], int, Path], list[str]]


class Clock:
    """Times a call that is begun with prompts and ends with replies in hand; imports do not count."""

    begun = 0.0

    def begin(self) -> None:
        self.begun = time.perf_counter()

    def seconds(self) -> float:
        return time.perf_counter() - self.begun


CLOCK = Clock()


def body(prompt: str) -> dict[str, Any]:
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": prompt}], "max_tokens": LIMIT}


def bare(url: str, texts: list[str], concurrency: int, folder: Path) -> list[str]:
    """aiohttp and nothing else: no retries, no files."""
    import aiohttp

    replies: dict[str, str] = {}

    async def ask() -> None:
        waiting = iter(texts)

        async def work() -> None:
            for text in waiting:
                async with session.post(f"{url}/chat/completions", json=body(text), headers=headers) as response:
                    replies[text] = (await response.json())["choices"][0]["message"]["content"]

        headers = {"Authorization": "Bearer none"}
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            await asyncio.gather(*(work() for _ in range(concurrency)))

    CLOCK.begin()
    asyncio.run(ask())
    return [replies[text] for text in texts]


def openai(url: str, texts: list[str], concurrency: int, folder: Path) -> list[str]:
    """The `openai` package, with its aiohttp transport."""
    from openai import AsyncOpenAI, DefaultAioHttpClient

    replies: dict[str, str] = {}

    async def ask() -> None:
        waiting = iter(texts)
        async with AsyncOpenAI(base_url=url, api_key="none", http_client=DefaultAioHttpClient()) as client:

            async def work() -> None:
                for text in waiting:
                    reply = await client.chat.completions.create(**body(text))
                    replies[text] = reply.choices[0].message.content

            await asyncio.gather(*(work() for _ in range(concurrency)))

    CLOCK.begin()
    asyncio.run(ask())
    return [replies[text] for text in texts]


def ours(url: str, texts: list[str], concurrency: int, folder: Path) -> list[str]:
    """`llm=openai` with its ledger."""
    import aiohttp  # noqa: F401  # both of which it imports when it sends
    import uvloop  # noqa: F401

    from alpaca.llms.ledger import Book
    from alpaca.llms.openai import OpenAI
    from alpaca.llms.price import Price
    from alpaca.llms.request import Request

    CLOCK.begin()
    llm = OpenAI(
        "gpt-4o-mini", url, "NO_KEY", "chat", LIMIT, 1.0, 1.0, [], False, concurrency, 2048, None, None, 300, 8, Price(0.15, 0.6)
    )  # fmt: skip
    with Book(folder / "ledger.jsonl", 100.0) as book:
        return [reply.text for reply in llm.replies((Request(*numbered) for numbered in enumerate(texts)), book)]


def curator(url: str, texts: list[str], concurrency: int, folder: Path) -> list[str]:
    """bespokelabs-curator, with limits given by hand and the tokenizer on the disk."""
    import litellm

    tokenizers = Path(litellm.__file__).parent / "litellm_core_utils" / "tokenizers"
    os.environ |= {"TIKTOKEN_CACHE_DIR": str(tokenizers), "CURATOR_CACHE_DIR": str(folder / "cache")}
    os.environ |= {"TELEMETRY_ENABLED": "false", "HF_HUB_OFFLINE": "1", "OPENAI_API_KEY": "none"}
    from bespokelabs import curator

    class Ask(curator.LLM):  # type: ignore[misc,name-defined]
        def prompt(self, input: dict[str, str]) -> str:
            return input["prompt"]

        def parse(self, input: dict[str, str], response: str) -> dict[str, str]:
            return {"prompt": input["prompt"], "text": response}

    limits = {"max_requests_per_minute": 10_000_000, "max_tokens_per_minute": 10_000_000_000}
    CLOCK.begin()
    llm = Ask(
        model_name="gpt-4o-mini",
        backend="openai",
        backend_params={"base_url": url, "max_concurrent_requests": concurrency, "request_timeout": 300} | limits,
        generation_params={"max_tokens": LIMIT},
    )
    made = llm([{"prompt": text} for text in texts])
    return [row["text"] for row in getattr(made, "dataset", made)]


def distilabel(url: str, texts: list[str], concurrency: int, folder: Path) -> list[str]:
    """A pipeline of distilabel, whose concurrency is its batch."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from distilabel.models import OpenAILLM
    from distilabel.pipeline import Pipeline
    from distilabel.steps import LoadDataFromDicts
    from distilabel.steps.tasks import TextGeneration

    CLOCK.begin()
    with Pipeline("benchmark", cache_dir=folder / "cache") as pipeline:
        rows = LoadDataFromDicts(data=[{"instruction": text} for text in texts], batch_size=concurrency)
        llm = OpenAILLM(model="gpt-4o-mini", base_url=url, api_key="none", generation_kwargs={"max_new_tokens": LIMIT})
        rows >> TextGeneration(llm=llm, input_batch_size=concurrency)
    made = pipeline.run(use_cache=True)
    return [row["generation"] for row in made["default"]["train"]]


def datatrove(url: str, texts: list[str], concurrency: int, folder: Path) -> list[str]:
    """datatrove's inference runner, with its checkpoints."""
    from datatrove.data import Document
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
    from datatrove.pipeline.writers import JsonlWriter

    async def rollout(document: Any, generate: Any) -> dict[str, str]:
        result = await generate({"messages": body(document.text)["messages"], "max_tokens": LIMIT})
        return {"text": result.text}

    CLOCK.begin()
    config = InferenceConfig(
        server_type="endpoint",
        endpoint_url=url.removesuffix("/v1"),
        model_name_or_path="gpt-4o-mini",
        max_concurrent_generations=concurrency,
    )
    runner = InferenceRunner(
        rollout_fn=rollout,
        config=config,
        output_writer=JsonlWriter(
            str(folder / "out"), output_filename="${rank}_${chunk_index}.jsonl", compression=None
        ),
        checkpoints_local_dir=str(folder / "checkpoints"),
        records_per_chunk=500,
    )
    documents = [Document(text=text, id=str(number)) for number, text in enumerate(texts)]
    LocalPipelineExecutor(pipeline=[documents, runner], logging_dir=str(folder / "logs"), tasks=1).run()
    lines = [line for file in sorted((folder / "out").glob("*.jsonl")) for line in file.read_text().splitlines()]
    return [json.loads(line)["metadata"]["rollout_results"][0]["text"] for line in lines]


CLIENTS: dict[str, Client] = {each.__name__: each for each in (bare, openai, ours, curator, distilabel, datatrove)}

if __name__ == "__main__":
    name, url, prompts, concurrency, folder = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    texts = CLIENTS[name](url, json.loads(Path(prompts).read_text()), int(concurrency), Path(folder))
    (Path(folder) / "replies.json").write_text(json.dumps({"seconds": CLOCK.seconds(), "texts": texts}))
