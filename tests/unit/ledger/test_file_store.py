from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audctl.errors import LedgerError, LockError
from audctl.ledger.file_store import FileStore
from audctl.model.address import Address
from audctl.model.ledger import Ledger, LedgerEntry

TEN_MINUTES = timedelta(minutes=10)


class StillClock:
    def now(self) -> datetime:
        return datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


def store_at(path: Path) -> FileStore:
    return FileStore(path, project="acme", clock=StillClock())


def grown(ledger: Ledger) -> Ledger:
    address = Address("List", "a", "campaign.list")
    return ledger.with_changes(
        recorded=[LedgerEntry(address=address, type="campaign.list", live_id="1", fields={})]
    )


def test_ledger_and_lock_are_for_their_owner_only(tmp_path: Path) -> None:
    store = store_at(tmp_path / "new" / "acme.ledger")
    store.save(grown(store.load()), store.lock(holder="me", reason="", duration=TEN_MINUTES))
    files = sorted((tmp_path / "new").iterdir())
    assert [file.name for file in files] == ["acme.ledger", "acme.ledger.lock"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_what_a_crash_left_half_written_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "acme.ledger"
    (tmp_path / ".acme.ledger.new").write_bytes(b"audctl-ledger format=2 ser")
    store = store_at(path)
    assert store.load().serial == 0
    ledger = grown(store.load())
    store.save(ledger, store.lock(holder="me", reason="", duration=TEN_MINUTES))
    assert store_at(path).load() == ledger
    assert not (tmp_path / ".acme.ledger.new").exists()


def test_a_ledger_that_cannot_be_read_is_no_empty_ledger(tmp_path: Path) -> None:
    (tmp_path / "acme.ledger").mkdir()
    with pytest.raises(LedgerError, match="cannot be read"):
        store_at(tmp_path / "acme.ledger").load()


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "acme.ledger"
    path.write_text('{"version": 4, "serial": 3}')
    with pytest.raises(LedgerError, match="not a ledger"):
        store_at(path).load()


def test_a_lock_file_that_cannot_be_made_is_a_lock_error(tmp_path: Path) -> None:
    (tmp_path / "acme.ledger.lock").mkdir()
    with pytest.raises(LockError, match="cannot be opened"):
        store_at(tmp_path / "acme.ledger").lock(holder="me", reason="", duration=TEN_MINUTES)


def test_what_is_behind_the_first_line_of_a_lock_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "acme.ledger"
    lease = store_at(path).lock(holder="me", reason="", duration=TEN_MINUTES)
    lock = tmp_path / "acme.ledger.lock"
    lock.write_bytes(lock.read_bytes() + b"the tail of a longer line")
    lease.renew()
    with pytest.raises(LockError, match="held by me"):
        store_at(path).lock(holder="other", reason="", duration=TEN_MINUTES)
