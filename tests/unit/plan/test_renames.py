"""Laws of renaming: nothing is deleted by mistake, and one run settles it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from audctl.model.change import Change
from audctl.model.finding import Severity
from tests.build import make_desired
from tests.memory import World

if TYPE_CHECKING:
    from audctl.model.desired import DesiredObject

NAMES = ("a", "b", "c", "d")
KEYS = ("one", "two", "three", "four")


def listed(name: str, key: str, previous: list[str]) -> DesiredObject:
    return make_desired(
        f"List/{name}#campaign.list",
        {"name": key, "label": f"list {key}"},
        previousNames=previous,
        lifecycle={"deletionPolicy": "Delete"},
    )


@st.composite
def renamed_projects(draw: st.DrawFn) -> list[DesiredObject]:
    """Draw lists under any names, each with any other names as its previous ones."""
    names = sorted(draw(st.sets(st.sampled_from(NAMES), min_size=1)))
    keys = draw(st.permutations(KEYS))
    return [
        listed(
            name,
            key,
            draw(st.lists(st.sampled_from([n for n in NAMES if n != name]), unique=True)),
        )
        for name, key in zip(names, keys, strict=False)
    ]


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 3), renamed_projects())
def test_a_rename_deletes_nothing_and_settles_in_one_run(
    owned: int, desired: list[DesiredObject]
) -> None:
    world = World()
    world.apply(
        world.plan(listed(name, key, []) for name, key in zip(NAMES[:owned], KEYS, strict=False))
    )
    plan = world.plan(desired)
    claimed = {
        name
        for each in desired
        if each.resource is not None
        for name in each.resource.previous_names
    }
    deleted = {each.address.name for each in plan.steps if each.change is Change.DELETE}
    assert not deleted & claimed
    if any(each.severity is Severity.ERROR for each in plan.findings):
        return
    report = world.apply(plan)
    assert {str(each.result) for each in report.outcomes} <= {"done"}
    assert world.plan(desired).is_empty
    assert world.store.ledger.entries.keys() == {each.address for each in desired}
