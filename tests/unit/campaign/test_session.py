from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.providers.campaign.session import BearerSignIn
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml import etree

    from audctl.providers.campaign.soap import Parameter


class Tokens:
    def __init__(self) -> None:
        self.issued = 1

    def token(self) -> Secret:
        return Secret(f"token-{self.issued}")

    def invalidate(self) -> None:
        self.issued += 1


def no_logon(
    method: str, inputs: Sequence[Parameter], secrets: Sequence[str]
) -> list[etree._Element]:
    raise AssertionError(method)


def test_a_token_refused_to_several_calls_is_renewed_once() -> None:
    tokens = Tokens()
    sign_in = BearerSignIn(tokens)
    first, second = sign_in.credentials(no_logon), sign_in.credentials(no_logon)
    sign_in.forget(first)
    renewed = sign_in.credentials(no_logon)

    sign_in.forget(second)

    assert tokens.issued == 2
    assert sign_in.credentials(no_logon) is renewed


def test_credentials_show_nothing() -> None:
    credentials = BearerSignIn(Tokens()).credentials(no_logon)

    assert "token-1" not in repr(credentials)
    assert credentials.headers() == {"Authorization": "Bearer token-1"}
