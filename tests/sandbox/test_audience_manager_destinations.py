from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from audctl.sandbox.audience_manager import Choices
from audctl.sandbox.server import start
from tests.sandbox.audience_manager_account import Account, mapping_body

if TYPE_CHECKING:
    from pathlib import Path

COOKIE = {
    "name": "Cookie",
    "destinationType": "ADS",
    "serializationEnabled": False,
    "adServerTypeID": 1,
    "cookieName": "aud",
    "cnameDomain": ".example",
    "maxSize": "2048",
    "ttl": 90,
    "domainRestrictions": "ALL_DOMAINS",
    "siteIDs": [],
    "formatType": "single_key",
    "singleKey": "s",
    "keySeparator": "&",
    "valueSeparator": "=",
}
SERIALISED = {
    "name": "Partner",
    "destinationType": "PUSH",
    "serializationEnabled": True,
    "urlFormatString": "http://p.example/?s=%ALIAS%",
    "secureUrlFormatString": "https://p.example/?s=%ALIAS%",
    "delimiter": ",",
}
ROW_MEMBERS = {
    "destinationId",
    "pid",
    "name",
    "status",
    "destinationType",
    "createTime",
    "updateTime",
    "crUID",
    "upUID",
    "domainRestrictions",
}


def segment_of(account: Account, *, restrictions: tuple[str, ...] = ()) -> tuple[int, int]:
    """Make a trait in a restricted data source and a segment of it; give segment and trait."""
    source = account.data_source(dataExportRestrictions=list(restrictions))["dataSourceId"]
    trait = account.trait(source)["sid"]
    return account.segment(4900, f"{trait}T")["sid"], trait


def test_url_and_cookie_destinations_can_be_made(account: Account) -> None:
    url = account.post("/destinations/", SERIALISED)
    cookie = account.post("/destinations/", COOKIE)
    assert url == account.get(f"/destinations/{url['destinationId']}")
    assert (url["status"], url["dataSourceId"], url["mappings"]) == ("ACTIVE", None, None)
    assert url["dataExportLabels"] == []
    assert cookie["maxSize"] == 2048
    assert "adServerTypeID" not in cookie


def test_list_rows_are_summaries(account: Account) -> None:
    account.post("/destinations", SERIALISED)
    account.post("/destinations", {**COOKIE, "description": "by cookie"})
    bare, described = account.get("/destinations")
    assert set(bare) == ROW_MEMBERS
    assert set(described) == ROW_MEMBERS | {"description"}
    assert bare["status"] == "active"
    assert [row["name"] for row in account.get("/destinations", restrictType="ADS")] == ["Cookie"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {**SERIALISED, "urlFormatString": "http://p.example/"},
            "urlFormatString must contain %ALIAS%",
        ),
        ({**SERIALISED, "delimiter": None}, "delimiter is required"),
        ({**SERIALISED, "serializationEnabled": None}, "serializationEnabled is required"),
        ({**SERIALISED, "destinationType": "PULL"}, "destinationType must be PUSH or ADS"),
        ({**COOKIE, "destinationType": ["ADS"]}, "destinationType must be PUSH or ADS"),
        ({**COOKIE, "cookieName": None}, "cookieName is required"),
        ({**COOKIE, "singleKey": None}, "singleKey is required"),
        ({**COOKIE, "serializationEnabled": True}, "serializationSeparator is required"),
        ({**COOKIE, "domainRestrictions": "some"}, "domainRestrictions must be one of"),
        ({**COOKIE, "dataExportLabels": ["FAX"]}, "dataExportLabels must be one of"),
    ],
)
def test_wrong_fields_are_named(account: Account, body: dict[str, Any], message: str) -> None:
    refused = account.post("/destinations", body, status=400)
    assert len(refused["childMessages"]) == 1
    assert refused["childMessages"][0].startswith(message)


def test_server_to_server_destinations_are_neither_made_nor_deleted(demo_account: Account) -> None:
    body = {"name": "Feed", "destinationType": "S2S"}
    assert demo_account.post("/destinations", body, status=403)["code"] == "ACCESS_DENIED"
    feed = demo_account.get("/destinations/4200")
    assert (feed["name"], feed["destinationType"]) == ("Adobe Campaign feed", "S2S")
    assert feed["dataExportLabels"] == []
    demo_account.delete("/destinations/4200", status=403)
    labelled = demo_account.put("/destinations/4200", {**feed, "dataExportLabels": ["PII"]})
    assert labelled["dataExportLabels"] == ["PII"]


def test_a_put_replaces_the_whole_object(account: Account) -> None:
    made = account.post(
        "/destinations", {**COOKIE, "description": "x", "dataExportLabels": ["PII"]}
    )
    path = f"/destinations/{made['destinationId']}"
    again = account.put(path, made)
    assert {**again, "updateTime": 0} == {**made, "updateTime": 0}
    without = {
        key: value for key, value in made.items() if key not in {"description", "dataExportLabels"}
    }
    changed = account.put(path, without)
    assert (changed["description"], changed["dataExportLabels"]) == ("", [])
    account.put(
        path, {key: value for key, value in made.items() if key != "cookieName"}, status=400
    )
    refused = account.put(path, {**made, "destinationType": "PUSH"}, status=400)
    assert refused["childMessages"] == ["destinationType cannot be changed"]


def test_mapping_ids_have_a_different_name_in_each_answer(account: Account) -> None:
    segment, _ = segment_of(account)
    destination = account.url_destination()["destinationId"]
    base = f"/destinations/{destination}"
    made = account.post(f"{base}/mappings/", mapping_body(segment, url="https://x.example"))
    number = made["destinationMappingId"]
    assert account.get(f"{base}/mappings/{number}") == made
    (row,) = account.get(f"{base}/mappings")["list"]
    (inside,) = account.get(base, includeMappings="true")["mappings"]
    (found,) = account.get("/destinations", containsSegment=segment)
    assert row.pop("mappingId") == number
    assert inside.pop("traitToDataOrderId") == number
    assert found["mappings"][0].pop("traitToDataOrderId") == number
    del made["destinationMappingId"]
    assert row == inside == found["mappings"][0] == made
    assert account.get("/destinations", containsSegment=1) == []


def test_a_mapping_shows_its_segment_as_it_is_now(account: Account) -> None:
    segment, _ = segment_of(account)
    base = f"/destinations/{account.url_destination()['destinationId']}"
    made = account.post(f"{base}/mappings", mapping_body(segment, secureUrl="https://x.example"))
    assert made["elementStatus"] == "active"
    whole = account.get(f"/segments/{segment}")
    account.put(f"/segments/{segment}", {**whole, "name": "New name", "status": "INACTIVE"})
    path = f"{base}/mappings/{made['destinationMappingId']}"
    for shown in (account.get(path), account.get(f"{base}/mappings")["list"][0]):
        assert (shown["elementName"], shown["elementStatus"]) == ("New name", "inactive")
        assert shown["traitValue"] == 0
        assert shown["endDate"] is None


def test_the_mapping_list_is_always_wrapped_unless_chosen_otherwise(tmp_path: Path) -> None:
    for wrapped in (True, False):
        choices = Choices(mapping_list_always_wrapped=wrapped)
        with (
            start(tmp_path / str(wrapped), choices=choices) as running,
            closing(Account(running)) as account,
        ):
            segment, _ = segment_of(account)
            base = f"/destinations/{account.url_destination()['destinationId']}"
            for number in range(3):
                account.post(
                    f"{base}/mappings", mapping_body(segment, url=f"https://{number}.example")
                )
            everything = account.get(f"{base}/mappings")
            page = account.get(f"{base}/mappings", page=1, pageSize=2)
        assert isinstance(everything, dict) == wrapped
        assert len(everything["list"] if wrapped else everything) == 3
        assert (page["total"], len(page["list"])) == (3, 1)


def test_one_segment_may_be_mapped_several_times(account: Account) -> None:
    segment, _ = segment_of(account)
    base = f"/destinations/{account.url_destination()['destinationId']}"
    body = mapping_body(segment, url="https://x.example")
    first, second = account.post(f"{base}/mappings", body), account.post(f"{base}/mappings", body)
    assert first["destinationMappingId"] != second["destinationMappingId"]


def test_the_start_date_reads_back_a_day_earlier(account: Account) -> None:
    segment, _ = segment_of(account)
    base = f"/destinations/{account.url_destination()['destinationId']}"
    body = mapping_body(
        segment, url="https://x.example", startDate="2026-03-01", endDate="2026-04-30"
    )
    made = account.post(f"{base}/mappings", body)
    assert (made["startDate"], made["endDate"]) == ("2026-02-28", "2026-04-30")
    again = account.put(f"{base}/mappings/{made['destinationMappingId']}", made)
    assert again["startDate"] == "2026-02-28"
    old = account.post(f"{base}/mappings", {**body, "startDate": 1_767_225_600_000})
    assert old["startDate"] == "2025-12-31"
    wrong: object
    for wrong in ("01/03/2026", "2026-02-30", 10**30, [], True, "0001-01-01"):
        refused = account.post(f"{base}/mappings", {**body, "startDate": wrong}, status=400)
        assert refused["childMessages"] == ["startDate must be a date such as 2026-01-31"]


@pytest.mark.parametrize("update", ["/destinations/mappings/{m}", "/destinations/{d}/mappings/{m}"])
@pytest.mark.parametrize(
    "remove", ["/destinations/{d}/segments/{m}", "/destinations/{d}/mappings/{m}"]
)
def test_both_documented_paths_work(account: Account, update: str, remove: str) -> None:
    segment, _ = segment_of(account)
    destination = account.url_destination()["destinationId"]
    body = mapping_body(segment, url="https://x.example")
    made = account.post(f"/destinations/{destination}/mappings", body)
    place = {"d": destination, "m": made["destinationMappingId"]}
    changed = account.put(update.format(**place), {**made, "url": "https://y.example"})
    assert changed["url"] == "https://y.example"
    other = account.url_destination()["destinationId"]
    account.delete(remove.format(d=other, m=place["m"]), status=404)
    account.delete(remove.format(**place))
    account.get(f"/destinations/{destination}/mappings/{place['m']}", status=404)


def test_the_mapped_segment_cannot_be_exchanged(account: Account) -> None:
    (segment, _), (other, _) = segment_of(account), segment_of(account)
    base = f"/destinations/{account.url_destination()['destinationId']}"
    made = account.post(f"{base}/mappings", mapping_body(segment, url="https://x.example"))
    path = f"{base}/mappings/{made['destinationMappingId']}"
    refused = account.put(path, {**made, "sid": other}, status=400)
    assert refused["childMessages"] == ["sid cannot be changed"]


@pytest.mark.parametrize(
    ("destination", "missing"),
    [
        ({**SERIALISED, "serializationEnabled": False}, ["url or secureUrl"]),
        (SERIALISED, ["traitAlias"]),
        (COOKIE, ["valueAlias"]),
        ({**COOKIE, "formatType": "key_value"}, ["traitAlias", "valueAlias"]),
    ],
)
def test_each_type_needs_its_own_mapping_fields(
    account: Account, destination: dict[str, Any], missing: list[str]
) -> None:
    segment, _ = segment_of(account)
    base = f"/destinations/{account.post('/destinations', destination)['destinationId']}"
    refused = account.post(f"{base}/mappings", mapping_body(segment), status=400)
    assert refused["childMessages"] == [
        f"{name} is required for this destination" for name in missing
    ]
    fields = {"url": "https://x.example"} if "url" in missing[0] else dict.fromkeys(missing, "a")
    made = account.post(f"{base}/mappings", mapping_body(segment, **fields))
    if destination["destinationType"] == "PUSH" and destination["serializationEnabled"]:
        assert made["url"] == made["secureUrl"] == "a"
        path = f"{base}/mappings/{made['destinationMappingId']}"
        assert account.put(path, {**made, "traitAlias": "b"})["secureUrl"] == "b"
    if destination["destinationType"] == "ADS":
        assert made["priority"] == 1
        assert account.post(f"{base}/mappings", mapping_body(segment, **fields))["priority"] == 2


def test_segments_can_be_mapped_to_a_server_to_server_destination(demo_account: Account) -> None:
    segment = demo_account.get("/segments/ic:vip-customers")["sid"]
    path = "/destinations/4200/mappings"
    demo_account.post(path, mapping_body(segment), status=400)
    made = demo_account.post(path, mapping_body(segment, traitAlias="vip-customers"))
    assert (made["traitAlias"], made["destinationId"]) == ("vip-customers", 4200)
    refused = demo_account.post(path, mapping_body(1, traitAlias="x"), status=400)
    assert refused["childMessages"] == ["sid 1 is not a segment"]


def test_bulk_create_is_all_or_nothing(account: Account) -> None:
    segment, _ = segment_of(account)
    base = f"/destinations/{account.url_destination()['destinationId']}"
    bodies = [mapping_body(segment, url=f"https://{number}.example") for number in range(3)]
    account.post(f"{base}/bulk-create", [*bodies, mapping_body(segment)], status=400)
    assert account.get(f"{base}/mappings")["total"] == 0
    made = account.post(f"{base}/bulk-create", bodies)
    assert [row["url"] for row in made] == [body["url"] for body in bodies]
    assert account.get(f"{base}/mappings")["total"] == 3
    account.post(f"{base}/bulk-create", bodies[0], status=400)


def test_a_destination_with_mappings_cannot_be_deleted(account: Account) -> None:
    segment, _ = segment_of(account)
    base = f"/destinations/{account.url_destination()['destinationId']}"
    made = account.post(f"{base}/mappings", mapping_body(segment, url="https://x.example"))
    refused = account.delete(base, status=409)
    assert refused["code"] == "CANNOT_DELETE_ENTITY_WITH_MAPPINGS"
    assert str(segment) in refused["childMessages"][0]
    account.delete(f"{base}/mappings/{made['destinationMappingId']}")
    account.delete(base)


def test_export_controls_forbid_mapping(account: Account) -> None:
    destination = account.url_destination(dataExportLabels=["PII", "ONSITE_PERSONALIZATION"])
    base = f"/destinations/{destination['destinationId']}"
    forbidden, _ = segment_of(account, restrictions=("PII", "OFFSITE_AD_TARGETING"))
    allowed, _ = segment_of(account, restrictions=("OFFSITE_AD_TARGETING",))
    refused = account.post(
        f"{base}/mappings", mapping_body(forbidden, url="https://x.example"), status=409
    )
    assert refused["code"] == "EXPORT_CONTROL_VIOLATION"
    assert len(refused["childMessages"]) == 1
    assert refused["childMessages"][0].startswith("PII of data source")
    account.post(f"{base}/mappings", mapping_body(allowed, url="https://x.example"))


def test_export_controls_forbid_a_rule_change_of_a_mapped_segment(account: Account) -> None:
    base = f"/destinations/{account.url_destination(dataExportLabels=['PII'])['destinationId']}"
    segment, trait = segment_of(account)
    _, restricted = segment_of(account, restrictions=("PII",))
    account.post(f"{base}/mappings", mapping_body(segment, url="https://x.example"))
    path = f"/segments/{segment}"
    whole = account.get(path)
    rule = f"{trait}T AND NOT {restricted}T"
    assert account.put(path, {**whole, "segmentRule": rule}, status=409)["code"] == (
        "EXPORT_CONTROL_VIOLATION"
    )
    assert account.get(path)["segmentRule"] == whole["segmentRule"]


def test_the_sources_of_the_merge_rule_count_in_export_controls(account: Account) -> None:
    base = f"/destinations/{account.url_destination(dataExportLabels=['PII'])['destinationId']}"
    source = account.data_source(dataExportRestrictions=["PII"])["dataSourceId"]
    segment, _ = segment_of(account)
    body = mapping_body(segment, url="https://x.example")
    account.post(f"{base}/mappings", body)
    with account.sandbox.store.write() as conn:  # no API call makes or changes merge rules
        conn.execute(
            "UPDATE aam_merge_rule SET document = json_set(document, '$.dataSources', json_array(?))",
            (source,),
        )
    refused = account.post(f"{base}/mappings", body, status=409)
    assert refused["childMessages"][0].startswith(f"PII of data source {source}")
    used = account.delete(f"/datasources/{source}", status=409)["childMessages"]
    assert used == ["merge rule 4910 Current device profile uses it"]


def test_the_segments_own_source_plays_no_part_in_export_controls(account: Account) -> None:
    base = f"/destinations/{account.url_destination(dataExportLabels=['PII'])['destinationId']}"
    source = account.data_source(dataExportRestrictions=["PII"])["dataSourceId"]
    segment = account.segment(source, "7000000T")["sid"]
    account.post(f"{base}/mappings", mapping_body(segment, url="https://x.example"))


def test_destinations_are_limited_in_number(tmp_path: Path) -> None:
    limits = {**Choices().limits, "destinations": 3, "PUSH": 1}
    with (
        start(tmp_path, choices=Choices(limits=limits)) as running,
        closing(Account(running)) as account,
    ):
        account.post("/destinations", SERIALISED)
        assert (
            account.post("/destinations", SERIALISED, status=409)["code"]
            == "RESOURCE_LIMIT_EXCEEDED"
        )
        account.post("/destinations", COOKIE)
        account.post("/destinations", COOKIE)
        refused = account.post("/destinations", COOKIE, status=409)
        assert refused["message"] == "the account may have at most 3 destinations"


def test_list_extras_of_destinations(demo_account: Account) -> None:
    source = demo_account.get("/datasources", integrationCode="legacy-store-cards")[0]
    with demo_account.sandbox.store.write() as conn:  # a consultant sets the target data source
        conn.execute(
            "UPDATE aam_destination SET document = json_set(document, '$.dataSourceId', ?)"
            " WHERE id = 4200",
            (source["dataSourceId"],),
        )
    rows = demo_account.get(
        "/destinations",
        includeMetrics="true",
        includeAddressableAudienceMetrics="true",
        includeMasterDataSourceIdType="true",
    )
    shown = {
        row["destinationId"]: (row["mappingCount"], row["masterDataSourceIdType"]) for row in rows
    }
    assert shown == {4101: (1, None), 4200: (0, "CROSS_DEVICE")}
    assert all(row["addressableAudience"] is None for row in rows)


def test_a_server_to_server_destination_keeps_its_name(demo_account: Account) -> None:
    feed = demo_account.get("/destinations/4200")
    refused = demo_account.put("/destinations/4200", {**feed, "name": "Mine"}, status=400)
    assert refused["childMessages"] == ["name cannot be changed"]
    demo_account.put("/destinations/4200", {**feed, "description": "mine"})


def test_rarely_used_members_show_once_they_were_set(account: Account) -> None:
    made = account.url_destination(devicePlatform="iOS", hideReferrer="true", mapAllSegments=False)
    assert (made["devicePlatform"], made["hideReferrer"], made["mapAllSegments"]) == (
        "iOS",
        True,
        False,
    )
    assert "maxMappings" not in made
    account.put(
        f"/destinations/{made['destinationId']}", {**made, "devicePlatform": "TV"}, status=400
    )


def test_deleted_mappings_can_be_listed(account: Account) -> None:
    segment, _ = segment_of(account)
    base = f"/destinations/{account.url_destination()['destinationId']}"
    kept, gone = (
        account.post(f"{base}/mappings", mapping_body(segment, url=f"https://{number}.example"))
        for number in range(2)
    )
    account.delete(f"{base}/mappings/{gone['destinationMappingId']}")
    rows = account.get(f"{base}/mappings", includeDeletedEntities="true", includeMetrics="true")
    assert {row["mappingId"]: row["elementStatus"] for row in rows["list"]} == {
        kept["destinationMappingId"]: "active",
        gone["destinationMappingId"]: "deleted",
    }
    assert {row["totalUniques7Day"] for row in rows["list"]} == {0}
    assert rows["total"] == 2
    page = account.get(f"{base}/mappings", includeDeletedEntities="true", page=0, search="1.ex")
    assert [row["url"] for row in page["list"]] == ["https://1.example"]
    assert account.get(f"{base}/mappings")["total"] == 1
    account.delete(f"{base}/mappings/{kept['destinationMappingId']}")
    account.delete(base)


def test_the_path_of_one_documentation_page_maps_too(account: Account) -> None:
    segment, _ = segment_of(account)
    base = f"/destinations/{account.post('/destinations', SERIALISED)['destinationId']}"
    made = account.post(f"{base}/traits/", mapping_body(segment, traitAlias="a"))
    assert account.get(f"{base}/mappings/{made['destinationMappingId']}") == made


def test_many_destinations_can_be_deleted_at_once(account: Account) -> None:
    made = [account.url_destination()["destinationId"] for _ in range(2)]
    account.post("/destinations/bulk-delete/", [*made, 1], status=409)
    account.post("/destinations/bulk-delete/", made, status=204)
    assert account.get("/destinations") == []
