"""Laws of partial plans, for random projects and random selections."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from audctl.model.change import Change
from audctl.model.finding import Severity
from audctl.model.selection import Selection
from audctl.plan.drift import compute_drift
from tests.memory import World
from tests.properties.projects import projects, strangers

if TYPE_CHECKING:
    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.model.desired import DesiredObject
    from audctl.model.live import LiveObject
    from audctl.model.plan import Plan

laws = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

_KINDS = ("DataSource", "Trait", "Audience", "List", "ImportBinding", "Folder", "ExternalAccount")
_patterns = st.one_of(
    st.sampled_from([f"{kind}/*" for kind in _KINDS]),
    st.sampled_from(["*/*0", "*/*[12]", "*/*#aam.*", "Trait/t1", "List/l[0-2]", "Folder/Web"]),
)
_sets = st.lists(_patterns, min_size=1, max_size=3, unique=True).map(tuple)


def plan_of(world: World, desired: list[DesiredObject], selection: Selection) -> Plan:
    """Plan, believing empty reads; patterns that fit nothing here are no reason to refuse."""
    plan = world.plan(desired)
    empty = {each.message.split(":")[0] for each in plan.findings if each.code == "AUD2002"}
    allowed = frozenset(f"emptyRead:{each}" for each in empty)
    plan = world.plan(desired, allowed=allowed, selection=selection)
    return replace(plan, findings=tuple(each for each in plan.findings if each.code != "AUD2501"))


def acting(plan: Plan) -> dict[Address, Step]:
    return {each.address: each for each in plan.steps if each.change is not Change.KEEP}


def refused(plan: Plan) -> bool:
    return any(each.severity is Severity.ERROR for each in plan.findings)


def settled(first: list[DesiredObject], others: list[LiveObject]) -> World:
    world = World(others)
    world.apply(plan_of(world, first, Selection()))
    return world


@laws
@given(projects(), projects(), strangers(), _sets, st.one_of(st.just(()), _sets))
def test_a_partial_plan_is_a_part_of_the_whole_and_holds_nothing_outside(
    first: list[DesiredObject],
    second: list[DesiredObject],
    others: list[LiveObject],
    only: tuple[str, ...],
    exclude: tuple[str, ...],
) -> None:
    world = settled(first, others)
    selection = Selection(only=only, exclude=exclude)
    whole, part = acting(plan_of(world, second, Selection())), plan_of(world, second, selection)
    for address, step in acting(part).items():
        # Whom a step moves depends on the others; what it does not.
        assert replace(step, impact=None) == replace(whole[address], impact=None)
    assert part.left_out == len(whole) - len(acting(part))
    for address in acting(part):
        assert not any(fits(address, each) for each in selection.exclude)
        if address.kind != "Folder":
            assert any(fits(address, each) for each in only)
    if refused(part):
        return
    before = {key: o for each in world.systems.values() for key, o in each.objects.items()}
    inside = {(step.type, step.live_id) for step in acting(part).values()}
    report = world.apply(part)
    assert all(str(each.result) == "done" for each in report.outcomes), report.outcomes
    after = {key: o for each in world.systems.values() for key, o in each.objects.items()}
    for key, standing in before.items():
        if key not in inside:
            assert after[key] == standing
    assert not acting(plan_of(world, second, selection))


def fits(address: Address, pattern: str) -> bool:
    """Say in another way than the engine whether a pattern of these tests means an address."""
    resource, object_type = str(address.resource), address.object
    if "#" in pattern:
        return object_type.startswith("aam.")
    if pattern.endswith("/*"):
        return resource.startswith(pattern[:-1])
    if pattern.startswith("*/"):
        return resource.endswith(tuple(pattern[2:].strip("*[]")))
    if pattern.endswith("]"):
        return resource[:-1] == "List/l" and resource[-1] in "012"
    return resource == pattern


@laws
@given(projects(), projects(), strangers(), _sets)
def test_what_is_selected_and_what_is_excluded_together_are_the_whole_plan(
    first: list[DesiredObject],
    second: list[DesiredObject],
    others: list[LiveObject],
    patterns: tuple[str, ...],
) -> None:
    world = settled(first, others)
    whole = acting(plan_of(world, second, Selection()))
    inside = acting(plan_of(world, second, Selection(only=patterns)))
    outside = acting(plan_of(world, second, Selection(exclude=patterns)))
    missing = whole.keys() - inside.keys() - outside.keys()
    # A folder that neither half may delete while the other's content is in it goes in a later plan.
    assert all(each.kind == "Folder" and whole[each].change is Change.DELETE for each in missing)
    assert all(each.kind == "Folder" for each in inside.keys() & outside.keys())


@laws
@given(projects(), projects(), strangers(), _sets, st.booleans())
def test_one_half_after_the_other_ends_where_the_whole_ends(
    first: list[DesiredObject],
    second: list[DesiredObject],
    others: list[LiveObject],
    patterns: tuple[str, ...],
    inside_first: bool,
) -> None:
    halves = [Selection(only=patterns), Selection(exclude=patterns)]
    if not inside_first:
        halves.reverse()
    parts, whole = settled(first, others), settled(first, others)
    for each in halves:
        plan = plan_of(parts, second, each)
        assume(not refused(plan))
        parts.apply(plan)
    parts.apply(plan_of(parts, second, Selection(only=("Folder/*",))))
    whole.apply(plan_of(whole, second, Selection()))
    assert parts.labels() == whole.labels()
    assert parts.store.ledger.entries.keys() == whole.store.ledger.entries.keys()
    assert plan_of(parts, second, Selection()).is_empty


@laws
@given(projects(), projects(), strangers(), st.booleans(), _sets)
def test_drift_never_writes(
    first: list[DesiredObject],
    second: list[DesiredObject],
    others: list[LiveObject],
    since_apply: bool,
    only: tuple[str, ...],
) -> None:
    world = settled(first, others)
    for system in world.systems.values():
        for key in list(system.objects)[::2]:
            del system.objects[key]
    writes, saved = list(world.writes), len(world.store.saved)
    report = compute_drift(
        world.read(),
        world.store.ledger,
        second,
        selection=Selection(only=only),
        since_apply=since_apply,
    )
    assert (world.writes, len(world.store.saved)) == (writes, saved)
    assert not {each.address for each in report.items} & set(report.unknown)
