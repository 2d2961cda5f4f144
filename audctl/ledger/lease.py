"""A held lock: prolonged while somebody works, and a fence in front of each write.

Two clocks, and neither is trusted with the other's question. Whether a claim may be broken is judged by the clock of
whoever keeps it; whether its holder may still write is judged by the holder's own, which counts from *before* the
claim was asked for. So the holder's time is up first, whatever the two clocks show and however long answers take.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from audctl.errors import LockError, LostLockError, ProviderError
from audctl.ledger.lock_record import plain_digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from audctl.model.lock import LockRecord

UNUSED = 5
"""The last fifth of a lease is left unused: a write that begins at its very end would land after it."""


class LockPlace(Protocol):
    """Where the claim is kept."""

    def renew(self, record: LockRecord, duration: timedelta, *, plan: str) -> LockRecord:
        """Prolong a claim, and return it as it stands now; raise LostLockError when it was lost or has run out."""
        ...

    def release(self, record: LockRecord) -> None:
        """Let go, if this very claim is still the one that is held."""
        ...


class HeldLease:
    """A claim that was taken. Any thread may ask for any of it."""

    def __init__(
        self,
        place: LockPlace,
        record: LockRecord,
        duration: timedelta,
        *,
        asked_at: float,
        monotonic: Callable[[], float],
    ) -> None:
        """``asked_at`` is the monotonic time before whoever keeps the lock looked at its clock."""
        self.token = record.token
        self._place = place
        self._record = record
        self._duration = duration
        self._monotonic = monotonic
        self._fresh_until = self._ends(asked_at)
        self._plan = record.plan
        self._lost: LostLockError | None = None
        self._asking = threading.RLock()

    def renew(self) -> None:
        """Prolong it; raise LockError when it was lost, or when nobody answered and its time is nearly up.

        A failed attempt is forgiven as long as the lease is fresh: the next one may succeed.
        """
        with self._asking:
            try:
                self._prolong()
            except LostLockError:
                raise
            except (LockError, ProviderError):
                if not self._is_fresh():
                    raise

    def ensure(self) -> None:
        """Return while the lock is certainly held; where that is not certain, ask; raise LockError when it was lost.

        To be called before each write. It costs nothing as long as somebody renews the lease in time.
        """
        if self._is_fresh():
            return
        with self._asking:
            if self._is_fresh():
                return
            try:
                self._prolong()
            except ProviderError as error:
                # Not one of the write that is about to begin: that one has not been sent.
                raise LockError(f"the lock could not be prolonged: {error}") from error
            if not self._is_fresh():
                raise LockError("prolonging the lock took longer than the lock lasts")

    def name_plan(self, digest: str) -> None:
        """Let those who find the lock held see which plan is worked on."""
        with self._asking:
            if plain_digest(digest) != self._plan:
                self._plan = plain_digest(digest)
                self.renew()

    def release(self) -> None:
        """Let go, if it is still one's own."""
        with self._asking:
            self._place.release(self._record)

    def _is_fresh(self) -> bool:
        return self._lost is None and self._monotonic() < self._fresh_until

    def _prolong(self) -> None:
        if self._lost is not None:
            raise self._lost
        asked_at = self._monotonic()
        try:
            self._record = self._place.renew(self._record, self._duration, plan=self._plan)
        except LostLockError as error:
            # Once lost, always lost: a claim that somebody puts back by hand is not believed.
            self._lost = error
            raise
        self._fresh_until = self._ends(asked_at)

    def _ends(self, asked_at: float) -> float:
        return asked_at + self._duration.total_seconds() * (UNUSED - 1) / UNUSED
