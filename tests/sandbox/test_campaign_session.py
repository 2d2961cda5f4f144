from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lxml import etree

from audctl.sandbox.campaign.quirks import Quirks
from audctl.sandbox.campaign.router import answer_call
from tests.sandbox.campaign_soap import PATH, Fault, SoapClient, Xml, envelope, local_name, outputs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.sandbox.server import RunningSandbox

USER_INFO = ("xtk:session", "GetUserInfo")


@pytest.fixture
def soap(sandbox: RunningSandbox) -> Iterator[SoapClient]:
    with SoapClient(sandbox.url) as client:
        yield client


def log_on(soap: SoapClient, *, remember: bool = False) -> dict[str, str]:
    """Log on with the password and give the headers of later calls."""
    parameters = Xml('<parameters rememberMe="true"/>' if remember else "")
    token, info, security = soap.call(
        "xtk:session", "Logon", "admin", "admin", parameters, headers={}
    )
    assert local_name(info[0]) == "sessionInfo"
    assert {local_name(part) for part in info[0]} == {"serverInfo", "userInfo"}
    return {"Cookie": f"__sessiontoken={token.text}", "X-Security-Token": str(security.text)}


def status_and_text(soap: SoapClient, headers: dict[str, str], token: str = "") -> tuple[int, str]:
    response = soap.post("#".join(USER_INFO), envelope(*USER_INFO, token=token), headers)
    return response.status_code, response.text


def test_the_answer_uses_the_literal_names_that_the_official_sdk_compares(soap: SoapClient) -> None:
    response = soap.post(
        "xtk:session#GetOption", envelope("xtk:session", "GetOption", "XtkDatabaseId")
    )
    text = response.text
    for literal in (
        "<SOAP-ENV:Body>",
        "<GetOptionResponse xmlns=",
        "<pstrValue xsi:type='xsd:string'>",
        "<pbtType xsi:type='xsd:byte'>6<",
    ):
        assert literal in text
    assert response.headers["content-type"].startswith("text/xml")


@pytest.mark.parametrize("action", ['"{}"', "'{}'", "{}", "urn:{}"])
def test_the_action_may_be_quoted_and_the_query_string_is_ignored(
    soap: SoapClient, action: str
) -> None:
    headers = {
        "Authorization": f"Bearer {soap.bearer}",
        "SoapAction": action.format("xtk:session#TestCnx"),
    }
    url = f"{PATH}?soapAction=xtk%3Asession%23TestCnx"
    body = envelope("xtk:session", "TestCnx")
    assert outputs(soap.http.post(url, content=body, headers=headers)) == []


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("xtk:session#Nothing", "SOP-330006"),
        ("xtk:nothing#Start", "SOP-330005"),
        ("nms:group#Frobnicate", "SOP-330006"),
        ("xtk:persist|cus:nothing#Write", "XFR-180000"),
        ("xtk:session", "SOP-330006"),
        ("", "SOP-330006"),
        ("#", "SOP-330006"),
    ],
)
def test_a_call_to_nothing_is_a_fault(soap: SoapClient, action: str, code: str) -> None:
    service, _, method = action.partition("#")
    with pytest.raises(Fault) as caught:
        outputs(soap.post(action, envelope(service.replace("|", "."), method or "X")))
    assert code in str(caught.value)


def test_a_missing_action_is_a_fault(soap: SoapClient) -> None:
    with pytest.raises(Fault, match="SOP-330006"):
        outputs(soap.http.post(PATH, content=envelope(*USER_INFO)))


def test_the_client_of_the_token_is_the_operator(sandbox: RunningSandbox, soap: SoapClient) -> None:
    (info,) = soap.call(*USER_INFO)
    assert info[0].get("loginId") == "1059"
    with SoapClient(sandbox.url, "marketer") as marketer:
        (info,) = marketer.call(*USER_INFO)
    assert (info[0].get("loginId"), info[0].get("login")) == ("2001", "marketer")


def test_a_password_opens_a_session_that_needs_both_tokens(soap: SoapClient) -> None:
    headers = log_on(soap)
    (info,) = soap.call(*USER_INFO, headers=headers)
    assert info[0].get("login") == "admin"
    cookie = {"Cookie": headers["Cookie"]}
    security = {"X-Security-Token": headers["X-Security-Token"]}
    for incomplete in ({}, cookie, security, cookie | {"X-Security-Token": "@wrong"}):
        status, text = status_and_text(soap, incomplete)
        assert (status, text[:10]) == (403, "XSV-350008")
    token = headers["Cookie"].partition("=")[2]
    assert status_and_text(soap, headers, token)[0] == 200
    assert status_and_text(soap, headers, "___other")[0] == 403
    assert status_and_text(soap, {}, "admin/admin")[0] == 403


def test_tokens_may_come_in_the_header_block_instead(soap: SoapClient) -> None:
    headers = log_on(soap)
    block = (
        f"<SOAP-ENV:Header><Cookie>{headers['Cookie']}</Cookie>"
        f"<X-Security-Token>{headers['X-Security-Token']}</X-Security-Token></SOAP-ENV:Header><SOAP-ENV:Body>"
    )
    body = envelope(*USER_INFO).replace("<SOAP-ENV:Body>", block)
    (info,) = outputs(soap.post("#".join(USER_INFO), body, {}))
    assert info[0].get("login") == "admin"


def test_a_session_ends_by_logging_off_or_by_time(soap: SoapClient) -> None:
    short, other, long = log_on(soap), log_on(soap), log_on(soap, remember=True)
    soap.call("xtk:session", "Logoff", headers=other)
    assert status_and_text(soap, other)[0] == 403
    assert status_and_text(soap, short)[0] == 200
    soap.http.post("/_sandbox/clock", json={"advance": "25h"})
    assert status_and_text(soap, short)[0] == 403
    assert status_and_text(soap, long)[0] == 200
    soap.http.post("/_sandbox/expire-tokens")
    assert status_and_text(soap, long)[0] == 403


def test_an_ims_token_can_be_exchanged_for_a_session(soap: SoapClient) -> None:
    token, _, security = soap.call("xtk:session", "BearerTokenLogon", soap.bearer, headers={})
    headers = {"Cookie": f"__sessiontoken={token.text}", "X-Security-Token": str(security.text)}
    (info,) = soap.call(*USER_INFO, headers=headers)
    assert info[0].get("loginId") == "1059"


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("Logon", ("admin", "wrong")),
        ("Logon", ("nobody", "admin")),
        ("Logon", ("", "")),
        ("Logon", ()),
        ("BearerTokenLogon", ("not.a.token",)),
    ],
)
def test_a_bad_login_is_plain_text(
    soap: SoapClient, method: str, parameters: tuple[str, ...]
) -> None:
    response = soap.post(
        f"xtk:session#{method}", envelope("xtk:session", method, *parameters), headers={}
    )
    assert (response.status_code, response.text[:10]) == (403, "XSV-350012")
    assert response.headers["content-type"].startswith("text/plain")


def test_an_expired_bearer_is_plain_text_until_renewed(soap: SoapClient) -> None:
    soap.http.post("/_sandbox/expire-tokens")
    bearer = {"Authorization": f"Bearer {soap.bearer}"}
    status, text = status_and_text(soap, bearer)
    assert (status, text[:10]) == (403, "XSV-350008")
    soap.bearer = soap.fetch_token("sandbox")
    assert len(soap.call(*USER_INFO)) == 1


def test_without_a_token_parameter_the_first_real_one_is_taken_for_it(soap: SoapClient) -> None:
    body = envelope("xtk:session", "GetOption", "X").replace("<sessiontoken></sessiontoken>", "")
    response = soap.post("xtk:session#GetOption", body)
    assert (response.status_code, response.text[:10]) == (403, "XSV-350008")


def test_anyone_may_ask_the_time_and_probe_the_server(soap: SoapClient) -> None:
    (time,) = soap.call("xtk:session", "GetServerTime", headers={})
    assert str(time.text).endswith("Z")
    assert "T" in str(time.text)
    redir = etree.fromstring(soap.http.get("/r/test").content)
    assert (local_name(redir), redir.get("status"), redir.get("build")) == ("redir", "OK", "9396")
    assert soap.http.get("/nl/jsp/ping.jsp").status_code == 403
    bearer = {"Authorization": f"Bearer {soap.bearer}"}
    assert soap.http.get("/nl/jsp/ping.jsp", headers=bearer).text.startswith("OK\n")
    assert soap.http.get("/nl/jsp/mcPing.jsp").status_code == 403
    queue = soap.http.get("/nl/jsp/mcPing.jsp", headers=bearer).text.splitlines()
    assert (queue[0], queue[2]) == ("Ok", "0/400 pending events")


def test_an_unknown_option_is_empty_not_a_fault(soap: SoapClient) -> None:
    value, data_type = soap.call("xtk:session", "GetOption", "nobody")
    assert (value.text, data_type.text) == (None, "0")


def test_a_password_is_encrypted_differently_each_time(soap: SoapClient) -> None:
    first, second = (
        str(soap.call("xtk:session", "EncryptPassword", "hunter2")[0].text) for _ in range(2)
    )
    assert first.startswith("@")
    assert first != second


@pytest.mark.parametrize(
    ("name", "hostile"),
    [
        ("dtd", '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'),
        ("external", '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'),
        ("undefined entity", "<a>&x;</a>"),
        ("deep", "<a>" * 5000 + "</a>" * 5000),
        ("cut", "<SOAP-ENV:Envelope"),
        ("empty", ""),
        ("not soap", "<a/>"),
        ("no body", "<Envelope/>"),
        ("empty body", "<Envelope><Body/></Envelope>"),
        ("other method", envelope("xtk:session", "TestCnx")),
        ("binary", "\x00\x01\x02"),
    ],
)
def test_a_hostile_document_is_a_clean_fault(soap: SoapClient, name: str, hostile: str) -> None:
    with pytest.raises(Fault) as caught:
        outputs(soap.post("#".join(USER_INFO), hostile))
    assert caught.value.code == "SOAP-ENV:Client", name
    assert "SOP-3300" in caught.value.summary


def test_other_encodings_are_read(soap: SoapClient) -> None:
    document = Xml('<group xtkschema="nms:group" name="a" label="Café"/>')
    body = "<?xml version='1.0' encoding='ISO-8859-1'?>" + envelope(
        "xtk:persist", "Write", document
    )
    outputs(soap.post("xtk:persist#Write", body.encode("iso-8859-1")))
    assert soap.select("nms:group", "@label") == [{"label": "Café"}]


def test_what_the_sandbox_cannot_hold_is_refused(sandbox: RunningSandbox, soap: SoapClient) -> None:
    headers = {"soapaction": "#".join(USER_INFO), "authorization": f"Bearer {soap.bearer}"}
    answer = answer_call(sandbox.store, Quirks(), headers, None)
    assert "too large" in answer.text


def test_statuses_of_faults_and_expiry_can_be_switched(
    sandbox: RunningSandbox, soap: SoapClient
) -> None:
    quirks = Quirks(fault_status=500, expired_status=200)
    headers = {"soapaction": "#".join(USER_INFO)}
    body = envelope(*USER_INFO).encode()
    assert answer_call(sandbox.store, quirks, headers, body).status == 200
    headers["authorization"] = f"Bearer {soap.bearer}"
    assert answer_call(sandbox.store, quirks, headers, b"<x/>").status == 500
