"""Who holds a lock, why, since when and until when: what both stores keep, and how it is told."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from audctl.errors import LockError

if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Self

_LONGEST_WORDS = 60
_OUTSIDE = re.compile(r"[^A-Za-z0-9@._:/+ -]")
"""What is replaced in free text: the record stands in XTK expressions and in messages."""


@dataclass(frozen=True, slots=True)
class LockRecord:
    """One holder's claim. Its identity fits in 255 characters and needs no escaping."""

    token: str
    """Random: tells this claim from every other, also by the same holder."""
    holder: str
    reason: str
    since: datetime
    until: datetime

    @classmethod
    def claim(cls, holder: str, reason: str, now: datetime, duration: timedelta) -> Self:
        """Return a new claim from ``now`` on."""
        return cls(secrets.token_hex(16), _plain(holder), _plain(reason), now, now + duration)

    def prolonged(self, until: datetime) -> Self:
        """Return the same claim with a later end."""
        return replace(self, until=until)

    def held_message(self) -> str:
        """Return the sentence for someone who wants the lock and cannot have it."""
        reason = f" ({self.reason})" if self.reason else ""
        return (
            f"the lock is held by {self.holder}{reason} since {_shown(self.since)}"
            f" and expires at {_shown(self.until)} unless it is prolonged"
        )

    def identity(self) -> str:
        """Return the line that stays the same however often the claim is prolonged."""
        return f"{self.token}|{self.since.isoformat()}|{self.holder}|{self.reason}"


def parse_lock_record(identity: str, until: str) -> LockRecord:
    """Read a claim; raise LockError when audctl did not write it: such a lock is never broken."""
    try:
        token, since, holder, reason = identity.split("|")
        return LockRecord(token, holder, reason, _moment(since), _moment(until))
    except ValueError as error:
        raise LockError(
            f"the lock is held, by something audctl cannot read: {identity[:80]!r};"
            " remove it by hand if nobody is at work"
        ) from error


def lost_message(now_held: LockRecord | None) -> str:
    """Return the sentence for a holder whose claim is gone."""
    if now_held is None:
        return "the lock was lost: someone removed it; nothing more is written"
    return f"the lock was lost, nothing more is written: {now_held.held_message()}"


def require_in_time(record: LockRecord, now: datetime) -> None:
    """Raise LockError when a claim has run out: someone may be taking it over at this moment."""
    if now >= record.until:
        raise LockError(
            f"the lock was not prolonged in time, it expired at {_shown(record.until)};"
            " nothing more is written"
        )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment


def _plain(words: str) -> str:
    return _OUTSIDE.sub("_", words)[:_LONGEST_WORDS].strip()


def _shown(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
