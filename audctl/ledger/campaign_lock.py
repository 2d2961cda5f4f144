"""The lock of a Campaign ledger: one option with a unique name, its string who holds it, its memo until when.

Campaign returns no counts, so every step is confirmed by reading the option again. What makes it sound:

- An insert under a unique name succeeds once; a removal names the holder that was read. A breaker never
  removes a rival's fresh claim.
- A removal cannot name the memo, so it could hit a claim prolonged a moment ago. Therefore a breaker asks
  the time *before* it reads the claim, and prolonging counts only if it was over, by the server's clock,
  before the old end: whoever saw the old end saw it in the future.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audctl.errors import (
    ConflictError,
    LockError,
    LostLockError,
    ProviderError,
)
from audctl.ledger.lease import HeldLease
from audctl.ledger.lock_record import (
    claim,
    held_message,
    identity_of,
    lost_message,
    parse_lock_record,
    require_in_time,
    require_token,
    state_of,
)
from audctl.ledger.locking import reachable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from audctl.ledger.lock_record import Wish
    from audctl.ledger.options_port import OptionsClient
    from audctl.model.lock import LockRecord

_ATTEMPTS = 3
"""Each one that fails means that somebody else took or freed the lock within milliseconds."""


class CampaignLock:
    """The lock option of one ledger. Expiry is judged by the server's clock alone."""

    def __init__(
        self, options: OptionsClient, name: str, *, monotonic: Callable[[], float]
    ) -> None:
        self._options = options
        self._name = name
        self._monotonic = monotonic

    def take(self, wish: Wish) -> HeldLease:
        """Take the lock, also over a claim that has expired."""
        failure: ProviderError | None = None
        with reachable():
            for _ in range(_ATTEMPTS):
                asked_at = self._monotonic()
                now = self._options.server_time()
                held = self._read()
                if held is not None:
                    if held.until > now:
                        raise LockError(held_message(held))
                    self._options.delete_option_if(self._name, identity_of(held))
                record = claim(wish, now)
                failure = self._insert(record)
                if self._read() == record:
                    return HeldLease(
                        self, record, wish.duration, asked_at=asked_at, monotonic=self._monotonic
                    )
        if failure is not None:
            raise LockError(f"the lock cannot be taken: {failure}") from failure
        raise LockError("the lock changes hands too quickly; try again")

    def renew(self, record: LockRecord, duration: timedelta, *, plan: str) -> LockRecord:
        """Prolong a claim, and return it as it stands now; raise LostLockError when it was lost or has run out."""
        with reachable():
            until = self._options.server_time() + duration
            longer = replace(record, until=until, plan=plan)
            failure = None
            try:
                self._options.update_memo_if(self._name, identity_of(record), state_of(longer))
            except ProviderError as error:
                if not error.may_have_happened:
                    raise
                failure = error
            held = self._read()
            if held == longer:
                require_in_time(record, self._options.server_time())
                return longer
            if held == record:
                raise failure or LockError(
                    "the lock could not be prolonged: Campaign kept it as it was"
                )
            raise LostLockError(lost_message(held))

    def release(self, record: LockRecord) -> None:
        """Let go, if the option still has this very claim."""
        with reachable():
            self._options.delete_option_if(self._name, identity_of(record))

    def held(self) -> LockRecord | None:
        """Return who holds the lock, also when their time is up; None when nobody does."""
        with reachable():
            return self._read()

    def break_(self, token: str) -> LockRecord | None:
        """Take the lock away from whoever holds it with this token, and return their claim; None: nobody did."""
        with reachable():
            held = self._read()
            if held is None:
                return None
            require_token(held, token)
            self._options.delete_option_if(self._name, identity_of(held))
            after = self._read()
        if after is not None and after.token == token:
            raise LockError("the lock could not be removed: Campaign still has it")
        return held

    def _insert(self, record: LockRecord) -> ProviderError | None:
        """Insert the claim. A rival's is no failure; one whose end is unknown is returned: reading back tells."""
        try:
            self._options.insert_option(self._name, identity_of(record), state_of(record))
        except ConflictError:
            return None
        except ProviderError as error:
            if not error.may_have_happened:
                raise
            return error
        return None

    def _read(self) -> LockRecord | None:
        found = self._options.read_options(self._name, memo=True).get(self._name)
        return parse_lock_record(*found) if found is not None else None
