"""What happens at each event: who does what, and what that makes due."""

import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from audctl.sandbox.members.accounts import EXPORT_ACCOUNT, IMPORT_ACCOUNT, provisioned_bucket
from audctl.sandbox.members.agenda import Event, Kind, deletions_due, files_due, next_update
from audctl.sandbox.members.buckets import Bucket, BucketError, Location, Stored
from audctl.sandbox.members.evaluation import Evaluations
from audctl.sandbox.members.inbound import take_in
from audctl.sandbox.members.job import Job, open_job
from audctl.sandbox.members.outbound import feeds, write_outbound
from audctl.sandbox.members.populations import refresh_populations
from audctl.sandbox.members.schedule import HOUR, next_multiple
from audctl.sandbox.members.visits import visit
from audctl.sandbox.members.workflow_runs import STARTED, run_workflow

_DAY_FOLDER = re.compile(r"(?:date=)?\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Happening:
    """What an event did."""

    at: datetime
    what: str
    lines: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, object]:
        """Give the members of the clock's answer."""
        return {"at": self.at.isoformat(), "what": self.what, "lines": list(self.lines)}


def happen(conn: sqlite3.Connection, event: Event) -> tuple[Happening, list[Event]]:
    """Let an event happen within the open transaction; also gives the events that it makes due."""
    return _HANDLERS[event.kind](open_job(conn, event.at), event)


def _metrics(job: Job, event: Event) -> tuple[Happening, list[Event]]:
    lines = visit(job)
    count = refresh_populations(job.conn, event.at) if event.number else 0
    lines += [f"populations of {count} segments counted"] if count else []
    return Happening(event.at, "Audience Manager counts populations", tuple(lines)), []


def _export(job: Job, event: Event) -> tuple[Happening, list[Event]]:
    lines = _run_technical(job, EXPORT_ACCOUNT)
    sent = files_due(job.conn, job.choices, event.at) if lines else []
    return Happening(event.at, f"Campaign runs {EXPORT_ACCOUNT}", tuple(lines)), sent


def _import(job: Job, event: Event) -> tuple[Happening, list[Event]]:
    lines = _run_technical(job, IMPORT_ACCOUNT)
    return Happening(event.at, f"Campaign runs {IMPORT_ACCOUNT}", tuple(lines)), []


def _run_technical(job: Job, name: str) -> list[str]:
    row = job.conn.execute("SELECT id FROM xtk_workflow WHERE internalName = ?", (name,)).fetchone()
    return [] if row is None else run_workflow(job.conn, row["id"], job.now) or []


def _outbound(job: Job, event: Event) -> tuple[Happening, list[Event]]:
    lines = visit(job)
    evaluations = Evaluations(job.conn, job.now)
    for feed in feeds(job.conn):
        line = write_outbound(job, feed, evaluations)
        if line is not None:
            lines.append(line)
    following = [Event(event.at + timedelta(days=1), Kind.OUTBOUND)]
    if lines:
        following.append(Event(next_multiple(HOUR, event.at), Kind.IMPORT))
    return Happening(event.at, "Audience Manager writes outbound files", tuple(lines)), following


def _update(job: Job, event: Event) -> tuple[Happening, list[Event]]:
    lines = run_workflow(job.conn, event.number, event.at)
    row = job.conn.execute(
        "SELECT internalName FROM xtk_workflow WHERE id = ?", (event.number,)
    ).fetchone()
    following = []
    if lines:
        following.append(Event(next_multiple(HOUR, event.at), Kind.EXPORT))
        row_state = job.conn.execute(
            "SELECT state FROM xtk_workflow WHERE id = ?", (event.number,)
        ).fetchone()
        again = next_update(job.conn, event.number, event.at)
        if again is not None and row_state["state"] == STARTED:
            following.append(Event(again, Kind.UPDATE, event.number))
    name = "" if row is None else row["internalName"]
    return Happening(event.at, f"Campaign runs {name}", tuple(lines or ())), following


def _pick_up(job: Job, event: Event) -> tuple[Happening, list[Event]]:
    """Note files that are not known yet, and delete those that have lain long enough."""
    what = "Audience Manager looks for inbound files"
    try:
        bucket = provisioned_bucket(job.conn, EXPORT_ACCOUNT)
        known = {
            row[0]
            for row in job.conn.execute(
                "SELECT key FROM aam_inbound_file WHERE bucket = ?", (bucket.location.bucket,)
            )
        }
        new = [
            entry.key
            for entry in bucket.entries(bucket.location.path)
            if entry.key not in known and _is_inbound(entry, bucket.location)
        ]
        _delete_old(job, bucket)
    except BucketError:
        return Happening(event.at, what), []  # nobody has set up the bucket yet
    job.conn.executemany(
        "INSERT INTO aam_inbound_file VALUES (?, ?, ?, NULL)",
        [(bucket.location.bucket, key, job.now_us) for key in new],
    )
    lines = (f"{len(new)} new files",) if new else ()
    following = files_due(job.conn, job.choices, event.at)
    following += deletions_due(job.conn, job.choices, event.at)
    return Happening(event.at, what, lines), following


def _is_inbound(entry: Stored, location: Location) -> bool:
    """Tell inbound files from others: they lie in the folder of a day."""
    return (
        _DAY_FOLDER.fullmatch(entry.key.removeprefix(location.key("")).partition("/")[0])
        is not None
    )


def _delete_old(job: Job, bucket: Bucket) -> None:
    before = job.now_us - job.choices.inbound_retention_days * 86_400_000_000
    for row in job.conn.execute(
        "SELECT key FROM aam_inbound_file WHERE bucket = ? AND processed_us IS NOT NULL AND uploaded_us < ?",
        (bucket.location.bucket, before),
    ).fetchall():
        bucket.delete(row["key"])
        job.conn.execute(
            "DELETE FROM aam_inbound_file WHERE bucket = ? AND key = ?",
            (bucket.location.bucket, row["key"]),
        )


def _take_in(job: Job, event: Event) -> tuple[Happening, list[Event]]:
    what = "Audience Manager takes an inbound file in"
    waiting = job.conn.execute(
        "SELECT 1 FROM aam_inbound_file WHERE bucket = ? AND key = ? AND processed_us IS NULL",
        (event.bucket, event.key),
    ).fetchone()
    if waiting is None:
        return Happening(event.at, what), []
    try:
        bucket = provisioned_bucket(job.conn, EXPORT_ACCOUNT)
    except BucketError:
        return Happening(event.at, what), []
    receipt = take_in(job, bucket, event.key)
    job.conn.execute(
        "UPDATE aam_inbound_file SET processed_us = ? WHERE bucket = ? AND key = ?",
        (job.now_us, event.bucket, event.key),
    )
    following = deletions_due(job.conn, job.choices, event.at)
    return Happening(event.at, what, (str(receipt),)), following


_HANDLERS: Mapping[Kind, Callable[[Job, Event], tuple[Happening, list[Event]]]] = {
    Kind.PICK_UP: _pick_up,
    Kind.TAKE_IN: _take_in,
    Kind.METRICS: _metrics,
    Kind.OUTBOUND: _outbound,
    Kind.UPDATE: _update,
    Kind.EXPORT: _export,
    Kind.IMPORT: _import,
}
