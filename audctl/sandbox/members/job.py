"""What every job works with: the open transaction, the virtual time, the choices in force."""

import hashlib
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from audctl.sandbox.campaign.rows import Change
from audctl.sandbox.campaign.values import stored_moment
from audctl.sandbox.members.choices import MemberChoices, read_choices

SYSTEM_OPERATOR = 0


class JobError(Exception):
    """A job that cannot go on: the workflow fails in `activity`, and its log says why."""

    def __init__(self, message: str, activity: str = "") -> None:
        super().__init__(message)
        self.activity = activity


@dataclass(frozen=True, slots=True)
class Job:
    """One run of something, in one transaction."""

    conn: sqlite3.Connection
    now: datetime
    """Virtual time, UTC."""
    choices: MemberChoices

    @property
    def now_s(self) -> int:
        """Give the time in seconds since the epoch."""
        return int(self.now.timestamp())

    @property
    def now_us(self) -> int:
        """Give the time in microseconds since the epoch."""
        return round(self.now.timestamp() * 1_000_000)

    @property
    def change(self) -> Change:
        """Sign changes to Campaign's rows."""
        return Change(self.conn, SYSTEM_OPERATOR, stored_moment(self.now))


def open_job(conn: sqlite3.Connection, now: datetime) -> Job:
    """Make a job of the transaction that `conn` has open."""
    conn.create_function("sandbox_digest", 2, digest, deterministic=True)
    return Job(conn, now, read_choices(conn))


HASHES: Mapping[str, Callable[[bytes], "hashlib._Hash"]] = {
    "md5": partial(hashlib.md5, usedforsecurity=False),
    "sha1": partial(hashlib.sha1, usedforsecurity=False),
    "sha256": partial(hashlib.sha256, usedforsecurity=False),
}
PLAIN = "none"


def digest(algorithm: str, text: str | None) -> str | None:
    """Hash an id as the documentation says: trimmed, in lower case, as lower-case hexadecimal digits."""
    if text is None:
        return None
    return HASHES[algorithm](text.strip().lower().encode()).hexdigest()
