"""Campaign reads what Audience Manager has sent: the id sets of the shared audiences.

A transfer is read once its control file and every file that names are there with the sizes it states: all split files,
or none. A full transfer replaces the sets of its feed, a later one changes them. Each is read once.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from audctl.sandbox.members.buckets import Bucket, Stored
from audctl.sandbox.members.file_names import ControlName, parse_control_name
from audctl.sandbox.members.job import Job
from audctl.sandbox.members.transfer import read_lines

_LONGEST_LINE = 1024 * 1024
_BARE_KEY = re.compile(r"([{,]\s*)([A-Za-z]\w*)(\s*:)")

Pattern = tuple[tuple[str, ...], tuple[str, ...]]
"""Segments that a line adds and removes."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One complete transfer in the bucket."""

    control: Stored
    name: ControlName
    files: tuple[Stored, ...]


def read_new_transfers(job: Job, bucket: Bucket) -> int:
    """Read every complete transfer that has not been read; gives how many. Raises BucketError."""
    transfers = _unread(job, bucket)
    for transfer in transfers:
        _apply(job, bucket, transfer)
        job.conn.execute(
            "INSERT OR IGNORE INTO nms_shared_file VALUES (?, ?)",
            (bucket.location.bucket, transfer.control.key),
        )
    return len(transfers)


def _unread(job: Job, bucket: Bucket) -> list[Transfer]:
    there = {entry.name: entry for entry in bucket.entries(bucket.location.path)}
    read = {
        row[0]
        for row in job.conn.execute(
            "SELECT key FROM nms_shared_file WHERE bucket = ?", (bucket.location.bucket,)
        )
    }
    transfers = []
    for entry in there.values():
        name = parse_control_name(entry.name)
        # A move of the clock that was cut short may have left files of a later moment.
        if name is None or entry.key in read or name.timestamp > job.now_s:
            continue
        files = _complete(_control(bucket, entry), there)
        if files is not None:
            transfers.append(Transfer(entry, name, files))
    return sorted(transfers, key=lambda each: (each.name.timestamp, each.control.key))


def _control(bucket: Bucket, entry: Stored) -> object:
    text = b"".join(bucket.read(entry.key)).decode(errors="replace")
    # The documentation prints the keys without quotes.
    for attempt in (text, _BARE_KEY.sub(r'\1"\2"\3', text)):
        try:
            document: object = json.loads(attempt)
        except (ValueError, RecursionError):
            continue
        return document
    return None


def _complete(control: object, there: dict[str, Stored]) -> tuple[Stored, ...] | None:
    rows = control.get("Files") if isinstance(control, dict) else None
    if not isinstance(rows, list):
        return None
    files = []
    for row in rows:
        name = row.get("FileName") if isinstance(row, dict) else None
        entry = there.get(name) if isinstance(name, str) else None
        if entry is None or entry.bytes != row.get("FileByteSize"):
            return None
        files.append(entry)
    return tuple(files)


def _apply(job: Job, bucket: Bucket, transfer: Transfer) -> None:
    conn, name = job.conn, transfer.name
    conn.execute("CREATE TEMP TABLE IF NOT EXISTS shared_line (value TEXT, pattern INTEGER)")
    conn.execute("DELETE FROM temp.shared_line")
    patterns: dict[bytes, int] = {}
    for file in transfer.files:
        lines = read_lines(bucket, file.key, gzip=file.name.endswith(".gz"), longest=_LONGEST_LINE)
        rows = _rows(lines, job.choices.outbound_separator.encode(), patterns)
        conn.executemany("INSERT INTO temp.shared_line VALUES (?, ?)", rows)
    conn.execute(
        "INSERT OR IGNORE INTO nms_shared_feed (destination_id, master_id) VALUES (?, ?)",
        (name.destination_id, name.master_id),
    )
    (feed_id,) = conn.execute(
        "SELECT id FROM nms_shared_feed WHERE destination_id = ? AND master_id = ?",
        (name.destination_id, name.master_id),
    ).fetchone()
    if name.full:
        conn.execute(
            "DELETE FROM nms_shared_member WHERE audience_id IN"
            " (SELECT id FROM nms_shared_audience WHERE feed_id = ?)",
            (feed_id,),
        )
    split = [_split(tail, job.choices.outbound_separator.encode()) for tail in patterns]
    _change_sets(job, feed_id, split, removing=not name.full)
    conn.execute("DELETE FROM temp.shared_line")


def _rows(
    lines: Iterator[bytes], separator: bytes, patterns: dict[bytes, int]
) -> Iterator[tuple[str, int]]:
    for line in lines:
        value, _, tail = line.rstrip(b"\r").partition(separator)
        if value and tail and len(line) <= _LONGEST_LINE:
            yield value.decode(errors="replace"), patterns.setdefault(tail, len(patterns))


def _split(tail: bytes, separator: bytes) -> Pattern:
    added, _, removed = tail.partition(separator)
    return _names(added), _names(removed)


def _names(listed: bytes) -> tuple[str, ...]:
    return tuple(name for name in listed.decode(errors="replace").strip().split(",") if name)


def _change_sets(job: Job, feed_id: int, patterns: list[Pattern], *, removing: bool) -> None:
    conn = job.conn
    added = _by_audience(patterns, 0)
    removed = _by_audience(patterns, 1) if removing else {}
    for audience in sorted(added.keys() | removed.keys()):
        conn.execute(
            "INSERT OR IGNORE INTO nms_shared_audience (feed_id, audience) VALUES (?, ?)",
            (feed_id, audience),
        )
        (audience_id,) = conn.execute(
            "SELECT id FROM nms_shared_audience WHERE feed_id = ? AND audience = ?",
            (feed_id, audience),
        ).fetchone()
        conn.execute(
            "DELETE FROM nms_shared_member WHERE audience_id = ? AND value IN (SELECT value FROM temp.shared_line"
            " WHERE pattern IN (SELECT value FROM json_each(?)))",
            (audience_id, json.dumps(removed.get(audience, []))),
        )
        conn.execute(
            "INSERT OR IGNORE INTO nms_shared_member SELECT ?, value FROM temp.shared_line"
            " WHERE pattern IN (SELECT value FROM json_each(?))",
            (audience_id, json.dumps(added.get(audience, []))),
        )


def _by_audience(patterns: list[Pattern], side: int) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, pattern in enumerate(patterns):
        for name in pattern[side]:
            found.setdefault(name, []).append(number)
    return found
