"""The lock of a ledger in a bucket: one object, written only in place of the very content that was read.

What makes it sound: every write names the tag of what it replaces, so of two who read the same one succeeds, a holder
who prolongs and a breaker alike. Each content has a random part, so that no two have one tag. The object stays when
the lock is released, and then says that nobody holds it.

Time is the server's: a claim lasts for so many seconds from when the object was written, and what time it is now tells
a small object that is written to ask.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from audctl.errors import (
    ConflictError,
    LockError,
    LostLockError,
    UnreachableError,
)
from audctl.ledger.lease import HeldLease
from audctl.ledger.lock_record import (
    claim,
    held_message,
    lost_message,
    require_in_time,
    require_token,
    unreadable,
)
from audctl.ledger.locking import reachable
from audctl.model.lock import LockRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from audctl.ledger.lock_record import Wish
    from audctl.ledger.s3_bucket import Bucket, Stored

_ATTEMPTS = 5
"""Each one that fails means that somebody else wrote the lock within milliseconds."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_CLAIM = timedelta(days=1)


class S3Lock:
    """The lock object of one ledger. Expiry is judged by the server's clock alone."""

    def __init__(
        self, bucket: Bucket, *, key: str, clock_key: str, monotonic: Callable[[], float]
    ) -> None:
        self._bucket = bucket
        self._key = key
        self._clock_key = clock_key
        self._monotonic = monotonic

    def take(self, wish: Wish) -> HeldLease:
        """Take the lock, also over a claim that has expired."""
        wanted = claim(wish, _EPOCH)
        asked_at = self._monotonic()
        with reachable():
            for _ in range(_ATTEMPTS):
                found = self._bucket.get(self._key)
                held = _read(found)
                if held is not None and held.token == wanted.token:
                    return HeldLease(
                        self, held, wish.duration, asked_at=asked_at, monotonic=self._monotonic
                    )
                if held is not None and held.until > self._now():
                    raise LockError(held_message(held))
                asked_at = self._monotonic()
                self._put(_content(wanted, wish.duration, since=None), found)
            # The last try may have won: nobody should have to wait for it to end.
            self._free(wanted.token)
        raise LockError("the lock changes hands too quickly; try again")

    def renew(self, record: LockRecord, duration: timedelta, *, plan: str) -> LockRecord:
        """Prolong a claim, and return it as it stands now; raise LostLockError when it was lost or has run out."""
        wanted = replace(record, plan=plan)
        content = _content(wanted, duration, since=record.since)
        with reachable():
            for _ in range(_ATTEMPTS):
                found = self._bucket.get(self._key)
                held = _read(found)
                if held is None or held.token != record.token:
                    raise LostLockError(lost_message(held))
                assert found is not None
                if found.data == content:
                    require_in_time(record, held.until - duration)
                    return held
                self._put(content, found)
        raise LockError("the lock could not be prolonged: somebody keeps writing it")

    def release(self, record: LockRecord) -> None:
        """Let go, if this very claim is still the one that is held."""
        with reachable():
            self._free(record.token)

    def held(self) -> LockRecord | None:
        """Return who holds the lock, also when their time is up; None when nobody does."""
        with reachable():
            return _read(self._bucket.get(self._key))

    def break_(self, token: str) -> LockRecord | None:
        """Take the lock away from whoever holds it with this token, and return their claim; None: nobody did."""
        with reachable():
            held = _read(self._bucket.get(self._key))
            if held is not None:
                require_token(held, token)
                self._free(token)
            return held

    def _free(self, token: str) -> None:
        for _ in range(_ATTEMPTS):
            found = self._bucket.get(self._key)
            held = _read(found)
            if held is None or held.token != token:
                return
            self._put(b'{"free":true}\n', found)
        raise LockError("the lock could not be let go: somebody keeps writing it")

    def _put(self, content: bytes, found: Stored | None) -> None:
        """Write the object in place of what was found. Whether it was written, the next read tells."""
        try:
            if found is None:
                self._bucket.create(self._key, content)
            else:
                self._bucket.replace(self._key, content, found.tag)
        except ConflictError:
            return
        except UnreachableError as error:
            if not error.may_have_happened:
                raise

    def _now(self) -> datetime:
        """Return the server's time, or a little earlier."""
        self._bucket.write(self._clock_key, secrets.token_bytes(8))
        found = self._bucket.get(self._clock_key)
        if found is None:
            raise LockError(
                "nobody can tell the time: the bucket did not keep what was written to ask"
            )
        return found.written_at


def _content(record: LockRecord, duration: timedelta, *, since: datetime | None) -> bytes:
    document = {
        "token": record.token,
        "holder": record.holder,
        "host": record.host,
        "reason": record.reason,
        "plan": record.plan,
        "since": None if since is None else since.isoformat(),
        "seconds": int(duration.total_seconds()),
        "nonce": secrets.token_hex(8),
    }
    return json.dumps(document, sort_keys=True).encode() + b"\n"


def _read(found: Stored | None) -> LockRecord | None:
    """Read the object; raise LockError when audctl did not write it: such a lock is never broken."""
    if found is None:
        return None
    try:
        document: dict[str, Any] = json.loads(found.data)
        return None if document.get("free") is True else _record(document, found.written_at)
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as error:
        raise unreadable(found.data[:80].decode("utf-8", "replace")) from error


def _record(document: dict[str, Any], written_at: datetime) -> LockRecord:
    since, lasts = document["since"], timedelta(seconds=int(document["seconds"]))
    if not timedelta() < lasts <= _LONGEST_CLAIM:
        raise ValueError("a claim that lasts for ever")
    words = {name: str(document[name]) for name in ("token", "holder", "host", "reason", "plan")}
    return LockRecord(
        **words,
        since=written_at if since is None else datetime.fromisoformat(since),
        until=written_at + lasts,
    )
