"""Synthetic people: the same for the same number, believable in their variety, there before the first call."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from audctl.sandbox.seed import seed
from audctl.sandbox.store import Store
from tests.sandbox.members_world import VIP_SEGMENT, open_world

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE_TABLES = {
    "nms_recipient": "id, email, firstName, lastName, account, language, gender, blackList",
    "nms_trackingLogRcp": 'id, sourceId, "recipient-id"',
    "aam_identity": "*",
    "aam_identity_link": "declared_id, device_id",
    "aam_qualification": "trait_id, identity_id, times",
    "sandbox_device_owner": "*",
}


def sown(path: Path, people: int, number: int = 1) -> dict[str, list[tuple[Any, ...]]]:
    store = Store(path)
    try:
        seed(store, "demo", people=people, number=number)
        with store.read() as conn:
            return {
                table: [tuple(row) for row in conn.execute(f"SELECT {columns} FROM {table}")]  # noqa: S608
                for table, columns in PEOPLE_TABLES.items()
            }
    finally:
        store.close()


def test_the_same_number_gives_the_same_people(tmp_path: Path) -> None:
    assert sown(tmp_path / "a", 200) == sown(tmp_path / "b", 200)


def test_another_number_gives_other_people(tmp_path: Path) -> None:
    one, two = sown(tmp_path / "a", 200), sown(tmp_path / "b", 200, number=2)
    for table in PEOPLE_TABLES:
        assert one[table] != two[table], table


def test_people_vary(tmp_path: Path) -> None:
    rows = sown(tmp_path / "a", 1000)
    people = [row for row in rows["nms_recipient"] if row[0] > 5000]
    assert len(people) == len({row[1] for row in people}) == len({row[4] for row in people}) == 1000
    assert len({(row[2], row[3]) for row in people}) > 500
    assert {row[7] for row in people} == {0, 1}
    devices = {row[0]: row[2] for row in rows["aam_identity"] if row[1] == 0}
    assert all(re.fullmatch(r"\d{38}", value) for value in devices.values())
    owned: dict[int, int] = {row[0]: 0 for row in people}
    for device, recipient in rows["sandbox_device_owner"]:
        if recipient in owned:
            owned[recipient] += 1
            assert device in devices
    assert set(owned.values()) == {0, 1, 2, 3}
    assert len(devices) > len(rows["sandbox_device_owner"])  # strangers
    logged = {row[1] for row in rows["nms_trackingLogRcp"]}
    assert logged - set(devices.values())
    assert set(devices.values()) - logged


def test_declared_ids_are_plain_and_hashed(tmp_path: Path) -> None:
    rows = sown(tmp_path / "a", 500)
    accounts = {row[4] for row in rows["nms_recipient"]}
    hashes = {sha256(row[1].encode()).hexdigest() for row in rows["nms_recipient"]}
    plain = {row[2] for row in rows["aam_identity"] if row[1] == 4950}
    hashed = {row[2] for row in rows["aam_identity"] if row[1] == 4951}
    assert set() < plain < accounts
    assert set() < hashed < hashes
    assert (
        sha256(b"johndoe@example.com").hexdigest()
    ) == "55e79200c1635b37ad31a378c39feb12f120f116625093a19bc32fff15041149"
    linked = {row[0] for row in rows["aam_identity_link"]}
    declared = {row[0] for row in rows["aam_identity"] if row[1] != 0}
    assert set() < linked < declared  # some are known without any visitor


def test_histories_have_times_and_counts(tmp_path: Path) -> None:
    store = Store(tmp_path)
    seed(store, "demo", people=500)
    with store.read() as conn:
        rows = conn.execute("SELECT * FROM aam_qualification").fetchall()
    now_s = datetime.now(UTC).timestamp()
    ages = [(now_s - row["at_s"]) / 86_400 for row in rows]
    assert 0 <= min(ages) < 7
    assert 100 < max(ages) < 160
    assert {row["times"] for row in rows} == {1, 2, 3, 4, 5, 6}
    visits: dict[tuple[int, int], int] = {}
    for row in rows:
        key = row["trait_id"], row["identity_id"]
        visits[key] = visits.get(key, 0) + 1
    assert set(visits.values()) == {1, 2, 3}
    store.close()


def test_a_seed_is_sown_once_and_people_may_come_later(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for people in (0, 0, 30, 30, 99):
        seed(store, "demo", people=people)
    with store.read() as conn:
        assert conn.execute("SELECT count(*) FROM nms_recipient").fetchone()[0] == 270
    store.close()


@pytest.mark.parametrize(
    "options", [{"people": -1}, {"people": 10**9}, {"people": 5, "number": -1}]
)
def test_numbers_out_of_bounds_leave_nothing(tmp_path: Path, options: dict[str, int]) -> None:
    store = Store(tmp_path)
    with pytest.raises(ValueError, match="must be from"):
        seed(store, "demo", **options)
    with store.read() as conn:
        assert conn.execute("SELECT count(*) FROM sandbox_seed").fetchone()[0] == 0
    store.close()


def test_populations_are_those_of_the_people(tmp_path: Path) -> None:
    with open_world(tmp_path, people=300) as world:
        segment = world.account.get(f"/segments/{VIP_SEGMENT}", includeMetrics="true")
        ((count,),) = world.rows(
            "SELECT count(*) FROM (SELECT 1 FROM aam_qualification WHERE trait_id = 7000005 GROUP BY identity_id"
            " HAVING max(at_s) >= strftime('%s', 'now') - 120 * 86400)"
        )
        assert segment["instantUniques7Day"] == count > 0


def test_new_rows_do_not_take_the_ids_of_people(tmp_path: Path) -> None:
    with open_world(tmp_path, people=40) as world:
        world.soap.write(
            '<recipient xtkschema="nms:recipient" _operation="insert" email="new@x.example"/>'
        )
        (row,) = world.soap.select("nms:recipient", "@id", where="@email='new@x.example'")
        assert int(row["id"]) > max(
            world.column("SELECT id FROM nms_recipient WHERE email <> 'new@x.example'")
        )
