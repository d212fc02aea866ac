"""The page on which people judge, and what it asks of this process: all that it gets is in `Panel.state`.

    GET /         the page itself, complete but for texts
    POST /join    a name -> a token, which stands for a person from then on
    GET /state    the next task and the progress of the person whose token is in the header `Person`
    POST /say     a verdict -> the state after it
    POST /undo    the last verdict's id -> the state after it

A header of our own and JSON cannot be sent by another site's page without this server's leave, which it never gives.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from threading import Event, Thread
from typing import Annotated, Final, TypeVar
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import Field, TypeAdapter, ValidationError

from alpaca.errors import UserError
from alpaca.evaluation.human.panel import Panel, Refused
from alpaca.evaluation.human.verdicts import MOST_COMMENTED, Said
from alpaca.log import logger
from alpaca.reporting.template import environment

LARGEST: Final = 1 << 16  # bytes of what a page may send
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
POLICY: Final = (
    "default-src 'none'; script-src 'nonce-{0}'; style-src 'nonce-{0}'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

T = TypeVar("T")


@dataclass(frozen=True)
class Named:
    name: Annotated[str, Field(max_length=1000)]


@dataclass(frozen=True)
class Undone:
    id: str


NAMED, SAID, UNDONE = TypeAdapter(Named), TypeAdapter(Said), TypeAdapter(Undone)


class Page:
    """Shows a panel to people; once they are done, the last verdict can be taken back for `grace` seconds."""

    def __init__(self, panel: Panel, grace: float) -> None:
        self._panel, self._grace = panel, grace
        self._ended = Event()
        self._closing: asyncio.TimerHandle | None = None
        self._template = environment().get_template("judging.html.jinja")

    @contextmanager
    def served(self, host: str, port: int) -> Iterator[tuple[str, Event]]:
        """Serve in a thread; yield the address, and what is set when all is judged. Raises UserError for a taken port."""
        loop = asyncio.new_event_loop()
        thread = Thread(target=loop.run_forever, name="page", daemon=True)
        thread.start()
        runner = web.AppRunner(self._application(host), access_log=None, shutdown_timeout=2)
        try:
            asyncio.run_coroutine_threadsafe(_start(runner, host, port), loop).result()
            yield _address(host, runner.addresses[0][1]), self._ended
        finally:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    # From here on, all is the loop's thread.

    def _application(self, host: str) -> web.Application:
        application = web.Application(client_max_size=LARGEST, middlewares=[_guard(host)])
        application.add_routes(
            [
                web.get("/", self._page),
                web.post("/join", self._join),
                web.get("/state", self._state),
                web.post("/say", self._say),
                web.post("/undo", self._undo),
            ]
        )
        return application

    async def _page(self, request: web.Request) -> web.Response:
        nonce = secrets.token_urlsafe(16)
        text = self._template.render(nonce=nonce, may_join=self._panel.may_join, longest=MOST_COMMENTED)
        return web.Response(
            text=text, content_type="text/html", headers={"Content-Security-Policy": POLICY.format(nonce)}
        )

    async def _join(self, request: web.Request) -> web.Response:
        name = (await _body(request, NAMED)).name
        return web.json_response({"token": self._panel.join(name)})

    async def _state(self, request: web.Request) -> web.Response:
        return self._answer(self._person(request))

    async def _say(self, request: web.Request) -> web.Response:
        person, said = self._person(request), await _body(request, SAID)
        self._panel.say(person, said)
        return self._changed(person)

    async def _undo(self, request: web.Request) -> web.Response:
        person, undone = self._person(request), await _body(request, UNDONE)
        self._panel.undo(person, undone.id)
        return self._changed(person)

    def _person(self, request: web.Request) -> str:
        person = self._panel.person(request.headers.get("Person", ""))
        if person is None:
            raise web.HTTPForbidden(reason="This link is of nobody here.")
        return person

    def _changed(self, person: str) -> web.Response:
        """Answer, and end after a while if all is judged and nobody takes anything back until then."""
        if self._closing is not None:
            self._closing.cancel()
        loop = asyncio.get_running_loop()
        self._closing = loop.call_later(self._grace, self._ended.set) if self._panel.complete else None
        return self._answer(person)

    def _answer(self, person: str) -> web.Response:
        left = self._closing and self._closing.when() - asyncio.get_running_loop().time()
        return web.json_response(self._panel.state(person) | {"closes_in": left})


async def _start(runner: web.AppRunner, host: str, port: int) -> None:
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as problem:
        raise UserError(
            f"cannot serve the page at judge.host={host} judge.port={port}: {problem.strerror}; give another"
        ) from problem


async def _body(request: web.Request, kind: TypeAdapter[T]) -> T:
    """Return what was sent, as JSON and nothing else."""
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(reason="This takes JSON.")
    return kind.validate_json(await request.read())


def _guard(host: str) -> Middleware:
    """Refuse what other sites have sent, and tell every failure as JSON.

    A name that leads here though it is not ours is refused too, where only this machine is served (DNS rebinding).
    """

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            _refuse_strangers(request, host)
            response = await handler(request)
        except Exception as problem:
            status, reason = _told(problem)
            response = web.json_response({"error": reason}, status=status)
        response.headers.update({key: value for key, value in HEADERS.items() if key not in response.headers})
        return response

    return guard


def _refuse_strangers(request: web.Request, host: str) -> None:
    named = urlsplit(f"//{request.host}").hostname
    if _is_loopback(host) and named not in {host, "localhost"} and not _is_loopback(named or ""):
        raise web.HTTPForbidden(reason="This page is served under another name.")
    if (origin := request.headers.get("Origin")) is not None and urlsplit(origin).netloc != request.host:
        raise web.HTTPForbidden(reason="This comes from another site.")


def _told(problem: Exception) -> tuple[int, str]:
    """Return the status and the line that tell of a failure; a bug is raised."""
    if isinstance(problem, Refused):
        return 409, str(problem)
    if isinstance(problem, ValidationError):
        error = problem.errors()[0]
        return 400, ": ".join([*(str(part) for part in error["loc"]), error["msg"]])
    if isinstance(problem, web.HTTPException):
        return problem.status, problem.reason
    if isinstance(problem, OSError) and not isinstance(problem, ConnectionError):
        logger.warning("a verdict could not be written: %s", problem)
        return 503, f"It could not be saved ({problem.strerror})."
    raise problem


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(host: str, port: int) -> str:
    """Return what people open; a server on all of a machine's addresses is reached by its name."""
    name = socket.gethostname() if host in ("0.0.0.0", "::") else host
    return f"http://{f'[{name}]' if ':' in name else name}:{port}/"
