"""What only Campaign does: pages, dropped attributes, configured names, workflows, folders, shared lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lxml import etree

from audctl.errors import (
    ConflictError,
    InvalidAnswerError,
    NotFoundError,
    RejectedError,
    UnreachableError,
)
from audctl.model.live import Origin
from audctl.providers.campaign import CampaignNames, CampaignProvider
from audctl.providers.campaign.documents import child
from audctl.providers.campaign.mapping.definition import REARRANGED
from audctl.providers.campaign.persist import row_document, server_time, write, write_collection
from audctl.providers.campaign.probe import SchemaCatalog
from audctl.providers.campaign.query import ID, Node, equals, get_first, select_all
from audctl.providers.campaign.workflow_commands import (
    STARTED,
    STATE_NODES,
    await_state,
    pause,
    restart,
    state_of,
    stop,
    wake_up,
)
from tests.contract.bench import FakeClock
from tests.contract.campaign_cases import (
    LISTS,
    QUERY,
    build,
    client_of,
    data_source,
    external_account,
    folder_id,
    group,
    shared_list,
    workflow,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from audctl.providers.campaign import CampaignClient
    from tests.contract.bench import Bench

EMPTY_PAGE = (
    "<Envelope><Body><ExecuteQueryResponse><pdomOutput><group-collection/></pdomOutput>"
    "</ExecuteQueryResponse></Body></Envelope>"
)
WRONG_ORDER = EMPTY_PAGE.replace(
    "<group-collection/>", '<group-collection><group id="9"/><group id="8"/></group-collection>'
)
"""What a server gives that ignores the order asked for."""


@pytest.fixture
def provider(bench: Bench) -> CampaignProvider:
    found = build(bench)
    bench.opened.callback(found.close)
    return found


@pytest.fixture
def client(bench: Bench) -> CampaignClient:
    found = client_of(bench)
    bench.opened.callback(found.close)
    return found


def named(bench: Bench, **names: object) -> CampaignProvider:
    client = client_of(bench)
    bench.opened.callback(client.close)
    return CampaignProvider(client, clock=bench.clock, names=CampaignNames.from_mapping(names))


# -- pages


def some_lists(bench: Bench, client: CampaignClient, number: int) -> str:
    prefix = bench.unique("paged")
    rows = [
        row_document("nms:group", "insert", {"name": f"{prefix}-{i:03}"}) for i in range(number)
    ]
    write_collection(client, "nms:group", rows)
    return f"@name LIKE '{prefix}-%'"


@pytest.mark.parametrize("number", [0, 1, 6, 7, 8])
def test_many_pages_give_every_row_once(bench: Bench, client: CampaignClient, number: int) -> None:
    where = some_lists(bench, client, number) if number else "@name = 'no such list'"

    pages = list(select_all(client, "nms:group", (Node("@name"),), (where,), page_size=2))

    names = [row.get("name", "") for page in pages for row in page]
    assert len(names) == len(set(names)) == number
    assert names == sorted(names)
    assert all(len(page) <= 2 for page in pages)


def test_a_page_that_comes_back_short_is_an_error_not_a_smaller_table(
    bench: Bench, client: CampaignClient
) -> None:
    where = some_lists(bench, client, 6)
    # Calls: a page, nothing, the count, nothing again.
    bench.fault(QUERY, status=200, body=EMPTY_PAGE, nth=2, times=1)
    bench.fault(QUERY, status=200, body=EMPTY_PAGE, nth=4, times=1)

    with pytest.raises(InvalidAnswerError, match="6 rows, only 2"):
        list(select_all(client, "nms:group", (ID,), (where,), page_size=2))


def test_a_row_that_came_while_counting_is_read_too(bench: Bench, client: CampaignClient) -> None:
    where = some_lists(bench, client, 4)
    bench.fault(QUERY, status=200, body=EMPTY_PAGE, nth=2, times=1)

    pages = list(select_all(client, "nms:group", (ID,), (where,), page_size=2))

    assert [len(each) for each in pages] == [2, 2]


def test_a_server_that_caps_pages_is_read_to_the_end(bench: Bench, client: CampaignClient) -> None:
    where = some_lists(bench, client, 3)
    first = get_first(client, "nms:group", (ID,), (where,))
    assert first is not None
    capped = EMPTY_PAGE.replace(
        "<group-collection/>",
        f'<group-collection><group id="{first.get("id")}"/></group-collection>',
    )
    bench.fault(QUERY, status=200, body=capped, nth=1, times=1)

    pages = list(select_all(client, "nms:group", (ID,), (where,), page_size=50))

    assert [len(each) for each in pages] == [1, 2]


def test_rows_out_of_order_are_an_error(bench: Bench, client: CampaignClient) -> None:
    bench.fault(QUERY, status=200, body=WRONG_ORDER)

    with pytest.raises(InvalidAnswerError, match="not ordered"):
        list(select_all(client, "nms:group", (ID,), page_size=2))


def test_lists_and_their_shared_side_come_from_one_read(
    bench: Bench, provider: CampaignProvider
) -> None:
    marked = provider.create(
        "campaign.sharedList", shared_list(bench, provider, bench.unique("both"))
    )
    bench.forget_calls()

    state = provider.read(["campaign.list", "campaign.sharedList"], bench.observer, within={})

    assert {("campaign.list", marked.id), ("campaign.sharedList", marked.id)} <= state.by_id.keys()
    assert len(bench.calls()) == 2


# -- names and rights


def test_every_configured_name_is_in_the_live_schemas(provider: CampaignProvider) -> None:
    results = provider.probe()

    assert {each.setting for each in results if each.present is False} == set()
    assert {each.setting for each in results if each.present is None} == {
        "readListActivity",
        "updateAudienceActivity",
    }
    assert len(results) > 12


def test_a_wrong_name_is_reported_and_never_written_to(bench: Bench) -> None:
    good = build(bench)
    bench.opened.callback(good.close)
    fields = shared_list(bench, good, bench.unique("misnamed"))
    wrong = named(bench, listIsShared="@isShared")

    missing = [each for each in wrong.probe() if each.present is False]
    # Reading asks for the name as well; so a write is tried on what was read before.
    marked = good.create("campaign.sharedList", fields)
    with pytest.raises(RejectedError, match=r"listIsShared|isShared"):
        wrong.delete(marked)

    assert [(each.setting, each.schema, each.xpath) for each in missing] == [
        ("listIsShared", "nms:group", "@isShared")
    ]
    assert good.get("campaign.sharedList", marked.id) is not None


def test_a_missing_schema_of_data_sources_is_reported(bench: Bench) -> None:
    provider = named(bench, dataSourceSchema="cus:amcSource")

    results = {each.setting: each for each in provider.probe()}

    assert results["dataSourceSchema"].present is False
    assert results["dataSourceLabel"].present is False
    with pytest.raises(RejectedError, match="cus:amcSource"):
        provider.read(["campaign.dataSource"], bench.observer, within={})
    with pytest.raises(RejectedError, match="nothing was written"):
        provider.create("campaign.dataSource", data_source(bench, provider, bench.unique("s")))


def test_an_attribute_that_the_server_does_not_keep_is_named(bench: Bench) -> None:
    # Who made a row is the server's own: what is written there is dropped without a word.
    provider = named(bench, dataSourceAamDestination="[@createdBy-id]")

    with pytest.raises(
        RejectedError, match=r"did not keep aamDestination .*@createdBy-id"
    ) as caught:
        provider.create("campaign.dataSource", data_source(bench, provider, bench.unique("s")))

    assert caught.value.may_have_happened


def test_prerequisites_are_read_as_they_stand(provider: CampaignProvider) -> None:
    found = provider.prerequisites()

    assert [each.works for each in found.workflows] == [True, True]
    assert [(each.name, each.exists) for each in found.accounts] == [
        ("importSharedAudience", True),
        ("exportSharedAudience", True),
    ]
    assert found.data_source.exists
    assert found.data_source.aam_data_source == "0"


def test_the_operator_is_the_one_that_signed_in(bench: Bench) -> None:
    marketer = build(bench, client="marketer")
    bench.opened.callback(marketer.close)

    found = marketer.who_am_i()

    assert str(found) == "marketer"
    assert found.may_administer


def test_a_schema_without_audit_attributes_is_read_without_them(
    bench: Bench, provider: CampaignProvider
) -> None:
    made = provider.create("campaign.list", group(bench, provider, bench.unique("unaudited")))
    refused = "XTK-170036 Unable to parse expression '@lastModified'."
    bench.fault(QUERY, "soap_fault", body=refused, times=1)
    reader = build(bench)
    bench.opened.callback(reader.close)

    state = reader.read(["campaign.list", "campaign.sharedList"], bench.observer, within={})

    assert made.changed_at is not None
    row = state.by_id["campaign.list", made.id]
    assert (row.fields, row.changed_at, row.changed_by) == (made.fields, None, "")


def test_a_query_refused_for_another_reason_is_not_asked_again(
    bench: Bench, provider: CampaignProvider
) -> None:
    bench.fault(QUERY, "soap_fault", body="XFR-180000 Unknown schema.")

    with pytest.raises(RejectedError):
        provider.read(["campaign.list"], bench.observer, within={})

    assert [each["path"] for each in bench.calls()].count("xtk:queryDef#ExecuteQuery") == 1


def test_server_time_is_aware(client: CampaignClient) -> None:
    assert server_time(client).utcoffset() is not None


# -- uniqueness


@pytest.mark.parametrize("object_type", ["campaign.list", "campaign.externalAccount"])
def test_a_second_create_of_the_same_key_conflicts(
    bench: Bench, provider: CampaignProvider, object_type: str
) -> None:
    build_fields = {"campaign.list": group, "campaign.externalAccount": external_account}
    fields = build_fields[object_type](bench, provider, bench.unique("twice"))
    made = provider.create(object_type, fields)

    with pytest.raises(ConflictError) as caught:
        provider.create(object_type, fields)

    assert not caught.value.may_have_happened
    assert "never-to-be-seen" not in str(caught.value)
    assert provider.find(object_type, made.key) == made


@pytest.mark.parametrize(
    "name", ["O'Neil's", "back\\slash", "\\' OR 1=1 --", "100%_", '"quoted" <&>', "naïve ✓"]
)
def test_any_name_is_found_and_nothing_else(
    bench: Bench, provider: CampaignProvider, name: str
) -> None:
    fields = {**group(bench, provider, "x"), "name": f"{bench.unique('odd')} {name}"}

    made = provider.create("campaign.list", fields)

    assert provider.find("campaign.list", (str(fields["name"]),)) == made


def test_a_list_renamed_meanwhile_is_not_deleted(bench: Bench, provider: CampaignProvider) -> None:
    made = provider.create("campaign.list", group(bench, provider, bench.unique("before")))
    renamed = provider.update(made, {"name": bench.unique("after")})

    with pytest.raises(ConflictError, match="still there"):
        provider.delete(made)

    assert provider.get("campaign.list", made.id) == renamed


def test_a_list_without_a_folder_refers_to_none(bench: Bench, provider: CampaignProvider) -> None:
    made = provider.create("campaign.list", {"name": bench.unique("loose"), "folder": None})

    assert made.fields["folder"] is None
    assert made.fields["label"] is None


def test_a_foreign_key_may_be_declared_by_its_link_alone(
    bench: Bench, provider: CampaignProvider
) -> None:
    links = (
        "<element name='amcDataSource' type='link'/>"
        "<element name='a' type='link'><join xpath-src='@other-id' xpath-dst='@id'/></element>"
    )
    body = (
        "<Envelope><Body><GetEntityIfMoreRecentResponse><pdomDoc><schema namespace='nms' name='group'>"
        f"<element name='group'>{links}</element></schema></pdomDoc></GetEntityIfMoreRecentResponse></Body>"
        "</Envelope>"
    )
    bench.fault("SOAP xtk:persist#GetEntityIfMoreRecent", status=200, body=body)
    catalog = SchemaCatalog(provider.client)

    assert catalog.has_path("nms:group", "[@amcDataSource-id]")
    assert catalog.has_path("nms:group", "[@other-id]")
    assert catalog.has_path("nms:group", "amcDataSource")
    assert not catalog.has_path("nms:group", "[@a-id]")
    assert not catalog.has_path("nms:group", "@amcDataSource")


# -- shared lists


def test_a_list_is_marked_once_and_stays_when_the_mark_goes(
    bench: Bench, provider: CampaignProvider
) -> None:
    fields = shared_list(bench, provider, bench.unique("marked"))
    marked = provider.create("campaign.sharedList", fields)

    with pytest.raises(ConflictError, match="already"):
        provider.create("campaign.sharedList", fields)
    provider.delete(marked)

    assert provider.get("campaign.sharedList", marked.id) is None
    assert provider.get("campaign.list", marked.id) is not None
    again = provider.create("campaign.sharedList", {"list": marked.id, "audience": "1"})
    assert again.fields["audienceName"] is None


def test_a_list_that_is_not_there_cannot_be_marked(provider: CampaignProvider) -> None:
    with pytest.raises(NotFoundError):
        provider.create("campaign.sharedList", {"list": "987654321", "audience": "1"})


def test_text_that_is_no_id_names_no_object(provider: CampaignProvider) -> None:
    assert provider.get("campaign.list", "0 OR 1=1") is None
    with pytest.raises(RejectedError):
        provider.create("campaign.sharedList", {"list": "1 OR 1=1", "audience": "1"})


# -- folders


def test_a_folder_holds_what_its_parent_holds_and_is_removed_only_when_empty(
    bench: Bench, provider: CampaignProvider
) -> None:
    path = f"{LISTS}/{bench.unique('Web & Co')}"
    made = provider.create("campaign.folder", {"path": path, "parent": folder_id(provider)})
    inner = provider.create("campaign.folder", {"path": f"{path}/Deep", "parent": made.id})
    row = get_first(provider.client, "xtk:folder", (ID, Node("@model")), (f"@id = {inner.id}",))
    held = provider.create(
        "campaign.list", {"name": bench.unique("held"), "label": "x", "folder": inner.id}
    )

    assert row is not None
    assert row.get("model") == "nmsGroup"
    assert made.origin is Origin.CUSTOMER
    lists = provider.find("campaign.folder", (LISTS,))
    assert lists is not None
    assert lists.origin is Origin.SERVER
    for full in (made, inner):
        with pytest.raises(ConflictError, match="it holds 1 rows"):
            provider.delete(full)
    provider.delete(held)
    provider.delete(inner)
    provider.delete(made)
    assert provider.find("campaign.folder", (path,)) is None


def test_a_new_folder_takes_its_parents_model(bench: Bench, provider: CampaignProvider) -> None:
    jobs = "/Profiles and Targets/Jobs"
    fields = {"path": f"{jobs}/{bench.unique('Exports')}", "parent": folder_id(provider, jobs)}

    made = provider.create("campaign.folder", fields)

    row = get_first(provider.client, "xtk:folder", (ID, Node("@model")), (f"@id = {made.id}",))
    assert row is not None
    assert row.get("model") == "xtkWorkflow"


def test_the_same_path_is_never_made_twice(bench: Bench, provider: CampaignProvider) -> None:
    fields = {"path": f"{LISTS}/{bench.unique('Once')}", "parent": folder_id(provider)}
    provider.create("campaign.folder", fields)

    with pytest.raises(ConflictError):
        provider.create("campaign.folder", fields)


@pytest.mark.parametrize(
    ("path", "parent", "words"),
    [
        ("/Marketing", "", "top-level"),
        ("/Elsewhere/Lists/Web", LISTS, "not its parent"),
    ],
)
def test_a_folder_is_only_made_under_its_parent(
    provider: CampaignProvider, path: str, parent: str, words: str
) -> None:
    fields = {"path": path, "parent": folder_id(provider, parent) if parent else ""}

    with pytest.raises(RejectedError, match=words):
        provider.create("campaign.folder", fields)


# -- workflows


def test_a_workflow_starts_stops_and_comes_back_as_it_was_written(
    bench: Bench, provider: CampaignProvider
) -> None:
    fields = {**workflow(bench, provider, bench.unique("export")), "running": True}
    live = provider.create("campaign.workflow", fields)
    assert {name: live.fields[name] for name in fields} == fields

    bench.forget_calls()
    paused = provider.update(live, {"running": False})
    commands = [each["path"] for each in bench.calls() if "queryDef" not in each["path"]]
    assert commands == ["xtk:workflow#Stop"]
    assert {**paused.fields, "running": True} == live.fields

    assert provider.update(paused, {"running": True}).fields == live.fields


def test_a_changed_definition_restarts_a_running_workflow(
    bench: Bench, provider: CampaignProvider
) -> None:
    fields = {**workflow(bench, provider, bench.unique("export")), "running": True}
    live = provider.create("campaign.workflow", fields)
    bench.forget_calls()

    changed = provider.update(live, {"schedule": "every 6h"})

    writes = [each["path"] for each in bench.calls() if "queryDef" not in each["path"]]
    # Written while it stands still: a run that is killed in between leaves one that the next plan starts.
    assert writes == ["xtk:workflow#Stop", "xtk:persist#Write", "xtk:workflow#Start"]
    assert changed.fields == {**live.fields, "schedule": "every 6h"}


def test_a_label_is_changed_without_touching_the_definition(
    bench: Bench, provider: CampaignProvider
) -> None:
    live = provider.create("campaign.workflow", workflow(bench, provider, bench.unique("export")))
    _add_activity(provider.client, live.key[0])
    rearranged = provider.get("campaign.workflow", live.id)
    assert rearranged is not None

    renamed = provider.update(rearranged, {"label": "Renamed"})

    assert renamed.fields["schedule"] == f"daily 03:00{REARRANGED}"


def test_a_chain_changed_by_hand_shows_and_is_healed_by_writing_the_schedule(
    bench: Bench, provider: CampaignProvider
) -> None:
    live = provider.create("campaign.workflow", workflow(bench, provider, bench.unique("export")))
    _add_activity(provider.client, live.key[0])

    changed = provider.get("campaign.workflow", live.id)

    assert changed is not None
    assert changed.fingerprint() != live.fingerprint()
    assert {**changed.fields, "schedule": "daily 03:00"} == live.fields
    healed = provider.update(changed, {"schedule": "daily 03:00"})
    assert healed.fields == live.fields


def test_noise_of_the_console_is_no_change(bench: Bench, provider: CampaignProvider) -> None:
    live = provider.create("campaign.workflow", workflow(bench, provider, bench.unique("export")))
    activities = _activities(provider.client, live.key[0])
    for number, each in enumerate(activities):
        each.set("x", str(number * 7))
        each.set("img", "xtk:activities/other.png")
        each.set("internalId", str(number))
        etree.SubElement(each, "humanCond").text = "Query: something"
    _write_activities(provider.client, live.key[0], activities)

    again = provider.get("campaign.workflow", live.id)

    assert again is not None
    assert again.fields == live.fields


def test_a_query_takes_the_place_of_a_list(bench: Bench, provider: CampaignProvider) -> None:
    live = provider.create("campaign.workflow", workflow(bench, provider, bench.unique("export")))
    condition = "@email IS NOT NULL and [location/@city] = 'O\\'Fallon & <Co>'"

    changed = provider.update(live, {"sourceQuery": condition, "sourceList": None})

    assert changed.fields["sourceQuery"] == condition
    assert changed.fields.get("sourceList") is None
    again = provider.update(changed, {"sourceList": live.fields["sourceList"]})
    assert {**again.fields, "sourceQuery": None} == {**live.fields, "sourceQuery": None}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sourceList": None}, "either a list or"),
        ({"sourceQuery": "@id > 0"}, "either a list or"),
        ({"audience": None}, "needs an audience"),
        ({"schedule": "every minute"}, "is no schedule"),
        ({"schedule": "every 5m"}, "forbidden"),
    ],
)
def test_half_a_workflow_is_refused_before_anything_is_written(
    bench: Bench, provider: CampaignProvider, change: dict[str, object], words: str
) -> None:
    fields = {**workflow(bench, provider, bench.unique("half")), **change}
    bench.forget_calls()

    with pytest.raises(RejectedError, match=words):
        provider.create("campaign.workflow", fields)

    assert bench.calls() == []


def test_the_systems_own_workflows_are_read_as_its_own(
    bench: Bench, provider: CampaignProvider
) -> None:
    state = provider.read(["campaign.workflow"], bench.observer, within={})

    technical = state.by_key["campaign.workflow", ("importSharedAudience",)]
    assert [each.origin for each in technical] == [Origin.SERVER]
    assert technical[0].fields["running"] is True
    assert "audience" not in technical[0].fields


def test_a_workflow_that_does_not_start_in_time_is_told_as_unknown(
    bench: Bench, provider: CampaignProvider
) -> None:
    live = provider.create("campaign.workflow", workflow(bench, provider, bench.unique("slow")))
    empty = "<Envelope><Body><StartResponse/></Body></Envelope>"
    bench.fault("SOAP xtk:workflow#Start", status=200, body=empty)

    with pytest.raises(UnreachableError, match="in state 0 after 120 s") as caught:
        provider.update(live, {"running": True})

    assert caught.value.may_have_happened
    assert 100 < sum(bench.clock.slept) <= 120
    assert bench.clock.slept[:5] == [0.5, 1.0, 2.0, 4.0, 5.0]


def test_a_workflow_that_fails_on_its_way_is_told_with_the_activity(
    bench: Bench, provider: CampaignProvider
) -> None:
    live = provider.create("campaign.workflow", workflow(bench, provider, bench.unique("failing")))
    failing = EMPTY_PAGE.replace(
        "<group-collection/>",
        f'<workflow id="{live.id}" state="13" failed="1" errorActivity="source"/>',
    )
    bench.fault(QUERY, status=200, body=failing, nth=2, times=1)

    with pytest.raises(RejectedError, match="failed in activity 'source'") as caught:
        provider.update(live, {"running": True})

    assert caught.value.may_have_happened


def test_a_workflow_that_vanishes_on_its_way_is_told_as_gone(client: CampaignClient) -> None:
    with pytest.raises(NotFoundError, match="is gone"):
        await_state(client, "no-such", STARTED, clock=FakeClock(), limit_s=1)


# Woken up it runs at once, and stops in error: this instance has no data source ids to export with.
@pytest.mark.parametrize(
    ("command", "state"), [(pause, 13), (restart, 11), (wake_up, 13), (stop, 20)]
)
def test_every_command_is_given_by_internal_name(
    bench: Bench,
    provider: CampaignProvider,
    command: Callable[[CampaignClient, str], None],
    state: int,
) -> None:
    fields = {**workflow(bench, provider, bench.unique("commanded")), "running": True}
    live = provider.create("campaign.workflow", fields)

    command(provider.client, live.key[0])

    row = get_first(provider.client, "xtk:workflow", (ID, *STATE_NODES), (f"@id = {live.id}",))
    assert row is not None
    assert state_of(row).state == state


def test_a_running_workflow_is_stopped_before_it_is_deleted(
    bench: Bench, provider: CampaignProvider
) -> None:
    fields = {**workflow(bench, provider, bench.unique("gone")), "running": True}
    live = provider.create("campaign.workflow", fields)
    bench.forget_calls()

    provider.delete(live)

    paths = [each["path"] for each in bench.calls() if "queryDef" not in each["path"]]
    assert paths == ["xtk:workflow#Stop", "xtk:persist#DeleteCollection"]


def _activities(client: CampaignClient, name: str) -> etree._Element:
    row = get_first(client, "xtk:workflow", (ID, Node("data")), (equals("@internalName", name),))
    assert row is not None
    data = child(row, "data")
    assert data is not None
    found = child(data, "activities")
    assert found is not None
    return etree.fromstring(etree.tostring(found))


def _write_activities(client: CampaignClient, name: str, activities: etree._Element) -> None:
    row = row_document("xtk:workflow", "update", {"internalName": name}, key="@internalName")
    row.append(activities)
    write(client, row)


def _add_activity(client: CampaignClient, name: str) -> None:
    """Put a deduplication between source and audience, as a person in the console would."""
    activities = _activities(client, name)
    extra = etree.SubElement(activities, "dedup", {"name": "dedup", "label": "Deduplication"})
    for transition in activities.iter():
        if transition.get("target") == "audience":
            transition.set("target", "dedup")
    result = etree.SubElement(etree.SubElement(extra, "transitions"), "result")
    result.set("name", "result")
    result.set("target", "audience")
    _write_activities(client, name, activities)
