"""What the two systems say about moving people, over HTTP: runs of workflows and transfers of files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from audctl.errors import InvalidAnswerError
from audctl.providers.audience_manager import AudienceManagerProvider
from tests.contract import campaign_cases
from tests.contract.bench import Bench
from tests.sandbox.members_world import EXPORT, FEED, IMPORT, VIP_SEGMENT, World, open_world

if TYPE_CHECKING:
    from collections.abc import Iterator

FOREVER = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC))
HISTORY = f"GET /v1/destinations/{FEED}/history/outbound"


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give a tenant a day after one list was shared with one audience."""
    with open_world(tmp_path_factory.mktemp("moved") / "data") as world:
        world.open_accounts()
        world.shared_list("vips", world.map_segment(VIP_SEGMENT, "vip"), world.visitor_source())
        world.advance("25h")
        yield world


@pytest.fixture
def bench(moved: World) -> Iterator[Bench]:
    bench = Bench(moved.sandbox.url)
    with bench.opened:
        yield bench
    bench.no_more_faults()


def audience_manager(bench: Bench) -> AudienceManagerProvider:
    provider = AudienceManagerProvider(
        f"{bench.url}/v1", bench.auth(), clock=bench.clock, observer=bench.observer
    )
    bench.opened.callback(provider.close)
    return provider


def test_every_workflow_is_told_by_one_query_and_its_proof(moved: World, bench: Bench) -> None:
    provider = campaign_cases.build(bench)
    bench.opened.callback(provider.close)
    before = provider.client.calls
    found = provider.workflow_runs()
    assert provider.client.calls - before == 2
    assert {IMPORT, EXPORT} <= found.keys()
    assert found[IMPORT].works
    looked = found[IMPORT].processed_at
    ((files_at,),) = moved.rows("SELECT max(end_ms) FROM aam_outbound_history")
    assert looked is not None
    # Campaign looks on the next full hour after the files were written.
    assert looked - datetime.fromtimestamp(files_at / 1000, UTC) == timedelta(hours=1)


def test_a_workflow_in_error_says_where_and_does_not_work(moved: World, bench: Bench) -> None:
    moved.open_accounts(active=False)
    moved.command("Wakeup", IMPORT)
    provider = campaign_cases.build(bench)
    bench.opened.callback(provider.close)
    found = provider.workflow_runs()[IMPORT]
    assert (found.failed, found.works, found.error_activity) == (True, False, "js")
    moved.open_accounts()
    moved.command("Start", IMPORT)
    assert provider.workflow_runs()[IMPORT].works


def test_transfers_are_told_oldest_first_and_only_within_the_interval(
    moved: World, bench: Bench
) -> None:
    provider = audience_manager(bench)
    found = provider.transfers_to(str(FEED), since=FOREVER[0], until=FOREVER[1])
    ((source,),) = moved.rows(
        "SELECT aamDataSourceId FROM nms_amcDataSource WHERE name = 'defaultDataSource'"
    )
    assert {each.data_source for each in found} == {str(source)}
    assert all(each.succeeded for each in found)
    assert list(found) == sorted(found, key=lambda each: each.ended_at)
    early = found[0].started_at - timedelta(seconds=1)
    assert provider.transfers_to(str(FEED), since=FOREVER[0], until=early) == ()


@pytest.mark.parametrize(
    ("row", "succeeded"),
    [
        ({"startTime": 1_700_000_000_000, "success": False}, False),
        ({"startTime": 1_700_000_000_000}, False),
        ({"startTime": "1700000000000", "success": True, "dataProviderID": 7}, True),
    ],
)
def test_only_what_is_said_to_have_gone_out_has(
    bench: Bench, row: dict[str, object], succeeded: bool
) -> None:
    bench.fault(HISTORY, status=200, body=[row])
    (found,) = audience_manager(bench).transfers_to(str(FEED), since=FOREVER[0], until=FOREVER[1])
    assert found.succeeded is succeeded
    assert found.started_at == found.ended_at == datetime.fromtimestamp(1_700_000_000, UTC)


def test_a_transfer_without_a_time_is_no_answer(bench: Bench) -> None:
    bench.fault(HISTORY, status=200, body=[{"success": True}])
    with pytest.raises(InvalidAnswerError, match="without its time"):
        audience_manager(bench).transfers_to(str(FEED), since=FOREVER[0], until=FOREVER[1])
