from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from audctl.sandbox.campaign.quirks import Quirks
from audctl.sandbox.campaign.router import answer_call
from tests.sandbox.campaign_soap import Fault, SoapClient, Xml, envelope, local_name, query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

    from audctl.sandbox.server import RunningSandbox

DEFINITION = """
<workflow xtkschema="xtk:workflow" _operation="insertOrUpdate" _key="@internalName"
          internalName="exportVip" label="Export VIP" schema="nms:recipient">
  <folder _operation="none" name="nmsTechnicalWorkflow"/>
  <activities>
    <schedule name="sched" label="Every night"><transitions><transition name="t" target="read"/></transitions>
      <period>m_iDayMode=1;m_tmFixedTime='03:00'</period></schedule>
    <readList name="read" label="Read &amp; go">
      <transitions><result name="result" target="sig"/></transitions></readList>
    <signal name="sig"><transitions/></signal>
  </activities>
  <variables><x name="v">1</x></variables>
</workflow>
"""


@pytest.fixture
def soap(sandbox: RunningSandbox) -> Iterator[SoapClient]:
    with SoapClient(sandbox.url) as client:
        client.write(DEFINITION)
        yield client


def state(soap: SoapClient, name: str = "exportVip") -> str:
    (row,) = soap.select("xtk:workflow", "@state", where=f"@internalName='{name}'")
    return row["state"]


def definition(soap: SoapClient) -> etree._Element:
    row = soap.query(
        query("xtk:workflow", "data", where="@internalName='exportVip'", operation="get")
    )
    (data,) = row
    assert local_name(data) == "data"
    return data


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ([], "0"),
        (["Start"], "11"),
        (["Start", "Pause"], "13"),
        (["Start", "Pause", "Start"], "11"),
        (["Start", "Stop"], "20"),
        (["Start", "Kill"], "20"),
        (["Stop", "Restart"], "11"),
        (["Start", "Wakeup"], "11"),
        (["Wakeup"], "0"),
    ],
)
def test_a_command_shows_at_the_next_query(
    soap: SoapClient, commands: list[str], expected: str
) -> None:
    for command in commands:
        assert soap.call("xtk:workflow", command, "exportVip") == []
    assert state(soap) == expected


def test_a_workflow_is_named_by_id_too_and_started_with_variables(soap: SoapClient) -> None:
    (row,) = soap.select("xtk:workflow", "@id", where="@internalName='exportVip'")
    variables = Xml('<variables x="1"/>')
    soap.call("xtk:workflow", "StartWithParameters", row["id"], variables)
    (started,) = soap.select("xtk:workflow", "@state", "@failed", "@lastStart", where="@id > 2000")
    assert (started["state"], started["failed"]) == ("11", "0")
    assert started["lastStart"] > "2020"
    with pytest.raises(Fault, match="variables"):
        soap.call("xtk:workflow", "StartWithParameters", row["id"], Xml("<other/>"))


@pytest.mark.parametrize("which", ["nobody", "0", "99999999999999999999", ""])
def test_an_unknown_workflow_is_a_fault(soap: SoapClient, which: str) -> None:
    with pytest.raises(Fault, match="does not exist"):
        soap.call("xtk:workflow", "Start", which)


def test_an_event_needs_its_activity(soap: SoapClient) -> None:
    variables = Xml("<variables/>")
    soap.call("xtk:workflow", "Start", "exportVip")
    soap.call("xtk:workflow", "PostEvent", "exportVip", "sig", "", variables, "false")
    (row,) = soap.select("xtk:workflow", "@processDate", where="@internalName='exportVip'")
    assert row["processDate"] > "2020"
    with pytest.raises(Fault, match="no activity 'other'"):
        soap.call("xtk:workflow", "PostEvent", "exportVip", "other", "", variables, "false")


def test_a_copy_of_a_template_is_spawned_and_started(soap: SoapClient) -> None:
    soap.call("xtk:workflow", "SpawnWithParameters", "exportVip", Xml("<variables/>"))
    rows = soap.select("xtk:workflow", "@internalName", "@state", where="@label='Export VIP'")
    assert {row["internalName"]: row["state"] for row in rows} == {"exportVip": "0", "WKF1": "11"}


def test_a_loaded_workflow_carries_its_definition_as_it_is_written(soap: SoapClient) -> None:
    (row,) = soap.select("xtk:workflow", "@id", where="@internalName='exportVip'")
    blank = Xml('<workflow xtkschema="xtk:workflow"/>')
    for method in ("Load", "Duplicate"):
        (entity,) = soap.call(
            "xtk:persist|xtk:workflow", method, blank, f"xtk:workflow|{row['id']}"
        )
        inside = [local_name(part) for part in entity[0]]
        assert {"activities", "variables"} <= set(inside)
        assert "data" not in inside


def test_state_belongs_to_the_server(soap: SoapClient) -> None:
    soap.write(
        '<workflow xtkschema="xtk:workflow" _operation="update" internalName="exportVip" state="11"/>'
    )
    assert state(soap) == "0"


def test_the_definition_comes_back_whole(soap: SoapClient) -> None:
    data = definition(soap)
    assert [local_name(part) for part in data] == ["activities", "variables"]
    assert [local_name(part) for part in data[0]] == ["schedule", "readList", "signal"]
    assert data[0][1].get("label") == "Read & go"
    assert (
        data.findtext("{*}activities/{*}schedule/{*}period") == "m_iDayMode=1;m_tmFixedTime='03:00'"
    )
    assert data.findtext("{*}variables/{*}x") == "1"


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("child", "<workflow><data><activities>"),
        ("text", "<workflow><data>&lt;activities&gt;"),
        ("expanded", "<workflow><activities>"),
    ],
)
def test_where_the_definition_stands_can_be_switched(
    sandbox: RunningSandbox,
    soap: SoapClient,
    shape: Literal["child", "text", "expanded"],
    expected: str,
) -> None:
    document = query("xtk:workflow", "data", where="@internalName='exportVip'", operation="get")
    headers = {"soapaction": "xtk:queryDef#ExecuteQuery", "authorization": f"Bearer {soap.bearer}"}
    body = envelope("xtk:queryDef", "ExecuteQuery", Xml(document)).encode()
    answer = answer_call(sandbox.store, Quirks(memo_data=shape), headers, body)
    assert expected in answer.text


def test_one_element_of_the_memo_can_be_selected(soap: SoapClient) -> None:
    row = soap.query(
        query(
            "xtk:workflow",
            "variables",
            "script",
            where="@internalName='exportVip'",
            operation="get",
        )
    )
    assert [(local_name(part), len(part)) for part in row] == [("variables", 1), ("script", 0)]


def test_elements_without_an_operation_are_replaced_wholesale(soap: SoapClient) -> None:
    soap.write(
        '<workflow xtkschema="xtk:workflow" _operation="update" internalName="exportVip">'
        '<activities><end name="end"/></activities></workflow>'
    )
    data = definition(soap)
    (activities,) = data.iterfind("{*}activities")
    assert [local_name(part) for part in activities] == ["end"]
    assert data.findtext("{*}variables/{*}x") == "1"


def test_elements_with_an_operation_all_the_way_are_merged(soap: SoapClient) -> None:
    soap.write(
        '<workflow xtkschema="xtk:workflow" _operation="update" internalName="exportVip">'
        '<activities _operation="update"><readList name="read" _operation="update" label="New"/>'
        '<signal name="sig" _operation="delete"/><end name="end" _operation="insert"/></activities></workflow>'
    )
    (activities,) = definition(soap).iterfind("{*}activities")
    assert [(local_name(part), part.get("name")) for part in activities] == [
        ("schedule", "sched"),
        ("readList", "read"),
        ("end", "end"),
    ]
    assert activities[1].get("label") == "New"
    assert len(activities[1]) == 1
    assert activities.xpath("//@_operation") == []


def test_the_package_brings_two_started_workflows_and_two_idle_accounts(soap: SoapClient) -> None:
    names = {"importSharedAudience", "exportSharedAudience"}
    rows = soap.select("xtk:workflow", "@internalName", "@state", "@failed", where="@builtIn = 1")
    assert {row["internalName"] for row in rows} == names
    assert {(row["state"], row["failed"]) for row in rows} == {("11", "0")}
    rows = soap.select("nms:extAccount", "@name", "@active", "@type")
    assert {row["name"] for row in rows} == names
    assert {(row["active"], row["type"]) for row in rows} == {("false", "20")}
