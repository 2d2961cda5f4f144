"""The XML memo of a row: its declared elements kept whole, or merged when every step of the way asks for it."""

import sqlite3

from lxml import etree

from audctl.sandbox.campaign.schema import Schema, quoted
from audctl.sandbox.campaign.xml import discard, serialize, without_namespaces

_CONTROL = ("_operation", "_key")


def memo_of(conn: sqlite3.Connection, schema: Schema, row_id: int) -> etree._Element:
    """Give the memo of one row under a `data` root, empty when there is none."""
    row = conn.execute(
        f"SELECT data FROM {quoted(schema.table)} WHERE rowid = ?",  # noqa: S608
        (row_id,),
    ).fetchone()
    return _parse(None if row is None else row[0])


def merge_into_row(
    conn: sqlite3.Connection, schema: Schema, row_id: int | None, written: list[etree._Element]
) -> str | None:
    """Give the memo of a row, or of a new one, after `written` elements.

    They replace stored ones of their name, or merge into them.
    """
    data = _parse(None) if row_id is None else memo_of(conn, schema, row_id)
    for element in written:
        _merge_child(data, without_namespaces(element))
    return "".join(serialize(part) for part in data) or None


def _parse(stored: str | None) -> etree._Element:
    return etree.fromstring(f"<data>{stored or ''}</data>")


def _merge_child(parent: etree._Element, written: etree._Element) -> None:
    operation = written.get("_operation")
    if operation is None:
        for old in parent.findall(str(written.tag)):
            parent.remove(old)
        parent.append(_clean(written))
        return
    match = _match(parent, written)
    if operation == "delete":
        if match is not None:
            parent.remove(match)
    elif match is None:
        if operation != "update":
            parent.append(_clean(written))
    else:
        _merge_into(match, written)


def _merge_into(stored: etree._Element, written: etree._Element) -> None:
    for name, value in written.attrib.items():
        if name not in _CONTROL:
            stored.set(str(name), str(value))
    if written.text is not None and written.text.strip():
        stored.text = written.text
    wholesale = {str(part.tag) for part in written if part.get("_operation") is None}
    for tag in wholesale:
        for old in stored.findall(tag):
            stored.remove(old)
    for part in list(written):
        if part.get("_operation") is None:
            stored.append(_clean(part))
        else:
            _merge_child(stored, part)


def _match(parent: etree._Element, written: etree._Element) -> etree._Element | None:
    keys = [key.strip().strip("[]").lstrip("@") for key in written.get("_key", "@name").split(",")]
    for candidate in parent.findall(str(written.tag)):
        if all(candidate.get(key) == written.get(key) for key in keys):
            return candidate
    return None


def _clean(element: etree._Element) -> etree._Element:
    for part in element.iter():
        for name in _CONTROL:
            discard(part, name)
    element.tail = None
    return element
