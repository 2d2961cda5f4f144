"""The virtual clock moves: events in order of time, each one transaction.

Each also notes that it was the last: after a crash the next move goes on behind it.
"""

import heapq
import sqlite3
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from audctl.sandbox.members.agenda import EPOCH, MICROSECOND, Event, Kind, first_events
from audctl.sandbox.members.happenings import Happening, happen

if TYPE_CHECKING:
    from audctl.sandbox.store import Store


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
            due = first_events(conn, _last_event(conn), target)
        heapq.heapify(due)
        while due:
            event = heapq.heappop(due)
            with self._store.write() as conn:
                happening, following = happen(conn, event)
                _move(conn, event)
            for each in following:
                if each.at <= target and each not in due:
                    heapq.heappush(due, each)
            if happening.lines:
                yield happening
        with self._store.write() as conn:
            if target > _last_event(conn).at:
                _move(conn, Event(target, Kind.NOTHING))


def _last_event(conn: sqlite3.Connection) -> Event:
    row = conn.execute(
        "SELECT position_us, kind, number, bucket, key FROM sandbox_timeline"
    ).fetchone()
    at = EPOCH + timedelta(microseconds=row["position_us"])
    return Event(at, Kind(row["kind"]), row["number"], row["bucket"], row["key"])


def _move(conn: sqlite3.Connection, event: Event) -> None:
    conn.execute(
        "UPDATE sandbox_timeline SET position_us = ?, kind = ?, number = ?, bucket = ?, key = ?",
        ((event.at - EPOCH) // MICROSECOND, event.kind, event.number, event.bucket, event.key),
    )
