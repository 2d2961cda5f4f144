"""Live systems, a ledger store and a clock that exist in memory only."""

# ruff: noqa: ANN401, ARG002  # literals of any shape; ports give more than a fake needs
from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from audctl.apply.executor import run
from audctl.errors import ConflictError, LedgerError, LockError
from audctl.model.canonical import canonical
from audctl.model.ledger import Ledger
from audctl.model.live import LiveObject, LiveState, merge_states
from audctl.model.objects import OBJECT_TYPES
from audctl.model.rules.segment_rule import SegmentRule
from audctl.model.value import Reference
from audctl.redact import Secret
from tests.build import ALL_TYPES, NOON, make_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from audctl.model.change import Step
    from audctl.model.desired import DesiredObject
    from audctl.model.outcome import ApplyReport, Outcome
    from audctl.model.plan import Plan
    from audctl.model.traffic import Traffic
    from audctl.model.value import LiveValue


class FakeClock:
    """Time that moves when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class RecordingObserver:
    """Remembers what it was told."""

    started: list[Step] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def reading(self, object_type: str, count: int) -> None:
        """Nothing to remember."""

    def begun(self, step: Step) -> None:
        self.started.append(step)

    def ended(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def progressed(self, step: Step, what: str) -> None:
        """Nothing to remember."""

    def saved(self, serial: int) -> None:
        """Nothing to remember."""

    def retrying(self, operation: str, wait_s: float, why: str) -> None:
        """Nothing to remember."""

    def talked(self, traffic: Mapping[str, Traffic]) -> None:
        """Nothing to remember."""


@dataclass
class MemoryLease:
    token: str = "lease"
    lost: bool = False
    renewed: int = 0

    def renew(self) -> None:
        if self.lost:
            raise LockError("the lock was taken by somebody else")
        self.renewed += 1

    def ensure(self) -> None:
        if self.lost:
            raise LockError("the lock was taken by somebody else")

    def name_plan(self, digest: str) -> None:
        """Nobody asks."""

    def release(self) -> None:
        self.lost = True


class MemoryStore:
    """A ledger store that keeps every ledger it was given."""

    def __init__(self, ledger: Ledger | None = None) -> None:
        self.saved: list[Ledger] = [ledger or Ledger(project="shop", salt="salt")]
        self.fails = False

    @property
    def ledger(self) -> Ledger:
        return self.saved[-1]

    def load(self) -> Ledger:
        return self.ledger

    def save(self, ledger: Ledger, lease: MemoryLease) -> None:
        if self.fails:
            raise LedgerError("the store does not answer")
        if lease.lost:
            raise LockError("the lock was lost")
        if ledger.serial != self.ledger.serial + 1:
            raise LedgerError(f"serial {ledger.serial} does not follow {self.ledger.serial}")
        self.saved.append(ledger)

    def lock(
        self, *, holder: str, reason: str, duration: timedelta, host: str = "", plan: str = ""
    ) -> MemoryLease:
        return MemoryLease()

    def held(self) -> None:
        return None

    def unlock(self, token: str) -> None:
        return None

    def try_out(self) -> str:
        return "memory"

    def owners(self) -> Mapping[tuple[str, str], str]:
        return {}


class MemorySystem:
    """One live system in memory, behind the Provider port.

    Refuses to delete what is in use, and to give an object the key of another one.
    """

    def __init__(self, system: str, objects: Iterable[LiveObject] = ()) -> None:
        self.system = system
        self.objects: dict[tuple[str, str], LiveObject] = {(o.type, o.id): o for o in objects}
        self.calls: list[tuple[str, str, str]] = []
        """Every write: verb, type and id (or key)."""
        self.before: Callable[[str, str, str], None] = lambda *_: None
        """Called before each write; what it raises happens instead of the write."""
        self.after: Callable[[str, str, str], None] = lambda *_: None
        """Called after each write; what it raises hides that the write happened."""
        self.looking: Callable[[str, str, str], None] = lambda *_: None
        """Called before each find and get (verb, type, key or id); what it raises happens instead."""
        self.unique: frozenset[str] = frozenset()
        """Types of which a second object with the same key is refused."""
        self._lock = threading.Lock()
        numbers = [int(o.id) for o in self.objects.values() if o.id.isdigit()]
        self._next = max([1000, *numbers]) + 1

    def read(
        self,
        types: Collection[str],
        observer: object = None,
        *,
        within: Mapping[str, Collection[str]] | None = None,
    ) -> LiveState:
        own = frozenset(each for each in types if OBJECT_TYPES[each].system == self.system)
        return LiveState(
            objects=tuple(o for o in self.objects.values() if o.type in own),
            types_read=own,
            read_at=NOON,
            calls={self.system: 1},
        )

    def find(self, object_type: str, key: tuple[str, ...]) -> LiveObject | None:
        self.looking("find", object_type, " / ".join(key))
        with self._lock:
            found = [o for o in self.objects.values() if (o.type, o.key) == (object_type, key)]
        return found[0] if found else None

    def get(self, object_type: str, live_id: str) -> LiveObject | None:
        self.looking("get", object_type, live_id)
        return self.objects.get((object_type, live_id))

    def refuses_second(self, object_type: str, fields: Mapping[str, LiveValue | Secret]) -> bool:
        return object_type in self.unique

    def create(self, object_type: str, fields: Mapping[str, LiveValue | Secret]) -> LiveObject:
        with self._writing("create", object_type, str(fields.get("label", ""))):
            made = LiveObject(
                type=object_type, id=str(self._next), fields=self._stored(object_type, fields)
            )
            self._require_own_key(made)
            self._next += 1
            self.objects[object_type, made.id] = made
        return made

    def update(self, live: LiveObject, fields: Mapping[str, LiveValue | Secret]) -> LiveObject:
        with self._writing("update", live.type, live.id):
            merged = {**self.objects[live.type, live.id].fields, **self._stored(live.type, fields)}
            made = replace(live, fields=merged)
            if made.key != live.key:
                self._require_own_key(made)
            self.objects[live.type, live.id] = made
        return made

    def delete(self, live: LiveObject) -> None:
        with self._writing("delete", live.type, live.id):
            if users := [each.id for each in self.objects.values() if refers(each, live)]:
                raise ConflictError(f"{live.type} {live.id} is used by {', '.join(users)}")
            self.objects.pop((live.type, live.id), None)

    def _require_own_key(self, made: LiveObject) -> None:
        others = [o.id for o in self.objects.values() if (o.type, o.key) == (made.type, made.key)]
        if set(others) - {made.id}:
            raise ConflictError(f"{made.type} {others[0]} has the key {made.key}")

    def _stored(
        self, object_type: str, fields: Mapping[str, LiveValue | Secret]
    ) -> dict[str, LiveValue]:
        kinds = OBJECT_TYPES[object_type].fields
        stored: dict[str, LiveValue] = {}
        for name, value in fields.items():
            if isinstance(value, Secret):
                continue
            assert not isinstance(value, Reference), f"{object_type}.{name} was never resolved"
            stored[name] = (
                value if kinds[name].form.endswith("Rule") else canonical(kinds[name].form, value)
            )
        return stored

    def _writing(self, verb: str, object_type: str, what: str) -> _Write:
        return _Write(self, verb, object_type, what)


def refers(user: LiveObject, target: LiveObject) -> bool:
    """Tell whether an object certainly refers to another of the same system."""
    for name, kind in OBJECT_TYPES[user.type].fields.items():
        value = user.fields.get(name)
        if isinstance(value, SegmentRule):
            if target.type == "aam.trait" and f"{target.id}T" in value.traits:
                return True
        elif kind.to == (target.type,) and value == target.id:
            return True
    return False


class _Write:
    def __init__(self, system: MemorySystem, verb: str, object_type: str, what: str) -> None:
        self.system, self.about = system, (verb, object_type, what)

    def __enter__(self) -> None:
        self.system._lock.acquire()
        try:
            self.system.calls.append(self.about)
            self.system.before(*self.about)
        except BaseException:
            self.system._lock.release()
            raise

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.system._lock.release()
        if error is None:
            self.system.after(*self.about)


def failing(error: Exception, *about: str, once: bool = True) -> Callable[[str, str, str], None]:
    """Return what raises ``error`` at the first call (or each) whose verb, type or id is ``about``."""
    calls = 0

    def fail(*call: str) -> None:
        nonlocal calls
        if set(about) <= set(call) and not (once and calls):
            calls += 1
            raise error

    return fail


class World:
    """Two live systems, a ledger and the engine between them."""

    def __init__(self, objects: Iterable[LiveObject] = (), ledger: Ledger | None = None) -> None:
        grouped: defaultdict[str, list[LiveObject]] = defaultdict(list)
        for each in objects:
            grouped[OBJECT_TYPES[each.type].system].append(each)
        self.systems = {name: MemorySystem(name, grouped[name]) for name in ("aam", "campaign")}
        self.store = MemoryStore(ledger)
        self.clock = FakeClock()
        self.observer = RecordingObserver()

    def read(self) -> LiveState:
        return merge_states(each.read(ALL_TYPES) for each in self.systems.values())

    def plan(self, desired: Iterable[DesiredObject], **options: Any) -> Plan:
        return make_plan(desired, self.read(), self.store.ledger, **options)

    def apply(self, plan: Plan, **more: Any) -> ApplyReport:
        """Carry a plan out, one step at a time unless told otherwise."""
        settings: dict[str, Any] = {
            "providers": self.systems,
            "store": self.store,
            "lease": MemoryLease(),
            "ledger": self.store.ledger,
            "clock": self.clock,
            "observer": self.observer,
            "run_id": "now",
            "parallelism": 1,
        }
        return run(plan, **{**settings, **more})

    @property
    def writes(self) -> list[tuple[str, str, str]]:
        return [call for each in self.systems.values() for call in each.calls]

    def labels(self) -> list[tuple[str, str]]:
        """Return type and name of every live object, to compare two worlds with other ids."""
        objects = (each for system in self.systems.values() for each in system.objects.values())
        return sorted((each.type, _name(each)) for each in objects)


def _name(live: LiveObject) -> str:
    names = ("label", "name", "path", "audienceName")
    return next((str(live.fields[name]) for name in names if live.fields.get(name)), "")
