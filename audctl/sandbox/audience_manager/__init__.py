"""Stand-in for Audience Manager's REST API, version 1.

Takes the shared store; gives its tables and its HTTP routes. Written from the documentation; every behaviour that the
documentation leaves open is a named field of `choices.Choices`.
"""

import sqlite3

from audctl.sandbox.audience_manager import tables, tenant
from audctl.sandbox.audience_manager.choices import Choices
from audctl.sandbox.audience_manager.router import routes

__all__ = ["Choices", "create_tables", "routes"]


def create_tables(conn: sqlite3.Connection) -> None:
    """Create the tables, and in a new account what every account has."""
    if tables.create(conn):
        tenant.create(conn)
    tenant.complete(conn)
