"""The one seam where foreign failures become ours: exceptions of the HTTP library, and HTTP statuses.

Three questions are settled here for every failure: may the same call be repeated, after how many seconds,
and did a write perhaps happen? A request that provably never left (no connection, no free slot in the pool)
may always be repeated; one that may have left is repeated only when the call is idempotent.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx

from audctl.errors import (
    AuthenticationError,
    ConflictError,
    InvalidAnswerError,
    NotFoundError,
    PermissionDeniedError,
    ProviderError,
    RejectedError,
    ThrottledError,
    UnreachableError,
)

if TYPE_CHECKING:
    from datetime import datetime

    from audctl.providers.call import Answer, Call

TOO_MANY_REQUESTS = 429
SERVICE_UNAVAILABLE = 503
SERVER_ERRORS = 500
"""From this status on."""
_REDIRECTS = range(300, 400)
_TRANSIENT_SERVER_ERRORS = frozenset({500, 502, SERVICE_UNAVAILABLE, 504})
_REQUEST_TIMEOUT = 408
_MAX_DETAIL = 500

_BY_STATUS: dict[int, type[ProviderError]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: UnreachableError,
    409: ConflictError,
    410: NotFoundError,
    412: ConflictError,
    429: ThrottledError,
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one exception class of the HTTP library says about a call."""

    raises: type[ProviderError]
    left: bool
    """The request may have reached the server."""
    transient: bool
    """The same call may succeed later."""
    phrase: str


_NEVER_LEFT = {"left": False, "transient": True}
_MAY_HAVE_LEFT = {"left": True, "transient": True}
_OUR_FAULT = {"left": False, "transient": False}

MEANINGS: dict[type[Exception], Meaning] = {
    httpx.ConnectTimeout: Meaning(UnreachableError, **_NEVER_LEFT, phrase="no connection in time"),
    httpx.PoolTimeout: Meaning(
        UnreachableError, **_NEVER_LEFT, phrase="no free connection in time"
    ),
    httpx.ConnectError: Meaning(UnreachableError, **_NEVER_LEFT, phrase="no connection"),
    httpx.ProxyError: Meaning(UnreachableError, **_NEVER_LEFT, phrase="the proxy refused"),
    httpx.ReadTimeout: Meaning(UnreachableError, **_MAY_HAVE_LEFT, phrase="no answer in time"),
    httpx.WriteTimeout: Meaning(UnreachableError, **_MAY_HAVE_LEFT, phrase="sending took too long"),
    httpx.TimeoutException: Meaning(UnreachableError, **_MAY_HAVE_LEFT, phrase="timed out"),
    httpx.ReadError: Meaning(UnreachableError, **_MAY_HAVE_LEFT, phrase="the connection broke"),
    httpx.WriteError: Meaning(UnreachableError, **_MAY_HAVE_LEFT, phrase="the connection broke"),
    httpx.CloseError: Meaning(UnreachableError, **_MAY_HAVE_LEFT, phrase="the connection broke"),
    httpx.NetworkError: Meaning(UnreachableError, **_MAY_HAVE_LEFT, phrase="the connection broke"),
    httpx.RemoteProtocolError: Meaning(
        UnreachableError, **_MAY_HAVE_LEFT, phrase="the answer was cut or malformed"
    ),
    httpx.DecodingError: Meaning(
        InvalidAnswerError, left=True, transient=False, phrase="the answer cannot be decompressed"
    ),
    httpx.TooManyRedirects: Meaning(
        InvalidAnswerError, left=True, transient=False, phrase="redirected in circles"
    ),
    httpx.HTTPStatusError: Meaning(
        InvalidAnswerError, left=True, transient=False, phrase="unexpected status"
    ),
    httpx.ProtocolError: Meaning(UnreachableError, **_MAY_HAVE_LEFT, phrase="the protocol broke"),
    httpx.TransportError: Meaning(
        UnreachableError, **_MAY_HAVE_LEFT, phrase="the transport failed"
    ),
    httpx.RequestError: Meaning(UnreachableError, **_MAY_HAVE_LEFT, phrase="the call failed"),
    httpx.HTTPError: Meaning(UnreachableError, **_MAY_HAVE_LEFT, phrase="the call failed"),
    httpx.LocalProtocolError: Meaning(RejectedError, **_OUR_FAULT, phrase="not a valid request"),
    httpx.UnsupportedProtocol: Meaning(RejectedError, **_OUR_FAULT, phrase="not an HTTP address"),
    httpx.InvalidURL: Meaning(RejectedError, **_OUR_FAULT, phrase="not a valid address"),
    httpx.CookieConflict: Meaning(
        InvalidAnswerError, left=True, transient=False, phrase="conflicting cookies"
    ),
}
"""By exact class: a unit test fails when the library grows a class that is missing here."""

HTTP_LIBRARY_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict)


def failure_of_exception(error: Exception, call: Call) -> ProviderError:
    """Translate an exception of the HTTP library. Its text is not shown: it may quote the request."""
    meaning = next(MEANINGS[each] for each in type(error).__mro__ if each in MEANINGS)
    phrase, transient = meaning.phrase, meaning.transient
    if _is_certificate_refusal(error):
        phrase, transient = "its TLS certificate could not be verified", False
    return meaning.raises(
        f"{call.operation}: {phrase}",
        operation=call.operation,
        retryable=transient and (call.idempotent or not meaning.left),
        may_have_happened=meaning.left and call.writes,
    )


def failure_of_status(
    answer: Answer, call: Call, *, now: datetime, code: str = "", detail: str = ""
) -> ProviderError:
    """Translate an answer that is not a 2xx; ``detail`` is the system's own words."""
    status = answer.status
    transient = status in _TRANSIENT_SERVER_ERRORS or status == _REQUEST_TIMEOUT
    if status in _REDIRECTS:
        raises: type[ProviderError] = InvalidAnswerError
        detail = "redirected; redirects are not followed: check the endpoint"
    elif status >= SERVER_ERRORS:
        raises = UnreachableError
    else:
        raises = _BY_STATUS.get(status, RejectedError)
    words = f"{code}: {detail}" if code and detail else code or detail
    return raises(
        f"{call.operation}: {status}" + (f" {shorten(words)}" if words else ""),
        operation=call.operation,
        code=code,
        retryable=status == TOO_MANY_REQUESTS or (transient and call.idempotent),
        retry_after_s=retry_after(answer.headers.get("retry-after", ""), now),
        may_have_happened=call.writes and (status >= SERVER_ERRORS or status == _REQUEST_TIMEOUT),
    )


def retry_after(text: str, now: datetime) -> float | None:
    """Read a Retry-After header: seconds, or an HTTP date; None when absent or unreadable. Never negative."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def shorten(text: str) -> str:
    """Return text on one line, bounded, fit for a message: it comes from outside."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * _MAX_DETAIL]).split())
    return line if len(line) <= _MAX_DETAIL else line[: _MAX_DETAIL - 1] + "…"


def _is_certificate_refusal(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
