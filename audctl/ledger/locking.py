"""The lock as every store offers it, whatever it is made of."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from audctl.errors import InvalidAnswerError, LockError, ThrottledError, UnreachableError
from audctl.ledger.lock_record import Wish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from audctl.ledger.lease import HeldLease
    from audctl.model.lock import LockRecord
    from audctl.ports import Lease


class Lock(Protocol):
    """One ledger's lock."""

    def take(self, wish: Wish) -> HeldLease:
        """Take it, also over a claim that has expired by the clock of whoever keeps it."""
        ...

    def held(self) -> LockRecord | None:
        """Return who holds it, also when their time is up; None when nobody does."""
        ...

    def break_(self, token: str) -> LockRecord | None:
        """Take it away from whoever holds it with this token, and return their claim; None: nobody did."""
        ...


class Locking:
    """The part of a ``LedgerStore`` that is about its lock."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock

    def lock(
        self, *, holder: str, reason: str, duration: timedelta, host: str = "", plan: str = ""
    ) -> Lease:
        """Take the lock, also over one that has expired by the clock of whoever keeps it."""
        return self._lock.take(Wish(holder, reason, duration, host, plan))

    def held(self) -> LockRecord | None:
        """Return who holds the lock; None when nobody does."""
        return self._lock.held()

    def unlock(self, token: str) -> LockRecord | None:
        """Take the lock away from whoever holds it with this token."""
        return self._lock.break_(token)


@contextmanager
def reachable() -> Iterator[None]:
    """Turn "no answer" into a LockError: whoever cannot be asked may say that somebody else holds the lock."""
    try:
        yield
    except (UnreachableError, ThrottledError, InvalidAnswerError) as error:
        raise LockError(f"nobody can tell who holds the lock: {error}") from error
