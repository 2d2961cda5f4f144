"""Laws of imports: what manifests made reads back as manifests that ask for the same, and names are stable."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from audctl.brownfield.compose import Composition, Neighbours, compose
from audctl.brownfield.names import LONGEST, NameBook, slug
from audctl.manifest.decode import decode
from audctl.manifest.schemas import kind_schema
from audctl.manifest.write import resource_tree, spec_tree
from audctl.model.address import Address
from audctl.model.canonical import is_nothing
from audctl.model.change import Change
from audctl.model.finding import Severity
from audctl.model.kinds import KINDS
from audctl.model.objects import OBJECT_TYPES
from audctl.model.resource import Resource
from audctl.operations.importing.drafts import fits
from audctl.resolve.desired import desired_objects
from audctl.resolve.references import check_references
from tests.build import FixedPlaces, make_ledger
from tests.memory import World
from tests.properties.tenants import around_it, fixed, tenants

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.ledger import LedgerEntry
    from audctl.model.live import LiveState

laws = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def composed(live: LiveState, refused: Mapping[tuple[str, str], str] | None = None) -> Composition:
    around = Neighbours(
        standing={}, owned={}, foreign={}, audience_identifier="mapping", fits=fits,
        refused=refused or {},
    )  # fmt: skip
    return compose(live, around)


def resources_of(composition: Composition) -> list[Resource]:
    return [
        Resource(each.address, each.spec, FixedPlaces("new.yaml")) for each in composition.drafts
    ]


def by_object(entries: Mapping[Address, LedgerEntry]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (each.type, each.live_id): dict(each.fields)
        for each in entries.values()
        if not OBJECT_TYPES[each.type].shared
    }


@laws
@given(tenants())
def test_resources_that_were_applied_read_back_as_the_same_desired_objects(
    made: list[Resource],
) -> None:
    assume(not any(each.severity is Severity.ERROR for each in check_references(made)))
    world = around_it()
    world.apply(world.plan(desired_objects(made)))
    first = by_object(world.store.ledger.entries)
    assert first

    live = world.read()
    composition = composed(live)
    assert [each for each in composition.skipped if each.live_id != "990"] == []
    read = resources_of(composition)
    assert not check_references(read)
    for each in read:
        assert kind_schema(each.address.kind).is_valid(resource_tree(each))
        assert decode(KINDS[each.address.kind].spec, spec_tree(each.spec), {}) == each.spec

    copy = World(live.objects, make_ledger(serial=0))
    plan = copy.plan(desired_objects(read), adopt=True)
    # What the law says of such data is no concern of an import.
    assert [each for each in plan.findings if not each.code.startswith("AUD21")] == []
    assert {(step.change, step.fields) for step in plan.steps} <= {
        (Change.ADOPT, ()),
        (Change.KEEP, ()),
    }
    copy.apply(plan)
    assert copy.writes == []
    second = by_object(copy.store.ledger.entries)
    assert second.keys() == first.keys()
    for key, fields in first.items():
        said = {name: value for name, value in fields.items() if not is_nothing(value)}
        assert said.items() <= second[key].items()


@laws
@given(tenants(), st.randoms())
def test_the_order_in_which_objects_are_read_changes_no_byte(
    made: list[Resource],
    random: Any,  # noqa: ANN401 - Hypothesis has no type for it
) -> None:
    assume(not any(each.severity is Severity.ERROR for each in check_references(made)))
    world = around_it()
    world.apply(world.plan(desired_objects(made)))
    live = world.read()
    mixed = list(live.objects)
    random.shuffle(mixed)
    trees = [
        [resource_tree(each) for each in resources_of(composed(state))]
        for state in (live, replace(live, objects=tuple(mixed)))
    ]
    assert trees[0] == trees[1]


@laws
@given(st.lists(st.text(max_size=130), max_size=12), st.sampled_from(["Trait", "List"]))
def test_every_text_gives_a_valid_name_of_its_own(called: list[str], kind: str) -> None:
    book = NameBook([])
    names = [book.give(kind, text, str(number)).name for number, text in enumerate(called, 70000)]
    assert len({each.casefold() for each in names}) == len(names)
    schema = kind_schema("List")
    for name in names:
        tree = resource_tree(fixed("List", name, label="x"))
        assert schema.is_valid(tree), name
        assert len(name) <= LONGEST


def test_a_valid_name_stays_and_others_are_spelled_out() -> None:
    assert [slug(each) for each in ("Cart_1", "Crème & Co.", "日本", " -x- ", "a/../b")] == [
        "Cart_1", "creme-co", "", "x", "a-b",
    ]  # fmt: skip
    taken = NameBook([Address("ExportBinding", "Sale")])
    assert taken.give("Trait", "sale", "7").name == "sale-7"
    assert taken.give("List", "sale", "7").name == "sale"
    assert NameBook([]).give("Trait", "70011T", "7").name == "trait-70011T"
    assert NameBook([]).give("Audience", "日本", "81").name == "audience-81"
