"""Who refers to a live object: managed or not, a user that stays keeps what it uses."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from audctl.model.canonical import canonical
from audctl.model.live import Origin
from audctl.model.objects import OBJECT_TYPES, Form
from audctl.model.rules.segment_rule import SegmentRule
from audctl.model.substitution import TRAIT, trait_id, trait_token

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.model.ledger import Ledger
    from audctl.model.live import LiveObject, LiveState
    from audctl.model.value import DesiredValue

Id = tuple[str, str]
"""Type and live id."""


class Usage:
    """References between live objects, read once; each is (user, field)."""

    def __init__(self, live: LiveState, ledger: Ledger) -> None:
        self.owners: Mapping[Id, Address] = {
            (entry.type, entry.live_id): address for address, entry in ledger.entries.items()
        }
        self._ledger = ledger
        self._users: defaultdict[Id, list[tuple[LiveObject, str]]] = defaultdict(list)
        kept = self._kept(live)
        for each in live.objects:
            for name, target in self._references(each):
                self._users[target].append((each, name))
                for beside in kept.get(target, ()):
                    self._users[beside].append((each, name))

    def of(self, object_type: str, live_id: str) -> list[tuple[LiveObject, str]]:
        """Return who refers to an object, and by which field."""
        return self._users.get((object_type, live_id), [])

    def staying(
        self,
        object_type: str,
        live_id: str,
        steps: Mapping[Address, Step],
        leaving: Iterable[Id],
    ) -> list[LiveObject]:
        """Return the users that still refer to an object once the plan is done."""
        gone = frozenset(leaving)
        found: dict[Id, LiveObject] = {}
        for user, name in self.of(object_type, live_id):
            if (user.type, user.id) in gone:
                continue
            owner = self.owners.get((user.type, user.id))
            step = steps.get(owner) if owner is not None else None
            if step is None or not lets_go(step, name, object_type, live_id):
                found[user.type, user.id] = user
        return [found[each] for each in sorted(found)]

    def shown(self, users: Iterable[LiveObject], most: int = 5) -> str:
        """Return the users' names for a message, the first few of them."""
        names = [self._name(each) for each in users]
        more = f" and {len(names) - most} more" if len(names) > most else ""
        return ", ".join(names[:most]) + more

    def _name(self, user: LiveObject) -> str:
        owner = self.owners.get((user.type, user.id))
        if owner is not None:
            return str(owner)
        label = user.fields.get("label")
        text = f' "{" ".join(label.split())}"' if isinstance(label, str) and label else ""
        return f"{user.type} {user.id}{text} (unmanaged)"

    @staticmethod
    def _kept(live: LiveState) -> Mapping[Id, tuple[Id, ...]]:
        """Return what each trait stands beside that the system keeps: who uses the trait uses that, too."""
        return {
            (each.type, each.id): tuple(
                (kind, str(each.fields[name]))
                for name, kind in (("folder", "aam.traitFolder"), ("dataSource", "aam.dataSource"))
                if each.fields.get(name)
            )
            for each in live.objects
            if each.type == TRAIT and each.origin is Origin.SERVER
        }

    def _references(self, user: LiveObject) -> Iterator[tuple[str, Id]]:
        if user.origin is Origin.SERVER and user.type == TRAIT:
            # The trait that the system keeps beside a folder or a data source goes with it, and keeps nobody there.
            return
        for name, kind in OBJECT_TYPES[user.type].fields.items():
            value = user.fields.get(name)
            if value is None:
                continue
            if isinstance(value, SegmentRule):
                for token in value.traits:
                    if (live_id := trait_id(token)) is not None:
                        yield name, (TRAIT, live_id)
            elif kind.form is Form.REFERENCE:
                live_id = str(canonical(kind.form, value))
                if live_id:
                    for each in self._possible(user, kind.to):
                        yield name, (each, live_id)

    def _possible(self, user: LiveObject, types: tuple[str, ...]) -> tuple[str, ...]:
        """Narrow the types an id may belong to by what the ledger says the object refers to."""
        if len(types) == 1:
            return types
        owner = self.owners.get((user.type, user.id))
        if owner is None:
            return types
        recorded = {each.object for each in self._ledger.entries[owner].requires}
        return tuple(each for each in types if each in recorded) or types


def lets_go(step: Step, field: str, object_type: str, live_id: str) -> bool:
    """Whether a step writes another value into a field that now refers to an object."""
    return field in step.write and not _mentions(step.write[field], object_type, live_id)


def _mentions(value: DesiredValue, object_type: str, live_id: str) -> bool:
    if isinstance(value, SegmentRule):
        return object_type == TRAIT and trait_token(live_id) in value.traits
    return isinstance(value, (str, int)) and str(value) == live_id
