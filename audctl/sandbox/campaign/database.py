"""Statements run, and the database's refusals put in the words of the live system's database."""

import re
import sqlite3
from collections.abc import Iterator

from audctl.sandbox.campaign.database_functions import FUNCTION_PREFIX, add_functions
from audctl.sandbox.campaign.faults import CampaignFault, database_error
from audctl.sandbox.campaign.schema import Category, Schema, constraint_name
from audctl.sandbox.campaign.values import Stored

_VIOLATED = re.compile(r"^UNIQUE constraint failed: (.+)$")


def fetch_rows(
    conn: sqlite3.Connection, statement: str, parameters: tuple[Stored, ...]
) -> Iterator[tuple[Stored, ...]]:
    """Run a SELECT and give its rows as plain tuples; raises a database fault, never SQL text."""
    if FUNCTION_PREFIX in statement:
        add_functions(conn)
    cursor = conn.cursor()
    cursor.row_factory = None
    try:
        yield from cursor.execute(statement, parameters)
    except (sqlite3.Error, OverflowError) as error:
        raise database_error(_plain_reason(error)) from error
    finally:
        cursor.close()


def duplicate_key(
    error: sqlite3.IntegrityError, schema: Schema, values: dict[str, Stored]
) -> CampaignFault:
    """Word a unique violation as PostgreSQL does, with the index and the key in question."""
    match = _VIOLATED.match(str(error))
    columns = [] if match is None else [part.rpartition(".")[2] for part in match[1].split(", ")]
    name = next(
        (
            key.name
            for key in schema.keys
            if [schema.fields[xpath].column for xpath in key.xpaths] == columns
        ),
        "id",
    )
    sql_names = ", ".join(_sql_name(schema, column) for column in columns)
    shown = ", ".join(str(values.get(column, "")) for column in columns)
    return database_error(
        f'duplicate key value violates unique constraint "{constraint_name(schema, name)}"'
        f" DETAIL: Key ({sql_names})=({shown}) already exists."
    )


def _sql_name(schema: Schema, column: str) -> str:
    found = next((field for field in schema.fields.values() if field.column == column), None)
    prefixes = {Category.NUMBER: "i", Category.BOOLEAN: "i", Category.DATETIME: "ts"}
    prefix = "s" if found is None else prefixes.get(found.category, "s")
    return (prefix + column.replace("-", "").replace("/", "_")).lower()


def _plain_reason(error: Exception) -> str:
    text = str(error)
    if "too large" in text or "too complex" in text or "too many" in text or "at most" in text:
        return "statement too complex"
    if "misuse of aggregate" in text:
        return "aggregate functions are not allowed here"
    if "overflow" in text:
        return "integer out of range"
    return "the statement cannot be executed"
