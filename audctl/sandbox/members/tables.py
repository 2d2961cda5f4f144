"""Tables of the people and of what travels between the two systems.

`aam_identity` holds every id that Audience Manager knows: data source 0 are its own visitor ids ("devices"), the others
are declared ids. Ids are numbered without large gaps, because sets of them are kept as one byte for each number.
"""

import sqlite3
import time

_TABLES = (
    "sandbox_member_setting (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """sandbox_timeline (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1), position_us INTEGER NOT NULL,
        kind INTEGER NOT NULL, number INTEGER NOT NULL, bucket TEXT NOT NULL, key TEXT NOT NULL)""",
    # Who a device belongs to: known to nobody inside, it only drives what visitors do on the web site.
    "sandbox_device_owner (device_id INTEGER PRIMARY KEY, recipient_id INTEGER NOT NULL)",
    """sandbox_site_declaration (
        data_source_id INTEGER, reconciliation_key TEXT, hash_algorithm TEXT,
        PRIMARY KEY (data_source_id, reconciliation_key, hash_algorithm)) WITHOUT ROWID""",
    "aam_identity (id INTEGER PRIMARY KEY, data_source_id INTEGER NOT NULL, value TEXT NOT NULL)",
    """aam_identity_link (
        declared_id INTEGER, device_id INTEGER, seen_s INTEGER NOT NULL,
        PRIMARY KEY (declared_id, device_id)) WITHOUT ROWID""",
    """aam_qualification (
        trait_id INTEGER, identity_id INTEGER, at_s INTEGER, times INTEGER NOT NULL,
        PRIMARY KEY (trait_id, identity_id, at_s)) WITHOUT ROWID""",
    "aam_trait_fill (trait_id INTEGER PRIMARY KEY)",
    """aam_sent (
        destination_id INTEGER, master_id INTEGER, audience TEXT, ids BLOB NOT NULL,
        PRIMARY KEY (destination_id, master_id, audience)) WITHOUT ROWID""",
    """aam_inbound_file (
        bucket TEXT, key TEXT, uploaded_us INTEGER NOT NULL, processed_us INTEGER,
        PRIMARY KEY (bucket, key)) WITHOUT ROWID""",
    "nms_shared_file (bucket TEXT, key TEXT, PRIMARY KEY (bucket, key)) WITHOUT ROWID",
    """nms_shared_feed (
        id INTEGER PRIMARY KEY, destination_id INTEGER NOT NULL, master_id INTEGER NOT NULL,
        UNIQUE (destination_id, master_id))""",
    """nms_shared_audience (
        id INTEGER PRIMARY KEY, feed_id INTEGER NOT NULL, audience TEXT NOT NULL, UNIQUE (feed_id, audience))""",
    """nms_shared_member (
        audience_id INTEGER, value TEXT, PRIMARY KEY (audience_id, value)) WITHOUT ROWID""",
    """nms_shared_export (
        data_source_id INTEGER, trait_id INTEGER, value TEXT, sent INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (data_source_id, trait_id, value)) WITHOUT ROWID""",
    """nms_shared_export_id (
        data_source_id INTEGER, visitor_id TEXT, value TEXT, sent INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (data_source_id, visitor_id, value)) WITHOUT ROWID""",
    """nms_shared_complement (
        workflow_id INTEGER, recipient_id INTEGER, PRIMARY KEY (workflow_id, recipient_id)) WITHOUT ROWID""",
)
_INDEXES = (
    "UNIQUE INDEX IF NOT EXISTS aam_identity_value ON aam_identity (data_source_id, value)",
    "INDEX IF NOT EXISTS aam_identity_link_device ON aam_identity_link (device_id)",
    "INDEX IF NOT EXISTS nms_shared_export_waiting ON nms_shared_export (data_source_id, trait_id) WHERE sent = 0",
)


def create_tables(conn: sqlite3.Connection) -> None:
    """Create what is missing; time begins, for a new sandbox, with the virtual now."""
    for table in _TABLES:
        conn.execute(f"CREATE TABLE IF NOT EXISTS {table}")
    for index in _INDEXES:
        conn.execute(f"CREATE {index}")
    conn.execute(
        "INSERT OR IGNORE INTO sandbox_timeline SELECT 1, ? + offset_us, 8, 0, '', '' FROM sandbox_clock",
        (time.time_ns() // 1000,),
    )
