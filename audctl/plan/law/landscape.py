"""What is declared about data, in manifests and live: who holds what, and by which way it gets to a binding."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from audctl.model.address import Address
from audctl.model.kinds.audience import AudienceSpec
from audctl.model.kinds.data_source import DataSourceSpec
from audctl.model.kinds.destination import DestinationSpec
from audctl.model.kinds.export_binding import ExportBindingSpec
from audctl.model.kinds.import_binding import ImportBindingSpec
from audctl.model.kinds.trait import TraitSpec
from audctl.model.kinds.unset import Unset
from audctl.model.rules.segment_rule import LIVE_ID, SegmentRule, parse_segment_rule
from audctl.model.substitution import trait_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audctl.model.live import LiveObject, LiveState
    from audctl.model.resource import Resource

LIVE = "live"
"""Kind in the address of something that no manifest describes; its name is the live id."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A data source whose data reaches something, and how it gets there."""

    source: Address
    way: tuple[Address, ...]
    """From what holds the data (a trait, an audience, the binding itself) to what it reaches."""

    def __str__(self) -> str:
        return " → ".join(_shown(each) for each in (self.source, *self.way))


@dataclass(frozen=True, kw_only=True)
class Landscape:
    """Manifests, with what is live where a plan has read it."""

    resources: Mapping[Address, Resource]
    live: LiveState | None = None
    """None: offline."""
    ids: Mapping[Address, str]
    """Live ids by object address, as far as known."""

    @cached_property
    def _imports(self) -> Mapping[str, list[Address]]:
        """ImportBindings by the list they feed."""
        found: dict[str, list[Address]] = {}
        for address, each in self.resources.items():
            if isinstance(each.spec, ImportBindingSpec):
                found.setdefault(each.spec.list, []).append(address)
        return found

    @cached_property
    def _exports(self) -> Mapping[str, list[Address]]:
        """ExportBindings by the audience they feed."""
        found: dict[str, list[Address]] = {}
        for address, each in self.resources.items():
            if isinstance(each.spec, ExportBindingSpec):
                found.setdefault(each.spec.audience, []).append(address)
        return found

    @cached_property
    def _managed(self) -> Mapping[tuple[str, str], Address]:
        """Addresses of resources by type and live id."""
        return {
            (address.object, live_id): address.resource for address, live_id in self.ids.items()
        }

    def origins(self, start: Address) -> list[Origin]:
        """Return every data source behind a binding or audience, each by a shortest way, sorted.

        Data is followed against its flow: through the audience's rule to traits, from a list to the imports that fill
        it, from an exported trait to the list it is made of.
        """
        ways: dict[Address, tuple[Address, ...]] = {start: (start,)}
        found: dict[Address, Origin] = {}
        queue = deque([start])
        while queue:
            node = queue.popleft()
            way = ways[node]
            source = self._source_or_self(node)
            if source is not None:
                found.setdefault(source, Origin(source, way if source != node else way[1:]))
            for before in sorted(self._feeders(node)):
                if before not in ways:
                    ways[before] = (before, *way)
                    queue.append(before)
        return [found[each] for each in sorted(found)]

    def traits(self, audience: Address) -> list[Origin]:
        """Return the data source of every trait in an audience's rule: what Audience Manager looks at, and no more."""
        found: dict[Address, Origin] = {}
        for trait in sorted(self._feeders(audience)):
            source = self._source_or_self(trait)
            if source is not None:
                found.setdefault(
                    source, Origin(source, (trait, audience) if source != trait else (audience,))
                )
        return [found[each] for each in sorted(found)]

    @cached_property
    def has_controls(self) -> bool:
        """Whether any data source has export controls at all."""
        sources = [each for each in self.resources if each.kind == "DataSource"]
        live = self.live.objects if self.live is not None else ()
        return any(self.controls(each) for each in sources) or any(
            each.type == "aam.dataSource" and _declared(each, "exportControls") for each in live
        )

    def controls(self, source: Address) -> frozenset[str] | None:
        """Return the export controls of a data source; None: nobody ever said."""
        spec = self._spec(source)
        if isinstance(spec, DataSourceSpec):
            said = spec.audience_manager.export_controls
            if not isinstance(said, Unset):
                return frozenset(str(each) for each in said or ())
        return _declared(self.live_object(source, "aam.dataSource"), "exportControls")

    def labels(self, destination: Address) -> frozenset[str] | None:
        """Return the export labels of a destination, those it has and those its manifest asks for; None: none said."""
        spec = self._spec(destination)
        said: frozenset[str] | None = None
        if isinstance(spec, DestinationSpec) and not isinstance(spec.export_labels, Unset):
            said = frozenset(str(each) for each in spec.export_labels)
        live = _declared(self.live_object(destination, "aam.destination"), "exportLabels")
        if said is None or live is None:
            return live if said is None else said
        return said | live

    def live_object(self, address: Address, object_type: str) -> LiveObject | None:
        """Return the live object of a resource, or of a live address; None offline, or where there is none."""
        if self.live is None:
            return None
        spec = self._spec(address)
        if isinstance(spec, DestinationSpec):
            live_id = str(spec.id)
        elif address.kind == LIVE:
            # Ids of different types are different number spaces.
            live_id = address.name if address.object == object_type else ""
        else:
            live_id = self.ids.get(address.of(object_type), "")
        return self.live.by_id.get((object_type, live_id))

    def address_of(self, object_type: str, live_id: str) -> Address:
        """Return the resource that a live object belongs to, or its live address."""
        return self._managed.get((object_type, live_id)) or Address(LIVE, live_id, object_type)

    def _spec(self, address: Address) -> object:
        resource = self.resources.get(address)
        return None if resource is None else resource.spec

    def _source(self, node: Address) -> Address | None:
        """Return the data source that says what kind of data a node itself holds."""
        spec = self._spec(node)
        name = getattr(spec, "data_source", None)
        if isinstance(name, str):
            return Address("DataSource", name)
        object_type = "aam.trait" if node.kind == LIVE else "aam.segment"
        live = self.live_object(node, object_type)
        live_id = live.fields.get("dataSource") if live is not None else None
        return self.address_of("aam.dataSource", str(live_id)) if live_id else None

    def _source_or_self(self, node: Address) -> Address | None:
        """Return the data source of a node; itself where not even what is live tells one: an origin as well."""
        source = self._source(node)
        if source is not None or self.live is None:
            return source
        is_mute = node.kind == LIVE or self.live_object(node, "aam.segment") is not None
        return node if is_mute else None

    def _feeders(self, node: Address) -> Iterator[Address]:
        """Yield what hands its data on to a node."""
        spec = self._spec(node)
        if isinstance(spec, ImportBindingSpec):
            yield Address("Audience", spec.audience)
        elif isinstance(spec, ExportBindingSpec):
            if isinstance(spec.source.list, str):
                yield Address("List", spec.source.list)
        elif isinstance(spec, AudienceSpec):
            yield from self._members(node, spec)
        elif node.kind == "List":
            yield from self._imports.get(node.name, ())

    def _members(self, node: Address, spec: AudienceSpec) -> Iterator[Address]:
        """Yield the traits of an audience, by its manifest or, where another product makes it, by its live rule."""
        if isinstance(spec.rule, str):
            for name in parse_segment_rule(spec.rule).traits:
                yield self._trait(name)
        elif spec.is_observed:
            live = self.live_object(node, "aam.segment")
            rule = live.fields.get("rule") if live is not None else None
            if isinstance(rule, SegmentRule):
                for token in rule.traits:
                    yield self._trait(token)
        else:
            yield from self._exports.get(node.name, ())

    def _trait(self, name: str) -> Address:
        live_id = trait_id(name) if LIVE_ID.fullmatch(name) else None
        if live_id is not None:
            return self.address_of("aam.trait", live_id)
        trait = Address("Trait", name)
        return trait if isinstance(self._spec(trait), TraitSpec) else Address("ExportBinding", name)


def _declared(live: LiveObject | None, field: str) -> frozenset[str] | None:
    """Return what a live object says; an empty answer is what the system gives where nobody ever said anything."""
    value = live.fields.get(field) if live is not None else None
    return frozenset(str(each) for each in value) if isinstance(value, tuple) and value else None


def _shown(address: Address) -> str:
    return f"{address.object} {address.name}" if address.kind == LIVE else str(address)


def shown(address: Address) -> str:
    """Return an address for a message; what no manifest describes by its type and live id."""
    return _shown(address)
