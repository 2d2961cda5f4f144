"""Documents of rows that are not saved yet, and of saved ones loaded by their primary key."""

import re
from dataclasses import replace

from lxml import etree

from audctl.sandbox.campaign.faults import CampaignFault, bad_document
from audctl.sandbox.campaign.query import every_field, execute_query
from audctl.sandbox.campaign.rows import Change, new_id, new_values
from audctl.sandbox.campaign.schema import Category, Field, Schema
from audctl.sandbox.campaign.values import Stored
from audctl.sandbox.campaign.xml import child, discard, serialize, without_namespaces

_PART = re.compile(r"((?:[^|\\]|\\.)*)(?:\||$)", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def new_instance(change: Change, schema: Schema, entity: etree._Element) -> str:
    """Complete a document with an id and the defaults of the fields it leaves out."""
    return serialize(_with_defaults(change, schema, without_namespaces(entity)))


def apply_duplicate_rules(change: Change, schema: Schema, entity: etree._Element) -> str:
    """Reset what a copy must not share with its original: its id and its names."""
    return serialize(_as_copy(change, schema, without_namespaces(entity)))


def duplicate(change: Change, pk: str, folder_pk: str | None) -> str:
    """Copy a saved row to an unsaved document, in another folder if one is given."""
    schema, _ = _split_pk(change, pk)
    loaded = load(change, pk, must_exist=True)
    entity = etree.fromstring(loaded)
    if folder_pk and "@folder-id" in schema.fields:
        _, parts = _split_pk(change, folder_pk)
        entity.set("folder-id", parts[0])
    return serialize(_as_copy(change, schema, entity))


def load(change: Change, pk: str, *, must_exist: bool) -> str:
    """Give the whole document of a primary key; an absent one is a fault, or an empty element."""
    schema, parts = _split_pk(change, pk)
    key = next((key for key in schema.keys if key.internal), None)
    if key is None or len(parts) != len(key.xpaths):
        raise bad_document(f"'{pk[:200]}' is not a primary key of schema '{schema.id}'.")
    query = etree.Element(
        "queryDef", schema=schema.id, operation="get" if must_exist else "getIfExists"
    )
    select = etree.SubElement(query, "select")
    for expression in every_field(schema):
        etree.SubElement(select, "node", expr=expression)
    where = etree.SubElement(query, "where")
    for xpath, value in zip(key.xpaths, parts, strict=True):
        literal = value.replace("\\", "\\\\").replace("'", "\\'")
        etree.SubElement(where, "condition", expr=f"[{xpath}] = '{literal}'")
    # A document carries its XML elements directly under its root; only the answer to a query wraps them.
    quirks = replace(change.quirks, memo_data="expanded")
    loaded = etree.fromstring(execute_query(change.conn, query, change.now, quirks))
    loaded.set("xtkschema", schema.id)
    return serialize(loaded)


def _split_pk(change: Change, pk: str) -> tuple[Schema, list[str]]:
    parts = [_ESCAPED.sub(r"\1", match[1]) for match in _PART.finditer(pk)]
    if pk and not pk.endswith("|"):
        parts = parts[:-1]
    if len(parts) < 2:  # noqa: PLR2004 - schema and one value
        raise bad_document(f"'{pk[:200]}' is not a primary key.")
    return change.schema(parts[0]), parts[1:]


def _with_defaults(change: Change, schema: Schema, entity: etree._Element) -> etree._Element:
    entity.set("xtkschema", schema.id)
    entity.set("_operation", "insert")
    for field in schema.fields.values():
        if field.read_only or field.expression is not None or field.category is Category.XML:
            continue
        if field.xpath == "@id" and schema.autopk:
            if entity.get("id") in (None, "", "0"):
                entity.set("id", str(new_id(change.conn, schema)))
        elif field.default is not None and not _value(entity, field):
            value = _default_of(change, schema, field)
            if value not in (None, "", 0):
                _put(entity, field, str(value))
    return entity


def _default_of(change: Change, schema: Schema, field: Field) -> Stored:
    single = Schema(schema.namespace, schema.name, "", "", "", fields={field.xpath: field})
    return new_values(change, single, {})[field.column]


def _as_copy(change: Change, schema: Schema, entity: etree._Element) -> etree._Element:
    for field in schema.fields.values():
        named = field.default is not None and field.default.counter is not None
        if named or field.read_only or (field.xpath == "@id" and schema.autopk):
            _drop(entity, field)
    return _with_defaults(change, schema, entity)


def _holder(entity: etree._Element, field: Field) -> etree._Element | None:
    holder: etree._Element | None = entity
    for step in field.xpath.split("/")[:-1]:
        holder = None if holder is None else child(holder, step)
    return holder


def _value(entity: etree._Element, field: Field) -> str | None:
    holder = _holder(entity, field)
    name = field.xpath.rpartition("/")[2]
    if holder is None:
        return None
    if name.startswith("@"):
        return holder.get(name[1:])
    found = child(holder, name)
    return None if found is None else found.text


def _put(entity: etree._Element, field: Field, text: str) -> None:
    holder = _holder(entity, field)
    name = field.xpath.rpartition("/")[2]
    if holder is None or not name.startswith("@"):
        raise CampaignFault(f"XSV-350023 A default of '{field.xpath}' has no place to go.")
    holder.set(name[1:], text)


def _drop(entity: etree._Element, field: Field) -> None:
    holder = _holder(entity, field)
    name = field.xpath.rpartition("/")[2]
    if holder is not None:
        discard(holder, name.lstrip("@"))
