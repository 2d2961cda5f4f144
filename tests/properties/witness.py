"""What a run did to live objects, held to what was approved and to whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.model.objects import OBJECT_TYPES
from audctl.model.rules.segment_rule import SegmentRule
from tests.memory import World, refers

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.model.ledger import Ledger, LedgerEntry
    from audctl.model.live import LiveObject
    from audctl.model.plan import Plan

    Key = tuple[str, str]

ENDS = frozenset({Change.DELETE, Change.REPLACE})
MAKES = frozenset({Change.CREATE, Change.REPLACE})
CHANGES = frozenset({Change.UPDATE, Change.ADOPT, Change.PAUSE})
VERBS = {"delete": ENDS, "create": MAKES, "update": CHANGES}


def objects_of(world: World) -> dict[Key, LiveObject]:
    """Return every live object by type and id."""
    return {key: each for system in world.systems.values() for key, each in system.objects.items()}


@dataclass(frozen=True)
class Witness:
    """The world before a run, and what was approved of it."""

    before: Mapping[Key, LiveObject]
    ledger: Ledger
    others: Mapping[Key, str]
    """Other projects' objects."""
    calls: Mapping[str, int]
    """Writes so far, by system."""
    approved: Plan
    """As its file gives it back: nothing of it is known that a person did not see."""
    adoptable: bool
    """Whether the run was told to take objects over."""

    def look(self, world: World) -> None:
        """Fail for whatever happened that was not approved, or not ours to do."""
        after = objects_of(world)
        calls = [
            call for name, each in world.systems.items() for call in each.calls[self.calls[name] :]
        ]
        for verb, object_type, what in calls:
            about = [each for each in self._steps(object_type) if each.change in VERBS[verb]]
            if verb != "create":
                about = [each for each in about if each.live_id == what]
            assert about, (
                f"nobody approved: {verb} {object_type} {what}: {self._steps(object_type)}"
            )
        for key, standing in self.before.items():
            if after.get(key) != standing:
                self._touched(key, standing, after.get(key))
        for object_type in {kind for kind, _ in after.keys() - self.before.keys()}:
            made = [key for key in after.keys() - self.before.keys() if key[0] == object_type]
            steps = [each for each in self._steps(object_type) if each.change in MAKES]
            assert len(made) <= len(steps), f"more {object_type} were made than approved"
        self._told(world.store.ledger)

    def _touched(self, key: Key, was: LiveObject, now: LiveObject | None) -> None:
        step = next(each for each in self._steps(key[0]) if each.live_id == key[1])
        entry = next((e for e in self.ledger.entries.values() if (e.type, e.live_id) == key), None)
        if entry is None:
            assert step.change is Change.ADOPT, f"{key} is nobody's, and was touched: {step}"
            assert self.adoptable, f"{key} was taken over though nobody asked for it"
        assert key not in self.others or (entry is not None and step.change is Change.UPDATE), (
            f"{key} is another project's: {self.others[key]}"
        )
        if entry is not None and entry.protect:
            assert step.change is Change.UPDATE, f"{key} is protected: {step}"
        if now is None:
            assert step.change in ENDS, f"{key} is gone, approved was {step}"
            return
        assert step.change in CHANGES, f"{key} changed, approved was {step}"
        names = set(was.fields.keys() | now.fields.keys())
        changed = {name for name in names if was.fields.get(name) != now.fields.get(name)}
        shown = {each.field: each for each in step.fields}
        assert changed <= shown.keys(), f"{key} changed in {changed - shown.keys()}, not shown"
        for name in changed & {"label", "description", "name", "status", "ttlDays"}:
            wanted = shown[name].after
            assert str(now.fields.get(name) or "") == str(wanted or ""), f"{key}.{name}"

    def _told(self, ledger: Ledger) -> None:
        """Hold the ledger to what steps were about."""
        about = {each.address for each in self.approved.steps}
        about |= {each.renamed_from for each in self.approved.steps if each.renamed_from}
        for address, entry in self.ledger.entries.items():
            assert address in about or ledger.entries.get(address) == entry, f"{address}: ledger"

    def _steps(self, object_type: str) -> list[Step]:
        return [
            each
            for each in self.approved.steps
            if each.type == object_type and each.change is not Change.KEEP
        ]


Meaning = str
"""An object's type and key, with meanings in place of ids."""


@dataclass(frozen=True)
class Memory:
    """What stood, told by what it means: two ids may stand for the same object."""

    ids: Mapping[Meaning, Key]
    fields: Mapping[Meaning, Mapping[str, object]]
    ledger: Ledger
    asked: Collection[Address] = ()
    """Of what stood, what manifests asked for."""

    @classmethod
    def of(cls, world: World, asked: Collection[Address] = ()) -> Memory:
        objects = objects_of(world)
        reading = _Reading(objects)
        return cls(
            ids={reading.meaning(key): key for key in objects},
            fields={
                reading.meaning(key): {name: reading.value(each, name) for name in each.fields}
                for key, each in objects.items()
            },
            ledger=world.store.ledger,
            asked=asked,
        )

    def compare(self, world: World, there: Plan, back: Plan) -> None:
        """Fail unless all stands again after two runs, but for what the first plan named.

        Named are ends, for nobody brings back an id nor what no manifest asked for, and values shown as overwritten.
        """
        now = Memory.of(world)
        ended = {(each.type, each.live_id) for each in there.steps if each.change in ENDS}
        ended |= {(each.type, each.live_id) for each in back.steps if each.change in ENDS}
        overwritten = {
            (each.type, each.live_id, shown.field) for each in there.steps for shown in each.fields
        }
        for meaning, key in self.ids.items():
            entry = _entry(self.ledger, key)
            if entry is not None and entry.address not in self.asked:
                continue  # on its way down: what is done to it meanwhile is not undone
            assert meaning in now.ids, f"{meaning} did not come back"
            assert now.ids[meaning] == key or key in ended, f"{meaning} has another id"
            asked = entry.fields.keys() if entry is not None else frozenset()
            for name in self.fields[meaning].keys() | now.fields[meaning].keys():
                was, is_ = self.fields[meaning].get(name), now.fields[meaning].get(name)
                if was != is_:
                    assert name not in asked, f"{meaning}.{name} was {was!r}, is {is_!r}"
                    shown = was is not None and (*key, name) in overwritten
                    assert key in ended or shown, f"{meaning}.{name} was {was!r}, is {is_!r}"
        let_go = {(each.type, each.live_id) for each in back.steps if each.change is Change.FORGET}
        objects = objects_of(world)
        for meaning in now.ids.keys() - self.ids.keys():
            key = now.ids[meaning]
            entry = _entry(world.store.ledger, key)
            on_its_way = entry is not None and (entry.protect or entry.removed_at is not None)
            used = any(_may_refer(each, objects[key]) for each in objects.values())
            assert key in let_go or on_its_way or used, f"{meaning} is left behind"


def _may_refer(user: LiveObject, target: LiveObject) -> bool:
    kinds = OBJECT_TYPES[user.type].fields
    named = {
        name
        for name, each in user.fields.items()
        if each == target.id and target.type in kinds[name].to
    }
    return bool(named) or refers(user, target)


def _entry(ledger: Ledger, key: Key) -> LedgerEntry | None:
    return next((e for e in ledger.entries.values() if (e.type, e.live_id) == key), None)


class _Reading:
    def __init__(self, objects: Mapping[Key, LiveObject]) -> None:
        self.objects = objects
        self.meanings: dict[Key, Meaning] = {}

    def meaning(self, key: Key) -> Meaning:
        if key not in self.meanings:
            live = self.objects[key]
            parts = [str(self.value(live, each)) for each in OBJECT_TYPES[live.type].key]
            self.meanings[key] = " / ".join([live.type, *parts])
        return self.meanings[key]

    def value(self, live: LiveObject, name: str) -> object:
        value = live.fields.get(name)
        for target in OBJECT_TYPES[live.type].fields[name].to:
            if (target, str(value)) in self.objects:
                return self.meaning((target, str(value)))
        if isinstance(value, SegmentRule):
            traits = {each: ("aam.trait", each[:-1]) for each in value.traits}
            known = {each: self.meaning(key) for each, key in traits.items() if key in self.objects}
            return value.rename(lambda each: known.get(each, each)).canonical
        return getattr(value, "canonical", value) or None
