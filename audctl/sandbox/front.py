"""Front door of the sandbox: evens out paths, plays injected faults, logs each call."""

from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.routing import Match, Route
from starlette.types import Message, Receive, Scope, Send

from audctl.sandbox.calls import CallLog
from audctl.sandbox.faults import Faults, play
from audctl.sandbox.faults.call import Call, join, read_body, replay

if TYPE_CHECKING:  # the store's own imports lead here
    from audctl.sandbox.store import Store

SOAP_PATH = "/nl/jsp/soaprouter.jsp"
ENCODED_SLASH = "\x00"
"""Stands for a percent-encoded slash inside a path parameter, which the router would take for a separator."""


_OWN_PATHS = ("/", "/_sandbox")
_OWN_PREFIX = "/_sandbox/"


class Front:
    """Wrap the application; see the module docstring."""

    def __init__(self, app: Starlette, store: "Store", faults: Faults, calls: CallLog) -> None:
        self._app = app
        self._store = store
        self._faults = faults
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = {**scope, "path": _even_path(scope)}
        method, path = _name_call(scope)
        if path in _OWN_PATHS or path.startswith(_OWN_PREFIX):
            await self._app(scope, receive, send)
            return
        status = 0
        fault = ""

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            label = f"{method} {path}"
            if not self._faults.rules or not self._faults.names(label):
                await self._app(scope, receive, watch)
                return
            body, whole = await read_body(receive)
            call = Call(label, scope, body)
            armed = self._faults.pick(label, call.suits) if whole else None
            if armed is None:
                await self._app(scope, replay(body) if whole else join(body, receive), watch)
            else:
                fault = armed.rule.kind
                await play(armed, call, self._app, self._store, watch)
        finally:
            template = path if method == "SOAP" else self._template(scope, path)
            self._calls.add(
                method=method, path=path, route=f"{method} {template}", status=status, fault=fault
            )

    def _template(self, scope: Scope, path: str) -> str:
        """Give the path with its parameters' names; a struck call may never have met the router."""
        if "route" in scope:
            return str(scope["route"].path)
        for route in self._app.routes:
            if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
                return route.path
        return path


def _even_path(scope: Scope) -> str:
    """Drop the optional final slash, protect encoded slashes, and keep what would be taken for one from being sent."""
    path: str = scope["path"]
    raw: bytes = scope["raw_path"]
    if ENCODED_SLASH in path:
        raw = raw.replace(b"%00", b"%EF%BF%BD")
        path = unquote(raw.decode("ascii"))
    if b"%2F" in raw or b"%2f" in raw:
        path = unquote(raw.decode("ascii").replace("%2f", "%2F").replace("%2F", "%00"))
    return path.rstrip("/") or "/"


def _name_call(scope: Scope) -> tuple[str, str]:
    path: str = scope["path"]
    if path == SOAP_PATH:
        for name, value in scope["headers"]:
            if name == b"soapaction":
                return "SOAP", value.decode("latin-1").strip("\"' ")
    return scope["method"], path.replace(ENCODED_SLASH, "%2F")
