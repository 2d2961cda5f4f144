"""What happens while the virtual clock moves: events in order of time, each one transaction.

Only what can change something is an event. Hourly workflows run at the first full hour after something new for them
has appeared, so that a day costs what happens in it, not its hours. After a crash the next move goes on where the last
committed event was; an event that is repeated finds its work done.
"""

import heapq
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING

from audctl.sandbox.campaign.catalog import stored_schema
from audctl.sandbox.campaign.memo import memo_of
from audctl.sandbox.members.accounts import EXPORT_ACCOUNT, IMPORT_ACCOUNT, provisioned_bucket
from audctl.sandbox.members.buckets import Bucket, BucketError, Location, Stored
from audctl.sandbox.members.choices import MemberChoices, read_choices
from audctl.sandbox.members.definition import UPDATE, read_definition
from audctl.sandbox.members.inbound import take_in
from audctl.sandbox.members.job import Job, open_job
from audctl.sandbox.members.outbound import feeds, write_outbound
from audctl.sandbox.members.populations import refresh_populations
from audctl.sandbox.members.schedule import HOUR, next_hour_of_day, next_multiple, next_run
from audctl.sandbox.members.visits import visit
from audctl.sandbox.members.workflow_runs import STARTED, WORKFLOW, run_workflow

if TYPE_CHECKING:
    from audctl.sandbox.store import Store

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY_FOLDER = re.compile(r"(?:date=)?\d{4}-\d{2}-\d{2}", re.ASCII)


class Kind(IntEnum):
    """Kinds of event; at one moment they happen in this order.

    Hourly workflows come first: what appears on the hour they find an hour later, however the clock got there.
    """

    EXPORT = 1
    IMPORT = 2
    PICK_UP = 3
    """Audience Manager looks for files that others have uploaded."""
    TAKE_IN = 4
    """The data of an inbound file counts from now."""
    METRICS = 5
    OUTBOUND = 6
    UPDATE = 7
    """A workflow that updates a shared audience."""


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """Something due."""

    at: datetime
    kind: Kind
    number: int = 0
    """Which workflow."""
    bucket: str = ""
    key: str = ""
    """Which file."""


@dataclass(frozen=True, slots=True)
class Happening:
    """What an event did."""

    at: datetime
    what: str
    lines: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, object]:
        """Give the members of the clock's answer."""
        return {"at": self.at.isoformat(), "what": self.what, "lines": list(self.lines)}


class Timeline:
    """Moves one store's clock; one move at a time."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._moving = threading.Lock()

    def advance(self, delta: timedelta) -> tuple[datetime, list[Happening]]:
        """Move the clock and let everything happen that is due by then; also what an earlier move left undone."""
        with self._moving:
            now = self._store.advance(delta)
            return now, list(self._happen_until(now))

    def _happen_until(self, target: datetime) -> Iterator[Happening]:
        with self._store.write() as conn:
            position = _position(conn)
            due = _first_events(conn, position, target)
        heapq.heapify(due)
        while due:
            event = heapq.heappop(due)
            with self._store.write() as conn:
                happening, following = _happen(conn, event)
                # Just before: others may be due at this very moment.
                _move(conn, event.at - _MICROSECOND)
            for each in following:
                if each.at <= target and each not in due:
                    heapq.heappush(due, each)
            if happening.lines:
                yield happening
        with self._store.write() as conn:
            _move(conn, target)


def _position(conn: sqlite3.Connection) -> datetime:
    (position_us,) = conn.execute("SELECT position_us FROM sandbox_timeline").fetchone()
    return _EPOCH + timedelta(microseconds=position_us)


def _move(conn: sqlite3.Connection, to: datetime) -> None:
    conn.execute(
        "UPDATE sandbox_timeline SET position_us = max(position_us, ?)",
        ((to - _EPOCH) // _MICROSECOND,),
    )


def _first_events(conn: sqlite3.Connection, after: datetime, target: datetime) -> list[Event]:
    choices = read_choices(conn)
    events = [
        Event(next_multiple(timedelta(hours=choices.pickup_hours), after), Kind.PICK_UP),
        Event(_last_hour_of_day(choices.metrics_hour, after, target), Kind.METRICS),
        Event(next_hour_of_day(choices.outbound_hour, after), Kind.OUTBOUND),
        Event(next_multiple(HOUR, after), Kind.EXPORT),
        Event(next_multiple(HOUR, after), Kind.IMPORT),
    ]
    events += _files_due(conn, choices, after)
    for row in conn.execute(
        "SELECT id FROM xtk_workflow WHERE state = ? AND failed = 0 AND instr(data, ?) > 0",
        (STARTED, f"<{UPDATE}"),
    ).fetchall():
        at = _next_update(conn, row["id"], after)
        if at is not None:
            events.append(Event(at, Kind.UPDATE, row["id"]))
    return [event for event in events if event.at <= target]


def _files_due(conn: sqlite3.Connection, choices: MemberChoices, after: datetime) -> list[Event]:
    delay = timedelta(hours=choices.onboarding_delay_hours)
    return [
        Event(
            max(_EPOCH + row["uploaded_us"] * _MICROSECOND + delay, after + _MICROSECOND),
            Kind.TAKE_IN,
            0,
            row["bucket"],
            row["key"],
        )
        for row in conn.execute(
            "SELECT bucket, key, uploaded_us FROM aam_inbound_file WHERE processed_us IS NULL"
        )
    ]


def _next_update(conn: sqlite3.Connection, row_id: int, after: datetime) -> datetime | None:
    definition = read_definition(memo_of(conn, stored_schema(WORKFLOW), row_id))
    if definition is None:
        return None
    if definition.period is None:
        return after + timedelta(minutes=1)
    return next_run(definition.period, after)


def _last_hour_of_day(hour: int, after: datetime, target: datetime) -> datetime:
    """Give the last of the days' hours up to `target`: earlier counts would be overwritten."""
    first = next_hour_of_day(hour, after)
    return first + max(0, (target - first) // timedelta(days=1)) * timedelta(days=1)


def _happen(conn: sqlite3.Connection, event: Event) -> tuple[Happening, list[Event]]:
    return _HANDLERS[event.kind](open_job(conn, event.at), event)


def _metrics(job: Job, event: Event) -> tuple[Happening, list[Event]]:
    lines = visit(job)
    count = refresh_populations(job.conn, event.at)
    lines += [f"populations of {count} segments counted"] if count else []
    return Happening(event.at, "Audience Manager counts populations", tuple(lines)), []


def _export(job: Job, event: Event) -> tuple[Happening, list[Event]]:
    lines = _run_technical(job, EXPORT_ACCOUNT)
    sent = _files_due(job.conn, job.choices, event.at) if lines else []
    return Happening(event.at, f"Campaign runs {EXPORT_ACCOUNT}", tuple(lines)), sent


def _import(job: Job, event: Event) -> tuple[Happening, list[Event]]:
    lines = _run_technical(job, IMPORT_ACCOUNT)
    return Happening(event.at, f"Campaign runs {IMPORT_ACCOUNT}", tuple(lines)), []


def _run_technical(job: Job, name: str) -> list[str]:
    row = job.conn.execute("SELECT id FROM xtk_workflow WHERE internalName = ?", (name,)).fetchone()
    return [] if row is None else run_workflow(job.conn, row["id"], job.now) or []


def _outbound(job: Job, event: Event) -> tuple[Happening, list[Event]]:
    lines = visit(job)
    for feed in feeds(job.conn):
        line = write_outbound(job, feed)
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
        again = _next_update(job.conn, event.number, event.at)
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
    return Happening(event.at, what, lines), _files_due(job.conn, job.choices, event.at)


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
    return Happening(event.at, what, (str(receipt),)), []


_HANDLERS: Mapping[Kind, Callable[[Job, Event], tuple[Happening, list[Event]]]] = {
    Kind.PICK_UP: _pick_up,
    Kind.TAKE_IN: _take_in,
    Kind.METRICS: _metrics,
    Kind.OUTBOUND: _outbound,
    Kind.UPDATE: _update,
    Kind.EXPORT: _export,
    Kind.IMPORT: _import,
}
