from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from audctl.sandbox.audience_manager import Choices
from audctl.sandbox.server import start
from tests import loopback
from tests.sandbox.audience_manager_account import Account, Json, mapping_body, segment_body

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def source(account: Account) -> int:
    made = account.data_source(uniqueSegmentIntegrationCodes=True)["dataSourceId"]
    assert isinstance(made, int)
    return made


@pytest.fixture
def trait(account: Account, source: int) -> int:
    made = account.trait(source)["sid"]
    assert isinstance(made, int)
    return made


def test_a_create_answers_with_the_whole_object(account: Account, source: int, trait: int) -> None:
    made = account.segment(source, f"{trait}T", integrationCode="carts")
    assert made == account.get(f"/segments/{made['sid']}") == account.get("/segments/ic:carts")
    assert (made["status"], made["description"], made["folderId"]) == ("ACTIVE", "", 0)
    assert made["mergeRuleDataSourceId"] == 4910


def test_list_rows_carry_all_but_the_merge_rule(account: Account, source: int, trait: int) -> None:
    made = account.segment(source, f"{trait}T")
    (row,) = account.get("/segments")
    assert {**row, "mergeRuleDataSourceId": 4910} == made
    assert "mergeRuleDataSourceId" not in row


def test_list_rows_can_carry_the_merge_rule_too(tmp_path: Path) -> None:
    choices = Choices(segment_list_has_merge_rule=True)
    with start(tmp_path, choices=choices) as running, closing(Account(running)) as account:
        made = account.segment(account.data_source()["dataSourceId"], "7000000T")
        assert account.get("/segments") == [made]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": None}, "name is required"),
        ({"name": "x" * 256}, "name may have at most 255 characters"),
        ({"segmentRule": ""}, "segmentRule is required"),
        ({"segmentRule": "7T"}, "segmentRule: trait 7T does not exist"),
        (
            {"segmentRule": "NOT 7000000T"},
            "segmentRule: it is also true for users without any trait",
        ),
        ({"dataSourceId": 1}, "dataSourceId 1 does not exist"),
        ({"folderId": 1}, "folderId 1 does not exist"),
        ({"folderId": None}, "folderId is required"),
        ({"mergeRuleDataSourceId": 4900}, "mergeRuleDataSourceId 4900 is not a profile merge rule"),
        ({"status": "PAUSED"}, "status must be one of ACTIVE, INACTIVE"),
    ],
)
def test_wrong_fields_are_named(
    account: Account, source: int, fields: dict[str, Any], message: str
) -> None:
    refused = account.post("/segments", {**segment_body(source, "7000000T"), **fields}, status=400)
    assert len(refused["childMessages"]) == 1
    assert refused["childMessages"][0].startswith(message)
    assert account.get("/segments") == []


def test_negative_rules_can_be_allowed(tmp_path: Path) -> None:
    choices = Choices(negative_rules_refused=False)
    with start(tmp_path, choices=choices) as running, closing(Account(running)) as account:
        account.segment(account.data_source()["dataSourceId"], "NOT 7000000T")


def test_a_put_replaces_the_whole_object(account: Account, source: int, trait: int) -> None:
    made = account.segment(
        source, f"{trait}T", integrationCode="carts", status="INACTIVE", description="text"
    )
    path = f"/segments/{made['sid']}"
    required = ("name", "segmentRule", "folderId", "dataSourceId")
    changed = account.put("/segments/ic:carts", {name: made[name] for name in required})
    assert (changed["status"], changed["description"]) == ("ACTIVE", "")
    assert changed["integrationCode"] is None
    account.get("/segments/ic:carts", status=404)
    for name in required:
        body = {key: value for key, value in made.items() if key != name}
        assert account.put(path, body, status=400)["childMessages"] == [f"{name} is required"]
    assert {**account.put(path, made), "updateTime": 0} == {**made, "updateTime": 0}


def test_the_server_stamps_who_and_when(account: Account, source: int, trait: int) -> None:
    made = account.segment(source, f"{trait}T", createTime=1, crUID=99)
    moved = loopback.post(f"{account.sandbox.url}/_sandbox/clock", json={"advance": "2h"})
    assert moved.status_code == 200
    with closing(Account(account.sandbox, "marketer")) as marketer:
        changed = marketer.put(f"/segments/{made['sid']}", {**made, "status": "INACTIVE"})
    assert (made["crUID"], made["upUID"], changed["crUID"], changed["upUID"]) == (7, 7, 7, 12)
    assert changed["createTime"] == made["createTime"]
    assert 7_200_000 <= changed["updateTime"] - made["updateTime"] < 7_260_000


def test_lists_can_be_narrowed(account: Account, source: int, trait: int) -> None:
    other = account.data_source()["dataSourceId"]
    folder = account.post("/folders/segments", {"name": "Web", "parentFolderId": 0})["folderId"]
    inner = account.post("/folders/segments", {"name": "Cart", "parentFolderId": folder})[
        "folderId"
    ]
    a = account.segment(source, f"{trait}T", folderId=folder, integrationCode="a")
    b = account.segment(other, "7000000T", folderId=inner, status="INACTIVE")

    def sids(**query: Json) -> set[int]:
        return {row["sid"] for row in account.get("/segments", **query)}

    assert sids() == {a["sid"], b["sid"]}
    assert sids(dataSourceId=other) == {b["sid"]}
    assert sids(dataSourceId=[source, other]) == {a["sid"], b["sid"]}
    assert sids(folderId=folder) == {a["sid"]}
    assert [row["sid"] for row in account.get("/segments?status=INACTIVE")] == [b["sid"]]
    assert sids(containsTrait=trait) == {a["sid"]}
    assert sids(integrationCode="a") == {a["sid"]}
    assert sids(mergeRuleDataSourceId=4910) == {a["sid"], b["sid"]}
    assert sids(mergeRuleDataSourceId=1) == set()
    assert sids(updatedSince=b["updateTime"] + 1) == set()


def test_a_folder_filter_can_include_subfolders(tmp_path: Path) -> None:
    choices = Choices(folder_filter_includes_subfolders=True)
    with start(tmp_path, choices=choices) as running, closing(Account(running)) as account:
        source = account.data_source()["dataSourceId"]
        outer = account.post("/folders/segments", {"name": "a", "parentFolderId": 0})["folderId"]
        inner = account.post("/folders/segments", {"name": "b", "parentFolderId": outer})[
            "folderId"
        ]
        made = account.segment(source, "7000000T", folderId=inner)
        assert [row["sid"] for row in account.get("/segments", folderId=outer)] == [made["sid"]]


def test_extras_come_only_when_asked_for(demo_account: Account) -> None:
    plain = demo_account.get("/segments", integrationCode="newsletter-openers")[0]
    row = demo_account.get(
        "/segments",
        integrationCode="newsletter-openers",
        includeMetrics="true",
        includeTraitDataSourceIds="true",
        includeInUseStatus="true",
    )[0]
    assert set(row) - set(plain) >= {"totalUniques30Day", "traitDataSourceIds", "inUse"}
    assert row["totalUniques30Day"] == 58_121
    assert row["traitDataSourceIds"] == [plain["dataSourceId"]]
    assert row["inUse"] is True
    one = demo_account.get("/segments/ic:newsletter-openers", includeMetrics="true")
    assert one["instantUniquesLifetime"] == 58_121
    assert demo_account.get("/segments", includeInUseStatus="true")[0]["inUse"] is False


def test_codes_are_unique_per_source_only_when_the_flag_says_so(
    account: Account, source: int, trait: int
) -> None:
    loose = account.data_source()["dataSourceId"]
    first = account.segment(source, f"{trait}T", integrationCode="x")
    body = segment_body(source, f"{trait}T", integrationCode="x")
    refused = account.post("/segments", body, status=409)
    assert refused == {
        "code": "DUPLICATE_INTEGRATION_CODE",
        "message": f"integration code x belongs to segment {first['sid']}",
    }
    account.segment(loose, f"{trait}T", integrationCode="x")
    account.segment(loose, f"{trait}T", integrationCode="x")
    assert account.get("/segments/ic:x")["sid"] == first["sid"]
    account.delete("/segments/ic:x")
    assert account.get("/segments/ic:x")["dataSourceId"] == loose


def test_a_mapped_segment_cannot_be_deleted(account: Account, source: int, trait: int) -> None:
    segment = account.segment(source, f"{trait}T")["sid"]
    destination = account.url_destination(name="Partner")
    base = f"/destinations/{destination['destinationId']}"
    mapping = account.post(f"{base}/mappings", mapping_body(segment, url="https://x.example"))
    refused = account.delete(f"/segments/{segment}", status=409)
    assert refused["code"] == "CANNOT_DELETE_ENTITY_MAPPED"
    assert refused["childMessages"] == [
        f"destination {destination['destinationId']} Partner uses it"
    ]
    account.delete(f"{base}/mappings/{mapping['destinationMappingId']}")
    account.delete(f"/segments/{segment}")
    account.delete(f"/traits/{trait}")


def test_account_limits_are_kept(tmp_path: Path) -> None:
    limits = {**Choices().limits, "segments": 1, "traitsPerSegment": 1}
    with (
        start(tmp_path, choices=Choices(limits=limits)) as running,
        closing(Account(running)) as account,
    ):
        source = account.data_source()["dataSourceId"]
        body = segment_body(source, "7000000T OR 6999999T")
        assert account.post("/segments", body, status=409)["code"] == "RESOURCE_LIMIT_EXCEEDED"
        made = account.segment(source, "7000000T")
        body = segment_body(source, "7000000T")
        assert account.post("/segments", body, status=409)["code"] == "RESOURCE_LIMIT_EXCEEDED"
        account.delete(f"/segments/{made['sid']}")
        account.segment(source, "7000000T")


def test_the_demo_tenant_has_segments_of_several_makers(demo_account: Account) -> None:
    by_code = {row["integrationCode"]: row for row in demo_account.get("/segments")}
    assert by_code["vip-customers"]["name"] == "VIP customers"
    assert by_code["vip-customers"]["upUID"] == 12
    spenders = by_code["analytics-big-spenders"]
    assert (spenders["name"], spenders["crUID"]) == ("Analytics: big spenders", 0)
    path = f"/segments/{spenders['sid']}"
    demo_account.put(path, {**spenders, "status": "INACTIVE"}, status=403)
    demo_account.delete(path, status=403)


def test_a_start_time_shows_once_it_was_set(account: Account, source: int) -> None:
    made = account.segment(source, "7000000T")
    assert "startTime" not in made
    path = f"/segments/{made['sid']}"
    assert account.put(path, {**made, "startTime": "5"})["startTime"] == 5
    assert account.put(path, made)["startTime"] is None


def test_a_segment_tells_where_it_is_used(account: Account, source: int, trait: int) -> None:
    segment = account.segment(source, f"{trait}T")["sid"]
    destination = account.url_destination()["destinationId"]
    for number in range(2):
        body = mapping_body(segment, url=f"https://{number}.example")
        account.post(f"/destinations/{destination}/mappings", body)
    flags: Json = {
        "includeInUseStatus": "true",
        "includeTraitDataSourceIds": "true",
        "includeAddressableAudienceMetrics": "true",
    }
    one, (row,) = account.get(f"/segments/{segment}", **flags), account.get("/segments", **flags)
    for shown in (one, row):
        assert (shown["inUse"], shown["mappedEntities"]) == (True, {"destinations": [destination]})
        assert shown["traitDataSourceIds"] == [source]
        assert shown["addressableAudience"] is None
    assert "inUse" not in account.get(f"/segments/{segment}")


def test_the_expression_tree_comes_with_the_detail_only(
    account: Account, source: int, trait: int
) -> None:
    other = account.trait(source)["sid"]
    rule = f"({trait}T OR frequency([{trait}T, {other}T] <= 7D) >= 2) AND NOT {other}T"
    segment = account.segment(source, rule)["sid"]
    shown = account.get(f"/segments/{segment}", includeExprTree="true")
    assert shown["expressionTree"] == {
        "type": "AND",
        "operands": [
            {
                "type": "OR",
                "operands": [
                    {"type": "TRAIT", "sid": trait},
                    {
                        "type": "FREQUENCY",
                        "sids": [trait, other],
                        "recency": {"operator": "<=", "days": 7},
                        "operator": ">=",
                        "times": 2,
                    },
                ],
            },
            {"type": "NOT", "operands": [{"type": "TRAIT", "sid": other}]},
        ],
    }
    assert [row["sid"] for row in shown["traits"]] == shown["mappableTraits"] == [trait, other]
    assert (shown["hiddenTraits"], shown["codeViewOnly"]) == ([], False)
    assert "expressionTree" not in account.get("/segments", includeExprTree="true")[0]


def test_estimates_tell_the_size_on_record_or_none(demo_account: Account) -> None:
    vip, openers = (
        demo_account.get(f"/segments/ic:{code}") for code in ("vip-customers", "newsletter-openers")
    )

    def estimate(rule: str, path: str = "estimate-size", status: int = 200) -> Json:
        return demo_account.post(f"/segments/{path}", {"rule": rule}, status=status)

    assert estimate(vip["segmentRule"])["size"] == 48_210
    assert estimate(openers["segmentRule"])["size"] == 58_121
    assert estimate(f"  ({openers['segmentRule']})")["size"] == 58_121
    unseen = f"{vip['segmentRule']} AND NOT 7000000T"
    assert estimate(unseen) == {"rule": unseen, "days": None, "size": None}
    for days in (7, 30, 60):
        answer = estimate(vip["segmentRule"], f"estimate-{days}-day-size")
        assert (answer["days"], answer["size"]) == (days, None)
    estimate("7T", status=400)
    group = f"frequency([{vip['segmentRule']}]) >= 1"
    assert estimate(" AND ".join([group] * 4))["size"] is None
    refused = estimate(" AND ".join([group] * 5), status=400)
    assert refused["childMessages"] == [
        "rule: more than 4 recency or frequency groups cannot be estimated"
    ]


def add_merge_rule(account: Account, *data_sources: int) -> int:
    with account.sandbox.store.write() as conn:  # no call makes merge rules
        document = json.dumps(
            {
                "dataSourceId": 4911,
                "name": "Known people",
                "pid": 900,
                "dataExportRestrictions": [],
                "dataSources": data_sources,
            }
        )
        conn.execute(
            "INSERT INTO aam_merge_rule (id, document, origin) VALUES (4911, ?, 'user')",
            (document,),
        )
    return 4911


def test_one_merge_rule_replaces_another_in_every_segment(account: Account, source: int) -> None:
    new = add_merge_rule(account)
    sids = [account.segment(source, "7000000T")["sid"] for _ in range(3)]
    etag = account.send("GET", f"/segments/{sids[0]}", status=200).headers["etag"]
    body = {"existingMergeRuleDataSourceId": 4910, "replaceWithMergeRuleDataSourceId": new}
    path = "/segments/bulk-merge-rule-replace"
    assert account.post(path, body, status=200) == {"updatedSegments": sids}
    assert account.post(path, body, status=200) == {"updatedSegments": []}
    changed = account.send("GET", f"/segments/{sids[0]}", status=200)
    assert changed.json()["mergeRuleDataSourceId"] == new
    assert changed.headers["etag"] != etag
    refused = account.post(path, {**body, "replaceWithMergeRuleDataSourceId": 1}, status=400)
    assert refused["childMessages"] == [
        "replaceWithMergeRuleDataSourceId 1 is not a profile merge rule"
    ]


def test_export_controls_forbid_a_merge_rule_for_a_mapped_segment(
    account: Account, source: int
) -> None:
    known = account.data_source(dataExportRestrictions=["PII"])["dataSourceId"]
    new = add_merge_rule(account, known)
    free, mapped = (account.segment(source, "7000000T")["sid"] for _ in range(2))
    destination = account.url_destination(dataExportLabels=["PII"])["destinationId"]
    account.post(
        f"/destinations/{destination}/mappings", mapping_body(mapped, url="https://x.example")
    )
    body = {"existingMergeRuleDataSourceId": 4910, "replaceWithMergeRuleDataSourceId": new}
    refused = account.post("/segments/bulk-merge-rule-replace", body, status=409)
    assert refused["code"] == "EXPORT_CONTROL_VIOLATION"
    assert account.get(f"/segments/{free}")["mergeRuleDataSourceId"] == 4910
    whole = account.get(f"/segments/{mapped}")
    account.put(f"/segments/{mapped}", {**whole, "mergeRuleDataSourceId": new}, status=409)
