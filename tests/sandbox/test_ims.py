from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audctl.sandbox.server import start
from tests.sandbox.audience_manager_account import Account, fetch_token, get, post

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from audctl.sandbox.server import RunningSandbox

FORM = {
    "grant_type": "client_credentials",
    "client_id": "sandbox",
    "client_secret": "sandbox",
    "scope": "openid",
}


def request_token(sandbox: RunningSandbox, **changes: str) -> httpx.Response:
    return post(f"{sandbox.url}/ims/token/v3", data={**FORM, **changes})


def test_a_token_lives_for_just_under_a_day(sandbox: RunningSandbox) -> None:
    answer = request_token(sandbox)
    assert answer.status_code == 200
    body = answer.json()
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 86399
    assert body["access_token"].count(".") == 2
    assert "refresh_token" not in body
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_id": "nobody"}, 400, "invalid_client"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": "wröng"}, 401, "invalid_client"),
        ({"client_secret": "marketer"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": ""}, 400, "invalid_scope"),
    ],
)
def test_wrong_credentials_are_refused(
    sandbox: RunningSandbox, changes: dict[str, str], status: int, error: str
) -> None:
    answer = request_token(sandbox, **changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert "access_token" not in answer.json()


def test_the_retired_jwt_exchange_is_refused(sandbox: RunningSandbox) -> None:
    answer = post(f"{sandbox.url}/ims/exchange/jwt/", data={"jwt_token": "x"})
    assert answer.status_code == 400
    assert answer.json()["error"] == "unsupported_grant_type"


def test_a_token_expires_by_the_virtual_clock(account: Account) -> None:
    url = account.sandbox.url
    assert account.get("/users/self")["uid"] == 7
    post(f"{url}/_sandbox/clock", json={"advance": "23h59m"}).raise_for_status()
    account.get("/users/self")
    post(f"{url}/_sandbox/clock", json={"advance": "1m"}).raise_for_status()
    refused = account.get("/users/self", status=401)
    assert refused == {"error_code": "401013", "message": "Oauth token is not valid"}
    account.http.headers["Authorization"] = f"Bearer {fetch_token(url)}"
    account.get("/users/self")


def test_all_tokens_can_be_expired_at_once(account: Account) -> None:
    assert post(f"{account.sandbox.url}/_sandbox/expire-tokens").status_code == 204
    account.get("/users/self", status=401)


def test_a_token_survives_a_restart(tmp_path: Path) -> None:
    with start(tmp_path) as first:
        token = fetch_token(first.url)
    with start(tmp_path) as second:
        headers = {"Authorization": f"Bearer {token}", "x-api-key": "sandbox"}
        assert get(f"{second.url}/v1/users/self", headers=headers).status_code == 200
