"""List or query → inbound file → trait: what Campaign exports reaches Audience Manager, and is only ever added to."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from audctl.sandbox.members import MemberChoices
from tests.sandbox.members_world import EXPORT, IN_PATH, World, open_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TRAIT_FILE = re.compile(
    r"^ftp_dpm_(?P<dpid>\d+)(?:_(?P<target>\d+))?_(?P<ts>\d{10})\.(?P<mode>sync|overwrite)(?:\.(?P<split>\d+))?(?P<gz>\.gz)?$"
)
ID_FILE = re.compile(
    r"^(?P<kind>adobe_id|c2c_id)_(?P<dpids>\d+(?:_\d+)+)_(?P<ts>\d{10})\.sync(?:\.(?P<split>\d+))?(?P<gz>\.gz)?$"
)
"""Both as documented."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path / "data") as opened:
        opened.open_accounts()
        yield opened


def recipients(world: World, how_many: int) -> list[int]:
    return sorted(world.column("SELECT id FROM nms_recipient WHERE id > 5000"))[:how_many]


def visitor_ids(world: World, of: list[int]) -> set[str]:
    everybody = world.rows('SELECT "recipient-id", sourceId FROM nms_trackingLogRcp')
    return {value for recipient, value in everybody if recipient in of}


def history(world: World, source_id: int) -> list[dict[str, object]]:
    answer = world.account.get(
        f"/datasources/{source_id}/history/inbound", startDate=0, endDate=2_000_000_000_000
    )
    assert isinstance(answer, list)
    return answer


def test_a_list_reaches_a_trait_by_visitor_id(world: World) -> None:
    amc_id = world.visitor_source()
    source_id = world.aam_source(amc_id)
    trait_id, segment_id = world.onboarded_audience("newsletter", source_id)
    chosen = recipients(world, 40)
    list_id = world.plain_list("letters", chosen)
    world.export_workflow("newsletter", segment_id, amc_id, list_id=list_id)
    world.advance("25h")
    sent = visitor_ids(world, chosen)
    (file,) = world.files(IN_PATH)
    match = TRAIT_FILE.match(file.name)
    assert match is not None
    assert (match["dpid"], match["mode"]) == (str(source_id), "sync")
    assert re.fullmatch(r"date=\d{4}-\d{2}-\d{2}", file.parent.name)
    assert {tuple(line) for line in world.lines(IN_PATH, ".sync")} == {
        (value, f"d_sid={trait_id}") for value in sent
    }
    without_id = sum(1 for each in chosen if not visitor_ids(world, [each]))
    assert without_id > 2
    assert world.log("newsletter")[0]["message"] == (
        f"audience {segment_id}: {len(chosen) - without_id} of {len(chosen)} recipients exported,"
        f" complement {without_id}"
    )
    kept = world.column("SELECT recipient_id FROM nms_shared_complement")
    assert kept == {each for each in chosen if not visitor_ids(world, [each])}
    # Nothing counts before 48 hours have passed since the upload.
    assert world.holders(trait_id) == set()
    world.advance("48h")
    known = world.column("SELECT value FROM aam_identity WHERE data_source_id = 0")
    assert world.holders(trait_id) == sent & known
    assert sent - known
    (receipt,) = history(world, source_id)
    assert (receipt["receivedRecords"], receipt["noMatchingAamIds"]) == (
        len(sent),
        len(sent - known),
    )
    assert receipt["storedRecords"] == len(sent & known)
    world.advance("24h")
    segment = world.account.get(f"/segments/{segment_id}", includeMetrics="true")
    assert segment["instantUniques7Day"] == len(sent & known)


@pytest.mark.parametrize(
    ("key", "algorithm", "value"),
    [
        ("@account", "none", lambda row: row[1]),
        ("@email", "sha256", lambda row: sha256(row[2].encode()).hexdigest()),
    ],
)
def test_a_query_reaches_a_trait_by_declared_id(
    world: World, key: str, algorithm: str, value: object
) -> None:
    assert callable(value)
    amc_id = world.declared_source("crm", key, algorithm)
    source_id = world.aam_source(amc_id)
    trait_id, segment_id = world.onboarded_audience("french", source_id)
    world.export_workflow("french", segment_id, amc_id, where="@language = 'fr' AND @blackList = 0")
    world.advance("73h")
    targeted = world.rows(
        "SELECT id, account, email FROM nms_recipient WHERE language = 'fr' AND blackList = 0"
    )
    assert len(targeted) > 50
    # Cross-device ids are kept whether or not a visitor is known.
    assert world.holders(trait_id) == {value(row) for row in targeted}
    names = [file.name for file in world.files(IN_PATH)]
    (id_file,) = [name for name in names if ID_FILE.match(name)]
    assert id_file.startswith(f"adobe_id_0_{source_id}_")
    pairs = {tuple(line) for line in world.lines(IN_PATH, id_file)}
    ids = {row[0]: value(row) for row in targeted}
    assert pairs == {
        (visitor, ids[recipient])
        for recipient, visitor in world.rows(
            'SELECT "recipient-id", sourceId FROM nms_trackingLogRcp'
        )
        if recipient in ids
    }
    known = world.column("SELECT value FROM aam_identity WHERE data_source_id = 0")
    linked = set(
        world.rows(
            "SELECT d.value, i.value FROM aam_identity_link JOIN aam_identity AS d ON d.id = device_id"
            " JOIN aam_identity AS i ON i.id = declared_id WHERE i.data_source_id = ?",
            source_id,
        )
    )
    assert {pair for pair in pairs if pair[0] in known} <= linked


def test_exports_round_trip_into_another_list(world: World) -> None:
    amc_id = world.declared_source("crm", "@account")
    _, segment_id = world.onboarded_audience("readers", world.aam_source(amc_id))
    chosen = recipients(world, 30)
    list_id = world.plain_list("letters", chosen)
    world.export_workflow("readers", segment_id, amc_id, list_id=list_id)
    # Keyed by visitor id on the way back: only those whose devices are known can come.
    world.shared_list("echo", world.map_segment(segment_id, "readers"), world.visitor_source())
    world.shared_list("return", world.map_segment(segment_id, "readers"), amc_id)
    world.advance("100h")
    linked = world.column(
        "SELECT i.value FROM aam_identity AS i JOIN aam_identity_link ON declared_id = i.id WHERE data_source_id = ?",
        world.aam_source(amc_id),
    )
    accounts = dict(world.rows("SELECT id, account FROM nms_recipient"))
    assert world.members("return") == {each for each in chosen if accounts[each] in linked}
    assert len(world.members("return")) > 10
    assert world.members("echo") <= set(chosen)
    assert world.members("echo")


def test_exports_only_add(world: World) -> None:
    amc_id = world.declared_source("crm", "@account")
    trait_id, segment_id = world.onboarded_audience("readers", world.aam_source(amc_id))
    accounts = dict(world.rows("SELECT id, account FROM nms_recipient"))
    first, *_, last = chosen = recipients(world, 10)
    list_id = world.plain_list("letters", chosen[:-1])
    world.export_workflow("readers", segment_id, amc_id, list_id=list_id)
    world.advance("73h")
    world.soap.delete("nms:rcpGrpRel", f"[@group-id]={list_id} AND [@recipient-id]={first}")
    world.add_members(list_id, [last])
    before = {file.name for file in world.files(IN_PATH)}
    world.advance("73h")
    added = [file for file in world.files(IN_PATH) if file.name not in before]
    new = [
        line for file in added if "ftp_dpm" in file.name for line in world.lines(IN_PATH, file.name)
    ]
    assert new == [[accounts[last], f"d_sid={trait_id}"]]
    assert world.holders(trait_id) == {accounts[each] for each in chosen}


def test_without_a_complement_nobody_is_kept(world: World) -> None:
    amc_id = world.visitor_source()
    _, segment_id = world.onboarded_audience("all", world.aam_source(amc_id))
    world.export_workflow("all", segment_id, amc_id, complement=False)
    world.command("Wakeup", "all")
    assert world.column("SELECT * FROM nms_shared_complement") == set()
    everybody = len(world.column("SELECT id FROM nms_recipient"))
    identified = len(world.column('SELECT "recipient-id" FROM nms_trackingLogRcp'))
    assert world.log("all")[0]["message"].endswith(
        f"{identified} of {everybody} recipients exported, complement {everybody - identified}"
    )


def test_a_wake_up_sends_at_once(world: World) -> None:
    amc_id = world.declared_source("crm", "@account")
    _, segment_id = world.onboarded_audience("all", world.aam_source(amc_id))
    world.export_workflow("all", segment_id, amc_id)
    for name in ("all", EXPORT, EXPORT):
        world.command("Wakeup", name)
    names = [file.name for file in world.files(IN_PATH)]
    assert len([name for name in names if TRAIT_FILE.match(name)]) == 1
    assert len(world.lines(IN_PATH, names[-1])) == len(world.column("SELECT id FROM nms_recipient"))
    assert [row["message"] for row in world.log(EXPORT)] == [
        f"{name}: {len(world.lines(IN_PATH, name))} lines sent" for name in names
    ]


def test_large_exports_are_split(tmp_path: Path) -> None:
    choices = MemberChoices(export_split_lines=100, export_gzip=True, onboarding_delay_hours=1)
    with open_world(tmp_path / "data", members=choices) as world:
        world.open_accounts()
        amc_id = world.declared_source("crm", "@account")
        trait_id, segment_id = world.onboarded_audience("all", world.aam_source(amc_id))
        world.export_workflow("all", segment_id, amc_id)
        world.advance("27h")
        splits = [TRAIT_FILE.match(file.name) for file in world.files(IN_PATH)]
        assert {match["split"] for match in splits if match} == {None, "1", "2", "3", "4", "5"}
        assert world.holders(trait_id) == world.column("SELECT account FROM nms_recipient")


@pytest.mark.parametrize("stopped", [True, False])
def test_collected_ids_wait_while_the_technical_workflow_cannot_send(
    world: World, *, stopped: bool
) -> None:
    amc_id = world.declared_source("crm", "@account")
    _, segment_id = world.onboarded_audience("all", world.aam_source(amc_id))
    world.export_workflow("all", segment_id, amc_id)
    if stopped:
        world.command("Stop", EXPORT)
    else:
        world.open_accounts(active=False)
    world.advance("26h")
    assert world.files(IN_PATH) == []
    row = world.workflow(EXPORT)
    assert row == (
        {"state": "20", "failed": "0", "errorActivity": ""}
        if stopped
        else {"state": "13", "failed": "1", "errorActivity": "js"}
    )
    world.open_accounts()
    world.command("Start", EXPORT)
    world.advance("1h")
    assert len(world.files(IN_PATH)) == 2


def test_a_workflow_that_is_not_started_exports_nothing(world: World) -> None:
    amc_id = world.declared_source("crm", "@account")
    _, segment_id = world.onboarded_audience("all", world.aam_source(amc_id))
    world.export_workflow("all", segment_id, amc_id)
    world.command("Stop", "all")
    world.advance("26h")
    assert world.files(IN_PATH) == []
    assert world.log("all") == []


def test_a_workflow_without_schedule_ends_after_its_run(world: World) -> None:
    amc_id = world.declared_source("crm", "@account")
    _, segment_id = world.onboarded_audience("all", world.aam_source(amc_id))
    world.export_workflow("all", segment_id, amc_id, period=None)
    assert world.workflow("all")["state"] == "11"
    world.advance("50h")
    assert world.workflow("all")["state"] == "20"
    assert len(world.log("all")) == 1


def test_a_weekly_schedule_fires_once_a_week(world: World) -> None:
    amc_id = world.declared_source("crm", "@account")
    _, segment_id = world.onboarded_audience("all", world.aam_source(amc_id))
    period = "m_iDayMode=2;m_iWeekDays=3;m_iTimeMode=2;m_tmFixedTime='06:30:00'"
    world.export_workflow("all", segment_id, amc_id, period=period)
    world.advance("14d")
    assert [row["logDate"][11:19] for row in world.log("all")] == ["06:30:00", "06:30:00"]


def test_what_a_workflow_cannot_do_fails_it(world: World) -> None:
    amc_id = world.declared_source("crm", "@account")
    unset = world.pair("empty", 0, "@account")
    _, segment_id = world.onboarded_audience("all", world.aam_source(amc_id))
    cases = {
        "ids": ((segment_id, unset), {}, "audience", "has no AAM data source ID"),
        "source": ((segment_id, 4711), {}, "audience", "no AMC data source"),
        "audience": ((4711, amc_id), {}, "audience", "has no onboarded trait"),
        "list": ((segment_id, amc_id), {"list_id": 4711}, "source", "there is no list 4711"),
        "query": ((segment_id, amc_id), {"where": "@nothing = 1"}, "source", "nothing"),
    }
    for name, (ids, options, _, _) in cases.items():
        world.export_workflow(name, *ids, **options)  # type: ignore[arg-type]
    world.advance("25h")
    for name, (_, _, activity, message) in cases.items():
        row = world.workflow(name)
        assert row == {"state": "13", "failed": "1", "errorActivity": activity}, name
        (entry,) = world.log(name)
        assert (entry["error"], entry["activity"]) == ("true", activity)
        assert message in entry["message"]
    assert world.files(IN_PATH) == []


def test_a_deleted_workflow_takes_its_log_with_it(world: World) -> None:
    amc_id = world.declared_source("crm", "@account")
    _, segment_id = world.onboarded_audience("all", world.aam_source(amc_id))
    world.export_workflow("all", segment_id, amc_id)
    world.command("Wakeup", "all")
    (row,) = world.soap.select("xtk:workflow", "@id", where="@internalName='all'")
    entries = f'SELECT 1 FROM xtk_workflowLog WHERE "workflow-id" = {row["id"]}'  # noqa: S608
    assert len(world.rows(entries)) == 1
    world.soap.delete("xtk:workflow", "@internalName='all'")
    assert world.rows(entries) == []
