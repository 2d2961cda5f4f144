"""Keys that pass from one object to another, and runs that are cut off in between."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audctl.errors import LedgerError, UnreachableError
from audctl.model.change import Change
from audctl.model.outcome import Result
from tests.build import make_desired
from tests.memory import World, failing

if TYPE_CHECKING:
    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger

NAMES = ("a", "b", "c", "d")


def listed(
    name: str, *, label: str, key: str = "", previous: tuple[str, ...] = ()
) -> DesiredObject:
    return make_desired(
        f"List/{name}#campaign.list",
        {"name": key or name, "label": label},
        previousNames=previous,
        lifecycle={"deletionPolicy": "Delete"},
    )


def world_of(*names: str) -> World:
    """Return a world with a list for each name, labelled like it was called first."""
    world = World()
    world.apply(world.plan([listed(each, label=each) for each in names]))
    world.systems["campaign"].calls.clear()
    return world


def names_by_label(world: World) -> dict[str, str]:
    objects = world.systems["campaign"].objects.values()
    return {str(each.fields["label"]): str(each.fields["name"]) for each in objects}


EXCHANGED = [listed("a", label="b", previous=("b",)), listed("b", label="a", previous=("a",))]
MOVED_UP = [listed("b", label="a", previous=("a",)), listed("c", label="b", previous=("b",))]


def test_two_lists_exchange_their_names_through_an_interim_one() -> None:
    world = world_of("a", "b")
    plan = world.plan(EXCHANGED)
    assert plan.findings == ()
    report = world.apply(plan)
    assert [each.result for each in report.outcomes] == [Result.DONE, Result.DONE]
    assert names_by_label(world) == {"a": "b", "b": "a"}
    assert len(world.systems["campaign"].calls) == 3
    assert world.plan(EXCHANGED).is_empty


def test_each_object_begins_once_and_ends_once_however_many_writes_it_takes() -> None:
    world = world_of("a", "b")
    world.observer.started.clear()
    world.apply(world.plan(EXCHANGED))
    assert sorted(str(each.address) for each in world.observer.started) == [
        "List/a#campaign.list",
        "List/b#campaign.list",
    ]


def test_a_chain_of_names_needs_no_interim_one() -> None:
    world = world_of("a", "b")
    report = world.apply(world.plan(MOVED_UP), parallelism=4)
    assert {each.result for each in report.outcomes} == {Result.DONE}
    assert names_by_label(world) == {"a": "b", "b": "c"}
    assert len(world.systems["campaign"].calls) == 2
    assert world.plan(MOVED_UP).is_empty


def test_the_ledger_knows_every_object_under_its_new_name_before_the_first_write() -> None:
    world = world_of("a", "b")
    first, second = (world.store.ledger.entries[each.address].live_id for each in EXCHANGED)
    seen: list[Ledger] = []
    world.systems["campaign"].before = lambda *_: seen.append(world.store.ledger)
    world.apply(world.plan(EXCHANGED))
    assert [seen[0].entries[each.address].live_id for each in EXCHANGED] == [second, first]


@pytest.mark.parametrize("desired", [EXCHANGED, MOVED_UP], ids=["circle", "chain"])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_run_killed_between_two_writes_is_repaired_by_the_next_without_a_question(
    desired: list[DesiredObject], moment: str, number: int
) -> None:
    world = world_of("a", "b")
    count = 0

    def kill(*_: str) -> None:
        nonlocal count
        count += 1
        if count == number:
            world.store.fails = True  # nobody is left to save anything
            raise KeyboardInterrupt

    plan = world.plan(desired)
    setattr(world.systems["campaign"], moment, kill)
    with suppress(KeyboardInterrupt, LedgerError):
        world.apply(plan)
    setattr(world.systems["campaign"], moment, lambda *_: None)
    world.store.fails = False
    after = world.plan(desired)
    assert after.findings == ()
    assert {each.change for each in after.steps} <= {Change.UPDATE, Change.KEEP}
    assert {each.result for each in world.apply(after).outcomes} <= {Result.DONE}
    assert world.plan(desired).is_empty
    wanted = {str(each.fields["label"]): str(each.fields["name"]) for each in desired}
    assert names_by_label(world) == wanted


def test_a_failed_write_says_which_interim_key_is_left() -> None:
    world = world_of("a", "b")
    plan = world.plan(EXCHANGED)
    holder = next(each for each in plan.steps if each.interim)
    other = next(each for each in plan.steps if not each.interim)
    world.systems["campaign"].before = failing(UnreachableError("cut"), other.live_id)
    report = world.apply(plan)
    ends = {each.step.address: each for each in report.outcomes}
    assert ends[other.address].result is Result.FAILED
    assert ends[holder.address].result is Result.FAILED
    assert f'interim name "{holder.interim["name"]}"' in ends[holder.address].message
    assert ends[holder.address].blocked_by == other.address
    world.apply(world.plan(EXCHANGED))
    assert world.plan(EXCHANGED).is_empty


def test_an_object_that_somebody_changes_while_it_has_its_interim_key_is_left_alone() -> None:
    world = world_of("a", "b")
    plan = world.plan(EXCHANGED)
    holder = next(each for each in plan.steps if each.interim)
    campaign = world.systems["campaign"]

    def meddle(verb: str, object_type: str, live_id: str) -> None:
        standing = campaign.objects[object_type, holder.live_id]
        if verb == "update" and live_id != holder.live_id:
            fields = {**standing.fields, "label": "meddled"}
            campaign.objects[object_type, holder.live_id] = type(standing)(
                type=object_type, id=holder.live_id, fields=fields
            )

    campaign.after = meddle
    report = world.apply(plan)
    ends = {each.step.address: each for each in report.outcomes}
    assert "changed since the plan" in ends[holder.address].message


def test_a_lost_reply_to_the_interim_write_is_read_back_and_goes_on() -> None:
    world = world_of("a", "b")
    plan = world.plan(EXCHANGED)
    holder = next(each for each in plan.steps if each.interim)
    error = UnreachableError("cut", may_have_happened=True)
    world.systems["campaign"].after = failing(error, holder.live_id)
    assert {each.result for each in world.apply(plan).outcomes} == {Result.DONE}
    assert names_by_label(world) == {"a": "b", "b": "a"}


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 4))
def test_any_exchange_of_names_and_keys_settles_in_one_run(
    data: st.DataObject, parallelism: int
) -> None:
    count = data.draw(st.integers(2, 4))
    old = NAMES[:count]
    new = data.draw(st.permutations(old))
    keys = data.draw(st.permutations(old))
    desired = [
        listed(name, label=was, key=key, previous=(was,) if was != name else ())
        for was, name, key in zip(old, new, keys, strict=True)
    ]
    world = world_of(*old)
    ids = {
        str(each.fields["label"]): each.id for each in world.systems["campaign"].objects.values()
    }
    plan = world.plan(desired)
    assert plan.findings == ()
    report = world.apply(plan, parallelism=parallelism)
    assert {each.result for each in report.outcomes} <= {Result.DONE}
    assert world.plan(desired).is_empty
    now = {
        str(each.fields["label"]): each.id for each in world.systems["campaign"].objects.values()
    }
    assert now == ids
    assert world.plan(desired).steps == world.plan(list(reversed(desired))).steps
