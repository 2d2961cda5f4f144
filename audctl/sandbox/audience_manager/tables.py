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
    "aam_model": "",
    "aam_derived_signal": """
        integration_code TEXT AS (document ->> '$.integrationCode') VIRTUAL""",
    "aam_trait_type": "",
    "aam_partner_site": "",
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
    "aam_model": 2201,
    "aam_derived_signal": 9_001,
    "aam_trait_type": 1_101,
    "aam_partner_site": 3_301,
}
"""Where each kind's ids start: far apart, so that a mix-up of kinds names nothing."""


_HISTORY = """
CREATE TABLE IF NOT EXISTS aam_inbound_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    data_source_id INTEGER NOT NULL,
    data_file_name TEXT NOT NULL,
    user_id_data_source_id INTEGER,
    success INTEGER NOT NULL,
    received_records INTEGER NOT NULL DEFAULT 0,
    format_errors INTEGER NOT NULL DEFAULT 0,
    invalid_aam_ids INTEGER NOT NULL DEFAULT 0,
    invalid_device_ids INTEGER NOT NULL DEFAULT 0,
    no_matching_aam_ids INTEGER NOT NULL DEFAULT 0,
    no_trait_realized INTEGER NOT NULL DEFAULT 0,
    processed_records INTEGER NOT NULL DEFAULT 0,
    stored_records INTEGER NOT NULL DEFAULT 0,
    total_devices INTEGER NOT NULL DEFAULT 0,
    total_signals INTEGER NOT NULL DEFAULT 0,
    total_unused_signals INTEGER NOT NULL DEFAULT 0,
    total_realized_traits INTEGER NOT NULL DEFAULT 0,
    total_removed_traits INTEGER NOT NULL DEFAULT 0,
    total_traits_failed_validation INTEGER NOT NULL DEFAULT 0,
    total_users_failed_validation INTEGER NOT NULL DEFAULT 0,
    samples TEXT NOT NULL DEFAULT '{}',
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS aam_inbound_history_start ON aam_inbound_history (data_source_id, start_ms);
CREATE TABLE IF NOT EXISTS aam_outbound_history (
    push_id INTEGER PRIMARY KEY AUTOINCREMENT,
    destination_id INTEGER NOT NULL,
    data_provider_id INTEGER NOT NULL,
    sync_type INTEGER NOT NULL DEFAULT 0,
    full_publish INTEGER NOT NULL,
    success INTEGER NOT NULL,
    received_records INTEGER NOT NULL DEFAULT 0,
    attempted_records INTEGER NOT NULL DEFAULT 0,
    success_records INTEGER NOT NULL DEFAULT 0,
    data_file_name TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS aam_outbound_history_start ON aam_outbound_history (destination_id, start_ms);
"""
"""Runs of files in and out, one row per file, written by whatever moves the members.

Inbound counts are those of the documented receipt: `data_source_id` owns the traits, `user_id_data_source_id` the ids
of the file's users. `samples` is a JSON object from error kind to the first lines that failed so, filled only while
the data source samples errors. `sync_type` has no documented values.
"""

_OTHERS = """
CREATE TABLE IF NOT EXISTS aam_segment_trait (
    segment_id INTEGER NOT NULL,
    trait_id INTEGER NOT NULL,
    PRIMARY KEY (segment_id, trait_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS aam_segment_trait_trait_id ON aam_segment_trait (trait_id);
CREATE TABLE IF NOT EXISTS aam_trait_rule_version (
    trait_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (trait_id, version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS aam_deleted_mapping (
    id INTEGER PRIMARY KEY,
    destination_id INTEGER NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS aam_deleted_mapping_destination_id ON aam_deleted_mapping (destination_id);
CREATE TABLE IF NOT EXISTS aam_mailing_list (
    data_source_id INTEGER NOT NULL,
    email TEXT NOT NULL,
    PRIMARY KEY (data_source_id, email)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS aam_group (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS aam_group_user (
    group_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (group_id, user_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS aam_group_wildcard (
    group_id INTEGER NOT NULL,
    wildcard TEXT NOT NULL,
    PRIMARY KEY (group_id, wildcard)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS aam_group_right (
    kind TEXT NOT NULL,
    object_id INTEGER NOT NULL,
    group_id INTEGER NOT NULL,
    permission TEXT NOT NULL,
    PRIMARY KEY (kind, object_id, group_id, permission)
) WITHOUT ROWID;
"""


def create(conn: sqlite3.Connection) -> bool:
    """Create what is missing; True when the account itself is new."""
    (known,) = conn.execute(
        "SELECT count(*) FROM sqlite_master WHERE name = 'aam_trait'"
    ).fetchone()
    for table, columns in _TABLES.items():
        _create_object_table(conn, table, columns)
    for statement in f"{_HISTORY};{_OTHERS}".split(";"):
        if statement.strip():
            conn.execute(statement)
    return not known


def _create_object_table(conn: sqlite3.Connection, table: str, columns: str) -> None:
    body = ", ".join(part for part in (_OBJECT, columns) if part.strip())
    conn.execute(f"CREATE TABLE IF NOT EXISTS {table} ({body})")
    (numbered,) = conn.execute(
        "SELECT count(*) FROM sqlite_sequence WHERE name = ?", (table,)
    ).fetchone()
    if not numbered:
        conn.execute(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, FIRST_IDS[table] - 1)
        )
    for column in _INDEXES.get(table, ()):
        conn.execute(f"CREATE INDEX IF NOT EXISTS {table}_{column} ON {table} ({column})")
