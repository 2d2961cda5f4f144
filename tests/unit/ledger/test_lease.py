"""The fence: a holder's own clock, and what each answer of whoever keeps the lock means for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audctl.errors import LockError, LostLockError, PermissionDeniedError
from audctl.ledger.lease import HeldLease
from audctl.ledger.lock_record import Wish, claim

if TYPE_CHECKING:
    from audctl.model.lock import LockRecord

TEN_MINUTES = timedelta(minutes=10)
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
RECORD = claim(Wish("me", "", TEN_MINUTES), NOW)


@dataclass
class Place:
    """Whoever keeps the lock, on the same true time as the holder; each answer takes a while."""

    seconds: float = 0.0
    until: float = 600.0
    takes: float = 0.0
    late: float = 0.0
    """Which part of that time has passed when the clock is looked at."""
    fails: Exception | None = None
    asked: int = 0
    plans: list[str] = field(default_factory=list)

    def renew(self, record: LockRecord, duration: timedelta, *, plan: str) -> LockRecord:
        self.asked += 1
        self.plans.append(plan)
        judged_at = self.seconds + self.takes * self.late
        self.seconds += self.takes
        if self.fails is not None:
            raise self.fails
        if self.seconds >= self.until:
            raise LostLockError("its time was up")
        self.until = judged_at + duration.total_seconds()
        return replace(record, plan=plan)

    def release(self, record: LockRecord) -> None:
        raise AssertionError(record)

    def lease(self) -> HeldLease:
        return HeldLease(self, RECORD, TEN_MINUTES, asked_at=0.0, monotonic=lambda: self.seconds)


def test_a_fresh_lease_costs_no_question_and_one_near_its_end_costs_one() -> None:
    place = Place()
    lease = place.lease()
    place.seconds = 479.9
    lease.ensure()
    assert place.asked == 0
    place.seconds = 480
    lease.ensure()
    lease.ensure()
    assert place.asked == 1


def test_a_holder_that_slept_through_its_lease_does_not_write() -> None:
    place = Place()
    lease = place.lease()
    place.seconds = 601
    for _ in range(2):
        with pytest.raises(LostLockError, match="time was up"):
            lease.ensure()
    assert place.asked == 1


def test_a_failed_renewal_is_forgiven_while_the_lease_is_fresh() -> None:
    place = Place(fails=LockError("nobody answers"))
    lease = place.lease()
    place.seconds = 470
    lease.renew()
    place.seconds = 481
    with pytest.raises(LockError, match="nobody answers"):
        lease.renew()
    with pytest.raises(LockError, match="nobody answers"):
        lease.ensure()
    place.fails = None
    lease.ensure()


def test_a_renewal_that_is_refused_is_no_failure_of_the_write_behind_the_fence() -> None:
    place = Place(fails=PermissionDeniedError("no right", may_have_happened=True))
    lease = place.lease()
    place.seconds = 500
    with pytest.raises(LockError, match="could not be prolonged: no right"):
        lease.ensure()


def test_the_plan_is_told_once_and_kept() -> None:
    place = Place()
    lease = place.lease()
    lease.name_plan("abc")
    lease.name_plan("abc")
    lease.renew()
    assert place.plans == ["abc", "abc"]


LIFE = st.tuples(
    st.floats(0, 700), st.floats(0, 700), st.floats(0, 1), st.booleans(), st.booleans()
)


@given(st.lists(LIFE, max_size=12))
@example([(0, 500, 1, False, False), (0, 590, 0, False, True)])
def test_nothing_passes_the_fence_once_the_claim_may_be_broken(
    life: list[tuple[float, float, float, bool, bool]],
) -> None:
    """However time passes and answers tarry: who passes has the claim, and a fifth of its time ahead."""
    place = Place()
    lease = place.lease()
    for pause, takes, late, fails, writes in life:
        place.seconds += pause
        place.takes, place.late = takes, late
        place.fails = LockError("nobody answers") if fails else None
        try:
            lease.ensure() if writes else lease.renew()
        except LockError:
            continue
        assert not writes or place.seconds <= place.until - 120
