"""Laws of the engine, for whole projects against live systems in memory."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audctl.errors import RejectedError, UnreachableError
from audctl.model.canonical import canonical
from audctl.model.change import Change
from audctl.model.objects import OBJECT_TYPES, Form
from audctl.model.value import Reference
from audctl.plan.drift import compute_drift
from audctl.plan.plan_json import plan_to_json
from audctl.redact import Secret
from tests.build import make_entry, make_ledger, make_live, make_plan, make_state
from tests.memory import World
from tests.properties.projects import SECRETS, projects, strangers

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from audctl.model.desired import DesiredObject
    from audctl.model.live import LiveObject
    from audctl.model.plan import Plan

laws = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def settle(world: World, desired: list[DesiredObject], **more: Any) -> None:  # noqa: ANN401
    """Plan and apply once."""
    world.apply(believing_plan(world, desired), **more)


def believing_plan(world: World, desired: list[DesiredObject]) -> Plan:
    """Plan, believing empty reads: small worlds lose their last object of a type all the time."""
    plan = world.plan(desired)
    empty = {each.message.split(":")[0] for each in plan.findings if each.code == "AUD2002"}
    return world.plan(desired, allowed=frozenset(f"emptyRead:{each}" for each in empty))


@laws
@given(projects())
def test_the_difference_of_equal_things_is_empty(desired: list[DesiredObject]) -> None:
    ids = {each.address: str(number) for number, each in enumerate(desired, 1)}
    plain = [
        each
        for each in desired
        if not any(isinstance(value, Secret) for value in each.fields.values())
    ]
    live, entries = [], []
    for each in plain:
        fields: dict[str, object] = {}
        for name, value in each.fields.items():
            form = OBJECT_TYPES[each.type].fields[name].form
            if form is Form.SEGMENT_RULE:
                names = {a.name: f"{i}T" for a, i in ids.items() if a.object == "aam.trait"}
                fields[name] = value.rename(names).canonical  # type: ignore[union-attr]  # a rule
            elif isinstance(value, Reference):
                fields[name] = ids[value.target]
            else:
                fields[name] = canonical(form, value)
        live.append(make_live(each.type, ids[each.address], fields))
        policy = str(each.resource.deletion_policy) if each.resource else "Delete"
        protect = each.resource is not None and each.resource.lifecycle.protect
        entries.append(
            make_entry(
                str(each.address),
                ids[each.address],
                fields,
                deletion_policy=policy,
                protect=protect,
            )
        )
    ledger = make_ledger(*entries)
    assert make_plan(plain, make_state(*live), ledger).is_empty
    assert compute_drift(make_state(*live), ledger, plain).items == ()


@laws
@given(projects(), strangers(), st.integers(1, 4))
def test_after_applying_the_plan_is_empty_and_a_second_run_writes_nothing(
    desired: list[DesiredObject], others: list[LiveObject], parallelism: int
) -> None:
    world = World(others)
    settle(world, desired, parallelism=parallelism)
    again = world.plan(desired)
    assert again.is_empty, [each for each in again.steps if each.change is not Change.KEEP]
    writes, saved = list(world.writes), len(world.store.saved)
    world.apply(again)
    assert (world.writes, len(world.store.saved)) == (writes, saved)
    assert compute_drift(world.read(), world.store.ledger, desired).items == ()


@laws
@given(projects(), projects(), strangers())
def test_one_project_after_another_settles_in_one_run(
    first: list[DesiredObject], second: list[DesiredObject], others: list[LiveObject]
) -> None:
    world = World(others)
    settle(world, first)
    settle(world, second)
    assert all(str(each.result) == "done" for each in world.observer.outcomes)
    left = believing_plan(world, second)
    assert left.is_empty, [each for each in left.steps if each.change is not Change.KEEP]


@laws
@given(projects(), projects(), strangers(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_show(
    first: list[DesiredObject],
    second: list[DesiredObject],
    others: list[LiveObject],
    random: Random,
) -> None:
    world = World(others)
    settle(world, first)
    state, ledger = world.read(), world.store.ledger
    plan = make_plan(second, state, ledger)
    shuffled, objects, entries = list(second), list(state.objects), list(ledger.entries.items())
    for each in (shuffled, objects, entries):
        random.shuffle(each)
    other_state = make_state(*objects)
    other_ledger = make_ledger(
        *(entry for _, entry in entries), intents=ledger.intents.values(), serial=ledger.serial
    )
    other = make_plan(shuffled, other_state, other_ledger)
    one, two = plan_to_json(plan), plan_to_json(other)
    assert one["digest"] == two["digest"]
    one.pop("calls"), two.pop("calls")
    assert json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True)


@laws
@given(projects(), projects(), strangers())
def test_no_step_comes_before_what_it_refers_to(
    first: list[DesiredObject], second: list[DesiredObject], others: list[LiveObject]
) -> None:
    world = World(others)
    settle(world, first)
    plan = believing_plan(world, second)
    acting = [each for each in plan.steps if each.change is not Change.KEEP]
    places = {each.address: number for number, each in enumerate(acting)}
    for number, step in enumerate(acting):
        assert all(places[each] < number for each in step.requires if each in places)
        for value in step.write.values():
            if isinstance(value, Reference):
                assert places[value.target] < number
    gone = {each.address for each in acting if each.change is Change.DELETE}
    for entry in world.store.ledger.entries.values():
        if entry.address in gone:
            users = gone & set(entry.requires)
            assert all(places[entry.address] < places[each] for each in users)


Trouble = tuple[int, str, str]
"""Which call, whether before or after it happened, and what happens."""

troubles = st.tuples(
    st.integers(1, 25),
    st.sampled_from(["before", "after"]),
    st.sampled_from(["refused", "uncertain", "killed"]),
)


def make_trouble(world: World, trouble: Trouble) -> None:
    """Let the k-th write of the world go wrong."""
    number, moment, kind = trouble
    calls = 0

    def hook(*_: str) -> None:
        nonlocal calls
        calls += 1
        if calls != number:
            return
        if kind == "killed":
            raise KeyboardInterrupt
        if kind == "refused" and moment == "before":
            raise RejectedError("refused")
        raise UnreachableError("cut", may_have_happened=True)

    for system in world.systems.values():
        setattr(system, moment, hook)


def calm(world: World) -> None:
    """Let all further writes go well."""
    nothing: Callable[[str, str, str], None] = lambda *_: None  # noqa: E731 - a hook
    for system in world.systems.values():
        system.before = system.after = nothing


@laws
@given(projects(), projects(), strangers(), troubles, st.integers(1, 4))
def test_a_run_that_went_wrong_ends_the_same_when_repeated(
    first: list[DesiredObject],
    second: list[DesiredObject],
    others: list[LiveObject],
    trouble: Trouble,
    parallelism: int,
) -> None:
    smooth, rough = World(others), World(others)
    for desired in (first, second):
        settle(smooth, desired)
        make_trouble(rough, trouble)
        with contextlib.suppress(KeyboardInterrupt):
            settle(rough, desired, parallelism=parallelism)
        calm(rough)
        settle(rough, desired)
        left = believing_plan(rough, desired)
        assert left.is_empty, [each for each in left.steps if each.change is not Change.KEEP]
    assert rough.labels() == smooth.labels()
    assert rough.store.ledger.entries.keys() == smooth.store.ledger.entries.keys()
    assert not rough.store.ledger.intents


@laws
@given(projects(), projects(), strangers(), troubles)
def test_unmanaged_objects_are_never_written(
    first: list[DesiredObject],
    second: list[DesiredObject],
    others: list[LiveObject],
    trouble: Trouble,
) -> None:
    world = World(others)
    theirs = {(each.type, each.id): each for each in others}
    for desired in (first, second):
        make_trouble(world, trouble)
        with contextlib.suppress(KeyboardInterrupt):
            settle(world, desired)
        calm(world)
        settle(world, desired)
    assert not {call[1:] for call in world.writes} & theirs.keys()
    everything = {key: o for system in world.systems.values() for key, o in system.objects.items()}
    assert all(everything[key] is each for key, each in theirs.items())


@laws
@given(projects(), projects())
def test_plans_and_ledgers_hold_no_secret(
    first: list[DesiredObject], second: list[DesiredObject]
) -> None:
    world = World()
    written = []
    for desired in (first, second):
        plan = believing_plan(world, desired)
        written += [json.dumps(plan_to_json(plan)), repr(plan)]
        world.apply(plan)
        written += [repr(each) for each in (world.store.saved, world.observer.outcomes)]
    text = "\n".join(written)
    assert not [secret for secret in SECRETS if secret in text]
