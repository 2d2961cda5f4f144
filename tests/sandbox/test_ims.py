from __future__ import annotations

import base64
import json
import time
import uuid
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audctl.sandbox.audience_manager import Choices
from audctl.sandbox.server import start
from tests import loopback
from tests.sandbox.audience_manager_account import Account, Json, fetch_token

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
    return loopback.post(f"{sandbox.url}/ims/token/v3", data={**FORM, **changes})


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


def test_a_token_expires_by_the_virtual_clock(account: Account) -> None:
    url = account.sandbox.url
    assert account.get("/users/self")["uid"] == 7
    loopback.post(f"{url}/_sandbox/clock", json={"advance": "23h59m"}).raise_for_status()
    account.get("/users/self")
    loopback.post(f"{url}/_sandbox/clock", json={"advance": "1m"}).raise_for_status()
    refused = account.get("/users/self", status=401)
    assert refused == {"error_code": "401013", "message": "Oauth token is not valid"}
    account.http.headers["Authorization"] = f"Bearer {fetch_token(url)}"
    account.get("/users/self")


def test_all_tokens_can_be_expired_at_once(account: Account) -> None:
    assert loopback.post(f"{account.sandbox.url}/_sandbox/expire-tokens").status_code == 204
    account.get("/users/self", status=401)


def test_a_token_survives_a_restart(tmp_path: Path) -> None:
    with start(tmp_path) as first:
        token = fetch_token(first.url)
    with start(tmp_path) as second:
        headers = {"Authorization": f"Bearer {token}", "x-api-key": "sandbox"}
        assert loopback.get(f"{second.url}/v1/users/self", headers=headers).status_code == 200


def encode(document: object) -> str:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def service_account_token(
    claims: Json = None, *, header: object = None, signature: bytes = b"s" * 256
) -> str:
    whole = {
        "exp": int(time.time()) + 3600,
        "iss": "sandbox@AdobeOrg",
        "sub": "1234@techacct.adobe.com",
        "aud": "https://ims-na1.adobelogin.com/c/sandbox",
        "https://ims-na1.adobelogin.com/s/ent_audiencemanagerplatform_sdk": True,
        **(claims or {}),
    }
    sent = {name: value for name, value in whole.items() if value is not None}
    return ".".join((encode(header or {"alg": "RS256"}), encode(sent), encode(signature)))


def exchange(sandbox: RunningSandbox, token: str, **changes: str) -> httpx.Response:
    form = {"client_id": "sandbox", "client_secret": "sandbox", "jwt_token": token, **changes}
    return loopback.post(f"{sandbox.url}/ims/exchange/jwt/", data=form)


def test_a_jwt_buys_a_token_whose_lifetime_is_in_milliseconds(sandbox: RunningSandbox) -> None:
    answer = exchange(sandbox, service_account_token())
    assert answer.status_code == 200, answer.text
    assert answer.json()["expires_in"] == 86_399_000
    token = answer.json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "x-api-key": "sandbox"}
    assert loopback.get(f"{sandbox.url}/v1/users/self", headers=headers).json()["uid"] == 7


@pytest.mark.parametrize(
    ("token", "description"),
    [
        ("", "jwt_token must have three parts"),
        ("a.b", "jwt_token must have three parts"),
        ("é.b.c", "jwt_token is not base64url"),
        ("a.b.c", "jwt_token is not base64url"),
        (f"{encode(b'x')}.{encode({})}.{encode(b's')}", "jwt_token does not hold JSON"),
        (f"{encode([])}.{encode({})}.{encode(b's')}", "jwt_token does not hold JSON objects"),
        (service_account_token(header={"alg": "none"}), "the algorithm must be RS256"),
        (service_account_token(signature=b"short"), "the signature is too short for RS256"),
        (service_account_token({"exp": 1_000_000_000}), "the JWT has expired"),
        (service_account_token({"exp": float("nan")}), "the JWT has expired"),
        (service_account_token({"exp": 10**11}), "exp may be at most 24 hours ahead"),
        (service_account_token({"exp": "soon"}), "exp must be a number of seconds"),
        (service_account_token({"exp": None}), "exp must be a number of seconds"),
        (service_account_token({"iss": "other@AdobeOrg"}), "iss must be the organisation"),
        (service_account_token({"sub": ""}), "sub must be the technical account"),
        (
            service_account_token({"aud": "https://x.example/c/marketer"}),
            "aud must be the client's",
        ),
        (
            service_account_token(
                {"https://ims-na1.adobelogin.com/s/ent_audiencemanagerplatform_sdk": False}
            ),
            "a metascope claim is missing",
        ),
    ],
)
def test_a_jwt_must_be_whole_and_claim_the_right_things(
    sandbox: RunningSandbox, token: str, description: str
) -> None:
    answer = exchange(sandbox, token)
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_token", "error_description": description}


def test_a_jwt_needs_the_clients_secret_too(sandbox: RunningSandbox) -> None:
    answer = exchange(sandbox, service_account_token(), client_secret="wrong")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_the_jwt_exchange_can_be_retired(tmp_path: Path) -> None:
    with start(tmp_path, choices=Choices(jwt_exchange_retired=True)) as sandbox:
        answer = exchange(sandbox, service_account_token())
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def legacy(
    sandbox: RunningSandbox, form: dict[str, str], client: tuple[str, str] = ("sandbox", "sandbox")
) -> httpx.Response:
    return loopback.post(f"{sandbox.url}/oauth/token", data=form, auth=client)


def refresh(token: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token}


PASSWORD = {"grant_type": "password", "username": "marketer", "password": "marketer"}


def test_a_legacy_token_is_a_uuid_and_needs_no_api_key(sandbox: RunningSandbox) -> None:
    answer = legacy(sandbox, PASSWORD)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert str(uuid.UUID(body["access_token"])) == body["access_token"]
    assert (body["expires_in"], body["scope"], body["token_type"]) == (
        21_922,
        "read write",
        "bearer",
    )
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    assert loopback.get(f"{sandbox.url}/v1/users/self", headers=headers).json()["uid"] == 12


def test_an_expired_legacy_token_says_so_and_can_be_refreshed(sandbox: RunningSandbox) -> None:
    body = legacy(sandbox, PASSWORD).json()
    token = body["access_token"]
    loopback.post(f"{sandbox.url}/_sandbox/clock", json={"advance": "21922s"}).raise_for_status()
    refused = loopback.get(
        f"{sandbox.url}/v1/users/self", headers={"Authorization": f"Bearer {token}"}
    )
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == (
        'Bearer realm="oauth", error="invalid_token",'
        f' error_description="Access token expired: {token}"'
    )
    again = legacy(sandbox, refresh(body["refresh_token"]))
    assert again.json()["refresh_token"] == body["refresh_token"]
    headers = {"Authorization": f"Bearer {again.json()['access_token']}"}
    assert loopback.get(f"{sandbox.url}/v1/users/self", headers=headers).json()["uid"] == 12


def test_expiring_everything_expires_legacy_tokens(sandbox: RunningSandbox) -> None:
    token = legacy(sandbox, PASSWORD).json()["access_token"]
    loopback.post(f"{sandbox.url}/_sandbox/expire-tokens").raise_for_status()
    refused = loopback.get(
        f"{sandbox.url}/v1/users/self", headers={"Authorization": f"Bearer {token}"}
    )
    assert "Access token expired" in refused.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({**PASSWORD, "password": "wrong"}, "invalid_grant"),
        ({**PASSWORD, "username": "nobody"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({}, "unsupported_grant_type"),
    ],
)
def test_wrong_legacy_requests_are_refused(
    sandbox: RunningSandbox, form: dict[str, str], error: str
) -> None:
    answer = legacy(sandbox, form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_legacy_client_signs_in_by_basic_authentication(sandbox: RunningSandbox) -> None:
    refused = legacy(sandbox, PASSWORD, ("sandbox", "wrong"))
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert refused.headers["www-authenticate"] == 'Basic realm="oauth"'
    for header in ("", "Basic", "Basic %%%", "Basic c2FuZGJveA==", "Bearer c2FuZGJveDpzYW5kYm94"):
        answer = loopback.post(
            f"{sandbox.url}/oauth/token", data=PASSWORD, headers={"Authorization": header}
        )
        assert answer.status_code == 401


def test_a_refresh_token_belongs_to_its_client(sandbox: RunningSandbox) -> None:
    token = legacy(sandbox, PASSWORD).json()["refresh_token"]
    other = legacy(sandbox, refresh(token), ("marketer", "marketer"))
    assert other.json()["error"] == "invalid_grant"


def test_legacy_answers_are_choices(tmp_path: Path) -> None:
    choices = Choices(legacy_refresh_tokens=False, legacy_token_lifetime_s=3599)
    with start(tmp_path, choices=choices) as sandbox:
        body = legacy(sandbox, PASSWORD).json()
    assert "refresh_token" not in body
    assert body["expires_in"] == 3599


def test_the_organisation_header_can_be_demanded(tmp_path: Path) -> None:
    with (
        start(tmp_path, choices=Choices(org_header_required=True)) as running,
        closing(Account(running)) as account,
    ):
        assert account.get("/users/self", status=403)["error_code"] == "403000"
        account.http.headers["x-gw-ims-org-id"] = "sandbox@AdobeOrg"
        account.get("/users/self")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    path=st.sampled_from(["/ims/token/v3", "/ims/exchange/jwt", "/oauth/token"]),
    body=st.binary(max_size=60)
    | st.lists(
        st.tuples(
            st.sampled_from(["grant_type", "client_id", "client_secret", "jwt_token", "username"]),
            st.sampled_from(["password", "refresh_token", "client_credentials", "sandbox", "a.b.c"])
            | st.text(max_size=8),
        ),
        max_size=5,
    ).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs).encode()),
    authorization=st.sampled_from(["", "Basic c2FuZGJveDpzYW5kYm94", "Basic !", "Bearer x"]),
)
def test_no_form_crashes_the_sign_in(
    sandbox: RunningSandbox, path: str, body: bytes, authorization: str
) -> None:
    headers = {
        "Authorization": authorization,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = loopback.post(f"{sandbox.url}{path}", content=body, headers=headers)
    assert answer.status_code < 500, answer.text
    assert answer.json().keys() & {"error", "access_token"}
