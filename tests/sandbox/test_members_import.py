"""Segment → outbound file → list: what Audience Manager knows reaches the recipients that Campaign can reconcile."""

# ruff: noqa: S608 - statements are glued from literals of this file

from __future__ import annotations

import re
from functools import partial
from hashlib import md5 as hashlib_md5
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from audctl.sandbox.members import MemberChoices
from tests.sandbox.members_world import (
    BUCKET,
    IMPORT,
    OUT_PATH,
    VIP_SEGMENT,
    VIP_TRAIT,
    World,
    open_world,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

md5 = partial(hashlib_md5, usedforsecurity=False)
NAME = re.compile(
    r"^(?P<type>ftp|http|s3|S3)_(?P<did>\d+)_(?P<mdpid>\d+)(?:_(?P<alias>.+?))?_(?P<mode>iter|full)"
    r"_(?P<ts>\d{13}|\d{10})(?P<split>-\d+|\d{3,})?\.(?P<ext>sync|csv)(?P<gz>\.gz)?$"
)
"""As documented, with the default template."""
ALIVE = "SELECT max(start_ms) / 1000 - 120 * 86400 FROM aam_outbound_history"
"""The demo's traits are kept for 120 days, counted back from when the files were written."""
VIP_HOLDERS = (
    f"SELECT identity_id FROM aam_qualification WHERE trait_id = {VIP_TRAIT}"
    f" GROUP BY identity_id HAVING max(at_s) >= ({ALIVE})"
)
VIP_DEVICES = f"SELECT value FROM aam_identity WHERE data_source_id = 0 AND id IN ({VIP_HOLDERS})"
VIP_RECIPIENTS = f'SELECT "recipient-id" FROM nms_trackingLogRcp WHERE sourceId IN ({VIP_DEVICES})'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path / "data") as opened:
        opened.open_accounts()
        yield opened


def share_vips(world: World) -> None:
    world.shared_list("vips", world.map_segment(VIP_SEGMENT, "vip"), world.visitor_source())


def test_a_segment_reaches_a_list_by_visitor_id(world: World) -> None:
    share_vips(world)
    assert world.members("vips") == set()
    events = world.advance("25h")
    expected = world.column(VIP_RECIPIENTS)
    assert len(expected) > 5
    assert world.members("vips") == expected
    # Strangers, and devices Campaign never saw clicking, were sent and dropped.
    sent = {line[0] for line in world.lines(OUT_PATH, ".sync.gz")}
    assert sent == world.column(VIP_DEVICES)
    assert sent - world.column("SELECT sourceId FROM nms_trackingLogRcp")
    assert all(re.fullmatch(r"\d{38}", each) for each in sent)
    # When populations are counted goes by the hour: at some, that comes after everything else.
    done = [event["what"] for event in events if "populations" not in event["what"]]
    assert done[-1] == f"Campaign runs {IMPORT}"
    assert world.workflow(IMPORT)["failed"] == "0"
    assert any("recipients for" in row["message"] for row in world.log(IMPORT))


@pytest.mark.parametrize(
    ("key", "algorithm", "column"),
    [
        ("@account", "none", lambda row: row[1]),
        ("@email", "sha256", lambda row: sha256(row[2].strip().lower().encode()).hexdigest()),
        ("[@email]", "md5", lambda row: md5(row[2].lower().encode()).hexdigest()),
    ],
)
def test_a_segment_reaches_a_list_by_declared_id(
    world: World, key: str, algorithm: str, column: object
) -> None:
    assert callable(column)
    amc_id = world.declared_source("crm", key, algorithm)
    world.shared_list("vips", world.map_segment(VIP_SEGMENT, "vip"), amc_id)
    world.advance("25h")
    sent = {line[0] for line in world.lines(OUT_PATH, ".sync.gz")}
    everybody = world.rows("SELECT id, account, email FROM nms_recipient")
    by_id = {column(row): row[0] for row in everybody}
    assert sent <= by_id.keys()
    assert world.members("vips") == {by_id[each] for each in sent}
    owners = world.column(
        f"SELECT recipient_id FROM sandbox_device_owner WHERE device_id IN ({VIP_HOLDERS})"
    )
    # Who signs in on the site, and nobody else.
    assert {by_id[each] for each in sent} == {
        each for each in owners if each * 48_271 % 2_147_483_647 % 100 < 60
    }
    assert len(sent) > 3


def test_each_synchronisation_replaces_the_list(world: World) -> None:
    share_vips(world)
    world.advance("25h")
    before = world.members("vips")
    (group_id,) = world.column("SELECT id FROM nms_group WHERE name = 'vips'")
    strangers = sorted(world.column("SELECT id FROM nms_recipient") - before)[:3]
    world.add_members(group_id, strangers)
    world.soap.delete("nms:rcpGrpRel", f"[@group-id]={group_id} AND [@recipient-id]={min(before)}")
    assert world.members("vips") != before
    world.command("Wakeup", IMPORT)
    assert world.members("vips") == before


def test_the_first_transfer_is_full_and_later_ones_say_what_changed(world: World) -> None:
    trait = world.account.get(f"/traits/{VIP_TRAIT}")
    world.account.put(f"/traits/{VIP_TRAIT}", trait | {"ttl": 0})  # or days would change something
    amc_id = world.visitor_source()
    often = f"frequency([{VIP_TRAIT}T]) >= 6"
    keen = world.account.segment(world.aam_source(amc_id), often)
    world.shared_list("vips", world.map_segment(VIP_SEGMENT, "vip"), amc_id)
    world.shared_list("keen", world.map_segment(keen["sid"], "keen"), amc_id)
    world.advance("25h")
    first = {file.name for file in world.files(OUT_PATH)}
    assert all(NAME.match(name) or name.endswith(".info") for name in first)
    (info,) = [file for file in world.files(OUT_PATH) if file.suffix == ".info"]
    assert re.fullmatch(r"s3_4200_\d+_full_\d{13}\.info", info.name)
    assert {line[1] for line in world.lines(OUT_PATH, ".gz")} == {"keen,vip", "vip"}
    world.advance("24h")
    assert {file.name for file in world.files(OUT_PATH)} == first  # nothing changed, nothing sent
    vips, keen_ones = world.members("vips"), world.members("keen")
    assert set() < keen_ones < vips
    segment = world.account.get(f"/segments/{VIP_SEGMENT}")
    world.account.put(f"/segments/{VIP_SEGMENT}", segment | {"segmentRule": often})
    world.advance("24h")
    (changes,) = {file.name for file in world.files(OUT_PATH) if file.suffix == ".gz"} - first
    match = NAME.match(changes)
    assert match is not None
    assert match["mode"] == "iter"
    assert world.members("vips") == world.members("keen") == keen_ones
    assert {tuple(line[1:]) for line in world.lines(OUT_PATH, changes)} == {("", "vip")}


def test_many_small_moves_of_the_clock_make_what_one_makes(tmp_path: Path) -> None:
    outcomes = []
    for name, moves in (("one", ["50h"]), ("many", ["1h"] * 20 + ["30m"] * 20 + ["20h"])):
        with open_world(tmp_path / name, people=60) as world:
            world.open_accounts()
            share_vips(world)
            for span in moves:
                world.advance(span)
            logged = [(row["logDate"][:13], row["message"]) for row in world.log(IMPORT)]
            outcomes.append(([file.name for file in world.files(OUT_PATH)], logged))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][1]


def test_full_transfers_every_day_when_the_destination_is_so(tmp_path: Path) -> None:
    choices = MemberChoices(outbound_mode="full", outbound_gzip=False, outbound_timestamp="seconds")
    with open_world(tmp_path / "data", members=choices) as world:
        world.open_accounts()
        share_vips(world)
        world.advance("49h")
        names = [file.name for file in world.files(OUT_PATH) if file.suffix == ".sync"]
        assert len(names) == 2
        assert all(re.fullmatch(r"s3_4200_\d+_full_\d{10}\.sync", name) for name in names)
        assert world.members("vips") == world.column(VIP_RECIPIENTS)


@pytest.mark.parametrize("style", ["digits", "dash"])
def test_all_split_files_are_read_and_none_before_all_are_there(tmp_path: Path, style: str) -> None:
    choices = MemberChoices(outbound_split_lines=4, outbound_split_style=style)  # type: ignore[arg-type]
    with open_world(tmp_path / "data", members=choices) as world:
        world.open_accounts()
        share_vips(world)
        world.command("Stop", IMPORT)
        world.advance("25h")
        files = [file for file in world.files(OUT_PATH) if file.suffix == ".gz"]
        assert len(files) > 3
        match = [NAME.match(file.name) for file in files]
        splits = {found["split"] for found in match if found}
        assert ("-1" in splits) if style == "dash" else {None, "001", "002"} <= splits
        (info,) = [file for file in world.files(OUT_PATH) if file.suffix == ".info"]
        control = world.control(info)
        assert control["Totals"]["TotalNumberFiles"] == len(files)
        for row in control["Files"]:
            raw = (info.parent / row["FileName"]).read_bytes()
            assert row["FileByteSize"] == len(raw)
            assert row["md5"] == md5(raw).hexdigest()
        assert control["Totals"]["TotalNumberLines"] == len(world.lines(OUT_PATH, ".gz"))
        held_back = files[1].read_bytes()
        files[1].unlink()
        world.command("Start", IMPORT)
        world.command("Wakeup", IMPORT)
        assert world.members("vips") == set()
        files[1].write_bytes(held_back)
        world.command("Wakeup", IMPORT)
        assert world.members("vips") == world.column(VIP_RECIPIENTS)


def test_the_unquoted_keys_of_the_documentation_are_read_too(world: World) -> None:
    share_vips(world)
    world.command("Stop", IMPORT)
    world.advance("25h")
    (info,) = [file for file in world.files(OUT_PATH) if file.suffix == ".info"]
    info.write_text(re.sub(r'"(\w+)":', r"\1:", info.read_text()))
    world.command("Start", IMPORT)
    world.command("Wakeup", IMPORT)
    assert world.members("vips") == world.column(VIP_RECIPIENTS)


def test_a_list_fills_between_one_and_twenty_five_hours_later(world: World) -> None:
    share_vips(world)
    waited = 0
    while not world.members("vips"):
        world.advance("1h")
        waited += 1
        assert waited <= 25
    ((written_ms,),) = world.rows("SELECT start_ms FROM aam_outbound_history")
    assert written_ms // 3_600_000 % 24 == 14
    assert written_ms % 3_600_000 == 0
    # Campaign looks at the full hour after.
    logged = world.log(IMPORT)[-1]["logDate"]
    assert logged[11:19] == "15:00:00"


def test_a_stopped_workflow_does_nothing(world: World) -> None:
    share_vips(world)
    world.command("Stop", IMPORT)
    world.advance("30h")
    world.command("Wakeup", IMPORT)
    assert world.members("vips") == set()
    assert world.workflow(IMPORT)["state"] == "20"
    assert world.log(IMPORT) == []
    world.command("Start", IMPORT)
    world.advance("1h")
    assert world.members("vips") == world.column(VIP_RECIPIENTS)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ('active="false"', "not enabled"),
        ('password=""', "secret access key"),
        ('awsRegion=""', "AWS region"),
        ('server="ftp-out.demdex.com"', "not of the form"),
    ],
)
def test_an_account_that_cannot_be_used_fails_the_workflow(
    world: World, broken: str, said: str
) -> None:
    share_vips(world)
    world.advance("25h")
    before = world.members("vips")
    account = (
        '<extAccount xtkschema="nms:extAccount" _operation="update" _key="@name" name="{}" {}/>'
    )
    world.soap.write(account.format(IMPORT, broken))
    world.advance("1h")
    assert world.workflow(IMPORT) == {"state": "13", "failed": "1", "errorActivity": "js"}
    last = world.log(IMPORT)[-1]
    assert (last["error"], last["activity"]) == ("true", "js")
    assert said in last["message"]
    assert world.members("vips") == before
    # It stays in error, without trying again, until somebody starts it.
    tried = len(world.log(IMPORT))
    world.open_accounts()
    world.advance("3h")
    world.command("Wakeup", IMPORT)
    assert len(world.log(IMPORT)) == tried
    world.command("Start", IMPORT)
    world.advance("1h")
    assert world.workflow(IMPORT) == {"state": "11", "failed": "0", "errorActivity": ""}


@pytest.mark.parametrize("unset", ["aamDataSourceId", "aamDestinationId"])
def test_a_data_source_without_adobes_ids_fails_the_workflow(world: World, unset: str) -> None:
    share_vips(world)
    world.soap.write(
        '<amcDataSource xtkschema="nms:amcDataSource" _operation="update" _key="@name" name="defaultDataSource"'
        f' {unset}="0"/>'
    )
    world.advance("26h")
    assert world.workflow(IMPORT)["failed"] == "1"
    assert "has no AAM data source ID or no AAM destination ID" in world.log(IMPORT)[-1]["message"]
    assert world.members("vips") == set()


def test_a_key_that_is_no_field_fails_the_workflow(world: World) -> None:
    amc_id = world.declared_source("crm", "[trackingLog/@nothing]")
    world.shared_list("vips", world.map_segment(VIP_SEGMENT, "vip"), amc_id)
    world.advance("25h")
    world.pair("crm", world.aam_source(amc_id), "@account", "aesCbc")
    assert "is not a field" in "".join(row["message"] for row in world.log(IMPORT)) or (
        world.workflow(IMPORT)["failed"] == "0"
    )
    world.command("Start", IMPORT)
    world.advance("25h")
    assert "needs a key" in world.log(IMPORT)[-1]["message"]


def test_without_shared_lists_nothing_fails(tmp_path: Path) -> None:
    with open_world(tmp_path / "data", people=50) as world:
        world.advance("72h")
        for name in (IMPORT, "exportSharedAudience"):
            assert world.workflow(name) == {"state": "11", "failed": "0", "errorActivity": ""}


def test_a_list_whose_audience_is_not_shared_keeps_its_rows(world: World) -> None:
    share_vips(world)
    group_id = world.shared_list(
        "other", 999_999, world.column("SELECT id FROM nms_amcDataSource").pop()
    )
    some = sorted(world.column("SELECT id FROM nms_recipient"))[:2]
    world.add_members(group_id, some)
    world.advance("25h")
    assert world.members("other") == set(some)
    assert any("no audience '999999'" in row["message"] for row in world.log(IMPORT))


def test_a_paused_segment_sends_nothing_and_keeps_its_members(world: World) -> None:
    share_vips(world)
    world.advance("25h")
    members = world.members("vips")
    before = world.account.get(f"/segments/{VIP_SEGMENT}", includeMetrics="true")
    segment = world.account.get(f"/segments/{VIP_SEGMENT}")
    rule = f"frequency([{VIP_TRAIT}T]) >= 6"
    world.account.put(
        f"/segments/{VIP_SEGMENT}", segment | {"status": "INACTIVE", "segmentRule": rule}
    )
    files = world.files(OUT_PATH)
    world.advance("48h")
    assert world.files(OUT_PATH) == files
    assert world.members("vips") == members
    after = world.account.get(f"/segments/{VIP_SEGMENT}", includeMetrics="true")
    assert after["instantUniques7Day"] == before["instantUniques7Day"] > 0
    world.account.put(f"/segments/{VIP_SEGMENT}", segment | {"segmentRule": rule})
    world.advance("25h")
    assert world.members("vips") < members


def test_lists_may_name_the_segment_instead(tmp_path: Path) -> None:
    choices = MemberChoices(list_audience="segment", outbound_segment_value="sid")
    with open_world(tmp_path / "data", members=choices) as world:
        world.open_accounts()
        amc_id = world.visitor_source()
        world.map_segment(VIP_SEGMENT, "vip")
        world.shared_list("vips", VIP_SEGMENT, amc_id)
        world.advance("25h")
        assert world.members("vips") == world.column(VIP_RECIPIENTS)
        assert {line[1] for line in world.lines(OUT_PATH, ".gz")} == {str(VIP_SEGMENT)}


def test_reading_the_same_files_again_changes_nothing(world: World) -> None:
    share_vips(world)
    world.advance("25h")
    state = "SELECT * FROM nms_shared_member UNION ALL SELECT * FROM nms_rcpGrpRel ORDER BY 1, 2"
    before, log = world.rows(state), world.log(IMPORT)
    for _ in range(3):
        world.command("Wakeup", IMPORT)
    world.advance("2h")
    assert world.rows(state) == before
    assert world.log(IMPORT) == log


def test_what_has_been_sent_is_in_the_destinations_history(world: World) -> None:
    share_vips(world)
    world.advance("25h")
    history = world.account.get(
        "/destinations/4200/history/outbound", startDate=0, endDate=2_000_000_000_000
    )
    (file,) = [each for each in world.files(OUT_PATH) if each.suffix == ".gz"]
    (row,) = history
    assert (row["dataFileName"], row["fullPublish"], row["success"]) == (file.name, True, True)
    assert row["successRecords"] == len(world.lines(OUT_PATH, ".gz"))
    assert BUCKET in str(file)
