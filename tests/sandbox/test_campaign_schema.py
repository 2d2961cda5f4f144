from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lxml import etree

from audctl.sandbox.campaign.catalog import all_schemas, find_schema
from audctl.sandbox.campaign.services import ANONYMOUS, SERVICES
from tests.sandbox.campaign_soap import SoapClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.sandbox.campaign.schema import Schema
    from audctl.sandbox.server import RunningSandbox

STORED = [schema for schema in all_schemas().values() if schema.sql_table is not None]


@pytest.fixture
def soap(sandbox: RunningSandbox) -> Iterator[SoapClient]:
    with SoapClient(sandbox.url) as client:
        yield client


def methods(document: str) -> dict[tuple[str, str], bool]:
    """Give every method of a schema document, by service and name, with whether it is anonymous."""
    root = etree.fromstring(document)
    own = f"{root.get('namespace')}:{root.get('name')}"
    found = {
        (own, str(each.get("name"))): each.get("access") == "anonymous"
        for each in root.iterfind("methods/method")
    }
    for interface in root.iterfind("interface"):
        service = f"{root.get('namespace')}:{interface.get('name')}"
        found |= {(service, str(each.get("name"))): False for each in interface.iterfind("method")}
    return found


def test_every_declared_method_is_served_and_the_other_way_round() -> None:
    declared: dict[tuple[str, str], bool] = {}
    for schema in all_schemas().values():
        declared |= methods(schema.document)
    served = {(service, name) for service, known in SERVICES.items() for name in known}
    # Served only to be refused, as current builds refuse it; never declared.
    assert served - declared.keys() == {("xtk:session", "Write")}
    assert declared.keys() <= served
    assert {method for method, anonymous in declared.items() if anonymous} == ANONYMOUS


@pytest.mark.parametrize("schema", STORED, ids=lambda schema: schema.id)
def test_links_and_keys_name_fields_that_exist(schema: Schema) -> None:
    for link in schema.links.values():
        target = find_schema(link.target)
        assert target is not None, link.name
        assert link.source in schema.fields, link.name
        assert link.destination in target.fields, link.name
    for key in schema.keys:
        assert set(key.xpaths) <= schema.fields.keys(), key.name
    assert any(key.internal for key in schema.keys)


@pytest.mark.parametrize("schema", STORED, ids=lambda schema: schema.id)
def test_every_field_and_link_of_a_document_can_be_selected(
    soap: SoapClient, schema: Schema
) -> None:
    expressions = [f"[{xpath}]" for xpath in schema.fields]
    expressions += [name for name, link in schema.links.items() if not link.unbound]
    expressions += sorted(schema.xml_elements)
    soap.select(schema.id, *expressions)


def test_a_document_is_given_once_and_then_only_when_it_changed(soap: SoapClient) -> None:
    def fetch(name: str, md5: str = "") -> list[etree._Element]:
        (output,) = soap.call(
            "xtk:persist", "GetEntityIfMoreRecent", f"xtk:schema|{name}", md5, "false"
        )
        return list(output)

    (document,) = fetch("nms:group")
    assert (document.get("namespace"), document.get("name")) == ("nms", "group")
    (row,) = soap.select("xtk:schema", "@md5", where="@namespace='nms' AND @name='group'")
    assert fetch("nms:group", row["md5"]) == []
    assert fetch("cus:nothing") == []


def test_keyset_paging_searches_by_primary_key(sandbox: RunningSandbox) -> None:
    with sandbox.store.read() as conn:
        plan = conn.execute(
            'EXPLAIN QUERY PLAN SELECT t0."id" FROM "nms_group" AS t0'
            ' LEFT JOIN "xtk_folder" AS t1 ON t1."id" = t0."folder-id"'
            ' WHERE (t0."id" > ?) ORDER BY t0."id" LIMIT ?',
            (0, 1000),
        ).fetchall()
    told = " ".join(str(row["detail"]) for row in plan)
    assert "SEARCH t0 USING INTEGER PRIMARY KEY" in told
    assert "TEMP B-TREE" not in told
