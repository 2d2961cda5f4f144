from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audctl.errors import LockError
from audctl.ledger.lock_record import (
    Wish,
    claim,
    held_message,
    identity_of,
    parse_lock_record,
    require_token,
    state_of,
)

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)
WORDS = st.text(max_size=200)
TOKEN = "0" * 32


@given(WORDS, WORDS, WORDS, st.text(max_size=300))
def test_any_holder_fits_in_an_option_and_reads_back(
    holder: str, host: str, reason: str, plan: str
) -> None:
    record = claim(Wish(holder, reason, TEN_MINUTES, host, plan), NOW)
    identity = identity_of(record)
    for text in (identity, state_of(record)):
        assert len(text) <= 255
        assert text.isascii()
        assert "'" not in text
    assert parse_lock_record(identity, state_of(record)) == record
    later = replace(record, until=NOW + timedelta(hours=1), plan="b" * 64)
    assert identity_of(later) == identity
    assert parse_lock_record(identity, state_of(later)) == later


def test_a_claim_tells_who_where_why_with_which_plan_and_how_to_break_it() -> None:
    wish = Wish("ci pid 7", "apply 20260301T123000Z-0a1b2c", TEN_MINUTES, "runner-7", "a" * 64)
    record = replace(claim(wish, NOW), token=TOKEN)
    assert held_message(record) == (
        "the lock is held by ci pid 7 on runner-7 (apply 20260301T123000Z-0a1b2c, plan aaaaaaaaaaaa)"
        " since 2026-03-01 12:30:00 UTC and expires at 2026-03-01 12:40:00 UTC unless it is prolonged;"
        f" if nobody is at work there any more: audctl ledger unlock --token {TOKEN}"
    )


def test_two_claims_of_one_holder_differ() -> None:
    one, other = (claim(Wish("me", "", TEN_MINUTES), NOW) for _ in range(2))
    assert one.token != other.token


@pytest.mark.parametrize("token", ["", "1" * 32, TOKEN[:-1], TOKEN.upper() + "x"])
def test_only_the_token_of_the_very_claim_breaks_it(token: str) -> None:
    record = replace(claim(Wish("mia", "", TEN_MINUTES), NOW), token=TOKEN)
    with pytest.raises(LockError, match=f"held by mia since.*--token {TOKEN}"):
        require_token(record, token)
    require_token(record, TOKEN)


@pytest.mark.parametrize(
    ("identity", "state"),
    [
        ("", "2026-03-01T12:00:00+00:00|"),
        ("by hand", "2026-03-01T12:00:00+00:00|"),
        (f"{TOKEN}|yesterday|h|o|r", "2026-03-01T12:00:00+00:00|"),
        (f"{TOKEN}|2026-03-01T12:00:00|h|o|r", "2026-03-01T12:00:00+00:00|"),
        (f"{TOKEN}|2026-03-01T12:00:00+00:00|h|o|r", ""),
        (f"{TOKEN}|2026-03-01T12:00:00+00:00|h|o|r", "2026-03-01T12:00:00|"),
        (f"{TOKEN}|2026-03-01T12:00:00+00:00|h|o|r", "2026-03-01T12:00:00+00:00"),
        ("t|2026-03-01T12:00:00+00:00|h|o|r", "2026-03-01T12:00:00+00:00|"),
    ],
)
def test_a_lock_that_audctl_did_not_write_counts_as_held(identity: str, state: str) -> None:
    with pytest.raises(LockError, match="the lock is held"):
        parse_lock_record(identity, state)
