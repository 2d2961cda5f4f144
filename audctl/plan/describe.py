"""What a step says about its object: name, policy, people, and who changed it last."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from audctl.model.change import Change, FieldChange, Step
from audctl.model.effect import Impact
from audctl.model.objects import OBJECT_TYPES, Form
from audctl.model.resource import DeletionPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from audctl.model.address import Address
    from audctl.model.desired import DesiredObject
    from audctl.model.live import LiveObject
    from audctl.plan.compare import Differences

PEOPLE = frozenset({"aam.segment", "campaign.list"})
"""Types whose objects hold people."""


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


def impact_of(object_type: str, live: LiveObject | None, found: Differences) -> Impact | None:
    """Return people before and after, None when the change moves nobody.

    What a changed rule or status does to people only the system can tell.
    """
    if object_type not in PEOPLE:
        return None
    if live is None:
        return Impact(before=0, after=None)
    kinds = OBJECT_TYPES[object_type].fields
    moving = {name for name, kind in kinds.items() if kind.form is Form.SEGMENT_RULE} | {"status"}
    if not moving.intersection(found.write):
        return None
    return Impact(before=live.members, after=None)


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
