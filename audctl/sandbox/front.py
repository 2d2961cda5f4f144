"""Front door of the sandbox: evens out paths, plays injected faults, logs each call."""

from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from audctl.sandbox.calls import CallLog
from audctl.sandbox.faults import Faults, play

SOAP_PATH = "/nl/jsp/soaprouter.jsp"
ENCODED_SLASH = "\x00"
"""Stands for a percent-encoded slash inside a path parameter, which the router would take for a separator."""


class Front:
    """Wrap the application; see the module docstring."""

    def __init__(self, app: ASGIApp, faults: Faults, calls: CallLog) -> None:
        self._app = app
        self._faults = faults
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = {**scope, "path": _even_path(scope)}
        method, path = _name_call(scope)
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        if path.startswith("/_sandbox/"):
            await self._app(scope, receive, send)
            return
        rule = self._faults.pick(f"{method} {path}") if self._faults.rules else None
        try:
            if rule is None:
                await self._app(scope, receive, watch)
            else:
                await play(rule, self._app, scope, receive, watch)
        finally:
            template = path if method == "SOAP" else getattr(scope.get("route"), "path", path)
            self._calls.add(method=method, path=path, route=f"{method} {template}", status=status)


def _even_path(scope: Scope) -> str:
    """Drop the optional final slash and protect encoded slashes."""
    path: str = scope["path"]
    raw: bytes = scope["raw_path"]
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
