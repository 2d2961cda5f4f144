"""Inbound files that others put into the bucket: every documented form of item, and every kind of error counted."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.members_world import BUCKET, IN_PATH, World, open_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = "date=2026-01-05"
UNKNOWN = "0" * 37 + "7"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path / "data", people=60) as opened:
        opened.open_accounts()
        yield opened


def upload(world: World, name: str, lines: list[str] | bytes) -> None:
    content = lines if isinstance(lines, bytes) else "".join(f"{line}\n" for line in lines).encode()
    if name.endswith(".gz") and not isinstance(lines, bytes):
        content = gzip.compress(content)
    folder = world.data / "buckets" / BUCKET / IN_PATH / DAY
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def receipt(world: World, source_id: int) -> dict[str, Any]:
    world.advance("54h")  # looked for every six hours, taken in 48 hours later
    rows = world.account.get(
        f"/datasources/{source_id}/history/inbound", startDate=0, endDate=2_000_000_000_000
    )
    found: dict[str, Any] = rows[-1]
    return found


def cross_device(world: World) -> int:
    source = world.account.data_source(
        name="crm",
        integrationCode="crm",
        idType="CROSS_DEVICE",
        inboundS2S=True,
        samplingEnabled=True,
    )
    return int(source["dataSourceId"])


def trait(world: World, source_id: int, code: str, rule: str | None = None) -> int:
    made = world.account.trait(
        source_id,
        name=code,
        traitType="ON_BOARDED_TRAIT",
        integrationCode=code,
        traitRule=rule or f'ic == "{code}"',
    )
    return int(made["sid"])


def test_every_form_of_item(world: World) -> None:
    source_id = cross_device(world)
    first, second = trait(world, source_id, "news_reader"), trait(world, source_id, "123")
    gold = trait(world, source_id, "gold", '"plan" == "gold"')
    upload(
        world,
        f"ftp_dpm_{source_id}_1767225600.sync",
        [
            f"C-1\td_sid={first},d_sid={second}",
            "C-2\tic=news_reader,123",
            'C-3\t"plan"="Gold","region"=eu',
            f"C-4\td_sid={first}, d_sid = {gold}",
        ],
    )
    counts = receipt(world, source_id)
    assert world.holders(first) == {"C-1", "C-2", "C-4"}
    assert world.holders(second) == {"C-1", "C-2"}
    assert world.holders(gold) == {"C-3", "C-4"}
    assert counts["success"] is True
    assert (counts["receivedRecords"], counts["storedRecords"]) == (4, 4)
    assert (counts["totalRealizedTraits"], counts["totalUnusedSignals"]) == (7, 1)
    # A second file takes away, and an overwriting one replaces.
    upload(
        world, f"ftp_dpm_{source_id}_1767225601.sync", [f"C-1\td_unsid={first}", f"C-2\t{first}:0"]
    )
    assert receipt(world, source_id)["totalRemovedTraits"] == 2
    assert world.holders(first) == {"C-4"}
    upload(
        world, f"ftp_dpm_{source_id}_1767225602.overwrite.gz", [f"C-1\td_sid={gold}", "C-2\t123"]
    )
    receipt(world, source_id)
    assert world.holders(first) == {"C-4"}
    assert world.holders(second) == {"C-2"}
    assert world.holders(gold) == {"C-1", "C-3", "C-4"}


def test_kinds_of_error(world: World) -> None:
    source_id = cross_device(world)
    sid = trait(world, source_id, "t")
    other = world.account.trait(source_id, name="rule-based", traitRule='c_a == "b"')["sid"]
    upload(
        world,
        f"ftp_dpm_{source_id}_1767225600.sync",
        [
            f"C-1\td_sid={sid}",
            "no tab at all",
            f"C-2\td_sid={sid}\td_sid={sid}",
            f"a:b\td_sid={sid}",
            f"\td_sid={sid}",
            "C-3\t" + "x" * 102_400,
            f"C-4\td_sid={other}",
            "C-5\tic=nothing",
        ],
    )
    counts = receipt(world, source_id)
    assert counts["receivedRecords"] == 8
    assert counts["formatErrors"] == 5
    assert counts["noTraitRealized"] == 2
    assert counts["storedRecords"] == 1
    assert counts["totalTraitsFailedValidation"] == counts["totalUsersFailedValidation"] == 1
    assert world.holders(sid) == {"C-1"}
    ((samples,),) = world.rows("SELECT samples FROM aam_inbound_history")
    assert "no tab at all" in samples


def test_visitor_ids_are_checked(world: World) -> None:
    source = world.account.data_source(
        name="v", integrationCode="v", useAudienceManagerVisitorID=True
    )
    source_id = source["dataSourceId"]
    sid = trait(world, source_id, "t")
    known = min(world.column("SELECT value FROM aam_identity WHERE data_source_id = 0"))
    lines = [f"{value}\td_sid={sid}" for value in (known, UNKNOWN, "123", "C-1")]
    upload(world, f"ftp_dpm_{source_id}_1767225600.sync", lines)
    counts = receipt(world, source_id)
    assert (counts["invalidAamIds"], counts["noMatchingAamIds"]) == (2, 1)
    assert world.holders(sid) == {known}


def test_device_advertising_ids_have_their_formats(world: World) -> None:
    source_id = cross_device(world)
    sid = trait(world, source_id, "t")
    upper = "AB12CD34-0000-4000-8000-00000000AB12"
    device = min(world.column("SELECT value FROM aam_identity WHERE data_source_id = 0"))
    upload(world, "adobe_id_0_20915_1767225600.sync", [f"{device}\t{upper}"])
    world.advance("54h")
    lines = [f"{value}\td_sid={sid}" for value in (upper, upper.lower(), "x")]
    upload(world, f"ftp_dpm_20915_{source_id}_1767225700.sync", lines)
    counts = receipt(world, source_id)
    assert counts["invalidDeviceIds"] == 2
    assert world.holders(sid) == {upper}


def test_more_lines_for_one_user_than_allowed_are_dropped(world: World) -> None:
    source_id = cross_device(world)
    sids = [trait(world, source_id, f"t{number}") for number in range(3)]
    lines = [f"C-1\td_sid={sids[0]}"] * 200 + [f"C-1\td_sid={sids[1]}", f"C-2\td_sid={sids[2]}"]
    upload(world, f"ftp_dpm_{source_id}_1767225600.sync", lines)
    counts = receipt(world, source_id)
    assert (counts["receivedRecords"], counts["processedRecords"]) == (202, 201)
    assert [world.holders(sid) for sid in sids] == [{"C-1"}, set(), {"C-2"}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ftp_dpm_{}_1767225600.sync.gz", b"not gzip at all"),
        ("ftp_dpm_{}_1767225600.sync.gz", gzip.compress(b"C-1\td_sid=1\n" * 999, mtime=0)[:-9]),
        ("ftp_dpm_99999999_{}_1767225600.sync", b"C-1\td_sid=1\n"),
    ],
    ids=["no gzip", "cut short", "unknown data source"],
)
def test_a_file_that_is_not_what_it_says_fails_as_a_whole(
    world: World, name: str, content: bytes
) -> None:
    source_id = cross_device(world)
    upload(world, name.format(source_id), content)
    counts = receipt(world, source_id)
    assert counts["success"] is False
    assert counts["storedRecords"] == 0


def test_a_file_of_no_documented_name_is_refused(world: World) -> None:
    upload(
        world, "ftp_dpm_5001_123.sync", ["C-1\td_sid=1"]
    )  # nine digits and less are no timestamp
    world.advance("54h")
    assert world.rows("SELECT data_file_name, success FROM aam_inbound_history") == [
        ("ftp_dpm_5001_123.sync", 0)
    ]


def test_id_files(world: World) -> None:
    source_id = cross_device(world)
    device = min(world.column("SELECT value FROM aam_identity WHERE data_source_id = 0"))
    lines = [
        f"{device}\tC-1",
        f"{UNKNOWN}\tC-2",
        "12\tC-3",
        f"{device}\tC-4\tC-5",
        f"{device}\tC-6 ",
    ]
    upload(world, f"adobe_id_0_{source_id}_1767225600.sync", lines)
    counts = receipt(world, source_id)
    assert (counts["invalidAamIds"], counts["noMatchingAamIds"], counts["formatErrors"]) == (
        1,
        1,
        2,
    )
    emails = world.account.data_source(name="e", integrationCode="e", idType="CROSS_DEVICE")[
        "dataSourceId"
    ]
    digest = "b5fc85e55755f9e0d030a10ab4429b6b2944855f9a0d60077fe832becbc41d72"
    upload(
        world,
        f"c2c_id_{source_id}_{emails}_1767225601.sync",
        [f"C-1\t{digest}", "C-1\tplain@x.example"],
    )
    assert receipt(world, emails)["formatErrors"] == 1
    links = world.column(
        "SELECT i.value FROM aam_identity_link JOIN aam_identity AS i ON i.id = declared_id"
        " JOIN aam_identity AS d ON d.id = device_id WHERE d.value = ? AND i.data_source_id IN (?, ?)",
        device,
        source_id,
        emails,
    )
    assert links == {"C-1", digest}


def test_files_are_deleted_after_thirty_days_and_never_taken_in_twice(world: World) -> None:
    source_id = cross_device(world)
    sid = trait(world, source_id, "t")
    upload(world, f"ftp_dpm_{source_id}_1767225600.sync", [f"C-1\td_sid={sid}"])
    world.advance("54h")
    world.advance("54h")
    assert len(world.rows("SELECT * FROM aam_inbound_history")) == 1
    world.advance("20d")
    assert len(world.files(IN_PATH)) == 1
    world.advance("10d")
    assert world.files(IN_PATH) == []
    assert len(world.rows("SELECT * FROM aam_inbound_history")) == 1
