"""placeholder"""

import sqlite3


def create_tables(conn: sqlite3.Connection) -> None:
    """Create."""
