"""What a step says about its object: name, policy, and who changed it last."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from audctl.model.change import Change, FieldChange, Step
from audctl.model.resource import DeletionPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from audctl.model.address import Address
    from audctl.model.desired import DesiredObject
    from audctl.model.live import LiveObject
    from audctl.plan.compare import Differences


def keep_step(wanted: DesiredObject, live: LiveObject, reason: str) -> Step:
    """Return the step of an object that stays as it is."""
    return Step(
        address=wanted.address,
        type=wanted.type,
        change=Change.KEEP,
        reason=reason or "nothing to do",
        label=label_of(wanted, live),
        live_id=live.id,
    )


def requires_of(wanted: DesiredObject, found: Differences) -> tuple[Address, ...]:
    """Return every object that has to be there first, sorted."""
    return tuple(sorted(found.targets.union(wanted.requires)))


def policy_of(wanted: DesiredObject) -> str:
    """Return the effective policy; a shared folder has no manifest, and goes when it is empty."""
    if wanted.resource is None:
        return str(DeletionPolicy.DELETE)
    return str(wanted.resource.deletion_policy)


def label_of(wanted: DesiredObject, live: LiveObject | None) -> str:
    """Return the object's human name: the desired one, else the live one, else the resource's."""
    for value in (wanted.fields.get("label"), live.fields.get("label") if live else None):
        if isinstance(value, str) and value:
            return value
    return wanted.address.name


def last_changed(live: LiveObject) -> str:
    """Return who changed the live object last and when, as a message adds it; empty when nobody says."""
    who = f" by {live.changed_by}" if live.changed_by else ""
    when = f" on {live.changed_at:%Y-%m-%d %H:%M} UTC" if live.changed_at else ""
    return f" (last changed{who}{when})" if who or when else ""


def day(moment: datetime) -> str:
    """Return the day of a moment, in UTC, as people write it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def overwritten(changes: Iterable[FieldChange]) -> str:
    """Return the field changes as one line of a message; secrets are named only."""
    texts = [
        f"{each.field} (a secret)"
        if each.sensitive
        else f"{each.field} ({_quoted(each.before)} → {_quoted(each.after)})"
        for each in changes
    ]
    return ", ".join(texts) or "nothing"


def _quoted(value: object) -> str:
    text = " ".join(str(value).split()) if value is not None else ""
    return f'"{text}"' if value is not None else "nothing"
