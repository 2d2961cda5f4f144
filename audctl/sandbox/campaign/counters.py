"""Sequences: ids of new rows and numbers in generated names."""

import sqlite3

ID_SEQUENCE = "XtkNewId"
_FIRST = {ID_SEQUENCE: 10_000}
"""Ids below 1000 are reserved by the platform; the baseline uses its own below 10000."""


def take(conn: sqlite3.Connection, name: str, how_many: int = 1, at_least: int = 1) -> int:
    """Reserve `how_many` consecutive numbers, none below `at_least`, and give the first."""
    row = conn.execute("SELECT next FROM xtk_counter WHERE name = ?", (name,)).fetchone()
    first = max(_FIRST.get(name, 1) if row is None else row["next"], at_least)
    conn.execute("INSERT OR REPLACE INTO xtk_counter VALUES (?, ?)", (name, first + how_many))
    return int(first)
