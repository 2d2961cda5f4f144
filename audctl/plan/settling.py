"""Which objects' people the platforms may still be moving after audctl's own last write.

Fields are written and read back at once: no difference of a field is ever "still on its way". People are. How long
they take, as the vendors' documents say it (each the longer end; a platform gives no time at which it was done):

===================  ==========  ==========================================================================
onboarded trait      48 hours    before people in files that were sent for it count
segment              24 hours    before its population is counted anew
list, imported       36 hours    from Audience Manager to Campaign; 60 hours where Analytics makes the audience
===================  ==========  ==========================================================================

The ledger knows when an object was last written, not which field: a new label counts as well. So each time is a
latest one, never a forecast.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from audctl.model.kinds.audience import AudienceSpec, Source
from audctl.model.kinds.import_binding import ImportBindingSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from audctl.model.address import Address
    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger, LedgerEntry

ONBOARDED = timedelta(hours=48)
POPULATION = timedelta(hours=24)
IMPORT = timedelta(hours=36)
IMPORT_FROM_ANALYTICS = timedelta(hours=60)

_MOVERS = frozenset(
    {"aam.dataSource", "aam.trait", "aam.segment", "aam.mapping", "campaign.dataSource"}
)
"""What a list's people come through."""


class Settling(NamedTuple):
    """What is on its way into one object."""

    entry: LedgerEntry
    settled_by: datetime
    why: str


def settling_objects(
    ledger: Ledger, desired: Mapping[Address, DesiredObject], now: datetime
) -> Iterator[Settling]:
    """Yield the owned objects whose people may still be moving at ``now``, by address."""
    latest: dict[Address, datetime | None] = {}
    analytics = frozenset(
        each.address.name
        for each in desired.values()
        if _spec(each, AudienceSpec, "source") is Source.ANALYTICS
    )
    for address in sorted(ledger.entries):
        entry = ledger.entries[address]
        wanted = desired.get(address)
        slow = wanted is not None and _spec(wanted, ImportBindingSpec, "audience") in analytics
        delay, why = _delay(entry, from_analytics=slow)
        if not delay:
            continue
        begun = _latest_write(address, ledger, latest)
        if begun is not None and now < begun + delay:
            yield Settling(entry, begun + delay, why)


def _spec(wanted: DesiredObject, kind: type, name: str) -> object:
    spec = wanted.resource.spec if wanted.resource is not None else None
    return getattr(spec, name) if isinstance(spec, kind) else None


def _delay(entry: LedgerEntry, *, from_analytics: bool) -> tuple[timedelta, str]:
    match entry.type:
        case "aam.trait" if entry.fields.get("type") == "onboarded":
            return ONBOARDED, "people sent for it count within 48 hours"
        case "aam.segment" if entry.fields.get("status") != "paused":
            return POPULATION, "its population is counted anew within 24 hours"
        case "campaign.sharedList" if from_analytics:
            return IMPORT_FROM_ANALYTICS, "the list is filled anew within 60 hours"
        case "campaign.sharedList":
            return IMPORT, "the list is filled anew within 36 hours"
    return timedelta(), ""


def _latest_write(
    address: Address, ledger: Ledger, found: dict[Address, datetime | None]
) -> datetime | None:
    """Return when an object, or what people come to it through, was last written; remembered in ``found``."""
    if address in found:
        return found[address]
    entry = ledger.entries.get(address)
    if entry is None:
        return None
    found[address] = entry.applied_at  # ends a circle, should a ledger hold one
    moments = [
        _latest_write(each, ledger, found) for each in entry.requires if each.object in _MOVERS
    ]
    known = [each for each in (entry.applied_at, *moments) if each is not None]
    found[address] = max(known, default=None)
    return found[address]
