"""A real S3 server on this machine (moto's), whose clock moves and whose calls can be made to fail."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import moto.s3.models
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

BUCKET = "ledgers"
_CONDITIONS = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")


@dataclass
class S3Server:
    """One running server."""

    url: str = ""
    ahead: timedelta = timedelta()
    """Of its clock before the machine's."""
    refuses: str = ""
    """Puts of keys with this ending get a 500 and do nothing; empty: none."""
    forgets: str = ""
    """Puts of keys with this ending are carried out, and get a 500; empty: none."""
    dies_at: int = 0
    """Whatever comes from this call on is refused; 0: nothing."""
    lies_at: int = 0
    """This one call is carried out and refused all the same; 0: none."""
    careless: bool = False
    """It takes no notice of conditions, as some services do."""
    before: dict[str, Callable[[], None]] = field(default_factory=dict)
    """Called once, before the first call of this method on a key with this ending (``PUT /lock``)."""
    calls: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def mend(self) -> None:
        """Let everything work again."""
        self.ahead, self.refuses, self.forgets, self.careless = timedelta(), "", "", False
        self.dies_at = self.lies_at = 0
        self.before.clear()
        self.calls.clear()
        self.headers.clear()

    def now(self) -> datetime:
        return datetime.now(UTC).replace(tzinfo=None) + self.ahead

    def wrap(self, app: Any) -> Any:  # noqa: ANN401 - WSGI
        def served(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
            self.calls.append(f"{method} {path}")
            self.headers.append({k: v for k, v in environ.items() if k.startswith("HTTP_")})
            for about in [each for each in self.before if _fits(each, method, path)]:
                self.before.pop(about)()
            if self.careless:
                for name in _CONDITIONS:
                    environ.pop(name, None)
            lies = len(self.calls) == self.lies_at
            if lies or 0 < self.dies_at <= len(self.calls):
                if lies:
                    list(app(environ, lambda *_: None))
                else:
                    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                start("403 Forbidden", [("Content-Length", "0")])
                return []
            refused = method == "PUT" and self.refuses and path.endswith(self.refuses)
            forgotten = method == "PUT" and self.forgets and path.endswith(self.forgets)
            if not refused and not forgotten:
                answer: Iterable[bytes] = app(environ, start)
                return answer
            if forgotten:
                self.forgets = ""
                list(app(environ, lambda *_: None))
            else:
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start("500 Internal Server Error", [("Content-Length", "0")])
            return []

        return served


def _fits(about: str, method: str, path: str) -> bool:
    verb, _, ending = about.partition(" ")
    return verb == method and path.endswith(ending)


@contextmanager
def serve() -> Iterator[S3Server]:
    """Run a server with one bucket for the length of the block."""
    server = S3Server()
    app = server.wrap(DomainDispatcherApplication(create_backend_app))
    httpd = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{httpd.server_port}"
    real = moto.s3.models.utcnow  # type: ignore[attr-defined]
    moto.s3.models.utcnow = server.now  # type: ignore[attr-defined]  # the server's own clock
    try:
        with urlopen(Request(f"{server.url}/{BUCKET}", method="PUT"), timeout=30):  # noqa: S310 - loopback
            pass
        yield server
    finally:
        moto.s3.models.utcnow = real  # type: ignore[attr-defined]
        httpd.shutdown()
        thread.join()
        httpd.server_close()
