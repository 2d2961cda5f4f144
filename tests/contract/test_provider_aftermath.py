"""Every object type, both providers: a write went through, and then something failed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audctl.errors import ProviderError
from tests.contract.audience_manager_cases import CASES as AUDIENCE_MANAGER
from tests.contract.audience_manager_cases import build as build_audience_manager
from tests.contract.audience_manager_cases import segment
from tests.contract.campaign_cases import CASES as CAMPAIGN
from tests.contract.campaign_cases import QUERY, WRITE, build, group, workflow

if TYPE_CHECKING:
    from audctl.model.live import LiveObject
    from audctl.ports import Provider
    from tests.contract.bench import Bench
    from tests.contract.case import Case

READ_BACK = [
    (each, verb)
    for each in (*AUDIENCE_MANAGER, *CAMPAIGN)
    for verb in ("create", "update", "delete")
]
START = "SOAP xtk:workflow#Start"
STOP = "SOAP xtk:workflow#Stop"


def prepared(
    case: Case, bench: Bench, provider: Provider, verb: str
) -> LiveObject | dict[str, Any]:
    """Return what the verb needs: fields to create, or an object."""
    fields = case.fields(bench, provider, bench.unique("it"))
    return fields if verb == "create" else provider.create(case.type, fields)


def carry_out(
    case: Case, bench: Bench, provider: Provider, subject: LiveObject | dict[str, Any], verb: str
) -> None:
    if isinstance(subject, dict):
        provider.create(case.type, subject)
    elif verb == "update":
        provider.update(subject, case.change(bench))
    else:
        provider.delete(subject)


def is_read(call: dict[str, str]) -> bool:
    return call["method"] == "GET" or call["path"] == QUERY.partition(" ")[2]


@pytest.mark.parametrize(
    ("written", "verb"), READ_BACK, ids=[f"{each} {verb}" for each, verb in READ_BACK]
)
def test_a_write_that_cannot_be_read_back_may_have_happened(
    written: Case, verb: str, bench: Bench
) -> None:
    case = written
    provider = bench.provider(case)
    carry_out(case, bench, provider, prepared(case, bench, provider, verb), verb)
    subject = prepared(case, bench, provider, verb)
    bench.forget_calls()
    carry_out(case, bench, provider, subject, verb)
    reads = [is_read(each) for each in bench.calls()]
    last_write = max(number for number, read in enumerate(reads) if not read)
    before = sum(reads[:last_write])
    assert sum(reads) > before

    subject = prepared(case, bench, provider, verb)
    route = QUERY if case.create_route.startswith("SOAP") else "GET *"
    bench.fault(route, nth=before + 1, times=1000, status=503)
    bench.forget_calls()
    with pytest.raises(ProviderError, match="503") as caught:
        carry_out(case, bench, provider, subject, verb)

    assert not all(is_read(each) for each in bench.calls())
    assert caught.value.may_have_happened
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("written", "verb"), READ_BACK, ids=[f"{each} {verb}" for each, verb in READ_BACK]
)
def test_a_write_that_is_answered_as_done_and_is_not_done_is_noticed(
    written: Case, verb: str, bench: Bench
) -> None:
    case = written
    provider = bench.provider(case)
    subject = prepared(case, bench, provider, verb)
    campaign = case.create_route.startswith("SOAP")
    bench.fault("SOAP xtk:persist#*" if campaign else "* /v1/*", "lost_write")

    with pytest.raises(ProviderError):
        carry_out(case, bench, provider, subject, verb)


@pytest.mark.parametrize("created", AUDIENCE_MANAGER, ids=str)
def test_another_objects_number_makes_it_none_of_ours(created: Case, bench: Bench) -> None:
    case = created
    provider = bench.provider(case)
    theirs = provider.create(case.type, case.fields(bench, provider, bench.unique("theirs")))
    fields = case.fields(bench, provider, bench.unique("ours"))
    named = dict.fromkeys(
        ("dataSourceId", "sid", "destinationId", "destinationMappingId", "folderId"), int(theirs.id)
    )
    bench.fault(case.create_route, status=201, body=json.dumps(named))

    with pytest.raises(ProviderError, match="another object") as caught:
        provider.create(case.type, fields)

    assert caught.value.may_have_happened


@pytest.mark.parametrize("deleted", AUDIENCE_MANAGER, ids=str)
def test_a_delete_that_is_answered_with_404_is_looked_after(deleted: Case, bench: Bench) -> None:
    case = deleted
    provider = bench.provider(case)
    subject = prepared(case, bench, provider, "delete")
    bench.fault("DELETE /v1/*", status=404)

    with pytest.raises(ProviderError, match="still there"):
        carry_out(case, bench, provider, subject, "delete")


def a_workflow(bench: Bench, *, running: bool) -> tuple[Provider, LiveObject]:
    provider = build(bench)
    bench.opened.callback(provider.close)
    fields = {**workflow(bench, provider, bench.unique("export")), "running": running}
    return provider, provider.create("campaign.workflow", fields)


def test_a_new_workflow_that_is_refused_its_start_was_still_made(bench: Bench) -> None:
    provider, _ = a_workflow(bench, running=False)
    fields = {**workflow(bench, provider, bench.unique("export")), "running": True}
    bench.fault(START, "soap_fault")

    with pytest.raises(ProviderError) as caught:
        provider.create("campaign.workflow", fields)

    assert caught.value.may_have_happened
    made = provider.find("campaign.workflow", (str(fields["name"]),))
    assert made is not None
    assert made.fields["running"] is False


def test_a_changed_definition_whose_start_is_refused_was_still_written(bench: Bench) -> None:
    provider, live = a_workflow(bench, running=True)
    bench.fault(START, "soap_fault")

    with pytest.raises(ProviderError) as caught:
        provider.update(live, {"schedule": "every 6h"})

    assert caught.value.may_have_happened
    after = provider.get("campaign.workflow", live.id)
    assert after is not None
    assert after.fields["schedule"] == "every 6h"


def test_a_workflow_that_cannot_be_stopped_is_not_written(bench: Bench) -> None:
    provider, live = a_workflow(bench, running=True)
    bench.fault(STOP, "soap_fault")

    with pytest.raises(ProviderError) as caught:
        provider.update(live, {"schedule": "every 6h"})

    assert not caught.value.may_have_happened
    assert provider.get("campaign.workflow", live.id) == live


@pytest.mark.parametrize("fault", ["soap_fault", "lost_write"])
def test_a_workflow_whose_new_definition_is_refused_or_lost_runs_on(
    bench: Bench, fault: str
) -> None:
    provider, live = a_workflow(bench, running=True)
    bench.fault(WRITE, fault)

    with pytest.raises(ProviderError) as caught:
        provider.update(live, {"schedule": "every 6h"})

    assert caught.value.may_have_happened
    after = provider.get("campaign.workflow", live.id)
    assert after is not None
    assert after.fields == live.fields


@pytest.mark.parametrize(("route", "running"), [(START, False), (STOP, True)])
def test_a_command_that_is_refused_alone_changed_nothing(
    bench: Bench, route: str, *, running: bool
) -> None:
    provider, live = a_workflow(bench, running=running)
    bench.fault(route, "soap_fault")

    with pytest.raises(ProviderError) as caught:
        provider.update(live, {"running": not running})

    assert not caught.value.may_have_happened
    assert provider.get("campaign.workflow", live.id) == live


def test_a_command_whose_effect_cannot_be_seen_may_have_happened(bench: Bench) -> None:
    provider, live = a_workflow(bench, running=True)
    bench.fault(QUERY, nth=2, times=1000, status=503)

    with pytest.raises(ProviderError) as caught:
        provider.update(live, {"running": False})

    bench.no_more_faults()
    bench.clock.sleep(3600)
    assert caught.value.may_have_happened
    after = provider.get("campaign.workflow", live.id)
    assert after is not None
    assert after.fields["running"] is False


def test_a_workflow_stopped_for_a_delete_that_is_refused_has_changed(bench: Bench) -> None:
    provider, live = a_workflow(bench, running=True)
    bench.fault("SOAP xtk:persist#DeleteCollection", "soap_fault")

    with pytest.raises(ProviderError) as caught:
        provider.delete(live)

    assert caught.value.may_have_happened
    after = provider.get("campaign.workflow", live.id)
    assert after is not None
    assert after.fields["running"] is False


def test_a_replace_that_is_kept_otherwise_did_happen(bench: Bench) -> None:
    provider = build_audience_manager(bench)
    bench.opened.callback(provider.close)
    live = provider.create("aam.segment", segment(bench, provider, bench.unique("it")))
    bench.fault("PUT /v1/segments/*", status=200, body="{}")

    with pytest.raises(ProviderError, match="reads back different") as caught:
        provider.update(live, {"status": "paused"})

    assert caught.value.may_have_happened


def test_a_replace_whose_conflict_cannot_be_looked_into_may_have_happened(bench: Bench) -> None:
    provider = build_audience_manager(bench)
    bench.opened.callback(provider.close)
    live = provider.create("aam.segment", segment(bench, provider, bench.unique("it")))
    # The first answer is lost; then the precondition no longer holds, because the write went through.
    bench.fault("PUT /v1/segments/*", "cut", when="after", times=1)
    bench.fault(f"GET /v1/segments/{live.id}", nth=2, times=1000, status=503)

    with pytest.raises(ProviderError, match="503") as caught:
        provider.update(live, {"status": "paused"})

    assert caught.value.may_have_happened


def test_a_write_tried_twice_may_have_happened_the_first_time(bench: Bench) -> None:
    provider = build_audience_manager(bench)
    bench.opened.callback(provider.close)
    live = provider.create("aam.segment", segment(bench, provider, bench.unique("it")))
    bench.fault("PUT /v1/segments/*", "cut", when="after", times=1)
    bench.fault("PUT /v1/segments/*", status=429, headers={"Retry-After": "3600"})

    with pytest.raises(ProviderError, match="429") as caught:
        provider.update(live, {"status": "paused"})

    bench.no_more_faults()
    bench.clock.sleep(3600)
    assert caught.value.may_have_happened
    after = provider.get("aam.segment", live.id)
    assert after is not None
    assert after.fields["status"] == "paused"


@pytest.mark.parametrize("fault", ["soap_fault", "expired_token"])
def test_a_fault_on_the_second_try_does_not_forget_the_first_one(bench: Bench, fault: str) -> None:
    provider = build(bench)
    bench.opened.callback(provider.close)
    live = provider.create("campaign.list", group(bench, provider, bench.unique("it")))
    bench.fault(WRITE, "cut", when="after", times=1)
    if fault == "soap_fault":
        bench.fault(WRITE, fault, body="XTK-170036 Refused.")
    else:
        bench.fault(WRITE, fault, times=1)
        bench.fault(WRITE, "soap_fault", body="XTK-170036 Refused.")

    with pytest.raises(ProviderError, match="XTK-170036") as caught:
        provider.update(live, {"label": "Renamed"})

    bench.no_more_faults()
    assert caught.value.may_have_happened
    after = provider.get("campaign.list", live.id)
    assert after is not None
    assert after.fields["label"] == "Renamed"


def test_a_row_written_twice_may_have_been_written_the_first_time(bench: Bench) -> None:
    provider = build(bench)
    bench.opened.callback(provider.close)
    live = provider.create("campaign.list", group(bench, provider, bench.unique("it")))
    bench.fault(WRITE, "cut", when="after", times=1)
    bench.fault(WRITE, status=429, headers={"Retry-After": "3600"})

    with pytest.raises(ProviderError, match="429") as caught:
        provider.update(live, {"label": "Renamed"})

    bench.no_more_faults()
    bench.clock.sleep(3600)
    assert caught.value.may_have_happened
    after = provider.get("campaign.list", live.id)
    assert after is not None
    assert after.fields["label"] == "Renamed"
