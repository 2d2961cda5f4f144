"""One kept HTTP connection pool per endpoint: the only place that talks HTTP.

Blocking calls, made from threads. Certificates are always verified, plain HTTP is for loopback only, redirects
are not followed (a token must not travel to another host), answers are bounded in size and in time. The log
has method, path, status, size and duration, never a header or a body.
"""

from __future__ import annotations

import logging
import ssl
import threading
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Self

import httpx

from audctl.errors import InvalidAnswerError, ProviderError, UnreachableError, UsageError
from audctl.providers.call import Answer, Call
from audctl.providers.failures import (
    HTTP_LIBRARY_ERRORS,
    failure_of_exception,
    failure_of_status,
)
from audctl.providers.retry import Patience, call_patiently

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from types import TracebackType

    from audctl.ports import Clock, Observer
    from audctl.providers.call import Judge

    Params = Mapping[str, str | int | bool | list[str]]

USER_AGENT = "audctl"
_SAFE_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE"})

logger = logging.getLogger("audctl.http")
for _noisy in ("httpx", "httpcore"):
    # Their debug lines carry response headers, session cookies among them.
    logging.getLogger(_noisy).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class TransportSettings:
    """Limits of one endpoint."""

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    """Longest silence within an answer. The vendor's own tools wait 60 s, for large lists up to 180 s."""
    call_limit_s: float = 600.0
    """Longest single call as a whole, so that an answer that trickles ends some day."""
    max_answer_bytes: int = 512 * 1024 * 1024
    in_flight: int = 8
    """Calls at the same time; further ones wait."""
    patience: Patience = field(default_factory=Patience)


class Transport:
    """Sends calls to one endpoint; safe to share between threads. Close it, or use it in a ``with`` block."""

    def __init__(  # noqa: PLR0913 - the parts it is put together from, all by keyword
        self,
        endpoint: str,
        *,
        clock: Clock,
        auth: httpx.Auth | None = None,
        judge: Judge | None = None,
        observer: Observer | None = None,
        settings: TransportSettings | None = None,
        budget: AbstractContextManager[object] | None = None,
    ) -> None:
        """``judge`` finds the failure in an answer (default: by status alone). ``budget`` bounds calls in flight."""
        self.endpoint = endpoint.rstrip("/")
        self.settings = settings or TransportSettings()
        self._clock = clock
        self._auth = auth
        self._judge = judge or self.judge_status
        self._observer = observer
        self._budget = budget or threading.BoundedSemaphore(self.settings.in_flight)
        self._counting = threading.Lock()
        self._calls = 0
        self._client = _client(self.endpoint, self.settings)

    @property
    def calls(self) -> int:
        """HTTP calls made so far, repeated ones included, sign-in not."""
        return self._calls

    def send(  # noqa: PLR0913 - the parts of an HTTP request, all but two by keyword
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
        changes: bool = False,
        operation: str = "",
        authenticate: bool = True,
        judge: Judge | None = None,
    ) -> Answer:
        """Make one call, repeated while that is safe, and return its answer; raise a ProviderError otherwise.

        ``path`` starts with ``/`` and is percent-encoded by the caller. ``idempotent`` defaults to what the
        method promises; a POST is never repeated unless the caller says that it may be, and then ``changes`` tells
        whether it writes. ``judge`` replaces the
        transport's own for this call.
        """
        call = Call(
            method,
            operation or f"{method} {path}",
            method in _SAFE_METHODS if idempotent is None else idempotent,
            changes,
        )
        auth = self._auth if authenticate else None
        judging = judge or self._judge
        perhaps_done = False

        def once() -> Answer:
            nonlocal perhaps_done
            try:
                return attempt()
            except ProviderError as error:
                # A refusal of this try says nothing of an earlier one whose answer was lost.
                perhaps_done = error.may_have_happened = error.may_have_happened or perhaps_done
                raise

        def attempt() -> Answer:
            request = self._client.build_request(
                method,
                f"{self.endpoint}{path}",
                params=dict(params) if params else None,
                json=json,
                content=content,
                headers=dict(headers) if headers else None,
            )
            answer = self._exchange(request, auth, call)
            failure = judging(answer, call)
            if failure is not None:
                raise failure
            return answer

        return call_patiently(
            once,
            operation=call.operation,
            patience=self.settings.patience,
            clock=self._clock,
            observer=self._observer,
        )

    def judge_status(
        self, answer: Answer, call: Call, *, code: str = "", detail: str = ""
    ) -> ProviderError | None:
        """Return the failure that the answer's status means; None for a 2xx."""
        if answer.ok:
            return None
        return failure_of_status(answer, call, now=self._clock.now(), code=code, detail=detail)

    def close(self) -> None:
        """Drop the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _exchange(self, request: httpx.Request, auth: httpx.Auth | None, call: Call) -> Answer:
        begun = self._clock.monotonic()
        try:
            with self._budget:
                with self._counting:
                    self._calls += 1
                response = self._client.send(request, auth=auth, stream=True)
                try:
                    content = self._read_bounded(response, call, begun)
                finally:
                    response.close()
        except HTTP_LIBRARY_ERRORS as error:
            raise failure_of_exception(error, _call_that_failed(error, request, call)) from error
        logger.debug(
            "%s -> %d, %d bytes, %.3f s",
            call.operation,
            response.status_code,
            len(content),
            self._clock.monotonic() - begun,
        )
        return Answer(response.status_code, response.headers, content, call.operation)

    def _read_bounded(self, response: httpx.Response, call: Call, begun: float) -> bytes:
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            chunks.append(chunk)
            size += len(chunk)
            if size > self.settings.max_answer_bytes:
                raise InvalidAnswerError(
                    f"{call.operation}: the answer exceeds {self.settings.max_answer_bytes} bytes",
                    operation=call.operation,
                    may_have_happened=call.writes,
                )
            if self._clock.monotonic() - begun > self.settings.call_limit_s:
                raise UnreachableError(
                    f"{call.operation}: the answer took longer than {self.settings.call_limit_s:g} s",
                    operation=call.operation,
                    retryable=call.idempotent,
                    may_have_happened=call.writes,
                )
        return b"".join(chunks)


def _call_that_failed(error: Exception, request: httpx.Request, call: Call) -> Call:
    """Tell a failed sign-in from a failed call: only the latter may have written something."""
    failed = getattr(error, "_request", None)
    if not isinstance(failed, httpx.Request) or failed is request:
        return call
    return Call(failed.method, f"{failed.method} {failed.url.path}", idempotent=True)


def check_endpoint(endpoint: str) -> None:
    """Raise UsageError unless secrets sent there travel encrypted, or do not leave this machine."""
    address = httpx.URL(endpoint)
    if address.scheme == "https" or (address.scheme == "http" and _is_loopback(address.host)):
        return
    raise UsageError(f"endpoint {endpoint!r} must begin with https:// (http is for loopback only)")


def _client(endpoint: str, settings: TransportSettings) -> httpx.Client:
    check_endpoint(endpoint)
    local = endpoint.startswith("http:")
    limits = httpx.Limits(
        max_connections=settings.in_flight, max_keepalive_connections=settings.in_flight
    )
    return httpx.Client(
        # Loading the certificate authorities takes tens of milliseconds: a loopback endpoint has no use for them,
        # unless its sign-in is elsewhere.
        verify=_trusting_nobody() if local else _trusted_authorities(),
        mounts={"https://": _OnDemand(limits)} if local else None,
        # A proxy of the environment is meant for the outside.
        trust_env=not local,
        follow_redirects=False,
        timeout=httpx.Timeout(settings.read_timeout_s, connect=settings.connect_timeout_s),
        limits=limits,
        headers={"User-Agent": USER_AGENT},
    )


class _OnDemand(httpx.BaseTransport):
    """A verifying HTTPS connection pool that costs nothing until it is used."""

    def __init__(self, limits: httpx.Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._pool: httpx.HTTPTransport | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            if self._pool is None:
                self._pool = httpx.HTTPTransport(verify=_trusted_authorities(), limits=self._limits)
        return self._pool.handle_request(request)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()


@cache
def _trusted_authorities() -> ssl.SSLContext:
    """Return the verifying context that all endpoints share."""
    return httpx.create_ssl_context()


def _trusting_nobody() -> ssl.SSLContext:
    """Return a verifying context without authorities: any certificate is refused."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
