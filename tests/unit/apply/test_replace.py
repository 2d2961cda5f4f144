"""A Replace deletes before it makes: late, known to the ledger at once, and never told as "not tried"."""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

import pytest

from audctl.apply.acts import Act, Phase, acts_of
from audctl.errors import ConflictError, RejectedError, UnreachableError
from audctl.model.address import parse_address
from audctl.model.change import Change, Step
from audctl.model.outcome import Result
from tests.build import make_desired, make_entry, make_ledger
from tests.memory import MemoryLease, World, failing

if TYPE_CHECKING:
    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger
    from audctl.model.outcome import ApplyReport, Outcome

TRAIT = parse_address("Trait/a#aam.trait")
HALF = "the old object is deleted, the new one is not made: "


def step(address: str, change: Change, *requires: str) -> Step:
    where = parse_address(address)
    return Step(
        address=where,
        type=where.object,
        change=change,
        reason="",
        requires=tuple(parse_address(each) for each in requires),
    )


def source(name: str, **fields: str) -> DesiredObject:
    return make_desired(
        f"DataSource/{name}#aam.dataSource",
        {"label": name, "integrationCode": name, **fields},
        lifecycle={"allowReplace": True},
    )


def trait(of: str, name: str = "a", **settings: Any) -> DesiredObject:  # noqa: ANN401 - settings of a manifest
    return make_desired(
        f"Trait/{name}#aam.trait",
        {"label": "A", "integrationCode": "a", "dataSource": f"@DataSource/{of}#aam.dataSource"},
        lifecycle={"allowReplace": True},
        **settings,
    )


def settled(*desired: DesiredObject) -> World:
    world = World()
    world.apply(world.plan(desired))
    world.systems["aam"].calls.clear()
    return world


def of_trait(report: ApplyReport) -> Outcome:
    return next(each for each in report.outcomes if each.step.address == TRAIT)


def check_recovers(world: World, *desired: DesiredObject) -> None:
    world.systems["aam"].before = world.systems["aam"].after = lambda *_: None
    world.apply(world.plan(desired))
    assert world.plan(desired).is_empty
    assert world.store.ledger.intents == {}


def test_nothing_is_deleted_before_what_the_new_one_needs_is_there() -> None:
    world = settled(source("web"), trait("web"))
    desired = (source("web"), source("crm"), trait("crm"))
    world.systems["aam"].before = failing(RejectedError("quota"), "create", "crm")
    outcome = of_trait(world.apply(world.plan(desired), parallelism=4))
    assert outcome.result is Result.NOT_TRIED
    assert str(outcome.blocked_by) == "DataSource/crm#aam.dataSource"
    assert world.writes == [("create", "aam.dataSource", "crm")]
    assert TRAIT in world.store.ledger.entries
    check_recovers(world, *desired)


def test_what_a_replaced_requirement_needs_is_waited_for_too() -> None:
    ledger = make_ledger()
    steps = {
        each.address: each
        for each in (
            step("Trait/a#aam.trait", Change.REPLACE, "DataSource/d#aam.dataSource"),
            step("DataSource/d#aam.dataSource", Change.REPLACE, "Folder/f#aam.traitFolder"),
            step("Folder/f#aam.traitFolder", Change.CREATE),
        )
    }
    order = list(TopologicalSorter(acts_of(steps, ledger)).static_order())
    assert [f"{each.address.resource} {each.phase.name}" for each in order] == [
        "Folder/f WRITE",
        "Trait/a CLEAR",
        "DataSource/d CLEAR",
        "DataSource/d WRITE",
        "Trait/a WRITE",
    ]


def test_an_update_between_two_replaced_objects_makes_no_circle() -> None:
    steps = {
        each.address: each
        for each in (
            step("Trait/x#aam.trait", Change.REPLACE, "Trait/y#aam.trait", "Trait/z#aam.trait"),
            step("Trait/y#aam.trait", Change.UPDATE, "Trait/z#aam.trait"),
            step("Trait/z#aam.trait", Change.REPLACE),
        )
    }
    acts = acts_of(steps, make_ledger())
    order = list(TopologicalSorter(acts).static_order())
    assert order.index(Act(parse_address("Trait/x#aam.trait"), Phase.CLEAR)) < order.index(
        Act(parse_address("Trait/z#aam.trait"), Phase.CLEAR)
    )


def test_a_delete_waits_only_until_a_replaced_user_is_gone() -> None:
    old, user, new = (
        "Audience/old#aam.segment",
        "ImportBinding/u#aam.mapping",
        "Audience/new#aam.segment",
    )
    steps = {
        each.address: each
        for each in (
            step("DataSource/z#aam.dataSource", Change.REPLACE),
            step(new, Change.REPLACE, "DataSource/z#aam.dataSource"),
            step(user, Change.REPLACE, new),
            step(old, Change.DELETE, user),
        )
    }
    ledger = make_ledger(make_entry(old, "1", {}, requires=["DataSource/z#aam.dataSource"]))
    order = list(TopologicalSorter(acts_of(steps, ledger)).static_order())
    places = [
        order.index(Act(parse_address(a), p))
        for a, p in (
            (user, Phase.CLEAR),
            (old, Phase.WRITE),
            ("DataSource/z#aam.dataSource", Phase.CLEAR),
            (user, Phase.WRITE),
        )
    ]
    assert places == sorted(places)


def test_a_stop_between_the_halves_is_a_failure_that_says_so() -> None:
    world = settled(source("web"), source("crm"), trait("web"))
    desired = (source("web"), source("crm"), trait("crm"))
    report = world.apply(
        world.plan(desired), stop_requested=lambda: ("delete", "aam.trait") in gone(world)
    )
    outcome = of_trait(report)
    assert (outcome.result, outcome.live_id) == (Result.FAILED, "")
    assert outcome.message == HALF + "the run was interrupted"
    assert report.interrupted
    assert TRAIT not in world.store.ledger.entries
    assert world.store.ledger.intents == {}
    check_recovers(world, *desired)


def gone(world: World) -> list[tuple[str, str]]:
    return [call[:2] for call in world.writes]


def test_a_create_refused_after_the_delete_says_that_the_old_one_is_gone() -> None:
    world = settled(source("web"), source("crm"), trait("web"))
    desired = (source("web"), source("crm"), trait("crm"))
    world.systems["aam"].before = failing(RejectedError("quota"), "create")
    outcome = of_trait(world.apply(world.plan(desired)))
    assert (outcome.result, outcome.message) == (Result.FAILED, HALF + "quota")
    assert not outcome.may_have_happened
    assert TRAIT not in world.store.ledger.entries
    check_recovers(world, *desired)


def test_a_refused_delete_leaves_the_old_one_owned() -> None:
    world = settled(source("web"), source("crm"), trait("web"))
    desired = (source("web"), source("crm"), trait("crm"))
    world.systems["aam"].before = failing(ConflictError("in use"), "delete")
    outcome = of_trait(world.apply(world.plan(desired)))
    assert (outcome.result, outcome.message) == (Result.FAILED, "in use")
    assert TRAIT in world.store.ledger.entries
    check_recovers(world, *desired)


def test_in_a_chain_each_object_tells_how_far_it_came() -> None:
    world = settled(source("web", type="cookie"), trait("web"))
    desired = (source("web", type="crossDevice"), trait("web"))
    world.systems["aam"].before = failing(ConflictError("in use"), "delete", "aam.dataSource")
    report = world.apply(world.plan(desired))
    told = {each.step.address.kind: (each.result, each.message) for each in report.outcomes}
    assert told == {
        "DataSource": (Result.FAILED, "in use"),
        "Trait": (Result.FAILED, HALF + "what it depends on failed"),
    }
    assert str(of_trait(report).blocked_by) == "DataSource/web#aam.dataSource"
    assert [each.kind for each in world.store.ledger.entries] == ["DataSource"]
    check_recovers(world, *desired)


def test_a_replace_kept_back_by_a_user_that_stays_names_it() -> None:
    world = settled(source("web", type="cookie"), trait("web"))
    desired = (source("web", type="crossDevice"), trait("web"))
    world.systems["aam"].before = failing(ConflictError("in use"), "delete", "aam.trait")
    report = world.apply(world.plan(desired))
    kept = next(each for each in report.outcomes if each.step.address.kind == "DataSource")
    assert (kept.result, kept.blocked_by) == (Result.NOT_TRIED, TRAIT)
    check_recovers(world, *desired)


def test_the_ledger_knows_between_the_halves() -> None:
    world = settled(source("web"), source("crm"), trait("web"))
    desired = (source("web"), source("crm"), trait("crm"))
    plan = world.plan(desired)
    seen = []

    def look(verb: str, *_: str) -> None:
        if verb == "create":
            seen.append((TRAIT in world.store.ledger.entries, TRAIT in world.store.ledger.intents))
            raise KeyboardInterrupt

    world.systems["aam"].before = look
    with pytest.raises(KeyboardInterrupt):
        world.apply(plan)
    assert seen == [(False, True)]
    check_recovers(world, *desired)


def test_a_create_whose_reply_was_lost_after_the_delete_is_claimed_by_the_next_run() -> None:
    world = settled(source("web"), source("crm"), trait("web"))
    desired = (source("web"), source("crm"), trait("crm"))
    plan = world.plan(desired)
    aam = world.systems["aam"]

    def cut(verb: str, *_: str) -> None:
        if verb == "create":
            aam.looking = failing(UnreachableError("still cut"), "find")
            raise UnreachableError("cut", may_have_happened=True)

    aam.after = cut
    outcome = of_trait(world.apply(plan))
    assert outcome.may_have_happened
    assert set(world.store.ledger.intents) == {TRAIT}
    check_recovers(world, *desired)
    assert len([each for each in aam.objects.values() if each.type == "aam.trait"]) == 1


def test_a_renamed_object_that_is_replaced_leaves_no_entry_under_its_old_name() -> None:
    world = settled(source("web"), source("crm"), trait("web"))
    desired = (source("web"), source("crm"), trait("crm", "b", previousNames=["a"]))
    world.systems["aam"].before = failing(RejectedError("quota"), "create")
    world.apply(world.plan(desired))
    assert {each.kind for each in world.store.ledger.entries} == {"DataSource"}
    check_recovers(world, *desired)


def test_a_binding_moves_from_a_deleted_audience_to_another() -> None:
    def audience(name: str) -> DesiredObject:
        fields = {"label": name, "integrationCode": name, "rule": "9T", "status": "active"}
        return make_desired(
            f"Audience/{name}#aam.segment", fields, lifecycle={"deletionPolicy": "Delete"}
        )

    def binding(name: str) -> DesiredObject:
        return make_desired(
            "ImportBinding/b#aam.mapping",
            {"destination": "1", "segment": f"@Audience/{name}#aam.segment", "alias": "x"},
            lifecycle={"allowReplace": True},
        )

    world = settled(audience("old"), audience("new"), binding("old"))
    report = world.apply(world.plan((audience("new"), binding("new"))))
    assert {each.result for each in report.outcomes} == {Result.DONE}
    assert world.writes[0][:2] == ("delete", "aam.mapping")
    assert {call[:2] for call in world.writes[1:]} == {
        ("delete", "aam.segment"),
        ("create", "aam.mapping"),
    }


def test_many_replaces_do_not_mean_as_many_saves_of_a_ledger_that_takes_long() -> None:
    names = [f"t{number}" for number in range(30)]

    def traits(of: str) -> list[DesiredObject]:
        return [
            make_desired(
                f"Trait/{name}#aam.trait",
                {
                    "label": name,
                    "integrationCode": name,
                    "dataSource": f"@DataSource/{of}#aam.dataSource",
                },
                lifecycle={"allowReplace": True},
            )
            for name in names
        ]

    world = settled(source("web"), source("crm"), *traits("web"))
    before = len(world.store.saved)
    save = world.store.save

    def slow_save(ledger: Ledger, lease: MemoryLease) -> None:
        world.clock.seconds += 1
        save(ledger, lease)

    def half_a_second(*_: str) -> None:
        world.clock.seconds += 0.5

    world.store.save = slow_save  # type: ignore[method-assign]
    world.systems["aam"].after = half_a_second
    desired = (source("web"), source("crm"), *traits("crm"))
    plan = world.plan(desired)
    assert sum(each.change is Change.REPLACE for each in plan.steps) == len(names)
    world.apply(plan, parallelism=1)
    # Half a minute of work: intents, one save on the way, the end.
    assert len(world.store.saved) - before == 3
    assert world.plan(desired).is_empty
