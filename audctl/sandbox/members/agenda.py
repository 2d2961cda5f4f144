"""What is due when: events, and where they come from.

Only what can change something is an event. Hourly workflows run at the first full hour after something new for them
has appeared, so that a day costs what happens in it, not its hours.
"""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import partial

from audctl.sandbox.campaign.catalog import stored_schema
from audctl.sandbox.campaign.memo import memo_of
from audctl.sandbox.members.choices import MemberChoices, read_choices
from audctl.sandbox.members.definition import UPDATE, read_definition
from audctl.sandbox.members.schedule import DAY, HOUR, next_hour_of_day, next_multiple, next_run
from audctl.sandbox.members.workflow_runs import STARTED, WORKFLOW

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_SOON = partial(next_multiple, timedelta(minutes=15))
"""A workflow without a schedule runs within a quarter of an hour."""


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
    NOTHING = 8
    """All that was due at a moment has happened."""


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """Something due."""

    at: datetime
    kind: Kind
    number: int = 0
    """Which workflow; for METRICS, 1 for the last day of a move: earlier counts would only be overwritten."""
    bucket: str = ""
    key: str = ""
    """Which file."""


def first_events(conn: sqlite3.Connection, last: Event, target: datetime) -> list[Event]:
    """Give what is due after the last thing that happened, up to a moment, before any of it happens."""
    choices = read_choices(conn)

    def later(kind: Kind, following: Callable[[datetime], datetime], number: int = 0) -> Event:
        # At the moment of the last event only some kinds have had their turn.
        at = following(last.at - MICROSECOND)
        event = Event(at, kind, number)
        return event if event > last else Event(following(max(at, last.at)), kind, number)

    pickup = timedelta(hours=choices.pickup_hours)
    events = [
        later(Kind.PICK_UP, partial(next_multiple, pickup)),
        later(Kind.OUTBOUND, partial(next_hour_of_day, choices.outbound_hour)),
        later(Kind.EXPORT, partial(next_multiple, HOUR)),
        later(Kind.IMPORT, partial(next_multiple, HOUR)),
        *_days(later(Kind.METRICS, partial(next_hour_of_day, choices.metrics_hour)), target),
        *files_due(conn, choices, last.at),
        *deletions_due(conn, choices, last.at),
    ]
    for row_id, following in _update_times(conn):
        events.append(later(Kind.UPDATE, following, row_id))
    return [event for event in events if event.at <= target]


def _days(first: Event, target: datetime) -> list[Event]:
    count = (target - first.at) // DAY + 1
    return [
        replace(first, at=first.at + day * DAY, number=int(day == count - 1))
        for day in range(count)
    ]


def _update_times(
    conn: sqlite3.Connection,
) -> Iterator[tuple[int, Callable[[datetime], datetime]]]:
    for row in conn.execute(
        "SELECT id FROM xtk_workflow WHERE state = ? AND failed = 0 AND instr(data, ?) > 0",
        (STARTED, f"<{UPDATE}"),
    ).fetchall():
        definition = read_definition(memo_of(conn, stored_schema(WORKFLOW), row["id"]))
        if definition is not None:
            period = definition.period
            yield row["id"], _SOON if period is None else partial(next_run, period)


def files_due(conn: sqlite3.Connection, choices: MemberChoices, after: datetime) -> list[Event]:
    """Give when the data of each file that lies in the bucket will count."""
    delay = timedelta(hours=choices.onboarding_delay_hours)
    return [
        Event(
            max(EPOCH + row["uploaded_us"] * MICROSECOND + delay, after + MICROSECOND),
            Kind.TAKE_IN,
            0,
            row["bucket"],
            row["key"],
        )
        for row in conn.execute(
            "SELECT bucket, key, uploaded_us FROM aam_inbound_file WHERE processed_us IS NULL"
        )
    ]


def deletions_due(conn: sqlite3.Connection, choices: MemberChoices, after: datetime) -> list[Event]:
    """Give the look at the bucket at which the oldest file is due to be deleted."""
    (oldest_us,) = conn.execute(
        "SELECT min(uploaded_us) FROM aam_inbound_file WHERE processed_us IS NOT NULL"
    ).fetchone()
    if oldest_us is None:
        return []
    due = EPOCH + oldest_us * MICROSECOND + timedelta(days=choices.inbound_retention_days)
    span = timedelta(hours=choices.pickup_hours)
    return [Event(next_multiple(span, max(due, after)), Kind.PICK_UP)]


def next_update(conn: sqlite3.Connection, row_id: int, after: datetime) -> datetime | None:
    """Give the next run of a workflow that has a schedule; None for any other."""
    definition = read_definition(memo_of(conn, stored_schema(WORKFLOW), row_id))
    if definition is None or definition.period is None:
        return None
    return next_run(definition.period, after)
