"""Audience Manager takes inbound files in: what people are given and what they lose, who is known by which ids.

A file is taken in whole, in one transaction, and once.
"""

import sqlite3
from collections.abc import Iterator

from audctl.sandbox.audience_manager.records import COMPANY_ID
from audctl.sandbox.members.buckets import Bucket, BucketError
from audctl.sandbox.members.file_names import IdFileName, TraitFileName, parse_inbound_name
from audctl.sandbox.members.id_files import take_in_ids
from audctl.sandbox.members.inbound_items import ItemReader
from audctl.sandbox.members.inbound_lines import LONGEST_LINE, LineReader, UserIds
from audctl.sandbox.members.inbound_receipt import NO_MATCH, NO_TRAIT, Receipt
from audctl.sandbox.members.job import Job
from audctl.sandbox.members.outbound import key_source
from audctl.sandbox.members.profiles import DEVICE
from audctl.sandbox.members.transfer import read_lines

LINES_PER_USER = 200


def take_in(job: Job, bucket: Bucket, key: str) -> Receipt:
    """Take one file in and keep its receipt."""
    file_name = key.rpartition("/")[2]
    name = parse_inbound_name(file_name)
    receipt = Receipt(file_name, 0, None, success=False)
    if name is not None:
        receipt = _take_in_named(job, bucket, key, name)
    receipt.keep(job)
    return receipt


def _take_in_named(job: Job, bucket: Bucket, key: str, name: TraitFileName | IdFileName) -> Receipt:
    file_name = key.rpartition("/")[2]
    lines = read_lines(bucket, key, gzip=name.gzip, longest=LONGEST_LINE)
    if isinstance(name, IdFileName):
        receipt = Receipt(file_name, name.sources[-1], name.sources[0])
    else:
        receipt = Receipt(file_name, name.target_source_id, name.user_source_id)
    job.conn.execute("SAVEPOINT inbound")
    try:
        if isinstance(name, IdFileName):
            take_in_ids(job, name, lines, receipt)
        else:
            _take_in_traits(job, name, lines, receipt)
    except BucketError:
        # A file that is not what its name says fails as a whole.
        job.conn.execute("ROLLBACK TO inbound")
        receipt = Receipt(file_name, receipt.data_source_id, receipt.user_source_id, success=False)
    job.conn.execute("RELEASE inbound")
    return receipt


def _take_in_traits(
    job: Job, name: TraitFileName, lines: Iterator[bytes], receipt: Receipt
) -> None:
    conn = job.conn
    target = conn.execute(
        "SELECT 1 FROM aam_data_source WHERE id = ? AND pid = ?",
        (name.target_source_id, COMPANY_ID),
    ).fetchone()
    users = conn.execute(
        "SELECT document ->> '$.useAudienceManagerVisitorID' OR document ->> '$.marketingCloudVisitorIdVersion' AS own"
        " FROM aam_data_source WHERE id = ?",
        (name.user_source_id,),
    ).fetchone()
    if target is None or (users is None and name.user_source_id != DEVICE):
        receipt.success = False
        return
    keyed_by = key_source(conn, name.user_source_id) if users is not None else DEVICE
    only_visitor_ids = users is None or bool(users["own"])
    user_ids = UserIds(name.user_source_id, keyed_by, only_visitor_ids)
    _stage(conn, LineReader(ItemReader(conn, name.target_source_id), user_ids, receipt), lines)
    _drop_surplus(conn)
    (receipt.processed,) = conn.execute("SELECT count(*) FROM temp.inbound_line").fetchone()
    receipt.processed += sum(receipt.errors.values())
    _find_users(conn, name.user_source_id, keyed_by)
    _count_unusable(conn, receipt)
    _apply(job, name)
    _count_results(conn, receipt)
    for table in ("inbound_line", "inbound_items", "inbound_effect"):
        conn.execute(f"DELETE FROM temp.{table}")  # noqa: S608 - literals


def _stage(conn: sqlite3.Connection, reader: LineReader, lines: Iterator[bytes]) -> None:
    """Put the well-formed lines into temporary tables, each distinct combination of items once."""
    for table in (
        "inbound_line (value TEXT NOT NULL, items INTEGER NOT NULL, identity_id INTEGER)",
        "inbound_items (items INTEGER PRIMARY KEY, signals INTEGER, unused INTEGER, refused INTEGER, effects INTEGER)",
        "inbound_effect (items INTEGER, trait_id INTEGER, adds INTEGER)",
    ):
        conn.execute(f"CREATE TEMP TABLE IF NOT EXISTS {table}")
        conn.execute(f"DELETE FROM temp.{table.partition(' ')[0]}")  # noqa: S608 - literals
    conn.executemany(
        "INSERT INTO temp.inbound_line (value, items) VALUES (?, ?)", reader.rows(lines)
    )
    conn.executemany(
        "INSERT INTO temp.inbound_items VALUES (?, ?, ?, ?, ?)",
        [
            (number, items.signals, items.unused, items.refused, len(items.added | items.removed))
            for number, items in enumerate(reader.combinations)
        ],
    )
    conn.executemany(
        "INSERT INTO temp.inbound_effect VALUES (?, ?, ?)",
        [
            (number, trait_id, adds)
            for number, items in enumerate(reader.combinations)
            for traits, adds in ((items.removed - items.added, 0), (items.added, 1))
            for trait_id in sorted(traits)
        ],
    )


def _drop_surplus(conn: sqlite3.Connection) -> None:
    conn.execute(
        "DELETE FROM temp.inbound_line WHERE rowid IN (SELECT number FROM ("
        " SELECT rowid AS number, row_number() OVER (PARTITION BY value ORDER BY rowid) AS nth FROM temp.inbound_line"
        " WHERE value IN (SELECT value FROM temp.inbound_line GROUP BY value HAVING count(*) > ?1)"
        ") WHERE nth > ?1)",
        (LINES_PER_USER,),
    )


def _find_users(conn: sqlite3.Connection, user_source_id: int, keyed_by: int) -> None:
    """Find each line's id. Ids of cross-device data sources are kept even if nothing is known of them yet."""
    if keyed_by != DEVICE:
        conn.execute(
            "INSERT OR IGNORE INTO aam_identity (data_source_id, value)"
            " SELECT DISTINCT ?, value FROM temp.inbound_line",
            (keyed_by,),
        )
    find = (
        "UPDATE temp.inbound_line SET identity_id = (SELECT id FROM aam_identity AS i"
        " WHERE i.data_source_id = ? AND i.value = inbound_line.value{}) WHERE identity_id IS NULL"
    )
    conn.execute(find.format(""), (keyed_by,))
    if keyed_by == DEVICE and user_source_id != DEVICE:
        # Ids of a cookie or device advertising data source, known from id synchronisation.
        synced = " AND EXISTS (SELECT 1 FROM aam_identity_link WHERE declared_id = i.id)"
        conn.execute(find.format(synced), (user_source_id,))


def _count_unusable(conn: sqlite3.Connection, receipt: Receipt) -> None:
    for kind, condition in (
        (NO_MATCH, "identity_id IS NULL"),
        (NO_TRAIT, "items IN (SELECT items FROM temp.inbound_items WHERE effects = 0)"),
    ):
        rows = conn.execute(
            f"SELECT value, count(*) OVER () AS times FROM temp.inbound_line WHERE {condition} LIMIT 10"  # noqa: S608
        ).fetchall()
        for row in rows:
            receipt.error(kind, row["value"], 0)
        if rows:
            receipt.error(kind, times=rows[0]["times"])
            if kind == NO_MATCH:
                conn.execute(f"DELETE FROM temp.inbound_line WHERE {condition}")  # noqa: S608


def _apply(job: Job, name: TraitFileName) -> None:
    conn = job.conn
    pairs = (
        "SELECT effect.trait_id, line.identity_id FROM temp.inbound_line AS line"
        " JOIN temp.inbound_effect AS effect ON effect.items = line.items AND effect.adds = "
    )
    if name.overwrite:
        conn.execute(
            "DELETE FROM aam_qualification WHERE trait_id IN (SELECT id FROM aam_trait WHERE data_source_id = ?"
            " AND trait_type = 'ON_BOARDED_TRAIT') AND identity_id IN (SELECT identity_id FROM temp.inbound_line)",
            (name.target_source_id,),
        )
    else:
        conn.execute(f"DELETE FROM aam_qualification WHERE (trait_id, identity_id) IN ({pairs} 0)")  # noqa: S608
    conn.execute(
        "INSERT OR IGNORE INTO aam_qualification (trait_id, identity_id, at_s, times)"  # noqa: S608
        f" SELECT DISTINCT trait_id, identity_id, ?, 1 FROM ({pairs} 1) ORDER BY 1, 2",
        (job.now_s,),
    )


def _count_results(conn: sqlite3.Connection, receipt: Receipt) -> None:
    row = conn.execute(
        "SELECT coalesce(sum(i.signals), 0), coalesce(sum(i.unused), 0), coalesce(sum(i.refused), 0),"
        " count(DISTINCT CASE WHEN i.refused > 0 THEN line.value END)"
        " FROM temp.inbound_line AS line JOIN temp.inbound_items AS i ON i.items = line.items"
    ).fetchone()
    receipt.signals, receipt.unused_signals, receipt.refused_traits, receipt.refused_users = row
    for adds in (0, 1):
        (count,) = conn.execute(
            "SELECT count(*) FROM temp.inbound_line AS line JOIN temp.inbound_effect AS effect"
            " ON effect.items = line.items AND effect.adds = ?",
            (adds,),
        ).fetchone()
        if adds:
            receipt.realized_traits = count
        else:
            receipt.removed_traits = count
    (receipt.devices,) = conn.execute(
        "SELECT count(*) FROM (SELECT id FROM aam_identity WHERE data_source_id = ?1"
        " AND id IN (SELECT identity_id FROM temp.inbound_line)"
        " UNION SELECT device_id FROM aam_identity_link"
        " WHERE declared_id IN (SELECT identity_id FROM temp.inbound_line))",
        (DEVICE,),
    ).fetchone()
