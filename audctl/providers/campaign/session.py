"""Three ways to sign in to Campaign. Each gives credentials for a call and forgets those that were refused.

==============  ====================================================================================
BearerSignIn    an IMS token on every call (the default; the only way left for v8)
BearerLogon     an IMS token exchanged for a session
PasswordLogon   user and password exchanged for a session (on-premise builds before v8)
==============  ====================================================================================

Sessions live for a day, shared by all threads. Forgetting is by comparison: when several threads find the same
session expired, it is renewed once.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from audctl.errors import InvalidAnswerError
from audctl.providers.campaign import soap
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lxml import etree

    from audctl.providers.campaign.soap import Parameter


class LogonCall(Protocol):
    """Makes an anonymous call of an xtk:session method."""

    def __call__(
        self, method: str, inputs: Sequence[Parameter], secrets: Sequence[str]
    ) -> list[etree._Element]:
        """Return its outputs; ``secrets`` are masked in error texts."""
        ...


class TokenSource(Protocol):
    """Where IMS tokens come from."""

    def token(self) -> Secret:
        """Return a token good for a call now."""
        ...

    def invalidate(self) -> None:
        """Forget it."""
        ...


@dataclass(frozen=True, slots=True)
class Credentials:
    """What one call carries; compared by identity."""

    session_token: Secret
    """First parameter of every method; empty with a bearer token."""
    secret_headers: Mapping[str, Secret] = field(repr=False)

    def headers(self) -> dict[str, str]:
        """Return the HTTP headers in clear, for the wire."""
        return {name: value.reveal() for name, value in self.secret_headers.items()}


class SignIn(Protocol):
    """One way to sign in."""

    def credentials(self, logon: LogonCall) -> Credentials:
        """Return credentials for a call, signing in when needed; raise AuthenticationError when refused."""
        ...

    def forget(self, refused: Credentials) -> None:
        """Drop credentials the server no longer takes, unless they have been renewed meanwhile."""
        ...


class BearerSignIn:
    """Mode for every call: the ``Authorization`` header, an empty session token, no cookie."""

    def __init__(self, tokens: TokenSource) -> None:
        self._tokens = tokens
        self._lock = threading.Lock()
        self._latest: Credentials | None = None

    def credentials(self, logon: LogonCall) -> Credentials:  # noqa: ARG002 - no logon call exists here
        """Return the current token as a header."""
        token = self._tokens.token()
        with self._lock:
            latest = self._latest
            bearer = Secret(f"Bearer {token.reveal()}")
            if latest is None or latest.secret_headers["Authorization"] != bearer:
                latest = Credentials(Secret(""), {"Authorization": bearer})
                self._latest = latest
            return latest

    def forget(self, refused: Credentials) -> None:
        """Ask for a new token next time."""
        with self._lock:
            if self._latest is refused:
                self._latest = None
                self._tokens.invalidate()


class _Session:
    """A session token and a security token, from a logon method of xtk:session; both are mandatory."""

    method = ""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: Credentials | None = None

    def credentials(self, logon: LogonCall) -> Credentials:
        """Return the session's tokens; the first thread logs on, the others wait for it."""
        with self._lock:
            if self._session is None:
                self._session = self._open(logon)
            return self._session

    def forget(self, refused: Credentials) -> None:
        """Log on again next time."""
        with self._lock:
            if self._session is refused:
                self._session = None
                self._dropped()

    def _open(self, logon: LogonCall) -> Credentials:
        operation = f"xtk:session#{self.method}"
        inputs, secrets = self._inputs()
        outputs = logon(self.method, inputs, secrets)
        session_token = soap.output_text(outputs, 0, operation)
        security_token = soap.output_text(outputs, 2, operation)
        if not session_token or not security_token:
            raise InvalidAnswerError(f"{operation}: the answer lacks a token", operation=operation)
        return Credentials(
            Secret(session_token),
            {
                "X-Security-Token": Secret(security_token),
                "Cookie": Secret(f"__sessiontoken={session_token}"),
            },
        )

    def _inputs(self) -> tuple[list[Parameter], list[str]]:
        raise NotImplementedError

    def _dropped(self) -> None:
        """Do what else forgetting takes."""


class BearerLogon(_Session):
    """An IMS token exchanged for a session."""

    method = "BearerTokenLogon"

    def __init__(self, tokens: TokenSource) -> None:
        super().__init__()
        self._tokens = tokens

    def _inputs(self) -> tuple[list[Parameter], list[str]]:
        token = self._tokens.token().reveal()
        return [soap.string("strToken", token)], [token]

    def _dropped(self) -> None:
        self._tokens.invalidate()


class PasswordLogon(_Session):
    """User and password exchanged for a session."""

    method = "Logon"

    def __init__(self, user: str, password: Secret) -> None:
        super().__init__()
        self._user = user
        self._password = password

    def _inputs(self) -> tuple[list[Parameter], list[str]]:
        password = self._password.reveal()
        inputs = [
            soap.string("strLogin", self._user),
            soap.string("strPassword", password),
            soap.document("elemParameters", None),
        ]
        return inputs, [password]
