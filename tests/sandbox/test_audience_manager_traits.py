from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from audctl.sandbox.audience_manager import Choices
from audctl.sandbox.server import start
from tests.sandbox.audience_manager_account import Account, Json, trait_body

if TYPE_CHECKING:
    from pathlib import Path

DETAILS = {"ttl", "integrationCode", "comments", "traitRule", "traitRuleVersion", "type"}


@pytest.fixture
def source(account: Account) -> int:
    made = account.data_source(uniqueTraitIntegrationCodes=True)["dataSourceId"]
    assert isinstance(made, int)
    return made


def test_a_create_answers_with_the_whole_object(account: Account, source: int) -> None:
    made = account.trait(source, integrationCode="cart", ttl="30")
    assert made == account.get(f"/traits/{made['sid']}") == account.get("/traits/ic:cart")
    assert (made["ttl"], made["type"], made["status"], made["traitRuleVersion"]) == (
        30,
        0,
        "ACTIVE",
        0,
    )
    assert account.trait(source)["ttl"] == 120


def test_list_rows_leave_details_out(account: Account, source: int) -> None:
    made = account.trait(source, integrationCode="cart")
    (row,) = account.get("/traits", dataSourceId=source)
    assert set(made) - set(row) == DETAILS
    (row,) = account.get("/traits", dataSourceId=source, includeDetails="true")
    assert row == made


def test_metrics_hide_rules(account: Account, source: int) -> None:
    account.trait(source)
    (row,) = account.get(
        "/traits", dataSourceId=source, includeDetails="true", includeMetrics="true"
    )
    assert "traitRule" not in row
    assert row["uniques30Day"] == 0
    assert "ttl" in row


def test_lists_can_be_narrowed(account: Account, source: int) -> None:
    other = account.data_source()["dataSourceId"]
    folder = account.post("/folders/traits", {"name": "Web", "parentFolderId": 0})["folderId"]
    inner = account.post("/folders/traits", {"name": "Cart", "parentFolderId": folder})["folderId"]
    rule_based = account.trait(source, integrationCode="a", folderId=folder)["sid"]
    onboarded = account.trait(
        other, integrationCode="A", traitType="ON_BOARDED_TRAIT", folderId=inner
    )["sid"]

    def sids(query: str) -> set[int]:
        return {row["sid"] for row in account.get(f"/traits?{query}")}

    assert sids(f"dataSourceId={source}") == {rule_based}
    assert sids(f"dataSourceId={source}&dataSourceId={other}") == {rule_based, onboarded}
    assert sids("integrationCode=a") == {rule_based}
    assert sids("restrictType=ON_BOARDED_TRAIT") == {onboarded}
    assert rule_based in sids(f"folderId={folder}")
    assert onboarded not in sids(f"folderId={folder}")
    assert {row["traitType"] for row in account.get(f"/traits?folderId={inner}")} == {
        "FOLDER_TRAIT",
        "ON_BOARDED_TRAIT",
    }
    assert [row["sid"] for row in account.get(f"/traits/{rule_based},{onboarded},1")] == [
        rule_based,
        onboarded,
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": None}, "name is required"),
        ({"name": "é" * 256}, "name may have at most 255 characters"),
        ({"traitType": "FOLDER_TRAIT"}, "traitType must be one of"),
        ({"traitRule": None}, "traitRule is required"),
        ({"traitRule": "c_x = 1"}, "traitRule: unexpected text at character 5"),
        ({"dataSourceId": 1}, "dataSourceId 1 does not exist"),
        ({"dataSourceId": None}, "dataSourceId is required"),
        ({"folderId": 1}, "folderId 1 does not exist"),
        ({"folderId": None}, "folderId is required"),
        ({"ttl": -1}, "ttl must be from 0"),
    ],
)
def test_wrong_fields_are_named(
    account: Account, source: int, fields: dict[str, Any], message: str
) -> None:
    refused = account.post("/traits", trait_body(source, **fields), status=400)
    assert len(refused["childMessages"]) == 1
    assert refused["childMessages"][0].startswith(message)


def test_a_name_may_have_255_characters(account: Account, source: int) -> None:
    assert account.trait(source, name="é" * 255)["name"] == "é" * 255


def test_onboarded_traits_need_no_rule_but_a_given_one_is_checked(
    account: Account, source: int
) -> None:
    assert account.trait(source, traitType="ON_BOARDED_TRAIT", traitRule=None)["traitRule"] is None
    body = trait_body(source, traitType="ON_BOARDED_TRAIT", traitRule="ic ==")
    account.post("/traits", body, status=400)


def test_algorithmic_traits_need_a_model_that_has_run(account: Account, source: int) -> None:
    algorithm: Json = {"traitType": "ALGO_TRAIT", "traitRule": None, "thresholdType": "REACH"}
    refused = account.post("/traits", trait_body(source, traitType="ALGO_TRAIT"), status=400)
    assert refused["childMessages"] == ["algoModelId is required", "thresholdType is required"]
    body = trait_body(source, **algorithm, algoModelId=2201)
    assert account.post("/traits", body, status=409)["code"] == "CANNOT_CREATE_TRAIT_FROM_MODEL"
    with account.sandbox.store.write() as conn:  # no call makes models
        document = '{"algoModelId": 2201, "pid": 900, "name": "m", "lastRunTime": 1}'
        conn.execute(
            "INSERT INTO aam_model (id, document, origin) VALUES (2201, ?, 'user')", (document,)
        )
    made = account.post("/traits", body)
    assert (made["algoModelId"], made["traitRule"]) == (2201, None)
    assert [row["sid"] for row in account.get("/traits", usesModel=2201)] == [made["sid"]]
    refused = account.post("/models/bulk-delete", [2201], status=409)
    assert refused["childMessages"] == ["model 2201 is in use"]
    account.delete(f"/traits/{made['sid']}")
    account.post("/models/bulk-delete", [2201], status=204)
    assert account.get("/models/limits") == [{"type": "models", "limit": 20, "count": 0}]


def test_a_put_replaces_and_counts_rule_versions(account: Account, source: int) -> None:
    made = account.trait(source, integrationCode="cart", comments="why", ttl=30)
    required = ("name", "traitType", "dataSourceId", "folderId", "traitRule")
    changed = account.put("/traits/ic:cart", {name: made[name] for name in required})
    assert (changed["integrationCode"], changed["comments"], changed["ttl"]) == (None, "", 120)
    assert changed["traitRuleVersion"] == 0
    path = f"/traits/{made['sid']}"
    assert account.put(path, {**made, "traitRule": "c_a == 1"})["traitRuleVersion"] == 1
    assert account.get("/traits/ic:cart")["traitRule"] == "c_a == 1"
    for name in required:
        without = {key: value for key, value in made.items() if key != name}
        expected = 200 if name == "traitType" else 400
        account.put(path, without, status=expected)
    refused = account.put(path, {**made, "traitType": "ON_BOARDED_TRAIT"}, status=400)
    assert refused["childMessages"] == ["traitType cannot be changed"]


def test_codes_are_unique_per_source_only_when_the_flag_says_so(
    account: Account, source: int
) -> None:
    loose = account.data_source()["dataSourceId"]
    account.trait(source, integrationCode="x")
    refused = account.post("/traits", trait_body(source, integrationCode="x"), status=409)
    assert refused["code"] == "DUPLICATE_INTEGRATION_CODE"
    first = account.trait(loose, integrationCode="x")
    second = account.trait(loose, integrationCode="x")
    assert account.get("/traits/ic:x")["dataSourceId"] == source
    account.put(f"/traits/{first['sid']}", {**first, "dataSourceId": source}, status=409)
    account.trait(source, integrationCode=None)
    account.trait(source, integrationCode=None)
    assert second["sid"] > first["sid"]


def test_codes_may_hold_any_character(account: Account, source: int) -> None:
    made = account.trait(source, integrationCode="a/b c,d%e")
    assert account.get("/traits/ic:a%2Fb%20c,d%25e")["sid"] == made["sid"]


def test_a_trait_in_a_rule_cannot_be_deleted(account: Account, source: int) -> None:
    trait = account.trait(source)["sid"]
    segment = account.segment(source, f"frequency([{trait}T]) >= 1", name="Carts")
    refused = account.delete(f"/traits/{trait}", status=409)
    assert refused["code"] == "CANNOT_DELETE_ENTITY_IN_USE"
    assert refused["childMessages"] == [f"segment {segment['sid']} Carts uses it"]
    other = account.trait(source)["sid"]
    account.put(f"/segments/{segment['sid']}", {**segment, "segmentRule": f"{other}T"})
    account.delete(f"/traits/{trait}")
    account.delete(f"/traits/{other}", status=409)


def test_account_limits_are_kept(tmp_path: Path) -> None:
    limits = {**Choices().limits, "traits": 7, "RULE_BASED_TRAIT": 2}
    with (
        start(tmp_path, choices=Choices(limits=limits)) as running,
        closing(Account(running)) as account,
    ):
        source = account.data_source()["dataSourceId"]
        first = account.trait(source)
        account.trait(source)
        refused = account.post("/traits", trait_body(source), status=409)
        assert refused["code"] == "RESOURCE_LIMIT_EXCEEDED"
        account.delete(f"/traits/{first['sid']}")
        account.trait(source)
        for _ in range(3):
            account.trait(source, traitType="ON_BOARDED_TRAIT")
        body = trait_body(source, traitType="ON_BOARDED_TRAIT")
        assert (
            account.post("/traits", body, status=409)["message"]
            == "the account may have at most 7 traits"
        )


def test_traits_of_other_products_are_read_only(demo_account: Account) -> None:
    trait = demo_account.get("/traits/ic:analytics-big-spenders")
    assert trait["crUID"] == 0
    demo_account.put(f"/traits/{trait['sid']}", {**trait, "name": "mine"}, status=403)
    demo_account.delete(f"/traits/{trait['sid']}", status=403)
    body = trait_body(trait["dataSourceId"])
    assert demo_account.post("/traits", body, status=403)["code"] == "ACCESS_DENIED"
    demo_account.delete("/traits/7000000", status=409)


def test_every_rule_a_trait_has_had_is_kept(account: Account, source: int) -> None:
    made = account.trait(source, integrationCode="v")
    path = f"/traits/{made['sid']}"
    account.put(path, {**made, "traitRule": "c_a == 1"})
    account.put(path, {**made, "traitRule": "c_a == 1", "name": "same rule"})
    versions = account.get("/traits/ic:v/trait-rule/versions")
    assert [(row["traitRuleVersion"], row["traitRule"]) for row in versions] == [
        (0, made["traitRule"]),
        (1, "c_a == 1"),
    ]
    (only,) = account.get("/traits/7000000/trait-rule/versions")
    assert (only["traitRuleVersion"], only["traitRule"]) == (0, None)
    account.delete(path)
    account.get(f"{path}/trait-rule/versions", status=404)


def test_metrics_have_two_types(account: Account, source: int) -> None:
    made = account.trait(source)["sid"]
    assert account.get(f"/traits/{made}", includeMetrics="true")["count90Day"] == 0
    for kind in ("DEVICE", "CROSS_DEVICE"):
        account.get("/traits", includeMetrics="true", metricsType=kind)
    account.get("/traits", metricsType="PERSON", status=400)


def test_third_party_traits_can_be_left_out(account: Account, source: int) -> None:
    made = account.trait(source)["sid"]
    with account.sandbox.store.write() as conn:  # no call makes traits of others
        conn.execute(
            "UPDATE aam_trait SET document = json_set(document, '$.pid', 1) WHERE id = ?", (made,)
        )
    assert made in {row["sid"] for row in account.get("/traits")}
    own = account.get("/traits", includeThirdParty="false")
    assert made not in {row["sid"] for row in own}
    account.delete(f"/traits/{made}", status=403)
