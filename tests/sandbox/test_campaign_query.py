from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audctl.sandbox.server import start
from tests.sandbox.campaign_rows import LISTS, MEMBERS
from tests.sandbox.campaign_soap import Fault, SoapClient, Xml, local_name, query

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = Path(__file__).parent.parent / "cases" / "sandbox"


def read_cases(name: str) -> list[tuple[str, str]]:
    lines = (CASES / name).read_text(encoding="utf-8").splitlines()
    return [
        (condition, expected)
        for condition, _, expected in (line.partition("\t") for line in lines if line[:1] != "#")
    ]


@pytest.fixture(scope="module")
def soap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoapClient]:
    with start(tmp_path_factory.mktemp("query")) as sandbox, SoapClient(sandbox.url) as client:
        client.write_collection(LISTS)
        client.write_collection(MEMBERS)
        yield client


@pytest.mark.parametrize(("condition", "expected"), read_cases("expressions.tsv"))
def test_a_condition_holds_for_exactly_these_lists(
    soap: SoapClient, condition: str, expected: str
) -> None:
    rows = soap.select("nms:group", "@name", where=condition)
    assert sorted(row["name"] for row in rows) == expected.split()


@pytest.mark.parametrize(("condition", "expected"), read_cases("bad_expressions.tsv"))
def test_a_bad_condition_is_a_fault_that_says_why(
    soap: SoapClient, condition: str, expected: str
) -> None:
    with pytest.raises(Fault) as caught:
        soap.select("nms:group", "@name", where=condition)
    assert caught.value.code == "SOAP-ENV:Server"
    assert "SOP-330011" in caught.value.summary
    assert expected in caught.value.detail
    assert "SELECT" not in caught.value.detail


def test_a_get_without_a_match_is_a_fault_and_get_if_exists_an_empty_element(
    soap: SoapClient,
) -> None:
    with pytest.raises(Fault, match="SOP-330011"):
        soap.query(query("nms:group", "@id", where="@name='nobody'", operation="get"))
    absent = soap.query(query("nms:group", "@id", where="@name='nobody'", operation="getIfExists"))
    assert (local_name(absent), len(absent.attrib), len(absent)) == ("group", 0, 0)
    present = soap.query(query("nms:group", "@name", where="@name='beta'", operation="getIfExists"))
    assert dict(present.attrib.items()) == {"name": "beta"}


def test_count_counts_and_an_empty_select_keeps_its_root(soap: SoapClient) -> None:
    assert soap.query(query("nms:group", where="@type=2", operation="count")).get("count") == "2"
    empty = soap.query(query("nms:group", "@id", where="@id < 0"))
    assert (local_name(empty), len(empty)) == ("group-collection", 0)


def test_links_aliases_and_containers_shape_the_row(soap: SoapClient) -> None:
    row = soap.query(
        '<queryDef schema="nms:group" operation="get"><select>'
        '<node expr="[folder/parent/@name]"/><node expr="[folder/@name]" alias="@folderName"/>'
        '<node expr="@name+\'!\'" alias="shout/@x"/><node expr="folder"/>'
        '<node expr="@type" analyze="true"/><node expr="[amcDataSource/@name]"/>'
        "</select><where><condition expr=\"@name='gamma'\"/></where></queryDef>"
    )
    assert row.get("folderName") == "newsletterLists"
    assert (row.get("type"), row.get("typeName"), row.get("typeLabel")) == ("2", "file", "File")
    assert [folder.get("_cs") for folder in row.iterfind("{*}folder")] == ["Newsletter"]
    assert [each.get("name") for each in row.iterfind("{*}folder/{*}parent")] == ["nmsRootGroup"]
    assert [each.get("x") for each in row.iterfind("{*}shout")] == ["gamma!"]
    assert [each.get("name") for each in row.iterfind("{*}amcDataSource")] == ["defaultDataSource"]


@pytest.mark.parametrize("expression", ["folder", "rcpGrpRel", "extension"])
def test_an_element_stays_one_when_its_alias_is_an_attribute(
    soap: SoapClient, expression: str
) -> None:
    rows = soap.query(
        f'<queryDef schema="nms:group"><select><node expr="{expression}" alias="@x"/></select>'
        "<where><condition expr=\"@name='beta'\"/></where></queryDef>"
    )
    assert [local_name(part) for part in rows[0]] == ["x"]


def test_only_what_was_selected_comes_back(soap: SoapClient) -> None:
    assert soap.select("nms:group", "@name", where="@name='gamma'") == [{"name": "gamma"}]


def test_a_nested_collection_gives_nested_elements(soap: SoapClient) -> None:
    rows = soap.query(
        '<queryDef schema="nms:group"><select><node expr="@name"/>'
        '<node expr="rcpGrpRel"><node expr="[recipient/@email]"/>'
        "<where><condition expr=\"[recipient/@account] &lt;&gt; 'X'\"/></where>"
        '<orderBy><node expr="[recipient/@email]" sortDesc="true"/></orderBy></node>'
        '</select><orderBy><node expr="@name"/></orderBy></queryDef>'
    )
    found = {
        row.get("name"): [each.get("email") for each in row.iterfind("{*}rcpGrpRel/{*}recipient")]
        for row in rows
    }
    assert found == {
        "alpha": [],
        "beta": ["a@one.example"],
        "gamma": ["b@two.example", "a@one.example"],
    }


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('setOperator="EXISTS" expr="rcpGrpRel"', ["beta", "gamma"]),
        ('setOperator="NOT EXISTS" expr="[rcpGrpRel]"', ["alpha"]),
    ],
)
def test_exists_looks_into_a_collection(
    soap: SoapClient, condition: str, expected: list[str]
) -> None:
    rows = soap.query(
        f'<queryDef schema="nms:group"><select><node expr="@name"/></select><where><condition {condition}>'
        "<condition expr=\"[recipient/@email] LIKE '%one%'\"/></condition></where>"
        '<orderBy><node expr="@name"/></orderBy></queryDef>'
    )
    assert [row.get("name") for row in rows] == expected


def test_in_takes_a_sub_query(soap: SoapClient) -> None:
    rows = soap.query(
        '<queryDef schema="nms:recipient"><select><node expr="@email"/></select><where>'
        '<condition expr="@id" setOperator="IN"><subQuery schema="nms:rcpGrpRel">'
        '<select><node expr="[@recipient-id]"/></select>'
        "<where><condition expr=\"[rcpGroup/@name]='beta'\"/></where></subQuery></condition>"
        "</where></queryDef>"
    )
    assert [row.get("email") for row in rows] == ["a@one.example"]


def test_and_binds_closer_than_or_between_siblings(soap: SoapClient) -> None:
    rows = soap.query(
        '<queryDef schema="nms:group"><select><node expr="@name"/></select><where>'
        '<condition expr="@type=0" boolOperator="OR"/><condition expr="@type=2" boolOperator="AND"/>'
        '<condition expr="@isAMC=1"/><condition expr="1=0" ignore="true"/>'
        '</where><orderBy><node expr="@name"/></orderBy></queryDef>'
    )
    assert [row.get("name") for row in rows] == ["alpha", "gamma"]


def test_nested_conditions_are_parentheses(soap: SoapClient) -> None:
    rows = soap.query(
        '<queryDef schema="nms:group"><select><node expr="@name"/></select><where>'
        '<condition><condition expr="@type=0" boolOperator="OR"/><condition expr="@type=2"/></condition>'
        '<condition expr="@isAMC=1"/></where></queryDef>'
    )
    assert [row.get("name") for row in rows] == ["gamma"]


def test_grouping_counts_per_group(soap: SoapClient) -> None:
    rows = soap.query(
        '<queryDef schema="nms:group"><select><node expr="@type" groupBy="true"/>'
        '<node expr="Count(@id)" alias="@n"/></select><having><condition expr="Count(@id) &gt; 1"/></having></queryDef>'
    )
    assert [dict(row.attrib.items()) for row in rows] == [{"type": "2", "n": "2"}]


def test_lines_are_counted_from_zero_and_order_may_descend(soap: SoapClient) -> None:
    rows = soap.query(
        '<queryDef schema="nms:group" lineCount="1" startLine="1"><select><node expr="@name"/></select>'
        '<orderBy><node expr="@name" sortDesc="true"/></orderBy></queryDef>'
    )
    assert [row.get("name") for row in rows] == ["beta"]


def test_distinct_drops_repeats(soap: SoapClient) -> None:
    assert len(soap.select("nms:group", "@type", extra=' distinct="true"')) == 2


def test_members_of_a_list_are_two_ids_a_row(soap: SoapClient) -> None:
    (group,) = soap.select("nms:group", "@id", where="@name='gamma'")
    rows = soap.select(
        "nms:rcpGrpRel", "[@group-id]", "[@recipient-id]", where=f"[@group-id]={group['id']}"
    )
    assert [set(row) for row in rows] == [{"group-id", "recipient-id"}] * 2


def test_computed_fields_and_containers_can_be_read_and_filtered(soap: SoapClient) -> None:
    row = soap.query(
        query("nms:recipient", "@domain", "[location/@city]", where="@domain='one.example'")
    )[0]
    assert row.get("domain") == "one.example"
    assert [each.get("city") for each in row.iterfind("{*}location")] == ["Paris"]


def test_select_all_names_every_field_and_keeps_the_rest(soap: SoapClient) -> None:
    document = (
        '<queryDef schema="xtk:option" operation="getIfExists">'
        "<where><condition expr=\"@name='XtkDatabaseId'\"/></where></queryDef>"
    )
    (entity,) = soap.call("xtk:queryDef", "SelectAll", Xml(document), "false")
    assert local_name(entity) == "entity"
    expressions = [str(node.get("expr")) for node in entity.iter("{*}node")]
    assert {"@id", "@name", "@stringValue", "memoValue", "[@createdBy-id]"} <= set(expressions)
    assert [each.get("expr") for each in entity.iter("{*}condition")] == ["@name='XtkDatabaseId'"]


def test_rows_and_groups_are_counted(soap: SoapClient) -> None:
    def count(inside: str, attributes: str = "") -> str | None:
        return soap.query(
            f'<queryDef schema="nms:group" operation="count"{attributes}>{inside}</queryDef>'
        ).get("count")

    types = '<select><node expr="@type"/></select>'
    assert count(types) == "3"
    assert count(types, ' distinct="true"') == "2"
    assert count(f'{types}<groupBy><node expr="@type"/></groupBy>') == "2"
    several = '<having><condition expr="CountAll() &gt; 1"/></having>'
    assert count(f'{types}<groupBy><node expr="@type"/></groupBy>{several}') == "1"
    assert count("<where><condition expr=\"[folder/@name] = 'nmsRootGroup'\"/></where>") == "1"


@pytest.mark.parametrize(
    "inside",
    [
        '<select><node expr="@name"/><node expr="CountAll()" alias="@n"/></select>',
        '<select><node expr="@name"/></select><groupBy><node expr="@type"/></groupBy>',
        (
            '<select><node expr="@type"/></select><groupBy><node expr="@type"/></groupBy>'
            '<orderBy><node expr="@name"/></orderBy>'
        ),
        '<select><node expr="@type"/></select><having><condition expr="@type = 1"/></having>',
    ],
)
def test_what_is_neither_grouped_nor_aggregated_is_a_database_fault(
    soap: SoapClient, inside: str
) -> None:
    with pytest.raises(Fault, match="PGS-220000"):
        soap.query(f'<queryDef schema="nms:group">{inside}</queryDef>')


def test_grouping_by_an_expression_and_ordering_by_an_aggregate(soap: SoapClient) -> None:
    rows = soap.query(
        '<queryDef schema="nms:group"><select><node expr="Length(@name)" alias="@l"/>'
        '<node expr="Max(@name)" alias="@last"/><node expr="Iif(CountAll() &gt; 1, 1, 0)" alias="@several"/>'
        '</select><groupBy><node expr="Length(@name)"/></groupBy>'
        '<orderBy><node expr="CountAll()" sortDesc="true"/></orderBy></queryDef>'
    )
    assert [dict(row.attrib.items()) for row in rows] == [
        {"l": "5", "last": "gamma", "several": "1"},
        {"l": "4", "last": "beta", "several": "0"},
    ]


def test_a_node_may_sort_and_analyze_may_explain_a_foreign_key(soap: SoapClient) -> None:
    rows = soap.query(
        '<queryDef schema="nms:group"><select><node expr="@name" sort="true" sortDesc="true"/>'
        '<node expr="[@folder-id]" analyze="true"/><node expr="folder" noComputeString="true"/></select></queryDef>'
    )
    assert [row.get("name") for row in rows] == ["gamma", "beta", "alpha"]
    assert rows[0].get("folder-idName") == "newsletterLists"
    assert rows[0].get("folder-idLabel") == "Newsletter"
    assert rows[2].get("folder-idLabel") == ""
    (folder,) = rows[0].iterfind("{*}folder")
    assert set(folder.attrib) == {"id"}


def test_a_direct_path_through_a_collection_multiplies_rows(soap: SoapClient) -> None:
    rows = soap.query(
        '<queryDef schema="nms:group"><select><node expr="@name"/><node expr="[rcpGrpRel/recipient/@account]" '
        'alias="@account"/></select><orderBy><node expr="@name"/><node expr="[rcpGrpRel/recipient/@account]"/>'
        "</orderBy></queryDef>"
    )
    assert [(row.get("name"), row.get("account")) for row in rows] == [
        ("alpha", ""),
        ("beta", "A1"),
        ("gamma", "A1"),
        ("gamma", "B2"),
    ]


@pytest.mark.parametrize("method", ["BuildQuery", "BuildQueryEx"])
def test_sql_is_never_handed_out(soap: SoapClient, method: str) -> None:
    with pytest.raises(Fault, match="right to read or write SQL") as caught:
        soap.call("xtk:queryDef", method, Xml(query("nms:group", "@id")))
    assert "SOP-330011" in caught.value.summary


def test_the_schema_listing_can_be_searched(soap: SoapClient) -> None:
    rows = soap.select("xtk:schema", "@namespace", "@name", where="@name LIKE 'amc%'")
    assert rows == [{"namespace": "nms", "name": "amcDataSource"}]


def test_an_unknown_schema_is_told(soap: SoapClient) -> None:
    with pytest.raises(Fault, match="XFR-180000"):
        soap.select("cus:nothing", "@id")


@pytest.mark.parametrize(
    "attributes",
    [' lineCount="-1"', ' lineCount="many"', ' startLine="1e9"', ' operation="drop"'],
)
def test_unusable_attributes_of_a_query_are_faults(soap: SoapClient, attributes: str) -> None:
    with pytest.raises(Fault, match="XTK-170006"):
        soap.query(
            f'<queryDef schema="nms:group"{attributes}><select><node expr="@id"/></select></queryDef>'
        )


@pytest.mark.parametrize("alias", ['@a" b="c', "<x>", "a b", "@a/@b", "1a", "../x"])
def test_an_alias_cannot_break_out_of_the_answer(soap: SoapClient, alias: str) -> None:
    with pytest.raises(Fault, match="alias"):
        soap.query(
            f'<queryDef schema="nms:group"><select><node expr="@id" alias="{escape(alias)}"/></select></queryDef>'
        )


def test_a_default_line_count_caps_rows_only_when_none_is_given(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with start(tmp_path_factory.mktemp("cap")) as sandbox, SoapClient(sandbox.url) as client:
        rows = "".join(f'<group _operation="insert" name="g{n}"/>' for n in range(10_050))
        client.write_collection(
            f'<group-collection xtkschema="nms:group">{rows}</group-collection>'
        )
        assert len(client.select("nms:group", "@id")) == 10_000
        assert len(client.select("nms:group", "@id", extra=' lineCount="20000"')) == 10_050
