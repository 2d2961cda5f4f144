"""The sandbox as a running HTTP server on loopback: in a thread (`start`) or blocking (`serve`)."""

import asyncio
import logging
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from audctl.sandbox import audience_manager, campaign, control, ims, overview
from audctl.sandbox.audience_manager import Choices
from audctl.sandbox.audience_manager.estimates import stored_population
from audctl.sandbox.audience_manager.rule_tree import Node
from audctl.sandbox.calls import CallLog
from audctl.sandbox.campaign.quirks import DEFAULT_QUIRKS, Quirks
from audctl.sandbox.faults import FaultRule, Faults
from audctl.sandbox.front import Front
from audctl.sandbox.loopback import listen, url_of
from audctl.sandbox.members import MemberChoices
from audctl.sandbox.members.buckets import store_url
from audctl.sandbox.members.choices import store_choices
from audctl.sandbox.members.populations import has_people, population
from audctl.sandbox.seed import seed as sow
from audctl.sandbox.store import Store

START_TIMEOUT_S = 30

_log = logging.getLogger("audctl.sandbox")


def build_app(
    store: Store,
    *,
    choices: Choices | None = None,
    quirks: Quirks = DEFAULT_QUIRKS,
    rules: Iterable[FaultRule] = (),
) -> ASGIApp:
    """Make the ASGI application over a store: IMS, Audience Manager, Campaign and the sandbox's own controls."""
    faults, calls = Faults(rules), CallLog()
    choices = choices or Choices()
    app = Starlette(
        routes=[
            *ims.routes(store, choices),
            *audience_manager.routes(store, choices, _population),
            *campaign.routes(store, quirks),
            *control.routes(store, faults, calls),
            *overview.routes(store, faults, calls),
        ],
        exception_handlers={HTTPException: _refuse, Exception: _report_defect},
    )
    app.router.redirect_slashes = False  # the front door has dropped the optional final slash
    return Front(app, store, faults, calls)


def _population(conn: sqlite3.Connection, rule: Node) -> int | None:
    """Count the profiles of a rule; without people there is only what seeds wrote."""
    if has_people(conn):
        return population(conn, rule)
    return stored_population(conn, rule)


class RunningSandbox:
    """A sandbox served from a thread of this process until `stop`, or the end of its `with` block."""

    def __init__(self, store: Store, app: ASGIApp, listener: socket.socket) -> None:
        self._store = store
        self._server = _ThreadedServer(_config(app))
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="sandbox", daemon=True
        )
        self.url = url_of(listener)
        """Base URL, without a final slash."""

    @property
    def store(self) -> Store:
        """The state behind the server."""
        return self._store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def run(self) -> None:
        """Start the thread and return once the server answers; raises TimeoutError when it does not come up."""
        self._thread.start()
        if not self._server.ready.wait(START_TIMEOUT_S):
            raise TimeoutError(f"the sandbox did not start within {START_TIMEOUT_S} seconds")

    def stop(self) -> None:
        """Stop serving, drop open connections, and close the store. Stopping twice does nothing."""
        if self._thread.is_alive():
            self._server.finish()
            self._thread.join()
            self._store.close()


def start(  # noqa: PLR0913 - one keyword for each thing that may be otherwise
    data: Path,
    *,
    port: int = 0,
    seed: str | None = None,
    choices: Choices | None = None,
    quirks: Quirks = DEFAULT_QUIRKS,
    rules: Iterable[FaultRule] = (),
    people: int = 0,
    members: MemberChoices | None = None,
    buckets: str | None = None,
) -> RunningSandbox:
    """Serve the state under `data` from a thread; port 0 takes a free one.

    A seed fills the state once: a folder that has had it keeps what it holds; `people` synthetic customers come with
    it. `members` and `buckets` (an S3 endpoint on loopback) are kept in the folder until others are given. Raises
    DataFolderInUseError when another sandbox has the folder open, OSError when the port is taken, and ValueError for a
    seed, a number or an endpoint that cannot be.
    """
    store = Store(data)
    try:
        _prepare(store, seed, people, members, buckets)
        app = build_app(store, choices=choices, quirks=quirks, rules=rules)
        sandbox = RunningSandbox(store, app, listen(port))
        sandbox.run()
    except BaseException:
        store.close()
        raise
    return sandbox


def serve(  # noqa: PLR0913 - one keyword for each thing that may be otherwise
    data: Path,
    port: int,
    seed: str | None,
    announce: Callable[[str], None] = lambda _url: None,
    *,
    choices: Choices | None = None,
    quirks: Quirks = DEFAULT_QUIRKS,
    rules: Iterable[FaultRule] = (),
    people: int = 0,
    members: MemberChoices | None = None,
    buckets: str | None = None,
) -> None:
    """Serve until the process is told to stop; `announce` receives the base URL once the port is open.

    Raises what `start` raises.
    """
    with closing(Store(data)) as store:
        _prepare(store, seed, people, members, buckets)
        with listen(port) as listener:
            announce(url_of(listener))
            app = build_app(store, choices=choices, quirks=quirks, rules=rules)
            uvicorn.Server(_config(app)).run(sockets=[listener])


def _prepare(
    store: Store, seed: str | None, people: int, members: MemberChoices | None, buckets: str | None
) -> None:
    with store.write() as conn:
        if members is not None:
            store_choices(conn, members)
        if buckets is not None:
            store_url(conn, buckets)
    if seed is not None:
        sow(store, seed, people=people)


class _Protocol(H11Protocol):
    """HTTP connection that shows its transport to the application, so that a fault can drop it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _ThreadedServer(uvicorn.Server):
    """Server that tells when it is ready and stops at once, without the library's polling."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._finished: asyncio.Event | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop, self._finished = asyncio.get_running_loop(), asyncio.Event()
        self.ready.set()

    async def main_loop(self) -> None:
        if self._finished is not None:
            await self._finished.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # A connection that is just being accepted when its server closes would stay open for good.
        while accepting := asyncio.all_tasks() - {*self.server_state.tasks, asyncio.current_task()}:
            await asyncio.gather(*accepting, return_exceptions=True)
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        running = list(self.server_state.tasks)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in running:
            task.cancel()  # a delay in progress ends; a transaction in a thread is still waited for
        await asyncio.gather(*running, return_exceptions=True)

    def finish(self) -> None:
        """Ask the server, from any thread, to stop."""
        if self._loop is not None and self._finished is not None:
            self._loop.call_soon_threadsafe(self._finished.set)


def _config(app: ASGIApp) -> uvicorn.Config:
    settings: dict[str, Any] = {
        "http": _Protocol,
        "ws": "none",
        "loop": "asyncio",
        "lifespan": "off",
    }
    # The library's own log lines would say "Invalid HTTP request" for injected faults; defects are logged here.
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
        **settings,
    )


async def _refuse(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(status, "ERROR")
    message = {404: "no such path", 405: "the path does not take this method"}.get(
        status, str(error)
    )
    return JSONResponse({"code": code, "message": message}, status_code=status, headers=headers)


async def _report_defect(request: Request, error: Exception) -> Response:
    _log.error("defect in the sandbox at %s %s", request.method, request.url.path, exc_info=error)
    return JSONResponse(
        {"code": "INTERNAL_ERROR", "message": "defect in the sandbox"}, status_code=500
    )
