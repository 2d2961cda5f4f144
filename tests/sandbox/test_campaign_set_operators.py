"""Conditions that look at other rows: set operators on collections, `..`, and sub-queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audctl.sandbox.server import start
from tests.sandbox.campaign_rows import LISTS, MEMBERS
from tests.sandbox.campaign_soap import Fault, SoapClient

if TYPE_CHECKING:
    from collections.abc import Iterator


NAMED = '<select><node expr="@name"/></select>'


@pytest.fixture(scope="module")
def soap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoapClient]:
    with start(tmp_path_factory.mktemp("query")) as sandbox, SoapClient(sandbox.url) as client:
        client.write_collection(LISTS)
        client.write_collection(MEMBERS)
        yield client


def names(
    soap: SoapClient, inside: str, schema: str = "nms:group", select: str = NAMED
) -> list[str]:
    rows = soap.query(
        f'<queryDef schema="{schema}">{select}<where>{inside}</where>'
        '<orderBy><node expr="@id"/></orderBy></queryDef>'
    )
    return [str(row.get("name") or row.get("email")) for row in rows]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("""setOperator="COUNT" expr="rcpGrpRel = 1\"""", ["beta"]),
        ("""setOperator="COUNT" expr="rcpGrpRel &gt;= 1\"""", ["beta", "gamma"]),
        ("""setOperator="count" expr="rcpGrpRel\"""", ["beta", "gamma"]),
        ("""setOperator="COUNT" expr="rcpGrpRel = 0\"""", ["alpha"]),
        (
            """setOperator="COUNT" expr="[rcpGrpRel/recipient/trackingLog] = 1\"""",
            ["beta", "gamma"],
        ),
        ("""setOperator="SUM" expr="[rcpGrpRel/@recipient-id] = 0\"""", ["alpha"]),
        (
            """setOperator="MIN" expr="[rcpGrpRel/recipient/@email] = 'a@one.example'\"""",
            ["beta", "gamma"],
        ),
        ("""setOperator="MAX" expr="[rcpGrpRel/recipient/@email] = 'b@two.example'\"""", ["gamma"]),
        (
            """setOperator="MAX" expr="[rcpGrpRel/recipient/@created] &gt; #2020/01/01#\"""",
            ["beta", "gamma"],
        ),
        ("""setOperator="AVG" expr="[rcpGrpRel/recipient/@emailFormat] = 0\"""", ["beta", "gamma"]),
        ("""setOperator="EXISTS" expr="[rcpGrpRel/recipient/trackingLog]\"""", ["beta", "gamma"]),
        ("""setOperator="EXISTS" expr="folder\"""", ["beta", "gamma"]),
        ("""setOperator="NOT EXISTS" expr="[folder/parent]\"""", ["alpha"]),
    ],
)
def test_set_operators_look_at_the_rows_of_a_collection(
    soap: SoapClient, condition: str, expected: list[str]
) -> None:
    assert names(soap, f"<condition {condition}/>") == expected


def test_inner_conditions_choose_the_rows_that_count(soap: SoapClient) -> None:
    counted = (
        '<condition setOperator="COUNT" expr="rcpGrpRel = {}"><condition expr="{}"/></condition>'
    )
    two = "[recipient/@email] LIKE '%two%'"
    assert names(soap, counted.format(1, two)) == ["gamma"]
    assert names(soap, counted.format(0, two)) == ["alpha", "beta"]


def test_two_dots_lead_from_a_collection_to_its_owner(soap: SoapClient) -> None:
    inside = (
        '<condition setOperator="EXISTS" expr="rcpGrpRel">'
        "<condition expr=\"[../@name] + '@' + [recipient/@account] = 'gamma@B2'\"/></condition>"
    )
    assert names(soap, inside) == ["gamma"]
    deep = (
        '<condition setOperator="EXISTS" expr="rcpGrpRel">'
        '<condition setOperator="EXISTS" expr="[recipient/rcpGrpRel]">'
        "<condition expr=\"[rcpGroup/@name] = 'beta' AND [../../../@name] = 'gamma'\"/>"
        "</condition></condition>"
    )
    assert names(soap, deep) == ["gamma"]
    beside = (
        '<condition setOperator="EXISTS" expr="rcpGrpRel"><condition setOperator="COUNT" '
        'expr="[../rcpGrpRel] = 2"/></condition>'
    )
    assert names(soap, beside) == ["gamma"]


def test_a_nested_collection_can_show_what_stands_above_it(soap: SoapClient) -> None:
    rows = soap.query(
        '<queryDef schema="nms:group"><select><node expr="rcpGrpRel"><node expr="[../@name]" alias="@list"/>'
        "<where><condition expr=\"[../@name] &lt;&gt; 'beta'\"/></where></node></select>"
        '<orderBy><node expr="@name"/></orderBy></queryDef>'
    )
    found = [[each.get("list") for each in row.iterfind("{*}rcpGrpRel")] for row in rows]
    assert found == [[], [], ["gamma", "gamma"]]


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ('<node expr="[@group-id]"/></select>', ["beta", "gamma"]),
        (
            (
                '<node expr="[@group-id]"/></select><groupBy><node expr="[@group-id]"/></groupBy>'
                '<having><condition expr="CountAll() &gt; 1"/></having>'
            ),
            ["gamma"],
        ),
        (
            (
                '<node expr="[@group-id]"/></select><where><condition '
                "expr=\"[recipient/@account] = 'B2' AND [@group-id] = [../@id]\"/></where>"
            ),
            ["gamma"],
        ),
        (
            '<node expr="[@group-id]"/></select><orderBy><node expr="[@group-id]"/></orderBy>',
            ["beta", "gamma"],
        ),
    ],
)
def test_a_sub_query_groups_orders_and_looks_outside(
    soap: SoapClient, inside: str, expected: list[str]
) -> None:
    condition = (
        '<condition setOperator="IN" expr="@id"><subQuery schema="nms:rcpGrpRel"><select>'
        f"{inside}</subQuery></condition>"
    )
    assert names(soap, condition) == expected
    others = [name for name in ("alpha", "beta", "gamma") if name not in expected]
    assert names(soap, condition.replace('"IN"', '"NOT IN"')) == others


def test_a_sub_query_takes_some_lines_only(soap: SoapClient) -> None:
    condition = (
        '<condition setOperator="IN" expr="@name"><subQuery schema="nms:group" lineCount="1" startLine="1">'
        '<select><node expr="@name"/></select><orderBy><node expr="@name"/></orderBy></subQuery></condition>'
    )
    assert names(soap, condition) == ["beta"]


def test_exists_over_a_sub_query(soap: SoapClient) -> None:
    inner = (
        '<subQuery schema="nms:rcpGrpRel"><select><node expr="[@group-id]"/></select>'
        '<where><condition expr="[@group-id] = [../@id]"/></where></subQuery>'
    )
    assert names(soap, f'<condition setOperator="EXISTS">{inner}</condition>') == ["beta", "gamma"]
    assert names(soap, f'<condition setOperator="NOT EXISTS">{inner}</condition>') == ["alpha"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('setOperator="BETWEEN" expr="@id"', "Unknown set operator"),
        ('setOperator="IN" expr="@id"', "needs a subQuery"),
        ('setOperator="EXISTS" expr="@id"', "not a link"),
        ('setOperator="EXISTS" expr="nothing/rcpGrpRel"', "nothing"),
        ('setOperator="COUNT" expr="@id = 1"', "not a link"),
        ('setOperator="SUM" expr="rcpGrpRel = 1"', "needs a value"),
        ('setOperator="COUNT" expr="rcpGrpRel LIKE \'1\'"', "compares a collection"),
        ('setOperator="COUNT" expr="rcpGrpRel =="', "XTK-170006"),
        ('setOperator="MAX" expr="[rcpGrpRel/@nothing] = 1"', "@nothing"),
        ('sql="1=1"', "SQL"),
        ('expr="1=1" boolOperator="XOR"', "boolean operator"),
        ('expr="1=1" enabledIf="$(x) = 1"', "enabledIf"),
    ],
)
def test_a_condition_that_means_nothing_is_a_fault(
    soap: SoapClient, condition: str, expected: str
) -> None:
    with pytest.raises(Fault) as caught:
        names(soap, f"<condition {condition}/>")
    assert expected in caught.value.detail
    assert "SELECT" not in caught.value.detail


def test_a_condition_may_be_switched_off(soap: SoapClient) -> None:
    off = '<condition expr="1=0" enabledIf="false"/><condition expr="1=0" enabledIf="0"/>'
    assert names(soap, off + '<condition expr="1=1" enabledIf="true"/>') == [
        "alpha",
        "beta",
        "gamma",
    ]


def test_a_thousand_alternatives_are_no_deeper_than_ten(soap: SoapClient) -> None:
    many = "".join('<condition expr="@id = 1" boolOperator="OR"/>' for _ in range(3000))
    assert names(soap, many + "<condition expr=\"@name = 'beta'\"/>") == ["beta"]
