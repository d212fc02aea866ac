"""Models behind OpenAI's protocol: OpenAI, vLLM, Ollama, llama.cpp, proxies.

Requests go over aiohttp: the `openai` package's own client takes 2 to 4 times as long (`benchmarks/README.md`).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from alpaca.errors import UserError
from alpaca.llms.asking import Asked, Asking, Send, in_order
from alpaca.llms.order import stored
from alpaca.llms.pace import Pace
from alpaca.llms.price import BYTES_A_TOKEN, Price, forecast, most_prompt_tokens
from alpaca.llms.request import Forecast, Ledger, Reply, Request
from alpaca.llms.wire import API, PATHS, Answer, Passing, Sampling, failure, read, read_events

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

CONNECT_SECONDS: Final = 15.0
MAY_HOLD_A_SECRET: Final = re.compile(r"(\w+:/*)?[^/?#]*@|.*[?#]")  # a user and a password, or a query
VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LIKE_A_KEY: Final = re.compile(r"(?=.*[a-z])(?=.*[0-9]).{24,}")


class OpenAI:
    """The model `model` of the server at `base_url`; the key is in the environment variable `key_name`, if any.

    A local server may need no key; OpenAI's always does.
    """

    def __init__(
        self,
        model: str,
        base_url: str,
        key_name: str,
        api: API,
        max_tokens: PositiveInt,
        temperature: NonNegativeFloat | None,
        top_p: PositiveFloat | None,
        stop: list[str],
        stream: bool,
        concurrency: PositiveInt,
        ahead: PositiveInt,
        requests_per_minute: PositiveFloat | None,
        tokens_per_minute: PositiveFloat | None,
        timeout: PositiveFloat,
        attempts: PositiveInt,
        price: Price,
    ) -> None:
        if ahead < concurrency:
            raise UserError(f"ahead={ahead} leaves some of concurrency={concurrency} without work; it must be as large")
        self.sampling = Sampling(model, api, max_tokens, temperature, top_p, tuple(stop))
        self.base_url, self.key_name, self.stream, self.timeout = address(base_url), variable(key_name), stream, timeout
        self.concurrency, self.ahead, self.attempts, self.price = concurrency, ahead, attempts, price
        self.requests_per_minute, self.tokens_per_minute = requests_per_minute, tokens_per_minute

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.sampling.settings()

    def adjusted(self, temperature: float | None, max_tokens: int, likely: int) -> OpenAI:
        other = copy(self)
        other.sampling = self.sampling.adjusted(temperature, max_tokens, likely)
        return other

    def precheck(self) -> None:
        self.price.known(self.sampling.model, self.base_url)
        secret(self.key_name, self.base_url)

    def replies(self, requests: Iterable[Request | None], ledger: Ledger) -> Iterator[Reply]:
        price = self.price.known(self.sampling.model, self.base_url)
        pace = Pace(self.concurrency, self.requests_per_minute, self.tokens_per_minute)
        asking = Asking(self._open, pace, price, ledger, self.attempts)
        return in_order(
            requests, self.settings, self.ahead, ledger, asking, lambda request, name: self._asked(request, name, price)
        )

    def forecast(self, like: Sequence[Request], count: int, ledger: Ledger) -> Forecast:
        price = self.price.known(self.sampling.model, self.base_url)
        replies = stored(like, self.settings, ledger)
        made = forecast(like, replies, count, price, self.sampling.max_tokens, self.concurrency, self._rates(like))
        return replace(made, rate=self.price.told(self.sampling.model, self.base_url))

    def _rates(self, like: Sequence[Request]) -> dict[str, float]:
        """Return the seconds from one request to the next that each limit demands, for requests like these."""
        tokens = sum(sum(self._most(request)) for request in like) / max(1, len(like))
        counted = {"requests_per_minute": 1.0, "tokens_per_minute": tokens}
        limits = {name: getattr(self, name) for name in counted}
        return {f"as {name}={limit:.12g} allows": 60 * counted[name] / limit for name, limit in limits.items() if limit}

    def _most(self, request: Request) -> tuple[int, int]:
        """Return the most tokens of a request and its reply. Raises UserError where a minute has no room for what is likely."""
        most = (most_prompt_tokens(request), self.sampling.max_tokens)
        likely = round(most[0] / BYTES_A_TOKEN) + most[1]
        if self.tokens_per_minute and likely > self.tokens_per_minute:
            raise UserError(
                f"tokens_per_minute={self.tokens_per_minute:.12g} of an llm is less than one request may take, about {likely:,} tokens; "
                f"raise it, or lower its max_tokens={most[1]}"
            )
        return most

    def _asked(self, request: Request, identity: str, price: Price) -> Asked:
        body = self.sampling.body(request, self.base_url)
        if self.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        most = self._most(request)
        return Asked(request.number, identity, json.dumps(body).encode(), most, price.of(*most))

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Send]:
        """Open the connections; what they yield sends one request."""
        import aiohttp

        key = secret(self.key_name, self.base_url)
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        timeout = aiohttp.ClientTimeout(total=self.timeout, sock_connect=CONNECT_SECONDS)
        connector = aiohttp.TCPConnector(limit=0)
        proxy = proxy_of(self.base_url)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers, proxy=proxy) as session:

            async def send(asked: Asked) -> Answer | Passing:
                return await self._send(session, asked, key)

            yield send

    async def _send(self, session: ClientSession, asked: Asked, key: str) -> Answer | Passing:
        """Send one request. What ends without an error status may have been answered, and so may be billed."""
        import aiohttp

        url = f"{self.base_url}/{PATHS[self.sampling.api]}"
        try:
            async with session.post(url, data=asked.body, headers={"Idempotency-Key": asked.identity}) as response:
                if response.status >= 300:
                    return failure(response.status, response.headers, await _content(response), key, self.key_name)
                return (
                    read_events([line async for line in response.content])
                    if self.stream
                    else read(await response.read())
                )
        except aiohttp.InvalidURL as problem:
            raise UserError(f"base_url={self.base_url} of an llm is no address") from problem
        except aiohttp.ClientConnectorError as problem:
            return Passing(f"cannot reach {self.base_url} ({problem.os_error.strerror or 'no connection'})")
        except aiohttp.ConnectionTimeoutError:
            return Passing(f"cannot reach {self.base_url} in {CONNECT_SECONDS:g} s")
        except TimeoutError:
            return Passing(f"no reply of {self.base_url} in {self.timeout:g} s", dark=True)
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            return Passing(f"a broken reply of {self.base_url} ({type(problem).__name__})", dark=True)


async def _content(response: ClientResponse) -> bytes:
    """Return the body of an error, as far as it comes."""
    import aiohttp

    try:
        return await response.read()
    except (aiohttp.ClientError, OSError):
        return b""


def address(base_url: str) -> str:
    """Return the address without a slash at its end; raises UserError where it is none, or may hold a secret, untold."""
    if MAY_HOLD_A_SECRET.match(base_url):
        raise UserError(
            "base_url holds a user, a password or a query, which would be written into the run's files; leave them out, and "
            "name the environment variable that holds the key with key_name=..."
        )
    try:
        parts = urlsplit(base_url)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # no number for a port
        known = False
    if not known:
        raise UserError(f"base_url={base_url} is no address of a server, such as http://localhost:8000/v1")
    return base_url.rstrip("/")


def variable(key_name: str) -> str:
    """Return the name of an environment variable; raises UserError, without telling it, for what is none, as a key itself."""
    if VARIABLE.fullmatch(key_name) and (key_name in os.environ or not LIKE_A_KEY.fullmatch(key_name)):
        return key_name
    raise UserError(
        "key_name must be the name of the environment variable that holds the key, such as OPENAI_API_KEY, and never the "
        "key itself"
    )


def secret(key_name: str, base_url: str) -> str:
    """Return the key from the environment. Raises UserError where OpenAI's own server is to be asked without one."""
    key = os.environ.get(key_name, "")
    if not key and (urlsplit(base_url).hostname or "").endswith("openai.com"):
        raise UserError(
            f"there is no key in the environment: set {key_name}, or name another variable as `key_name` of the llm at {base_url}"
        )
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        raise UserError(f"the key in ${key_name} has a character that no key has, such as a space or the end of a line")
    return key


def proxy_of(base_url: str) -> str | None:
    """Return the proxy that the environment names for a server."""
    parts = urlsplit(base_url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
