"""A server that speaks OpenAI's protocol over real HTTP, for tests and benchmarks: `python tests/model_server.py 0`.

Chat and plain completions, whole or as server-sent events, files and batches. It prints its port. `/stats` tells what it
was asked and what it would bill; `POST /reset` sets its behaviour and forgets, and a second argument in JSON sets it from
the start. Replies are made from the prompt's hash, so
that they are the same in every run, or by a function that is given in the options as `module:name`.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import json
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web

WORDS = [
    "a",
    "calm",
    "river",
    "turns",
    "under",
    "the",
    "old",
    "stone",
    "bridge",
    "while",
    "nine",
    "geese",
    "argue",
    "about",
    "the",
    "weather",
    "and",
    "the",
    "price",
    "of",
    "bread",
]


@dataclass
class Behaviour:
    """What the server does; shares are of requests, drawn from `seed`, price is in USD for a million tokens."""

    latency: float = 0.0
    refused: float = 0.0  # HTTP 429
    retry_after: float = 0.2
    failed: float = 0.0  # HTTP 500
    truncated: float = 0.0  # a body that ends before it should
    reset: float = 0.0  # the connection is cut instead of a reply
    hang: float = 0.0  # no reply before the client gives up
    per_second: float = 0.0  # requests beyond this rate are refused
    concurrency: int = 0  # requests beyond these in flight are refused
    honours_keys: bool = False  # a request with a known idempotency key is not billed again
    key: str = ""  # other keys are refused
    model: str = ""  # other models are not found
    quota: int = -1  # requests until the account is empty
    completion_tokens: int = 30
    length_share: float = 0.0  # replies that are cut for length
    refusals: float = 0.0  # replies that are the content filter's
    usage: bool = True
    logprobs: bool = True  # where they are asked for
    timed: str = ""  # what the prompts have in them that the clock is for
    batch_seconds: float = 0.0
    batch_failed: float = 0.0  # lines of a batch that fail
    batch_expired: float = 0.0  # lines that are not done when the batch expires
    writer: str = ""
    journal: str = ""  # a file that holds the key of each bill, so that a server that was killed still knows them
    seed: int = 0


@dataclass
class State:
    behaviour: Behaviour = field(default_factory=Behaviour)
    random: random.Random = field(default_factory=lambda: random.Random(0))
    counts: Counter[str] = field(default_factory=Counter)
    served: Counter[str] = field(default_factory=Counter)  # by idempotency key or body
    tokens: Counter[str] = field(default_factory=Counter)
    keys: set[str] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    arrivals: list[float] = field(default_factory=list)
    in_flight: int = 0
    first: float | None = None  # moments of the first request and the last reply
    last: float = 0.0


STATE = web.AppKey("state", State)
Writer = Callable[[dict[str, Any]], str]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def prompt_of(body: dict[str, Any]) -> str:
    return body["prompt"] if "prompt" in body else "\n".join(turn["content"] for turn in body["messages"])


def words(body: dict[str, Any]) -> str:
    """Return some words, drawn from the prompt's hash."""
    rng = random.Random(prompt_of(body))
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(10, 40)))


def tasks(body: dict[str, Any]) -> str:
    """Return tasks as `llm=fake` writes them: the writer `model_server:tasks`."""
    from alpaca.llms.fake import Fake
    from alpaca.llms.price import FREE

    prompt = prompt_of(body)
    return Fake(3072, 0.05, FREE).answer(prompt, "response_format" in body, random.Random(prompt))


@cache
def stock() -> list[str]:
    """Return some replies of 17 tasks, written beforehand: a server in a race has to be light."""
    from alpaca.prompts.self_instruct import as_text
    from alpaca.records import Example

    prompt = as_text("", [Example("a", "", "b")] * 3, 20)
    return [tasks({"prompt": prompt + " " * number}) for number in range(50)]


def from_stock(body: dict[str, Any]) -> str:
    """Return one of these: the writer `model_server:from_stock`."""
    return stock()[len(prompt_of(body)) % len(stock())]


@lru_cache(maxsize=64)  # for stock
def tokens(text: str) -> int:
    """Count as a tokenizer of English would: four bytes a token, a little more or less with the text."""
    return max(1, round(len(text.encode()) / (3.6 + 4 * text.count("e") / (len(text) or 1))))


def completion(state: State, body: dict[str, Any]) -> tuple[dict[str, Any], str, str]:
    """Return a reply's body without its text, the text, and why it ended."""
    behaviour = state.behaviour
    module, _, name = behaviour.writer.partition(":")
    write: Writer = getattr(importlib.import_module(module), name) if module else words
    text, finish = write(body), "stop"
    odd = behaviour.length_share or behaviour.refusals
    draw = random.Random(prompt_of(body) + "finish").random() if odd else 1.0
    if draw < behaviour.length_share:
        text, finish = text[: len(text) // 2], "length"
    elif draw < behaviour.length_share + behaviour.refusals:
        text, finish = "", "content_filter"
    used = tokens(text) if text else 0
    limit = body.get("max_completion_tokens", body.get("max_tokens", 16))
    if used > limit:
        text, finish, used = text[: limit * 3], "length", limit
    usage = {"prompt_tokens": tokens(prompt_of(body)) + 8, "completion_tokens": used}
    usage["total_tokens"] = sum(usage.values())
    identity = hashlib.sha256(repr(body).encode()).hexdigest()[:24]
    about = {"id": identity, "created": 0, "model": body["model"] + "-2026-01-01"}
    return about | ({"usage": usage} if behaviour.usage else {"usage": None}), text, finish


def bill(state: State, key: str, usage: dict[str, int] | None) -> None:
    """Count what is billed for a reply, whether it arrives or not."""
    if state.behaviour.honours_keys and key in state.keys:
        state.counts["free"] += 1
        return
    state.keys.add(key)
    state.served[key] += 1
    if state.behaviour.journal:
        with open(state.behaviour.journal, "a") as journal:
            journal.write(f"{key}\n")
    if usage:
        state.tokens.update({"input": usage["prompt_tokens"], "output": usage["completion_tokens"]})


def error(status: int, message: str, code: str | None = None, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(
        {"error": {"message": message, "type": code or "error", "code": code}}, status=status, headers=headers
    )


@web.middleware
async def check_key(request: web.Request, handler: Handler) -> web.StreamResponse:
    behaviour = request.app[STATE].behaviour
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if behaviour.key and bearer != behaviour.key and request.path.startswith("/v1"):
        request.app[STATE].counts["requests"] += 1
        return error(401, f"Incorrect API key provided: {bearer}.", "invalid_api_key")  # as OpenAI echoes it
    return await handler(request)


def rejection(state: State, body: dict[str, Any]) -> web.Response | None:
    """Return the answer to a request that no retry helps."""
    behaviour = state.behaviour
    if behaviour.model and body["model"] != behaviour.model:
        return error(404, f"The model `{body['model']}` does not exist", "model_not_found")
    if 0 <= behaviour.quota <= state.counts["answered"]:
        return error(429, "You exceeded your current quota", "insufficient_quota")
    return None


def overload(state: State) -> web.Response | None:
    """Return the answer to a request that comes too early."""
    behaviour, now = state.behaviour, time.monotonic()
    if behaviour.per_second:
        state.arrivals = [moment for moment in state.arrivals if now - moment < 1]
        if len(state.arrivals) >= behaviour.per_second:
            return error(429, "slow down", "rate_limit_exceeded", {"Retry-After": str(behaviour.retry_after)})
        state.arrivals.append(now)
    if behaviour.concurrency and state.in_flight > behaviour.concurrency:
        return error(429, "too many at once", "rate_limit_exceeded", {"Retry-After": str(behaviour.retry_after)})
    return None


async def complete(request: web.Request) -> web.StreamResponse:
    state = request.app[STATE]
    state.in_flight += 1
    state.counts["most_in_flight"] = max(state.counts["most_in_flight"], state.in_flight)
    try:
        return await _complete(state, request)
    finally:
        state.in_flight -= 1
        state.last = time.monotonic()


async def _complete(state: State, request: web.Request) -> web.StreamResponse:
    behaviour, body = state.behaviour, await request.json()
    if state.first is None and behaviour.timed in prompt_of(body):
        state.first = time.monotonic()
    state.counts["requests"] += 1
    for refusal in (rejection(state, body), overload(state)):
        if refusal is not None:
            state.counts[f"http_{refusal.status}"] += 1
            return refusal
    draw = state.random.random()
    shares = ("refused", "failed", "truncated", "reset", "hang")
    fault = next((name for name in shares if (draw := draw - getattr(behaviour, name)) < 0), "")
    state.counts.update([fault] if fault else [])
    if fault == "refused":
        return error(429, "slow down", "rate_limit_exceeded", {"Retry-After": str(behaviour.retry_after)})
    await asyncio.sleep(behaviour.latency)
    if fault == "failed":
        return error(500, "the server had an error")
    about, text, finish = completion(state, body)
    bill(state, request.headers.get("Idempotency-Key") or about["id"], about["usage"])
    if fault == "hang":
        await asyncio.sleep(3600)
    if fault == "reset":
        assert request.transport is not None
        request.transport.abort()
        return web.Response()
    state.counts["answered"] += not fault
    if body.get("stream"):
        return await stream(request, body, about, text, finish, fault)
    logprobs = likely(body, text, behaviour.logprobs)
    return await whole(request, json.dumps(reply(body, about, text, finish, logprobs)).encode(), fault)


def likely(body: dict[str, Any], text: str, tells: bool) -> dict[str, Any] | None:
    """Return the probabilities of the first token, where they are asked for: 0.8 of it, and the rest of the other letter."""
    if not tells or not body.get("logprobs"):
        return None
    tokens = {text[:1]: math.log(0.8), "B" if text[:1] == "A" else "A": math.log(0.2)}
    top = [{"token": token, "logprob": logprob} for token, logprob in tokens.items()]
    return {"content": [top[0] | {"top_logprobs": top}]} if "messages" in body else {"top_logprobs": [tokens]}


def reply(
    body: dict[str, Any], about: dict[str, Any], text: str, finish: str, logprobs: dict[str, Any] | None = None
) -> dict[str, Any]:
    if "messages" not in body:
        return about | {
            "object": "text_completion",
            "choices": [{"index": 0, "text": text, "finish_reason": finish, "logprobs": logprobs}],
        }
    message = {"role": "assistant", "content": text, "refusal": None}
    return about | {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": logprobs}],
    }


async def whole(request: web.Request, content: bytes, fault: str) -> web.StreamResponse:
    if fault != "truncated":
        return web.Response(body=content, content_type="application/json")
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(content))})
    await response.prepare(request)
    await response.write(content[: len(content) // 2])
    return cut(request, response)


def cut(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return response


async def stream(
    request: web.Request, body: dict[str, Any], about: dict[str, Any], text: str, finish: str, fault: str
) -> web.StreamResponse:
    """Send a reply as server-sent events, a word each, with its usage last."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    head, chat = {key: about[key] for key in ("id", "created", "model")}, "messages" in body
    parts = [word + " " for word in text.split(" ")]
    parts[-1] = parts[-1][:-1]
    choices: list[dict[str, Any]] = [
        {"index": 0, "finish_reason": None} | ({"delta": {"content": part}} if chat else {"text": part})
        for part in parts
    ]
    choices.append({"index": 0, "finish_reason": finish} | ({"delta": {}} if chat else {"text": ""}))
    events: list[dict[str, Any]] = [head | {"choices": [choice]} for choice in choices]
    if (body.get("stream_options") or {}).get("include_usage"):
        events.append(head | {"choices": [], "usage": about["usage"]})
    lines = [f"data: {json.dumps(event)}\n\n" for event in events] + ["data: [DONE]\n\n"]
    for line in lines[: len(lines) // 2] if fault else lines:
        await response.write(line.encode())
    return cut(request, response) if fault else response


async def models(request: web.Request) -> web.Response:
    return web.json_response({"object": "list", "data": []})


async def upload(request: web.Request) -> web.Response:
    state, form = request.app[STATE], await request.post()
    file = form["file"]
    assert isinstance(file, web.FileField)
    if state.random.random() < state.behaviour.failed:
        return error(500, "the server had an error")
    identity = f"file-{len(state.files)}"
    state.files[identity] = file.file.read()
    state.names[identity] = file.filename
    state.counts["uploads"] += 1
    return web.json_response(about_file(state, identity))


async def list_files(request: web.Request) -> web.Response:
    state = request.app[STATE]
    data = [about_file(state, identity) for identity in reversed(state.names)]
    return web.json_response({"object": "list", "data": data, "has_more": False})


def about_file(state: State, identity: str) -> dict[str, Any]:
    return {
        "id": identity,
        "object": "file",
        "bytes": len(state.files[identity]),
        "created_at": 0,
        "filename": state.names[identity],
        "purpose": "batch",
        "status": "processed",
    }


async def content(request: web.Request) -> web.Response:
    return web.Response(body=request.app[STATE].files[request.match_info["id"]])


async def create_batch(request: web.Request) -> web.Response:
    state, body = request.app[STATE], await request.json()
    if 0 <= state.behaviour.quota <= state.counts["batches"]:
        return error(429, "You exceeded your current quota", "insufficient_quota")
    identity = f"batch_{len(state.batches)}"
    state.batches[identity] = {
        "id": identity,
        "object": "batch",
        "endpoint": body["endpoint"],
        "input_file_id": body["input_file_id"],
        "completion_window": "24h",
        "created_at": len(state.batches),
        "status": "in_progress",
        "metadata": body.get("metadata"),
        "done_at": time.monotonic() + state.behaviour.batch_seconds,
    }
    state.counts["batches"] += 1
    return web.json_response(public(state.batches[identity]))


def public(batch: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in batch.items() if key != "done_at"}


async def get_batch(request: web.Request) -> web.Response:
    state = request.app[STATE]
    batch = state.batches[request.match_info["id"]]
    if batch["status"] == "in_progress" and time.monotonic() >= batch["done_at"]:
        finish_batch(state, batch)
    return web.json_response(public(batch))


def finish_batch(state: State, batch: dict[str, Any]) -> None:
    """Answer the lines of a batch; some fail, and where some are left undone the batch has expired."""
    behaviour, done, failed, undone = state.behaviour, [], [], 0
    for line in state.files[batch["input_file_id"]].decode().splitlines():
        row = json.loads(line)
        draw = state.random.random()
        if draw < behaviour.batch_expired:
            undone += 1
            failed.append({"custom_id": row["custom_id"], "response": None, "error": {"code": "batch_expired"}})
        elif draw < behaviour.batch_expired + behaviour.batch_failed:
            failed.append({"custom_id": row["custom_id"], "response": {"status_code": 500, "body": {}}, "error": None})
        else:
            about, text, finish = completion(state, row["body"])
            bill(state, row["custom_id"], about["usage"])
            response = {"status_code": 200, "body": reply(row["body"], about, text, finish)}
            done.append({"custom_id": row["custom_id"], "response": response, "error": None})
    state.random.shuffle(done)
    for name, rows in (("output_file_id", done), ("error_file_id", failed)):
        if rows:
            batch[name] = f"file-{len(state.files)}"
            state.files[batch[name]] = "".join(json.dumps(row) + "\n" for row in rows).encode()
    batch["status"] = "expired" if undone else "completed"


async def list_batches(request: web.Request) -> web.Response:
    batches = [public(batch) for batch in reversed(request.app[STATE].batches.values())]
    return web.json_response({"object": "list", "data": batches, "has_more": False})


async def reset(request: web.Request) -> web.Response:
    body = await request.json()
    known = {option.name for option in fields(Behaviour)}
    assert set(body) <= known, set(body) - known
    keep = {"files", "names", "batches"} if body.get("seed") == -1 else set()
    state, old = State(Behaviour(**body), random.Random(body.get("seed", 0))), request.app[STATE]
    for each in fields(State):
        if each.name not in keep:
            setattr(old, each.name, getattr(state, each.name))
    return web.json_response({})


async def stats(request: web.Request) -> web.Response:
    state = request.app[STATE]
    twice = sum(count - 1 for count in state.served.values())
    seconds = state.last - (state.first or state.last)
    billed = {"billed": sum(state.served.values()), "billed_twice": twice, "tokens": state.tokens}
    return web.json_response({**state.counts, **billed, "seconds": seconds})


def application(behaviour: Behaviour) -> web.Application:
    app = web.Application(client_max_size=1 << 28, middlewares=[check_key])
    app[STATE] = State(behaviour)
    if behaviour.journal:
        app[STATE].keys.update(Path(behaviour.journal).read_text().split())
    app.router.add_post("/v1/chat/completions", complete)
    app.router.add_post("/v1/completions", complete)
    app.router.add_get("/v1/models", models)
    app.router.add_post("/v1/files", upload)
    app.router.add_get("/v1/files", list_files)
    app.router.add_get("/v1/files/{id}/content", content)
    app.router.add_post("/v1/batches", create_batch)
    app.router.add_get("/v1/batches", list_batches)
    app.router.add_get("/v1/batches/{id}", get_batch)
    app.router.add_post("/reset", reset)
    app.router.add_get("/stats", stats)
    return app


async def serve(port: int, behaviour: Behaviour) -> None:
    runner = web.AppRunner(application(behaviour), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, backlog=1024)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    port, behaviour = (*sys.argv[1:], *("0", "{}")[len(sys.argv) - 1 :])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:  # in a race, it is to take as little as it can
        loop.run(serve(int(port), Behaviour(**json.loads(behaviour))))
