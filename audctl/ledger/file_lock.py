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
from typing import TYPE_CHECKING

from audctl.errors import LockError
from audctl.ledger.lock_record import (
    LockRecord,
    lost_message,
    parse_lock_record,
    require_in_time,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta
    from pathlib import Path

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
        first_line = content.decode("utf-8", "replace").partition("\n")[0]
        until, _, identity = first_line.partition("|")
        return parse_lock_record(identity, until) if first_line else None

    def require(self, token: str) -> LockRecord:
        """Return the record when this token holds the lock; raise LockError when it was lost."""
        held = self.read()
        if held is None or held.token != token:
            raise LockError(lost_message(held))
        return held

    def write(self, record: LockRecord | None) -> None:
        """Put another record, or none, in its place."""
        line = f"{record.until.isoformat()}|{record.identity()}\n".encode() if record else b""
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

    def take(self, *, holder: str, reason: str, duration: timedelta) -> FileLease:
        """Take the lock, also over a claim that has expired."""
        with self.open() as claim:
            now = self._clock.now()
            held = claim.read()
            if held is not None and held.until > now:
                raise LockError(held.held_message())
            record = LockRecord.claim(holder, reason, now, duration)
            claim.write(record)
        return FileLease(self, record.token, duration)

    def renew(self, token: str, duration: timedelta) -> None:
        """Prolong the claim with this token; raise LockError when it was lost or has run out."""
        with self.open() as claim:
            held, now = claim.require(token), self._clock.now()
            require_in_time(held, now)
            claim.write(held.prolonged(now + duration))

    def release(self, token: str) -> None:
        """Let go, if this token still holds the lock."""
        with self.open() as claim:
            held = claim.read()
            if held is not None and held.token == token:
                claim.write(None)


class FileLease:
    """A held lock file."""

    def __init__(self, lock: FileLock, token: str, duration: timedelta) -> None:
        self.token = token
        self._lock = lock
        self._duration = duration

    def renew(self) -> None:
        """Prolong it by the duration it was taken for."""
        self._lock.renew(self.token, self._duration)

    def release(self) -> None:
        """Let go, if it is still one's own."""
        self._lock.release(self.token)
