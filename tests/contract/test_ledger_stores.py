"""What every ledger store promises: a file, Campaign's options over SOAP, and a bucket over the S3 protocol."""

from __future__ import annotations

import hashlib
import json
import threading
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from audctl.errors import AudctlError, LedgerError, LockError
from audctl.ledger.codec import encode
from audctl.model.address import Address
from audctl.model.ledger import Intent, Ledger, LedgerEntry
from audctl.redact import Secret
from tests.contract.ledger_places import CampaignPlace, FilePlace, S3Place
from tests.s3_server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audctl.model.value import Plain
    from audctl.ports import Lease, LedgerStore
    from tests.contract.bench import Bench
    from tests.contract.ledger_places import Place
    from tests.s3_server import S3Server

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with serve() as server:
        yield server


@pytest.fixture(params=["file", "campaign", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "file":
        yield FilePlace(tmp_path / "state" / "acme.ledger")
        return
    if request.param == "s3":
        server: S3Server = request.getfixturevalue("s3")
        server.mend()
        yield S3Place(server, f"{tmp_path.name}/")
        return
    bench: Bench = request.getfixturevalue("bench")
    place = CampaignPlace(bench, bench.unique("ledger"))
    yield place
    place.clear()


def take(store: LedgerStore, holder: str = "me") -> Lease:
    return store.lock(holder=holder, reason="contract test", duration=TEN_MINUTES)


def entry(name: str) -> LedgerEntry:
    address = Address("Audience", name, "aam.segment")
    return LedgerEntry(
        address=address,
        type="aam.segment",
        live_id="4711",
        fields={"label": f"Café <{name}> & “more”\n\ttwo lines", "none": None, "set": ("a", "b")},
        secrets={"key": Secret("hunter2").fingerprint("salt")},
        requires=(Address("DataSource", "web", "aam.dataSource"),),
        protect=True,
        deletion_policy="Pause",
        created=False,
        label=name,
        applied_at=NOW,
        removed_at=NOW,
        grace_days=14,
        previous_names=("before",),
    )


def intent(name: str) -> Intent:
    address = Address("List", name, "campaign.list")
    return Intent(address=address, type="campaign.list", key=(name,), run="r1", begun_at=NOW)


def test_an_empty_place_gives_an_empty_ledger_with_a_salt_of_its_own(place: Place) -> None:
    one, other = place.open().load(), place.open().load()
    assert (one.project, one.serial, len(one.entries), len(one.intents)) == ("acme", 0, 0, 0)
    assert len(one.salt) == 32
    assert one.salt != other.salt


def test_what_is_saved_is_loaded_equal_by_another_process(place: Place) -> None:
    store = place.open()
    lease = take(store)
    ledger = store.load().with_changes(recorded=[entry("a"), entry("b")], intended=[intent("l")])
    store.save(ledger, lease)
    assert place.open().load() == ledger
    after = ledger.with_changes(
        forgotten=[entry("a").address], settled=[intent("l").address], recorded=[entry("c")]
    )
    store.save(after, lease)
    assert place.open().load() == after


@pytest.fixture(scope="module")
def large() -> Ledger:
    """Return a ledger that no store holds in one piece; what it holds costs as little as it may."""
    return Ledger(project="acme", salt="5a17").with_changes(
        recorded=(
            LedgerEntry(
                address=Address("Trait", f"trait-{number:06}", "aam.trait"),
                type="aam.trait",
                live_id=str(7_000_000 + number),
                fields={"label": f"Trait {number}"},
            )
            for number in range(40_000)
        )
    )


def test_tens_of_thousands_of_entries_are_kept(place: Place, large: Ledger) -> None:
    store = place.open()
    store.save(large, take(store))
    assert place.open().load() == large


def test_a_save_that_fails_half_way_leaves_the_ledger_before_it(place: Place) -> None:
    store = place.open()
    lease = take(store)
    ledger = store.load().with_changes(recorded=[entry("a")])
    store.save(ledger, lease)
    place.hinder_writes()
    with pytest.raises(AudctlError):
        store.save(ledger.with_changes(recorded=[entry("b")]), lease)
    assert place.open().load() == ledger


def test_a_torn_ledger_is_an_error_and_never_an_empty_one(place: Place) -> None:
    ledger = place.open().load().with_changes(recorded=[entry("a")])
    place.plant(encode(ledger)[:-20])
    with pytest.raises(LedgerError, match="torn"):
        place.open().load()


def test_a_newer_format_is_refused_by_name(place: Place) -> None:
    ledger = place.open().load().with_changes(recorded=[entry("a")])
    place.plant(encode(ledger).replace(b"format=3", b"format=4", 1))
    with pytest.raises(LedgerError, match="format 4, newer than the 3"):
        place.open().load()


def test_an_older_format_is_read_and_saved_in_the_current_one(place: Place) -> None:
    address = ["List", "l", "campaign.list"]
    old = {"address": address, "type": "campaign.list", "id": "7", "fields": {"label": "L"},
           "secrets": {}, "protect": True, "deletionPolicy": "Delete"}  # fmt: skip
    document = {"project": "acme", "serial": 4, "salt": "5a17", "entries": [old], "intents": []}
    body = zlib.compress(json.dumps(document).encode())
    checksum = hashlib.sha256(body).hexdigest()
    head = f"audctl-ledger format=2 serial=4 bytes={len(body)} sha256={checksum}\n"
    place.plant(head.encode() + body)
    store = place.open()
    found = store.load()
    assert (found.serial, found.salt) == (4, "5a17")
    assert found.entries[Address(*address)].protect
    store.save(found.with_changes(recorded=[entry("a")]), take(store))
    assert place.open().load().entries.keys() == {Address(*address), entry("a").address}


def test_another_project_s_ledger_is_refused(place: Place) -> None:
    ledger = place.open().load().with_changes(recorded=[entry("a")])
    place.plant(encode(Ledger(project="other", serial=1, entries=ledger.entries)))
    with pytest.raises(LedgerError, match='project "other"'):
        place.open().load()


def test_what_others_own_is_seen_by_their_names_and_never_one_s_own(place: Place) -> None:
    store, other = place.open(), place.other("ot.her")
    store.save(store.load().with_changes(recorded=[entry("a")]), take(store))
    theirs = replace(entry("b"), live_id="4712")
    lease = take(other)
    first = other.load().with_changes(recorded=[theirs, entry("x")])
    other.save(first, lease)
    other.save(first.with_changes(forgotten=[entry("x").address]), lease)
    found = store.owners()
    assert 'project "ot.her"' in found["aam.segment", "4712"]
    assert ("aam.segment", "4711") not in found
    assert 'project "acme"' in other.owners()["aam.segment", "4711"]


def test_another_ledger_that_cannot_be_read_is_an_error_and_never_nobody(place: Place) -> None:
    other = place.other("broken")
    other.save(other.load().with_changes(recorded=[entry("a")]), take(other))
    place.spoil("broken")
    with pytest.raises(LedgerError, match="nobody can tell what it owns"):
        place.open().owners()
    place.mend("broken")
    assert ("aam.segment", "4711") in place.open().owners()


@pytest.mark.parametrize("changes", [0, 2])
def test_a_serial_that_does_not_follow_is_refused(place: Place, changes: int) -> None:
    store = place.open()
    lease = take(store)
    stored = store.load().with_changes(recorded=[entry("a")])
    store.save(stored, lease)
    other = stored
    for number in range(changes):
        other = other.with_changes(recorded=[entry(f"b-{number}")])
    with pytest.raises(LedgerError, match="serial 1, the one to save"):
        store.save(other, lease)
    assert place.open().load() == stored


def test_a_held_lock_names_its_holder_reason_and_times(place: Place) -> None:
    take(place.open(), "ci@runner-7")
    with pytest.raises(LockError) as caught:
        take(place.open())
    for words in ("ci@runner-7", "contract test", "since 20", "expires at 20"):
        assert words in str(caught.value)


def test_who_holds_the_lock_can_be_seen_with_the_plan_that_is_worked_on(place: Place) -> None:
    assert place.open().held() is None
    lease = place.open().lock(
        holder="mia pid 7", host="runner-7", reason="apply r1", duration=TEN_MINUTES
    )
    before = place.open().held()
    assert before is not None
    assert (before.token, before.holder, before.host) == (lease.token, "mia pid 7", "runner-7")
    assert (before.reason, before.plan) == ("apply r1", "")
    assert before.until - before.since == TEN_MINUTES
    place.advance(timedelta(minutes=4))
    lease.name_plan("d" * 64)
    after = place.open().held()
    assert after is not None
    assert (after.since, after.plan) == (before.since, "d" * 64)
    assert after.until - before.until >= timedelta(minutes=3, seconds=59)
    with pytest.raises(LockError, match=r"\(apply r1, plan dddddddddddd\)"):
        take(place.open())
    lease.release()
    assert place.open().held() is None


def test_only_the_right_token_unlocks(place: Place) -> None:
    store = place.open()
    assert store.unlock("0" * 32) is None
    lease = take(place.open(), "gone")
    for wrong in ("", "0" * 32):
        with pytest.raises(LockError, match=f"held by gone.*--token {lease.token}"):
            store.unlock(wrong)
    broken = store.unlock(lease.token)
    assert broken is not None
    assert broken.holder == "gone"
    assert store.held() is None
    second = take(place.open(), "next")
    with pytest.raises(LockError, match="held by next"):
        store.unlock(lease.token)
    with pytest.raises(LockError, match="held by next"):
        lease.renew()
    second.renew()


def test_a_released_lock_is_free_and_releasing_again_harms_nobody(place: Place) -> None:
    lease = take(place.open())
    lease.release()
    second = take(place.open(), "second")
    lease.release()
    with pytest.raises(LockError, match="held by second"):
        take(place.open())
    second.release()


def test_an_expired_lock_is_taken_over_and_its_holder_notices_before_saving(place: Place) -> None:
    store = place.open()
    lease = take(store, "slow")
    ledger = store.load().with_changes(recorded=[entry("a")])
    place.advance(TEN_MINUTES)
    take(place.open(), "next")
    with pytest.raises(LockError, match=r"lost.*held by next"):
        store.save(ledger, lease)
    with pytest.raises(LockError, match="held by next"):
        lease.renew()
    lease.release()
    with pytest.raises(LockError, match="held by next"):
        take(place.open())
    assert place.open().load().serial == 0


def test_a_renewed_lease_lives_longer(place: Place) -> None:
    lease = take(place.open(), "long")
    for _ in range(3):
        place.advance(timedelta(minutes=8))
        lease.renew()
    place.advance(timedelta(minutes=8))
    with pytest.raises(LockError, match="held by long"):
        take(place.open())
    place.advance(timedelta(minutes=3))
    take(place.open(), "next")


def test_a_lease_that_ran_out_cannot_be_renewed(place: Place) -> None:
    lease = take(place.open(), "late")
    place.advance(TEN_MINUTES)
    with pytest.raises(LockError, match="not prolonged in time"):
        lease.renew()


def test_a_lock_that_someone_removed_is_a_lost_one(place: Place) -> None:
    store = place.open()
    lease = take(store)
    place.remove_lock()
    with pytest.raises(LockError, match="someone removed it"):
        lease.renew()
    with pytest.raises(LockError, match="someone removed it"):
        store.save(store.load().with_changes(recorded=[entry("a")]), lease)


@pytest.mark.parametrize("state", ["free", "expired"])
def test_of_many_who_want_the_lock_at_once_one_gets_it(place: Place, state: str) -> None:
    if state == "expired":
        take(place.open(), "gone")
        place.advance(TEN_MINUTES)
    stores = [place.open() for _ in range(4)]
    barrier = threading.Barrier(len(stores))
    won: list[str] = []
    refused: list[str] = []

    def want(number: int) -> None:
        barrier.wait()
        try:
            won.append(take(stores[number], f"holder-{number}").token)
        except LockError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=want, args=(number,)) for number in range(len(stores))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1, refused
    assert len(refused) == 3


def test_a_clear_secret_is_refused_before_anything_is_written(place: Place) -> None:
    store = place.open()
    lease = take(store)
    ledger = store.load().with_changes(recorded=[entry("a")])
    store.save(ledger, lease)
    leaking = replace(entry("b"), fields={"password": cast("Plain", Secret("hunter2"))})
    with pytest.raises(TypeError, match="password: a Secret never stands in a ledger"):
        store.save(ledger.with_changes(recorded=[leaking]), lease)
    assert place.open().load() == ledger


def test_of_many_who_save_at_once_one_does(place: Place) -> None:
    """Whatever became of the lock: a ledger follows the one before it, or is not saved."""
    stores = [place.open() for _ in range(4)]
    lease = take(stores[0])
    base = stores[0].load().with_changes(recorded=[entry("base")])
    stores[0].save(base, lease)
    barrier = threading.Barrier(len(stores))
    saved: list[Ledger] = []
    refused: list[str] = []

    def save(number: int) -> None:
        mine = base.with_changes(recorded=[entry(f"by-{number}")])
        barrier.wait()
        try:
            stores[number].save(mine, lease)
            saved.append(mine)
        except LedgerError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=save, args=(number,)) for number in range(len(stores))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(saved) == 1, refused
    assert len(refused) == 3
    assert place.open().load() == saved[0]


def test_trying_a_place_out_leaves_ledger_and_lock_alone(place: Place) -> None:
    store = place.open()
    lease = take(store)
    ledger = store.load().with_changes(recorded=[entry("a")])
    store.save(ledger, lease)
    assert "removed" in store.try_out()
    assert place.open().load() == ledger
    lease.renew()
    store.save(ledger.with_changes(recorded=[entry("b")]), lease)
