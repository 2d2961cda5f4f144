"""The lock of a Campaign ledger: one option with a unique name, its string who holds it, its memo until when.

Campaign returns no counts, so every step is confirmed by reading the option again. What makes it sound:

- An insert under a unique name succeeds once; a removal names the holder that was read. A breaker never
  removes a rival's fresh claim.
- A removal cannot name the memo, so it could hit a claim prolonged a moment ago. Therefore a breaker asks
  the time *before* it reads the claim, and prolonging counts only if it was over, by the server's clock,
  before the old end: whoever saw the old end saw it in the future.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from audctl.errors import (
    ConflictError,
    InvalidAnswerError,
    LockError,
    ProviderError,
    ThrottledError,
    UnreachableError,
)
from audctl.ledger.lock_record import (
    LockRecord,
    lost_message,
    parse_lock_record,
    require_in_time,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from audctl.ledger.options_port import OptionsClient

_ATTEMPTS = 3
"""Each one that fails means that somebody else took or freed the lock within milliseconds."""


class CampaignLock:
    """The lock option of one ledger. Expiry is judged by the server's clock alone."""

    def __init__(self, options: OptionsClient, name: str) -> None:
        self._options = options
        self._name = name

    def take(self, *, holder: str, reason: str, duration: timedelta) -> CampaignLease:
        """Take the lock, also over a claim that has expired."""
        failure: ProviderError | None = None
        with _reachable():
            for _ in range(_ATTEMPTS):
                now = self._options.server_time()
                held = self.held()
                if held is not None:
                    if held.until > now:
                        raise LockError(held.held_message())
                    self._options.delete_option_if(self._name, held.identity())
                record = LockRecord.claim(holder, reason, now, duration)
                failure = self._insert(record)
                if self.held() == record:
                    return CampaignLease(self, record, duration)
        if failure is not None:
            raise LockError(f"the lock cannot be taken: {failure}") from failure
        raise LockError("the lock changes hands too quickly; try again")

    def renew(self, record: LockRecord, duration: timedelta) -> LockRecord:
        """Prolong a claim, and return it as it stands now; raise LockError when it was lost or has run out."""
        with _reachable():
            longer = record.prolonged(self._options.server_time() + duration)
            failure = None
            try:
                self._options.update_memo_if(
                    self._name, record.identity(), longer.until.isoformat()
                )
            except ProviderError as error:
                if not error.may_have_happened:
                    raise
                failure = error
            held = self.held()
            if held == longer:
                require_in_time(record, self._options.server_time())
                return longer
            if held == record and failure is not None:
                raise failure
            raise LockError(lost_message(held))

    def release(self, record: LockRecord) -> None:
        """Let go, if the option still has this very claim."""
        with _reachable():
            self._options.delete_option_if(self._name, record.identity())

    def _insert(self, record: LockRecord) -> ProviderError | None:
        """Insert the claim. A rival's is no failure; one whose end is unknown is returned: reading back tells."""
        try:
            self._options.insert_option(self._name, record.identity(), record.until.isoformat())
        except ConflictError:
            return None
        except ProviderError as error:
            if not error.may_have_happened:
                raise
            return error
        return None

    def held(self) -> LockRecord | None:
        """Return what the lock option says now."""
        found = self._options.read_options(self._name, memo=True).get(self._name)
        return parse_lock_record(*found) if found is not None else None


class CampaignLease:
    """A held lock option."""

    def __init__(self, lock: CampaignLock, record: LockRecord, duration: timedelta) -> None:
        self.token = record.token
        self._lock = lock
        self._record = record
        self._duration = duration

    def renew(self) -> None:
        """Prolong it by the duration it was taken for."""
        self._record = self._lock.renew(self._record, self._duration)

    def release(self) -> None:
        """Remove it, if it is still one's own."""
        self._lock.release(self._record)


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except (UnreachableError, ThrottledError, InvalidAnswerError) as error:
        raise LockError(f"nobody can tell who holds the lock: {error}") from error
