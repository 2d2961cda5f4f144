"""The ladder that objects go down whose manifests are gone, and where each stands on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from types import MappingProxyType
from typing import TYPE_CHECKING

from audctl.model.canonical import canonical
from audctl.model.finding import Finding, Severity
from audctl.model.objects import OBJECT_TYPES
from audctl.model.policy import GRACE_DAYS
from audctl.plan.describe import day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from audctl.model.address import Address
    from audctl.model.ledger import Ledger, LedgerEntry
    from audctl.model.live import LiveObject
    from audctl.model.policy import Removed
    from audctl.model.value import LiveValue

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """By what objects go whose manifests are gone."""

    now: datetime | None = None
    """The time of the live read; None: no tombstone is set, and no days of grace are over."""
    grace_days: int = GRACE_DAYS
    """Where the manifest had no days of its own."""
    removed: tuple[Removed, ...] = ()
    """The project's explicit words."""
    owners: Mapping[tuple[str, str], str] = field(default_factory=lambda: MappingProxyType({}))
    """Other projects that own a live object, by type and id."""

    def days_for(self, entry: LedgerEntry) -> int:
        """Return the days of grace of one object."""
        return self.grace_days if entry.grace_days is None else entry.grace_days


class Rung(Enum):
    """What the next step of an object is."""

    PAUSE = auto()
    """Its manifest is found gone for the first time: it is paused, and gets its tombstone."""
    PAUSE_AGAIN = auto()
    """Somebody started it meanwhile: perhaps it is needed, so the days begin anew."""
    WAIT = auto()
    DELETE = auto()
    """The days are over; what still uses it may stand against it."""


def rung_of(entry: LedgerEntry, standing: LiveObject, rules: Rules) -> Rung:
    """Return where an object stands."""
    if entry.removed_at is None:
        return Rung.PAUSE
    if pausing_values(entry, standing):
        return Rung.PAUSE_AGAIN
    if rules.now is None or rules.now < due_day(entry.removed_at, rules.days_for(entry)):
        return Rung.WAIT
    return Rung.DELETE


def due_day(since: datetime, days: int) -> datetime:
    """Return from when on an object may be deleted."""
    return since + timedelta(days=days)


def pausing_values(entry: LedgerEntry, standing: LiveObject) -> dict[str, LiveValue]:
    """Return the values that would pause an object, those that stand already left out.

    None are left for what is paused, and for what cannot be paused at all.
    """
    kinds = OBJECT_TYPES[entry.type]
    write: dict[str, LiveValue] = {}
    for name, value in kinds.paused.items():
        paused = value if isinstance(value, (str, bool)) else str(value)
        form = kinds.fields[name].form
        if canonical(form, standing.fields.get(name)) != canonical(form, paused):
            write[name] = paused
    return write


def standing_since(entry: LedgerEntry) -> str:
    """Return since when an object waits, in words."""
    assert entry.removed_at is not None
    state = "paused" if OBJECT_TYPES[entry.type].paused else "without a manifest"
    return f"{state} since {day(entry.removed_at)}"


def waiting_note(due: Mapping[Address, datetime]) -> Iterator[Finding]:
    """Yield one note about all that waits for its days of grace to be over: nothing else in a plan shows it."""
    if not due:
        return
    first = sorted(due.items(), key=lambda each: (each[1], each[0]))
    named = ", ".join(f"{address} (deletable from {day(when)})" for address, when in first[:_SHOWN])
    more = f" and {len(first) - _SHOWN} more" if len(first) > _SHOWN else ""
    yield Finding(
        "AUD2023",
        Severity.NOTE,
        f"without a manifest, and waiting for the days of grace to be over: {named}{more}",
        hint="bring a manifest back to keep its object; spec.removed deletes or forgets it before",
    )


def idle_words(ledger: Ledger, removed: tuple[Removed, ...]) -> Iterator[Finding]:
    """Yield a note for each word about a resource that nothing is left of."""
    known = {each.resource for each in ledger.entries} if removed else ()
    for each in removed:
        if each.address not in known:
            yield Finding(
                "AUD2022",
                Severity.NOTE,
                f"spec.removed names {each.address}, of which audctl owns nothing here",
                each.span,
                "once that is so in every environment, take the entry out",
                each.address,
            )
