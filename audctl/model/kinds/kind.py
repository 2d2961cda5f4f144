"""What every kind says about itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from audctl.model.address import Address
from audctl.model.desired import DesiredObject
from audctl.model.kinds.unset import Unset
from audctl.model.value import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from audctl.model.kinds.inverse import Inverse
    from audctl.model.resource import Resource
    from audctl.model.value import DesiredValue


class Claim(NamedTuple):
    """One live object a resource asks for: its type and the key it is found by, in manifest words."""

    type: str
    key: tuple[str, ...]
    path: str
    """Where the manifest says the part of the key that is its own."""


class Mention(NamedTuple):
    """One place in a manifest that names another resource."""

    path: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The other resources of a project, as far as a resource's objects depend on them."""

    resources: Mapping[Address, Resource]
    exports: Mapping[str, tuple[Resource, ...]]
    """ExportBindings by the audience they feed, sorted by name."""
    audience_identifier: str = "mapping"
    """What a shared list stores: the id of the mapping, or of the segment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One row of the table of kinds."""

    name: str
    spec: type
    """Frozen dataclass; its fields are the schema's properties in snake_case."""
    mentions: Callable[[Resource], Iterable[Mention]]
    """References outside of rules."""
    claims: Callable[[Resource, Surroundings], Iterable[Claim]]
    """Keys of its objects, for finding two resources that want one; call it as late as ``desired``."""
    desired: Callable[[Resource, Surroundings], Iterable[DesiredObject]]
    """Its objects; call it only when all references lead somewhere."""
    inverse: Inverse
    """The way back from ``desired``: how resources are read off live objects."""


@dataclass(slots=True)
class OwnedFields:
    """Fields of one object while they are gathered; what the manifest does not set is left out."""

    values: dict[str, DesiredValue] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)

    def own(self, name: str, value: DesiredValue | Unset, path: str) -> None:
        """Own a field, unless its value is UNSET."""
        if not isinstance(value, Unset):
            self.values[name] = value
            self.paths[name] = path

    def object(
        self,
        resource: Resource,
        object_type: str,
        *,
        requires: tuple[Address, ...] = (),
        observed: bool = False,
        manual: str = "",
    ) -> DesiredObject:
        """Return the resource's object of that type with these fields."""
        address = resource.address
        return DesiredObject(
            address=Address(address.kind, address.name, object_type),
            type=object_type,
            fields=MappingProxyType(self.values),
            paths=MappingProxyType(self.paths),
            resource=resource,
            requires=requires,
            observed=observed,
            manual=manual,
        )


def set_or(value: str | Unset, default: str) -> str:
    """Return a field that defaults to something."""
    return default if isinstance(value, Unset) else value


def reference(kind: str, name: str, object_type: str) -> Reference:
    """Return a reference to another resource's object."""
    return Reference(Address(kind, name, object_type))


def folder_reference(path: str | Unset, object_type: str) -> Reference | str | Unset:
    """Return a reference to a folder; ``"0"`` for the root of an Audience Manager tree."""
    if isinstance(path, Unset):
        return path
    return reference("Folder", path[1:], object_type) if path != "/" else "0"


def sorted_set(values: tuple[str, ...] | Unset | None) -> tuple[str, ...] | Unset | None:
    """Return values without order or repetition."""
    return tuple(sorted({str(each) for each in values})) if isinstance(values, tuple) else values
