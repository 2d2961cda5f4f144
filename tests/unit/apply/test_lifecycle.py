"""Whole lives of objects in memory: down the ladder and up again, replaced with what used them, left to others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from audctl.model.address import parse_address
from audctl.model.change import Change
from audctl.model.outcome import Result
from tests.build import NOON, make_desired
from tests.memory import World

if TYPE_CHECKING:
    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import LedgerEntry
    from audctl.model.plan import Plan

SALE = parse_address("Audience/sale#aam.segment")
STAY = make_desired("List/stay#campaign.list", {"name": "stay"})
AUDIENCE = make_desired(
    str(SALE), {"label": "Sale", "integrationCode": "sale", "status": "active", "rule": "9T"}
)


def days(number: int) -> timedelta:
    return timedelta(days=number)


def entry(world: World) -> LedgerEntry:
    return world.store.ledger.entries[SALE]


def changes(plan: Plan) -> dict[str, Change]:
    return {str(each.address): each.change for each in plan.steps}


def gone(world: World, after: int = 0, **more: object) -> Plan:
    """Plan without the audience's manifest, so many days later."""
    plan = world.plan([STAY], now=NOON + days(after), **more)
    world.apply(plan)
    return plan


def test_an_audience_goes_down_the_ladder_one_plan_a_rung() -> None:
    world = World()
    world.apply(world.plan([STAY, AUDIENCE]))
    assert changes(gone(world))[str(SALE)] is Change.PAUSE
    assert (entry(world).removed_at, entry(world).fields["status"]) == (NOON, "paused")
    for after in (0, 1, 29):
        assert changes(gone(world, after))[str(SALE)] is Change.KEEP
        assert entry(world).removed_at == NOON
    assert changes(gone(world, 30))[str(SALE)] is Change.DELETE
    assert SALE not in world.store.ledger.entries
    assert not [each for each in world.labels() if each[0] == "aam.segment"]


def test_a_manifest_that_comes_back_clears_the_tombstone_and_starts_the_audience() -> None:
    world = World()
    world.apply(world.plan([STAY, AUDIENCE]))
    gone(world)
    back = world.plan([STAY, AUDIENCE], now=NOON + days(60))
    assert changes(back)[str(SALE)] is Change.UPDATE
    world.apply(back)
    assert (entry(world).removed_at, entry(world).fields["status"]) == (None, "active")
    assert world.plan([STAY, AUDIENCE]).is_empty
    assert changes(gone(world, 61))[str(SALE)] is Change.PAUSE
    assert entry(world).removed_at == NOON + days(61)


def test_a_tombstone_is_set_without_a_write_where_nothing_is_left_to_pause() -> None:
    world = World()
    world.apply(world.plan([STAY, replaced(AUDIENCE, status="paused")]))
    writes = list(world.writes)
    plan = gone(world, 3)
    assert plan.is_empty
    assert entry(world).removed_at == NOON + days(3)
    assert entry(world).fields["label"] == "Sale"
    assert world.writes == writes
    saved = len(world.store.saved)
    gone(world, 4)
    assert (entry(world).removed_at, len(world.store.saved)) == (NOON + days(3), saved)


def test_days_of_the_manifest_outlive_it() -> None:
    world = World()
    assert AUDIENCE.resource is not None
    lifecycle = replace(AUDIENCE.resource.lifecycle, grace_days=2)
    short = replace(AUDIENCE, resource=replace(AUDIENCE.resource, lifecycle=lifecycle))
    world.apply(world.plan([STAY, short]))
    gone(world)
    assert entry(world).grace_days == 2
    assert changes(gone(world, 1))[str(SALE)] is Change.KEEP
    assert changes(gone(world, 2))[str(SALE)] is Change.DELETE


def test_a_refused_pause_sets_no_tombstone() -> None:
    world = World()
    world.apply(world.plan([STAY, AUDIENCE]))
    plan = world.plan([STAY], now=NOON)
    segments = world.systems["aam"]
    ((key, standing),) = segments.objects.items()
    segments.objects[key] = replace(standing, fields={**standing.fields, "label": "meddled"})
    report = world.apply(plan)
    assert [each.result for each in report.outcomes] == [Result.FAILED]
    assert entry(world).removed_at is None


def replaced(desired: DesiredObject, **fields: str) -> DesiredObject:
    return replace(desired, fields={**desired.fields, **fields})


def test_a_replaced_object_waits_for_its_only_user_to_be_deleted() -> None:
    """A Replace whose old object only a deleted one uses goes through, the user first."""
    trait = make_desired(
        "Trait/t#aam.trait",
        {"label": "T", "integrationCode": "t", "type": "ruleBased"},
        lifecycle={"allowReplace": True},
    )
    user = make_desired(
        "Audience/u#aam.segment",
        {"label": "U", "integrationCode": "u", "rule": "t"},
        lifecycle={"deletionPolicy": "Delete"},
    )
    world = World()
    world.apply(world.plan([STAY, trait, user]))
    world.systems["aam"].calls.clear()
    plan = world.plan([STAY, replaced(trait, type="onboarded")])
    assert plan.findings == ()
    assert [str(each.change) for each in plan.steps if each.change is not Change.KEEP] == [
        "delete",
        "replace",
    ]
    report = world.apply(plan, parallelism=4)
    assert {each.result for each in report.outcomes} == {Result.DONE}
    assert [verb for verb, *_ in world.systems["aam"].calls] == ["delete", "delete", "create"]
    assert world.systems["aam"].calls[0][1] == "aam.segment"


def test_apply_leaves_fields_below_an_ignored_path_to_others() -> None:
    ignoring = make_desired(
        "List/l#campaign.list",
        {"name": "l", "label": "L", "description": "first"},
        lifecycle={"ignore": ["spec.texts"]},
    )
    deep = replace(ignoring, paths={**ignoring.paths, "description": "spec.texts.long[0].en"})
    world = World()
    world.apply(world.plan([deep]))
    campaign = world.systems["campaign"]
    ((key, standing),) = campaign.objects.items()
    assert standing.fields["description"] == "first"
    campaign.objects[key] = replace(standing, fields={**standing.fields, "description": "theirs"})
    world.apply(world.plan([replaced(deep, label="New", description="second")]))
    assert campaign.objects[key].fields["label"] == "New"
    assert campaign.objects[key].fields["description"] == "theirs"
    assert "description" not in world.store.ledger.entries[deep.address].fields


def test_a_path_that_only_begins_alike_is_not_ignored() -> None:
    similar = make_desired(
        "List/l#campaign.list",
        {"name": "l", "label": "L"},
        lifecycle={"ignore": ["spec.text"]},
    )
    texts = replace(similar, paths={**similar.paths, "label": "spec.texts"})
    world = World()
    world.apply(world.plan([texts]))
    assert not world.plan([replaced(texts, label="New")]).is_empty
