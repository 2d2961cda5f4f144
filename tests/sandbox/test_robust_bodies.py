"""Hostile requests: whatever comes in, a clean protocol error or plain data goes out, and the next caller is served."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from audctl.sandbox.audience_manager import Choices
from audctl.sandbox.campaign.quirks import Quirks
from audctl.sandbox.server import start
from tests import loopback
from tests.sandbox.audience_manager_account import Account, Json
from tests.sandbox.campaign_soap import PATH, Fault, SoapClient, envelope, outputs, query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from audctl.sandbox.server import RunningSandbox

TELLTALE = ("Traceback", "sqlite", "SELECT ", 'File "', "syntax error", "INTERNAL_ERROR")
"""None of it may ever be seen from outside."""
ENTITY_BOMB = (
    '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]>'
)
WRITE = envelope("xtk:persist", "Write", "")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with start(tmp_path_factory.mktemp("hostile"), seed="demo") as running:
        yield running


@pytest.fixture(scope="module")
def caller(shared: RunningSandbox) -> Iterator[Account]:
    with closing(Account(shared)) as account:
        yield account


@pytest.fixture(scope="module")
def soap(shared: RunningSandbox) -> Iterator[SoapClient]:
    with SoapClient(shared.url) as client:
        yield client


def assert_clean(answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.text
    assert not [word for word in TELLTALE if word in answer.text]


# -- too much -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunked", [False, True], ids=["length told", "in chunks"])
def test_each_part_has_a_limit_and_says_so(tmp_path: Path, chunked: bool) -> None:
    raw = b'"' + b"x" * 3_000_000 + b'"'

    def body() -> Json:
        return iter([raw[:1000], raw[1000:]]) if chunked else raw

    choices, quirks = Choices(max_body_bytes=2000), Quirks(max_body_bytes=2000)
    with (
        start(tmp_path, choices=choices, quirks=quirks) as running,
        closing(Account(running)) as account,
        SoapClient(running.url) as soap,
    ):
        json_type = {"Content-Type": "application/json"}
        answer = account.http.post("/datasources", headers=json_type, content=body())
        assert (answer.status_code, answer.json()["code"]) == (413, "REQUEST_TOO_LARGE")
        answer = loopback.post(f"{running.url}/ims/token/v3", content=body())
        assert (answer.status_code, answer.json()["error"]) == (413, "invalid_request")
        answer = loopback.post(f"{running.url}/_sandbox/faults", content=body())
        assert (answer.status_code, answer.json()["message"]) == (
            413,
            "the body may have at most 1048576 bytes",
        )
        with pytest.raises(Fault, match="too large"):
            outputs(soap.http.post(PATH, headers={"SOAPAction": "a#b"}, content=body()))
        assert account.get("/users/self")["uid"] == 7


@pytest.mark.parametrize("depth", [150, 100_000])
def test_deep_json_is_read_or_refused(caller: Account, depth: int) -> None:
    for body in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
        for path in ("/datasources", "/segments/bulk-delete"):
            answer = caller.http.post(
                path, content=body, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code in {400, 409}
            assert_clean(answer)
        answer = loopback.post(f"{caller.sandbox.url}/_sandbox/faults", content=body)
        assert answer.status_code == 400
        assert_clean(answer)


@pytest.mark.parametrize("depth", [150, 300, 100_000])
def test_deep_xml_is_a_fault(soap: SoapClient, depth: int) -> None:
    deep = "<a>" * depth + "</a>" * depth
    for body in (deep, WRITE.replace("<p0>", f"<p0>{deep}"), f"<?xml version='1.0'?>{deep}"):
        answer = soap.post("xtk:persist#Write", body)
        assert_clean(answer)
        with pytest.raises(Fault):
            outputs(answer)


def test_wide_and_long_xml_is_read(soap: SoapClient) -> None:
    attributes = " ".join(f'a{number}="x"' for number in range(5000))
    answer = soap.post("xtk:persist#Write", WRITE.replace("<p0>", f"<p0><group {attributes}/>"))
    assert_clean(answer)
    name = "n" * 2_000_000
    with pytest.raises(Fault):
        soap.write(f'<group xtkschema="nms:group" _operation="insert" name="{name}" label="x"/>')


@pytest.mark.parametrize(
    "hostile",
    [
        f"{ENTITY_BOMB}<b>&d;</b>",
        f"<?xml version='1.0'?>{ENTITY_BOMB}{WRITE.replace('<p0>', '<p0>&d;')}",
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x.dtd"> %x;]><a/>',
        "<!DOCTYPE a [<!ATTLIST a b CDATA 'c'>]><a/>",
    ],
)
def test_entities_are_refused_unread(soap: SoapClient, hostile: str) -> None:
    answer = soap.post("xtk:persist#Write", hostile)
    assert_clean(answer)
    assert "root:" not in answer.text
    with pytest.raises(Fault, match="document type declaration"):
        outputs(answer)


# -- encodings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfe\x00",
        b"\x00",
        b'{"name": "\xff"}',
        b'{"name": "\xed\xa0\x80"}',
        b'{"name": "\\ud800"}',
        '{"name": "x"}'.encode("utf-16"),
        '{"name": "x"}'.encode("utf-32"),
        b'\xef\xbb\xbf{"name": "x"}',
        b'{"name": "a" "b"}',
        b'{"name": NaN}',
        b'{"dataSourceId": ' + b"9" * 5000 + b"}",
        b'{"name": 1e400}',
        b"\x1f\x8b\x08\x00",
    ],
)
def test_json_in_no_known_form_is_refused(caller: Account, raw: bytes) -> None:
    answer = caller.http.post(
        "/datasources", content=raw, headers={"Content-Type": "application/json; charset=utf-16"}
    )
    assert answer.status_code == 400
    assert_clean(answer)


@pytest.mark.parametrize(
    "raw",
    [
        b"<?xml version='1.0' encoding='utf-8'?><a>\xff\xfe</a>",
        b"<?xml version='1.0' encoding='no-such-thing'?><a/>",
        b"<?xml version='1.0' encoding='utf-7'?>+ADw-a/+AD4-",
        b"<?xml version='1.0' encoding='utf-16'?><a/>",
        b"<?xml version='9.9'?><a/>",
        "<a>\ud7ff</a>".encode("utf-16-le"),
        b"<a>\x00</a>",
        b"<a>&#0;</a>",
        b"<a>&#xD800;</a>",
        b"<a b='1' b='2'/>",
        b"<a></b>",
        b"<a><![CDATA[</a>",
        b"{}",
    ],
)
def test_xml_in_no_known_form_is_a_fault(soap: SoapClient, raw: bytes) -> None:
    answer = soap.post("xtk:persist#Write", raw)
    assert_clean(answer)
    with pytest.raises(Fault, match="SOP-3300"):
        outputs(answer)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "us-ascii"])
def test_xml_in_a_declared_encoding_is_read(soap: SoapClient, encoding: str) -> None:
    body = f"<?xml version='1.0' encoding='{encoding}'?>" + query_envelope("nms:group")
    assert outputs(soap.post("xtk:queryDef#ExecuteQuery", body.encode(encoding)))


def query_envelope(schema: str) -> str:
    inner = query(schema, "@name")
    return envelope("xtk:queryDef", "ExecuteQuery", "").replace("<p0>", f"<p0>{inner}")


@pytest.mark.parametrize(
    "raw", [b"\xff\xff", b"client_id=%ff&grant_type=%00", b"a=1&a=2&&&=", b"%", b"\x00" * 100]
)
def test_a_token_request_in_no_known_form_is_refused(shared: RunningSandbox, raw: bytes) -> None:
    answer = loopback.post(f"{shared.url}/ims/token/v3", content=raw)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert_clean(answer)


# -- text that looks like a program -------------------------------------------------------------------------------

SQL = (
    "'; DROP TABLE aam_trait; --",
    "' OR '1'='1",
    '" OR ""="',
    "1; DELETE FROM nms_group",
    "') UNION SELECT access_token FROM ims_token --",
    "%' ESCAPE '",
    "\\'; --",
    "$.pid'), (SELECT 1",
    "name\x00--",
    "{{7*7}} ${7*7} <%= 7*7 %>",
)


@pytest.mark.parametrize("text", SQL)
def test_text_like_sql_is_text_to_audience_manager(account: Account, text: str) -> None:
    count = len(account.get("/datasources"))
    name = text.replace("\x00", "")
    made = account.data_source(name=name, description=name)
    assert account.get(f"/datasources/{made['dataSourceId']}")["name"] == name
    assert len(account.get("/datasources")) == count + 1
    for path in ("traits", "segments", "datasources", "destinations"):
        for parameter in (
            *("search", "sortBy", "integrationCode", "folderId", "page", "pageSize"),
            *("ic", "dataSourceId", "restrictType", "containsSegment", "updatedSince"),
        ):
            answer = account.http.get(f"/{path}", params={parameter: text})
            assert answer.status_code in {200, 400}
            assert_clean_but(answer, text)
        for address in (f"/{path}/{quoted(text)}", f"/{path}/ic:{quoted(text)}"):
            answer = account.http.get(address)
            # Commas separate ids: a list of none of them is an answer.
            assert answer.status_code in {400, 404} or answer.json() == []
            assert_clean_but(answer, text)
    assert len(account.get("/datasources")) == count + 1


def assert_clean_but(answer: httpx.Response, text: str) -> None:
    """Hold an answer that may repeat what was asked for to `assert_clean`."""
    spoken = json.dumps(text.replace("\x00", ""))[1:-1]
    assert answer.status_code < 500
    rest = answer.text.replace(spoken, "").replace(text, "")
    assert not [word for word in TELLTALE if word in rest]


def quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


@pytest.mark.parametrize("text", [each for each in SQL if "\x00" not in each])
def test_text_like_sql_is_text_to_campaign(soap: SoapClient, text: str) -> None:
    before = len(soap.select("nms:group", "@id"))
    attribute = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    soap.write(
        f'<group xtkschema="nms:group" _operation="insert" name="{attribute[:60]}" label="{attribute}"/>'
    )
    literal = text.replace("\\", "\\\\").replace("'", "\\'")
    (found,) = soap.select("nms:group", "@label", where=f"@label = '{literal}'")
    assert found["label"] == text
    assert len(soap.select("nms:group", "@id")) == before + 1
    for where in (text, f"@label = '{text}'", f"@{text}", f"[{text}]"):
        answer = soap.post(
            "xtk:queryDef#ExecuteQuery",
            envelope("xtk:queryDef", "ExecuteQuery", "").replace(
                "<p0>", f"<p0>{query('nms:group', '@id', where=where)}"
            ),
        )
        assert answer.status_code == 200
        assert "Traceback" not in answer.text
        assert "ims_token" not in answer.text.replace("FROM ims_token", "")
    soap.delete("nms:group", f"@label = '{literal}'")
    assert len(soap.select("nms:group", "@id")) == before


@pytest.mark.parametrize("text", SQL)
def test_text_like_sql_signs_nobody_in(shared: RunningSandbox, text: str) -> None:
    form = {"grant_type": "client_credentials", "client_id": text, "client_secret": text}
    answer = loopback.post(f"{shared.url}/ims/token/v3", data={**form, "scope": "openid"})
    assert answer.status_code in {400, 401}
    assert_clean(answer)
    header = quoted(text)
    answer = loopback.get(f"{shared.url}/v1/traits", headers={"Authorization": f"Bearer {header}"})
    assert answer.status_code == 401


# -- below HTTP ---------------------------------------------------------------------------------------------------


def exchange(sandbox: RunningSandbox, raw: bytes, *, half_close: bool = True) -> bytes:
    """Send bytes as they are, end the sending side, and read until the server hangs up."""
    port = int(sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        try:
            connection.sendall(raw)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            chunks = list(iter(lambda: connection.recv(65536), b""))
        except OSError:  # hung up before all was sent
            return b""
    return b"".join(chunks)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /v1/traits HTTP/1.1\r\nHost a\r\n\r\n",
        b"POST /v1/traits HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST /v1/traits HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/traits HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /v1/traits HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/traits HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n",
        b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://example.com/v1/traits HTTP/1.1\r\nHost: example.com\r\n\r\n",
        b"GET /%ff%fe%00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /v1/%2e%2e/%2e%2e HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET //// HTTP/1.1\r\nHost: a\r\n\r\n",
        b"BREW /v1/traits HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /v1/traits HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf",
        b"POST /nl/jsp/soaprouter.jsp HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n<a",
        b"POST /nl/jsp/soaprouter.jsp HTTP/1.1\r\nHost: a\r\nSOAPAction: \xff#\xfe\r\n\r\n",
    ],
    ids=lambda raw: ascii(raw[:60]),
)
def test_what_is_hardly_http_ends_cleanly(
    shared: RunningSandbox, caller: Account, raw: bytes
) -> None:
    answer = exchange(shared, raw)
    assert b"Traceback" not in answer
    assert b"root:" not in answer
    if answer:
        status = int(answer.split(b" ", 2)[1])
        assert status < 500 or status in {501, 505}, answer[:200]
    assert caller.get("/users/self")["uid"] == 7


def test_an_encoded_nul_is_no_slash(caller: Account) -> None:
    answer = caller.send("GET", "/traits/ic:a%00b%2Fc", status=404)
    assert answer.json()["message"] == "trait ic:a\N{REPLACEMENT CHARACTER}b/c does not exist"


def test_a_caller_that_hangs_up_halfway_leaves_nothing(
    shared: RunningSandbox, caller: Account
) -> None:
    token = caller.http.headers["Authorization"]
    body = b'{"name": "never whole"}'
    head = (
        f"POST /v1/datasources HTTP/1.1\r\nHost: a\r\nAuthorization: {token}\r\nx-api-key: sandbox\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    exchange(shared, head.encode() + body[:-1])
    assert "never whole" not in [row["name"] for row in caller.get("/datasources")]


def test_pipelined_calls_are_answered_one_by_one(shared: RunningSandbox) -> None:
    one = b"GET /r/test HTTP/1.1\r\nHost: a\r\n\r\n"
    last = one.replace(b"Host: a", b"Host: a\r\nConnection: close")
    answered = exchange(shared, one * 4 + last, half_close=False)
    assert answered.count(b"<redir status='OK'") == 5
