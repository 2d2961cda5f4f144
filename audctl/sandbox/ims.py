"""Sign-in: IMS tokens, by client credentials or by JWT, and Audience Manager's own legacy tokens.

Tokens are kept in the store, so that they survive a restart, and end by the virtual clock.

- `/ims/token/v3`: the `client_credentials` grant of the Adobe Developer documentation; 86399 seconds, no refresh.
- `/ims/exchange/jwt`: the retired service-account scheme; `service_account` says what is checked. `expires_in` is in
  milliseconds.
- `/oauth/token`: the grants `password` and `refresh_token` of the older Audience Manager host; the client signs in by
  Basic authentication, tokens are UUIDs. User names and passwords are those of `CLIENTS`.

Error bodies follow RFC 6749; the live services' own wording is not public.
"""

import base64
import secrets
import sqlite3
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from audctl.sandbox.service_account import JwtError, check_claims

if (
    TYPE_CHECKING
):  # the store creates this module's tables, so it is the one that imports at run time
    from audctl.sandbox.audience_manager.choices import Choices
    from audctl.sandbox.store import Store

TOKEN_LIFETIME = timedelta(seconds=86399)
ORGANISATION = "sandbox@AdobeOrg"
MAX_FORM_BYTES = 64 * 1024
_KEPT_AFTER_EXPIRY = timedelta(days=30)
"""How long an expired legacy token is remembered, so that its refusal can say that it expired."""


@dataclass(frozen=True, slots=True)
class User:
    """The Audience Manager user behind a client."""

    user_id: int
    """Lands in `crUID` and `upUID`."""
    admin: bool = True
    """Whether the user is an administrator; others have the rights of their groups only."""


@dataclass(frozen=True, slots=True)
class Client:
    """A registered API client, and the user of the same name for legacy sign-in."""

    secret: str
    user: User


CLIENTS = {
    "sandbox": Client(secret="sandbox", user=User(7)),  # noqa: S106 - fixed, public, loopback only
    # Stands for a person working in the console, so that "who changed it" can be shown.
    "marketer": Client(secret="marketer", user=User(12)),  # noqa: S106
    "restricted": Client(secret="restricted", user=User(21, admin=False)),  # noqa: S106
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no token was issued, in the words of RFC 6749 section 5.2."""

    status: int
    error: str
    description: str


def create_tables(conn: sqlite3.Connection) -> None:
    """Create the token tables."""
    for name in ("ims_token", "ims_legacy_token"):
        conn.execute(
            f"CREATE TABLE IF NOT EXISTS {name} (access_token TEXT PRIMARY KEY,"
            " client_id TEXT NOT NULL, expires_at_ms INTEGER NOT NULL) WITHOUT ROWID"
        )
    conn.execute(
        "CREATE TABLE IF NOT EXISTS ims_refresh_token (refresh_token TEXT PRIMARY KEY,"
        " client_id TEXT NOT NULL, user_name TEXT NOT NULL) WITHOUT ROWID"
    )


def token_is_valid(conn: sqlite3.Connection, token: str, now: datetime) -> bool:
    """Tell whether `token` was issued here and has not expired."""
    return token_client(conn, token, now) is not None


def token_client(conn: sqlite3.Connection, token: str, now: datetime) -> str | None:
    """Name the client a valid IMS token was issued to; None when unknown or expired."""
    row = conn.execute(
        "SELECT client_id FROM ims_token WHERE access_token = ? AND expires_at_ms > ?",
        (token, _milliseconds(now)),
    ).fetchone()
    return None if row is None else str(row["client_id"])


def legacy_token_state(
    conn: sqlite3.Connection, token: str, now: datetime
) -> tuple[str | None, bool]:
    """Give the user name of a legacy token, None when unknown, and whether it has expired."""
    row = conn.execute(
        "SELECT client_id, expires_at_ms FROM ims_legacy_token WHERE access_token = ?", (token,)
    ).fetchone()
    if row is None:
        return None, False
    return str(row["client_id"]), row["expires_at_ms"] <= _milliseconds(now)


def expire_tokens(conn: sqlite3.Connection) -> None:
    """Invalidate every token at once; refresh tokens stay."""
    conn.execute("DELETE FROM ims_token")
    conn.execute("UPDATE ims_legacy_token SET expires_at_ms = 0")


def issue_token(conn: sqlite3.Connection, client_id: str, now: datetime) -> str:
    """Record and return a new IMS token for `client_id`."""
    # An IMS token contains dots; a legacy one does not, and clients tell them apart by that.
    access_token = ".".join(
        (
            _segment(b'{"alg":"none","typ":"sandbox"}'),
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(12),
        )
    )
    conn.execute("DELETE FROM ims_token WHERE expires_at_ms <= ?", (_milliseconds(now),))
    conn.execute(
        "INSERT INTO ims_token VALUES (?, ?, ?)",
        (access_token, client_id, _milliseconds(now + TOKEN_LIFETIME)),
    )
    return access_token


def check_client(form: Mapping[str, str]) -> Refusal | None:
    """Judge the client of a token request's form; None when it is who it says."""
    client = CLIENTS.get(form.get("client_id", ""))
    if client is None:
        return Refusal(400, "invalid_client", "invalid client_id parameter")
    if not _same(client.secret, form.get("client_secret", "")):
        return Refusal(401, "invalid_client", "invalid client_secret parameter")
    return None


def routes(store: "Store", choices: "Choices") -> list[Route]:
    """List the sign-in endpoints."""
    endpoints = _Endpoints(store, choices)
    return [
        Route("/ims/token/v3", _form_endpoint(endpoints.token), methods=["POST"]),
        Route("/ims/exchange/jwt", _form_endpoint(endpoints.exchange_jwt), methods=["POST"]),
        Route("/oauth/token", _form_endpoint(endpoints.legacy_token), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Endpoints:
    store: "Store"
    choices: "Choices"

    def token(self, form: Mapping[str, str], _authorization: str) -> Response:
        """POST /ims/token/v3."""
        if form.get("grant_type") != "client_credentials":
            text = "grant_type must be client_credentials"
            return _refuse(Refusal(400, "unsupported_grant_type", text))
        refusal = check_client(form)
        if refusal is None and not form.get("scope"):
            refusal = Refusal(400, "invalid_scope", "scope is missing")
        if refusal is not None:
            return _refuse(refusal)
        return self._grant(form["client_id"], int(TOKEN_LIFETIME.total_seconds()))

    def exchange_jwt(self, form: Mapping[str, str], _authorization: str) -> Response:
        """POST /ims/exchange/jwt."""
        if self.choices.jwt_exchange_retired:
            text = "JWT sign-in has been retired"
            return _refuse(Refusal(400, "unsupported_grant_type", text))
        refusal = check_client(form)
        if refusal is not None:
            return _refuse(refusal)
        now = self.store.now()
        try:
            check_claims(form.get("jwt_token", ""), form["client_id"], ORGANISATION, now)
        except JwtError as error:
            return _refuse(Refusal(400, "invalid_token", str(error)))
        return self._grant(form["client_id"], TOKEN_LIFETIME // timedelta(milliseconds=1))

    def legacy_token(self, form: Mapping[str, str], authorization: str) -> Response:
        """POST /oauth/token."""
        client_id = _basic_client(authorization)
        if client_id is None:
            refusal = Refusal(401, "invalid_client", "Bad client credentials")
            return _refuse(refusal, {"WWW-Authenticate": 'Basic realm="oauth"'})
        match form.get("grant_type"):
            case "password":
                user = CLIENTS.get(form.get("username", ""))
                if user is None or not _same(user.secret, form.get("password", "")):
                    return _refuse(Refusal(400, "invalid_grant", "Bad credentials"))
                return self._grant_legacy(client_id, form["username"], None)
            case "refresh_token":
                refresh_token = form.get("refresh_token", "")
                with self.store.read() as conn:
                    row = conn.execute(
                        "SELECT user_name FROM ims_refresh_token"
                        " WHERE refresh_token = ? AND client_id = ?",
                        (refresh_token, client_id),
                    ).fetchone()
                if row is None:
                    return _refuse(Refusal(400, "invalid_grant", "Invalid refresh token"))
                return self._grant_legacy(client_id, str(row["user_name"]), refresh_token)
            case _:
                text = "grant_type must be password or refresh_token"
                return _refuse(Refusal(400, "unsupported_grant_type", text))

    def _grant(self, client_id: str, expires_in: int) -> Response:
        with self.store.write() as conn:
            access_token = issue_token(conn, client_id, self.store.now())
        return _answer(
            200,
            {"access_token": access_token, "token_type": "bearer", "expires_in": expires_in},
        )

    def _grant_legacy(self, client_id: str, user: str, refresh_token: str | None) -> Response:
        now = self.store.now()
        lifetime = timedelta(seconds=self.choices.legacy_token_lifetime_s)
        access_token = str(uuid.uuid4())
        with self.store.write() as conn:
            conn.execute(
                "DELETE FROM ims_legacy_token WHERE expires_at_ms <= ?",
                (_milliseconds(now - _KEPT_AFTER_EXPIRY),),
            )
            conn.execute(
                "INSERT INTO ims_legacy_token VALUES (?, ?, ?)",
                (access_token, user, _milliseconds(now + lifetime)),
            )
            if refresh_token is None and self.choices.legacy_refresh_tokens:
                refresh_token = str(uuid.uuid4())
                conn.execute(
                    "INSERT INTO ims_refresh_token VALUES (?, ?, ?)",
                    (refresh_token, client_id, user),
                )
        refresh = {} if refresh_token is None else {"refresh_token": refresh_token}
        return _answer(
            200,
            {
                "access_token": access_token,
                "token_type": "bearer",
                **refresh,
                "expires_in": self.choices.legacy_token_lifetime_s,
                "scope": "read write",
            },
        )


def _form_endpoint(
    handle: Callable[[Mapping[str, str], str], Response],
) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        body = bytearray()
        too_large = False
        async for chunk in request.stream():
            too_large = too_large or len(body) + len(chunk) > MAX_FORM_BYTES
            if not too_large:
                body += chunk
        if too_large:
            return _refuse(Refusal(413, "invalid_request", "request too large"))
        parsed = parse_qs(body.decode("utf-8", "replace"))
        form = {name: values[0] for name, values in parsed.items()}
        return await run_in_threadpool(handle, form, request.headers.get("authorization", ""))

    return serve


def _basic_client(authorization: str) -> str | None:
    """Name the client of a Basic `Authorization` header; None when it is not one."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    client = CLIENTS.get(client_id)
    known = client is not None and _same(client.secret, secret)
    return client_id if known and scheme.lower() == "basic" else None


def _same(expected: str, given: str) -> bool:
    return secrets.compare_digest(expected.encode(), given.encode())


def _refuse(refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    body = {"error": refusal.error, "error_description": refusal.description}
    return _answer(refusal.status, body, headers)


def _answer(
    status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> Response:
    return JSONResponse(
        body, status_code=status, headers={"Cache-Control": "no-store", **(headers or {})}
    )


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _segment(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
