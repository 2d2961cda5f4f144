"""Whether the objects that a binding consists of are live as their manifests say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.report import DriftKind
from audctl.model.status import Definition, Trouble
from audctl.model.value import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audctl.model.address import Address
    from audctl.model.desired import DesiredObject
    from audctl.plan.sides import Sides

WORST_FIRST = (
    Definition.UNKNOWN,
    Definition.GONE,
    Definition.DIFFERS,
    Definition.NOT_APPLIED,
    Definition.IN_PLACE,
)
_OF_DRIFT = {
    DriftKind.GONE: Definition.GONE,
    DriftKind.MANIFEST: Definition.NOT_APPLIED,
    DriftKind.PENDING: Definition.IN_PLACE,
}
_FOLDER = "Folder"
"""Where an object lies moves nobody."""


class Definitions:
    """Every desired object held against its live and its last-applied side; each is looked at once."""

    def __init__(self, sides: Sides, desired: Mapping[Address, DesiredObject]) -> None:
        self.sides = sides
        self.desired = desired
        self._troubles: dict[Address, Trouble | None] = {}
        self._below: dict[Address, frozenset[Address]] = {}

    def troubles(self, roots: Iterable[Address]) -> tuple[Trouble, ...]:
        """Return what is not in place of these objects, and of everything they refer to, by address."""
        reached: set[Address] = set()
        for each in roots:
            reached |= self._reached_from(each)
        return tuple(found for each in sorted(reached) if (found := self.trouble(each)) is not None)

    def trouble(self, address: Address) -> Trouble | None:
        """Return what is wrong with one object; None when it is in place."""
        if address not in self._troubles:
            self._troubles[address] = self._look(address)
        return self._troubles[address]

    def live_id(self, address: Address) -> str:
        """Return an object's live id; empty while it has none."""
        found = self.sides.known.resolve(Reference(address))
        return found if isinstance(found, str) else ""

    def _look(self, address: Address) -> Trouble | None:
        known = address in self.sides.ledger.entries or address in self.sides.observed
        if not known:
            unsure = self.desired[address].type in self.sides.unsure
            return Trouble(
                address=address,
                definition=Definition.UNKNOWN if unsure else Definition.NOT_APPLIED,
            )
        if self.sides.is_unknown(address):
            return Trouble(address=address, definition=Definition.UNKNOWN)
        item = self.sides.item(address)
        if item is None:
            return None
        definition = _OF_DRIFT.get(item.kind, Definition.DIFFERS)
        if definition is Definition.IN_PLACE:
            return None
        fields = tuple(each.field for each in item.fields)
        return Trouble(address=address, definition=definition, fields=fields)

    def _reached_from(self, root: Address) -> frozenset[Address]:
        """Return an object and all it refers to, folders left out."""
        if root in self._below:
            return self._below[root]
        self._below[root] = frozenset()  # ends a circle
        wanted = self.desired.get(root)
        if wanted is None or root.kind == _FOLDER:
            return frozenset()
        targets = set(wanted.requires)
        for value in wanted.fields.values():
            self.sides.known.gather_targets(value, targets)
        found = frozenset({root}).union(*(self._reached_from(each) for each in targets))
        self._below[root] = found
        return found


def worst(troubles: Iterable[Trouble]) -> Definition:
    """Return the definition that stands for all of them."""
    found = {each.definition for each in troubles}
    return next(each for each in WORST_FIRST if each in found or each is Definition.IN_PLACE)
