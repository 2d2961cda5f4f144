"""Id synchronisation files: which ids belong to the same visitor."""

import re
import sqlite3
from collections.abc import Iterator

from audctl.sandbox.members.file_names import IdFileName
from audctl.sandbox.members.inbound_receipt import FORMAT, INVALID_AAM_ID, NO_MATCH, Receipt
from audctl.sandbox.members.job import Job
from audctl.sandbox.members.profiles import DEVICE

_VISITOR_ID = re.compile(r"\d{38}", re.ASCII)
_EMAIL_HASH = re.compile(r"[0-9a-f]{64}")
_MOST_HASHES = 10


def take_in_ids(job: Job, name: IdFileName, lines: Iterator[bytes], receipt: Receipt) -> None:
    """Take in one id file: the ids of a row are tied to the devices of the row's first id."""
    conn = job.conn
    for source_id in name.sources:
        known = conn.execute("SELECT 1 FROM aam_data_source WHERE id = ?", (source_id,)).fetchone()
        if known is None and source_id != DEVICE:
            receipt.success = False
            return
    conn.execute(
        "CREATE TEMP TABLE IF NOT EXISTS inbound_id (master TEXT, source_id INTEGER, value TEXT)"
    )
    conn.execute("DELETE FROM temp.inbound_id")
    conn.executemany("INSERT INTO temp.inbound_id VALUES (?, ?, ?)", _rows(name, lines, receipt))
    _link(job, name.sources[0])
    receipt.processed = receipt.received
    _count_unmatched(conn, name.sources[0], receipt)
    conn.execute("DELETE FROM temp.inbound_id")


def _rows(
    name: IdFileName, lines: Iterator[bytes], receipt: Receipt
) -> Iterator[tuple[str, int, str]]:
    for raw in lines:
        receipt.received += 1
        line = raw.decode(errors="replace")
        master, *others = line.split("\t")
        kind = _problem(name, line, master, others)
        if kind is not None:
            receipt.error(kind, line[:200])
            continue
        for position, value in enumerate(others):
            yield master, name.sources[min(position + 1, len(name.sources) - 1)], value


def _problem(name: IdFileName, line: str, master: str, others: list[str]) -> str | None:
    if line != line.rstrip() or not master or not all(others):
        return FORMAT
    if name.hashed_emails:
        if not 0 < len(others) <= _MOST_HASHES or not all(map(_EMAIL_HASH.fullmatch, others)):
            return FORMAT
    elif len(others) != len(name.sources) - 1:
        return FORMAT
    if name.sources[0] == DEVICE and not _VISITOR_ID.fullmatch(master):
        return INVALID_AAM_ID
    return None


def _link(job: Job, master_source_id: int) -> None:
    conn = job.conn
    if master_source_id != DEVICE:
        conn.execute(
            "INSERT OR IGNORE INTO aam_identity (data_source_id, value)"
            " SELECT DISTINCT ?, master FROM temp.inbound_id",
            (master_source_id,),
        )
    conn.execute(
        "INSERT OR IGNORE INTO aam_identity (data_source_id, value)"
        " SELECT DISTINCT row.source_id, row.value FROM temp.inbound_id AS row"
        " JOIN aam_identity AS master ON master.data_source_id = ? AND master.value = row.master",
        (master_source_id,),
    )
    device, join = "master.id", ""
    if master_source_id != DEVICE:
        device = "link.device_id"
        join = " JOIN aam_identity_link AS link ON link.declared_id = master.id"
    conn.execute(
        "INSERT INTO aam_identity_link (declared_id, device_id, seen_s)"  # noqa: S608 - own names
        f" SELECT other.id, {device}, ? FROM temp.inbound_id AS row"
        " JOIN aam_identity AS master ON master.data_source_id = ? AND master.value = row.master"
        f" JOIN aam_identity AS other ON other.data_source_id = row.source_id AND other.value = row.value{join}"
        " WHERE true ON CONFLICT DO UPDATE SET seen_s = max(seen_s, excluded.seen_s)",
        (job.now_s, master_source_id),
    )


def _count_unmatched(conn: sqlite3.Connection, master_source_id: int, receipt: Receipt) -> None:
    rows = conn.execute(
        "SELECT master FROM temp.inbound_id EXCEPT SELECT value FROM aam_identity WHERE data_source_id = ?",
        (master_source_id,),
    ).fetchall()
    for row in rows:
        receipt.error(NO_MATCH, row[0])
