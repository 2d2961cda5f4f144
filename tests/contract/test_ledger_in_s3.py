"""What only a bucket can do to a ledger: lost answers, rivals between two calls, and services that keep to nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from audctl.errors import LedgerError, LockError, LostLockError, NotFoundError, ProviderError
from audctl.ledger.s3_bucket import Bucket
from audctl.ledger.s3_store import S3Store
from audctl.model.address import Address
from audctl.model.ledger import Ledger, LedgerEntry
from audctl.redact import Secret
from tests.contract.ledger_places import S3Place, bucket_settings
from tests.s3_server import S3Server, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audctl.ledger.s3_bucket import BucketSettings
    from audctl.ports import Lease

TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture(scope="module")
def running() -> Iterator[S3Server]:
    with serve() as server:
        yield server


@pytest.fixture
def place(running: S3Server, tmp_path: Path) -> S3Place:
    running.mend()
    return S3Place(running, f"{tmp_path.name}/")


@pytest.fixture
def settings(place: S3Place) -> BucketSettings:
    return bucket_settings(place.server.url, place.prefix)


def take(place: S3Place, holder: str = "me") -> Lease:
    return place.open().lock(holder=holder, reason="", duration=TEN_MINUTES)


def grown(ledger: Ledger, name: str) -> Ledger:
    address = Address("List", name, "campaign.list")
    entry = LedgerEntry(address=address, type="campaign.list", live_id=name, fields={})
    return ledger.with_changes(recorded=[entry])


def test_a_lost_answer_to_a_save_is_read_back(place: S3Place) -> None:
    store, lease = place.open(), take(place)
    ledger = grown(store.load(), "a")
    for _ in range(2):
        place.server.forgets = "/ledger"
        store.save(ledger, lease)
        assert place.open().load() == ledger
        ledger = grown(ledger, "b")


def test_a_lost_answer_to_taking_and_to_prolonging_the_lock_is_read_back(place: S3Place) -> None:
    place.server.forgets = "/lock"
    lease = take(place)
    place.server.ahead += timedelta(minutes=4)
    place.server.forgets = "/lock"
    lease.renew()
    held = place.open().held()
    assert held is not None
    assert held.until - held.since >= timedelta(minutes=13, seconds=59)
    place.server.forgets = "/lock"
    lease.release()
    assert place.open().held() is None


def test_a_breaker_that_judged_the_old_end_does_not_break_a_prolonged_claim(place: S3Place) -> None:
    lease = take(place)
    place.server.ahead += timedelta(minutes=9, seconds=50)

    def prolong_then_let_the_old_end_pass() -> None:
        lease.renew()
        place.server.ahead += timedelta(seconds=20)

    place.server.before["PUT /clock"] = prolong_then_let_the_old_end_pass
    with pytest.raises(LockError, match="held by me"):
        take(place, "other")
    lease.renew()


def test_a_holder_that_prolongs_too_late_has_lost_the_lock(place: S3Place) -> None:
    lease = take(place)

    def stall() -> None:
        place.server.ahead += TEN_MINUTES

    place.server.before["PUT /lock"] = stall
    with pytest.raises(LostLockError, match="not prolonged in time"):
        lease.renew()


def test_a_rival_that_saves_between_look_and_put_is_not_overwritten(place: S3Place) -> None:
    store, lease = place.open(), take(place)
    base = grown(store.load(), "base")
    store.save(base, lease)
    theirs = grown(base, "theirs")
    place.server.before["PUT /ledger"] = lambda: place.open().save(theirs, lease)
    with pytest.raises(LedgerError, match="changed while it was being saved"):
        store.save(grown(base, "mine"), lease)
    assert place.open().load() == theirs


def test_a_service_that_ignores_conditions_is_found_out(place: S3Place) -> None:
    place.server.careless = True
    with pytest.raises(LedgerError, match="does not keep to conditional puts"):
        place.open().try_out()
    assert not [key for key in place.bucket().keys() if "trial" in key]  # noqa: SIM118 - no mapping


def test_a_bucket_that_is_not_there_is_no_empty_ledger(settings: BucketSettings) -> None:
    store = S3Store(Bucket(replace(settings, bucket="elsewhere")), project="acme", environment="p")
    with pytest.raises(NotFoundError, match="NoSuchBucket"):
        store.load()
    with pytest.raises(NotFoundError, match="NoSuchBucket"):
        store.lock(holder="me", reason="", duration=TEN_MINUTES)


def test_a_lock_store_that_does_not_answer_is_a_lock_error(settings: BucketSettings) -> None:
    gone = Bucket(replace(settings, endpoint="http://127.0.0.1:9"))
    with pytest.raises(LockError, match="nobody can tell who holds the lock"):
        S3Store(gone, project="acme", environment="p").held()


@pytest.mark.parametrize(
    "content",
    [b"", b"do not touch", b"[]", b"{}", b"{" * 100_000, b'{"free": "true"}', b"\xff\xfe"],
)
def test_a_lock_that_audctl_did_not_write_is_never_broken(place: S3Place, content: bytes) -> None:
    place.bucket().write("acme/prod/lock", content)
    for touch in (place.open().held, lambda: take(place), lambda: place.open().unlock("0" * 32)):
        with pytest.raises(LockError, match="the lock is held, by something"):
            touch()
    stored = place.bucket().get("acme/prod/lock")
    assert stored is not None
    assert stored.data == content


def test_nothing_comes_from_the_environment_and_no_secret_is_told(
    place: S3Place, settings: BucketSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"):
        monkeypatch.setenv(f"AWS_{name}", f"leaked-{name}")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    monkeypatch.setenv("AWS_CONDITIONAL_PUT", "disabled")
    with_token = replace(settings, session_token=Secret("own-token"))
    for each in (settings, with_token):
        place.server.headers.clear()
        S3Store(Bucket(each), project="acme", environment="prod").try_out()
        told = place.server.headers[0]
        assert "Credential=AKIA-TEST/" in told["HTTP_AUTHORIZATION"]
        assert told.get("HTTP_X_AMZ_SECURITY_TOKEN") == (
            "own-token" if each is with_token else None
        )
        assert "leaked" not in str(place.server.headers)
    with pytest.raises(ProviderError) as caught:
        Bucket(replace(settings, bucket="elsewhere")).get("x")
    assert "Debug source" not in str(caught.value)
    assert len(str(caught.value)) < 500
    assert "never-to-be-seen" not in f"{settings!r}{caught.value!r}"
