"""The technical workflow `importSharedAudience`: lists become what the shared audiences are.

Each synchronisation replaces a list's content by the recipients that can be reconciled on the list's data source; ids
that Campaign does not know are dropped. A list whose audience has never been received keeps its rows.
"""

import sqlite3
from dataclasses import dataclass

from audctl.sandbox.members.accounts import IMPORT_ACCOUNT, usable_bucket
from audctl.sandbox.members.audience_files import read_new_transfers
from audctl.sandbox.members.buckets import BucketError
from audctl.sandbox.members.job import Job, JobError
from audctl.sandbox.members.reconciliation import AmcDataSource, compile_key, find_data_source

ACTIVITY = "js"
"""The activity of the technical workflow that does the work."""


@dataclass(frozen=True, slots=True)
class SharedList:
    """One list that is a shared audience."""

    id: int
    name: str
    audience: str
    source: AmcDataSource


def import_audiences(job: Job) -> list[str]:
    """Read new files and synchronise every shared list; gives lines for the log.

    Raises JobError when an account, a data source or the bucket is not as it must be: then nothing is changed.
    """
    lists = _shared_lists(job.conn)
    if not lists:
        return []
    try:
        transfers = read_new_transfers(job, usable_bucket(job.conn, IMPORT_ACCOUNT))
    except BucketError as error:
        raise JobError(str(error), ACTIVITY) from error
    lines = [f"{transfers} new transfers read"] if transfers else []
    for each in lists:
        line = _synchronise(job, each)
        if line is not None:
            lines.append(line)
    return lines


def _shared_lists(conn: sqlite3.Connection) -> list[SharedList]:
    rows = conn.execute(
        'SELECT id, name, aamMappingId, "amcDataSource-id" AS source FROM nms_group WHERE isAMC = 1 ORDER BY id'
    ).fetchall()
    lists = []
    for row in rows:
        try:
            source = find_data_source(conn, row["source"])
        except JobError as error:
            raise JobError(f"list '{row['name']}': {error}", ACTIVITY) from error
        lists.append(SharedList(row["id"], row["name"], row["aamMappingId"] or "", source))
    return lists


def _synchronise(job: Job, shared: SharedList) -> str | None:
    """Replace one list's rows; gives a line when anything changed."""
    conn, source = job.conn, shared.source
    feed = conn.execute(
        "SELECT id FROM nms_shared_feed WHERE destination_id = ? AND master_id = ?",
        (source.aam_destination_id, source.aam_data_source_id),
    ).fetchone()
    if feed is None:
        return None
    value = _value_in_files(job, shared)
    if value is None:
        return f"list '{shared.name}': no audience '{shared.audience}' is shared with this instance"
    audience = conn.execute(
        "SELECT id FROM nms_shared_audience WHERE feed_id = ? AND audience = ?", (feed[0], value)
    ).fetchone()
    try:
        key = compile_key(source)
    except JobError as error:
        raise JobError(str(error), ACTIVITY) from error
    conn.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (id INTEGER PRIMARY KEY)")
    conn.execute("DELETE FROM temp.wanted")
    audience_id = audience[0] if audience is not None else 0
    conn.execute(f"INSERT INTO temp.wanted {key.holders()}", (audience_id,))
    gone = conn.execute(
        'DELETE FROM nms_rcpGrpRel WHERE "group-id" = ?'
        ' AND "recipient-id" NOT IN (SELECT id FROM temp.wanted)',
        (shared.id,),
    ).rowcount
    new = conn.execute(
        'INSERT INTO nms_rcpGrpRel ("group-id", "recipient-id") SELECT ?1, id FROM temp.wanted WHERE id NOT IN'
        ' (SELECT "recipient-id" FROM nms_rcpGrpRel WHERE "group-id" = ?1)',
        (shared.id,),
    ).rowcount
    if not gone and not new:
        return None
    (count,) = conn.execute("SELECT count(*) FROM temp.wanted").fetchone()
    (received,) = conn.execute(
        "SELECT count(*) FROM nms_shared_member WHERE audience_id = ?", (audience_id,)
    ).fetchone()
    return (
        f"list '{shared.name}': {count} recipients for {received} ids received,"
        f" {new} added, {gone} removed"
    )


def _value_in_files(job: Job, shared: SharedList) -> str | None:
    """Translate what the list names its audience by to what stands for the audience in files."""
    columns = {"mapping": "id", "segment": "segment_id", "alias": "document ->> '$.traitAlias'"}
    shown = "alias" if job.choices.outbound_segment_value == "alias" else "segment"
    row = job.conn.execute(
        f"SELECT CAST({columns[shown]} AS TEXT) FROM aam_mapping WHERE destination_id = ?"  # noqa: S608 - own names
        f" AND CAST({columns[job.choices.list_audience]} AS TEXT) = ? ORDER BY id LIMIT 1",
        (shared.source.aam_destination_id, shared.audience),
    ).fetchone()
    return None if row is None else row[0]
