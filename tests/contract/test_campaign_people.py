"""Tables of people: read in pages that a cut does not lose, members written in batches that may come twice."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from audctl.errors import InvalidAnswerError, RejectedError, UnreachableError
from audctl.model.people import PeopleKind, PeopleTable
from audctl.sandbox.server import start
from tests.contract import campaign_cases
from tests.contract.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.providers.campaign import CampaignProvider

SELECT = "SOAP xtk:queryDef#ExecuteQuery"
WRITE = "SOAP xtk:persist#WriteCollection"
PEOPLE = 500
NUMBERS = itertools.count()

RECIPIENTS = PeopleTable(kind=PeopleKind.RECIPIENTS, attributes=("@account", "[folder/@name]"))
TRACKING_LOGS = PeopleTable(kind=PeopleKind.TRACKING_LOGS)


@pytest.fixture(scope="module")
def peopled_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start(tmp_path_factory.mktemp("crowd"), seed="demo", people=PEOPLE) as sandbox:
        yield sandbox.url


@pytest.fixture
def world(peopled_url: str) -> Iterator[Bench]:
    bench = Bench(peopled_url, numbers=NUMBERS)
    bench.no_more_faults()
    bench.forget_calls()
    with bench.opened:
        yield bench
    bench.no_more_faults()


@pytest.fixture
def campaign(world: Bench) -> CampaignProvider:
    provider = campaign_cases.build(world, page_size=64)
    world.opened.callback(provider.close)
    return provider


@pytest.fixture
def new_list(world: Bench, campaign: CampaignProvider) -> str:
    folder = campaign_cases.folder_id(campaign)
    fields = {"name": world.unique("members"), "label": "Members", "folder": folder}
    return campaign.create("campaign.list", fields).id


def members(list_id: str) -> PeopleTable:
    return PeopleTable(kind=PeopleKind.MEMBERS, list_id=list_id)


def rows(
    campaign: CampaignProvider, table: PeopleTable, after: int | None = None
) -> list[tuple[str, ...]]:
    return [row for page in campaign.read_people(table, after=after) for row in page.rows]


def test_recipients_come_once_each_with_only_what_was_asked_for(
    world: Bench, campaign: CampaignProvider
) -> None:
    found = rows(campaign, RECIPIENTS)
    keys = [int(row[0]) for row in found]
    assert len(keys) > PEOPLE
    assert keys == sorted(set(keys))
    by_key = {row[0]: row[1:] for row in found}
    assert by_key["3001"] == ("1", "MF100000", "nmsRootRecipient")
    assert by_key["3002"] == ("0", "MF100037", "nmsRootRecipient")
    pages = -(-len(keys) // 64)
    assert len(world.calls()) <= pages + 4  # sign-in, the count, and what a short page costs


def test_a_reading_goes_on_behind_the_page_where_it_was_cut(campaign: CampaignProvider) -> None:
    whole = rows(campaign, TRACKING_LOGS)
    assert all(row[2].isdigit() and int(row[1]) > 0 for row in whole)
    pages = campaign.read_people(TRACKING_LOGS, after=None)
    begun = [next(pages), next(pages)]
    rest = rows(campaign, TRACKING_LOGS, after=begun[-1].last)
    assert [*begun[0].rows, *begun[1].rows, *rest] == whole


def test_a_row_lost_after_going_on_is_an_error(world: Bench, campaign: CampaignProvider) -> None:
    first = next(iter(campaign.read_people(RECIPIENTS, after=None)))
    empty = (
        "<SOAP-ENV:Envelope xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/envelope/'><SOAP-ENV:Body>"
        "<ExecuteQueryResponse xmlns='urn:xtk:queryDef'><pdomOutput><recipient-collection/></pdomOutput>"
        "</ExecuteQueryResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )
    # Calls: a page, nothing, the count, nothing again.
    world.fault(SELECT, status=200, body=empty, nth=2, times=1)
    world.fault(SELECT, status=200, body=empty, nth=4, times=1)
    with pytest.raises(InvalidAnswerError, match="only 64"):
        rows(campaign, RECIPIENTS, after=first.last)


def test_members_are_added_and_removed_and_a_batch_may_come_twice(
    campaign: CampaignProvider, new_list: str
) -> None:
    everyone = [int(row[0]) for row in rows(campaign, RECIPIENTS)]
    wanted, gone = everyone[:150], everyone[:100]
    for _ in range(2):
        campaign.add_members(new_list, wanted)
        assert [int(row[0]) for row in rows(campaign, members(new_list))] == wanted
    for _ in range(2):
        campaign.remove_members(new_list, gone)
        assert [int(row[0]) for row in rows(campaign, members(new_list))] == wanted[100:]
    assert campaign.count_rows(members(new_list)) == 50
    assert [int(row[0]) for row in rows(campaign, RECIPIENTS)] == everyone


def test_many_members_take_few_calls(
    world: Bench, campaign: CampaignProvider, new_list: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audctl.providers.campaign.people.MEMBERS_IN_ONE_CALL", 40)
    monkeypatch.setattr("audctl.providers.campaign.people.IDS_IN_ONE_CONDITION", 30)
    people = [int(row[0]) for row in rows(campaign, RECIPIENTS)][:120]
    before = campaign.client.calls
    campaign.add_members(new_list, people)
    campaign.remove_members(new_list, people)
    assert campaign.client.calls - before == 3 + 4
    assert campaign.count_rows(members(new_list)) == 0


def test_a_batch_whose_answer_was_lost_is_written_again(
    world: Bench, campaign: CampaignProvider, new_list: str
) -> None:
    people = [int(row[0]) for row in rows(campaign, RECIPIENTS)][:10]
    world.fault(WRITE, "reset", when="after", times=1)
    campaign.add_members(new_list, people)
    assert campaign.count_rows(members(new_list)) == 10
    assert len(world.observer.retries) == 1


@pytest.mark.parametrize("path", ["@account = 1", "[@a] + [@b]", "", "account", "../@x"])
def test_text_that_is_no_path_never_reaches_a_query(campaign: CampaignProvider, path: str) -> None:
    table = PeopleTable(kind=PeopleKind.RECIPIENTS, attributes=(path,))
    with pytest.raises(RejectedError, match="no path"):
        rows(campaign, table)


def test_text_that_is_no_list_never_reaches_a_query(campaign: CampaignProvider) -> None:
    injected = "1 OR 1=1"
    with pytest.raises(RejectedError):
        rows(campaign, members(injected))
    with pytest.raises(RejectedError):
        campaign.add_members(injected, [1])
    with pytest.raises(RejectedError):
        campaign.remove_members(injected, [1])


def test_pages_have_no_repr(campaign: CampaignProvider) -> None:
    page = next(iter(campaign.read_people(RECIPIENTS, after=None)))
    assert page.rows[0][2] not in repr(page)


def test_a_system_that_is_down_is_an_error_not_an_end(
    world: Bench, campaign: CampaignProvider
) -> None:
    pages = iter(campaign.read_people(RECIPIENTS, after=None))
    next(pages)
    world.fault(SELECT, status=503)
    with pytest.raises(UnreachableError):
        next(pages)
