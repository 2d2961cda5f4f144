"""One kept HTTP connection pool per endpoint: the only place that talks HTTP.

Blocking calls, made from threads. Certificates are always verified, plain HTTP is for loopback only, redirects
are not followed (a token must not travel to another host), answers are bounded in size and in time. The log
has method, path, status, size and duration, never a header or a body.
"""

from __future__ import annotations

import logging
import ssl
import threading
from dataclasses import dataclass, field, replace
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Self

import httpx

from audctl.errors import (
    InterruptedRun,
    InvalidAnswerError,
    ProviderError,
    ThrottledError,
    UnreachableError,
    UsageError,
)
from audctl.providers.budget import Budget
from audctl.providers.call import Answer, Call
from audctl.providers.failures import (
    HTTP_LIBRARY_ERRORS,
    SERVER_ERRORS,
    SERVICE_UNAVAILABLE,
    TOO_MANY_REQUESTS,
    failure_of_exception,
    failure_of_status,
    retry_after,
)
from audctl.providers.retry import Patience, call_patiently
from audctl.stopping import is_seen_through

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from audctl.ports import Clock, Observer, Span, Tracer
    from audctl.providers.budget import Slot
    from audctl.providers.call import Judge

    Params = Mapping[str, str | int | bool | list[str]]

USER_AGENT = "audctl"
_SAFE_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_TOO_MANY = frozenset({TOO_MANY_REQUESTS, SERVICE_UNAVAILABLE})

logger = logging.getLogger("audctl.http")
for _noisy in ("httpx", "httpcore"):
    # Their debug lines carry response headers, session cookies among them.
    logging.getLogger(_noisy).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class TransportSettings:
    """How one endpoint is talked to."""

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    """Longest silence within an answer. The vendor's own tools wait 60 s, for large lists up to 180 s."""
    call_limit_s: float = 600.0
    """Longest single call as a whole, so that an answer that trickles ends some day."""
    max_answer_bytes: int = 512 * 1024 * 1024
    patience: Patience = field(default_factory=Patience)
    budget: Budget | None = None
    """Shared with whoever else talks to the endpoint; None: a transport has its own."""
    tracer: Tracer | None = None
    """Who is told of each call as a span."""
    stop_requested: Callable[[], bool] = lambda: False
    """Once it says so no call is begun, but for those that see a write through."""


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
    ) -> None:
        """``judge`` finds the failure in an answer (default: by status alone)."""
        self.endpoint = endpoint.rstrip("/")
        self.settings = settings or TransportSettings()
        self._clock = clock
        self._auth = auth
        self._judge = judge or self.judge_status
        self._observer = observer
        self._budget = self.settings.budget or Budget()
        self._counting = threading.Lock()
        self._calls = 0
        self._client = _client(self.endpoint, self.settings, self._budget.ceiling)

    @property
    def calls(self) -> int:
        """HTTP calls made so far, repeated ones included, sign-in not."""
        return self._calls

    @property
    def ceiling(self) -> int:
        """How many calls there may be at the same time; more threads than that have nothing to do."""
        return self._budget.ceiling

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
            return replace(answer, perhaps_done_before=perhaps_done)

        try:
            return call_patiently(
                once,
                operation=call.operation,
                patience=self.settings.patience,
                clock=self._clock,
                observer=self._observer,
                budget=self._budget,
            )
        except InterruptedRun as stop:
            # Raised between tries or before the first one, never while one is on its way.
            stop.may_have_happened = perhaps_done
            raise

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
        tracer = self.settings.tracer
        if tracer is None:
            return self._send(request, auth, call)
        about = {
            "http.request.method": call.method,
            "server.address": request.url.host,
            "audctl.operation": call.operation.partition("?")[0],
        }
        with tracer.span(call.operation.partition("?")[0], about, calls=True) as span:
            answer = self._send(request, auth, call)
            _note_status(answer, span)
            return answer

    def _send(self, request: httpx.Request, auth: httpx.Auth | None, call: Call) -> Answer:
        with self._budget.slot(
            self._clock,
            longest_break_s=self.settings.patience.total_s,
            check=self._check_stop,
            operation=call.operation,
        ) as slot:
            begun = self._clock.monotonic()
            with self._counting:
                self._calls += 1
            try:
                response = self._client.send(request, auth=auth, stream=True)
                try:
                    self._note_refusal(response, slot)
                    content = self._read_bounded(response, call, begun)
                    slot.answered = response.status_code < SERVER_ERRORS
                finally:
                    response.close()
            except ThrottledError as error:
                # A sign-in on the way: whoever calls next would sign in as well.
                slot.throttle(error.retry_after_s)
                raise
            except HTTP_LIBRARY_ERRORS as error:
                failed = _call_that_failed(error, request, call)
                raise failure_of_exception(error, failed) from error
        logger.debug(
            "%s -> %d, %d bytes, %.3f s",
            call.operation,
            response.status_code,
            len(content),
            self._clock.monotonic() - begun,
        )
        return Answer(response.status_code, response.headers, content, call.operation)

    def _note_refusal(self, response: httpx.Response, slot: Slot) -> None:
        if response.status_code in _TOO_MANY:
            slot.throttle(retry_after(response.headers.get("retry-after", ""), self._clock.now()))

    def _check_stop(self) -> None:
        if self.settings.stop_requested() and not is_seen_through():
            raise InterruptedRun("stopped: no further call was made")

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


def _note_status(answer: Answer, span: Span) -> None:
    span.note({"http.response.status_code": answer.status})
    if not answer.ok:
        span.fail(f"status {answer.status}")


def check_endpoint(endpoint: str) -> None:
    """Raise UsageError unless secrets sent there travel encrypted, or do not leave this machine."""
    address = httpx.URL(endpoint)
    if address.scheme == "https" or (address.scheme == "http" and _is_loopback(address.host)):
        return
    raise UsageError(f"endpoint {endpoint!r} must begin with https:// (http is for loopback only)")


def _client(endpoint: str, settings: TransportSettings, most: int) -> httpx.Client:
    check_endpoint(endpoint)
    local = endpoint.startswith("http:")
    limits = httpx.Limits(max_connections=most, max_keepalive_connections=most)
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
