"""Each kind of fault as a client sees it, over HTTP."""

from __future__ import annotations

import contextlib
import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx
import pytest
from lxml import etree

from audctl.sandbox.faults import parse_rules
from audctl.sandbox.faults.kinds import KINDS
from audctl.sandbox.server import start
from tests import loopback
from tests.sandbox.audience_manager_account import Account, Json, trait_body
from tests.sandbox.campaign_soap import Fault, SoapClient, outputs, query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audctl.sandbox.server import RunningSandbox

QUERY = "SOAP xtk:queryDef#ExecuteQuery"
WRITE = "SOAP xtk:persist#*"


@pytest.fixture
def soap(sandbox: RunningSandbox) -> Iterator[SoapClient]:
    with SoapClient(sandbox.url) as client:
        yield client


def arm(sandbox: RunningSandbox, route: str, kind: str, **rule: object) -> None:
    answer = loopback.post(
        f"{sandbox.url}/_sandbox/faults", json={"route": route, "kind": kind, **rule}
    )
    assert answer.status_code == 200, answer.text


def rules(sandbox: RunningSandbox) -> Json:
    return loopback.get(f"{sandbox.url}/_sandbox/faults").json()["rules"]


def last_call(sandbox: RunningSandbox) -> Json:
    return loopback.get(f"{sandbox.url}/_sandbox/calls", params={"last": 1}).json()["calls"][0]


def lists(soap: SoapClient, *names: str) -> None:
    rows = "".join(f'<group _operation="insert" name="{name}" label="{name}"/>' for name in names)
    soap.write_collection(f'<group-collection xtkschema="nms:group">{rows}</group-collection>')


def list_names(soap: SoapClient, extra: str = "") -> list[str]:
    rows = soap.select("nms:group", "@name", where="@name LIKE 'list-%'", extra=extra)
    return [row["name"] for row in rows]


def test_429_comes_with_seconds_with_a_date_or_with_nothing(account: Account) -> None:
    route = "GET /v1/users/self"
    arm(account.sandbox, route, "status", status=429, nth=1)
    arm(account.sandbox, route, "status", status=429, nth=2, retry_after=7)
    arm(
        account.sandbox,
        route,
        "status",
        status=429,
        nth=3,
        retry_after=120,
        retry_after_form="date",
    )
    bare, seconds, date = (account.send("GET", "/users/self", status=429) for _ in range(3))
    assert "retry-after" not in bare.headers
    assert seconds.headers["retry-after"] == "7"
    ahead = parsedate_to_datetime(date.headers["retry-after"]) - datetime.now(UTC)
    assert timedelta(seconds=60) < ahead <= timedelta(seconds=120)
    assert account.get("/users/self")["uid"] == 7


@pytest.mark.parametrize("kind", ["status", "html"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_error_comes_before_the_work_or_after_it(account: Account, kind: str, when: str) -> None:
    arm(account.sandbox, "POST /v1/datasources", kind, status=503, when=when, nth=1)
    account.send("POST", "/datasources", json={"name": "mine"}, status=503)
    names = [row["name"] for row in account.get("/datasources")]
    assert names.count("mine") == (1 if when == "after" else 0)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_soap_fault_comes_before_the_work_or_after_it(
    sandbox: RunningSandbox, soap: SoapClient, when: str
) -> None:
    arm(sandbox, WRITE, "soap_fault", body="XSV-350013 Busy.", when=when, nth=1)
    with pytest.raises(Fault, match="XSV-350013"):
        lists(soap, "list-1")
    assert list_names(soap) == (["list-1"] if when == "after" else [])


def test_an_html_page_comes_instead_of_json_or_xml(
    sandbox: RunningSandbox, account: Account, soap: SoapClient
) -> None:
    arm(sandbox, "*", "html", times=2, retry_after=3)
    plain = account.send("GET", "/traits", status=502)
    wrapped = soap.post("xtk:queryDef#ExecuteQuery", query("nms:group", "@name"))
    for answer in (plain, wrapped):
        assert answer.status_code == 502
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["retry-after"] == "3"
        assert answer.text.startswith("<!DOCTYPE html>")
    arm(sandbox, "*", "html", nth=1, status=200, body="<html>Maintenance</html>")
    assert account.send("GET", "/traits", status=200).text == "<html>Maintenance</html>"


@pytest.mark.parametrize("when", ["before", "after"])
def test_malformed_json_is_whole_in_length_and_broken_in_form(account: Account, when: str) -> None:
    arm(account.sandbox, "POST /v1/datasources", "malformed", when=when, nth=1)
    answer = account.http.post("/datasources", json={"name": "mine"})
    assert answer.is_success
    assert int(answer.headers["content-length"]) == len(answer.content)
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    names = [row["name"] for row in account.get("/datasources")]
    assert names.count("mine") == (1 if when == "after" else 0)


@pytest.mark.parametrize("when", ["before", "after"])
def test_malformed_xml_is_whole_in_length_and_broken_in_form(
    sandbox: RunningSandbox, soap: SoapClient, when: str
) -> None:
    arm(sandbox, QUERY, "malformed", when=when, nth=1)
    answer = soap.post("xtk:queryDef#ExecuteQuery", query("nms:group", "@name"))
    assert answer.status_code == 200
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(answer.content)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/traits"), ("DELETE", "/v1/datasources/1"), ("HEAD", "/x")]
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_cut_answer_is_never_whole(account: Account, method: str, path: str, when: str) -> None:
    arm(account.sandbox, f"{method} *", "cut", when=when)
    answer = None
    with contextlib.suppress(httpx.RemoteProtocolError):
        answer = account.http.request(method, f"{account.sandbox.url}{path}")
    assert answer is None or method == "HEAD"  # which has no body to cut


def test_a_deleted_object_whose_empty_answer_is_cut_is_deleted(account: Account) -> None:
    made = account.data_source()["dataSourceId"]
    arm(account.sandbox, "DELETE *", "cut", when="after", nth=1)
    with pytest.raises(httpx.TransportError):
        account.http.delete(f"/datasources/{made}")
    account.get(f"/datasources/{made}", status=404)


def test_a_slow_answer_comes_in_pieces_and_is_whole(account: Account) -> None:
    expected = account.http.get("/traits").content
    arm(account.sandbox, "GET /v1/traits", "slow", chunk_bytes=3, pause_ms=0)
    with account.http.stream("GET", "/traits") as answer:
        pieces = list(answer.iter_raw())
    assert b"".join(pieces) == expected
    assert (last_call(account.sandbox)["fault"], last_call(account.sandbox)["status"]) == (
        "slow",
        200,
    )


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_reset_connection_gives_no_answer(account: Account, when: str) -> None:
    arm(account.sandbox, "POST /v1/datasources", "reset", when=when, nth=1)
    with pytest.raises(httpx.TransportError):
        account.http.post("/datasources", json={"name": "mine"})
    assert last_call(account.sandbox)["status"] == 0
    names = [row["name"] for row in account.get("/datasources")]
    assert names.count("mine") == (1 if when == "after" else 0)


def test_an_expired_token_stays_expired_until_the_next_sign_in(
    sandbox: RunningSandbox, account: Account, soap: SoapClient
) -> None:
    arm(sandbox, "GET /v1/traits", "expired_token", nth=2)
    account.get("/traits")
    refused = account.send("GET", "/traits", status=401)
    assert refused.json()["error_code"] == "401013"
    account.send("GET", "/users/self", status=401)
    answer = soap.post("xtk:queryDef#ExecuteQuery", SOAP_QUERY)
    assert (answer.status_code, answer.text[:10]) == (403, "XSV-350008")
    with closing(Account(sandbox)) as again:
        again.get("/traits")


def paged(account: Account, size: int = 3) -> list[list[int]]:
    pages: list[list[int]] = []
    while True:
        page = account.get("/traits", page=len(pages), pageSize=size, sortBy="sid")
        assert page["page"] == len(pages)
        if not page["list"]:
            return pages
        pages.append([row["sid"] for row in page["list"]])


@pytest.fixture
def traits(account: Account) -> list[int]:
    source = account.data_source()["dataSourceId"]
    return [account.post("/traits", trait_body(source))["sid"] for _ in range(8)]


def test_a_duplicated_page_is_the_one_before(account: Account, traits: list[int]) -> None:
    whole = paged(account)
    arm(account.sandbox, "GET /v1/traits", "duplicate_page", nth=1)
    assert paged(account) == [whole[0], whole[0], *whole[2:]]
    assert paged(account) == whole


@pytest.mark.parametrize("rows", [1, 2, -1, -2])
def test_a_shifted_page_starts_elsewhere(account: Account, traits: list[int], rows: int) -> None:
    whole = paged(account)
    flat = [sid for page in whole for sid in page]
    arm(account.sandbox, "GET /v1/traits", "shift_page", nth=1, rows=rows)
    assert paged(account) == [whole[0], flat[3 + rows : 6 + rows], *whole[2:]]


def test_lists_that_nobody_pages_are_left_alone(account: Account, traits: list[int]) -> None:
    arm(account.sandbox, "GET *", "duplicate_page")
    arm(account.sandbox, "GET *", "shift_page")
    assert {row["sid"] for row in account.get("/traits")} >= set(traits)
    account.get("/traits", page=0, pageSize=3)
    account.get("/traits", page="x", pageSize=3, status=400)
    assert [(rule["matched"], rule["struck"]) for rule in rules(account.sandbox)] == [(0, 0)] * 2


def test_pages_of_a_query_are_duplicated_and_shifted(
    sandbox: RunningSandbox, soap: SoapClient
) -> None:
    lists(soap, *(f"list-{number}" for number in range(6)))
    second = ' lineCount="2" startLine="2"'
    assert list_names(soap, second) == ["list-2", "list-3"]
    arm(sandbox, QUERY, "duplicate_page", nth=1)
    arm(sandbox, QUERY, "shift_page", nth=2)
    arm(sandbox, QUERY, "shift_page", nth=3, rows=-1)
    assert list_names(soap, ' lineCount="2"') == ["list-0", "list-1"]
    assert list_names(soap, second) == ["list-0", "list-1"]
    assert list_names(soap, second) == ["list-3", "list-4"]
    assert list_names(soap, second) == ["list-1", "list-2"]
    assert list_names(soap, second) == ["list-2", "list-3"]


def test_a_lost_write_is_answered_and_not_done(
    sandbox: RunningSandbox, account: Account, soap: SoapClient
) -> None:
    source = account.data_source(name="kept")
    arm(sandbox, "PUT *", "lost_write", nth=1)
    arm(sandbox, "POST /v1/datasources", "lost_write", nth=1)
    arm(sandbox, WRITE, "lost_write", nth=1)
    path = f"/datasources/{source['dataSourceId']}"
    assert account.put(path, {**source, "name": "changed"})["name"] == "changed"
    assert account.get(path) == source
    lost = account.data_source(name="lost")
    account.get(f"/datasources/{lost['dataSourceId']}", status=404)
    assert account.data_source(name="next")["dataSourceId"] > lost["dataSourceId"]
    lists(soap, "list-1")
    assert list_names(soap) == []
    lists(soap, "list-1")
    assert list_names(soap) == ["list-1"]


def test_a_lost_write_strikes_no_read(account: Account) -> None:
    arm(account.sandbox, "*", "lost_write")
    account.get("/traits")
    assert rules(account.sandbox)[0]["matched"] == 0


@pytest.mark.parametrize(("when", "status"), [("before", 412), ("after", 200)])
def test_a_concurrent_editor_changes_the_object_first_or_right_after(
    account: Account, when: str, status: int
) -> None:
    made = account.data_source()
    path = f"/datasources/{made['dataSourceId']}"
    arm(
        account.sandbox,
        "PUT /v1/datasources/*",
        "concurrent_editor",
        when=when,
        edit={"description": "theirs <&>"},
        nth=1,
    )
    tag = account.send("GET", path, status=200).headers["etag"]
    account.put(path, {**made, "name": "ours"}, status=status, headers={"If-Match": tag})
    now = account.get(path)
    assert now["description"] == "theirs <&>"
    assert (now["name"] == "ours") == (when == "after")
    assert now["upUID"] == 12
    assert last_call(account.sandbox)["fault"] == ""
    assert "trouble" not in rules(account.sandbox)[0]


def test_a_concurrent_editor_comes_between_a_read_and_a_write(account: Account) -> None:
    made = account.data_source()
    path = f"/datasources/{made['dataSourceId']}"
    edit = {"description": "theirs"}
    arm(account.sandbox, "GET *", "concurrent_editor", when="after", edit=edit, nth=1)
    assert account.get(path) == made
    assert account.get(path)["description"] == "theirs"


def test_a_concurrent_editor_makes_the_object_first(account: Account) -> None:
    arm(account.sandbox, "POST *", "concurrent_editor", edit={"description": "theirs"}, nth=1)
    account.post("/datasources", {"name": "both", "integrationCode": "both"}, status=409)
    (found,) = [row for row in account.get("/datasources") if row["name"] == "both"]
    assert (found["description"], found["crUID"]) == ("theirs", 12)


def test_a_concurrent_editor_of_campaign_writes_a_document(
    sandbox: RunningSandbox, soap: SoapClient
) -> None:
    lists(soap, "list-1")
    edit = (
        "<?xml version='1.0'?>"
        '<group xtkschema="nms:group" _key="@name" _operation="update" name="list-1" label="theirs"/>'
    )
    arm(sandbox, WRITE, "concurrent_editor", edit=edit, nth=1)
    ours = '<group xtkschema="nms:group" _key="@name" _operation="update" name="list-1" schema="ours"/>'
    soap.write(ours)
    (row,) = soap.select("nms:group", "@label", "@schema", where="@name = 'list-1'")
    assert row == {"label": "theirs", "schema": "ours"}
    assert last_call(sandbox)["path"] == "xtk:queryDef#ExecuteQuery"


def test_an_edit_that_is_refused_is_told_with_the_rule(
    sandbox: RunningSandbox, account: Account, soap: SoapClient
) -> None:
    bad = '<group xtkschema="nms:group" _operation="explode" name="x"/>'
    arm(sandbox, "GET *", "concurrent_editor", edit={"name": "theirs"})
    arm(sandbox, "SOAP *", "concurrent_editor", edit=bad)
    arm(sandbox, "POST *", "concurrent_editor", edit={"name": "theirs"})
    assert account.get("/users/self")["uid"] == 7
    outputs(soap.post("xtk:queryDef#ExecuteQuery", SOAP_QUERY))
    account.send("POST", "/datasources", content="[]", status=415)
    first, second, third = rules(sandbox)
    assert "the edit was answered with 405" in first["trouble"]
    assert "the edit was answered with 200" in second["trouble"]
    assert third["trouble"] == "the call's body is no JSON object"


def test_any_fault_may_wait_first(account: Account) -> None:
    arm(account.sandbox, "GET *", "status", status=503, latency_ms=1, nth=1)
    account.send("GET", "/traits", status=503)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"cut", "reset"}])
@pytest.mark.parametrize("route", ["GET /v1/traits", "POST /v1/datasources", WRITE])
def test_whatever_strikes_the_next_call_is_answered(
    sandbox: RunningSandbox, account: Account, soap: SoapClient, kind: str, route: str
) -> None:
    rule = {**KINDS[kind].example, "route": route, "latency_ms": 0}
    loopback.post(f"{sandbox.url}/_sandbox/faults", json=rule).raise_for_status()
    account.http.get("/traits", params={"page": 1, "pageSize": 2})
    account.http.post("/datasources", json={"name": "any"})
    soap.post("xtk:persist#Write", "<anything/>")
    loopback.delete(f"{sandbox.url}/_sandbox/faults")
    with closing(Account(sandbox)) as again:
        assert again.get("/users/self")["uid"] == 7


def test_a_body_too_large_to_keep_goes_through_unstruck(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audctl.sandbox.faults.call.MAX_KEPT_BYTES", 1000)
    arm(account.sandbox, "POST *", "status", status=503)
    large = {"name": "large", "description": "x" * 200_000}
    made = account.http.post("/datasources", json=large)
    assert made.status_code == 201
    assert made.json()["description"] == large["description"]
    assert rules(account.sandbox)[0]["matched"] == 0
    account.send("POST", "/datasources", json={"name": "small"}, status=503)


def test_faults_are_in_force_from_the_start(tmp_path: Path) -> None:
    armed = parse_rules({"route": "* /v1/*", "kind": "status", "status": 503})
    with start(tmp_path, rules=armed) as running, closing(Account(running)) as account:
        account.send("GET", "/traits", status=503)


def test_a_rule_is_cleared_by_its_number(sandbox: RunningSandbox) -> None:
    arm(sandbox, "GET /a", "reset")
    arm(sandbox, "GET /b", "reset")
    url = f"{sandbox.url}/_sandbox/faults"
    assert [
        rule["route"] for rule in loopback.delete(url, params={"number": 1}).json()["rules"]
    ] == ["GET /b"]
    for number, said in (("9", "no fault rule has the number 9"), ("x", "must be a whole number")):
        answer = loopback.delete(url, params={"number": number})
        assert answer.status_code == 400
        assert said in answer.json()["message"]


def test_wrong_rules_are_told_one_by_one_and_none_is_armed(sandbox: RunningSandbox) -> None:
    answer = loopback.post(
        f"{sandbox.url}/_sandbox/faults",
        json=[{"route": "GET *", "kind": "reset"}, {"route": "GET *", "kind": "resset"}],
    )
    assert answer.status_code == 400
    (problem,) = answer.json()["problems"]
    assert "did you mean 'reset'?" in problem
    assert rules(sandbox) == []


def test_a_struck_call_is_logged_under_its_route(account: Account) -> None:
    arm(account.sandbox, "GET *", "status", status=503)
    account.send("GET", "/traits/12", status=503)
    call = last_call(account.sandbox)
    assert call["route"] == "GET /v1/traits/{trait}"
    assert (call["status"], call["fault"]) == (503, "status")


SOAP_QUERY = (
    '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body>'
    '<ExecuteQuery xmlns="urn:xtk:queryDef"><sessiontoken/><entity>'
    f"{query('nms:group', '@name')}</entity></ExecuteQuery></SOAP-ENV:Body></SOAP-ENV:Envelope>"
)
