"""Sign-in to IMS: OAuth server-to-server tokens, fetched once, reused, renewed early and after one 401.

The flow is a generator that yields requests and receives responses; it does no I/O itself, so a test steps it
by hand. Both providers share one :class:`ImsAuth` and with it one token.

Source: contract of the Adobe Developer documentation for ``/ims/token/v3`` (form of the client_credentials
grant; ``expires_in`` in seconds, in milliseconds from older paths; no refresh token: one asks again). The
wording of refusals is not public: RFC 6749 shapes are assumed.
"""

from __future__ import annotations

import json
import threading
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from audctl.errors import (
    AuthenticationError,
    InvalidAnswerError,
    ProviderError,
    ThrottledError,
    UnreachableError,
)
from audctl.providers.failures import TOO_MANY_REQUESTS, retry_after, shorten
from audctl.providers.transport import check_endpoint
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager

    from audctl.ports import Clock
    from audctl.providers.transport import Transport

    Flow = Generator[httpx.Request, httpx.Response, None]

TOKEN_PATH = "/ims/token/v3"  # noqa: S105 - a path
SIGN_IN = f"POST {TOKEN_PATH}"
REUSED_SHARE = 0.95
"""Of a token's lifetime; then it is renewed, before it can expire under way."""
_LARGEST_SECONDS = 10**6
_OK = 200
_UNAUTHORIZED = 401
_FIRST_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ImsCredentials:
    """What a technical account signs in with."""

    endpoint: str
    """Base address, e.g. ``https://ims-na1.adobelogin.com``."""
    client_id: str
    client_secret: Secret
    organization: str
    """``<hex>@AdobeOrg``."""
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    secret: Secret
    renew_at: float
    """On the monotonic clock."""


class ImsAuth(httpx.Auth):
    """Bearer authorization for every call of a transport; safe to share between threads and transports."""

    def __init__(self, credentials: ImsCredentials, *, clock: Clock) -> None:
        check_endpoint(credentials.endpoint)
        self.credentials = credentials
        self._clock = clock
        self._lock = threading.Lock()
        self._token: _Token | None = None

    def auth_flow(self, request: httpx.Request) -> Flow:
        """Yield sign-in when needed, then the request; after a 401 renew once and yield it once more."""
        yield from self._flow(request, nullcontext())

    def sync_auth_flow(self, request: httpx.Request) -> Flow:
        """Do the same for threads: one signs in, the others wait for its token. Reads sign-in answers."""
        flow = self._flow(request, self._lock)
        try:
            outgoing = next(flow)
            while True:
                response = yield outgoing
                if outgoing is not request:
                    response.read()
                try:
                    outgoing = flow.send(response)
                except StopIteration:
                    return
        finally:
            flow.close()

    def invalidate(self) -> None:
        """Forget the token: a system said that it is no longer good."""
        self._token = None

    def token(self, transport: Transport) -> Secret:
        """Return a good token, signing in over ``transport`` (of the IMS endpoint) when needed."""
        with self._lock:
            token = self._reusable()
            if token is None:
                answer = transport.send(
                    "POST",
                    TOKEN_PATH,
                    content=self._form(),
                    headers={"Content-Type": "application/x-www-form-urlencoded"},
                    idempotent=True,
                    operation=SIGN_IN,
                    authenticate=False,
                    judge=lambda answer, _: self._refusal(
                        answer.status, answer.headers.get("retry-after", ""), answer.content
                    ),
                )
                token = self._accept(answer.content)
            return token.secret

    def _flow(self, request: httpx.Request, lock: AbstractContextManager[object]) -> Flow:
        with lock:
            token = self._reusable()
            if token is None:
                token = yield from self._sign_in(request)
        _authorize(request, token)
        response = yield request
        if response.status_code != _UNAUTHORIZED:
            return
        with lock:
            if self._token is None or self._token is token:
                token = yield from self._sign_in(request)
            else:
                token = self._token  # another thread renewed it meanwhile
        _authorize(request, token)
        yield request

    def _sign_in(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, _Token]:
        response = yield httpx.Request(
            "POST",
            f"{self.credentials.endpoint.rstrip('/')}{TOKEN_PATH}",
            content=self._form(),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            # A request built by hand has no time-outs of its own and would wait for ever.
            extensions={
                name: value for name, value in request.extensions.items() if name == "timeout"
            },
        )
        refusal = self._refusal(
            response.status_code, response.headers.get("retry-after", ""), response.content
        )
        if refusal is not None:
            raise refusal
        return self._accept(response.content)

    def _form(self) -> bytes:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.credentials.client_id,
            "client_secret": self.credentials.client_secret.reveal(),
            "scope": ",".join(self.credentials.scopes),
        }
        return str(httpx.QueryParams(form)).encode()

    def _reusable(self) -> _Token | None:
        token = self._token
        return token if token is not None and self._clock.monotonic() < token.renew_at else None

    def _accept(self, content: bytes) -> _Token:
        try:
            answer = json.loads(content)
            secret, expires_in = answer["access_token"], float(answer["expires_in"])
        except (ValueError, TypeError, KeyError):
            answer, secret, expires_in = None, None, 0.0
        if not isinstance(secret, str) or not secret or not secret.isascii():
            # The cause is left out: it would quote the answer, and with it a token.
            raise InvalidAnswerError(
                f"{SIGN_IN}: the answer has no access_token with expires_in", operation=SIGN_IN
            )
        lifetime_s = expires_in / 1000 if expires_in > _LARGEST_SECONDS else expires_in
        self._token = _Token(
            Secret(secret, "IMS"), self._clock.monotonic() + REUSED_SHARE * lifetime_s
        )
        return self._token

    def _refusal(self, status: int, wait: str, content: bytes) -> ProviderError | None:
        if status == _OK:
            return None
        code, description = _read_refusal(content)
        words = shorten(": ".join(each for each in (code, description) if each))
        message = f"{SIGN_IN}: {status}" + (f" {words}" if words else "")
        if status == TOO_MANY_REQUESTS or status >= _FIRST_SERVER_ERROR:
            kind = ThrottledError if status == TOO_MANY_REQUESTS else UnreachableError
            return kind(
                message,
                operation=SIGN_IN,
                code=code,
                retryable=True,
                retry_after_s=retry_after(wait, self._clock.now()),
            )
        return AuthenticationError(
            f"{message} (client id {self.credentials.client_id!r}: check the id, the secret and the scopes)",
            operation=SIGN_IN,
            code=code,
        )


class BearerToken:
    """Tokens for a protocol that carries them elsewhere than in an Authorization header."""

    def __init__(self, auth: ImsAuth, transport: Transport) -> None:
        """``transport`` is one of the IMS endpoint."""
        self._auth = auth
        self._transport = transport

    def token(self) -> Secret:
        """Return a token good for a call now."""
        return self._auth.token(self._transport)

    def invalidate(self) -> None:
        """Forget it: the next call signs in again."""
        self._auth.invalidate()


def _authorize(request: httpx.Request, token: _Token) -> None:
    request.headers["Authorization"] = f"Bearer {token.secret.reveal()}"


def _read_refusal(content: bytes) -> tuple[str, str]:
    """Return code and words of either shape: RFC 6749's, or the gateway's error_code with message."""
    try:
        body = json.loads(content)
    except ValueError:
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    code = body.get("error") or body.get("error_code") or ""
    return str(code), str(body.get("error_description") or body.get("message") or "")
