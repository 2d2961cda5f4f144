"""What holds for every call: sign-in, bodies, paging, escaping, preconditions; and that nothing crashes it."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audctl.sandbox.audience_manager import Choices
from audctl.sandbox.audience_manager.call import as_json
from audctl.sandbox.audience_manager.dispatch import escape_html
from audctl.sandbox.server import start
from tests.sandbox.audience_manager_account import Account, segment_body, trait_body

if TYPE_CHECKING:
    from pathlib import Path

CHARACTERS = Choices().escaped_characters


def test_without_a_token_nothing_answers(account: Account) -> None:
    del account.http.headers["Authorization"]
    answer = account.send("GET", "/users/self", status=401)
    assert answer.json() == {"error_code": "401013", "message": "Oauth token is not valid"}
    assert answer.headers["www-authenticate"] == "Bearer"
    account.http.headers["Authorization"] = "Basic c2FuZGJveDpzYW5kYm94"
    account.get("/users/self", status=401)


def test_the_api_key_is_demanded_and_must_be_known(account: Account) -> None:
    account.http.headers["x-api-key"] = "stranger"
    assert account.get("/traits", status=403) == {
        "error_code": "403003",
        "message": "Api Key is invalid",
    }
    del account.http.headers["x-api-key"]
    assert account.get("/traits", status=403)["error_code"] == "403000"


def test_the_older_host_does_without_an_api_key(tmp_path: Path) -> None:
    choices = Choices(api_key_required=False)
    with start(tmp_path, choices=choices) as running, closing(Account(running)) as account:
        del account.http.headers["x-api-key"]
        account.get("/traits")


def test_a_person_signs_in_as_another_user(account: Account) -> None:
    with closing(Account(account.sandbox, "marketer")) as marketer:
        assert marketer.get("/users/self")["uid"] == 12
        source = marketer.data_source()
        assert (source["crUID"], source["upUID"]) == (12, 12)
        changed = account.put(
            f"/datasources/{source['dataSourceId']}", {**source, "name": "by API"}
        )
    assert (changed["crUID"], changed["upUID"]) == (12, 7)


def test_a_final_slash_is_optional_everywhere(account: Account) -> None:
    source = account.data_source()
    for path in ("/datasources/", f"/datasources/{source['dataSourceId']}/", "/folders/traits/"):
        account.get(path)
    account.post("/segments/", segment_body(source["dataSourceId"], "7000000T"))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b'{"name": NaN}', b'{"name": "\\ud800"}', b"[" * 100_000]
)
def test_malformed_bodies_are_refused(account: Account, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = account.send("POST", "/datasources", status=400, content=body, headers=headers)
    assert answer.json()["code"] == "MALFORMED_JSON"


@pytest.mark.parametrize("body", ["[]", '"text"', "null", "7"])
def test_a_body_that_is_no_object_is_refused(account: Account, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    for path in ("/datasources", "/traits", "/segments", "/folders/traits", "/destinations"):
        answer = account.send("POST", path, status=400, content=body, headers=headers)
        assert answer.json()["childMessages"] == ["the body must be a JSON object"]


def test_a_wrong_content_type_is_refused(account: Account) -> None:
    account.send("POST", "/datasources", status=415, content=b'{"name": "x"}')


def test_a_body_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    choices = Choices(max_body_bytes=1000)
    with start(tmp_path, choices=choices) as running, closing(Account(running)) as account:
        body = {"name": "x", "description": "y" * 1000}
        assert account.post("/datasources", body, status=413)["code"] == "REQUEST_TOO_LARGE"
        account.post("/datasources", {"name": "x"})


@pytest.mark.parametrize(
    "path",
    [
        "/segments/abc",
        "/segments/-1",
        "/segments/99999999999999999999",
        "/segments/ic:",
        "/segments/ic:%00",
        "/traits/ic:none",
        "/folders/traits/77",
        "/destinations/1/mappings",
        "/destinations/1/mappings/1",
        "/datasources/ic:crm",
    ],
)
def test_what_does_not_exist_is_404(account: Account, path: str) -> None:
    assert account.get(path, status=404)["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    "query", ["page=x", "page=-1", "pageSize=0", "sortBy=nothing", "folderId=x"]
)
def test_wrong_list_parameters_are_refused(account: Account, query: str) -> None:
    assert account.get(f"/segments?{query}", status=400)["code"] == "INVALID_REQUEST"


def test_paging_changes_the_shape(account: Account) -> None:
    source = account.data_source()["dataSourceId"]
    sids = [account.segment(source, "7000000T", name=f"s{n:02}")["sid"] for n in range(12)]
    assert [row["sid"] for row in account.get("/segments")] == sids
    first = account.get("/segments", page=0)
    assert {key: first[key] for key in ("total", "page", "pageSize")} == {
        "total": 12,
        "page": 0,
        "pageSize": 10,
    }
    assert [row["sid"] for row in first["list"]] == sids[:10]
    second = account.get("/segments", page=1, pageSize=5)
    assert [row["sid"] for row in second["list"]] == sids[5:10]
    beyond = account.get("/segments", page=9, pageSize=5)
    assert (beyond["total"], beyond["list"]) == (12, [])
    named = account.get("/segments", pageSize=2, sortBy="name", descending="true")
    assert [row["name"] for row in named["list"]] == ["s11", "s10"]


def test_pages_are_cut_down_to_the_maximum(tmp_path: Path) -> None:
    with (
        start(tmp_path, choices=Choices(max_page_size=2)) as running,
        closing(Account(running)) as account,
    ):
        for _ in range(3):
            account.data_source()
        page = account.get("/datasources", pageSize=5000)
    assert (page["pageSize"], len(page["list"])) == (2, 2)
    assert page["total"] == 4


def test_search_looks_at_id_name_description_and_code_in_any_case(account: Account) -> None:
    source = account.data_source()["dataSourceId"]
    made = [
        account.segment(source, "7000000T", name="Cart ABANDONERS"),
        account.segment(source, "7000000T", name="b", description="about cart abandoners"),
        account.segment(source, "7000000T", name="c", integrationCode="cart-abandoners"),
        account.segment(source, "7000000T", name="50% off_sale"),
    ]
    sids = [row["sid"] for row in made]
    assert [row["sid"] for row in account.get("/segments", search="abandoners")] == sids[:3]
    assert [row["sid"] for row in account.get("/segments", search=str(sids[1]))] == [sids[1]]
    assert [row["sid"] for row in account.get("/segments", search="0% OFF_")] == [sids[3]]


def test_text_is_escaped_unless_the_caller_declines(account: Account) -> None:
    source = account.data_source()["dataSourceId"]
    rule = 'c_x == "a" AND c_n >= 2'
    trait = account.trait(source, traitRule=rule, name="<b> & 'q' \\")
    path = f"/traits/{trait['sid']}"
    assert account.get(path)["traitRule"] == rule
    del account.http.headers["AAM-Disable-Escaping-HTML"]
    escaped = account.get(path)
    assert escaped["traitRule"] == "c_x == &quot;a&quot; AND c_n &gt;= 2"
    assert escaped["name"] == "&lt;b&gt; &amp; 'q' \\"
    listed = account.get("/traits", includeDetails="true", search="<b>")
    assert listed[0]["traitRule"] == escaped["traitRule"]
    # Input is never unescaped, so a client that puts back what it read breaks the rule.
    account.put(path, escaped, status=400)


@given(
    st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.lists(inner, max_size=3))
)
def test_escaping_the_text_equals_escaping_each_value(value: object) -> None:
    def escape(part: object) -> object:
        if isinstance(part, str):
            return "".join(CHARACTERS.get(character, character) for character in part)
        return [escape(member) for member in part] if isinstance(part, list) else part

    text = as_json({"key": value})
    assert json.loads(escape_html(text, CHARACTERS)) == {"key": escape(value)}


def test_a_stale_precondition_is_refused_for_every_kind(account: Account) -> None:
    source = account.data_source()["dataSourceId"]
    trait = account.trait(source)
    segment = account.segment(source, f"{trait['sid']}T")
    folder = account.post("/folders/segments", {"name": "f", "parentFolderId": 0})
    destination = account.url_destination()
    for path, name in (
        (f"/datasources/{source}", "name"),
        (f"/segments/{segment['sid']}", "name"),
        (f"/traits/{trait['sid']}", "name"),
        (f"/folders/segments/{folder['folderId']}", "name"),
        (f"/destinations/{destination['destinationId']}", "name"),
    ):
        read = account.send("GET", path, status=200)
        etag = read.headers["etag"]
        changed = account.send(
            "PUT", path, status=200, json={**read.json(), name: "new"}, headers={"If-Match": etag}
        )
        assert changed.headers["etag"] != etag
        stale = {"If-Match": etag}
        refused = account.put(path, {**read.json(), name: "x"}, status=412, headers=stale)
        assert refused["code"] == "PRECONDITION_FAILED"
        assert account.get(path)["name"] == "new"
        account.delete(path, status=412, headers=stale)
        account.put(path, {**read.json(), name: "y"}, headers={"If-Match": "*"})


def test_permissions_come_only_when_asked_for(account: Account) -> None:
    account.data_source()
    assert "permissions" not in account.get("/traits")[0]
    assert "MAP_TO_SEGMENTS" in account.get("/traits", includePermissions="true")[0]["permissions"]


def test_limits_and_value_lists_answer(account: Account) -> None:
    for path in ("/traits/limits", "/segments/limits", "/destinations/limits"):
        rows = account.get(path)
        assert all(row["limit"] > row["count"] >= 0 for row in rows)
    assert "CROSS_DEVICE" in account.get("/datasources/configurations/available-id-types")
    assert account.get("/customer-trait-types")[0]["pixelType"] == 0


def test_bulk_delete_is_all_or_nothing(account: Account) -> None:
    source = account.data_source()["dataSourceId"]
    traits = [account.trait(source)["sid"] for _ in range(3)]
    account.segment(source, f"{traits[1]}T")
    refused = account.post("/traits/bulk-delete/", [*traits, 1], status=409)
    assert refused["childMessages"] == [
        f"trait {traits[1]} is in use",
        "trait 1 does not exist",
    ]
    assert {row["sid"] for row in account.get("/traits")} >= set(traits)
    account.post("/traits/bulk-delete/", [traits[0], str(traits[2])], status=204)
    assert {row["sid"] for row in account.get("/traits")} & set(traits) == {traits[1]}
    account.post("/traits/bulk-delete/", {"ids": traits}, status=400)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_field_value_crashes_it(account: Account, data: st.DataObject) -> None:
    bodies = {
        "/datasources": {"name": "x", "idType": "COOKIE", "dataExportRestrictions": []},
        "/traits": trait_body(4900),
        "/segments": segment_body(4900, "7000000T"),
        "/folders/traits": {"name": "f", "parentFolderId": 0},
        "/destinations": {"name": "d", "destinationType": "PUSH", "serializationEnabled": False},
    }
    path = data.draw(st.sampled_from(sorted(bodies)))
    body = dict(bodies[path])
    for name in data.draw(
        st.lists(st.sampled_from(sorted(body)), min_size=1, max_size=2, unique=True)
    ):
        body[name] = data.draw(JSON_VALUES)
    answer = account.http.post(
        path, content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in {201, 400, 409}, answer.text
    assert httpx.codes.is_success(account.http.get(path).status_code)


WORDS = st.sampled_from(
    [
        "segments",
        "traits",
        "folders",
        "destinations",
        "datasources",
        "mappings",
        "bulk-create",
        "limits",
        "validate",
        "bulk-delete",
        "users",
        "self",
        "0",
        "4200",
        "ic:",
        "%00",
        "%2F",
        "%ff",
        "",
        "",
    ]
)
PARAMETERS = st.sampled_from(
    [
        "page",
        "pageSize",
        "sortBy",
        "descending",
        "search",
        "folderId",
        "dataSourceId",
        "status",
        "integrationCode",
        "restrictType",
        "includeMetrics",
        "includeDetails",
        "containsTrait",
        "updatedSince",
        "includePermissions",
        "containsSegment",
        "includeMappings",
    ]
)
ARGUMENTS = (
    st.sampled_from(["true", "name", "sid", "0", "1", "9" * 30, "-1", "%", "_'\""]) | st.text()
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"]),
    words=st.lists(WORDS, max_size=4),
    query=st.dictionaries(PARAMETERS, ARGUMENTS, max_size=4),
    body=JSON_VALUES,
)
def test_no_path_or_query_crashes_it(
    account: Account, method: str, words: list[str], query: dict[str, str], body: object
) -> None:
    content = None if method in {"GET", "HEAD", "DELETE"} else json.dumps(body)
    answer = account.http.request(
        method,
        f"{account.sandbox.url}/v1/{'/'.join(words)}",
        params=query,
        content=content,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code < 500, (answer.request.url, answer.text)
    if answer.content and method != "HEAD":
        assert isinstance(answer.json(), dict | list)
