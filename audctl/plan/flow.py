"""The ways people take once a plan is done: trait → audience → import → list → export → audience.

Edges come from what stands live, with what the steps write laid over it: a manifest that a selection leaves out, or
that audctl may not write, changes nobody's way. Objects that nobody owns are part of it, under addresses of their own.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from audctl.model.address import Address
from audctl.model.change import WRITES, Change, Step
from audctl.model.effect import UNMANAGED
from audctl.model.rules.segment_rule import SegmentRule
from audctl.model.substitution import TRAIT, trait_id, traits_by_name
from audctl.model.value import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger
    from audctl.model.live import LiveObject, LiveState
    from audctl.model.value import DesiredValue

SEGMENT = "aam.segment"
MAPPING = "aam.mapping"
LIST = "campaign.list"
SHARED_LIST = "campaign.sharedList"
WORKFLOW = "campaign.workflow"
DATA_SOURCE = "campaign.dataSource"

_AUDIENCE = (MAPPING, SEGMENT)
"""What an ``audience`` field may hold, first guess first: ids of both are plain numbers."""


class Flow:
    """Who gets people from whom, after the plan."""

    def __init__(
        self,
        live: LiveState,
        ledger: Ledger,
        steps: Iterable[Step],
        desired: Iterable[DesiredObject],
    ) -> None:
        steps = tuple(steps)
        self.steps: Mapping[Address, Step] = {
            each.address: each for each in steps if each.change in WRITES
        }
        self._live = live
        self._ledger = ledger
        self._all_steps = steps
        self._wanted = tuple(each.address for each in desired)

    @cached_property
    def _ids(self) -> Mapping[Address, str]:
        """Live ids by address: what the ledger knows, then what the steps found."""
        found = {address: entry.live_id for address, entry in self._ledger.entries.items()}
        found |= {each.address: each.live_id for each in self._all_steps if each.live_id}
        return found

    @cached_property
    def _addresses(self) -> Mapping[tuple[str, str], Address]:
        found = {
            (entry.type, entry.live_id): address for address, entry in self._ledger.entries.items()
        }
        found |= {
            (each.type, each.live_id): each.address for each in self._all_steps if each.live_id
        }
        return found

    # --- one object -------------------------------------------------------------------------------

    def address_of(self, object_type: str, live_id: str) -> Address:
        """Return the address of a live object, one of its own when nobody owns it."""
        owned = self._addresses.get((object_type, live_id))
        return owned if owned is not None else Address(UNMANAGED, live_id, object_type)

    def live(self, address: Address) -> LiveObject | None:
        """Return the object as it stands live; None when it does not."""
        live_id = address.name if address.kind == UNMANAGED else self._ids.get(address)
        return None if live_id is None else self._live.by_id.get((address.object, live_id))

    def field(self, address: Address, name: str) -> DesiredValue:
        """Return a field's value once the plan is done; of an object that goes, the one it had."""
        step = self.steps.get(address)
        if step is not None and name in step.write:
            return step.write[name]
        standing = self.live(address)
        return None if standing is None else standing.fields.get(name)

    def is_gone(self, address: Address) -> bool:
        """Whether the plan deletes the object."""
        step = self.steps.get(address)
        return step is not None and step.change is Change.DELETE

    def target(self, address: Address, name: str, types: tuple[str, ...]) -> Address | None:
        """Return what a reference leads to after the plan; None when it leads nowhere that is known."""
        return self._target(self.field(address, name), self._narrowed(address, types))

    def target_before(self, address: Address, name: str, types: tuple[str, ...]) -> Address | None:
        """Return what a reference leads to now."""
        standing = self.live(address)
        if standing is None:
            return None
        return self._target(standing.fields.get(name), self._narrowed(address, types))

    def segment_of(self, audience: Address | None) -> Address | None:
        """Return the segment behind an audience, which may be named by its mapping."""
        if audience is None or audience.object == SEGMENT:
            return audience
        return self.target(audience, "segment", (SEGMENT,))

    def segment_before(self, shared: Address) -> Address | None:
        """Return the segment a shared list is fed by now."""
        audience = self.target_before(shared, "audience", _AUDIENCE)
        if audience is None or audience.object == SEGMENT:
            return audience
        return self.target_before(audience, "segment", (SEGMENT,))

    # --- edges ------------------------------------------------------------------------------------

    def next_of(self, address: Address) -> list[Address]:
        """Return who gets people from an object directly, or gets others when it changes; sorted."""
        return sorted(set(self._edges.get(address, ())) | set(self._trait_users.get(address, ())))

    def terms_of(self, segment: Address) -> SegmentRule | None:
        """Return a segment's rule after the plan; None when it has none that can be read."""
        rule = self.field(segment, "rule")
        return rule if isinstance(rule, SegmentRule) else None

    def trait_of(self, token: str) -> Address | None:
        """Return the trait a rule's token means: a live id, or the name of a manifest."""
        live_id = trait_id(token)
        return self.traits.get(token) if live_id is None else self.address_of(TRAIT, live_id)

    @cached_property
    def traits(self) -> Mapping[str, Address]:
        """Trait objects by the names that rules know them by."""
        return traits_by_name((*self._ledger.entries, *self._wanted))

    @cached_property
    def _edges(self) -> Mapping[Address, list[Address]]:
        found: defaultdict[Address, list[Address]] = defaultdict(list)
        for shared in self._all(SHARED_LIST):
            for source, user in self._import(shared):
                found[source].append(user)
        for workflow in self._all(WORKFLOW):
            for source, user in self._export(workflow):
                found[source].append(user)
        return found

    def _import(self, shared: Address) -> Iterator[tuple[Address, Address]]:
        fed = self.target(shared, "list", (LIST,))
        if fed is not None:
            yield shared, fed
        if self.is_gone(shared):
            return  # it lets go of its list, and nothing comes through it any more
        audience = self.target(shared, "audience", _AUDIENCE)
        segment = self.segment_of(audience)
        if segment is not None:
            yield segment, shared
        mapping = audience if audience is not None and audience.object == MAPPING else None
        carrier = mapping or shared.of(MAPPING)
        if carrier in self.steps:
            yield carrier, shared
        source = self.target(shared, "dataSource", (DATA_SOURCE,))
        if source is not None:
            yield source, shared

    def _export(self, workflow: Address) -> Iterator[tuple[Address, Address]]:
        segment = self.segment_of(self.target(workflow, "audience", (SEGMENT, MAPPING)))
        if segment is not None:
            yield workflow, segment
        own_trait = workflow.of(TRAIT)
        if workflow.kind != UNMANAGED and (own_trait in self._ids or own_trait in self.steps):
            yield workflow, own_trait
        source = self.target(workflow, "sourceList", (LIST,))
        if source is not None and not self.is_gone(workflow):
            yield source, workflow

    @cached_property
    def _trait_users(self) -> Mapping[Address, list[Address]]:
        """Segments by the traits in their rules, for those traits only that could move anybody."""
        moving = {each for each in self.steps if each.object == TRAIT}
        moving |= {each.of(TRAIT) for each in self._all(WORKFLOW) if each.kind != UNMANAGED}
        if not moving:
            return {}
        tokens = {
            token
            for each in moving
            for token in (f"{self._ids[each]}T" if each in self._ids else "", each.name)
            if token
        }
        found: defaultdict[Address, list[Address]] = defaultdict(list)
        for segment in self._all(SEGMENT):
            rule = self.terms_of(segment)
            if rule is None or tokens.isdisjoint(rule.traits) or self.is_gone(segment):
                continue
            for token in rule.traits & tokens:
                trait = self.trait_of(token)
                if trait in moving and trait is not None:
                    found[trait].append(segment)
        return found

    def _all(self, object_type: str) -> Iterator[Address]:
        """Yield every object of a type that stands live or is about to."""
        for each in self._by_type.get(object_type, ()):
            yield self.address_of(object_type, each.id)
        for address, step in self.steps.items():
            if step.type == object_type and step.change is Change.CREATE:
                yield address

    @cached_property
    def _by_type(self) -> Mapping[str, list[LiveObject]]:
        found: dict[str, list[LiveObject]] = {name: [] for name in (SEGMENT, SHARED_LIST, WORKFLOW)}
        for each in self._live.objects:
            if each.type in found:
                found[each.type].append(each)
        return found

    def _narrowed(self, address: Address, types: tuple[str, ...]) -> tuple[str, ...]:
        """Narrow the types an id may belong to by what the ledger says the object refers to."""
        entry = self._ledger.entries.get(address) if len(types) > 1 else None
        if entry is None:
            return types
        recorded = {each.object for each in entry.requires}
        return tuple(each for each in types if each in recorded) or types

    def _target(self, value: DesiredValue, types: tuple[str, ...]) -> Address | None:
        if isinstance(value, Reference):
            return value.target
        if not isinstance(value, (str, int)) or isinstance(value, bool) or not value:
            return None
        standing = [each for each in types if (each, str(value)) in self._live.by_id]
        return self.address_of(standing[0], str(value)) if standing else None
