"""What a user who is no administrator sees and may do."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from audctl.sandbox.audience_manager import Choices
from audctl.sandbox.server import start
from tests import loopback
from tests.sandbox.audience_manager_account import (
    Account,
    Json,
    mapping_body,
    segment_body,
    trait_body,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CODES = {"READ": "READ", "WRITE": "EDIT", "CREATE": "CREATE", "DELETE": "DELETE"}


@pytest.fixture
def restricted(account: Account) -> Iterator[Account]:
    with closing(Account(account.sandbox, "restricted")) as opened:
        yield opened


def allow(account: Account, *wildcards: str, objects: Json = ()) -> None:
    """Give the restricted user's group exactly these rights."""
    document = {"wildcards": list(wildcards), "objects": list(objects)}
    answer = loopback.put(f"{account.sandbox.url}/_sandbox/rights", json=document)
    assert answer.status_code == 200, answer.text
    shown = loopback.get(f"{account.sandbox.url}/_sandbox/rights").json()
    assert shown["wildcards"] == sorted(wildcards)


def on(kind: str, object_id: int, *rights: str) -> Json:
    return {"kind": kind, "id": object_id, "rights": list(rights)}


def test_the_restricted_user_is_no_administrator(restricted: Account) -> None:
    whoami = restricted.get("/users/self")
    assert (whoami["uid"], whoami["admin"], whoami["groups"]) == (21, False, [501])


def test_without_rights_lists_are_empty_and_details_forbidden(
    account: Account, restricted: Account
) -> None:
    source = account.data_source()["dataSourceId"]
    trait = account.trait(source, integrationCode="hidden")
    segment = account.segment(source, f"{trait['sid']}T", integrationCode="hidden")
    destination = account.url_destination()["destinationId"]
    for path in ("/traits", "/segments", "/destinations"):
        assert account.get(path) != []
        assert restricted.get(path) == []
        assert restricted.get(path, page=0)["total"] == 0
    for path in (f"/traits/{trait['sid']}", "/traits/ic:hidden"):
        refused = restricted.get(path, status=403)
        assert refused["code"] == "ACCESS_DENIED_NO_READ_TRAIT_PERMISSION_WITH_DATA_PROVIDER"
    for path in (f"/segments/{segment['sid']}", "/segments/ic:hidden"):
        assert restricted.get(path, status=403)["code"] == "ACCESS_DENIED"
    restricted.get(f"/destinations/{destination}", status=403)
    restricted.get(f"/destinations/{destination}/mappings", status=403)
    restricted.get(
        f"/destinations/{destination}/history/outbound?startDate=0&endDate=1", status=403
    )
    restricted.get(f"/traits/{trait['sid']}/trait-rule/versions", status=403)
    assert restricted.get(f"/traits/{trait['sid']},1") == []
    assert restricted.get("/traits/1", status=404)["code"] == "NOT_FOUND"


def test_every_write_of_the_restricted_user_is_forbidden(
    account: Account, restricted: Account
) -> None:
    whole = account.data_source()
    source = whole["dataSourceId"]
    trait = account.trait(source)
    segment = account.segment(source, f"{trait['sid']}T")
    destination = account.url_destination()
    base = f"/destinations/{destination['destinationId']}"
    mapping = account.post(
        f"{base}/mappings", mapping_body(segment["sid"], url="https://x.example")
    )
    number = mapping["destinationMappingId"]
    folder = account.post("/folders/traits", {"name": "f", "parentFolderId": 0})
    other = account.post("/folders/segments", {"name": "f", "parentFolderId": 0})
    texts = dict.fromkeys(("sourceKey", "sourceValue", "targetKey", "targetValue"), "x")
    signal = account.post("/signals/derived", texts)
    site = account.post("/partner-sites", {"url": "a.example"})
    posts: list[tuple[str, Json]] = [
        ("/datasources", {"name": "x"}),
        ("/traits", trait_body(source)),
        ("/segments", segment_body(source, f"{trait['sid']}T")),
        ("/folders/traits", {"name": "x", "parentFolderId": 0}),
        ("/folders/segments", {"name": "x", "parentFolderId": 0}),
        ("/destinations", {}),
        (f"{base}/mappings", mapping_body(segment["sid"], url="https://y.example")),
        (f"{base}/bulk-create", [mapping_body(segment["sid"], url="https://y.example")]),
        ("/signals/derived", texts),
        ("/partner-sites", {"url": "b.example"}),
        ("/customer-trait-types", {"name": "x"}),
        ("/datasources/bulk-delete", [source]),
        ("/traits/bulk-delete", [trait["sid"]]),
        ("/segments/bulk-delete", [segment["sid"]]),
        ("/destinations/bulk-delete", [destination["destinationId"]]),
        ("/segments/validate", {"code": f"{trait['sid']}T"}),
        (
            "/segments/bulk-merge-rule-replace",
            {"existingMergeRuleDataSourceId": 4910, "replaceWithMergeRuleDataSourceId": 4911},
        ),
    ]
    with account.sandbox.store.write() as conn:  # no call makes merge rules
        conn.execute(
            "INSERT INTO aam_merge_rule (id, document, origin) SELECT 4911, document, origin"
            " FROM aam_merge_rule"
        )
    for path, body in posts:
        restricted.post(path, body, status=403)
    objects: list[tuple[str, Json]] = [
        (f"/datasources/{source}", whole),
        (f"/traits/{trait['sid']}", trait),
        (f"/segments/{segment['sid']}", segment),
        (f"/folders/traits/{folder['folderId']}", folder),
        (f"/folders/segments/{other['folderId']}", other),
        (base, destination),
        (f"{base}/mappings/{number}", mapping),
        (f"/signals/derived/{signal['derivedSignalId']}", signal),
        (f"/datasources/{source}/inbound-mailing-list/a@b.example", {}),
    ]
    for path, body in objects:
        restricted.put(path, body, status=403)
        restricted.delete(path, status=403)
    restricted.delete(f"/partner-sites/{site['siteId']}", status=403)
    restricted.delete(f"{base}/segments/{number}", status=403)
    restricted.put(f"/destinations/mappings/{number}", mapping, status=403)
    for path, body in objects[:-1]:
        assert {**account.get(path), "subFolders": 0} == {**body, "subFolders": 0}


def test_rights_on_objects_filter_lists(account: Account, restricted: Account) -> None:
    source = account.data_source()["dataSourceId"]
    mine, other = account.trait(source)["sid"], account.trait(source)["sid"]
    allow(account, objects=[on("traits", mine, "READ", "WRITE")])
    (row,) = restricted.get("/traits", includePermissions="true")
    assert (row["sid"], sorted(row["permissions"])) == (mine, ["READ", "WRITE"])
    assert restricted.get("/traits", page=0)["total"] == 1
    assert [row["sid"] for row in restricted.get("/traits?permissions=READ&permissions=WRITE")] == [
        mine
    ]
    assert restricted.get("/traits", permissions="DELETE") == []
    assert {row["sid"] for row in account.get("/traits", permissions="DELETE")} > {mine, other}
    assert [row["sid"] for row in restricted.get(f"/traits/{mine},{other}")] == [mine]
    whole = restricted.get(f"/traits/{mine}")
    assert restricted.put(f"/traits/{mine}", {**whole, "name": "new"})["upUID"] == 21
    restricted.delete(f"/traits/{mine}", status=403)
    restricted.get(f"/traits/{other}", status=403)
    account.delete(f"/traits/{mine}")
    assert loopback.get(f"{account.sandbox.url}/_sandbox/rights").json()["objects"] == []


def test_rights_on_a_data_source_reach_what_is_in_it(account: Account, restricted: Account) -> None:
    source, other = (account.data_source()["dataSourceId"] for _ in range(2))
    trait, foreign = account.trait(source)["sid"], account.trait(other)["sid"]
    segment = account.segment(source, f"{trait}T")["sid"]
    account.segment(other, f"{foreign}T")
    allow(account, objects=[on("datasources", source, "READ", "CREATE", "MAP_TO_SEGMENTS")])
    assert [row["sid"] for row in restricted.get("/traits")] == [trait]
    assert [row["sid"] for row in restricted.get("/segments")] == [segment]
    (row,) = restricted.get("/segments", includePermissions="true", permission="CREATE")
    assert sorted(row["permissions"]) == ["CREATE", "READ"]
    made = restricted.trait(source)
    assert made["crUID"] == 21
    refused = restricted.post("/traits", trait_body(other), status=403)
    assert refused["code"] == "ACCESS_DENIED_NO_CREATE_TRAIT_PERMISSION_WITH_DATA_PROVIDER"
    restricted.put(f"/traits/{made['sid']}", {**made, "dataSourceId": other}, status=403)
    restricted.segment(source, f"{made['sid']}T")
    restricted.post("/segments", segment_body(source, f"{foreign}T"), status=403)
    restricted.post("/segments", segment_body(other, f"{trait}T"), status=403)


@pytest.mark.parametrize("owned", [True, False])
def test_a_creator_gets_rights_on_what_was_made(tmp_path: Path, owned: bool) -> None:
    choices = Choices(creator_gets_rights=owned)
    with (
        start(tmp_path, choices=choices) as running,
        closing(Account(running)) as account,
        closing(Account(running, "restricted")) as restricted,
    ):
        source = account.data_source()["dataSourceId"]
        allow(account, "CREATE_ALL_TRAITS")
        made = restricted.trait(source)
        assert [row["sid"] for row in restricted.get("/traits")] == ([made["sid"]] if owned else [])
        restricted.delete(f"/traits/{made['sid']}", status=204 if owned else 403)


def test_wildcards_open_a_kind(account: Account, restricted: Account) -> None:
    source = account.data_source()["dataSourceId"]
    trait = account.trait(source)
    path = f"/traits/{trait['sid']}"
    allow(account, "VIEW_ALL_TRAITS")
    assert restricted.get("/traits") == account.get("/traits")
    assert restricted.get("/traits", includePermissions="true")[0]["permissions"] == ["READ"]
    for permission, method in (("WRITE", "PUT"), ("DELETE", "DELETE")):
        refused = restricted.send(method, path, status=403, json=trait).json()
        assert f"_NO_{CODES[permission]}_TRAIT" in refused["code"]
    allow(account, "VIEW_ALL_TRAITS", "EDIT_ALL_TRAITS", "DELETE_ALL_TRAITS", "CREATE_ALL_TRAITS")
    restricted.put(path, trait)
    restricted.post("/folders/traits", {"name": "x", "parentFolderId": 0})
    restricted.delete(path)


def test_deleting_a_segment_needs_access_to_its_traits(
    account: Account, restricted: Account
) -> None:
    source = account.data_source()["dataSourceId"]
    trait = account.trait(source)["sid"]
    segment = account.segment(source, f"{trait}T")["sid"]
    allow(account, "VIEW_ALL_SEGMENTS", "DELETE_ALL_SEGMENTS")
    refused = restricted.delete(f"/segments/{segment}", status=403)
    assert refused["message"] == f"no READ permission for trait {trait}"
    allow(
        account,
        "VIEW_ALL_SEGMENTS",
        "DELETE_ALL_SEGMENTS",
        objects=[on("traits", trait, "READ")],
    )
    restricted.delete(f"/segments/{segment}")


def test_mapping_needs_rights_on_both_sides(account: Account, restricted: Account) -> None:
    source = account.data_source()["dataSourceId"]
    segment = account.segment(source, f"{account.trait(source)['sid']}T")["sid"]
    destination = account.url_destination()["destinationId"]
    path, body = (
        f"/destinations/{destination}/mappings",
        mapping_body(segment, url="https://x.example"),
    )
    allow(account, "VIEW_ALL_DESTINATIONS", "MAP_ALL_TO_DESTINATIONS")
    restricted.post(path, body, status=403)
    allow(account, "VIEW_ALL_DESTINATIONS", "EDIT_ALL_DESTINATIONS")
    restricted.post(path, body, status=403)
    allow(
        account,
        "VIEW_ALL_DESTINATIONS",
        "EDIT_ALL_DESTINATIONS",
        objects=[on("segments", segment, "MAP_TO_DESTINATIONS")],
    )
    restricted.post(path, body)


def test_data_sources_are_for_administrators_to_change(
    account: Account, restricted: Account
) -> None:
    allow(account, "EDIT_ALL_TRAITS", "CREATE_ALL_TRAITS", "DELETE_ALL_TRAITS")
    whole = account.data_source()
    assert whole in restricted.get("/datasources")
    assert restricted.get("/datasources", permissions="WRITE") == []
    shown = restricted.get("/datasources", includePermissions="true")
    assert all(row["permissions"] == ["READ"] for row in shown)
    path = f"/datasources/{whole['dataSourceId']}"
    assert restricted.get(path) == whole
    restricted.put(path, {**whole, "dataExportRestrictions": ["PII"]}, status=403)


def test_the_expression_tree_hides_what_the_caller_may_not_read(
    account: Account, restricted: Account
) -> None:
    source = account.data_source()["dataSourceId"]
    seen, hidden = account.trait(source)["sid"], account.trait(source)["sid"]
    segment = account.segment(source, f"{seen}T AND {hidden}T")["sid"]
    allow(account, "VIEW_ALL_SEGMENTS", objects=[on("traits", seen, "READ", "MAP_TO_SEGMENTS")])
    shown = restricted.get(
        f"/segments/{segment}", includeExprTree="true", includePermissions="true"
    )
    assert [trait["sid"] for trait in shown["traits"]] == [seen]
    assert (shown["mappableTraits"], shown["hiddenTraits"]) == ([seen], [hidden])
    assert shown["permissions"] == ["READ"]


def test_the_demo_gives_the_restricted_user_something_to_see(demo_account: Account) -> None:
    with closing(Account(demo_account.sandbox, "restricted")) as restricted:
        for path in ("/traits", "/segments", "/destinations"):
            seen = {row["name"] for row in restricted.get(path)}
            assert set() < seen < {row["name"] for row in demo_account.get(path)}


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"wildcards": "x"},
        {"wildcards": ["FLY"]},
        {"objects": [{}]},
        {"objects": [{"kind": "folders", "id": 1, "rights": []}]},
        {"objects": [{"kind": "traits", "id": "1", "rights": []}]},
        {"objects": [{"kind": "traits", "id": 1, "rights": ["MAP_TO_DESTINATIONS"]}]},
        {"objects": [{"kind": "traits", "id": 1, "rights": [{}]}]},
        {"wildcards": [{}]},
        {"colour": "red"},
    ],
)
def test_rights_that_make_no_sense_are_refused(account: Account, document: Json) -> None:
    answer = loopback.put(f"{account.sandbox.url}/_sandbox/rights", json=document)
    assert answer.status_code == 400
    assert loopback.post(f"{account.sandbox.url}/_sandbox/rights").status_code == 405


def test_mappings_have_the_permissions_of_their_destination(demo_account: Account) -> None:
    path = "/destinations/4101/mappings"
    with closing(Account(demo_account.sandbox, "restricted")) as restricted:
        (row,) = restricted.get(path, includePermissions="true")["list"]
        assert row["permissions"] == ["READ"]
        assert restricted.get(path, permissions="WRITE")["list"] == []
        assert restricted.get(path, permissions="READ", page=0)["total"] == 1
        shown = restricted.get(path, includePermissions="true", includeDeletedEntities="true")
        assert shown["total"] == 1
    (row,) = demo_account.get(path, includePermissions="true", permissions="DELETE")["list"]
    assert row["permissions"] == ["READ", "WRITE", "CREATE", "DELETE"]
