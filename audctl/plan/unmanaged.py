"""Live objects nobody owns: never touched, only counted and listed."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING

from audctl.model.live import Origin
from audctl.model.objects import OBJECT_TYPES
from audctl.model.report import Share, UnmanagedItem, UnmanagedReport
from audctl.plan.identify import Standing, identify

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger
    from audctl.model.live import LiveObject, LiveState
    from audctl.plan.identify import Identified

Id = tuple[str, str]


def list_unmanaged(
    live: LiveState,
    ledger: Ledger,
    desired: Iterable[DesiredObject] = (),
    *,
    owners: Mapping[Id, str] = MappingProxyType({}),
) -> UnmanagedReport:
    """Return the customer's own objects that no ledger entry owns, sorted by type, then label.

    ``owners``: other projects, by type and live id; what they own is told apart. What ``desired`` objects refer to or
    observe without owning it (folders, destinations) is left out of the lists and of the shares.
    """
    identified = identify(desired, live, ledger)
    found = [
        UnmanagedItem(
            type=each.type,
            live_id=each.id,
            label=_label(each),
            key=each.key,
            changed_at=each.changed_at,
            changed_by=each.changed_by,
            owner=owners.get((each.type, each.id), ""),
        )
        for each in _unmanaged(live, ledger, used_objects(identified))
    ]
    found.sort(key=lambda each: (each.type, each.label, each.live_id))
    items = tuple(each for each in found if not each.owner)
    elsewhere = tuple(each for each in found if each.owner)
    return UnmanagedReport(
        items=items,
        elsewhere=elsewhere,
        shares=_shares(live, ledger, items, elsewhere),
        live_as_of=live.read_at,
    )


def _shares(
    live: LiveState,
    ledger: Ledger,
    items: Iterable[UnmanagedItem],
    elsewhere: Iterable[UnmanagedItem],
) -> tuple[Share, ...]:
    # What audctl only ever observes can never be under management.
    here = Counter(
        each.type for each in ledger.entries.values() if (each.type, each.live_id) in live.by_id
    )
    others = Counter(each.type for each in elsewhere)
    nobody = Counter(each.type for each in items)
    return tuple(
        Share(type=name, here=here[name], elsewhere=others[name], nobody=nobody[name])
        for name in sorted(here.keys() | others.keys() | nobody.keys())
        if not OBJECT_TYPES[name].observed
    )


def count_unmanaged(live: LiveState, ledger: Ledger, *, used: Iterable[Id] = ()) -> dict[str, int]:
    """Return how many there are of each type; types without any are left out.

    ``used``: (type, live id) of objects that are not owned and belong to the project all the same.
    """
    counted = Counter(each.type for each in _unmanaged(live, ledger, used))
    return dict(sorted(counted.items()))


def used_objects(identified: Identified) -> Iterator[Id]:
    """Yield the live objects that belong to a project without being owned, and those it owns."""
    for match in identified.matches:
        if match.live is not None and match.standing is not Standing.FOREIGN:
            yield match.live.type, match.live.id


def _unmanaged(live: LiveState, ledger: Ledger, used: Iterable[Id]) -> list[LiveObject]:
    owned = {(each.type, each.live_id) for each in ledger.entries.values()}
    owned.update(used)
    return [
        each
        for each in live.objects
        if each.origin is Origin.CUSTOMER and (each.type, each.id) not in owned
    ]


def _label(live: LiveObject) -> str:
    label = live.fields.get("label")
    if isinstance(label, str) and label:
        return label
    return next((part for part in reversed(live.key) if part), live.id)
