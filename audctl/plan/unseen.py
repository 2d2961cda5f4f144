"""What a plan to delete cannot see: mappings are read only for the destinations that a project names.

The live system lists mappings one destination at a time. A full account has a thousand destinations, and a call for
each of them with every plan would cost more than all other reads together, for the sake of rare deletes. So segments
that are about to go are asked about one by one. Where the live system does not tell, it is said: as a warning, for it
refuses to delete a segment that is still mapped, and the executor reports that refusal and keeps the segment in the
ledger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.model.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from audctl.model.change import Step
    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger
    from audctl.model.live import LiveObject, LiveState

_SHOWN = 5


def named_destinations(desired: Iterable[DesiredObject], ledger: Ledger) -> frozenset[str]:
    """Return the live ids of the destinations whose mappings are worth a call: manifests or the ledger name them."""
    found = {str(each.fields.get("id") or "") for each in desired if each.type == "aam.destination"}
    found.update(
        str(entry.fields.get("destination") or "")  # an older ledger may not say
        for entry in ledger.entries.values()
        if entry.type == "aam.mapping"
    )
    return frozenset(found - {""})


def leaving_segments(steps: Iterable[Step]) -> list[Step]:
    """Return the steps after which a segment is gone for good."""
    gone = {Change.DELETE, Change.REPLACE}
    return [each for each in steps if each.type == "aam.segment" and each.change in gone]


def unseen_destinations(
    desired: Iterable[DesiredObject], live: LiveState, ledger: Ledger
) -> list[LiveObject]:
    """Return the destinations whose mappings were not read."""
    seen = named_destinations(desired, ledger) | {
        str(each.fields.get("destination")) for each in live.objects if each.type == "aam.mapping"
    }
    return [each for each in live.objects if each.type == "aam.destination" and each.id not in seen]


def unseen_mappings(
    steps: Iterable[Step], desired: Iterable[DesiredObject], live: LiveState, ledger: Ledger
) -> Iterator[Finding]:
    """Yield a warning for each segment that goes although mappings that may use it were not read."""
    leaving = [each for each in leaving_segments(steps) if each.live_id not in live.looked_at]
    if not leaving:
        return
    unseen = sorted(_name(each) for each in unseen_destinations(desired, live, ledger))
    if not unseen:
        return
    more = f" and {len(unseen) - _SHOWN} more" if len(unseen) > _SHOWN else ""
    shown = ", ".join(unseen[:_SHOWN]) + more
    for step in leaving:
        yield Finding(
            "AUD2017",
            Severity.WARNING,
            f"{step.address}: {step.type} {step.live_id} would be deleted, but nobody looked whether a destination "
            f"that the project does not name still gets it: {shown}",
            step.span,
            "look there first; a segment that is still mapped is not deleted, and the step fails",
            step.address,
        )


def _name(destination: LiveObject) -> str:
    label = destination.fields.get("label")
    text = f' "{" ".join(label.split())}"' if isinstance(label, str) and label else ""
    return f"{destination.id}{text}"
