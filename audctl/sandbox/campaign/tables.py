"""SQLite tables of the Campaign half, made from the schema documents."""

import sqlite3

from audctl.sandbox.campaign.baseline import install_baseline
from audctl.sandbox.campaign.catalog import all_schemas
from audctl.sandbox.campaign.schema import Field, Schema, constraint_name, quoted

_SERVER_TABLES = (
    "CREATE TABLE IF NOT EXISTS xtk_counter (name TEXT PRIMARY KEY, next INTEGER NOT NULL)",
    """CREATE TABLE IF NOT EXISTS xtk_session_token (
        session_token TEXT PRIMARY KEY, security_token TEXT NOT NULL,
        operator_id INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL
    ) WITHOUT ROWID""",
)


def create_tables(conn: sqlite3.Connection) -> None:
    """Create what is missing, and fill a new database with what every instance is born with."""
    fresh = not conn.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'xtk_operator'"
    ).fetchone()
    for statement in _SERVER_TABLES:
        conn.execute(statement)
    for schema in all_schemas().values():
        if schema.sql_table is not None:
            for statement in _table_statements(schema):
                conn.execute(statement)
    _list_schemas(conn)
    if fresh:
        install_baseline(conn)


def _table_statements(schema: Schema) -> list[str]:
    columns = [_column(schema, field) for field in schema.fields.values() if not field.expression]
    statements = [
        f"CREATE TABLE IF NOT EXISTS {quoted(schema.table)} ({', '.join(columns)})"  # from documents
    ]
    indexed: set[tuple[str, ...]] = {("id",)} if schema.autopk else set()
    for unique, keys in (("UNIQUE ", schema.keys), ("", schema.indexes)):
        for key in keys:
            parts = tuple(schema.fields[xpath].column for xpath in key.xpaths)
            if parts not in indexed:
                statements.append(_index(schema, key.name, parts, unique))
                indexed.add(parts)
    leading = {parts[0] for parts in indexed}
    statements.extend(
        _index(schema, link.source_column, (link.source_column,), "")
        for link in schema.links.values()
        if not link.unbound and link.source_column not in leading
    )
    return statements


def _column(schema: Schema, field: Field) -> str:
    if schema.autopk and field.xpath == "@id":
        return '"id" INTEGER PRIMARY KEY'
    if field.nullable:
        return f"{quoted(field.column)} TEXT"
    kind = "REAL" if field.type == "double" else "INTEGER"
    return f"{quoted(field.column)} {kind} NOT NULL DEFAULT 0"


def _index(schema: Schema, name: str, parts: tuple[str, ...], unique: str) -> str:
    columns = ", ".join(quoted(part) for part in parts)
    index = quoted(constraint_name(schema, name))
    return f"CREATE {unique}INDEX IF NOT EXISTS {index} ON {quoted(schema.table)} ({columns})"


def _list_schemas(conn: sqlite3.Connection) -> None:
    rows = [
        (number, schema.namespace, schema.name, schema.label, schema.md5)
        for number, schema in enumerate(all_schemas().values(), start=1)
    ]
    for table in ("xtk_schema", "xtk_srcSchema"):
        conn.execute(f"DELETE FROM {quoted(table)}")  # noqa: S608 - a literal
        conn.executemany(
            f"INSERT INTO {quoted(table)} (id, namespace, name, label, md5) VALUES (?, ?, ?, ?, ?)",  # noqa: S608
            rows,
        )
