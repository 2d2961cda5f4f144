"""A lock's record as text, and the sentences about it: the same in every store."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from audctl.errors import LockError, LostLockError
from audctl.model.lock import LockRecord

if TYPE_CHECKING:
    from datetime import timedelta

_LONGEST_WORDS = 50
_OUTSIDE = re.compile(r"[^A-Za-z0-9@._:/+ -]")
"""What is replaced in free text: the record stands in XTK expressions and in messages."""
_LONGEST_DIGEST = 64
_DIGEST_SHOWN = 12
_TOKEN = re.compile(r"[0-9a-f]{32}")


class Wish(NamedTuple):
    """Who wants the lock, what for, and how long it is to outlive its holder."""

    holder: str
    reason: str
    duration: timedelta
    host: str = ""
    plan: str = ""


def claim(wish: Wish, now: datetime) -> LockRecord:
    """Return a new claim from ``now`` on, in whole seconds: with words of any length its identity fits in an option."""
    since = now.replace(microsecond=0)
    return LockRecord(
        token=secrets.token_hex(16),
        holder=_plain(wish.holder),
        host=_plain(wish.host),
        reason=_plain(wish.reason),
        plan=plain_digest(wish.plan),
        since=since,
        until=since + wish.duration,
    )


def identity_of(record: LockRecord) -> str:
    """Return the text that stays the same however often the claim is prolonged; 255 characters at most."""
    since = record.since.isoformat()
    return f"{record.token}|{since}|{record.holder}|{record.host}|{record.reason}"


def state_of(record: LockRecord) -> str:
    """Return the text of what changes while the claim is held."""
    return f"{record.until.isoformat()}|{record.plan}"


def parse_lock_record(identity: str, state: str) -> LockRecord:
    """Read a claim; raise LockError when audctl did not write it: such a lock is never broken."""
    try:
        token, since, holder, host, reason = identity.split("|")
        until, plan = state.split("|")
        return LockRecord(
            token=_token(token),
            holder=holder,
            host=host,
            reason=reason,
            plan=plan,
            since=_moment(since),
            until=_moment(until),
        )
    except ValueError as error:
        raise unreadable(identity) from error


def unreadable(text: str) -> LockError:
    """Return the error about a lock that audctl did not write: nobody knows whose it is, and it is never broken."""
    return LockError(
        f"the lock is held, by something audctl cannot read: {text[:80]!r};"
        " remove it by hand if nobody is at work"
    )


def line_of(record: LockRecord) -> str:
    """Return all of a record on one line, for stores that keep it in one piece."""
    return f"{state_of(record)}|{identity_of(record)}\n"


def parse_line(text: str) -> LockRecord:
    """Read the first line of a text; raise LockError when audctl did not write it."""
    line = text.partition("\n")[0]
    until, _, rest = line.partition("|")
    plan, between, identity = rest.partition("|")
    return parse_lock_record(identity if between else line, f"{until}|{plan}")


def held_message(record: LockRecord) -> str:
    """Return the sentence for someone who wants the lock and cannot have it."""
    host = f" on {record.host}" if record.host else ""
    plan = f"plan {record.plan[:_DIGEST_SHOWN]}" if record.plan else ""
    what = ", ".join(each for each in (record.reason, plan) if each)
    return (
        f"the lock is held by {record.holder}{host}{f' ({what})' if what else ''}"
        f" since {_shown(record.since)} and expires at {_shown(record.until)} unless it is prolonged;"
        f" if nobody is at work there any more: audctl ledger unlock --token {record.token}"
    )


def lost_message(now_held: LockRecord | None) -> str:
    """Return the sentence for a holder whose claim is gone."""
    if now_held is None:
        return "the lock was lost: someone removed it; nothing more is written"
    return f"the lock was lost, nothing more is written: {held_message(now_held)}"


def require_in_time(record: LockRecord, now: datetime) -> None:
    """Raise LostLockError when a claim has run out: someone may be taking it over at this moment."""
    if now >= record.until:
        raise LostLockError(
            f"the lock was not prolonged in time, it expired at {_shown(record.until)};"
            " nothing more is written"
        )


def require_token(held: LockRecord, token: str) -> None:
    """Raise LockError unless this is the claim that somebody wants to break, as they saw it."""
    if not token:
        raise LockError(
            f"unlocking needs the token of the lock that is meant: {held_message(held)}"
        )
    if token != held.token:
        raise LockError(f"the lock is not the one with that token: {held_message(held)}")


def plain_digest(digest: str) -> str:
    """Return a plan's digest as it may stand in a record."""
    return _OUTSIDE.sub("_", digest)[:_LONGEST_DIGEST]


def _token(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise ValueError("not a token")
    return text


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment


def _plain(words: str) -> str:
    return _OUTSIDE.sub("_", words)[:_LONGEST_WORDS].strip()


def _shown(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
