"""Derived signals, custom trait types, the taxonomy, partner sites, histories, mailing lists."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from audctl.sandbox.audience_manager import Choices
from audctl.sandbox.server import start
from tests.sandbox.audience_manager_account import Account, Json, trait_body

if TYPE_CHECKING:
    from pathlib import Path

SIGNAL = {"sourceKey": "a", "sourceValue": "1", "targetKey": "b", "targetValue": "2"}


def test_derived_signals_are_made_changed_and_deleted(account: Account) -> None:
    made = account.post("/signals/derived/", {**SIGNAL, "integrationCode": "x"})
    path = f"/signals/derived/{made['derivedSignalId']}"
    assert made == account.get(path) == account.get("/signals/derived", integrationCode="x")[0]
    changed = account.put(path, {**SIGNAL, "targetValue": "3"})
    assert (changed["targetValue"], changed["integrationCode"]) == ("3", None)
    account.put(path, {**SIGNAL, "targetKey": None}, status=400)
    account.put(path, SIGNAL, status=412, headers={"If-Match": '"0-0"'})
    account.delete(path)
    account.get(path, status=404)


def test_texts_of_a_derived_signal_are_limited(account: Account) -> None:
    account.post("/signals/derived", {**SIGNAL, "sourceKey": "x" * 228})
    refused = account.post("/signals/derived", {**SIGNAL, "sourceKey": "x" * 229}, status=400)
    assert refused["childMessages"] == ["sourceKey may have at most 228 characters"]


def test_derived_signals_are_limited_in_number(tmp_path: Path) -> None:
    choices = Choices(limits={**Choices().limits, "derivedSignals": 1}, limit_status=400)
    with start(tmp_path, choices=choices) as running, closing(Account(running)) as account:
        account.post("/signals/derived", SIGNAL)
        refused = account.post("/signals/derived", SIGNAL, status=400)
    assert refused["code"] == "RESOURCE_LIMIT_EXCEEDED"


def test_traits_take_custom_types(account: Account) -> None:
    (none,) = account.get("/customer-trait-types")
    assert (none["pixelType"], none["pid"], none["name"]) == (0, 0, "None")
    made = account.post("/customer-trait-types", {"name": "Loyalty"})
    assert made["pid"] == 900
    assert account.trait(4900, type=made["pixelType"])["type"] == made["pixelType"]
    refused = account.post("/traits", trait_body(4900, type=7), status=400)
    assert refused["childMessages"] == ["type 7 does not exist"]


def test_traits_take_categories_of_the_taxonomy(account: Account) -> None:
    rows = account.get("/taxonomies/0/")
    assert set(rows[0]) == {
        "categoryID",
        "parentCategoryID",
        "name",
        "description",
        "crUID",
        "upUID",
    }
    children = account.get("/taxonomies/0/2/childCategories/")
    assert children == [row for row in rows if row["parentCategoryID"] == 2]
    top = account.get("/taxonomies/0/0/childCategories/")
    assert {row["parentCategoryID"] for row in top} == {0}
    child = children[0]["categoryID"]
    assert account.get(f"/taxonomies/0/{child}") == children[0]
    assert account.get("/taxonomies/0/99", status=404)["code"] == "NOT_FOUND"
    assert account.trait(4900, categoryId=child)["categoryId"] == child
    refused = account.post("/traits", trait_body(4900, categoryId=99), status=400)
    assert refused["childMessages"] == ["categoryId 99 does not exist"]


def test_cookie_destinations_take_partner_sites(account: Account) -> None:
    site = account.post("/partner-sites/", {"url": "a.example"})
    assert set(site) == {"pid", "siteId", "url"}
    path = f"/partner-sites/{site['siteId']}"
    assert account.get(path) == site
    assert account.get("/partner-sites") == [site]
    account.put(path, site, status=405)
    cookie: Json = {
        "name": "Cookie",
        "destinationType": "ADS",
        "serializationEnabled": False,
        "adServerTypeID": 1,
        "cookieName": "aud",
        "maxSize": 1,
        "ttl": 1,
        "domainRestrictions": "inclusion",
        "siteIDs": [site["siteId"]],
        "formatType": "single_key",
        "singleKey": "s",
        "keySeparator": "&",
        "valueSeparator": "=",
    }
    made = account.post("/destinations", cookie)
    refused = account.post("/destinations", {**cookie, "siteIDs": [1]}, status=400)
    assert refused["childMessages"] == ["siteIDs: partner site 1 does not exist"]
    assert account.delete(path, status=409)["childMessages"] == [
        f"destination {made['destinationId']} Cookie uses it"
    ]
    account.delete(f"/destinations/{made['destinationId']}")
    account.delete(path)
    account.delete(path, status=404)


@pytest.mark.parametrize("url", ["", "a b", "http://a.example", "x" * 254, None])
def test_partner_sites_are_domains(account: Account, url: str | None) -> None:
    account.post("/partner-sites", {"url": url}, status=400)


def test_platforms_and_versions_are_listed(account: Account) -> None:
    platforms = account.get("/destinations/configurations/available-platforms/")
    assert platforms == ["BROWSER", "ANDROID", "iOS", "ALL"]
    versions = account.get("/datasources/configurations/marketing-cloud-visitorid-versions")
    assert versions == [0, 1, 2]
    body = {"name": "x", "marketingCloudVisitorIdVersion": 9}
    assert account.post("/datasources", body, status=400)["childMessages"] == [
        "marketingCloudVisitorIdVersion must be one of 0, 1, 2"
    ]


def test_limits_name_every_limited_type(account: Account) -> None:
    account.trait(4900)
    rows = {row["type"]: row for row in account.get("/traits/limits")}
    assert rows["RULE_BASED_TRAIT"] == {"type": "RULE_BASED_TRAIT", "limit": 100_000, "count": 1}
    assert (rows["ALGO_TRAIT"]["limit"], rows["FOLDER_TRAIT"]["count"]) == (50, 1)
    assert [row["type"] for row in account.get("/segments/limits")] == ["segments"]
    assert {row["limit"] for row in account.get("/destinations/limits")} == {1000, 100}
    assert account.get("/models/limits") == [{"type": "models", "limit": 20, "count": 0}]


def test_inbound_history_shows_the_receipt_of_each_file(account: Account) -> None:
    source = account.data_source()["dataSourceId"]
    path = f"/datasources/{source}/history/inbound"
    assert account.get(path) == []
    with account.sandbox.store.write() as conn:
        for start_ms, name in ((1_767_225_600_000, "a"), (1_767_312_000_000, "b")):
            conn.execute(
                "INSERT INTO aam_inbound_history (data_source_id, data_file_name, success,"
                " received_records, stored_records, samples, start_ms, end_ms)"
                ' VALUES (?, ?, 1, 10, 9, \'{"formatErrors": ["x"]}\', ?, ?)',
                (source, name, start_ms, start_ms + 1),
            )
    first, second = account.get(path)
    assert (first["dataFileName"], first["receivedRecords"], first["storedRecords"]) == ("a", 10, 9)
    assert (first["success"], first["startTime"]) == (True, 1_767_225_600_000)
    assert "samplingDetails" not in first
    assert account.get(path, startDate=1_767_225_600_001) == [second]
    assert account.get(path, endDate=1_767_225_600) == [first]
    (sampled,) = account.get(path, dataFileName="b", includeSamplingDetails="true")
    assert sampled["samplingDetails"] == {"formatErrors": ["x"]}
    account.get(path, startDate="yesterday", status=400)


def test_outbound_history_needs_an_interval(demo_account: Account) -> None:
    path = "/destinations/4200/history/outbound"
    assert demo_account.get(path, status=400)["childMessages"] == [
        "startDate is required",
        "endDate is required",
    ]
    with demo_account.sandbox.store.write() as conn:
        conn.execute(
            "INSERT INTO aam_outbound_history (destination_id, data_provider_id, full_publish, success,"
            " received_records, attempted_records, success_records, data_file_name, start_ms, end_ms)"
            " VALUES (4200, 5001, 1, 0, 3, 2, 1, 'f', 1767225600000, 1767225600001)"
        )
    (row,) = demo_account.get(path, startDate=1_767_225_600, endDate=1_767_225_600_000)
    assert row == {
        "pushID": 1,
        "orderID": 4200,
        "dataProviderID": 5001,
        "syncType": 0,
        "fullPublish": True,
        "receivedRecords": 3,
        "attemptedRecords": 2,
        "successRecords": 1,
        "startTime": 1_767_225_600_000,
        "endTime": 1_767_225_600_001,
        "dataFileName": "f",
        "success": False,
    }
    assert demo_account.get(path, startDate=0, endDate=1) == []


def test_receipts_have_recipients(account: Account) -> None:
    source = account.data_source()["dataSourceId"]
    path = f"/datasources/{source}/inbound-mailing-list/desk@shop.example"
    account.get(path, status=404)
    expected = {"dataSourceId": source, "email": "desk@shop.example"}
    for _ in range(2):
        assert account.put(path, {}) == expected
    assert account.get(path.replace("desk@shop", "DESK@Shop")) == expected
    account.delete(path)
    account.delete(path, status=404)
    account.put(f"/datasources/{source}/inbound-mailing-list/nobody", {}, status=400)
