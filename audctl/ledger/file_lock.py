"""The lock of a ledger file: a small file beside it, empty when nobody holds the lock.

It is only read and written under its own advisory lock (``flock``), for milliseconds, and the kernel ends
that one when a process dies: of two runs that both find a claim expired, one takes it over and the other
reads the new claim. The file stays when the lock is released; removing it would let two processes hold two
different files of one name.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from audctl.errors import LockError, LostLockError
from audctl.ledger.lease import HeldLease
from audctl.ledger.lock_record import (
    claim,
    held_message,
    line_of,
    lost_message,
    parse_line,
    require_in_time,
    require_token,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta
    from pathlib import Path

    from audctl.ledger.lock_record import Wish
    from audctl.model.lock import LockRecord
    from audctl.ports import Clock

_OWNER_ONLY = 0o600
_LONGEST_RECORD_BYTES = 4096


class _Claim:
    """The lock file, open, while nobody else can be in it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self) -> LockRecord | None:
        """Return who holds the lock; None when nobody does."""
        content = os.pread(self._descriptor, _LONGEST_RECORD_BYTES, 0)
        text = content.decode("utf-8", "replace")
        return parse_line(text) if text.partition("\n")[0] else None

    def require(self, token: str) -> LockRecord:
        """Return the record when this token holds the lock; raise LostLockError when it was lost."""
        held = self.read()
        if held is None or held.token != token:
            raise LostLockError(lost_message(held))
        return held

    def write(self, record: LockRecord | None) -> None:
        """Put another record, or none, in its place."""
        line = line_of(record).encode() if record else b""
        # The new line first: whatever is left behind it after a crash is not read.
        os.pwrite(self._descriptor, line, 0)
        os.ftruncate(self._descriptor, len(line))
        os.fsync(self._descriptor)


class FileLock:
    """The lock file of one ledger."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock

    @contextmanager
    def open(self) -> Iterator[_Claim]:
        """Give the file to one process at a time; others wait."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, _OWNER_ONLY)
        except OSError as error:
            raise LockError(f"{self._path}: cannot be opened: {error.strerror}") from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            except OSError as error:
                raise LockError(f"{self._path}: cannot be locked: {error.strerror}") from error
            yield _Claim(descriptor)
        finally:
            os.close(descriptor)

    def take(self, wish: Wish) -> HeldLease:
        """Take the lock, also over a claim that has expired."""
        with self.open() as lock:
            asked_at, now = self._clock.monotonic(), self._clock.now()
            held = lock.read()
            if held is not None and held.until > now:
                raise LockError(held_message(held))
            record = claim(wish, now)
            lock.write(record)
        return HeldLease(
            self, record, wish.duration, asked_at=asked_at, monotonic=self._clock.monotonic
        )

    def renew(self, record: LockRecord, duration: timedelta, *, plan: str) -> LockRecord:
        """Prolong a claim, and return it as it stands now; raise LostLockError when it was lost or has run out."""
        with self.open() as lock:
            held, now = lock.require(record.token), self._clock.now()
            require_in_time(held, now)
            longer = replace(held, until=now + duration, plan=plan)
            lock.write(longer)
        return longer

    def release(self, record: LockRecord) -> None:
        """Let go, if this very claim is still the one that is held."""
        with self.open() as lock:
            held = lock.read()
            if held is not None and held.token == record.token:
                lock.write(None)

    def held(self) -> LockRecord | None:
        """Return who holds the lock, also when their time is up; None when nobody does."""
        if not self._path.exists():
            return None
        with self.open() as lock:
            return lock.read()

    def break_(self, token: str) -> LockRecord | None:
        """Take the lock away from whoever holds it with this token, and return their claim; None: nobody did."""
        if not self._path.exists():
            return None
        with self.open() as lock:
            held = lock.read()
            if held is not None:
                require_token(held, token)
                lock.write(None)
            return held
