"""Audience Manager's daily outbound files.

A server-to-server destination is fed for each data source that Campaign's AMC data sources pair it with: their ids are
what the file is keyed by. The first transfer of a feed is full; later ones say what has changed since.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress

from audctl.sandbox.members.accounts import IMPORT_ACCOUNT, provisioned_bucket
from audctl.sandbox.members.buckets import Bucket, BucketError
from audctl.sandbox.members.evaluation import Evaluations
from audctl.sandbox.members.file_names import outbound_name, outbound_root
from audctl.sandbox.members.id_sets import (
    EMPTY,
    IdSet,
    flags_of,
    pack,
    unpack,
    without,
)
from audctl.sandbox.members.job import Job
from audctl.sandbox.members.populations import active_segments
from audctl.sandbox.members.profiles import DEVICE
from audctl.sandbox.members.transfer import WrittenFile, split_lines, write_lines

FULL, ITER = "full", "iter"


@dataclass(frozen=True, slots=True)
class Feed:
    """One destination, keyed by the ids of one data source."""

    destination_id: int
    master_id: int


@dataclass(frozen=True, slots=True)
class Audience:
    """One segment value of a feed: who is in it now, and who was when it was last sent."""

    value: str
    now: IdSet
    sent: IdSet


def feeds(conn: sqlite3.Connection) -> list[Feed]:
    """Give the feeds that Adobe's provisioning has set up: both ids stand in an AMC data source."""
    rows = conn.execute(
        "SELECT DISTINCT a.id, coalesce(nullif(a.data_source_id, 0), c.aamDataSourceId) FROM nms_amcDataSource AS c"
        " JOIN aam_destination AS a ON a.id = c.aamDestinationId AND a.destination_type = 'S2S'"
        " JOIN aam_data_source AS s ON s.id = coalesce(nullif(a.data_source_id, 0), c.aamDataSourceId)"
        " ORDER BY 1, 2"
    )
    return [Feed(*row) for row in rows]


def key_source(conn: sqlite3.Connection, data_source_id: int) -> int:
    """Give the data source whose ids stand for people: itself when cross-device, else the visitor ids."""
    row = conn.execute(
        "SELECT document ->> '$.idType' FROM aam_data_source WHERE id = ?", (data_source_id,)
    ).fetchone()
    return data_source_id if row is not None and row[0] == "CROSS_DEVICE" else DEVICE


def write_outbound(job: Job, feed: Feed, evaluations: Evaluations) -> str | None:
    """Write one day's transfer of a feed; gives a line about it, or None when there was nothing to send.

    The same transfer written again gives the same files, so that one cut short is simply repeated.
    """
    first = not job.conn.execute(
        "SELECT 1 FROM aam_outbound_history WHERE destination_id = ? AND data_provider_id = ? AND success = 1",
        (feed.destination_id, feed.master_id),
    ).fetchone()
    full = first or job.choices.outbound_mode == FULL
    source = key_source(job.conn, feed.master_id)
    size, audiences = _audiences(job, feed, source, evaluations)
    if not audiences:
        return None
    lines = _lines(job, source, size, audiences, full=full)
    root = outbound_root(
        feed.destination_id, feed.master_id, FULL if full else ITER, job.now, job.choices
    )
    try:
        bucket = provisioned_bucket(job.conn, IMPORT_ACCOUNT)
        files = _write_files(job, bucket, root, lines)
        if not files and not full:
            return None
        _write_control(bucket, root, files)
    except BucketError as error:
        _record(job, feed, WrittenFile(f"{root}.info", 0, 0, ""), full=full, success=False)
        return f"destination {feed.destination_id}: {error}"
    for file in files or [WrittenFile(f"{root}.info", 0, 0, "")]:
        _record(job, feed, file, full=full, success=True)
    _remember(job, feed, audiences)
    total = sum(file.lines for file in files)
    return f"destination {feed.destination_id}: {root}, {total} lines in {len(files)} files"


def _audiences(
    job: Job, feed: Feed, source: int, evaluations: Evaluations
) -> tuple[int, list[Audience]]:
    """Evaluate what is mapped to the feed's destination; also gives the bound of all ids."""
    value = (
        "m.document ->> '$.traitAlias'"
        if job.choices.outbound_segment_value == "alias"
        else "m.segment_id"
    )
    today = f"{job.now:%Y-%m-%d}"
    mapped = job.conn.execute(
        f"SELECT m.segment_id, CAST({value} AS TEXT) AS value FROM aam_mapping AS m WHERE m.destination_id = ?"  # noqa: S608
        " AND coalesce(m.document ->> '$.startDate', '') <= ?"
        " AND coalesce(m.document ->> '$.endDate', '9999') >= ? ORDER BY m.id",
        (feed.destination_id, today, today),
    ).fetchall()
    values: dict[int, list[str]] = {}
    for row in mapped:
        if row["value"]:
            values.setdefault(row["segment_id"], []).append(row["value"])
    now: dict[str, IdSet] = {}
    size = 1
    for merge_rule_id, segments in active_segments(job.conn, list(values)).items():
        evaluation = evaluations.of(merge_rule_id)
        size = evaluation.profiles.size
        for segment_id, rule in segments:
            ids = evaluation.profiles.ids_in(evaluation.profiles_in(rule), source)
            for each in values[segment_id]:
                now[each] = now.get(each, EMPTY) | ids
    sent = {
        row["audience"]: unpack(row["ids"])
        for row in job.conn.execute(
            "SELECT audience, ids FROM aam_sent WHERE destination_id = ? AND master_id = ?",
            (feed.destination_id, feed.master_id),
        )
    }
    # A paused segment is absent: nothing of it is sent, and what was sent stays known.
    return size, [Audience(each, now[each], sent.get(each, EMPTY)) for each in sorted(now)]


def _lines(
    job: Job, source: int, size: int, audiences: list[Audience], *, full: bool
) -> Iterator[str]:
    added = [a.now if full else without(a.now, a.sent) for a in audiences]
    removed = [EMPTY if full else without(a.sent, a.now) for a in audiences]
    touched = EMPTY
    for ids in (*added, *removed):
        touched |= ids
    flags = flags_of(touched, size)
    columns = [compress(flags_of(ids, size), flags) for ids in (*added, *removed)]
    separator, count = job.choices.outbound_separator, len(audiences)
    # People share few combinations of segments: the tail of a line is made once for each.
    tails: dict[tuple[int, ...], str] = {}

    def tail(pattern: tuple[int, ...]) -> str:
        text = tails.get(pattern)
        if text is None:
            parts = [
                ",".join(a.value for a, hit in zip(audiences, hits, strict=True) if hit)
                for hits in (pattern[:count], pattern[count:])
            ]
            text = separator + parts[0] + (separator + parts[1] if parts[1] else "")
            tails[pattern] = text
        return text

    # By number, which is the order of the sets; the index on values would give another.
    rows = job.conn.execute(
        "SELECT id, value FROM aam_identity NOT INDEXED WHERE data_source_id = ? ORDER BY id",
        (source,),
    )
    patterns = zip(*columns, strict=True)
    return (value + tail(next(patterns)) for number, value in rows if flags[number])


def _write_files(job: Job, bucket: Bucket, root: str, lines: Iterator[str]) -> list[WrittenFile]:
    gzip = job.choices.outbound_gzip
    parts = split_lines(lines, job.choices.outbound_split_lines)
    return [
        write_lines(
            bucket,
            bucket.location.key(outbound_name(root, number, job.choices)),
            part,
            gzip=gzip,
        )
        for number, part in enumerate(parts)
    ]


def _write_control(bucket: Bucket, root: str, files: list[WrittenFile]) -> None:
    document = {
        "Files": [
            {
                "FileByteSize": file.bytes,
                "FileLineCount": file.lines,
                "FileName": file.name,
                "FileSequenceNumber": number,
                "md5": file.md5,
            }
            for number, file in enumerate(files, start=1)
        ],
        "Totals": {
            "FileName": f"{root}.sync",
            "TotalByteSize": sum(file.bytes for file in files),
            "TotalNumberFiles": len(files),
            "TotalNumberLines": sum(file.lines for file in files),
        },
    }
    bucket.put(bucket.location.key(f"{root}.info"), [json.dumps(document, indent=1).encode()])


def _record(job: Job, feed: Feed, file: WrittenFile, *, full: bool, success: bool) -> None:
    now_ms = job.now_s * 1000
    job.conn.execute(
        "INSERT INTO aam_outbound_history (destination_id, data_provider_id, full_publish, success, received_records,"
        " attempted_records, success_records, data_file_name, start_ms, end_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            feed.destination_id,
            feed.master_id,
            full,
            success,
            file.lines,
            file.lines,
            file.lines,
            file.name,
            now_ms,
            now_ms,
        ),
    )


def _remember(job: Job, feed: Feed, audiences: list[Audience]) -> None:
    job.conn.executemany(
        "INSERT OR REPLACE INTO aam_sent VALUES (?, ?, ?, ?)",
        [
            (feed.destination_id, feed.master_id, audience.value, pack(audience.now))
            for audience in audiences
            if audience.now != audience.sent or not audience.now
        ],
    )
