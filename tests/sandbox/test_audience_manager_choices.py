"""Behaviours that are open: each choice, turned the other way, shows."""

from __future__ import annotations

import ast
from contextlib import closing, contextmanager
from dataclasses import fields
from inspect import getsource
from typing import TYPE_CHECKING

import pytest

from audctl.sandbox.audience_manager import Choices, choices
from audctl.sandbox.server import start
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


@contextmanager
def account_with(data: Path, seed: str | None = None, **changes: Json) -> Iterator[Account]:
    with (
        start(data, seed=seed, choices=Choices(**changes)) as running,
        closing(Account(running)) as account,
    ):
        yield account


def folder(account: Account, kind: str, name: str, parent_id: int = 0, status: int = 201) -> Json:
    body = {"name": name, "parentFolderId": parent_id}
    return account.post(f"/folders/{kind}", body, status=status)


def test_every_choice_is_explained() -> None:
    tree = ast.parse(getsource(choices))
    (found,) = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    pairs = zip(found.body, found.body[1:], strict=False)
    explained = {
        node.target.id
        for node, following in pairs
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(following, ast.Expr)
        and isinstance(following.value, ast.Constant)
    }
    assert explained == {each.name for each in fields(Choices)}


def test_put_status(tmp_path: Path) -> None:
    with account_with(tmp_path, put_status=201) as account:
        source = account.data_source()
        account.put(f"/datasources/{source['dataSourceId']}", source, status=201)
        web = folder(account, "traits", "Web")
        account.put(f"/folders/traits/{web['folderId']}", web, status=201)


def test_create_only_fields_fixed(tmp_path: Path) -> None:
    with account_with(tmp_path, create_only_fields_fixed=False) as account:
        source = account.data_source()
        path = f"/datasources/{source['dataSourceId']}"
        changed = account.put(path, {**source, "idType": "CROSS_DEVICE"})
        assert changed["idType"] == "CROSS_DEVICE"
        first, second = (account.segment(4900, "7000000T")["sid"] for _ in range(2))
        base = f"/destinations/{account.url_destination()['destinationId']}/mappings"
        made = account.post(base, mapping_body(first, url="x"))
        path = f"{base}/{made['destinationMappingId']}"
        assert account.put(path, {**made, "sid": second})["sid"] == second
        account.put(path, {**made, "sid": 1}, status=400)


def test_etags_on_every_kind(tmp_path: Path) -> None:
    with account_with(tmp_path, etags_on_every_kind=False) as account:
        source = account.data_source()["dataSourceId"]
        segment = account.segment(source, "7000000T")["sid"]
        assert "etag" not in account.send("GET", f"/datasources/{source}", status=200).headers
        assert "etag" in account.send("GET", f"/segments/{segment}", status=200).headers


def test_search_case_sensitive(tmp_path: Path) -> None:
    with account_with(tmp_path, search_case_sensitive=True) as account:
        account.data_source(name="Web")
        assert account.get("/datasources", search="web") == []
        assert len(account.get("/datasources", search="Web")) == 1


def test_integration_code_filter_exact(tmp_path: Path) -> None:
    with account_with(tmp_path, integration_code_filter_exact=False) as account:
        account.data_source(integrationCode="crm-eu")
        assert len(account.get("/datasources", integrationCode="CRM")) == 1


def test_updated_since_unit(tmp_path: Path) -> None:
    with account_with(tmp_path, updated_since_unit="s") as account:
        made = account.segment(4900, "7000000T")
        second = made["updateTime"] // 1000
        assert account.get("/segments", updatedSince=second) != []
        assert account.get("/segments", updatedSince=second + 1) == []


def test_root_parent_folder_id_and_leaves(tmp_path: Path) -> None:
    options: Json = {"root_parent_folder_id": -1, "leaf_folders_have_subfolders": False}
    with account_with(tmp_path, **options) as account:
        leaf = folder(account, "segments", "Web")
        assert "subFolders" not in leaf
        (root,) = account.get("/folders/segments")
        assert root["parentFolderId"] == -1
        assert root["subFolders"] == [leaf]


def test_folder_depth_counts_root(tmp_path: Path) -> None:
    limits = {**Choices().limits, "traitFolderDepth": 2}
    with account_with(tmp_path, folder_depth_counts_root=True, limits=limits) as account:
        outer = folder(account, "traits", "a")["folderId"]
        folder(account, "traits", "b", outer, status=409)
        inner = folder(account, "segments", "a")["folderId"]
        folder(account, "segments", "b", inner)


def test_folder_sibling_case_sensitive(tmp_path: Path) -> None:
    with account_with(
        tmp_path, folder_sibling_case_sensitive=False, duplicate_status=400
    ) as account:
        folder(account, "traits", "Web")
        assert folder(account, "traits", "wEB", status=400)["code"] == "DUPLICATE_NAME"


def test_data_source_codes_unique(tmp_path: Path) -> None:
    with account_with(tmp_path, data_source_codes_unique=False) as account:
        for _ in range(2):
            account.data_source(integrationCode="crm")


def test_statuses_of_conflicts(tmp_path: Path) -> None:
    options: Json = {"in_use_status": 400, "bulk_delete_status": 422, "duplicate_status": 422}
    with account_with(tmp_path, **options) as account:
        source = account.data_source(uniqueTraitIntegrationCodes=True)["dataSourceId"]
        account.trait(source, integrationCode="x")
        account.delete(f"/datasources/{source}", status=400)
        account.post("/datasources/bulk-delete", [source], status=422)
        account.post("/traits", trait_body(source, integrationCode="x"), status=422)


def test_trait_bulk_delete_errs_after_work(tmp_path: Path) -> None:
    with account_with(tmp_path, trait_bulk_delete_errs_after_work=True) as account:
        trait = account.trait(4900)["sid"]
        account.post("/traits/bulk-delete", [trait], status=500)
        account.get(f"/traits/{trait}", status=404)


def test_rules_normalised(tmp_path: Path) -> None:
    with account_with(tmp_path, rules_normalised=True) as account:
        a, b = (account.trait(4900)["sid"] for _ in range(2))
        typed = f"( {a}T or FREQUENCY([{a}T,{b}T]<=07D)>=2 )and not({a}T AND {b}T)"
        made = account.segment(4900, typed)
        written = f"({a}T OR frequency([{a}T OR {b}T] <= 7D) >= 2) AND NOT ({a}T AND {b}T)"
        assert made["segmentRule"] == written
        path = f"/segments/{made['sid']}"
        assert account.put(path, {**made, "segmentRule": f"{b}t"})["segmentRule"] == f"{b}T"


def test_trait_list_has_status(tmp_path: Path) -> None:
    with account_with(tmp_path, trait_list_has_status=False) as account:
        row = account.get("/traits")[0]
        assert not {"status", "backfillStatus"} & set(row)


def test_metrics_hide_trait_rules(tmp_path: Path) -> None:
    with account_with(tmp_path, metrics_hide_trait_rules=False) as account:
        account.trait(4900)
        rows = account.get("/traits", includeDetails="true", includeMetrics="true")
        assert all("traitRule" in row for row in rows)


def test_names_of_mapping_ids(tmp_path: Path) -> None:
    names: Json = {
        "mapping_id_name": "mappingId",
        "mapping_id_name_in_list": "traitToDataOrderId",
        "mapping_id_name_in_destination": "destinationMappingId",
    }
    with account_with(tmp_path, mapping_start_date_days_lost=0, **names) as account:
        segment = account.segment(4900, "7000000T")["sid"]
        base = f"/destinations/{account.url_destination()['destinationId']}"
        made = account.post(f"{base}/mappings", mapping_body(segment, url="x"))
        assert made["startDate"] == "2026-03-02"
        assert account.get(f"{base}/mappings")["list"][0]["traitToDataOrderId"] == made["mappingId"]
        inside = account.get(base, includeMappings="true")["mappings"][0]
        assert inside["destinationMappingId"] == made["mappingId"]


def test_mapping_needs_destination_write(tmp_path: Path) -> None:
    with (
        account_with(tmp_path, seed="demo", mapping_needs_destination_write=False) as account,
        closing(Account(account.sandbox, "restricted")) as restricted,
    ):
        (mapping,) = restricted.get("/destinations/4101/mappings")["list"]
        restricted.delete(f"/destinations/4101/mappings/{mapping['mappingId']}")


def test_s2s_mapping_allowed(tmp_path: Path) -> None:
    with account_with(
        tmp_path, seed="demo", s2s_mapping_allowed=False, s2s_creation_status=400
    ) as account:
        segment = account.get("/segments/ic:vip-customers")["sid"]
        body = mapping_body(segment, traitAlias="x")
        account.post("/destinations/4200/mappings", body, status=400)
        account.delete("/destinations/4200", status=400)


@pytest.mark.parametrize("enforced", [True, False])
def test_max_mappings_enforced(tmp_path: Path, enforced: bool) -> None:
    with account_with(tmp_path, max_mappings_enforced=enforced) as account:
        segment = account.segment(4900, "7000000T")["sid"]
        destination = account.url_destination(maxMappings=1)
        assert destination["maxMappings"] == 1
        path = f"/destinations/{destination['destinationId']}/mappings"
        account.post(path, mapping_body(segment, url="x"))
        account.post(path, mapping_body(segment, url="y"), status=409 if enforced else 201)


def test_export_control_status_and_read_only_status(tmp_path: Path) -> None:
    options: Json = {"export_control_status": 400, "read_only_object_status": 409}
    with account_with(tmp_path, **options) as account:
        source = account.data_source(dataExportRestrictions=["PII"])["dataSourceId"]
        segment = account.segment(source, f"{account.trait(source)['sid']}T")["sid"]
        destination = account.url_destination(dataExportLabels=["PII"])["destinationId"]
        path = f"/destinations/{destination}/mappings"
        refused = account.post(path, mapping_body(segment, url="x"), status=400)
        assert refused["code"] == "EXPORT_CONTROL_VIOLATION"
        account.delete("/datasources/20914", status=409)


def test_value_lists_and_names(tmp_path: Path) -> None:
    options: Json = {
        "available_id_types": ("COOKIE", "PHONE"),
        "available_visitor_id_versions": (0, 9),
        "destination_status_in_list": "it's on",
        "trait_root_name": "Traits",
        "segment_root_name": "Segments",
        "synced_trait_type": "NON_ALGO_TRAIT",
        "default_page_size": 1,
        "precondition_failed_status": 409,
    }
    with account_with(tmp_path, **options) as account:
        source = account.data_source(idType="PHONE", marketingCloudVisitorIdVersion=9)
        account.post("/datasources", {"name": "x", "idType": "CROSS_DEVICE"}, status=400)
        account.url_destination()
        assert account.get("/destinations")[0]["status"] == "it's on"
        assert account.get("/folders/traits")[0]["path"] == "/Traits"
        assert account.get("/folders/segments")[0]["path"] == "/Segments"
        assert account.get("/datasources", page=0)["pageSize"] == 1
        path = f"/datasources/{source['dataSourceId']}"
        account.put(path, source, status=409, headers={"If-Match": '"old"'})


def test_synced_trait_type(tmp_path: Path) -> None:
    with account_with(tmp_path, synced_trait_type="NON_ALGO_TRAIT") as account:
        source = account.data_source(idType="CROSS_DEVICE", inboundS2S=True)["dataSourceId"]
        (trait,) = account.get("/traits", dataSourceId=source)
        assert trait["traitType"] == "NON_ALGO_TRAIT"


def test_depths(tmp_path: Path) -> None:
    with account_with(tmp_path, max_rule_depth=2, max_segment_folder_depth=1) as account:
        account.post("/segments", segment_body(4900, "(((7000000T)))"), status=400)
        outer = folder(account, "segments", "a")["folderId"]
        folder(account, "segments", "b", outer, status=409)
