"""IMS sign-in: OAuth server-to-server tokens, kept in the store so that they survive a restart.

Facts: the `client_credentials` grant of the Adobe Developer documentation (`/ims/token/v3`, a lifetime of 86399
seconds, no refresh token). Error bodies follow RFC 6749; IMS's own wording is not public.
"""

import base64
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if (
    TYPE_CHECKING
):  # the store creates this module's tables, so it is the one that imports at run time
    from audctl.sandbox.store import Store

TOKEN_LIFETIME = timedelta(seconds=86399)
ORGANISATION = "sandbox@AdobeOrg"
MAX_FORM_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Client:
    """A registered API client."""

    secret: str
    user_id: int
    """The Audience Manager user whose id lands in `crUID` and `upUID`."""


CLIENTS = {
    "sandbox": Client(secret="sandbox", user_id=7),  # noqa: S106 - fixed, public, loopback only
    # Stands for a person working in the console, so that "who changed it" can be shown.
    "marketer": Client(secret="marketer", user_id=12),  # noqa: S106
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no token was issued, in the words of RFC 6749 section 5.2."""

    status: int
    error: str
    description: str


def create_tables(conn: sqlite3.Connection) -> None:
    """Create the token table."""
    conn.execute(
        "CREATE TABLE IF NOT EXISTS ims_token (access_token TEXT PRIMARY KEY, client_id TEXT NOT NULL,"
        " expires_at_ms INTEGER NOT NULL) WITHOUT ROWID"
    )


def token_is_valid(conn: sqlite3.Connection, token: str, now: datetime) -> bool:
    """Tell whether `token` was issued here and has not expired."""
    return token_client(conn, token, now) is not None


def token_client(conn: sqlite3.Connection, token: str, now: datetime) -> str | None:
    """Name the client a valid token was issued to; None when unknown or expired."""
    row = conn.execute(
        "SELECT client_id FROM ims_token WHERE access_token = ? AND expires_at_ms > ?",
        (token, _milliseconds(now)),
    ).fetchone()
    return None if row is None else str(row["client_id"])


def expire_tokens(conn: sqlite3.Connection) -> None:
    """Invalidate every token at once."""
    conn.execute("DELETE FROM ims_token")


def issue_token(conn: sqlite3.Connection, client_id: str, now: datetime) -> str:
    """Record and return a new token for `client_id`."""
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


def check_client(form: dict[str, str]) -> Refusal | None:
    """Judge a token request's form fields; None means a token may be issued."""
    if form.get("grant_type") != "client_credentials":
        return Refusal(400, "unsupported_grant_type", "grant_type must be client_credentials")
    client = CLIENTS.get(form.get("client_id", ""))
    if client is None:
        return Refusal(400, "invalid_client", "invalid client_id parameter")
    if not secrets.compare_digest(client.secret.encode(), form.get("client_secret", "").encode()):
        return Refusal(401, "invalid_client", "invalid client_secret parameter")
    if not form.get("scope"):
        return Refusal(400, "invalid_scope", "scope is missing")
    return None


def routes(store: "Store") -> list[Route]:
    """List the IMS endpoints."""

    async def issue(request: Request) -> Response:
        body = await request.body()
        if len(body) > MAX_FORM_BYTES:
            return _refuse(Refusal(413, "invalid_request", "request too large"))
        form = {
            name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()
        }
        refusal = check_client(form)
        if refusal is not None:
            return _refuse(refusal)
        return await run_in_threadpool(_grant, store, form["client_id"])

    async def refuse_jwt(request: Request) -> Response:
        await request.body()
        return _refuse(Refusal(400, "unsupported_grant_type", "JWT sign-in has been retired"))

    return [
        Route("/ims/token/v3", issue, methods=["POST"]),
        Route("/ims/exchange/jwt", refuse_jwt, methods=["POST"]),
    ]


def _grant(store: "Store", client_id: str) -> Response:
    with store.write() as conn:
        access_token = issue_token(conn, client_id, store.now())
    return JSONResponse(
        {
            "access_token": access_token,
            "token_type": "bearer",
            "expires_in": int(TOKEN_LIFETIME.total_seconds()),
        },
        headers={"Cache-Control": "no-store"},
    )


def _refuse(refusal: Refusal) -> Response:
    return JSONResponse(
        {"error": refusal.error, "error_description": refusal.description},
        status_code=refusal.status,
        headers={"Cache-Control": "no-store"},
    )


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _segment(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
