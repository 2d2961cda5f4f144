"""Tables of the Audience Manager stand-in.

Every object is kept as the JSON text that its single call answers with; the columns beside it are generated from that
text, so they cannot disagree with it, and lists are joined from stored text without building objects.

`origin` says who made an object: `user`, `company` (every account has it), `folder` (the trait kept beside a trait
folder), `dataSource` (the trait kept beside a data source), `analytics` (from a report suite, read-only), `global`
(data sources shared by all accounts), `consultant` (server-to-server destinations).
"""

import sqlite3

_OBJECT = """
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    origin TEXT NOT NULL,
    pid INTEGER AS (document ->> '$.pid') VIRTUAL,
    name TEXT AS (document ->> '$.name') VIRTUAL
"""

_TABLES = {
    "aam_data_source": """
        integration_code TEXT AS (document ->> '$.integrationCode') VIRTUAL""",
    "aam_trait_folder": """
        parent_id INTEGER AS (document ->> '$.parentFolderId') VIRTUAL""",
    "aam_segment_folder": """
        parent_id INTEGER AS (document ->> '$.parentFolderId') VIRTUAL""",
    "aam_trait": """
        population INTEGER NOT NULL DEFAULT 0,
        integration_code TEXT AS (document ->> '$.integrationCode') VIRTUAL,
        data_source_id INTEGER AS (document ->> '$.dataSourceId') VIRTUAL,
        folder_id INTEGER AS (document ->> '$.folderId') VIRTUAL,
        trait_type TEXT AS (document ->> '$.traitType') VIRTUAL""",
    "aam_segment": """
        population INTEGER NOT NULL DEFAULT 0,
        integration_code TEXT AS (document ->> '$.integrationCode') VIRTUAL,
        data_source_id INTEGER AS (document ->> '$.dataSourceId') VIRTUAL,
        folder_id INTEGER AS (document ->> '$.folderId') VIRTUAL,
        merge_rule_id INTEGER AS (document ->> '$.mergeRuleDataSourceId') VIRTUAL""",
    "aam_destination": """
        destination_type TEXT AS (document ->> '$.destinationType') VIRTUAL,
        data_source_id INTEGER AS (document ->> '$.dataSourceId') VIRTUAL""",
    "aam_mapping": """
        destination_id INTEGER AS (document ->> '$.destinationId') VIRTUAL,
        segment_id INTEGER AS (document ->> '$.sid') VIRTUAL""",
    "aam_merge_rule": """
        data_source_ids TEXT AS (document -> '$.dataSources') VIRTUAL""",
}

_INDEXES = {
    "aam_data_source": ("integration_code",),
    "aam_trait_folder": ("parent_id",),
    "aam_segment_folder": ("parent_id",),
    "aam_trait": ("integration_code", "data_source_id", "folder_id", "trait_type"),
    "aam_segment": ("integration_code", "data_source_id", "folder_id", "merge_rule_id"),
    "aam_mapping": ("destination_id", "segment_id"),
}

FIRST_IDS = {
    "aam_data_source": 5001,
    "aam_trait_folder": 30_001,
    "aam_segment_folder": 60_001,
    "aam_trait": 7_000_001,
    "aam_segment": 8_000_001,
    "aam_destination": 4101,
    "aam_mapping": 65_401,
    "aam_merge_rule": 4911,
}
"""Where each kind's ids start: far apart, so that a mix-up of kinds names nothing."""


def create(conn: sqlite3.Connection) -> bool:
    """Create the tables; False when they are there already."""
    (known,) = conn.execute(
        "SELECT count(*) FROM sqlite_master WHERE name = 'aam_trait'"
    ).fetchone()
    if known:
        return False
    for table, columns in _TABLES.items():
        conn.execute(f"CREATE TABLE {table} ({_OBJECT}, {columns})")
        conn.execute(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, FIRST_IDS[table] - 1)
        )
        for column in _INDEXES.get(table, ()):
            conn.execute(f"CREATE INDEX {table}_{column} ON {table} ({column})")
    conn.execute(
        "CREATE TABLE aam_segment_trait (segment_id INTEGER NOT NULL, trait_id INTEGER NOT NULL,"
        " PRIMARY KEY (segment_id, trait_id)) WITHOUT ROWID"
    )
    conn.execute("CREATE INDEX aam_segment_trait_trait_id ON aam_segment_trait (trait_id)")
    return True
