"""What has to be over before an object goes: everything that refers to it lets go of it first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.model.finding import Finding, Severity
from audctl.model.objects import OBJECT_TYPES
from audctl.plan.usage import Usage, lets_go

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.model.ledger import Ledger
    from audctl.model.live import LiveObject, LiveState

_GOING = frozenset({Change.DELETE, Change.REPLACE})
_ACTING = frozenset({Change.UPDATE, Change.REPLACE, Change.DELETE})


def with_precedence(
    steps: Mapping[Address, Step], ledger: Ledger, live: LiveState
) -> Mapping[Address, Step]:
    """Return the steps, each that makes an object go behind those that let go of the object.

    What referred to it is known from the ledger, for objects whose manifests are gone, and from what stands live, for
    whatever changed since. The updates that follow a replaced object come after it, and are not waited for.
    """
    going = {
        (step.type, step.live_id): address
        for address, step in steps.items()
        if step.change in _GOING
    }
    if not going:
        return steps
    found = _letting_go(going, steps, ledger, live)
    ordered = dict(steps)
    for address, users in found.items():
        step = steps[address]
        if step.change is Change.DELETE:
            ordered[address] = replace(step, requires=tuple(sorted(users)))
        else:
            leaving = {each for each in users if steps[each].change is Change.DELETE}
            ordered[address] = replace(step, after=tuple(sorted({*step.after, *leaving})))
    return ordered


def _letting_go(
    going: Mapping[tuple[str, str], Address],
    steps: Mapping[Address, Step],
    ledger: Ledger,
    live: LiveState,
) -> dict[Address, set[Address]]:
    """Return, for each object that goes, the steps of those that refer to it now."""
    found: dict[Address, set[Address]] = {address: set() for address in going.values()}
    for entry in ledger.entries.values():
        if _acts(steps.get(entry.address)):
            for each in entry.requires:
                if each in found and each != entry.address:
                    found[each].add(entry.address)
    usage = Usage(live, ledger)
    for (object_type, live_id), address in going.items():
        for user, _ in usage.of(object_type, live_id):
            owner = usage.owners.get((user.type, user.id))
            if owner is not None and owner != address and _acts(steps.get(owner)):
                found[address].add(owner)
    return found


def _acts(step: Step | None) -> bool:
    return step is not None and step.change in _ACTING


def find_dangling(
    steps: Mapping[Address, Step], live: LiveState, ledger: Ledger
) -> Iterator[Finding]:
    """Yield an error for each Replace that somebody who refers to the old object does not let happen."""
    replaced = [each for each in steps.values() if each.change is Change.REPLACE]
    if not replaced:
        return
    usage = Usage(live, ledger)
    leaving = {(each.type, each.live_id) for each in steps.values() if each.change is Change.DELETE}
    for step in replaced:
        users = usage.staying(step.type, step.live_id, steps, leaving)
        if users:
            yield Finding(
                "AUD2012",
                Severity.ERROR,
                f"{step.address}: {step.type} {step.live_id} would be replaced, but "
                f"{usage.shown(users)} would still refer to the old one",
                step.span,
                "restore the old value, or remove the use first",
                step.address,
            )
        if late := _letting_go_late(step, steps, usage):
            yield Finding(
                "AUD2012",
                Severity.ERROR,
                f"{step.address}: {step.type} {step.live_id} would be replaced, but the old one has to go first, "
                f"and {usage.shown(late)} would only then stop using it",
                step.span,
                "restore the old value; or make the new object under another name, let its users refer to that, "
                "and drop this manifest: then the old one goes last",
                step.address,
            )


def _letting_go_late(
    step: Step, steps: Mapping[Address, Step], usage: Usage
) -> Iterable[LiveObject]:
    """Return the users in the same system that are updated: most wait for the new object's id.

    The system they share refuses to delete what is in use, or breaks its user. What uses an object from the other
    system is not asked: it follows once the new one is there.
    """
    found: dict[str, LiveObject] = {}
    for user, name in usage.of(step.type, step.live_id):
        owner = usage.owners.get((user.type, user.id))
        change = steps.get(owner) if owner is not None else None
        if (
            change is not None
            and change.change is Change.UPDATE
            and lets_go(change, name, step.type, step.live_id)
            and OBJECT_TYPES[user.type].system == OBJECT_TYPES[step.type].system
        ):
            found[str(owner)] = user
    return [found[each] for each in sorted(found)]
