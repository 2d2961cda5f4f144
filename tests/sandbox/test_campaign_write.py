from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lxml import etree

from audctl.sandbox.campaign.quirks import Quirks
from audctl.sandbox.campaign.router import answer_call
from audctl.sandbox.server import start
from tests.sandbox.campaign_soap import Fault, SoapClient, Xml, envelope, query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.sandbox.server import RunningSandbox


@pytest.fixture
def soap(sandbox: RunningSandbox) -> Iterator[SoapClient]:
    with SoapClient(sandbox.url) as client:
        yield client


def names(soap: SoapClient, schema: str = "nms:group") -> list[str]:
    return sorted(row["name"] for row in soap.select(schema, "@name"))


def write_list(soap: SoapClient, name: str, attributes: str = "", inside: str = "") -> None:
    soap.write(
        '<group xtkschema="nms:group" _operation="insertOrUpdate" _key="@name"'
        f' name="{name}" {attributes}>{inside}</group>'
    )


def read_list(soap: SoapClient, name: str, *expressions: str) -> dict[str, str]:
    (row,) = soap.select("nms:group", *expressions, where=f"@name='{name}'")
    return row


def test_an_upsert_inserts_once_and_then_updates(soap: SoapClient) -> None:
    write_list(soap, "vip", 'label="One" aamMappingId="7"')
    first = read_list(soap, "vip", "@id", "@label")
    write_list(soap, "vip", 'label="Two &amp; &lt;three&gt;"')
    second = read_list(soap, "vip", "@id", "@label", "@aamMappingId")
    assert second == {"id": first["id"], "label": "Two & <three>", "aamMappingId": "7"}
    write_list(soap, "vip", 'label=""')
    assert read_list(soap, "vip", "@label", "@aamMappingId") == {"label": "", "aamMappingId": "7"}


def test_insert_ignores_the_key_and_meets_the_unique_index(soap: SoapClient) -> None:
    soap.write('<group xtkschema="nms:group" _operation="insert" name="vip"/>')
    with pytest.raises(Fault) as caught:
        soap.write('<group xtkschema="nms:group" _operation="insert" name="vip"/>')
    assert "SOP-330011" in caught.value.summary
    assert "PGS-220000" in caught.value.detail
    assert 'unique constraint "NmsGroup_name"' in caught.value.detail
    assert "Key (sname)=(vip) already exists" in caught.value.detail
    assert "XSV-350023" in caught.value.detail


@pytest.mark.parametrize("operation", ["update", "delete"])
def test_update_and_delete_of_an_absent_row_do_nothing(soap: SoapClient, operation: str) -> None:
    soap.write(f'<group xtkschema="nms:group" _operation="{operation}" _key="@name" name="x"/>')
    assert names(soap) == []


def test_an_implicit_key_is_the_first_whose_fields_are_all_there(soap: SoapClient) -> None:
    write_list(soap, "a", 'label="A"')
    number = read_list(soap, "a", "@id")["id"]
    soap.write(f'<group xtkschema="nms:group" id="{number}" name="b"/>')
    assert names(soap) == ["b"]
    soap.write('<group xtkschema="nms:group" name="b" label="B"/>')
    assert read_list(soap, "b", "@id", "@label") == {"id": number, "label": "B"}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ('<group xtkschema="nms:group" _key="@name" label="x"/>', "@name"),
        ('<group xtkschema="nms:group" _key="@nothing" name="x"/>', "@nothing"),
        ('<group xtkschema="nms:group" _key="[folder/@name]" name="x"/>', "folder/@name"),
        ('<group xtkschema="nms:group" _operation="update" label="x"/>', "No key"),
        ('<group xtkschema="nms:group" _operation="merge" name="x"/>', "merge"),
        ('<group xtkschema="cus:group" name="x"/>', "XFR-180000"),
        ('<group name="x"/>', "xtkschema"),
        ('<group xtkschema="nms:group" name="x" type="many"/>', "type"),
        ('<group xtkschema="nms:group" name="x" type="900"/>', "out of range"),
        ('<group xtkschema="nms:group" name="x" isAMC="perhaps"/>', "boolean"),
        ('<group xtkschema="nms:group" name="x" expirationDate="soon"/>', "datetime"),
        (f'<group xtkschema="nms:group" name="{"x" * 65}"/>', "character varying(64)"),
        (
            '<group xtkschema="nms:group" name="x"><folder _operation="none" name="no"/></group>',
            "link 'folder' cannot be resolved",
        ),
    ],
)
def test_what_cannot_be_written_is_a_fault_and_leaves_nothing(
    soap: SoapClient, document: str, reason: str
) -> None:
    with pytest.raises(Fault) as caught:
        soap.write(document)
    assert reason in caught.value.detail
    assert names(soap) == []


def test_several_rows_that_match_a_key_are_a_fault(soap: SoapClient) -> None:
    write_list(soap, "a", 'label="same"')
    write_list(soap, "b", 'label="same"')
    with pytest.raises(Fault, match="Several"):
        soap.write('<group xtkschema="nms:group" _key="@label" label="same" type="1"/>')


def test_unknown_and_server_owned_attributes_are_dropped_without_a_word(soap: SoapClient) -> None:
    write_list(
        soap,
        "a",
        'colour="red" created="1999-01-01" lastModified="soon" modifiedBy-id="5"',
        "<shade/>",
    )
    row = read_list(soap, "a", "@created", "[@modifiedBy-id]", "[@createdBy-id]")
    assert row["created"] > "2020"
    assert (row["modifiedBy-id"], row["createdBy-id"]) == ("1059", "1059")


def test_a_name_is_made_up_when_none_is_given(soap: SoapClient) -> None:
    soap.write('<group xtkschema="nms:group" _operation="insert" label="nameless"/>')
    assert names(soap) == ["LST1"]


def test_audit_fields_tell_who_and_when(sandbox: RunningSandbox, soap: SoapClient) -> None:
    write_list(soap, "a", 'label="by the account"')
    before = read_list(soap, "a", "@lastModified", "@created")
    soap.http.post("/_sandbox/clock", json={"advance": "2h"})
    with SoapClient(sandbox.url, "marketer") as marketer:
        write_list(marketer, "a", 'label="by hand"')
    expressions = ("@lastModified", "@created", "[modifiedBy/@name]", "[createdBy/@name]")
    after = soap.query(query("nms:group", *expressions, where="@name='a'"))[0]
    assert str(after.get("lastModified")) > before["lastModified"]
    assert after.get("created") == before["created"]
    assert [each.get("name") for each in after] == ["marketer", "admin"]


def test_links_are_set_by_key_or_by_a_child_and_a_child_may_be_written_too(
    soap: SoapClient,
) -> None:
    write_list(soap, "by-child", inside='<folder _operation="none" name="nmsRootGroup"/>')
    number = read_list(soap, "by-child", "[@folder-id]")["folder-id"]
    write_list(soap, "by-key", f'folder-id="{number}"')
    assert read_list(soap, "by-key", "[@folder-id]") == {"folder-id": number}
    write_list(soap, "new", inside='<folder name="fresh" label="Fresh" parent-id="1203"/>')
    row = soap.query(query("nms:group", "[folder/@fullName]", where="@name='new'"))[0]
    assert [each.get("fullName") for each in row] == ["/Profiles and Targets/Lists/Fresh/"]


def test_members_are_written_inside_their_recipient(soap: SoapClient) -> None:
    write_list(soap, "vip")
    soap.write('<recipient xtkschema="nms:recipient" _operation="insert" email="a@x.example"/>')
    member = (
        '<recipient xtkschema="nms:recipient" _operation="update" _key="@email" email="a@x.example">'
        '<rcpGrpRel _operation="insertOrUpdate" _key="[rcpGroup/@name]">'
        '<rcpGroup _operation="none" name="vip"/></rcpGrpRel></recipient>'
    )
    soap.write(member)
    soap.write(member)
    assert len(soap.select("nms:rcpGrpRel", "[@recipient-id]")) == 1
    soap.write('<group xtkschema="nms:group" _operation="delete" _key="@name" name="vip"/>')
    assert soap.select("nms:rcpGrpRel", "[@recipient-id]") == []
    assert len(soap.select("nms:recipient", "@id")) == 1


def test_a_folder_knows_its_path_and_tells_its_children(soap: SoapClient) -> None:
    soap.write(
        '<folder xtkschema="xtk:folder" _operation="insert" name="shared" label="Shared" model="nmsGroup">'
        '<parent _operation="none" name="nmsRootGroup"/></folder>'
    )
    soap.write(
        '<folder xtkschema="xtk:folder" _operation="insert" name="eu" label="EU">'
        '<parent _operation="none" name="shared"/></folder>'
    )
    write_list(
        soap,
        "a",
        inside='<folder _operation="none" fullName="/Profiles and Targets/Lists/Shared/"/>',
    )
    assert len(soap.select("nms:group", "@name", where="[folder/@name]='shared'")) == 1
    where = "@fullName = '/Profiles and Targets/Lists/Shared/EU/'"
    assert soap.select("xtk:folder", "@name", where=where) == [{"name": "eu"}]
    soap.write(
        '<folder xtkschema="xtk:folder" _operation="update" _key="@name" name="shared" label="Common"/>'
    )
    (row,) = soap.select("xtk:folder", "@fullName", where="@name='eu'")
    assert row == {"fullName": "/Profiles and Targets/Lists/Common/EU/"}
    with pytest.raises(Fault, match="under itself"):
        soap.write(
            '<folder xtkschema="xtk:folder" _operation="update" _key="@name" name="shared">'
            '<parent _operation="none" name="eu"/></folder>'
        )


def test_a_folder_in_use_or_a_data_source_in_use_stays(soap: SoapClient) -> None:
    soap.write(
        '<folder xtkschema="xtk:folder" _operation="insert" name="f" label="F" parent-id="1203"/>'
    )
    inside = '<folder _operation="none" name="f"/><amcDataSource _operation="none" name="defaultDataSource"/>'
    write_list(soap, "a", inside=inside)
    with pytest.raises(Fault, match=r"used by at least one document of type 'Lists"):
        soap.delete("xtk:folder", "@name='f'")
    with pytest.raises(Fault, match=r"used by at least one document of type 'Lists"):
        soap.delete("nms:amcDataSource", "@name='defaultDataSource'")
    with pytest.raises(Fault, match=r"used by at least one document of type 'Folders"):
        soap.delete("xtk:folder", "@name='nmsRootGroup'")
    soap.delete("nms:group", "@name='a'")
    soap.delete("xtk:folder", "@name='f'")
    assert "f" not in names(soap, "xtk:folder")


def test_a_collection_is_written_as_a_whole_or_not_at_all(soap: SoapClient) -> None:
    with pytest.raises(Fault, match="varying"):
        soap.write_collection(
            '<group-collection xtkschema="nms:group"><group _operation="insert" name="a"/>'
            f'<group _operation="insert" name="{"x" * 99}"/></group-collection>'
        )
    assert names(soap) == []


def test_a_collection_without_a_condition_is_not_deleted(soap: SoapClient) -> None:
    write_list(soap, "a")
    with pytest.raises(Fault, match="Refused"):
        soap.call("xtk:persist", "DeleteCollection", "nms:group", Xml("<where/>"), "false")
    assert names(soap) == ["a"]


def test_delete_collection_follows_links_in_its_condition(soap: SoapClient) -> None:
    write_list(soap, "a", inside='<folder _operation="none" name="nmsRootGroup"/>')
    write_list(soap, "b")
    soap.delete("nms:group", "[folder/@name]='nmsRootGroup'")
    assert names(soap) == ["b"]


@pytest.mark.parametrize("password", ["hunter2", "@hunter2", "@@=="])
def test_a_password_never_comes_back(soap: SoapClient, password: str) -> None:
    for name in ("x", "y"):
        soap.write(
            f'<extAccount xtkschema="nms:extAccount" _key="@name" name="{name}" password="{password}"/>'
        )
    shown = [
        row["password"] for row in soap.select("nms:extAccount", "@password", where="@id > 2000")
    ]
    assert len(set(shown)) == 2
    assert all(each.startswith("@") and password not in each for each in shown)
    where = f"@password = '{password}'"
    assert soap.select("nms:extAccount", "@id", where=where) == []


def test_an_encrypted_password_is_kept_as_it_is(soap: SoapClient) -> None:
    (encrypted,) = soap.call("xtk:session", "EncryptPassword", "hunter2")
    soap.write(f'<extAccount xtkschema="nms:extAccount" name="x" password="{encrypted.text}"/>')
    assert soap.select("nms:extAccount", "@password", where="@name='x'") == [
        {"password": encrypted.text}
    ]


def test_an_entity_is_prepared_loaded_and_copied(soap: SoapClient) -> None:
    write_list(soap, "vip", 'label="VIP" type="2"', "<desc>By hand</desc>")
    number = read_list(soap, "vip", "@id")["id"]
    blank = Xml('<group xtkschema="nms:group"/>')
    (entity,) = soap.call("xtk:persist|nms:group", "NewInstance", blank)
    assert int(str(entity[0].get("id"))) > int(number)
    assert entity[0].get("schema") == "nms:recipient"
    (entity,) = soap.call("xtk:persist|nms:group", "Load", blank, f"nms:group|{number}")
    assert (entity[0].get("label"), entity[0].findtext("{*}desc")) == ("VIP", "By hand")
    (entity,) = soap.call("xtk:persist|nms:group", "Duplicate", blank, f"nms:group|{number}")
    assert entity[0].get("label") == "VIP"
    assert entity[0].get("name") != "vip"
    assert entity[0].get("id") != number
    assert names(soap) == ["vip"]
    with pytest.raises(Fault):
        soap.call("xtk:persist|nms:group", "Load", blank, "nms:group|1")
    (entity,) = soap.call("xtk:persist|nms:group", "LoadIfExists", blank, "nms:group|1")
    assert len(entity[0]) == 0


def test_reserved_ids_can_be_written(soap: SoapClient) -> None:
    (listed,) = soap.call("xtk:session", "GetNewIdsEx", "3", "XtkNewId")
    reserved = str(listed.text).split(",")
    assert len(set(reserved)) == 3
    soap.write(f'<group xtkschema="nms:group" _operation="insert" id="{reserved[1]}" name="a"/>')
    assert read_list(soap, "a", "@id") == {"id": reserved[1]}


@pytest.mark.parametrize(
    ("quirks", "document", "expected"),
    [
        (Quirks(), '<group name="a"/>', ["a"]),
        (Quirks(default_operation="insert"), '<group name="a"/>', ["a"]),
        (
            Quirks(write_collection_atomic=False),
            f'<group name="a"/><group name="{"x" * 99}"/>',
            ["a"],
        ),
    ],
)
def test_switches_change_what_a_collection_does(
    sandbox: RunningSandbox, soap: SoapClient, quirks: Quirks, document: str, expected: list[str]
) -> None:
    wrapped = Xml(f'<group-collection xtkschema="nms:group">{document}</group-collection>')
    headers = {
        "soapaction": "xtk:persist#WriteCollection",
        "authorization": f"Bearer {soap.bearer}",
    }
    body = envelope("xtk:persist", "WriteCollection", wrapped).encode()
    first = answer_call(sandbox.store, quirks, headers, body)
    assert names(soap) == expected
    second = answer_call(sandbox.store, quirks, headers, body)
    assert ("duplicate key" in second.text) == (quirks.default_operation == "insert")
    assert ("Fault" in first.text) == (not quirks.write_collection_atomic)


def test_session_write_is_refused_unless_switched_on(
    sandbox: RunningSandbox, soap: SoapClient
) -> None:
    document = Xml('<group xtkschema="nms:group" name="a"/>')
    with pytest.raises(Fault, match="SOP-330024"):
        soap.call("xtk:session", "Write", document)
    headers = {"soapaction": "xtk:session#Write", "authorization": f"Bearer {soap.bearer}"}
    body = envelope("xtk:session", "Write", document).encode()
    answer_call(sandbox.store, Quirks(session_write_allowed=True), headers, body)
    assert names(soap) == ["a"]


def test_schemas_are_served_not_written(soap: SoapClient) -> None:
    with pytest.raises(Fault, match="cannot be changed"):
        soap.write('<schema xtkschema="xtk:schema" namespace="cus" name="x"/>')
    with pytest.raises(Fault, match="cannot be changed"):
        soap.delete("xtk:schema", "@name='group'")


@pytest.mark.parametrize(
    ("quirks", "expected"),
    [
        (Quirks(), '<group name="a" label=""><desc></desc></group>'),
        (Quirks(null_strings="absent"), '<group name="a"><desc></desc></group>'),
    ],
)
def test_a_null_string_is_empty_or_absent(
    sandbox: RunningSandbox, soap: SoapClient, quirks: Quirks, expected: str
) -> None:
    write_list(soap, "a")
    document = Xml(query("nms:group", "@name", "@label", "desc"))
    headers = {"soapaction": "xtk:queryDef#ExecuteQuery", "authorization": f"Bearer {soap.bearer}"}
    body = envelope("xtk:queryDef", "ExecuteQuery", document).encode()
    assert expected in answer_call(sandbox.store, quirks, headers, body).text


def test_state_survives_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    data = tmp_path_factory.mktemp("kept")
    with start(data) as sandbox, SoapClient(sandbox.url) as client:
        write_list(client, "kept")
    with start(data) as sandbox, SoapClient(sandbox.url) as client:
        assert names(client) == ["kept"]


def test_an_option_is_written_as_the_official_sdk_spells_it(soap: SoapClient) -> None:
    soap.write(
        '<option xtkschema="xtk:option" name="long" dataType="12" memoValue="a memo as attribute"/>'
    )
    soap.write('<option xtkschema="xtk:option" name="truth" dataType="15" longValue="true"/>')
    values = [soap.call("xtk:session", "GetOption", name)[0].text for name in ("long", "truth")]
    assert values == ["a memo as attribute", "1"]


def test_a_document_is_loaded_as_text(soap: SoapClient) -> None:
    soap.write('<group xtkschema="nms:group" id="5001" name="a" label="&lt;A&gt;"/>')
    (content,) = soap.call("xtk:persist|nms:group", "LoadAsText", "nms:group|5001")
    loaded = etree.fromstring(str(content.text))
    assert (loaded.get("name"), loaded.get("label")) == ("a", "<A>")
    with pytest.raises(Fault, match="not found"):
        soap.call("xtk:persist", "LoadAsText", "nms:group|5002")
