"""What the clock makes happen by itself, whatever interrupts it; schedules; buckets behind S3."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import obstore
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from obstore.store import S3Store

from audctl.sandbox.members import MemberChoices, outbound, workflow_runs
from audctl.sandbox.members.buckets import BucketError, check_url, parse_server
from audctl.sandbox.members.choices import read_choices
from audctl.sandbox.members.schedule import next_hour_of_day, next_multiple, next_run
from audctl.sandbox.members.timeline import Timeline
from audctl.sandbox.store import Store
from tests import loopback
from tests.sandbox.members_world import (
    EXPORT,
    IMPORT,
    IN_PATH,
    OUT_PATH,
    VIP_SEGMENT,
    World,
    open_world,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STATE = {
    "lists": "SELECT * FROM nms_rcpGrpRel ORDER BY 1, 2",
    "received": "SELECT * FROM nms_shared_member ORDER BY 1, 2",
    "sent": "SELECT * FROM aam_sent ORDER BY 1, 2, 3",
    "out": "SELECT data_file_name, success_records FROM aam_outbound_history ORDER BY 1",
    "in": "SELECT data_file_name, stored_records FROM aam_inbound_history ORDER BY 1",
    "exported": "SELECT * FROM nms_shared_export ORDER BY 1, 2, 3",
    "populations": "SELECT id, population FROM aam_segment ORDER BY 1",
    "log": "SELECT activity, logDate, message FROM xtk_workflowLog ORDER BY id",
}


def set_up(world: World) -> None:
    """Share one segment with a list, and export everybody into another."""
    world.open_accounts()
    amc_id = world.visitor_source()
    world.shared_list("vips", world.map_segment(VIP_SEGMENT, "vip"), amc_id)
    _, segment_id = world.onboarded_audience("all", world.aam_source(amc_id))
    world.export_workflow("all", segment_id, amc_id)


def state_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    store = Store(path)
    try:
        with store.read() as conn:
            return {
                name: [tuple(row) for row in conn.execute(query)] for name, query in STATE.items()
            }
    finally:
        store.close()


@pytest.mark.parametrize(
    ("module", "name"),
    [(outbound, "_record"), (workflow_runs, "_log"), (outbound, "_write_control")],
    ids=["files written", "lists changed", "before the control file"],
)
def test_a_move_that_is_cut_short_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    with open_world(tmp_path / "whole", people=60) as world:
        set_up(world)
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    moment = datetime.now(UTC)
    span = timedelta(hours=80)
    whole = Store(tmp_path / "whole")
    monkeypatch.setattr(Store, "now", lambda _self: moment)
    monkeypatch.setattr(Store, "advance", lambda _self, delta: moment + delta)
    Timeline(whole).advance(span)
    whole.close()
    real: Callable[..., object] = getattr(module, name)
    calls = 0

    def fail_the_first_time(*arguments: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise KeyboardInterrupt
        return real(*arguments, **named)

    monkeypatch.setattr(module, name, fail_the_first_time)
    cut = Store(tmp_path / "cut")
    with pytest.raises(KeyboardInterrupt):
        Timeline(cut).advance(span)
    cut.close()  # and a new process
    again = Store(tmp_path / "cut")
    Timeline(again).advance(span)
    again.close()
    assert calls > 1
    expected, found = state_of(tmp_path / "whole"), state_of(tmp_path / "cut")
    assert expected["lists"]
    assert expected["in"]
    for what, rows in expected.items():
        assert found[what] == rows, what
    files = [
        {
            each.name: each.read_bytes()
            for each in (tmp_path / side / "buckets").rglob("*")
            if each.is_file()
        }
        for side in ("whole", "cut")
    ]
    assert files[0] == files[1]


def test_moves_at_the_same_time_wait_for_each_other(tmp_path: Path) -> None:
    with open_world(tmp_path, people=60) as world:
        set_up(world)
        with ThreadPoolExecutor(4) as pool:
            answers = list(
                pool.map(
                    lambda _: world.soap.http.post("/_sandbox/clock", json={"advance": "25h"}),
                    range(4),
                )
            )
        assert [answer.status_code for answer in answers] == [200] * 4
        sent = world.rows("SELECT data_file_name FROM aam_outbound_history WHERE full_publish = 1")
        assert len(sent) == 1
        assert world.members("vips")


def test_the_clock_tells_what_happened(tmp_path: Path) -> None:
    with open_world(tmp_path, people=60) as world:
        set_up(world)
        events = world.advance("30h")
        moments = [datetime.fromisoformat(event["at"]) for event in events]
        assert moments == sorted(moments)
        told = {event["what"] for event in events}
        assert {
            "Audience Manager counts populations",
            "Audience Manager writes outbound files",
            f"Campaign runs {IMPORT}",
            f"Campaign runs {EXPORT}",
            "Campaign runs all",
        } <= told
        assert all(event["lines"] for event in events)


def test_visitors_qualify_for_new_traits_after_four_hours(tmp_path: Path) -> None:
    with open_world(tmp_path, people=300) as world:
        source = world.account.data_source()["dataSourceId"]
        trait = world.account.trait(source, traitRule='c_basket == "full"')["sid"]
        other = world.account.trait(source, traitRule='c_basket == "empty"')["sid"]
        segment = world.account.segment(source, f"{trait}T AND NOT {other}T")["sid"]
        world.advance("3h")
        assert world.holders(trait) == set()
        world.advance("25h")
        expected = world.holders(trait) - world.holders(other)
        assert len(expected) > 5
        shown = world.account.get(f"/segments/{segment}", includeMetrics="true")
        assert shown["instantUniques7Day"] == len(expected)
        before = world.rows("SELECT * FROM aam_qualification WHERE trait_id = ?", trait)
        world.advance("48h")
        assert world.rows("SELECT * FROM aam_qualification WHERE trait_id = ?", trait) == before


def test_signals_may_be_left_to_others(tmp_path: Path) -> None:
    choices = MemberChoices(visitors_qualify=False, site_declares_ids=False)
    with open_world(tmp_path, people=60, members=choices) as world:
        source = world.account.data_source()["dataSourceId"]
        trait = world.account.trait(source)["sid"]
        amc_id = world.declared_source("crm", "@account")
        world.advance("48h")
        assert world.holders(trait) == set()
        assert not world.rows(
            "SELECT 1 FROM aam_identity WHERE data_source_id = ?", world.aam_source(amc_id)
        )


def test_sizes_are_estimated_from_the_rule(tmp_path: Path) -> None:
    with open_world(tmp_path, people=300) as world:
        found = world.account.send(
            "POST",
            "/segments/estimate-size",
            status=200,
            json={"rule": "7000005T AND NOT 7000006T"},
        ).json()
        alive = (
            "SELECT identity_id FROM aam_qualification WHERE trait_id = ? GROUP BY identity_id"
            " HAVING max(at_s) >= strftime('%s', 'now') - 120 * 86400"
        )
        expected = world.column(alive, 7_000_005) - world.column(alive, 7_000_006)
        assert len(expected) > 3
        assert str(len(expected)) in {str(value) for value in found.values()}


def test_a_merge_rule_joins_the_devices_of_an_account(tmp_path: Path) -> None:
    with open_world(tmp_path, people=300) as world:
        world.open_accounts()
        amc_id = world.visitor_source()
        source = world.aam_source(amc_id)
        rule = "7000005T AND 7000006T"
        alone = world.account.segment(source, rule)["sid"]
        merged = world.account.segment(source, rule, mergeRuleDataSourceId=4909)["sid"]
        for name, sid in (("alone", alone), ("merged", merged)):
            world.shared_list(name, world.map_segment(sid, name), amc_id)
        world.advance("25h")
        # One device has one of the traits, another the other: only together they are in.
        assert world.members("alone") < world.members("merged")


def test_choices_are_kept_with_the_data(tmp_path: Path) -> None:
    with open_world(tmp_path, people=5, members=MemberChoices(outbound_hour=3)):
        pass
    with open_world(tmp_path) as world, world.sandbox.store.read() as conn:
        assert read_choices(conn) == MemberChoices(outbound_hour=3)


# -- buckets


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def bucket_of(endpoint: str) -> S3Store:
    return S3Store(
        "shared-audiences",
        endpoint=endpoint,
        region="us-east-1",
        access_key_id="any",
        secret_access_key="any",
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )


def test_files_travel_through_s3(tmp_path: Path, s3: str) -> None:
    with open_world(tmp_path, people=60, buckets=s3) as world:
        set_up(world)
        world.open_accounts(bucket="shared-audiences")
        world.advance("26h")
        # A bucket that is not there is an error on both sides, as with the real service.
        assert world.workflow(EXPORT)["failed"] == "1"
        assert "shared-audiences" in world.log(EXPORT)[-1]["message"]
        assert world.rows("SELECT DISTINCT success FROM aam_outbound_history") == [(0,)]
        assert loopback.put(f"{s3}/shared-audiences").status_code == 200
        for name in (IMPORT, EXPORT):
            world.command("Start", name)
        world.advance("80h")
        keys = [entry["path"] for page in obstore.list(bucket_of(s3)) for entry in page]
        assert any(key.startswith(f"{OUT_PATH}/s3_4200_") for key in keys)
        assert any(key.startswith(f"{IN_PATH}/date=") and "ftp_dpm_" in key for key in keys)
        assert len(world.members("vips")) > 3
        (trait,) = world.column("SELECT id FROM aam_trait WHERE integration_code = 'all'")
        assert len(world.holders(trait)) > 20
        assert not (tmp_path / "buckets").exists()


@pytest.mark.parametrize(
    "url", ["http://s3.amazonaws.com", "https://10.0.0.1:9000", "file:///tmp", "x"]
)
def test_buckets_are_on_this_machine_only(url: str) -> None:
    with pytest.raises(ValueError, match="on this machine"):
        check_url(url)


@pytest.mark.parametrize(
    "server",
    [
        "",
        "bucket",
        "bucket.s3.amazonaws.com/a/../b",
        "UPPER.s3.amazonaws.com/p",
        "b/../c.s3.amazonaws.com",
        "ftp.x",
    ],
)
def test_a_server_that_is_no_bucket_is_refused(server: str) -> None:
    with pytest.raises(BucketError, match="not of the form"):
        parse_server(server)


def test_a_server_names_bucket_and_path() -> None:
    location = parse_server("my-bucket.s3.amazonaws.com/some/path/")
    assert (location.bucket, location.path, location.key("x")) == (
        "my-bucket",
        "some/path",
        "some/path/x",
    )
    assert parse_server("my-bucket.s3.eu-west-1.amazonaws.com").key("x") == "x"


# -- schedules

AFTER = datetime(2026, 3, 10, 15, 7, tzinfo=UTC)  # a Tuesday


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("m_iDayMode=1;m_iTimeMode=2;m_tmFixedTime='03:00:00'", "2026-03-11T03:00"),
        ("m_iDayMode=1;m_iTimeMode=2;m_tmFixedTime='15:30'", "2026-03-10T15:30"),
        ("m_iDayMode=2;m_iWeekDays=2;m_iTimeMode=2;m_tmFixedTime='15:00:00'", "2026-03-17T15:00"),
        ("m_iDayMode=2;m_iWeekDays=5;m_iTimeMode=2;m_tmFixedTime='08:15:00'", "2026-03-13T08:15"),
        ("m_iDayMode=1;m_iTimeMode=1;m_tmSpanTime='6h'", "2026-03-10T18:00"),
        ("m_iDayMode=1;m_iTimeMode=1;m_tmSpanTime='30mn'", "2026-03-10T15:30"),
        ("m_iTimeMode=1;m_tmSpanTime='1mn'", "2026-03-10T15:15"),
        ("what nobody can read", "2026-03-11T00:00"),
        ("m_tmFixedTime='99:99:99'", "2026-03-11T00:00"),
    ],
)
def test_when_a_scheduler_fires(period: str, expected: str) -> None:
    assert next_run(period, AFTER) == datetime.fromisoformat(f"{expected}+00:00")


moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(moments, st.integers(0, 23), st.integers(15, 3000))
def test_the_next_time_is_later_and_soon(after: datetime, hour: int, minutes: int) -> None:
    daily = next_hour_of_day(hour, after)
    assert after < daily <= after + timedelta(days=1)
    assert (daily.hour, daily.minute) == (hour, 0)
    span = timedelta(minutes=minutes)
    assert after < next_multiple(span, after) <= after + span
