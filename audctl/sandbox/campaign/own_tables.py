"""Lists with a table of their own: `temp:group:<id>`, described by the list's `extension`.

The extension is a schema document like any other. Writing it makes the table, or adds the columns it lacks; deleting
the list drops it. These schemas exist in one database only, so they are looked up there and not in the catalogue.
"""

import re
import sqlite3
from functools import lru_cache

from lxml import etree

from audctl.sandbox.campaign.catalog import Catalog, find_schema
from audctl.sandbox.campaign.faults import CampaignFault, bad_document
from audctl.sandbox.campaign.schema import Schema, parse_list_schema, quoted
from audctl.sandbox.campaign.table_sql import column_definition, table_statements

PREFIX = "temp:group:"
LISTS = "nms:group"
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


def find_named(catalog: Catalog, conn: sqlite3.Connection | None, schema_id: str) -> Schema | None:
    """Look up a schema that a client names: a served one, or a list's own."""
    if not schema_id.startswith(PREFIX):
        return catalog.find(schema_id)
    number = schema_id.removeprefix(PREFIX)
    if conn is None or not _NUMBER.fullmatch(number):
        return None
    extension = _extension(conn, int(number))
    return None if extension is None else _parse(int(number), extension)


def find_stored(catalog: Catalog, conn: sqlite3.Connection | None, schema_id: str) -> Schema:
    """Look up a schema that has rows; raises the fault of an unknown schema."""
    if not schema_id.startswith(PREFIX):
        return catalog.stored(schema_id)
    schema = find_named(catalog, conn, schema_id)
    if schema is None:
        raise CampaignFault(f"XTK-170024 The temporary schema '{schema_id[:80]}' is not defined.")
    return schema


def refresh_own_table(conn: sqlite3.Connection, list_id: int) -> None:
    """Make the table that a list's extension describes; raises a fault for one that describes none.

    Columns are only ever added: rows keep what they hold.
    """
    extension = _extension(conn, list_id)
    if extension is None:
        return
    schema = _parse(list_id, extension)
    for statement in table_statements(schema):
        conn.execute(statement)
    existing = {
        row["name"] for row in conn.execute(f"PRAGMA table_info({quoted(schema.table)})").fetchall()
    }
    for field in schema.fields.values():
        if field.expression is None and field.column not in existing:
            conn.execute(
                f"ALTER TABLE {quoted(schema.table)} ADD COLUMN {column_definition(schema, field)}"
            )


def drop_own_table(conn: sqlite3.Connection, list_id: int) -> None:
    """Drop the table of a list, if it has one."""
    conn.execute(f"DROP TABLE IF EXISTS {quoted(f'temp_group:{list_id}')}")


def _extension(conn: sqlite3.Connection, list_id: int) -> str | None:
    """Give the extension of a list as text; None when it has none, or one without a table."""
    row = conn.execute("SELECT data FROM nms_group WHERE id = ?", (list_id,)).fetchone()
    if row is None or row["data"] is None or "<extension" not in row["data"]:
        return None
    found = etree.fromstring(f"<data>{row['data']}</data>").find("extension")
    if found is None or found.find("element") is None:
        return None
    return etree.tostring(found, encoding="unicode", with_tail=False)


@lru_cache(maxsize=64)
def _parse(list_id: int, extension: str) -> Schema:
    try:
        schema = parse_list_schema(list_id, extension)
    except ValueError as error:
        raise bad_document(f"The schema of list {list_id} cannot be used: {error}.") from error
    for link in schema.links.values():
        target = find_schema(link.target)
        if (
            target is None
            or link.source not in schema.fields
            or link.destination not in target.fields
        ):
            raise bad_document(f"The link '{link.name}' of list {list_id} leads nowhere.")
    return schema
