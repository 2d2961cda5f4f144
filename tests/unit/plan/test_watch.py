"""``lifecycle.manage: observe``: compared and told about, never written, never owned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audctl.model.change import Change
from audctl.model.finding import Severity
from tests.build import make_desired, make_entry, make_ledger, make_live, make_plan, make_state
from tests.memory import World

if TYPE_CHECKING:
    from audctl.model.desired import DesiredObject

OBSERVE: dict[str, Any] = {"lifecycle": {"manage": "observe"}}
LIST = "List/vips#campaign.list"


def watched(**fields: str) -> DesiredObject:
    return make_desired(LIST, {"name": "vips", **fields}, observed=True, **OBSERVE)


def test_an_observed_resource_that_is_as_it_should_be_says_nothing() -> None:
    live = make_live("campaign.list", "7", {"name": "vips", "label": "VIPs"})
    plan = make_plan([watched(label="VIPs")], make_state(live), make_ledger())
    assert [(step.change, step.fields) for step in plan.steps] == [(Change.KEEP, ())]
    assert plan.findings == ()
    assert plan.unmanaged == {}


def test_a_difference_is_told_and_nothing_is_to_be_done() -> None:
    live = make_live(
        "campaign.list", "7", {"name": "vips", "label": "Very important"}, changed_by="eve"
    )
    plan = make_plan([watched(label="VIPs")], make_state(live), make_ledger(), adopt=True)
    (step,) = plan.steps
    assert plan.is_empty
    assert [(each.field, each.before, each.after) for each in step.fields] == [
        ("label", "Very important", "VIPs")
    ]
    (finding,) = plan.findings
    assert (finding.code, finding.severity) == ("AUD2301", Severity.WARNING)
    assert '"Very important" → "VIPs"' in finding.message
    assert "by eve" in finding.message


def test_a_missing_one_is_told_and_not_made() -> None:
    plan = make_plan([watched()], make_state(), make_ledger())
    assert plan.steps == ()
    assert [each.code for each in plan.findings] == ["AUD2302"]


def test_what_needs_a_missing_one_waits_for_a_person() -> None:
    shared = make_desired(
        "ImportBinding/in#campaign.sharedList",
        {"list": f"@{LIST}", "audienceName": "VIPs"},
    )
    plan = make_plan([watched(), shared], make_state(), make_ledger())
    (step,) = plan.steps
    assert step.change is Change.MANUAL
    assert LIST in step.reason


@pytest.mark.parametrize("label", ["VIPs", "Somebody's"])
def test_an_owned_one_that_becomes_observed_is_let_go_and_left_alone(label: str) -> None:
    world = World(
        [make_live("campaign.list", "7", {"name": "vips", "label": label})],
        make_ledger(make_entry(LIST, "7", {"name": "vips", "label": "VIPs"})),
    )
    plan = world.plan([watched(label="VIPs")])
    assert [(step.change, step.live_id) for step in plan.steps] == [(Change.FORGET, "7")]
    world.apply(plan)
    assert world.writes == []
    assert world.store.ledger.entries == {}
    assert world.plan([watched(label="VIPs")]).is_empty


def test_removing_the_manifest_of_an_observed_one_does_nothing() -> None:
    other = make_desired("List/other#campaign.list", {"name": "other"})
    world = World([make_live("campaign.list", "7", {"name": "vips"})])
    world.apply(world.plan([watched(), other]))
    plan = world.plan([other])
    assert plan.is_empty
    assert plan.unmanaged == {"campaign.list": 1}


def test_an_owned_one_is_recognised_by_the_record_even_when_its_key_changed() -> None:
    live = make_live("campaign.list", "7", {"name": "renamed"})
    ledger = make_ledger(make_entry(LIST, "7", {"name": "vips"}))
    plan = make_plan([watched()], make_state(live), ledger)
    assert [step.change for step in plan.steps] == [Change.FORGET]
    assert [each.code for each in plan.findings] == ["AUD2301"]


def test_a_secret_that_nobody_can_read_is_no_difference() -> None:
    account = make_desired(
        "ExternalAccount/in#campaign.externalAccount",
        {"name": "in", "secretAccessKey": "hush"},
        observed=True,
        **OBSERVE,
    )
    live = make_live("campaign.externalAccount", "7", {"name": "in"})
    plan = make_plan([account], make_state(live), make_ledger())
    assert plan.findings == ()
    assert plan.is_empty


@pytest.mark.parametrize("previous", [["old"], []])
def test_a_renamed_one_that_becomes_observed_is_not_deleted_for_its_old_name(
    previous: list[str],
) -> None:
    entry = make_entry("List/old#campaign.list", "7", {"name": "vips"}, deletion_policy="Delete")
    world = World([make_live("campaign.list", "7", {"name": "vips"})], make_ledger(entry))
    wanted = make_desired(LIST, {"name": "vips"}, observed=True, previousNames=previous, **OBSERVE)
    plan = world.plan([wanted])
    assert [(str(step.address), step.change) for step in plan.steps] == [
        ("List/old#campaign.list", Change.FORGET)
    ]
    world.apply(plan)
    assert world.writes == []
    assert world.store.ledger.entries == {}
