"""Lists with a table of their own: `temp:group:<id>`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.campaign_soap import Fault, SoapClient, Xml, query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

    from audctl.sandbox.server import RunningSandbox

COLUMNS = (
    '<attribute name="id" type="long"/><attribute name="phone" type="string" length="32"/>'
    '<attribute name="score" type="double"/><attribute name="recipient-id" type="long"/>'
    '<element name="address"><attribute name="city"/></element>'
    '<element name="recipient" type="link" target="nms:recipient">'
    '<join xpath-src="@recipient-id" xpath-dst="@id"/></element>'
)
KEY = '<key name="phone"><keyfield xpath="@phone"/></key>'


def extension(columns: str = COLUMNS, keys: str = KEY, attributes: str = "") -> str:
    return (
        f'<extension namespace="temp" name="query" label="Prospects" mappingType="sql"{attributes}>'
        '<element name="query" label="Prospects" autopk="true" sqltable="anything">'
        f'<key name="internal" internal="true"><keyfield xpath="@id"/></key>{keys}{columns}</element></extension>'
    )


def write_list(soap: SoapClient, inside: str, name: str = "prospects") -> str:
    soap.write(
        f'<group xtkschema="nms:group" _operation="insertOrUpdate" _key="@name" name="{name}" type="2">'
        f"{inside}</group>"
    )
    return soap.select("nms:group", "@id", where=f"@name='{name}'")[0]["id"]


@pytest.fixture
def soap(sandbox: RunningSandbox) -> Iterator[SoapClient]:
    with SoapClient(sandbox.url) as client:
        yield client


@pytest.fixture
def own(soap: SoapClient) -> str:
    number = write_list(soap, extension())
    soap.write('<recipient xtkschema="nms:recipient" id="5001" email="a@one.example"/>')
    soap.write_collection(
        f'<group_{number}-collection xtkschema="temp:group:{number}">'
        f'<group_{number} phone="1" score="1.5" recipient-id="5001"><address city="Paris"/></group_{number}>'
        f'<group_{number} phone="2" score="2.5"/></group_{number}-collection>'
    )
    return f"temp:group:{number}"


def fetch(soap: SoapClient, schema: str) -> list[etree._Element]:
    (output,) = soap.call(
        "xtk:persist", "GetEntityIfMoreRecent", f"xtk:schema|{schema}", "", "false"
    )
    return list(output)


def test_rows_are_queried_as_any_others(soap: SoapClient, own: str) -> None:
    root = own.removeprefix("temp:").replace(":", "_")
    rows = soap.query(
        query(own, "@phone", "[address/@city]", "[recipient/@email]", where="@score > 1")
    )
    assert rows.tag.endswith(f"{root}-collection")
    assert [row.get("phone") for row in rows] == ["1", "2"]
    assert [each.get("email") for each in rows.iterfind(".//{*}recipient")] == ["a@one.example", ""]
    counted = soap.query(query(own, operation="count", where="[recipient/@email] IS NOT NULL"))
    assert counted.get("count") == "1"
    assert (
        len(soap.query(query(own, "@id", operation="getIfExists", where="@phone='9'")).attrib) == 0
    )


def test_rows_are_changed_by_their_keys(soap: SoapClient, own: str) -> None:
    soap.write(f'<x xtkschema="{own}" _operation="update" phone="1" score="9"/>')
    soap.write(f'<x xtkschema="{own}" _operation="delete" phone="2"/>')
    assert soap.select(own, "@phone", "@score") == [{"phone": "1", "score": "9"}]
    with pytest.raises(Fault, match="duplicate key"):
        soap.write(f'<x xtkschema="{own}" _operation="insert" phone="1"/>')
    soap.delete(own, "@score > 5")
    assert soap.select(own, "@phone") == []


def test_sub_queries_and_select_all_know_them(soap: SoapClient, own: str) -> None:
    rows = soap.query(
        '<queryDef schema="nms:recipient"><select><node expr="@email"/></select><where>'
        f'<condition setOperator="IN" expr="@id"><subQuery schema="{own}"><select>'
        '<node expr="[@recipient-id]"/></select></subQuery></condition></where></queryDef>'
    )
    assert [row.get("email") for row in rows] == ["a@one.example"]
    (entity,) = soap.call("xtk:queryDef", "SelectAll", Xml(f'<queryDef schema="{own}"/>'), "false")
    assert {"@id", "@phone", "[address/@city]"} <= {
        str(node.get("expr")) for node in entity.iter("{*}node")
    }


def test_the_extension_is_the_schema(soap: SoapClient, own: str) -> None:
    (schema,) = fetch(soap, own)
    assert (schema.get("namespace"), schema.get("label")) == ("temp", "Prospects")
    assert own == f"temp:{schema.get('name')}"
    number = own.rpartition(":")[2]
    row = soap.query(query("nms:group", "extension", where=f"@id={number}", operation="get"))
    assert [str(each.get("name")) for each in row.iterfind("{*}extension")] == ["query"]


def test_a_new_column_is_added_and_rows_are_kept(soap: SoapClient, own: str) -> None:
    write_list(soap, extension(COLUMNS + '<attribute name="note"/>'))
    soap.write(f'<x xtkschema="{own}" _operation="update" phone="1" note="hello"/>')
    assert [row["note"] for row in soap.select(own, "@id", "@note")] == ["hello", ""]


def test_a_deleted_list_takes_its_table_along(soap: SoapClient, own: str) -> None:
    soap.delete("nms:group", "@name='prospects'")
    with pytest.raises(Fault, match="XTK-170024"):
        soap.select(own, "@phone")
    assert fetch(soap, own) == []


@pytest.mark.parametrize(
    "schema", ["temp:group:999", "temp:group:x", "temp:group:", "temp:group:-1"]
)
def test_a_list_without_a_table_has_no_schema(soap: SoapClient, schema: str) -> None:
    with pytest.raises(Fault, match="XTK-170024"):
        soap.select(schema, "@id")
    with pytest.raises(Fault, match="XTK-170024"):
        soap.write(f'<x xtkschema="{schema}" phone="1"/>')
    assert fetch(soap, schema) == []


def test_an_extension_that_describes_no_table_is_kept_as_it_is(soap: SoapClient) -> None:
    number = write_list(soap, "<extension><note>free</note></extension>")
    assert fetch(soap, f"temp:group:{number}") == []


@pytest.mark.parametrize(
    "bad",
    [
        extension(columns='<attribute name="a&quot;b"/>'),
        extension(columns='<attribute name="x; DROP TABLE nms_group"/>'),
        extension(columns='<attribute type="long"/>'),
        extension(columns='<attribute name="id" type="blob3"/>'),
        extension(columns="", keys=""),
        extension(columns='<attribute name="a" expr="1"/>', keys=""),
        extension(keys='<key name="k"><keyfield xpath="@nothing"/></key>'),
        extension(keys='<key name="k"/>'),
        extension(columns=COLUMNS.replace("nms:recipient", "cus:nothing")),
        extension(columns=COLUMNS.replace('xpath-dst="@id"', 'xpath-dst="@nothing"')),
        extension(columns=COLUMNS.replace("<join", "<j")),
    ],
)
def test_an_extension_that_cannot_be_a_table_is_refused_whole(soap: SoapClient, bad: str) -> None:
    with pytest.raises(Fault, match="XSV-350023"):
        write_list(soap, bad)
    assert soap.select("nms:group", "@name") == []
