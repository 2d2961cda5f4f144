"""What a plan to delete asks once more, over HTTP: destinations that the project does not name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from audctl.model.policy import PlanPolicy
from audctl.operations.uses import with_all_uses
from audctl.plan.build import complete_plan, draft_plan
from tests.build import HERE, make_desired, make_entry, make_ledger
from tests.contract import audience_manager_cases

if TYPE_CHECKING:
    from audctl.model.live import LiveState
    from audctl.model.plan import Plan
    from audctl.operations.connect import Connection
    from audctl.plan.build import Draft
    from audctl.providers.audience_manager import AudienceManagerProvider
    from tests.contract.bench import Bench

VIP, OPENERS = "8000001", "8000002"
"""In the sample tenant only the second is mapped, to a partner that no project names."""


@pytest.fixture
def provider(bench: Bench) -> AudienceManagerProvider:
    made = audience_manager_cases.build(bench)
    bench.opened.callback(made.close)
    return made


def read(bench: Bench, provider: AudienceManagerProvider) -> LiveState:
    types = ("aam.segment", "aam.destination", "aam.mapping", "aam.dataSource")
    return provider.read(types, bench.observer, within={})


def deleting(live: LiveState, *segments: str) -> Draft:
    source = next(each for each in live.objects if each.type == "aam.dataSource")
    code = str(source.fields["integrationCode"])
    entries = [
        make_entry(f"Audience/a{each}#aam.segment", each, {}, deletion_policy="Delete")
        for each in segments
    ]
    stay = make_entry("DataSource/s#aam.dataSource", source.id, {"integrationCode": code})
    return draft_plan(
        [make_desired("DataSource/s#aam.dataSource", {"integrationCode": code})],
        live,
        make_ledger(stay, *entries),
        project="shop",
        environment=HERE,
        policy=PlanPolicy(),
    )


def look_again(bench: Bench, provider: AudienceManagerProvider, draft: Draft) -> LiveState:
    connection = cast("Connection", SimpleNamespace(audience_manager=provider))
    return with_all_uses(draft, connection, bench.observer)


def changes(plan: Plan) -> dict[str, str]:
    return {each.live_id: str(each.change) for each in plan.steps if each.type == "aam.segment"}


def test_a_segment_that_an_unnamed_destination_gets_is_not_deleted_and_the_mapping_is_named(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    live = read(bench, provider)
    first = deleting(live, VIP, OPENERS)
    assert [each.code for each in first.findings] == ["AUD2017", "AUD2017"]
    seen = look_again(bench, provider, first)
    plan = complete_plan(deleting(seen, VIP, OPENERS))
    assert changes(plan) == {VIP: "delete", OPENERS: "keep"}
    (kept,) = [each for each in plan.findings if each.code.startswith("AUD20")]
    assert kept.code == "AUD2010"
    assert "aam.mapping" in kept.message
    assert seen.looked_at == {VIP, OPENERS}
    asked = (
        2 + 1 + 1
    )  # the segments, the destination's mappings, and the data sources behind any read
    assert seen.calls["aam"] == live.calls["aam"] + asked


def test_a_plan_that_lets_no_segment_go_asks_nothing(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    live = read(bench, provider)
    before = provider.rest.transport.calls
    assert look_again(bench, provider, deleting(live)) is live
    assert provider.rest.transport.calls == before


def test_a_segment_that_is_gone_is_mapped_to_nothing(provider: AudienceManagerProvider) -> None:
    assert provider.destinations_of(["8999999"]) == {"8999999": frozenset()}


def test_a_look_that_failed_leaves_the_warning(
    bench: Bench, provider: AudienceManagerProvider
) -> None:
    live = read(bench, provider)
    first = deleting(live, VIP)
    bench.fault("GET /v1/segments/*", "status", status=403)
    assert look_again(bench, provider, first) is live
