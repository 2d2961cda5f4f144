from __future__ import annotations

import threading

import pytest

from audctl.errors import LockError
from audctl.operations.hold import kept_alive


class CountingLease:
    """Renews until it is told that the lock was lost."""

    token = "t"

    def __init__(self, *, lost: bool = False) -> None:
        self.lost = lost
        self.renewed = threading.Event()

    def renew(self) -> None:
        self.renewed.set()
        if self.lost:
            raise LockError("somebody else holds the lock")

    def ensure(self) -> None:
        raise AssertionError("not asked for")

    def name_plan(self, digest: str) -> None:
        raise AssertionError(digest)

    def release(self) -> None:
        raise AssertionError("not asked for")


def test_the_lease_is_renewed_while_the_block_takes_its_time() -> None:
    lease = CountingLease()
    with kept_alive(lease, every_s=0.001):
        assert lease.renewed.wait(10)
    lease.renewed.clear()
    assert not any(thread.name == "lease" for thread in threading.enumerate())


def test_a_lease_that_was_lost_shows_at_the_end_of_the_block() -> None:
    lease = CountingLease(lost=True)
    with pytest.raises(LockError, match="somebody else"), kept_alive(lease, every_s=0.001):
        assert lease.renewed.wait(10)


def test_a_block_that_fails_says_so_itself() -> None:
    lease = CountingLease(lost=True)

    def fail() -> None:
        assert lease.renewed.wait(10)
        raise ValueError("own")

    with pytest.raises(ValueError, match="own"), kept_alive(lease, every_s=0.001):
        fail()
