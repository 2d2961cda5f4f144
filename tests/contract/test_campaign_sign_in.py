"""Campaign's three ways to sign in, over HTTP: sessions are reused, renewed once, and never seen in a message."""

from __future__ import annotations

import logging
import threading
import traceback
from typing import TYPE_CHECKING

import pytest

from audctl.errors import (
    AuthenticationError,
    InvalidAnswerError,
    ProviderError,
    RejectedError,
    UnreachableError,
)
from audctl.providers.campaign import BearerLogon, BearerSignIn, PasswordLogon, connect
from audctl.providers.campaign.persist import row_document, write
from audctl.providers.campaign.query import ID, Node, count, equals, get_first
from audctl.providers.ims import BearerToken
from audctl.providers.transport import Transport
from audctl.redact import Secret
from tests.contract.campaign_cases import QUERY, WRITE, build, external_account

if TYPE_CHECKING:
    from audctl.providers.campaign import CampaignClient
    from audctl.providers.campaign.session import SignIn
    from tests.contract.bench import Bench

LOGONS = {
    "bearer": "",
    "bearer logon": "xtk:session#BearerTokenLogon",
    "password": "xtk:session#Logon",
}


def sign_in(bench: Bench, mode: str) -> SignIn:
    if mode == "password":
        return PasswordLogon("admin", Secret("admin"))
    ims = Transport(bench.url, clock=bench.clock)
    bench.opened.callback(ims.close)
    tokens = BearerToken(bench.auth(), ims)
    return BearerSignIn(tokens) if mode == "bearer" else BearerLogon(tokens)


def client_in(bench: Bench, way: SignIn) -> CampaignClient:
    client = connect(bench.url, way, clock=bench.clock, observer=bench.observer)
    bench.opened.callback(client.close)
    return client


def logons(bench: Bench, mode: str) -> int:
    wanted = LOGONS[mode] or "/ims/token/v3"
    return sum(each["path"] == wanted for each in bench.calls())


@pytest.mark.parametrize("mode", LOGONS)
def test_one_sign_in_serves_many_calls(bench: Bench, mode: str) -> None:
    client = client_in(bench, sign_in(bench, mode))

    assert count(client, "nms:extAccount") == count(client, "nms:extAccount") >= 2

    assert logons(bench, mode) == 1


@pytest.mark.parametrize("mode", LOGONS)
def test_an_expired_session_is_renewed_once_also_for_a_write(bench: Bench, mode: str) -> None:
    client = client_in(bench, sign_in(bench, mode))
    count(client, "nms:group")
    bench.expire_tokens()

    name = bench.unique("after-expiry")
    write(client, row_document("nms:group", "insert", {"name": name, "label": "After expiry"}))

    assert count(client, "nms:group", (f"@name = '{name}'",)) == 1
    assert logons(bench, mode) == 2


@pytest.mark.parametrize("mode", LOGONS)
@pytest.mark.parametrize("status", [200, 403])
def test_a_session_refused_again_and_again_is_given_up_after_one_renewal(
    bench: Bench, mode: str, status: int
) -> None:
    client = client_in(bench, sign_in(bench, mode))
    bench.fault(QUERY, status=status, body="XSV-350008 Session has expired or is invalid.")

    with pytest.raises(AuthenticationError) as caught:
        count(client, "nms:group")

    assert caught.value.code == "XSV-350008"
    assert sum(each["path"] == "xtk:queryDef#ExecuteQuery" for each in bench.calls()) == 2


def test_an_expired_session_may_also_be_told_in_a_fault(bench: Bench) -> None:
    client = client_in(bench, sign_in(bench, "password"))
    bench.fault(QUERY, "soap_fault", body="XSV-350008 Session has expired.", times=1)

    assert count(client, "nms:extAccount") >= 2


def test_the_code_of_an_expired_session_may_stand_in_data(bench: Bench) -> None:
    client = client_in(bench, sign_in(bench, "password"))
    name = bench.unique("XSV-350008")
    write(client, row_document("nms:group", "insert", {"name": name, "label": "XSV-350008"}))
    bench.forget_calls()

    row = get_first(client, "nms:group", (ID, Node("@label")), (equals("@name", name),))

    assert row is not None
    assert row.get("label") == "XSV-350008"
    assert len(bench.calls()) == 1


def test_threads_that_meet_an_expired_session_together_renew_it_together(bench: Bench) -> None:
    client = client_in(bench, sign_in(bench, "password"))
    count(client, "nms:group")
    bench.expire_tokens()
    results: list[int] = []
    ready = threading.Barrier(6)

    def work() -> None:
        ready.wait()
        results.append(count(client, "nms:extAccount"))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(results) == 6
    assert logons(bench, "password") == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("XSV-350012 Invalid login or password. Connection denied.", "XSV-350012"),
        ("XSV-350013 The address is in no security zone.", "XSV-350013"),
    ],
)
def test_refused_sign_in_is_told_by_its_code(bench: Bench, body: str, code: str) -> None:
    client = client_in(bench, sign_in(bench, "bearer"))
    bench.fault("SOAP *", status=403, body=body)

    with pytest.raises(AuthenticationError) as caught:
        count(client, "nms:group")

    assert caught.value.code == code


def test_a_wrong_password_is_told_without_the_password(bench: Bench) -> None:
    client = client_in(bench, PasswordLogon("admin", Secret("hunter2-not-admin")))

    with pytest.raises(AuthenticationError) as caught:
        count(client, "nms:group")

    assert caught.value.code == "XSV-350012"
    assert "hunter2" not in _everything_about(caught.value)


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<Envelope><Body><ExecuteQueryResponse>&b;</ExecuteQueryResponse></Body></Envelope>"
)
STRANGE = {
    "an error page": "<!doctype html><html><body><h1>Sorry<br></body></html>",
    "a proxy's words": "upstream connect error",
    "nothing": "",
    "half an answer": "<SOAP-ENV:Envelope xmlns:SOAP-ENV='e'><SOAP-ENV:Body><ExecuteQueryResp",
    "entities": BOMB,
    "an external document": '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
    "too deep": "<a>" * 5000 + "</a>" * 5000,
    "another method's answer": "<Envelope><Body><WriteResponse/></Body></Envelope>",
    "no output": "<Envelope><Body><ExecuteQueryResponse/></Body></Envelope>",
    "an empty output": "<Envelope><Body><ExecuteQueryResponse><o/></ExecuteQueryResponse></Body></Envelope>",
    "another document": "<feed><entry/></feed>",
}


@pytest.mark.parametrize("body", STRANGE.values(), ids=STRANGE.keys())
def test_whatever_else_comes_back_is_an_invalid_answer(bench: Bench, body: str) -> None:
    client = client_in(bench, sign_in(bench, "bearer"))
    bench.fault(QUERY, status=200, body=body)

    with pytest.raises(InvalidAnswerError) as caught:
        count(client, "nms:group")

    assert len(str(caught.value)) < 400
    assert not caught.value.may_have_happened


def test_a_write_with_an_unreadable_answer_may_have_happened(bench: Bench) -> None:
    client = client_in(bench, sign_in(bench, "bearer"))
    bench.fault(WRITE, status=200, body="<html>", when="after")

    with pytest.raises(InvalidAnswerError) as caught:
        write(client, row_document("nms:group", "insert", {"name": bench.unique("html")}))

    assert caught.value.may_have_happened


def test_an_update_is_repeated_after_a_cut_answer_an_insert_never(bench: Bench) -> None:
    client = client_in(bench, sign_in(bench, "bearer"))
    name = bench.unique("cut")
    write(client, row_document("nms:group", "insert", {"name": name}))
    bench.fault(WRITE, "cut", when="after", times=1)
    update = row_document("nms:group", "update", {"name": name, "label": "Again"}, key="@name")

    write(client, update)

    assert count(client, "nms:group", ("@label = 'Again'", f"@name = '{name}'")) == 1
    bench.fault(WRITE, status=502, times=1)
    with pytest.raises(UnreachableError) as caught:
        write(client, row_document("nms:group", "insert", {"name": bench.unique("cut")}))
    assert caught.value.may_have_happened


def test_a_value_that_xml_cannot_carry_is_refused_before_any_call(bench: Bench) -> None:
    client = client_in(bench, sign_in(bench, "bearer"))
    count(client, "nms:group")
    bench.forget_calls()

    with pytest.raises(RejectedError, match="XML cannot carry"):
        write(client, row_document("nms:group", "insert", {"name": "bell\x07"}))

    assert bench.calls() == []


def test_no_secret_is_in_any_log_message_or_traceback(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    provider = build(bench)
    bench.opened.callback(provider.close)
    fields = external_account(bench, provider, bench.unique("account"))
    clear = fields["secretAccessKey"].reveal()
    live = provider.create("campaign.externalAccount", fields)
    # A system that quotes what it was sent, in clear and in the form it stores.
    quoting = f"WDB-200001 value '{clear}' too long"
    bench.fault("SOAP xtk:session#EncryptPassword", "soap_fault", body=quoting, times=1)
    with pytest.raises(ProviderError) as caught:
        provider.update(live, {"secretAccessKey": fields["secretAccessKey"]})

    seen = "\n".join(
        [
            caplog.text,
            _everything_about(caught.value),
            repr(provider.client.__dict__),
            repr(live),
            repr(provider.read(["campaign.externalAccount"], bench.observer, within={})),
        ]
    )

    assert "***" in str(caught.value)
    for secret in (clear, "Bearer ", "__sessiontoken"):
        assert secret not in seen
    assert "secretAccessKey" not in live.fields


def _everything_about(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error.__dict__)
