"""Sign-in as the gateway in front of the API judges it: bearer tokens of IMS or of the legacy scheme, API keys.

The gateway's error bodies are those of the vendor's other APIs; that they are the same here is not verified.
"""

import sqlite3
from collections.abc import Mapping
from datetime import datetime

from audctl.sandbox.audience_manager import rights
from audctl.sandbox.audience_manager.call import Caller
from audctl.sandbox.audience_manager.choices import Choices
from audctl.sandbox.audience_manager.errors import GatewayError
from audctl.sandbox.ims import CLIENTS, ORGANISATION, legacy_token_state, token_client

_LEGACY_EXPIRED = (
    'Bearer realm="oauth", error="invalid_token", error_description="Access token expired: {}"'
)


def sign_in(
    conn: sqlite3.Connection, headers: Mapping[str, str], now: datetime, choices: Choices
) -> Caller:
    """Tell who is calling; raises GatewayError."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    token = token.strip() if scheme.lower() == "bearer" else ""
    if token and "." not in token:  # which is how clients tell the two kinds apart
        return _legacy(conn, token, now)
    client_id = token_client(conn, token, now)
    if client_id is None:
        raise GatewayError(
            401, "401013", "Oauth token is not valid", {"WWW-Authenticate": "Bearer"}
        )
    _check_key(headers, choices)
    return rights.caller_of(conn, CLIENTS[client_id].user)


def _legacy(conn: sqlite3.Connection, token: str, now: datetime) -> Caller:
    """Judge a legacy token, which comes without an API key."""
    client_id, expired = legacy_token_state(conn, token, now)
    if client_id is None:
        raise GatewayError(
            401, "401013", "Oauth token is not valid", {"WWW-Authenticate": 'Bearer realm="oauth"'}
        )
    if expired:
        header = {"WWW-Authenticate": _LEGACY_EXPIRED.format(token)}
        raise GatewayError(401, "401013", "Oauth token is not valid", header)
    return rights.caller_of(conn, CLIENTS[client_id].user)


def _check_key(headers: Mapping[str, str], choices: Choices) -> None:
    api_key = headers.get("x-api-key")
    if api_key is None and choices.api_key_required:
        raise GatewayError(403, "403000", "Api Key is required")
    if api_key is not None and api_key not in CLIENTS:
        raise GatewayError(403, "403003", "Api Key is invalid")
    if choices.org_header_required and headers.get("x-gw-ims-org-id") != ORGANISATION:
        raise GatewayError(403, "403000", "Organisation is required")
