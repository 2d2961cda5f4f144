"""Resources that are only watched (``lifecycle.manage: observe``): compared, told about, never written or owned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.change import Change, Step
from audctl.model.finding import Finding, Severity
from audctl.plan.describe import label_of, last_changed, overwritten
from audctl.redact import Secret

if TYPE_CHECKING:
    from audctl.model.change import FieldChange
    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import LedgerEntry
    from audctl.model.live import LiveObject
    from audctl.plan.compare import Differences


def is_watched(wanted: DesiredObject) -> bool:
    """Whether nobody has to do anything about the object: its manifest only wants to know.

    A folder without a manifest is one that only watched resources lie in.
    """
    return wanted.observed and (wanted.resource is None or wanted.resource.is_watched)


def visible_changes(live: LiveObject, found: Differences) -> tuple[FieldChange, ...]:
    """Return the differences that a look can tell: a secret that the system keeps to itself is none."""
    return tuple(
        each
        for each in found.changes
        if not each.sensitive or isinstance(live.fields.get(each.field), Secret)
    )


def watched_step(wanted: DesiredObject, live: LiveObject, changes: tuple[FieldChange, ...]) -> Step:
    """Return the step of a watched object that is there: it stays, with what differs beside it."""
    return Step(
        address=wanted.address,
        type=wanted.type,
        change=Change.KEEP,
        reason="differs, and is only observed" if changes else "as the manifest expects it",
        label=label_of(wanted, live),
        fields=changes,
        live_id=live.id,
        changed_at=live.changed_at,
        changed_by=live.changed_by,
        span=wanted.span(),
    )


def released_step(wanted: DesiredObject, live: LiveObject | None, entry: LedgerEntry) -> Step:
    """Return the step that lets go of an object that was owned before."""
    return Step(
        address=entry.address,
        type=wanted.type,
        change=Change.FORGET,
        reason="only observed from now on",
        label=label_of(wanted, live),
        live_id=entry.live_id,
        span=wanted.span(),
    )


def difference(
    wanted: DesiredObject, live: LiveObject, changes: tuple[FieldChange, ...]
) -> Finding:
    """Return the finding of a watched object that is not as its manifest says."""
    only = changes[0].span if len(changes) == 1 else None
    return Finding(
        "AUD2301",
        Severity.WARNING,
        f"{wanted.address}: {live.type} {live.id} differs{last_changed(live)}; it is only observed, so it stays: "
        f"{overwritten(changes)}",
        only or wanted.span(),
        "audctl import --update writes the live values into the manifest; manage: full lets apply write the "
        "manifest's values",
        wanted.address,
    )


def absence(wanted: DesiredObject) -> Finding:
    """Return the finding of a watched object that does not exist."""
    return Finding(
        "AUD2302",
        Severity.WARNING,
        f"{wanted.address}: there is no such {wanted.type}; it is only observed, so it is not made",
        wanted.span(),
        "correct its key, remove the manifest, or set manage: full to have it made",
        wanted.address,
    )
