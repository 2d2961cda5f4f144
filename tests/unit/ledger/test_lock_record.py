from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audctl.errors import LockError
from audctl.ledger.lock_record import LockRecord, parse_lock_record

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_holder_fits_in_an_option_and_reads_back(holder: str, reason: str) -> None:
    record = LockRecord.claim(holder, reason, NOW, timedelta(minutes=10))
    identity = record.identity()
    assert len(identity) <= 255
    assert identity.isascii()
    assert "'" not in identity
    assert parse_lock_record(identity, record.until.isoformat()) == record
    later = record.prolonged(NOW + timedelta(hours=1))
    assert later.identity() == identity


def test_a_claim_tells_who_why_since_and_until() -> None:
    record = LockRecord.claim("ci@runner-7", "apply acme/prod", NOW, timedelta(minutes=10))
    assert record.held_message() == (
        "the lock is held by ci@runner-7 (apply acme/prod) since 2026-03-01 12:30:00 UTC"
        " and expires at 2026-03-01 12:40:00 UTC unless it is prolonged"
    )


def test_two_claims_of_one_holder_differ() -> None:
    one, other = (LockRecord.claim("me", "", NOW, timedelta(1)) for _ in range(2))
    assert one.token != other.token


@pytest.mark.parametrize(
    ("identity", "until"),
    [
        ("", "2026-03-01T12:00:00+00:00"),
        ("by hand", "2026-03-01T12:00:00+00:00"),
        ("t|yesterday|h|r", "2026-03-01T12:00:00+00:00"),
        ("t|2026-03-01T12:00:00|h|r", "2026-03-01T12:00:00+00:00"),
        ("t|2026-03-01T12:00:00+00:00|h|r", ""),
        ("t|2026-03-01T12:00:00+00:00|h|r", "2026-03-01T12:00:00"),
    ],
)
def test_a_lock_that_audctl_did_not_write_counts_as_held(identity: str, until: str) -> None:
    with pytest.raises(LockError, match="the lock is held"):
        parse_lock_record(identity, until)
