"""Rows changed one at a time: defaults, audit fields, key look-ups, and what a delete does to the rest."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audctl.sandbox.campaign import counters
from audctl.sandbox.campaign.catalog import Catalog, catalog_of, stored_schema
from audctl.sandbox.campaign.database import duplicate_key
from audctl.sandbox.campaign.faults import bad_document, database_error
from audctl.sandbox.campaign.folders import refresh_full_names
from audctl.sandbox.campaign.own_tables import LISTS, drop_own_table, find_stored
from audctl.sandbox.campaign.quirks import DEFAULT_QUIRKS, Quirks
from audctl.sandbox.campaign.schema import Field, Link, Schema, quoted
from audctl.sandbox.campaign.values import Stored, decode, initial

Values = dict[str, Stored]
"""Stored values by column."""

_FOLDER = "xtk:folder"
_NAMES_A_FOLDER = frozenset({"label", "name", "parent-id"})


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes rows, when, in which transaction."""

    conn: sqlite3.Connection
    operator_id: int
    now: str
    """Virtual time, as stored."""
    quirks: Quirks = DEFAULT_QUIRKS

    @property
    def catalog(self) -> Catalog:
        """Give the schemas as clients name them."""
        return catalog_of(self.quirks)

    def schema(self, schema_id: str) -> Schema:
        """Find a schema that a client names and that has rows; raises the fault of an unknown one."""
        return find_stored(self.catalog, self.conn, schema_id)


def find_rows(change: Change, schema: Schema, where: Mapping[str, Stored]) -> list[int]:
    """Give the ids of at most two rows that carry these column values."""
    condition = " AND ".join(f"{quoted(column)} = ?" for column in where)
    statement = f"SELECT rowid FROM {quoted(schema.table)} WHERE {condition} ORDER BY rowid LIMIT 2"  # noqa: S608
    return [row[0] for row in change.conn.execute(statement, tuple(where.values()))]


def insert_row(change: Change, schema: Schema, values: Values) -> int:
    """Insert a row with defaults and audit fields; raises the database's fault for a duplicate key."""
    complete = new_values(change, schema, values)
    if "created" in complete:
        complete["created"] = change.now
    if "createdBy-id" in complete:
        complete["createdBy-id"] = change.operator_id
    _stamp(change, schema, complete)
    columns = ", ".join(quoted(column) for column in complete)
    marks = ", ".join("?" * len(complete))
    statement = f"INSERT INTO {quoted(schema.table)} ({columns}) VALUES ({marks})"  # noqa: S608
    try:
        cursor = change.conn.execute(statement, tuple(complete.values()))
    except sqlite3.IntegrityError as error:
        raise duplicate_key(error, schema, complete) from error
    row_id = int(cursor.lastrowid or 0)
    if schema.id == _FOLDER:
        _refresh_folder(change, schema, row_id, complete)
    return row_id


def update_row(change: Change, schema: Schema, row_id: int, values: Values) -> None:
    """Set `values` on one row, and its audit fields."""
    changed = dict(values)
    _stamp(change, schema, changed)
    if not changed:
        return
    assignments = ", ".join(f"{quoted(column)} = ?" for column in changed)
    statement = f"UPDATE {quoted(schema.table)} SET {assignments} WHERE rowid = ?"  # noqa: S608
    try:
        change.conn.execute(statement, (*changed.values(), row_id))
    except sqlite3.IntegrityError as error:
        raise duplicate_key(error, schema, changed) from error
    if schema.id == _FOLDER and _NAMES_A_FOLDER & changed.keys():
        _refresh_folder(change, schema, row_id, changed)


def delete_rows(change: Change, schema: Schema, row_ids: Sequence[int]) -> None:
    """Delete rows, doing to what refers to them as each link's integrity says."""
    for row_id in row_ids:
        for link in schema.links.values():
            if link.unbound:
                _release(change, schema, link, row_id)
        if schema.id == LISTS:
            drop_own_table(change.conn, row_id)
    change.conn.executemany(
        f"DELETE FROM {quoted(schema.table)} WHERE rowid = ?",  # noqa: S608
        [(row_id,) for row_id in row_ids],
    )


def new_values(change: Change, schema: Schema, values: Values) -> Values:
    """Complete `values` to a whole row, with a new id, generated names and declared defaults."""
    complete: Values = {}
    for field in schema.fields.values():
        if field.expression is not None:
            continue
        given = values.get(field.column)
        complete[field.column] = _default(change, field) if given is None else given
    if schema.autopk and not complete["id"]:
        complete["id"] = new_id(change.conn, schema)
    return complete


def new_id(conn: sqlite3.Connection, schema: Schema) -> int:
    """Reserve an id that no row of `schema` has."""
    (highest,) = conn.execute(f"SELECT max(id) FROM {quoted(schema.table)}").fetchone()  # noqa: S608
    return counters.take(conn, counters.ID_SEQUENCE, at_least=(highest or 0) + 1)


def _default(change: Change, field: Field) -> Stored:
    default = field.default
    if default is None:
        return initial(field)
    if default.counter is not None:
        return f"{default.literal}{counters.take(change.conn, default.counter)}"
    return decode(field, default.literal)


def _stamp(change: Change, schema: Schema, values: Values) -> None:
    if "@lastModified" in schema.fields:
        values["lastModified"] = change.now
    if "@modifiedBy-id" in schema.fields:
        values["modifiedBy-id"] = change.operator_id


def _refresh_folder(change: Change, schema: Schema, row_id: int, values: Values) -> None:
    try:
        refresh_full_names(change.conn, row_id, change.quirks.folder_full_name)
    except sqlite3.IntegrityError as error:
        raise duplicate_key(error, schema, values) from error


def _release(change: Change, schema: Schema, link: Link, row_id: int) -> None:
    target = stored_schema(link.target)
    table, column = quoted(target.table), quoted(link.destination_column)
    if link.integrity == "neutral":
        return
    if link.integrity == "define":
        used = change.conn.execute(
            f"SELECT 1 FROM {table} WHERE {column} = ? AND rowid <> ? LIMIT 1",  # noqa: S608
            (row_id, row_id if target is schema else -1),
        ).fetchone()
        if used:
            raise bad_document(
                f"Unable to delete document of type '{schema.label} ({schema.id})' and identifier {row_id}: "
                f"it is used by at least one document of type '{target.label} ({target.id})'."
            )
    elif link.integrity in ("own", "owncopy"):
        owned = change.conn.execute(
            f"SELECT rowid FROM {table} WHERE {column} = ?",  # noqa: S608
            (row_id,),
        ).fetchall()
        delete_rows(change, target, [row[0] for row in owned])
    elif link.integrity == "normal":
        change.conn.execute(f"UPDATE {table} SET {column} = 0 WHERE {column} = ?", (row_id,))  # noqa: S608
    else:
        raise database_error(f"unknown integrity {link.integrity}")
