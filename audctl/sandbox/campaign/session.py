"""Who is calling: logon, tokens, operators, and the session service's small methods."""

import base64
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from uuid import uuid4

from audctl.sandbox import ims
from audctl.sandbox.campaign.faults import bad_login, session_expired
from audctl.sandbox.campaign.quirks import Quirks
from audctl.sandbox.campaign.values import Stored, escape, stored_moment

_PASSWORDS = {"admin": "admin"}
"""Fixed and public: the server listens on loopback only."""
_TECHNICAL_OPERATOR = "admin"
BUILD = "9396"
INSTANCE = "sandbox"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a call carries to say who it is."""

    body_token: str = ""
    session_cookie: str = ""
    security_token: str = ""
    bearer: str | None = None


@dataclass(frozen=True, slots=True)
class Operator:
    """An identified caller."""

    id: int
    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Session:
    """The tokens of a logon."""

    session_token: str
    security_token: str
    operator: Operator


def authenticate(
    conn: sqlite3.Connection, credentials: Credentials, now: datetime, quirks: Quirks
) -> Operator:
    """Tell who is calling; raises SessionRefusedError as an expired session does."""
    if credentials.bearer is not None:
        client = ims.token_client(conn, credentials.bearer, now)
        if client is None or credentials.body_token:
            raise session_expired()
        return _operator_of_client(conn, client)
    login, slash, password = credentials.body_token.partition("/")
    if slash and quirks.password_token_allowed and _is_password(login, password):
        return _operator(conn, "name", login)
    token = credentials.session_cookie
    if quirks.session_token_only_allowed:
        token = token or credentials.body_token
    row = conn.execute(
        "SELECT security_token, operator_id FROM xtk_session_token"
        " WHERE session_token = ? AND expires_at_ms > ?",
        (token, _milliseconds(now)),
    ).fetchone()
    if row is None:
        raise session_expired()
    alone = quirks.session_token_only_allowed and not credentials.security_token
    if not alone and not secrets.compare_digest(
        row["security_token"].encode(), credentials.security_token.encode()
    ):
        raise session_expired()
    if credentials.body_token not in ("", token):
        raise session_expired()
    return _operator(conn, "id", row["operator_id"])


def log_on(  # noqa: PLR0913 - a logon's inputs
    conn: sqlite3.Connection,
    login: str,
    password: str,
    now: datetime,
    quirks: Quirks,
    *,
    remember: bool,
) -> Session:
    """Open a session for a login and password."""
    if not _is_password(login, password):
        raise bad_login()
    lifetime_s = quirks.long_session_lifetime_s if remember else quirks.session_lifetime_s
    return _open(conn, _operator(conn, "name", login), now, lifetime_s)


def log_on_with_token(
    conn: sqlite3.Connection, bearer: str, now: datetime, quirks: Quirks
) -> Session:
    """Open a session for an IMS token."""
    client = ims.token_client(conn, bearer, now)
    if client is None:
        raise bad_login()
    return _open(conn, _operator_of_client(conn, client), now, quirks.session_lifetime_s)


def log_off(conn: sqlite3.Connection, credentials: Credentials) -> None:
    """Close the session; a bearer token stays valid, it belongs to IMS."""
    conn.execute(
        "DELETE FROM xtk_session_token WHERE session_token = ?", (credentials.session_cookie,)
    )


def expire_sessions(conn: sqlite3.Connection) -> None:
    """Invalidate every session at once."""
    conn.execute("DELETE FROM xtk_session_token")


def session_cookie(header: str) -> str:
    """Read the session token from a Cookie header."""
    try:
        morsel = SimpleCookie(header).get("__sessiontoken")
    except CookieError:
        return ""
    return "" if morsel is None else morsel.value


def user_info(operator: Operator) -> str:
    """Describe the operator as GetUserInfo and Logon do."""
    return (
        '<userInfo datakitInDatabase="true" homeDir="" instanceLocale="en" locale="en"'
        f' login="{escape(operator.name)}" loginCS="{escape(operator.label)}" loginId="{operator.id}"'
        ' noConsoleCnx="false" orgUnitId="0" theme="" timezone="Europe/Paris">'
        '<login-group id="1060"/><login-right right="admin"/>'
        '<installed-package namespace="nms" name="core"/><installed-package namespace="nms" name="amp"/>'
        "</userInfo>"
    )


def session_info(operator: Operator, now: datetime, quirks: Quirks) -> str:
    """Describe server and operator as Logon does."""
    return (
        "<sessionInfo>"
        f'<serverInfo advisedClientBuildNumber="0" allowSQL="false" buildNumber="{BUILD}" commitId="sandbox"'
        f' databaseId="uFE8000000000000A" defaultNameSpace="cus" fohVersion="2" instanceName="{INSTANCE}"'
        ' majNumber="7" minNumber="4" servicePack="1" minNumberTechnical="0" minClientBuildNumber="8969"'
        f' releaseName="7.4" securityTimeOut="{quirks.session_lifetime_s}"'
        f' sessionTimeOut="{quirks.session_lifetime_s}" serverDate="{stored_moment(now)}" useVault="false"/>'
        f"{user_info(operator)}</sessionInfo>"
    )


_VALUE_COLUMNS = {
    1: "longValue",
    2: "longValue",
    3: "longValue",
    15: "longValue",
    4: "doubleValue",
} | {
    5: "doubleValue",
    7: "timeStampValue",
    10: "timeStampValue",
    12: "memoValue",
}


def read_option(conn: sqlite3.Connection, name: str) -> tuple[str, int]:
    """Give an option's value as text and its type code; an unknown one is empty, of type 0."""
    row = conn.execute(
        "SELECT dataType, stringValue, longValue, doubleValue, timeStampValue, memoValue"
        " FROM xtk_option WHERE name = ?",
        (name,),
    ).fetchone()
    if row is None:
        return "", 0
    value: Stored = row[_VALUE_COLUMNS.get(row["dataType"], "stringValue")]
    return "" if value is None else str(value), int(row["dataType"])


def _is_password(login: str, password: str) -> bool:
    expected = _PASSWORDS.get(login)
    return expected is not None and secrets.compare_digest(expected.encode(), password.encode())


def _open(conn: sqlite3.Connection, operator: Operator, now: datetime, lifetime_s: int) -> Session:
    session_token = f"___{uuid4()}"
    security_token = f"@{base64.b64encode(secrets.token_bytes(25)).decode()}"
    expires_at_ms = _milliseconds(now) + lifetime_s * 1000
    conn.execute("DELETE FROM xtk_session_token WHERE expires_at_ms <= ?", (_milliseconds(now),))
    conn.execute(
        "INSERT INTO xtk_session_token VALUES (?, ?, ?, ?)",
        (session_token, security_token, operator.id, expires_at_ms),
    )
    return Session(session_token, security_token, operator)


def _operator_of_client(conn: sqlite3.Connection, client: str) -> Operator:
    known = conn.execute("SELECT 1 FROM xtk_operator WHERE name = ?", (client,)).fetchone()
    return _operator(conn, "name", client if known else _TECHNICAL_OPERATOR)


def _operator(conn: sqlite3.Connection, column: str, value: object) -> Operator:
    row = conn.execute(
        f"SELECT id, name, label FROM xtk_operator WHERE {column} = ?",  # noqa: S608 - `id` or `name`
        (value,),
    ).fetchone()
    if row is None:
        raise session_expired()
    return Operator(row["id"], row["name"], row["label"] or row["name"])


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
