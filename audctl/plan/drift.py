"""Drift: what stands live compared with what audctl last wrote. Never a reason to write by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.report import DriftItem, DriftKind, DriftReport, ReadFailure
from audctl.model.selection import EVERYTHING, Selection
from audctl.plan.selection import Place, Scope
from audctl.plan.sides import Sides

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from audctl.model.address import Address
    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger
    from audctl.model.live import LiveState

_NO_DRIFT = frozenset({DriftKind.MANIFEST, DriftKind.PENDING})


def compute_drift(  # noqa: PLR0913 - three sides, and what to leave out
    live: LiveState,
    ledger: Ledger,
    desired: Iterable[DesiredObject] = (),
    *,
    selection: Selection = EVERYTHING,
    since_apply: bool = False,
    unreadable: Collection[tuple[str, str]] = (),
    failures: Iterable[ReadFailure] = (),
) -> DriftReport:
    """Return the owned and observed objects that are not as audctl left them, sorted by address.

    An object is unknown when its type was not read, when the read says there is none at all of a type audctl owns,
    or when it is among ``unreadable`` (type and live id). ``since_apply`` leaves out what the live system says last
    changed before the newest write in the ledger; what has no time stays in.
    """
    wanted = tuple(desired)
    sides = Sides(live, ledger, wanted, unreadable)
    scope = Scope(selection, wanted, sides.ledger)
    addresses = sorted({*sides.ledger.entries, *sides.observed})
    inside = [each for each in addresses if _within(scope, each)]
    items: list[DriftItem] = []
    unknown: list[Address] = []
    for address in inside:
        if sides.is_unknown(address):
            unknown.append(address)
        elif (item := sides.item(address)) is not None:
            items.append(item)
    drifted = [each for each in items if each.kind not in _NO_DRIFT]
    since = _last_write(ledger) if since_apply else None
    shown = [each for each in drifted if not _is_older(each, since)]
    awaited = [each for each in items if each.kind in _NO_DRIFT]
    if live.read_at is not None:
        said = {*unknown, *(each.address for each in items)}
        awaited += sides.pending(set(inside) - said, live.read_at)
    return DriftReport(
        items=tuple(shown),
        awaited=tuple(sorted(awaited, key=lambda each: (each.kind, each.address))),
        checked=len(inside) - len(unknown),
        unknown=tuple(unknown),
        failures=(*failures, *sides.doubts(unknown)),
        live_as_of=live.read_at,
        selection=selection,
        left_out=len(addresses) - len(inside),
        since=since,
        older=len(drifted) - len(shown),
    )


def _within(scope: Scope, address: Address) -> bool:
    """Whether it is selected; a folder that no pattern names is looked at only when nothing is asked for by name."""
    place = scope.place(address)
    return place is Place.INSIDE or (place is Place.FOLLOWS and not scope.selection.only)


def _last_write(ledger: Ledger) -> datetime | None:
    """Return when audctl last wrote anything, to the second: some live systems tell no more."""
    moments = [each.applied_at for each in ledger.entries.values() if each.applied_at is not None]
    return max(moments).replace(microsecond=0) if moments else None


def _is_older(item: DriftItem, since: datetime | None) -> bool:
    return since is not None and item.changed_at is not None and item.changed_at < since
