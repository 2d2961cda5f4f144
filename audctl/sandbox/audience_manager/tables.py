"""Tables of the Audience Manager side.

Every object is kept as the JSON text that its detail call answers with; the columns beside it are generated from that
text, so they cannot disagree with it. Lists are then joined from stored text without building objects.
"""

import sqlite3

_DATA_SOURCE = """
CREATE TABLE IF NOT EXISTS aam_data_source (
    data_source_id INTEGER PRIMARY KEY AUTOINCREMENT,
    document TEXT NOT NULL,
    made_by TEXT NOT NULL DEFAULT 'user',
    name TEXT AS (document ->> '$.name') VIRTUAL,
    integration_code TEXT AS (document ->> '$.integrationCode') VIRTUAL,
    pid INTEGER AS (document ->> '$.pid') VIRTUAL
)"""


def create_tables(conn: sqlite3.Connection) -> None:
    """Create what is missing."""
    conn.execute(_DATA_SOURCE)
