"""Names that no public source gives, as the switches spell them.

The documents beside this module carry this project's candidates. Where a switch says otherwise, clients are served, and
speak, the other name; tables and everything that works on rows keep the candidates, so only documents change.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lxml import etree

from audctl.sandbox.campaign.quirks import CANDIDATES, Quirks
from audctl.sandbox.campaign.schema import Schema

DATA_SOURCE = "nms:amcDataSource"
_LISTS = "nms:group"
_ACCOUNTS = "nms:extAccount"
_OPTIONS = "xtk:option"
_S3 = "awsS3"

_OWNERS: Mapping[str, str] = {
    "dataSourceLabel": DATA_SOURCE,
    "dataSourceName": DATA_SOURCE,
    "dataSourceTarget": DATA_SOURCE,
    "dataSourceKey": DATA_SOURCE,
    "dataSourceId": DATA_SOURCE,
    "destinationId": DATA_SOURCE,
    "hashAlgorithm": DATA_SOURCE,
    "acceptConditions": DATA_SOURCE,
    "isShared": _LISTS,
    "audienceId": _LISTS,
    "audienceName": _LISTS,
    "dataSourceLink": _LISTS,
    "dataSourceReference": _LISTS,
    "region": _ACCOUNTS,
    "serverSideEncryption": _ACCOUNTS,
}
_ATTRIBUTE = re.compile(r"@[A-Za-z_][\w-]{0,60}", re.ASCII)
_ELEMENT = re.compile(r"[A-Za-z_][\w-]{0,60}", re.ASCII)
_SCHEMA_ID = re.compile(r"[a-z]\w{0,15}:[A-Za-z]\w{0,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Naming:
    """What is called otherwise, schema by schema."""

    data_source: str
    """Full name of the schema of AMC data sources."""
    members: Mapping[str, Mapping[str, str]]
    """Schema to candidate to the name it has instead, attributes with their at sign."""
    s3_type: int
    string_length: int


def read_naming(quirks: Quirks) -> Naming:
    """Take the names from the switches; raises ValueError for one that is no name, or belongs to something else."""
    unknown = set(quirks.names) - set(CANDIDATES)
    if unknown:
        raise ValueError(f"there is no name {min(unknown)!r}")
    members: dict[str, dict[str, str]] = {}
    for role, candidate in CANDIDATES.items():
        wanted = quirks.names.get(role, candidate)
        pattern = _SCHEMA_ID if role == "dataSource" else _ATTRIBUTE
        if not (_ELEMENT if role == "dataSourceLink" else pattern).fullmatch(wanted):
            raise ValueError(f"names.{role}: {wanted!r} is not such a name as {candidate!r}")
        if wanted != candidate and role != "dataSource":
            members.setdefault(_OWNERS[role], {})[candidate] = wanted
    source = quirks.names.get("dataSource", CANDIDATES["dataSource"])
    return Naming(source, members, quirks.s3_account_type, quirks.option_string_length)


def renamed_document(schema: Schema, naming: Naming) -> bytes:
    """Write the document of a schema with the names of `naming`."""
    root = etree.fromstring(schema.document)
    own = naming.members.get(schema.id, {})
    for element in root.iter("attribute", "element"):
        _rename_member(element, own)
    for element in root.iter():
        for attribute in ("xpath", "xpath-src", "expr"):
            _rewrite(element, attribute, own)
    for element in root.iter("element"):
        _rename_target(element, naming)
    if schema.id == DATA_SOURCE:
        _rename_schema(root, schema.name, naming.data_source)
    if schema.id == _ACCOUNTS:
        for value in root.iterfind(f"enumeration/value[@name='{_S3}']"):
            value.set("value", str(naming.s3_type))
    if schema.id == _OPTIONS:
        for limited in root.iterfind("element/attribute[@name='stringValue']"):
            limited.set("length", str(naming.string_length))
    return etree.tostring(root)


def stored_alike(spoken: Schema, built_in: Schema) -> Schema:
    """Tie a renamed schema to the table of the one it was made from; raises ValueError when two names fell together."""
    if len(spoken.fields) != len(built_in.fields) or len(spoken.links) != len(built_in.links):
        raise ValueError(f"two members of schema {spoken.id} have one name")
    fields = {
        xpath: replace(field, stored_as=original.column)
        for (xpath, field), original in zip(
            spoken.fields.items(), built_in.fields.values(), strict=True
        )
    }
    links = {
        name: replace(
            link,
            target=original.target,
            stored_source=original.source_column,
            stored_destination=original.destination_column,
        )
        for (name, link), original in zip(
            spoken.links.items(), built_in.links.values(), strict=True
        )
    }
    return replace(spoken, fields=fields, links=links, built_in=built_in.id)


def _rename_member(element: etree._Element, own: Mapping[str, str]) -> None:
    sign = "@" if element.tag == "attribute" else ""
    wanted = own.get(f"{sign}{element.get('name')}")
    if wanted is not None:
        element.set("name", wanted.removeprefix("@"))


def _rename_target(element: etree._Element, naming: Naming) -> None:
    target = element.get("target")
    if target is None:
        return
    theirs = naming.members.get(target, {})
    back = element.get("revLink")
    if back in theirs:
        element.set("revLink", theirs[str(back)])
    for join in element.iterfind("join"):
        _rewrite(join, "xpath-dst", theirs)
    if target == DATA_SOURCE:
        element.set("target", naming.data_source)


def _rename_schema(root: etree._Element, old: str, wanted: str) -> None:
    namespace, _, name = wanted.partition(":")
    root.set("namespace", namespace)
    root.set("name", name)
    for main in root.iterfind(f"element[@name='{old}']"):
        main.set("name", name)


def _rewrite(element: etree._Element, attribute: str, renames: Mapping[str, str]) -> None:
    text = element.get(attribute)
    if text is not None:
        for old, wanted in renames.items():
            if old.startswith("@"):
                text = re.sub(re.escape(old) + r"(?![\w-])", wanted, text)
        element.set(attribute, text)
