"""Documents written to rows: operations, reconciliation keys, links and collections."""

from lxml import etree

from audctl.sandbox.campaign.clauses import compile_sub_query
from audctl.sandbox.campaign.conditions import compile_conditions
from audctl.sandbox.campaign.database import fetch_rows
from audctl.sandbox.campaign.draft import Draft, read_draft
from audctl.sandbox.campaign.faults import CampaignFault, bad_document
from audctl.sandbox.campaign.memo import merge_into_row
from audctl.sandbox.campaign.own_tables import LISTS, refresh_own_table
from audctl.sandbox.campaign.places import Source
from audctl.sandbox.campaign.rows import (
    Change,
    Values,
    delete_rows,
    find_rows,
    insert_row,
    update_row,
)
from audctl.sandbox.campaign.schema import DATA_COLUMN, Schema, quoted
from audctl.sandbox.campaign.xml import local_name

_SERVED_ONLY = frozenset({"xtk:schema", "xtk:srcSchema"})
_OPERATIONS = frozenset({"insert", "insertOrUpdate", "update", "delete", "none"})


def write_document(change: Change, element: etree._Element) -> None:
    """Write one document with everything inside it."""
    write_element(change, schema_of(change, element), element)


def write_collection(change: Change, element: etree._Element) -> None:
    """Write every child of `element`, in order."""
    schema = schema_of(change, element)
    for part in element:
        write_element(change, schema, part)


def delete_collection(change: Change, schema_id: str, where: etree._Element | None) -> None:
    """Delete the rows of a schema for which the conditions of `where` hold."""
    schema = change.schema(schema_id)
    _refuse_schemas(schema)
    source = Source(schema, change.now, conn=change.conn, catalog=change.catalog)
    condition = None if where is None else compile_conditions(where, source.root, compile_sub_query)
    if condition is None and not change.quirks.unguarded_delete_allowed:
        raise bad_document(f"Refused to delete every document of type '{schema.id}'.")
    text = f"SELECT {source.alias}.rowid FROM {quoted(schema.table)} AS {source.alias}"  # noqa: S608
    text += "".join(source.joins)
    if condition is not None:
        text += f" WHERE {condition.text}"
    found = fetch_rows(change.conn, text, () if condition is None else condition.parameters)
    delete_rows(change, schema, [int(row[0] or 0) for row in dict.fromkeys(found)])


def schema_of(change: Change, element: etree._Element) -> Schema:
    """Find the schema a document says it follows."""
    schema_id = element.get("xtkschema")
    if not schema_id:
        raise bad_document(
            f"The document '{local_name(element)}' does not name its schema (xtkschema)."
        )
    return change.schema(schema_id)


def write_element(
    change: Change, schema: Schema, element: etree._Element, relative: Values | None = None
) -> int | None:
    """Write one element and give its row id; None when its operation found no row.

    `relative` holds the foreign key to the parent document, for an element of a collection.
    """
    try:
        return _write(change, schema, element, relative or {})
    except CampaignFault as fault:
        what = f"XSV-350023 Unable to save document of type '{schema.label} ({schema.id})'."
        if what in fault.detail or fault.detail.startswith("XFR-"):
            raise
        raise CampaignFault(f"{fault.detail}\n{what}") from fault


def _write(change: Change, schema: Schema, element: etree._Element, relative: Values) -> int | None:
    operation = element.get("_operation") or change.quirks.default_operation
    if operation not in _OPERATIONS:
        raise bad_document(f"Unknown operation '{operation[:40]}'.")
    draft = read_draft(schema, element, strict=change.quirks.unknown_attributes == "fault")
    draft.values.update(relative)
    _resolve_links(change, draft)
    row_id = None
    if operation != "insert":
        row_id = _reconcile(change, draft, element.get("_key"), relative, operation)
    if operation == "none":
        return row_id
    if operation == "delete":
        if row_id is not None:
            _refuse_schemas(schema)
            delete_rows(change, schema, [row_id])
        elif change.quirks.delete_absent == "fault":
            raise bad_document("No document matches what is to be deleted.")
        return row_id
    if row_id is None and operation == "update":
        return None
    _refuse_schemas(schema)
    row_id = _store(change, draft, row_id)
    if schema.id == LISTS and draft.memo:
        refresh_own_table(change.conn, row_id)
    for link, part in draft.collections:
        parent: Values = {link.destination_column: row_id}
        write_element(change, change.catalog.target(link), part, parent)
    return row_id


def _refuse_schemas(schema: Schema) -> None:
    if schema.id in _SERVED_ONLY:
        raise bad_document("Schemas cannot be changed here: tables are made from them.")


def _store(change: Change, draft: Draft, row_id: int | None) -> int:
    values = draft.values
    if draft.memo:
        values[DATA_COLUMN] = merge_into_row(change.conn, draft.schema, row_id, draft.memo)
    if row_id is None:
        return insert_row(change, draft.schema, values)
    if draft.schema.autopk:
        values.pop("id", None)
    update_row(change, draft.schema, row_id, values)
    return row_id


def _resolve_links(change: Change, draft: Draft) -> None:
    for link, part in draft.links:
        target = change.catalog.target(link)
        if draft.schema.fields[link.source].read_only:
            continue
        found = write_element(change, target, part)
        if found is None and change.quirks.unresolved_link == "ignore":
            continue
        if found is None:
            raise bad_document(
                f"The link '{link.name}' cannot be resolved: no document of type"
                f" '{target.label} ({target.id})' matches."
            )
        draft.values[link.source_column] = found


def _reconcile(
    change: Change, draft: Draft, key: str | None, relative: Values, operation: str
) -> int | None:
    """Find the row an element means; raises a fault when the key is unusable or several rows match."""
    values = draft.identity | draft.values
    where = _explicit_key(draft.schema, values, key) if key else _implicit_key(draft.schema, values)
    if where is None:
        if operation == "insertOrUpdate":
            return None
        raise bad_document(
            f"No key of schema '{draft.schema.id}' has all its fields in the document."
        )
    rows = find_rows(change, draft.schema, {**relative, **where})
    if len(rows) > 1 and change.quirks.several_matches == "fault":
        raise bad_document(f"Several documents of type '{draft.schema.id}' match the key.")
    return rows[0] if rows else None


def _explicit_key(schema: Schema, values: Values, key: str) -> Values:
    where: Values = {}
    for part in key.split(","):
        xpath = part.strip().removeprefix("[").removesuffix("]").strip()
        link = schema.links.get(xpath.partition("/")[0])
        found = schema.fields.get(xpath)
        if link is not None and not link.unbound:
            column = link.source_column
        elif found is not None and found.expression is None:
            column = found.column
        else:
            raise bad_document(
                f"The key '{key[:200]}' names '{xpath[:80]}', which schema '{schema.id}' lacks."
            )
        value = values.get(column)
        if value is None or (link is not None and value == 0):
            raise bad_document(
                f"The key '{key[:200]}' needs '{xpath[:80]}', which is empty or absent in the document."
            )
        where[column] = value
    return where


def _implicit_key(schema: Schema, values: Values) -> Values | None:
    for key in schema.keys:
        columns = [schema.fields[xpath].column for xpath in key.xpaths]
        if all(values.get(column) not in (None, 0) for column in columns):
            return {column: values[column] for column in columns}
    return None
