"""Which objects' people the platforms may still be moving after audctl's own last write.

Fields are written and read back at once: no difference of a field is ever "still on its way". People are, along a
chain. How long each link takes, as the vendors' documents say it (a platform gives no time at which it was done):

========================  ================  =====================================================================
rule-based trait          4 hours           before visitors can qualify for it
onboarded trait           48 hours          before people in files that were sent for it count
segment                   24 hours          before its population is counted anew
list, imported            24 to 36 hours    Audience Manager sends once a day, Campaign looks once an hour; 36 to
                                            60 hours where Analytics makes the audience
workflow that exports     48 hours          after its next run, and the technical workflow's within the hour
========================  ================  =====================================================================

The ledger knows when an object was last written, not which field: a new label counts as well. So each time is a
latest one, never a forecast.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from audctl.model.duration import parse_duration
from audctl.model.kinds.audience import AudienceSpec, Source
from audctl.model.kinds.import_binding import ImportBindingSpec
from audctl.model.settling import Settling, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audctl.model.address import Address
    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger, LedgerEntry

QUALIFYING = timedelta(hours=4)
ONBOARDED = timedelta(hours=48)
POPULATION = timedelta(hours=24)
OUTBOUND = timedelta(hours=24)
"""Audience Manager writes for a destination once a day."""
HOURLY = timedelta(hours=1)
"""Both technical workflows of Campaign."""
IMPORT = timedelta(hours=36)
IMPORT_FROM_ANALYTICS = timedelta(hours=60)
FROM_ANALYTICS = IMPORT_FROM_ANALYTICS - IMPORT

BINDING_TYPES = frozenset({"campaign.sharedList", "campaign.workflow"})
"""The object of a binding that people arrive at, or leave from."""

_MOVERS = frozenset(
    {"aam.dataSource", "aam.trait", "aam.segment", "aam.mapping", "campaign.dataSource"}
)
"""What people come to an object through."""


class Readiness(NamedTuple):
    """How far the way to an object is prepared."""

    begun: datetime
    """The last write to it, or to what people come to it through."""
    ready: datetime
    """When people can have passed everything before it."""

    def joined(self, other: Readiness) -> Readiness:
        """Return the later of both, in either respect."""
        return Readiness(max(self.begun, other.begun), max(self.ready, other.ready))


class Chain:
    """The ways people take through a project's objects, with the time of the last write on each."""

    def __init__(
        self,
        ledger: Ledger,
        desired: Mapping[Address, DesiredObject],
        changed: Mapping[Address, datetime] | None = None,
    ) -> None:
        """Take ``changed`` too: when objects last changed, by the live system's own clock, whoever changed them."""
        self._ledger = ledger
        self._desired = desired
        self._changed = changed or {}
        self._found: dict[Address, Readiness | None] = {}
        self._analytics = frozenset(
            each.address.name
            for each in desired.values()
            if _spec(each, AudienceSpec, "source") is Source.ANALYTICS
        )

    def comes_from_analytics(self, address: Address) -> bool:
        """Whether Analytics makes the audience that an import's object is filled from."""
        wanted = self._desired.get(address)
        return (
            wanted is not None and _spec(wanted, ImportBindingSpec, "audience") in self._analytics
        )

    def readiness(self, address: Address) -> Readiness | None:
        """Return when the way to an object was last written and is ready; None when nobody knows a write."""
        if address in self._found:
            return self._found[address]
        entry = self._ledger.entries.get(address)
        moments = (entry.applied_at if entry is not None else None, self._changed.get(address))
        own = max((each for each in moments if each is not None), default=None)
        found = None if own is None else Readiness(own, own + self._own_delay(address, entry))
        self._found[address] = found  # ends a circle, should a ledger hold one
        for each in entry.requires if entry is not None else ():
            before = self.readiness(each) if each.object in _MOVERS else None
            if before is not None:
                found = before if found is None else found.joined(before)
        self._found[address] = found
        return found

    def settling(self, entry: LedgerEntry) -> Settling | None:
        """Return what is, or was, on its way into an object since the last write; None where nothing ever is."""
        moved = self.readiness(entry.address)
        if moved is None:
            return None
        match entry.type:
            case "aam.trait" if _is_onboarded(entry):
                return _settling(
                    entry,
                    moved,
                    (Stage("audience", moved.begun + ONBOARDED),),
                    "people sent for it come to count",
                )
            case "aam.segment" if entry.fields.get("status") != "paused":
                return _settling(
                    entry,
                    moved,
                    (Stage("segment", moved.ready + POPULATION),),
                    "its population is counted anew",
                )
            case "campaign.sharedList":
                return self._imported(entry, moved)
            case "campaign.workflow" if entry.fields.get("running"):
                return _exported(entry, moved)
        return None

    def _imported(self, entry: LedgerEntry, moved: Readiness) -> Settling:
        slow = self.comes_from_analytics(entry.address)
        segment = max(moved.ready, moved.begun + FROM_ANALYTICS) if slow else moved.ready
        return _settling(
            entry,
            moved,
            (
                Stage("segment", segment),
                Stage("outbound", segment + OUTBOUND),
                Stage("import", segment + IMPORT),
            ),
            "the list is filled anew",
            earliest=moved.begun + IMPORT if slow else moved.ready + OUTBOUND,
        )

    def _own_delay(self, address: Address, entry: LedgerEntry | None) -> timedelta:
        """Return how long an object holds up whatever comes through it after it was written."""
        if address.object == "aam.segment" and address.name in self._analytics:
            return FROM_ANALYTICS
        if entry is None or entry.type != "aam.trait":
            return timedelta()
        return ONBOARDED if _is_onboarded(entry) else QUALIFYING


def spacing_of(schedule: object) -> timedelta | None:
    """Return how far apart a workflow's runs are (``daily 03:00``, ``every 6h``); None for one that runs by hand."""
    word, _, rest = str(schedule or "").partition(" ")
    if word in _PERIODS:
        return _PERIODS[word]
    try:
        return parse_duration(rest) if word == "every" else None
    except ValueError:
        return None


_PERIODS = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}


def settling_objects(
    ledger: Ledger, desired: Mapping[Address, DesiredObject], now: datetime
) -> Iterator[Settling]:
    """Yield the owned objects whose people may still be moving at ``now``, by address."""
    chain = Chain(ledger, desired)
    for address in sorted(ledger.entries):
        found = chain.settling(ledger.entries[address])
        if found is not None and now < found.latest:
            yield found


def settling_bindings(
    ledger: Ledger, desired: Mapping[Address, DesiredObject], since: datetime
) -> tuple[Settling, ...]:
    """Return what is on its way through the bindings, of those whose way was written at or after ``since``."""
    return tuple(
        each
        for each in settling_objects(ledger, desired, since)
        if each.address.object in BINDING_TYPES and each.begun >= since
    )


def _exported(entry: LedgerEntry, moved: Readiness) -> Settling | None:
    period = spacing_of(entry.fields.get("schedule"))
    if period is None:
        return None  # nobody knows when somebody starts it
    run = moved.begun + period
    sent = run + HOURLY
    return _settling(
        entry,
        moved,
        (Stage("workflow", run), Stage("sent", sent), Stage("audience", sent + ONBOARDED)),
        "people of its next run come to count",
        earliest=moved.begun + ONBOARDED,
    )


def _settling(
    entry: LedgerEntry,
    moved: Readiness,
    stages: tuple[Stage, ...],
    why: str,
    *,
    earliest: datetime | None = None,
) -> Settling:
    return Settling(
        address=entry.address,
        label=entry.label,
        begun=moved.begun,
        ready=moved.ready,
        earliest=earliest or moved.begun,
        latest=stages[-1].by,
        why=why,
        stages=stages,
    )


def _is_onboarded(entry: LedgerEntry) -> bool:
    return entry.fields.get("type") == "onboarded"


def _spec(wanted: DesiredObject, kind: type, name: str) -> object:
    spec = wanted.resource.spec if wanted.resource is not None else None
    return getattr(spec, name) if isinstance(spec, kind) else None
