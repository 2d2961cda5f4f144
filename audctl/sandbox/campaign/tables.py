"""SQLite tables of the Campaign half, made from the schema documents."""

import sqlite3

from audctl.sandbox.campaign.baseline import install_baseline, mark_accounts
from audctl.sandbox.campaign.catalog import DEFAULT_CATALOG, Catalog, all_schemas, catalog_of
from audctl.sandbox.campaign.quirks import Quirks
from audctl.sandbox.campaign.schema import quoted
from audctl.sandbox.campaign.table_sql import table_statements

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
            for statement in table_statements(schema):
                conn.execute(statement)
    if fresh:
        install_baseline(conn)
    _list_schemas(conn, DEFAULT_CATALOG)


def apply_switches(conn: sqlite3.Connection, quirks: Quirks) -> None:
    """Bring what the tables say of the sandbox itself in line with its switches."""
    _list_schemas(conn, catalog_of(quirks))
    mark_accounts(conn, quirks.s3_account_type)


def _list_schemas(conn: sqlite3.Connection, catalog: Catalog) -> None:
    rows = [
        (number, schema.namespace, schema.name, schema.label, schema.md5)
        for number, schema in enumerate(catalog.spoken.values(), start=1)
    ]
    for table in ("xtk_schema", "xtk_srcSchema"):
        conn.execute(f"DELETE FROM {quoted(table)}")  # noqa: S608 - a literal
        conn.executemany(
            f"INSERT INTO {quoted(table)} (id, namespace, name, label, md5) VALUES (?, ?, ?, ?, ?)",  # noqa: S608
            rows,
        )
