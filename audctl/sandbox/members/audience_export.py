"""Campaign's exports: "Update shared audience" collects ids, the technical workflow `exportSharedAudience` sends them.

Exports only ever add: what has been collected once is never sent again and never taken back.
"""

import sqlite3
from collections.abc import Iterator
from itertools import count

from lxml import etree

from audctl.sandbox.campaign.catalog import stored_schema
from audctl.sandbox.campaign.clauses import compile_where
from audctl.sandbox.campaign.faults import CampaignFault
from audctl.sandbox.campaign.places import Source
from audctl.sandbox.campaign.values import stored_moment
from audctl.sandbox.members.accounts import EXPORT_ACCOUNT, usable_bucket
from audctl.sandbox.members.buckets import Bucket, BucketError
from audctl.sandbox.members.definition import ExportDefinition, whole_number
from audctl.sandbox.members.file_names import inbound_folder
from audctl.sandbox.members.job import Job, JobError
from audctl.sandbox.members.outbound import key_source
from audctl.sandbox.members.profiles import DEVICE
from audctl.sandbox.members.reconciliation import (
    DIMENSION,
    AmcDataSource,
    Key,
    compile_key,
    find_data_source,
)
from audctl.sandbox.members.transfer import split_lines, write_lines

ACTIVITY = "js"
"""The activity of the technical workflow that does the work."""


def update_audience(
    job: Job, workflow_id: int, workflow_name: str, definition: ExportDefinition
) -> str:
    """Run one export workflow; gives a line for the log.

    Recipients without an id on the data source's reconciliation key are the complement. Raises JobError.
    """
    conn = job.conn
    _target(job, definition)
    try:
        source = find_data_source(conn, definition.data_source_id)
        key = compile_key(source)
        trait_id = _trait_of(conn, definition.audience, source, workflow_name)
    except JobError as error:
        raise JobError(str(error), definition.update_name) from error
    targeted, without_id = _collect(conn, source, key, trait_id)
    if key_source(conn, source.aam_data_source_id) != DEVICE:
        _collect_id_pairs(conn, source, key)
    conn.execute("DELETE FROM nms_shared_complement WHERE workflow_id = ?", (workflow_id,))
    if definition.keeps_complement:
        conn.execute(
            "INSERT INTO nms_shared_complement SELECT ?, id FROM temp.targeted"
            " WHERE id NOT IN (SELECT id FROM temp.identified)",
            (workflow_id,),
        )
    return (
        f"audience {definition.audience}: {targeted - without_id} of {targeted} recipients exported,"
        f" complement {without_id}"
    )


def send_exports(job: Job) -> list[str]:
    """Write everything collected and not yet sent to the export account's bucket; gives lines for the log.

    Raises JobError when the account or the bucket is not as it must be.
    """
    conn = job.conn
    waiting = conn.execute(
        "SELECT DISTINCT data_source_id FROM nms_shared_export WHERE sent = 0"
        " UNION SELECT DISTINCT data_source_id FROM nms_shared_export_id WHERE sent = 0 ORDER BY 1"
    ).fetchall()
    if not waiting:
        return []
    try:
        bucket = usable_bucket(conn, EXPORT_ACCOUNT)
        return [line for (source_id,) in waiting for line in _send(job, bucket, source_id)]
    except BucketError as error:
        raise JobError(str(error), ACTIVITY) from error


def _target(job: Job, definition: ExportDefinition) -> None:
    conn = job.conn
    for table in ("targeted", "identified"):
        conn.execute(f"CREATE TEMP TABLE IF NOT EXISTS {table} (id INTEGER PRIMARY KEY)")
        conn.execute(f"DELETE FROM temp.{table}")  # noqa: S608 - a literal
    if definition.list_id is not None:
        known = conn.execute(
            "SELECT 1 FROM nms_group WHERE id = ?", (definition.list_id,)
        ).fetchone()
        if known is None:
            raise JobError(f"there is no list {definition.list_id}", definition.source_name)
        conn.execute(
            'INSERT INTO temp.targeted SELECT "recipient-id" FROM nms_rcpGrpRel WHERE "group-id" = ?',
            (definition.list_id,),
        )
    elif definition.where is not None:
        _run_query(job, definition, definition.where)
    else:
        raise JobError("the workflow targets nobody: it reads no list and has no query")


def _run_query(job: Job, definition: ExportDefinition, where: etree._Element) -> None:
    if definition.schema not in ("", DIMENSION):
        raise JobError(
            f"a query on {definition.schema} does not give recipients", definition.source_name
        )
    query = etree.Element("queryDef", schema=DIMENSION)
    query.append(where)
    source = Source(stored_schema(DIMENSION), stored_moment(job.now), conn=job.conn)
    try:
        condition = compile_where(query, source.root)
        text = f"INSERT INTO temp.targeted SELECT DISTINCT {source.alias}.id FROM {source.clause()}"  # noqa: S608
        if condition is None:
            job.conn.execute(text)
        else:
            job.conn.execute(f"{text} WHERE {condition.text}", condition.parameters)
    except CampaignFault as error:
        raise JobError(str(error), definition.source_name) from error
    except sqlite3.Error as error:
        raise JobError("the query cannot be run", definition.source_name) from error


def _trait_of(
    conn: sqlite3.Connection, audience: str, source: AmcDataSource, workflow_name: str
) -> int:
    """Find the onboarded trait that stands for an audience in the data source.

    Of several, the one whose integration code is the workflow's name, else the oldest.
    """
    row = conn.execute(
        "SELECT t.id FROM aam_segment_trait AS st JOIN aam_trait AS t ON t.id = st.trait_id"
        " WHERE st.segment_id = ? AND t.trait_type = 'ON_BOARDED_TRAIT' AND t.data_source_id = ?"
        " ORDER BY t.integration_code IS NOT ?, t.id LIMIT 1",
        (
            whole_number(audience),
            source.aam_data_source_id,
            workflow_name,
        ),
    ).fetchone()
    if row is None:
        raise JobError(
            f"the shared audience '{audience}' has no onboarded trait in data source {source.aam_data_source_id}"
        )
    return int(row[0])


def _collect(
    conn: sqlite3.Connection, source: AmcDataSource, key: Key, trait_id: int
) -> tuple[int, int]:
    """Keep the ids of the targeted recipients; gives how many are targeted, and how many of them have no id."""
    rows = (
        key.from_recipients("temp.targeted")
        if len(key.tables) > 1
        else (f"temp.targeted AS t CROSS JOIN {key.tables[0]} AS t0 ON t0.id = t.id")
    )
    has_id = f"{key.column} IS NOT NULL AND {key.column} <> ''"
    conn.execute(
        f"INSERT OR IGNORE INTO temp.identified SELECT t0.id FROM {rows} WHERE {has_id}"  # noqa: S608
    )
    conn.execute(
        "INSERT OR IGNORE INTO nms_shared_export (data_source_id, trait_id, value)"  # noqa: S608
        f" SELECT ?, ?, {key.value} FROM {rows} WHERE {has_id}",
        (source.aam_data_source_id, trait_id),
    )
    (targeted,) = conn.execute("SELECT count(*) FROM temp.targeted").fetchone()
    (identified,) = conn.execute("SELECT count(*) FROM temp.identified").fetchone()
    return targeted, targeted - identified


def _collect_id_pairs(conn: sqlite3.Connection, source: AmcDataSource, key: Key) -> None:
    """Keep which visitor ids go with the declared ids that are exported: they travel as id files."""
    conn.execute(
        "INSERT OR IGNORE INTO nms_shared_export_id (data_source_id, visitor_id, value)"  # noqa: S608
        f" SELECT ?, log.sourceId, {key.value} FROM temp.identified AS i CROSS JOIN {key.from_recipients()}"
        ' CROSS JOIN nms_trackingLogRcp AS log ON log."recipient-id" = t0.id'
        f" WHERE t0.id = i.id AND {key.column} <> '' AND log.sourceId <> ''",
        (source.aam_data_source_id,),
    )


def _send(job: Job, bucket: Bucket, source_id: int) -> Iterator[str]:
    conn = job.conn
    pairs = conn.execute(
        "SELECT visitor_id || char(9) || value FROM nms_shared_export_id WHERE data_source_id = ? AND sent = 0"
        " ORDER BY visitor_id, value",
        (source_id,),
    )
    # An id file first: what it ties together is then known when the traits are read.
    yield from _write(job, bucket, f"adobe_id_{DEVICE}_{source_id}", pairs)
    rows = conn.execute(
        "SELECT value || char(9) || group_concat('d_sid=' || trait_id) FROM nms_shared_export"
        " WHERE data_source_id = ? AND sent = 0 GROUP BY value ORDER BY value",
        (source_id,),
    )
    yield from _write(job, bucket, f"ftp_dpm_{source_id}", rows)
    for table in ("nms_shared_export_id", "nms_shared_export"):
        conn.execute(
            f"UPDATE {table} SET sent = 1 WHERE data_source_id = ? AND sent = 0",  # noqa: S608
            (source_id,),
        )


def _write(job: Job, bucket: Bucket, root: str, rows: sqlite3.Cursor) -> Iterator[str]:
    lines = (row[0] for row in rows)
    gzip = job.choices.export_gzip
    timestamp = _free_timestamp(job, bucket, root)
    for number, part in zip(
        count(), split_lines(lines, job.choices.export_split_lines), strict=False
    ):
        name = f"{root}_{timestamp}.sync{f'.{number}' if number else ''}{'.gz' if gzip else ''}"
        key = bucket.location.key(f"{inbound_folder(job.now)}/{name}")
        file = write_lines(bucket, key, part, gzip=gzip)
        job.conn.execute(
            "INSERT OR REPLACE INTO aam_inbound_file VALUES (?, ?, ?, NULL)",
            (bucket.location.bucket, key, job.now_us),
        )
        yield f"{name}: {file.lines} lines sent"


def _free_timestamp(job: Job, bucket: Bucket, root: str) -> int:
    """Give the seconds that make the name unique, also when a workflow is woken up twice within a second."""
    timestamp = job.now_s
    while job.conn.execute(
        "SELECT 1 FROM aam_inbound_file WHERE bucket = ? AND key GLOB ? LIMIT 1",
        (bucket.location.bucket, f"*/{root}_{timestamp}.sync*"),
    ).fetchone():
        timestamp += 1
    return timestamp
