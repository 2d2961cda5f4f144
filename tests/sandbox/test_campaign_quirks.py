"""Each switch of Campaign, seen from outside; those of statuses and memos are tested with what they switch."""

from __future__ import annotations

import ast
import inspect
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest

from audctl.sandbox.campaign import quirks as quirks_module
from audctl.sandbox.campaign.catalog import catalog_of
from audctl.sandbox.campaign.quirks import CANDIDATES, Quirks
from audctl.sandbox.server import start
from tests.sandbox.campaign_soap import Fault, SoapClient, Xml, envelope, outputs, query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lxml import etree

RENAMED = {
    "dataSource": "cus:sharedSource",
    "dataSourceLabel": "@title",
    "dataSourceName": "@internalName",
    "dataSourceTarget": "@dimension",
    "dataSourceKey": "@key",
    "dataSourceId": "@dpid",
    "destinationId": "@destId",
    "hashAlgorithm": "@hash",
    "acceptConditions": "@accepted",
    "isShared": "@isSharedAudience",
    "audienceId": "@segment-id",
    "audienceName": "@segmentName",
    "dataSourceLink": "sharedSource",
    "dataSourceReference": "@sharedSource-id",
    "region": "@region",
    "serverSideEncryption": "@sse",
}


@contextmanager
def served(folder: Path, quirks: Quirks) -> Iterator[SoapClient]:
    with start(folder, quirks=quirks) as sandbox, SoapClient(sandbox.url) as client:
        yield client


def test_every_switch_says_what_it_does() -> None:
    tree = ast.parse(inspect.getsource(quirks_module))
    (declared,) = (each for each in tree.body if isinstance(each, ast.ClassDef))
    documented = {
        str(this.target.id)
        for this, following in zip(declared.body, declared.body[1:], strict=False)
        if isinstance(this, ast.AnnAssign)
        and isinstance(this.target, ast.Name)
        and isinstance(following, ast.Expr)
        and isinstance(following.value, ast.Constant)
    }
    assert documented == {each.name for each in fields(Quirks)}


def test_a_missing_operation_may_mean_insert(tmp_path: Path) -> None:
    with served(tmp_path, Quirks(default_operation="insert")) as soap:
        soap.write('<group xtkschema="nms:group" name="a"/>')
        with pytest.raises(Fault, match="duplicate key"):
            soap.write('<group xtkschema="nms:group" name="a"/>')


def test_a_collection_may_be_written_in_part_and_session_write_be_allowed(tmp_path: Path) -> None:
    rows = '<x xtkschema="nms:group"><group _operation="insert" name="a"/><group _operation="what"/></x>'
    with served(
        tmp_path, Quirks(write_collection_atomic=False, session_write_allowed=True)
    ) as soap:
        with pytest.raises(Fault, match="Unknown operation"):
            soap.write_collection(rows)
        assert soap.select("nms:group", "@name") == [{"name": "a"}]
        soap.call("xtk:session", "Write", Xml('<group xtkschema="nms:group" name="b"/>'))
        assert len(soap.select("nms:group", "@name")) == 2


def test_an_expired_session_may_be_a_fault(tmp_path: Path) -> None:
    with served(tmp_path, Quirks(expired_as="fault")) as soap:
        response = soap.post(
            "xtk:session#TestCnx", envelope("xtk:session", "TestCnx"), {"Authorization": "Bearer x"}
        )
        with pytest.raises(Fault, match="XSV-350008"):
            outputs(response)


def test_zones_may_take_less_proof(tmp_path: Path) -> None:
    def ask(soap: SoapClient, token: str) -> int:
        body = envelope("xtk:session", "GetUserInfo", token=token)
        return soap.post("xtk:session#GetUserInfo", body, {}).status_code

    with served(tmp_path / "a", Quirks(password_token_allowed=True)) as soap:
        assert [ask(soap, "admin/admin"), ask(soap, "admin/wrong"), ask(soap, "/")] == [
            200,
            403,
            403,
        ]
    with served(tmp_path / "b", Quirks(session_token_only_allowed=True)) as soap:
        token, *_ = soap.call("xtk:session", "Logon", "admin", "admin", Xml(""), headers={})
        assert [ask(soap, str(token.text)), ask(soap, "___other"), ask(soap, "")] == [200, 403, 403]


def test_unknown_attributes_may_be_faults(tmp_path: Path) -> None:
    with served(tmp_path, Quirks(unknown_attributes="fault")) as soap:
        soap.write(
            '<group xtkschema="nms:group" name="a" created="2020-01-01">'
            '<folder _operation="none" name="nmsRootGroup"/></group>'
        )
        for bad in (
            'nothing="1"',
            'name="a"><nothing/></group',
            'name="a"><folder nothing="1"/></group',
        ):
            closing = ">" if "<" in bad else "/>"
            with pytest.raises(Fault, match="nothing"):
                soap.write(f'<group xtkschema="nms:group" {bad}{closing}')


def test_what_matches_nothing_or_too_much_may_be_taken_otherwise(tmp_path: Path) -> None:
    quirks = Quirks(unresolved_link="ignore", several_matches="first", delete_absent="fault")
    with served(tmp_path, quirks) as soap:
        soap.write(
            '<group xtkschema="nms:group" name="a"><folder _operation="none" name="nowhere"/></group>'
        )
        assert soap.select("nms:group", "[@folder-id]") == [{"folder-id": "0"}]
        for number in (5001, 5002):
            soap.write(f'<recipient xtkschema="nms:recipient" id="{number}" email="a@b.example"/>')
        soap.write(
            '<recipient xtkschema="nms:recipient" _key="@email" email="a@b.example" phone="1"/>'
        )
        rows = soap.select("nms:recipient", "@id", "@phone")
        assert rows == [{"id": "5001", "phone": "1"}, {"id": "5002", "phone": ""}]
        with pytest.raises(Fault, match="to be deleted"):
            soap.write('<group xtkschema="nms:group" _operation="delete" name="b"/>')


def test_every_row_may_be_deleted_and_empty_strings_left_out(tmp_path: Path) -> None:
    with served(tmp_path, Quirks(unguarded_delete_allowed=True, null_strings="absent")) as soap:
        soap.write('<group xtkschema="nms:group" name="a"/>')
        assert soap.select("nms:group", "@name", "@label") == [{"name": "a"}]
        soap.call("xtk:persist", "DeleteCollection", "nms:group", Xml("<where/>"), "false")
        assert soap.select("nms:group", "@name") == []


def test_folders_may_be_named_by_name(tmp_path: Path) -> None:
    with served(tmp_path, Quirks(folder_full_name="name")) as soap:
        soap.write(
            '<folder xtkschema="xtk:folder" name="under" label="Under"><parent _operation="none" name="nmsRootGroup"/>'
            "</folder>"
        )
        (row,) = soap.select("xtk:folder", "@fullName", where="@name='under'")
        assert row["fullName"].endswith("/under/")


def test_limits_of_requests_options_and_rows(tmp_path: Path) -> None:
    quirks = Quirks(max_body_bytes=2000, max_depth=12, option_string_length=5, default_line_count=1)
    with served(tmp_path, quirks) as soap:
        with pytest.raises(Fault, match="too large"):
            soap.call("xtk:session", "GetOption", "x" * 3000)
        with pytest.raises(Fault, match="too deeply"):
            soap.call("xtk:session", "GetOption", Xml("<a>" * 12 + "</a>" * 12))
        soap.write('<option xtkschema="xtk:option" name="x" stringValue="12345"/>')
        with pytest.raises(Fault, match="value too long"):
            soap.write('<option xtkschema="xtk:option" name="x" stringValue="123456"/>')
        assert len(soap.select("xtk:option", "@name")) == 1


def test_the_code_of_s3_accounts(tmp_path: Path) -> None:
    with served(tmp_path, Quirks(s3_account_type=25)) as soap:
        rows = soap.query(
            '<queryDef schema="nms:extAccount"><select><node expr="@type" analyze="true"/></select></queryDef>'
        )
        assert {(row.get("type"), row.get("typeName")) for row in rows} == {("25", "awsS3")}


def schema_document(soap: SoapClient, name: str) -> list[etree._Element]:
    (output,) = soap.call("xtk:persist", "GetEntityIfMoreRecent", f"xtk:schema|{name}", "", "false")
    return list(output)


def test_every_name_without_a_public_source_can_be_another(tmp_path: Path) -> None:
    assert RENAMED.keys() == CANDIDATES.keys()
    with served(tmp_path, Quirks(names=RENAMED)) as soap:
        assert schema_document(soap, "nms:amcDataSource") == []
        (document,) = schema_document(soap, "cus:sharedSource")
        assert (document.get("namespace"), document.get("name")) == ("cus", "sharedSource")
        rows = soap.select("xtk:schema", "@namespace", where="@name = 'sharedSource'")
        assert rows == [{"namespace": "cus"}]
        soap.write(
            '<sharedSource xtkschema="cus:sharedSource" _operation="update" internalName="defaultDataSource"'
            ' dpid="7" destId="8" hash="md5" accepted="true" title="Ours"/>'
        )
        (source,) = soap.query(
            query("cus:sharedSource", "@dpid", "@destId", "@title", "@dimension", "@key", "@hash")
        )
        assert source.tag.endswith("sharedSource")
        assert (source.get("dpid"), source.get("hash"), source.get("title")) == ("7", "md5", "Ours")
        soap.write(
            '<group xtkschema="nms:group" name="shared" isSharedAudience="true" segment-id="12" segmentName="S">'
            '<sharedSource _operation="none" internalName="defaultDataSource"/></group>'
        )
        row = soap.query(
            query(
                "nms:group",
                *("@isSharedAudience", "[@segment-id]", "[@sharedSource-id]"),
                *("[sharedSource/@dpid]", "sharedSource"),
                where="[sharedSource/@key] LIKE '%sourceId%'",
                operation="get",
            )
        )
        assert (row.get("isSharedAudience"), row.get("segment-id")) == ("true", "12")
        assert [link.get("_cs") for link in row.iterfind("{*}sharedSource")] == ["Ours (7)"]
        with pytest.raises(Fault, match="@isAMC"):
            soap.select("nms:group", "@isAMC")
        members = (
            '<queryDef schema="cus:sharedSource" operation="count"><where><condition expr="group" '
            'setOperator="EXISTS"><condition expr="@name = \'shared\'"/></condition></where></queryDef>'
        )
        assert soap.query(members).get("count") == "1"
        with pytest.raises(Fault, match="is used by"):
            soap.delete("cus:sharedSource", "@dpid = 7")
        soap.write(
            '<extAccount xtkschema="nms:extAccount" _operation="update" name="importSharedAudience"'
            ' region="eu" sse="1"/>'
        )
        rows = soap.select("nms:extAccount", "@region", "@sse", where="@region = 'eu'")
        assert rows == [{"region": "eu", "sse": "true"}]
        with pytest.raises(Fault, match="duplicate key"):
            soap.write(
                '<sharedSource xtkschema="cus:sharedSource" _operation="insert" internalName="defaultDataSource"/>'
            )


def test_the_same_data_is_served_under_either_name(tmp_path: Path) -> None:
    with served(tmp_path, Quirks(names={**CANDIDATES, "isShared": "@shared"})) as soap:
        soap.write('<group xtkschema="nms:group" name="a" shared="true"/>')
    with served(tmp_path, Quirks()) as soap:
        assert soap.select("nms:group", "@isAMC") == [{"isAMC": "true"}]


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("isShared", "isAMC"),
        ("isShared", "@a b"),
        ("isShared", "@label"),
        ("dataSourceLink", "@link"),
        ("dataSourceLink", "folder"),
        ("dataSource", "amcDataSource"),
        ("dataSource", "nms:group"),
        ("nothing", "@x"),
    ],
)
def test_a_name_that_cannot_be_is_refused(role: str, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        catalog_of(replace(Quirks(), names={**CANDIDATES, role: name}))
