from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from audctl.sandbox.audience_manager import Choices
from audctl.sandbox.server import start
from tests import loopback
from tests.sandbox.audience_manager_account import Account, Json, fetch_token

if TYPE_CHECKING:
    from pathlib import Path


def test_a_create_answers_with_the_whole_object(account: Account) -> None:
    made = account.post(
        "/datasources/", {"name": "web", "integrationCode": "web", "inboundS2S": "true"}
    )
    assert made == account.get(f"/datasources/{made['dataSourceId']}")
    assert made == account.get("/datasources", integrationCode="web")[0]
    assert made["inboundS2S"] is True
    assert made["outboundS2S"] is False
    assert made["idType"] == "COOKIE"
    assert made["dataExportRestrictions"] == []
    assert made["customNamespaceId"] == made["dataSourceId"]
    assert made["customerProfileDataRetention"] is None
    assert (made["crUID"], made["upUID"]) == (7, 7)
    assert made["createTime"] == made["updateTime"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": None}, "name is required"),
        ({"name": "  "}, "name is required"),
        ({"name": "x" * 256}, "name may have at most 255 characters"),
        ({"name": 7}, "name must be text"),
        ({"name": "x\x00"}, "name must be text"),
        ({"inboundS2S": 1}, "inboundS2S must be true or false"),
        ({"idType": "FAX"}, "idType must be one of COOKIE, CROSS_DEVICE, DEVICE_ADVERTISING_ID"),
        ({"subIdType": "CROSS_DEVICE_PERSON"}, "subIdType is for cross-device data sources only"),
        (
            {"idType": "CROSS_DEVICE", "integrationCode": None},
            "integrationCode is required for a cross-device data source",
        ),
        (
            {"customerProfileDataRetention": 60},
            "customerProfileDataRetention must be from 2592000 to 155520000",
        ),
        ({"dataExportRestrictions": ["FAX"]}, "dataExportRestrictions must be one of"),
        ({"dataExportRestrictions": "PII"}, "dataExportRestrictions must be a list of texts"),
    ],
)
def test_wrong_fields_are_named(account: Account, fields: dict[str, Any], message: str) -> None:
    body = {"name": "x", "integrationCode": "x", **fields}
    refused = account.post("/datasources", body, status=400)
    assert refused["code"] == "INVALID_REQUEST"
    assert refused["message"] == "Validation failed"
    assert len(refused["childMessages"]) == 1
    assert refused["childMessages"][0].startswith(message)


def test_all_wrong_fields_are_named_together(account: Account) -> None:
    refused = account.post("/datasources", {"inboundS2S": "x", "idType": 5}, status=400)
    assert len(refused["childMessages"]) == 3


def test_a_put_replaces_the_whole_object(account: Account) -> None:
    made = account.data_source(name="a", description="text", inboundS2S=True)
    path = f"/datasources/{made['dataSourceId']}"
    changed = account.put(path, {"name": "b"})
    assert (changed["name"], changed["description"], changed["inboundS2S"]) == ("b", "", False)
    assert changed["integrationCode"] is None
    refused = account.put(path, {"description": "only"}, status=400)
    assert refused["childMessages"] == ["name is required"]
    assert account.get(path) == changed


def test_absent_fields_can_be_kept_instead(tmp_path: Path) -> None:
    choices = Choices(absent_field_on_put_resets=False)
    with start(tmp_path, choices=choices) as running, closing(Account(running)) as account:
        made = account.data_source(description="text")
        path = f"/datasources/{made['dataSourceId']}"
        assert account.put(path, {"name": "b"})["description"] == "text"


def test_what_was_read_can_be_put_back(account: Account) -> None:
    made = account.data_source(
        idType="CROSS_DEVICE", inboundS2S=True, samplingEnabled=True, dataExportRestrictions=["PII"]
    )
    again = account.put(f"/datasources/{made['dataSourceId']}", made)
    assert {**again, "updateTime": 0} == {**made, "updateTime": 0}


def test_read_only_and_unknown_members_are_ignored(account: Account) -> None:
    made = account.data_source()
    body = {**made, "pid": 1, "dataSourceId": 9, "createTime": 0, "crUID": 99, "colour": "red"}
    changed = account.put(f"/datasources/{made['dataSourceId']}", body)
    assert {**changed, "updateTime": 0} == {**made, "updateTime": 0}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("idType", "CROSS_DEVICE"),
        ("uniqueTraitIntegrationCodes", True),
        ("uniqueSegmentIntegrationCodes", True),
    ],
)
def test_some_fields_are_settled_at_creation(account: Account, name: str, value: object) -> None:
    made = account.data_source()
    refused = account.put(f"/datasources/{made['dataSourceId']}", {**made, name: value}, status=400)
    assert refused["childMessages"] == [f"{name} cannot be changed"]


def test_cross_device_sources_have_a_retention_and_no_visitor_id_key(account: Account) -> None:
    made = account.data_source(idType="CROSS_DEVICE", useAudienceManagerVisitorID=True)
    assert made["customerProfileDataRetention"] == 62_208_000
    assert made["useAudienceManagerVisitorID"] is False


def test_an_integration_code_belongs_to_one_source(account: Account) -> None:
    first, second = account.data_source(integrationCode="crm"), account.data_source()
    refused = account.post("/datasources", {"name": "x", "integrationCode": "crm"}, status=409)
    assert refused["code"] == "DUPLICATE_INTEGRATION_CODE"
    assert str(first["dataSourceId"]) in refused["message"]
    path = f"/datasources/{second['dataSourceId']}"
    account.put(path, {**second, "integrationCode": "crm"}, status=409)
    account.put(f"/datasources/{first['dataSourceId']}", first)


def test_global_sources_come_only_with_third_parties_and_are_read_only(account: Account) -> None:
    assert {row["pid"] for row in account.get("/datasources")} == {900}
    rows = account.get("/datasources", includeThirdParty="true", integrationCode="DSID_20914")
    assert [(row["dataSourceId"], row["pid"]) for row in rows] == [(20914, 0)]
    account.put("/datasources/20914", {**rows[0], "name": "mine"}, status=403)
    account.delete("/datasources/20914", status=403)


def test_lists_can_be_narrowed(account: Account) -> None:
    account.data_source(integrationCode="in", inboundS2S=True)
    account.data_source(integrationCode="out", outboundS2S=True)

    def codes(**query: Json) -> list[str]:
        return [row["integrationCode"] for row in account.get("/datasources", **query)]

    assert codes(inboundOnly="true") == ["in"]
    assert codes(outboundOnly="true") == ["out"]
    assert codes(integrationCode="IN") == []


def test_lists_can_be_narrowed_for_models_containers_and_objects(demo_account: Account) -> None:
    def names(**query: Json) -> set[str]:
        return {row["name"] for row in demo_account.get("/datasources", **query)}

    everything = names()
    suite = {"Marlow & Finch: production report suite"}
    unused = demo_account.data_source()["name"]
    assert unused not in names(modelingEnabled="true")
    assert "Legacy web tracking" in names(modelingEnabled="true")
    assert (
        names(objectType="trait") == names(objectType="SEGMENT") == (everything | {unused}) - suite
    )
    demo_account.get("/datasources", objectType="model", status=400)
    with demo_account.sandbox.store.write() as conn:  # no call puts data sources into containers
        conn.execute(
            "UPDATE aam_data_source SET document = json_set(document, '$.containerIds', json('[1]'))"
            " WHERE name = ?",
            (unused,),
        )
    assert names(availableForContainersOnly="true") == everything


def test_a_source_in_use_cannot_be_deleted(account: Account) -> None:
    source = account.data_source()["dataSourceId"]
    trait = account.trait(source, name="Cart")
    segment = account.segment(source, f"{trait['sid']}T", name="Carts")
    refused = account.delete(f"/datasources/{source}", status=409)
    assert refused["code"] == "CANNOT_DELETE_ENTITY_IN_USE"
    assert refused["childMessages"] == [
        f"trait {trait['sid']} Cart uses it",
        f"segment {segment['sid']} Carts uses it",
    ]
    account.delete(f"/segments/{segment['sid']}")
    account.delete(f"/traits/{trait['sid']}")
    account.delete(f"/datasources/{source}")
    account.get(f"/datasources/{source}", status=404)


def test_ids_are_never_used_again(account: Account) -> None:
    first = account.data_source()["dataSourceId"]
    account.delete(f"/datasources/{first}")
    assert account.data_source()["dataSourceId"] > first


def test_a_cross_device_source_brings_a_trait_that_follows_it(account: Account) -> None:
    source = account.data_source(idType="CROSS_DEVICE", inboundS2S=True, name="Cards")
    path = f"/datasources/{source['dataSourceId']}"

    def synced() -> Json:
        return account.get("/traits", dataSourceId=source["dataSourceId"], includeDetails="true")

    (trait,) = synced()
    assert trait["name"] == "Cards"
    account.put(path, {**source, "name": "Loyalty cards"})
    assert [row["name"] for row in synced()] == ["Loyalty cards"]
    refused = account.delete(f"/traits/{trait['sid']}", status=409)
    assert refused["code"] == "CANNOT_DELETE_SYSTEM_TRAIT"
    account.put(f"/traits/{trait['sid']}", trait, status=403)
    segment = account.segment(4900, f"{trait['sid']}T")
    account.delete(path, status=409)
    account.delete(f"/segments/{segment['sid']}")
    account.delete(path)
    assert synced() == []


def test_report_suite_sources_stay(demo_account: Account) -> None:
    everything = demo_account.get("/datasources")
    own = demo_account.get("/datasources", excludeReportSuites="true")
    (suite,) = [row for row in everything if row not in own]
    path = f"/datasources/{suite['dataSourceId']}"
    refused = demo_account.delete(path, status=409)
    assert refused["code"] == "CANNOT_DELETE_REPORT_SUITE_DATA_SOURCE"
    demo_account.put(path, {**suite, "name": "mine"}, status=403)


def test_sampling_turns_itself_off_after_two_weeks(account: Account) -> None:
    made = account.data_source()
    assert made["samplingStartTime"] is None
    path = f"/datasources/{made['dataSourceId']}"
    changed = account.put(path, {**made, "samplingEnabled": True})
    assert changed["samplingEndTime"] - changed["samplingStartTime"] == 14 * 86_400_000
    assert account.get(path)["samplingEnabled"] is True
    loopback.post(
        f"{account.sandbox.url}/_sandbox/clock", json={"advance": "14d"}
    ).raise_for_status()
    account.http.headers["Authorization"] = f"Bearer {fetch_token(account.sandbox.url)}"
    (row,) = account.get("/datasources", integrationCode=made["integrationCode"])
    assert row["samplingEnabled"] is account.get(path)["samplingEnabled"] is False
    again = account.put(path, {**row, "samplingEnabled": True})
    assert again["samplingStartTime"] > changed["samplingStartTime"]
