"""Laws of the engine, for whole projects against live systems in memory."""

from __future__ import annotations

import itertools
import json
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from audctl.errors import InterruptedRun, LedgerError, RejectedError, UnreachableError
from audctl.model.canonical import canonical
from audctl.model.change import Change
from audctl.model.objects import OBJECT_TYPES, Form
from audctl.model.outcome import Result
from audctl.model.value import Reference
from audctl.plan.drift import compute_drift
from audctl.plan.plan_json import plan_to_json
from audctl.redact import Secret
from tests.build import make_desired, make_entry, make_ledger, make_live, make_plan, make_state
from tests.memory import World
from tests.properties.projects import SECRETS, projects, strangers

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from audctl.model.desired import DesiredObject
    from audctl.model.live import LiveObject
    from audctl.model.outcome import ApplyReport
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
    for written in (one, two):  # reading took another number of calls
        del written["calls"], written["checksum"]
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


@st.composite
def moving_projects(draw: st.DrawFn) -> list[DesiredObject]:
    """Draw a project with a mapping that is replaced whenever it moves to another audience."""
    desired = draw(projects())
    audiences = [str(each.address) for each in desired if each.type == "aam.segment"]
    if draw(st.booleans()) and audiences:
        segment = draw(st.sampled_from(audiences))
        fields = {"destination": "1", "segment": f"@{segment}", "alias": "m"}
        desired.append(
            make_desired("ExportBinding/m#aam.mapping", fields, lifecycle={"allowReplace": True})
        )
    return desired


def moving_mapping(audience: str) -> list[DesiredObject]:
    """Return two audiences and a mapping of one of them."""
    audiences = [
        make_desired(
            f"Audience/{name}#aam.segment",
            {"label": name, "integrationCode": name, "rule": "99T", "status": "active"},
        )
        for name in ("a", "b")
    ]
    fields = {"destination": "1", "segment": f"@Audience/{audience}#aam.segment", "alias": "m"}
    mapping = make_desired("ExportBinding/m#aam.mapping", fields, lifecycle={"allowReplace": True})
    return [*audiences, mapping]


class Trouble(NamedTuple):
    """The k-th time something is done, what happens instead of it or after it."""

    number: int
    moment: str
    """``before`` or ``after`` a write, ``looking`` (a find or get), or ``asking`` whether to stop."""
    kind: str


troubles = st.builds(
    Trouble,
    st.integers(1, 12),
    st.sampled_from(["before", "after", "looking", "asking"]),
    st.sampled_from(["refused", "uncertain", "stopped", "ended", "killed"]),
)


def strike(world: World, trouble: Trouble, stop: threading.Event) -> None:
    """Raise what the trouble is."""
    if trouble.kind == "killed":
        world.store.fails = True  # nobody is left to save anything
    if trouble.kind in {"killed", "ended"}:
        raise KeyboardInterrupt
    if trouble.kind == "stopped":
        stop.set()
        raise InterruptedRun("stopped while waiting to repeat a call")
    if trouble.kind == "refused" and trouble.moment != "after":
        raise RejectedError("refused")
    raise UnreachableError("cut", may_have_happened=trouble.moment != "looking")


def make_trouble(world: World, trouble: Trouble) -> Callable[[], bool]:
    """Let one thing in the world go wrong; return what the run asks whether to stop."""
    count = itertools.count(1)
    stop = threading.Event()

    def hook(*_: str) -> None:
        if next(count) == trouble.number:
            strike(world, trouble, stop)

    def asked() -> bool:
        if trouble.moment == "asking" and next(count) >= trouble.number:
            stop.set()
        return stop.is_set()

    calm(world)
    if trouble.moment != "asking":
        for system in world.systems.values():
            setattr(system, trouble.moment, hook)
    return asked


def calm(world: World) -> None:
    """Let everything go well from here on."""
    nothing: Callable[[str, str, str], None] = lambda *_: None  # noqa: E731 - a hook
    world.store.fails = False
    for system in world.systems.values():
        system.before = system.after = system.looking = nothing


def settle_in_trouble(
    world: World, desired: list[DesiredObject], trouble: Trouble, parallelism: int = 1
) -> ApplyReport | None:
    """Plan and apply once while something goes wrong; None when the run was ended."""
    plan = believing_plan(world, desired)
    asked = make_trouble(world, trouble)
    try:
        return world.apply(plan, parallelism=parallelism, stop_requested=asked)
    except KeyboardInterrupt:
        return None
    except LedgerError:
        assert world.store.fails
        return None
    finally:
        calm(world)


@settings(laws, max_examples=50)
@example(
    moving_mapping("a"),
    moving_mapping("b"),
    [],
    [Trouble(2, "after", "killed"), Trouble(1, "asking", ""), *[Trouble(2, "after", "killed")] * 2],
    1,
)
@given(
    moving_projects(),
    moving_projects(),
    strangers(),
    st.lists(troubles, min_size=4, max_size=4),
    st.integers(1, 4),
)
def test_runs_that_went_wrong_end_the_same_when_repeated(
    first: list[DesiredObject],
    second: list[DesiredObject],
    others: list[LiveObject],
    trouble: list[Trouble],
    parallelism: int,
) -> None:
    smooth, rough = World(others), World(others)
    for desired, in_a_row in ((first, trouble[:2]), (second, trouble[2:])):
        settle(smooth, desired)
        for each in in_a_row:
            settle_in_trouble(rough, desired, each, parallelism)
        settle(rough, desired)
        left = believing_plan(rough, desired)
        assert left.is_empty, [each for each in left.steps if each.change is not Change.KEEP]
        assert not rough.store.ledger.intents
    assert rough.labels() == smooth.labels()
    assert rough.store.ledger.entries.keys() == smooth.store.ledger.entries.keys()


@laws
@example(moving_mapping("a"), moving_mapping("b"), [], Trouble(2, "asking", ""), 1)
@given(moving_projects(), moving_projects(), strangers(), troubles, st.integers(1, 4))
def test_what_a_report_calls_not_done_did_not_happen(
    first: list[DesiredObject],
    second: list[DesiredObject],
    others: list[LiveObject],
    trouble: Trouble,
    parallelism: int,
) -> None:
    world = World(others)
    settle(world, first)
    before = {
        key: each for system in world.systems.values() for key, each in system.objects.items()
    }
    report = settle_in_trouble(world, second, trouble, parallelism)
    after = {key: each for system in world.systems.values() for key, each in system.objects.items()}
    if report is None:
        return
    for outcome in report.outcomes:
        key = (outcome.step.type, outcome.step.live_id)
        certain = outcome.result is not Result.DONE and not outcome.may_have_happened
        if certain and outcome.live_id:
            assert after[key] == before[key]
        if outcome.result is Result.NOT_TRIED and outcome.step.live_id:
            assert key in after
    made = {key for key in after if key not in before}
    done = {(each.step.type, each.live_id) for each in report.of(Result.DONE)}
    unsure = {each.step.type for each in report.outcomes if each.may_have_happened}
    assert {key for key in made if key[0] not in unsure} <= done


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
        settle_in_trouble(world, desired, trouble)
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
